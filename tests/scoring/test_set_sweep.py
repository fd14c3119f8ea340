"""mCE, relative mCE and mean error of a data set of corruptions, and their intervals."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.set_rows import SWEEP, error_row, set_row, sweep_rows, table
from tierbench.corruptions import MEAN_CORRUPTIONS
from tierbench.metrics import ALEXNET_ERRORS, mean_corruption_error, mean_error, relative_mean_corruption_error
from tierbench.scoring.set_figures import summarise_set
from tierbench.scoring.set_scores import SetRow
from tierbench.scoring.set_sweep import MEAN_SLICES, summarise_sweep


def rates_of(rows: list[SetRow]) -> dict[str, float]:
    """Return the error of each slice of a sweep, by a plain loop."""
    wrong: dict[str, list[bool]] = {name: [] for name in (*MEAN_SLICES, "clean")}
    for row in rows:
        if row.slice in wrong and not row.error:
            wrong[row.slice].append(not row.correct)
    return {name: sum(own) / len(own) for name, own in wrong.items()}


def errors_of(rows: list[SetRow]) -> tuple[pd.DataFrame, float]:
    """Return the errors by corruption and severity, and the clean error."""
    rates = rates_of(rows)
    severities = range(1, 6)
    errors = pd.DataFrame(
        {severity: {name: rates[f"{name}+{severity}"] for name in MEAN_CORRUPTIONS} for severity in severities}
    )
    return errors, rates["clean"]


def plain_mce(rows: list[SetRow]) -> float:
    """Return the mCE without a table, as the interval needs it hundreds of times."""
    rates = rates_of(rows)
    errors = {name: sum(rates[f"{name}+{severity}"] for severity in range(1, 6)) / 5 for name in MEAN_CORRUPTIONS}
    return 100 * sum(errors[name] / ALEXNET_ERRORS[name] for name in MEAN_CORRUPTIONS) / 15


def random_sweep(seed: int, originals: int = 8) -> list[SetRow]:
    chosen = random.Random(seed)  # noqa: S311 (a draw, no secret)
    return [
        set_row(
            f"{place}/{number}",
            predicted="dog" if chosen.random() < 0.4 else "cat",
            slice=place,
            group=f"o{number}",
        )
        for place in (*MEAN_SLICES, "clean", "spatter+1")
        for number in range(originals)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_the_published_formulas(seed: int) -> None:
    rows = random_sweep(seed)
    errors, clean = errors_of(rows)
    result = summarise_set(table(rows), SWEEP)
    assert result.mce == pytest.approx(mean_corruption_error(errors), abs=1e-9)
    assert result.relative_mce == pytest.approx(relative_mean_corruption_error(errors, clean), abs=1e-9)
    assert result.mean_error == pytest.approx(mean_error(errors), abs=1e-9)


def test_figures_by_hand() -> None:
    # Of 10 originals, 1 to 5 are wrong at the severities 1 to 5: a mean error of 0.3 for each corruption.
    result = summarise_set(table(sweep_rows(10, wrong=1)), SWEEP)
    assert result.mean_error == pytest.approx(0.3)
    assert result.mce == pytest.approx(100 * sum(0.3 / each for each in ALEXNET_ERRORS.values()) / 15)
    assert result.relative_mce == pytest.approx(
        100 * sum(0.3 / (each - 0.4348) for each in ALEXNET_ERRORS.values()) / 15
    )
    assert result.notes == ()


def test_the_interval_is_that_of_a_plain_bootstrap_over_originals() -> None:
    rows = random_sweep(7, originals=30)
    found = summarise_set(table(rows), SWEEP)
    by_original: dict[str, list[SetRow]] = {}
    for row in rows:
        by_original.setdefault(row.group, []).append(row)
    chosen, names = random.Random(0), list(by_original)  # noqa: S311 (a draw, no secret)
    assert plain_mce(rows) == pytest.approx(mean_corruption_error(errors_of(rows)[0]))
    means = []
    for _ in range(300):
        drawn = [row for name in chosen.choices(names, k=len(names)) for row in by_original[name]]
        means.append(plain_mce(drawn))
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.mce is not None
    assert found.mce_interval is not None
    # Both are estimates of the same two quantiles, from 300 and 2,000 draws.
    assert found.mce_interval == pytest.approx((low, high), abs=0.2 * (high - low))
    assert found.mce_interval[0] < found.mce < found.mce_interval[1]


def test_the_interval_is_the_same_whatever_the_order_of_the_rows() -> None:
    rows = random_sweep(3)
    shuffled = random.Random(4).sample(rows, len(rows))  # noqa: S311 (a draw, no secret)
    first, second = table(rows), pd.concat([table(shuffled)]).iloc[::-1]
    assert summarise_sweep(first, "clean") == summarise_sweep(second, "clean")


def test_pictures_of_one_original_are_drawn_together() -> None:
    # An original is right everywhere or wrong everywhere, so the interval is as wide as that of 20 pictures.
    rows = [
        set_row(f"{place}/{number}", predicted="dog" if number < 10 else "cat", slice=place, group=f"o{number}")
        for place in MEAN_SLICES
        for number in range(20)
    ]
    together = summarise_sweep(table(rows), "")
    apart = summarise_sweep(table([replace(row, group=row.id) for row in rows]), "")
    assert together is not None
    assert apart is not None
    (low, high), (least, most) = together.intervals[0] or (0, 0), apart.intervals[0] or (0, 0)
    # 0.5 ± 1.96 · √(0.25 / 20) and ± 1.96 · √(0.25 / 1500).
    assert (low, high) == pytest.approx((0.281, 0.719), abs=0.04)
    assert (least, most) == pytest.approx((0.475, 0.525), abs=0.006)


def test_a_missing_severity_is_named_and_there_is_no_mce() -> None:
    rows = [row for row in sweep_rows(3) if row.slice not in ("fog+5", "snow+1")]
    result = summarise_set(table(rows), SWEEP)
    assert (result.mce, result.mean_error, result.mce_interval) == (None, None, None)
    assert result.notes == (
        "no mCE: it needs all 15 corruptions at 5 severities, and 2 of 75 have no picture with a prediction: snow+1, "
        "fog+5",
    )


def test_a_slice_of_errors_alone_is_missing() -> None:
    rows = [error_row(row.id, slice=row.slice) if row.slice == "fog+5" else row for row in sweep_rows(3)]
    result = summarise_set(table(rows), SWEEP)
    assert result.mce is None
    assert "1 of 75 have no picture with a prediction: fog+5" in result.notes[-1]


def test_without_clean_pictures_there_is_no_relative_mce() -> None:
    result = summarise_set(table(sweep_rows(8, clean=False)), SWEEP)
    assert result.mce is not None
    assert result.relative_mce is None
    assert result.notes == ("no relative mCE: the set has no slice clean",)


def test_too_few_originals_have_no_interval() -> None:
    result = summarise_set(table(sweep_rows(5)), SWEEP)
    assert result.mce is not None
    assert result.mce_interval is None
    assert result.notes == (
        "no interval of the mCE: the pictures come from too few originals, or from too different ones",
    )


def test_cifar_10_c_has_a_mean_error_and_no_mce() -> None:
    result = summarise_set(table(sweep_rows(10, wrong=1)), {**SWEEP, "figure": "mean_error"})
    assert result.mean_error == pytest.approx(0.3)
    assert result.mean_error_interval is not None
    assert (result.mce, result.relative_mce) == (None, None)
    assert result.notes == ()
