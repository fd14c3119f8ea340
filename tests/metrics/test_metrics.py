"""The figures of the field, against published values and properties; long, since each figure has its own cases."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from tierbench import metrics
from tierbench.metrics import (
    ALEXNET_CLEAN_ERROR,
    ALEXNET_ERRORS,
    accuracy,
    breaking_severity,
    brier_score,
    corruption_errors,
    effective_breaking_severity,
    error_consistency,
    expected_calibration_error,
    mean_corruption_error,
    mean_error,
    multiclass_brier_score,
    negative_log_likelihood,
    relative_corruption_errors,
    relative_mean_corruption_error,
    slice_summary,
    wilson_interval,
)

# The published corruption errors of ResNet-50 in per cent, in the order of the 15, to one decimal as Geirhos
# et al. (2019), "ImageNet-trained CNNs are biased towards texture", give them; mCE 76.7.
RESNET50_CE = (79.8, 81.6, 82.6, 74.7, 88.6, 78.0, 79.9, 77.8, 74.8, 66.1, 56.6, 71.4, 84.8, 76.9, 76.8)

flags = stn.arrays(np.bool_, st.integers(1, 60))


def constant_errors(means: dict[str, float]) -> pd.DataFrame:
    """Give a table whose rows have these means, falling and rising around them."""
    shape = np.array([-0.02, 0.01, 0, 0.015, -0.005])
    rows = [np.array(mean) + shape for mean in means.values()]
    return pd.DataFrame(rows, index=list(means), columns=range(1, 6))


def alexnet() -> pd.DataFrame:
    return constant_errors(dict(ALEXNET_ERRORS))


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_of_the_literature(passed: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(passed, total) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(total - passed, total) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_wilson_interval_holds_the_rate(a: int, b: int) -> None:
    passed, total = min(a, b), max(a, b)
    low, high = wilson_interval(passed, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low <= passed / total <= high
        assert (low == 0) == (passed == 0)
        assert (high == 1) == (passed == total)


def test_wilson_interval_of_nothing_is_everything() -> None:
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("passed", "total"), [(-1, 5), (6, 5), (0, -1)])
def test_wilson_interval_refuses_counts_that_contradict(passed: int, total: int) -> None:
    with pytest.raises(ValueError, match="passed must lie between 0 and total"):
        wilson_interval(passed, total)


def test_accuracy_has_its_interval() -> None:
    result = accuracy([True] * 81 + [False] * 182)
    assert result == pytest.approx((81 / 263, 0.2553, 0.3662, 81, 263), abs=5e-5)
    assert accuracy(np.array([1, 0, 1, 1])).rate == 0.75
    assert accuracy(pd.Series([True, False])).passed == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one value"),
        ([0.5], "true and false only"),
        (["True"], "true and false only"),
        ([[1]], "1, 1"),
    ],
)
def test_accuracy_refuses(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy(values)  # type: ignore[arg-type]  # wrong on purpose


def test_calibration_error_by_hand() -> None:
    # Bins of a fifth: 0.3 alone (wrong), 0.7 and 0.8 together (one right), 0.95 and 1.0 (both right).
    confidence, correct = [0.3, 0.7, 0.8, 0.95, 1.0], [False, True, False, True, True]
    expected = (1 * 0.3 + 2 * abs(0.75 - 0.5) + 2 * abs(0.975 - 1)) / 5
    assert expected_calibration_error(confidence, correct, bins=5) == pytest.approx(expected)


@pytest.mark.parametrize("edge", range(1, 16))
def test_calibration_bins_are_closed_on_the_right(edge: int) -> None:
    confidence = np.array([edge / 15, np.nextafter(edge / 15, 0)])
    # In one bin the two errors cancel; in two bins they would add up.
    found = expected_calibration_error(confidence, [True, False])
    assert found == pytest.approx(abs(edge / 15 - 0.5))
    assert found < 0.51


def test_zero_confidence_falls_into_the_first_bin() -> None:
    assert expected_calibration_error([0.0, 0.05], [False, False]) == pytest.approx(0.025)


def test_a_calibrated_model_has_no_calibration_error() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == 0
    assert expected_calibration_error([1.0] * 3, [False] * 3) == 1


@given(st.data(), st.integers(1, 50), st.integers(1, 40))
def test_calibration_error_against_a_loop(data: st.DataObject, total: int, bins: int) -> None:
    confidence = data.draw(stn.arrays(np.float64, total, elements=st.floats(0, 1)))
    correct = data.draw(stn.arrays(np.bool_, total))
    expected = 0.0
    for number in range(bins):
        low, high = (-1 if number == 0 else number / bins), (number + 1) / bins
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    found = expected_calibration_error(confidence, correct, bins)
    assert found == pytest.approx(expected, abs=1e-9)
    assert expected_calibration_error(confidence, correct, 1) <= found + 1e-9


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "message"),
    [
        ([], [], 15, "confidence must be a list of at least one value"),
        ([0.5], [True, False], 15, "confidence and correct must be equally long, got 1 and 2"),
        ([1.2], [True], 15, r"confidence must lie in \[0, 1\]"),
        ([math.nan], [True], 15, r"confidence must lie in \[0, 1\]"),
        ([0.5], [0.5], 15, "correct must hold true and false only"),
        ([0.5], [True], 0, "bins must be at least 1, got 0"),
    ],
)
def test_calibration_error_refuses(confidence: list[float], correct: list[bool], bins: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(confidence, correct, bins)


def test_log_likelihood_and_brier_by_hand() -> None:
    assert negative_log_likelihood([1.0, 0.5, 0.25]) == pytest.approx((0 + math.log(2) + math.log(4)) / 3)
    assert negative_log_likelihood([0.0]) == pytest.approx(-math.log(2.220446e-16))
    assert math.copysign(1, negative_log_likelihood([1.0])) == 1
    assert brier_score([1.0, 0.6, 0.2], [True, True, False]) == pytest.approx((0 + 0.16 + 0.04) / 3)
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
    expected = ((0.09 + 0.04 + 0.01) + (0.01 + 0.81 + 0.64)) / 2
    assert multiclass_brier_score(probabilities, [0, 1]) == pytest.approx(expected)
    assert multiclass_brier_score([[0.0, 1.0]], [0]) == 2


def test_probabilities_in_float32_may_sum_to_slightly_more_than_one() -> None:
    assert negative_log_likelihood(np.array([1.0000001], dtype=np.float32)) == 0


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[0.5, 0.5]], [2], "labels must be integers in 0 … 1"),
        ([[0.5, 0.5]], [-1], "labels must be integers"),
        ([[0.5, 0.5]], [0.0], "labels must be integers"),
        ([[0.5, 0.5]], [0, 1], r"probabilities must be \[n, k\] and labels \[n\], got \[1, 2\] and \[2\]"),
        ([[50.0, 50.0]], [0], "probabilities must lie in"),
        (np.zeros((0, 3)), np.zeros(0, dtype=int), "at least one value"),
    ],
)
def test_multiclass_brier_refuses(probabilities: npt.ArrayLike, labels: npt.ArrayLike, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        multiclass_brier_score(probabilities, labels)


def test_alexnet_is_its_own_measure() -> None:
    assert mean_corruption_error(alexnet()) == pytest.approx(100)
    assert relative_mean_corruption_error(alexnet(), ALEXNET_CLEAN_ERROR) == pytest.approx(100)
    assert corruption_errors(alexnet()).to_numpy() == pytest.approx(np.ones(15))
    assert list(corruption_errors(alexnet()).index) == list(ALEXNET_ERRORS)


def test_published_mce_of_resnet50() -> None:
    means = {name: ce / 100 * error for (name, error), ce in zip(ALEXNET_ERRORS.items(), RESNET50_CE, strict=True)}
    errors = constant_errors(means)
    assert mean_corruption_error(errors) == pytest.approx(76.7, abs=0.05)
    assert 100 * corruption_errors(errors)["fog"] == pytest.approx(66.1)


def test_relative_errors_by_hand() -> None:
    errors = constant_errors({"fog": 0.4, "snow": 0.5})
    reference = {"fog": 0.8, "snow": 0.9}
    ratios = relative_corruption_errors(errors, 0.3, reference=reference, reference_clean_error=0.5)
    assert ratios.to_dict() == pytest.approx({"fog": 0.1 / 0.3, "snow": 0.2 / 0.4})
    relative = relative_mean_corruption_error(errors, 0.3, reference=reference, reference_clean_error=0.5)
    assert relative == pytest.approx(100 * (1 / 3 + 1 / 2) / 2)
    assert mean_corruption_error(errors, reference=reference) == pytest.approx(100 * (1 / 2 + 5 / 9) / 2)


def test_severities_count_by_their_sum_not_by_their_ratios() -> None:
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
        (lambda e: pd.concat([e, e.loc[["fog"]]]), "stands there twice"),
        (lambda e: e.iloc[:0], "no errors for gaussian_noise"),
    ],
)
def test_a_hole_is_an_error_not_a_smaller_mean(
    function: Callable[[pd.DataFrame], object], spoil: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(spoil(alexnet()))


def test_references_that_cannot_serve() -> None:
    with pytest.raises(ValueError, match=r"must exceed 0\.0; they do not for fog"):
        corruption_errors(alexnet(), reference={"fog": 0.0, "snow": 0.5})
    with pytest.raises(ValueError, match=r"must exceed 0\.9; they do not for fog, snow"):
        relative_mean_corruption_error(alexnet(), 0.1, reference={"fog": 0.5, "snow": 0.9}, reference_clean_error=0.9)
    with pytest.raises(ValueError, match="at least one corruption"):
        mean_corruption_error(alexnet(), reference={})
    with pytest.raises(ValueError, match="clean_error must be a fraction"):
        relative_mean_corruption_error(alexnet(), 23.9)


def test_error_consistency_by_hand() -> None:
    a = [True, True, True, False, False, False, True, True]
    b = [True, True, False, False, False, True, True, False]
    # Agreement 5/8; hits 5/8 and 4/8, so chance agrees on 1/2.
    assert error_consistency(a, b) == pytest.approx((5 / 8 - 1 / 2) / (1 - 1 / 2))
    assert error_consistency([True, False], [False, True]) == -1


@given(flags, st.data())
def test_error_consistency_is_symmetric_and_bounded(a: npt.NDArray[np.bool_], data: st.DataObject) -> None:
    b = data.draw(stn.arrays(np.bool_, a.size))
    kappa = error_consistency(a, b)
    certain = (a.all() and b.all()) or not (a.any() or b.any())
    assert math.isnan(kappa) == certain
    if not certain:
        assert kappa == error_consistency(b, a)
        assert kappa == pytest.approx(error_consistency(~a, ~b))
        assert -1 <= kappa <= 1
        assert (kappa == 1) == np.array_equal(a, b)


def test_error_consistency_refuses() -> None:
    with pytest.raises(ValueError, match="correct_a and correct_b must be equally long, got 2 and 3"):
        error_consistency([True, False], [True, False, True])


def test_breaking_severity_is_the_last_before_the_first_miss() -> None:
    passed = [[1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]]
    assert breaking_severity(passed).tolist() == [5, 2, 0, 0]
    assert int(breaking_severity([True, False, True])) == 1
    with pytest.raises(ValueError, match="severities"):
        breaking_severity([])


def test_effective_breaking_severity_is_where_half_is_lost() -> None:
    assert effective_breaking_severity(0.8, [0.7, 0.5, 0.3, 0.1, 0.0]) == pytest.approx(2.5)
    assert effective_breaking_severity(1.0, [0.5, 0.4, 0.3, 0.2, 0.1]) == 1
    assert effective_breaking_severity(1.0, [0.0] * 5) == 0.5
    assert effective_breaking_severity(1.0, [0.9, 0.8, 0.7, 0.6, 0.6]) is None
    assert effective_breaking_severity(0.0, [0.0]) == 0
    assert effective_breaking_severity(0.8, [0.7, 0.5], share=0.75) == pytest.approx(1.5)


@given(st.floats(0.01, 1), st.lists(st.floats(0, 1), min_size=1, max_size=5), st.floats(0.05, 0.95))
def test_effective_breaking_severity_lies_on_the_curve(clean: float, rates: list[float], share: float) -> None:
    found = effective_breaking_severity(clean, rates, share=share)
    if found is None:
        assert min(rates) > share * clean
    else:
        assert 0 < found <= len(rates)
        assert np.interp(found, range(len(rates) + 1), [clean, *rates]) == pytest.approx(share * clean)


@pytest.mark.parametrize(
    ("clean", "rates", "share", "message"),
    [(0.5, [], 0.5, "at least one"), (50, [40], 0.5, "fractions"), (0.5, [0.4], 1.0, "share must lie")],
)
def test_effective_breaking_severity_refuses(clean: float, rates: list[float], share: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        effective_breaking_severity(clean, rates, share=share)


TABLE = pd.DataFrame(
    {
        "corruption": ["fog", "fog", "fog", "snow", "snow"],
        "severity": [1, 1, 2, 1, 1],
        "tags": [["night", "fog"], [], ["night"], ["fog"], ["fog"]],
        "group": ["a", "a", "b", "c", "d"],
        "passed": [True, False, True, False, False],
    },
    index=[7, 7, 8, 9, 9],
)


def test_slices_of_two_columns() -> None:
    result = slice_summary(TABLE, ["corruption", "severity"])
    assert list(result.index) == [("fog", 1), ("fog", 2), ("snow", 1)]
    assert result["passed"].tolist() == [1, 1, 0]
    assert result["total"].tolist() == [2, 1, 2]
    assert result["rate"].tolist() == [0.5, 1, 0]
    assert result["groups"].tolist() == [1, 1, 2]
    assert result[["low", "high"]].to_numpy()[0] == pytest.approx(wilson_interval(1, 2))


def test_a_row_counts_in_each_of_its_tags() -> None:
    result = slice_summary(TABLE.drop(columns="group"), "tags")
    assert result[["passed", "total"]].to_dict("index") == {
        "fog": {"passed": 1, "total": 3},
        "night": {"passed": 2, "total": 2},
    }
    assert "groups" not in result
    sets = TABLE.map(lambda cell: set(cell) if isinstance(cell, list) else cell)
    pd.testing.assert_frame_equal(slice_summary(sets, "tags"), slice_summary(TABLE, "tags"))


def test_slices_under_other_names() -> None:
    table = TABLE.rename(columns={"passed": "hit", "group": "scene"})
    result = slice_summary(table, "corruption", passed="hit", group="scene")
    assert list(result.columns) == ["passed", "total", "rate", "low", "high", "groups"]
    assert result.loc["fog", "groups"] == 2
    assert slice_summary(TABLE, "group").loc["a", "total"] == 2


def test_the_table_is_left_alone_and_may_be_empty() -> None:
    before = TABLE.copy(deep=True)
    slice_summary(TABLE, "tags")
    pd.testing.assert_frame_equal(TABLE, before)
    empty = slice_summary(TABLE.iloc[:0], "corruption")
    assert len(empty) == 0
    assert {"passed", "total", "rate", "low", "high", "groups"} == set(empty.columns)


def test_slices_refuse() -> None:
    with pytest.raises(ValueError, match="the table has no column 'weather', 'ok'"):
        slice_summary(TABLE, "weather", passed="ok")
    with pytest.raises(ValueError, match="passed must hold true and false only"):
        slice_summary(TABLE.assign(passed=["yes", "no", "yes", "no", "no"]), "corruption")


def test_all_public_names_can_be_imported_and_are_documented() -> None:
    for name in metrics.__all__:
        thing = getattr(metrics, name)
        assert not callable(thing) or thing.__doc__


def test_importing_loads_neither_pandas_nor_torch() -> None:
    code = "import sys, tierbench.metrics; print(sorted({'pandas', 'torch', 'scipy', 'cv2'} & set(sys.modules)))"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
