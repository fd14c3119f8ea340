"""The metrics, as pure functions of counts, arrays and tables; one metric per file.

Data arguments come first, predictions before labels; options are keywords. Names are imported on first access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tierbench.common.lazy import lazy_exports
from tierbench.metrics.registry import METRIC_REGISTRY, Metric, MetricInput

if TYPE_CHECKING:
    from tierbench.metrics.alexnet import ALEXNET_CLEAN_ERROR, ALEXNET_ERRORS
    from tierbench.metrics.breaking import breaking_severity, effective_breaking_severity
    from tierbench.metrics.brier import brier_score
    from tierbench.metrics.confidence_sequence import share_reaches, share_sequence
    from tierbench.metrics.ece import expected_calibration_error
    from tierbench.metrics.error_agreement import error_consistency, error_consistency_interval
    from tierbench.metrics.mce import corruption_errors, mean_corruption_error
    from tierbench.metrics.multiclass_brier import multiclass_brier_score
    from tierbench.metrics.nll import negative_log_likelihood
    from tierbench.metrics.pass_rate import pass_rate_interval
    from tierbench.metrics.plain_mean_error import mean_error
    from tierbench.metrics.relative_mce import relative_corruption_errors, relative_mean_corruption_error
    from tierbench.metrics.sampled_share import sampled_share_interval
    from tierbench.metrics.slices import slice_summary
    from tierbench.metrics.top1_accuracy import Accuracy, accuracy
    from tierbench.metrics.wilson import wilson_interval

__all__ = [
    "ALEXNET_CLEAN_ERROR",
    "ALEXNET_ERRORS",
    "METRIC_REGISTRY",
    "Accuracy",
    "Metric",
    "MetricInput",
    "accuracy",
    "breaking_severity",
    "brier_score",
    "corruption_errors",
    "effective_breaking_severity",
    "error_consistency",
    "error_consistency_interval",
    "expected_calibration_error",
    "mean_corruption_error",
    "mean_error",
    "multiclass_brier_score",
    "negative_log_likelihood",
    "pass_rate_interval",
    "relative_corruption_errors",
    "relative_mean_corruption_error",
    "sampled_share_interval",
    "share_reaches",
    "share_sequence",
    "slice_summary",
    "wilson_interval",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "ALEXNET_CLEAN_ERROR": "tierbench.metrics.alexnet",
        "ALEXNET_ERRORS": "tierbench.metrics.alexnet",
        "Accuracy": "tierbench.metrics.top1_accuracy",
        "accuracy": "tierbench.metrics.top1_accuracy",
        "breaking_severity": "tierbench.metrics.breaking",
        "brier_score": "tierbench.metrics.brier",
        "corruption_errors": "tierbench.metrics.mce",
        "effective_breaking_severity": "tierbench.metrics.breaking",
        "error_consistency": "tierbench.metrics.error_agreement",
        "error_consistency_interval": "tierbench.metrics.error_agreement",
        "expected_calibration_error": "tierbench.metrics.ece",
        "mean_corruption_error": "tierbench.metrics.mce",
        "mean_error": "tierbench.metrics.plain_mean_error",
        "multiclass_brier_score": "tierbench.metrics.multiclass_brier",
        "negative_log_likelihood": "tierbench.metrics.nll",
        "pass_rate_interval": "tierbench.metrics.pass_rate",
        "relative_corruption_errors": "tierbench.metrics.relative_mce",
        "relative_mean_corruption_error": "tierbench.metrics.relative_mce",
        "sampled_share_interval": "tierbench.metrics.sampled_share",
        "share_reaches": "tierbench.metrics.confidence_sequence",
        "share_sequence": "tierbench.metrics.confidence_sequence",
        "slice_summary": "tierbench.metrics.slices",
        "wilson_interval": "tierbench.metrics.wilson",
    },
)
