"""Corruption errors and their means agree with published figures, and missing values are errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tierbench.metrics import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    corruption_errors,
    mean_corruption_error,
    mean_error,
    relative_corruption_errors,
    relative_mean_corruption_error,
)

# The published corruption errors of ResNet-50 in per cent, in the order of the 15, to one decimal as Geirhos
# et al. (2019), "ImageNet-trained CNNs are biased towards texture", give them; mCE 76.7.
RESNET50_CE = (79.8, 81.6, 82.6, 74.7, 88.6, 78.0, 79.9, 77.8, 74.8, 66.1, 56.6, 71.4, 84.8, 76.9, 76.8)


def constant_errors(means: dict[str, float]) -> pd.DataFrame:
    """Return a table whose rows have these means and vary around them."""
    shape = np.array([-0.02, 0.01, 0, 0.015, -0.005])
    rows = [np.array(mean) + shape for mean in means.values()]
    return pd.DataFrame(rows, index=list(means), columns=range(1, 6))


def alexnet() -> pd.DataFrame:
    return constant_errors(dict(ALEXNET_ERRORS))


def test_alexnet_has_an_mce_of_100() -> None:
    assert mean_corruption_error(alexnet()) == pytest.approx(100)
    assert relative_mean_corruption_error(alexnet(), ALEXNET_CLEAN_ERROR) == pytest.approx(100)
    assert corruption_errors(alexnet()).to_numpy() == pytest.approx(np.ones(15))
    assert list(corruption_errors(alexnet()).index) == list(ALEXNET_ERRORS)


def test_published_mce_of_resnet50() -> None:
    means = {name: ce / 100 * error for (name, error), ce in zip(ALEXNET_ERRORS.items(), RESNET50_CE, strict=True)}
    errors = constant_errors(means)
    assert mean_corruption_error(errors) == pytest.approx(76.7, abs=0.05)
    assert 100 * corruption_errors(errors)["fog"] == pytest.approx(66.1)


# The errors in per cent of two models of RobustBench on its 5,000 pictures of ImageNet-C, in the order of the 15, means
# over the severities (model_info/imagenet/corruptions/unaggregated_results.csv, commit 78fcc9e).
RESNET50 = (68.54, 70.90, 74.01, 61.10, 73.23, 61.87, 63.68, 67.85, 62.68, 54.50, 32.16, 60.90, 55.04, 55.14, 46.16)
ALEXNET = (88.16, 88.83, 91.72, 82.20, 83.08, 78.72, 79.57, 86.80, 83.15, 82.36, 55.85, 85.43, 64.80, 71.86, 60.68)


def test_the_published_errors_of_resnet50_give_its_published_mce() -> None:
    own = {name: error / 100 for name, error in zip(ALEXNET_ERRORS, RESNET50, strict=True)}
    other = {name: error / 100 for name, error in zip(ALEXNET_ERRORS, ALEXNET, strict=True)}
    # RobustBench publishes 76.38, divided by its own errors of AlexNet; the authors of ImageNet-C 76.7 on all pictures.
    assert mean_corruption_error(constant_errors(own), reference=other) == pytest.approx(76.38, abs=0.01)
    assert mean_corruption_error(constant_errors(own)) == pytest.approx(76.7, abs=0.5)
    by_hand = sum(own[name] / error for name, error in ALEXNET_ERRORS.items()) / 15
    assert mean_corruption_error(constant_errors(own)) == pytest.approx(100 * by_hand)


def test_relative_errors_by_hand() -> None:
    errors = constant_errors({"fog": 0.4, "snow": 0.5})
    reference = {"fog": 0.8, "snow": 0.9}
    ratios = relative_corruption_errors(errors, 0.3, reference=reference, reference_clean_error=0.5)
    assert ratios.to_dict() == pytest.approx({"fog": 0.1 / 0.3, "snow": 0.2 / 0.4})
    relative = relative_mean_corruption_error(errors, 0.3, reference=reference, reference_clean_error=0.5)
    assert relative == pytest.approx(100 * (1 / 3 + 1 / 2) / 2)
    assert mean_corruption_error(errors, reference=reference) == pytest.approx(100 * (1 / 2 + 5 / 9) / 2)


def test_severities_are_summed_before_dividing() -> None:
    errors = pd.DataFrame([[0.1, 0.2, 0.3, 0.4, 1.0]], index=["fog"], columns=range(1, 6))
    assert corruption_errors(errors, reference={"fog": 0.5})["fog"] == pytest.approx(2.0 / 2.5)


def test_the_four_extra_ones_are_not_in_the_mean() -> None:
    extra = constant_errors(dict.fromkeys(("speckle_noise", "gaussian_blur", "spatter", "saturate", "rain"), 0.9))
    both = pd.concat([extra, alexnet()]).sample(frac=1, random_state=0)[[5, 3, 1, 2, 4]]
    assert mean_corruption_error(both) == pytest.approx(100)
    assert mean_error(both) == pytest.approx(mean_error(alexnet()))


def test_mean_error_is_plain() -> None:
    expected = np.mean(list(ALEXNET_ERRORS.values()))
    assert mean_error(alexnet()) == pytest.approx(expected)
    assert mean_error(alexnet(), corruptions=["fog", "snow"]) == pytest.approx((0.819324 + 0.866816) / 2)


FUNCTIONS = [
    corruption_errors,
    mean_corruption_error,
    mean_error,
    lambda errors: relative_mean_corruption_error(errors, 0.4),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda e: e.drop(index=["fog", "snow"]), "no errors for snow, fog"),
        (lambda e: e.drop(columns=[2, 5]), "no column for severity 2, 5"),
        (lambda e: e.rename(columns=str), r"must be the integers 1 to 5, got \['1', "),
        (lambda e: e.mask(e == e.loc["fog", 2]), "^no error for fog at severity 2$"),
        (lambda e: e * 100, "fractions in .0, 1., not per cent"),
        (lambda e: e - 1, "fractions in"),
        (lambda e: pd.concat([e, e.loc[["fog"]]]), "appears twice"),
        (lambda e: e.iloc[:0], "no errors for gaussian_noise"),
    ],
)
def test_a_missing_value_is_an_error_not_a_smaller_mean(
    function: Callable[[pd.DataFrame], object], spoil: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(spoil(alexnet()))


def test_invalid_references_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must exceed 0\.0; they do not for fog"):
        corruption_errors(alexnet(), reference={"fog": 0.0, "snow": 0.5})
    with pytest.raises(ValueError, match=r"must exceed 0\.9; they do not for fog, snow"):
        relative_mean_corruption_error(alexnet(), 0.1, reference={"fog": 0.5, "snow": 0.9}, reference_clean_error=0.9)
    with pytest.raises(ValueError, match="at least one corruption"):
        mean_corruption_error(alexnet(), reference={})
    with pytest.raises(ValueError, match="clean_error must be a fraction"):
        relative_mean_corruption_error(alexnet(), 23.9)
