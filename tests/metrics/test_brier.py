"""Both Brier scores by hand: of the predicted label, and over all labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tierbench.metrics import brier_score, multiclass_brier_score


def test_brier_by_hand() -> None:
    assert brier_score([1.0, 0.6, 0.2], [True, True, False]) == pytest.approx((0 + 0.16 + 0.04) / 3)
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
    expected = ((0.09 + 0.04 + 0.01) + (0.01 + 0.81 + 0.64)) / 2
    assert multiclass_brier_score(probabilities, [0, 1]) == pytest.approx(expected)
    assert multiclass_brier_score([[0.0, 1.0]], [0]) == 2


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
def test_multiclass_brier_refuses_wrong_arguments(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        multiclass_brier_score(probabilities, labels)
