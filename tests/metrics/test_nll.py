"""The negative log-likelihood by hand, also for float32 probabilities slightly above 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tierbench.metrics import negative_log_likelihood


def test_log_likelihood_by_hand() -> None:
    assert negative_log_likelihood([1.0, 0.5, 0.25]) == pytest.approx((0 + math.log(2) + math.log(4)) / 3)
    assert negative_log_likelihood([0.0]) == pytest.approx(-math.log(2.220446e-16))
    assert math.copysign(1, negative_log_likelihood([1.0])) == 1


def test_probabilities_in_float32_may_sum_to_slightly_more_than_one() -> None:
    assert negative_log_likelihood(np.array([1.0000001], dtype=np.float32)) == 0
