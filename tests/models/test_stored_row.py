"""Rows of the cache are read back as they were, or not at all; of large label spaces all that judging needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models.stored_row import FULL_LABELS, pack, unpack
from tierbench.scoring.labels import LabelSpace
from tierbench.scoring.verdict import judge
from tierbench.suites.case import Thresholds

LARGE = 21_843


def softmax(labels: int, seed: int, scale: float, decimals: int | None = None) -> npt.NDArray[np.float32]:
    logits = scale * np.random.default_rng(seed).normal(size=labels)
    values = np.exp(logits - logits.max())
    values /= values.sum()
    rounded: npt.NDArray[np.float32] = (values if decimals is None else np.round(values, decimals)).astype(np.float32)
    return rounded


@pytest.mark.parametrize("labels", [1, 3, 1000, FULL_LABELS])
def test_up_to_a_number_of_labels_every_probability_is_kept(labels: int) -> None:
    values = softmax(labels, 1, 2)
    read = unpack("k", pack("k", values), labels)
    assert read is not None
    assert read.tobytes() == values.tobytes()


@pytest.mark.parametrize(("scale", "decimals"), [(0, None), (1, None), (3, None), (20, None), (3, 4), (3, 1)])
@pytest.mark.parametrize("absent", [False, True])
def test_of_a_large_label_space_every_verdict_is_as_before(scale: float, decimals: int | None, absent: bool) -> None:
    values = softmax(LARGE, 2, scale, decimals)
    order = np.argsort(-values)
    concepts = {
        # More labels than the number of best ones that is kept: the best other label is none of those.
        "wide": tuple(map(int, order[:400])),
        "middle": (int(order[700]), int(order[9000])),
        "worst": (int(order[-1]),),
    }
    space = LabelSpace(tuple(f"label {index}" for index in range(LARGE)), concepts)
    row = pack("k", values, list(space.owners))
    assert len(row) < 4 * LARGE / 5
    read = unpack("k", row, LARGE)
    assert read is not None
    for concept in concepts:
        before, after = (judge(each, space, [concept], Thresholds(0.9), absent=absent) for each in (values, read))
        assert after == before


@given(st.integers(0, 4 * 5 + 3), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    row = bytearray(pack("k", softmax(5, 3, 2)))
    row[position] ^= change
    assert unpack("k", bytes(row), 5) is None


@pytest.mark.parametrize("labels", [5, LARGE])
def test_a_row_of_another_key_or_model_or_type_is_none(labels: int) -> None:
    row = pack("k", softmax(labels, 4, 2))
    assert unpack("k", row, labels) is not None
    assert unpack("other", row, labels) is None
    assert unpack("k", row, 4) is None
    assert unpack("k", row, labels // 2) is None
    assert unpack("k", row[:-5], labels) is None
    assert unpack("k", b"", labels) is None
    assert unpack("k", "text", labels) is None


@pytest.mark.parametrize("values", [[0.5, 0.6], [0.0, 0.0], [np.nan, 1], [-0.5, 1.5], [2, -1]])
def test_what_is_no_probability_is_not_read(values: list[float]) -> None:
    row = pack("k", np.array(values, dtype=np.float32))
    assert unpack("k", row, 2) is None
    assert (unpack("k", row, 2, multi_label=True) is not None) is (0 <= min(values) <= max(values) <= 1)
