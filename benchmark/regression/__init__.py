"""Whether a model got worse since its baseline: the diff of each case and the verdict of each tier."""

from benchmark.regression.companions import group_bootstrap, mcnemar_exact
from benchmark.regression.diff import (
    BASELINE_COLUMNS,
    CHANGES,
    DEFAULT_MAX_DROP,
    DIFF_COLUMNS,
    RUN_COLUMNS,
    diff_cases,
)
from benchmark.regression.paired import (
    ALPHA,
    DEFAULT_ALLOWED_DROP,
    LEAST_GROUPS,
    NOISE,
    PairedVerdict,
    State,
    holm,
    judge_regression,
)
from benchmark.regression.signflip import SignFlip, sign_flip

__all__ = [
    "ALPHA",
    "BASELINE_COLUMNS",
    "CHANGES",
    "DEFAULT_ALLOWED_DROP",
    "DEFAULT_MAX_DROP",
    "DIFF_COLUMNS",
    "LEAST_GROUPS",
    "NOISE",
    "RUN_COLUMNS",
    "PairedVerdict",
    "SignFlip",
    "State",
    "diff_cases",
    "group_bootstrap",
    "holm",
    "judge_regression",
    "mcnemar_exact",
    "sign_flip",
]
