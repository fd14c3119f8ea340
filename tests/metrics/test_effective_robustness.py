"""Effective robustness: held against the models of the table that the fits come from."""

from __future__ import annotations

import math

import pytest

from tierbench.metrics.effective_robustness import BASELINE_FITS, BaselineFit, effective_robustness


def test_by_hand() -> None:
    fit = BaselineFit(slope=2.0, intercept=-1.0, models=3, correlation=1.0)
    # logit(0.75) = ln 3; 2 · ln 3 − 1 is the logit of 9 / (9 + e).
    expected = 9 / (9 + math.e)
    assert fit.expected(0.75) == pytest.approx(expected, abs=1e-12)
    assert effective_robustness(0.75, 0.8, fit) == pytest.approx(0.8 - expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "clean", "shifted"),
    [
        # ResNet-50 of torchvision in the table, a standard model: close to the line.
        ("imagenetv2-matched-frequency", 0.7613, 0.6321),
        ("imagenetv2-threshold0.7", 0.7613, 0.7229),
        ("imagenetv2-top-images", 0.7613, 0.7773),
        ("imagenet-sketch", 0.7613, 0.2409),
    ],
)
def test_a_standard_model_has_almost_none(name: str, clean: float, shifted: float) -> None:
    assert abs(effective_robustness(clean, shifted, BASELINE_FITS[name])) < 0.02


@pytest.mark.parametrize("clean", [0.0, 1.0, -0.1])
def test_an_accuracy_without_a_logit_is_refused(clean: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        effective_robustness(clean, 0.5, BASELINE_FITS["imagenet-sketch"])
