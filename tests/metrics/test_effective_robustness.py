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
        # To the accuracy on ImageNet's pictures of the 200 classes.
        ("imagenet-r", 0.9212, 0.3617),
        ("objectnet", 0.7613, 0.3575),
    ],
)
def test_a_standard_model_has_almost_none(name: str, clean: float, shifted: float) -> None:
    assert abs(effective_robustness(clean, shifted, BASELINE_FITS[name])) < 0.02


# Of the standard models in the table of the ImageNet testbed: their number, and sums over the logits x of the clean and
# y of the shifted accuracies: Σx, Σy, Σx², Σxy, Σy². `tools/fit_effective_robustness.py` prints them.
SUMS = {
    "imagenetv2-matched-frequency": (
        85,
        (99.52386191031417, 49.57965297212081, 125.03020322631944, 65.89946205299525, 36.193753584641065),
    ),
    "imagenetv2-threshold0.7": (
        85,
        (99.52386191031417, 84.33743871560445, 125.03020322631944, 107.26564548348227, 92.26264460414032),
    ),
    "imagenetv2-top-images": (
        85,
        (99.52386191031417, 108.07122766588196, 125.03020322631944, 134.88142325654897, 145.65355554193522),
    ),
    "imagenet-sketch": (
        85,
        (99.52386191031417, -94.87455982948808, 125.03020322631944, -101.98203746976606, 117.1150925765088),
    ),
    "imagenet-r": (
        80,
        (200.12754194230183, -41.167228406417976, 516.0926905963709, -93.14142075955178, 28.231689498143954),
    ),
    "objectnet": (
        85,
        (99.52386191031417, -52.70552478118333, 125.03020322631944, -51.51652763710003, 45.67360766822745),
    ),
}


def test_the_fits_are_the_least_squares_lines_of_the_published_accuracies() -> None:
    assert SUMS.keys() == BASELINE_FITS.keys()
    for name, (models, (x, y, xx, xy, yy)) in SUMS.items():
        fit = BASELINE_FITS[name]
        slope = (models * xy - x * y) / (models * xx - x * x)
        assert fit.models == models
        assert fit.slope == pytest.approx(slope, rel=1e-9), name
        assert fit.intercept == pytest.approx((y - slope * x) / models, rel=1e-9), name
        correlation = (models * xy - x * y) / math.sqrt((models * xx - x * x) * (models * yy - y * y))
        assert fit.correlation == pytest.approx(correlation, abs=5e-5), name


@pytest.mark.parametrize("clean", [0.0, 1.0, -0.1])
def test_an_accuracy_without_a_logit_is_refused(clean: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        effective_robustness(clean, 0.5, BASELINE_FITS["imagenet-sketch"])
