"""A model breaks before its first miss, or at the severity at which half of its pass rate is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.metrics import breaking_severity, effective_breaking_severity


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
def test_effective_breaking_severity_refuses_wrong_arguments(
    clean: float, rates: list[float], share: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        effective_breaking_severity(clean, rates, share=share)
