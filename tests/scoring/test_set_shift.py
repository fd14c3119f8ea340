"""Where effective robustness is defined: whole published sets, with the accuracy on ImageNet in the same run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tierbench.common.schema import SetResult, SetSlice
from tierbench.scoring.set_shift import find_shift


def result(name: str, size: int, correct: int, **values: Any) -> SetResult:
    whole = SetSlice(total=size, correct=correct, classes=1000)
    return replace(SetResult(set=name, model="m", size=size, whole=whole), **values)


IMAGENET = result("imagenet", 50_000, 38_000)
SKETCH = result("imagenet-sketch", 50_889, 15_000)


def test_it_is_the_accuracy_above_the_line() -> None:
    shift = find_shift(SKETCH, [IMAGENET, SKETCH])
    assert shift is not None
    assert (shift.clean_set, shift.clean, shift.models) == ("imagenet", 0.76, 85)
    # logit(0.76) = 1.15268; 1.070915 · 1.15268 − 2.370073 = −1.135650; its inverse is 0.243119.
    assert shift.expected == pytest.approx(0.243119, abs=1e-5)
    assert shift.effective == pytest.approx(15_000 / 50_889 - 0.243119, abs=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "imagenetv2-matched-frequency",
        "imagenetv2-matched-frequency-format-val",
        "imagenetv2-threshold0-7-format-val",
        "imagenetv2-top-images-format-val",
    ],
)
def test_the_sets_are_recognised_by_the_names_of_their_archives(name: str) -> None:
    assert find_shift(result(name, 10_000, 6_000), [IMAGENET]) is not None


@pytest.mark.parametrize(
    ("shifted", "clean"),
    [
        (replace(SKETCH, size=60_000), IMAGENET),
        (replace(SKETCH, set="photos"), IMAGENET),
        (replace(SKETCH, model="other"), IMAGENET),
        (replace(SKETCH, whole=replace(SKETCH.whole, classes=200)), IMAGENET),
        (replace(SKETCH, whole=replace(SKETCH.whole, errors=1)), IMAGENET),
        (SKETCH, replace(IMAGENET, set="photos")),
        (SKETCH, replace(IMAGENET, size=60_000)),
        (SKETCH, replace(IMAGENET, whole=replace(IMAGENET.whole, correct=50_000))),
        (SKETCH, SKETCH),
    ],
    ids=["part", "name", "model", "classes", "errors", "clean name", "clean part", "no logit", "no clean set"],
)
def test_elsewhere_it_is_not_defined(shifted: SetResult, clean: SetResult) -> None:
    assert find_shift(shifted, [clean, shifted]) is None
