"""McNemar's exact test agrees with statsmodels and with tables of the binomial distribution."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from tierbench.metrics.mcnemar import mcnemar_exact

counts = st.integers(0, 400)


@given(counts, counts)
@settings(max_examples=50, deadline=None)
def test_mcnemar_agrees_with_statsmodels(worse: int, better: int) -> None:
    expected = mcnemar([[10, worse], [better, 10]], exact=True).pvalue
    assert mcnemar_exact(worse, better) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("worse", "better", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 2**5),
        # Sign test of 9 pairs of one sign and 1 of the other (tables of the binomial distribution): 0.0215.
        (1, 9, 22 / 2**10),
        (9, 1, 22 / 2**10),
    ],
)
def test_mcnemar_by_hand(worse: int, better: int, p: float) -> None:
    assert mcnemar_exact(worse, better) == pytest.approx(p, abs=1e-12)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 3)
