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


def part(name: str, size: int, correct: int, classes: int, labels: int) -> SetResult:
    """Return a result on a set that has a part of the classes."""
    whole = SetSlice(total=size, correct=correct, classes=classes)
    return result(name, size, correct, whole=whole, labels=labels)


# ResNet-50 of torchvision in the table of the ImageNet testbed: 92.12 %, 36.17 % and, with ImageNet 76.13 %, 35.75 %.
RENDITION = part("imagenet-r", 30_000, 10_852, 200, 200)
RENDITION_CLEAN = part("imagenet-r-clean", 10_000, 9_212, 200, 200)
OBJECTNET = part("objectnet-1-0", 18_514, 6_619, 113, 125)


def test_of_imagenet_r_it_is_measured_from_the_pictures_of_its_classes() -> None:
    shift = find_shift(RENDITION, [IMAGENET, RENDITION_CLEAN])
    assert shift is not None
    assert (shift.clean_set, shift.clean, shift.models) == ("imagenet-r-clean", 0.9212, 80)
    # logit(0.9212) = 2.458764; 0.636844 · 2.458764 − 2.107716 = −0.541867; its inverse is 0.367754.
    assert shift.expected == pytest.approx(0.367754, abs=1e-5)
    assert shift.effective == pytest.approx(10_852 / 30_000 - 0.367754, abs=1e-5)
    assert find_shift(RENDITION, [IMAGENET]) is None
    assert find_shift(RENDITION, [replace(RENDITION_CLEAN, labels=1000)]) is None
    assert find_shift(replace(RENDITION, labels=1000), [RENDITION_CLEAN]) is None


def test_of_objectnet_it_needs_that_only_its_labels_count() -> None:
    shift = find_shift(OBJECTNET, [replace(IMAGENET, whole=replace(IMAGENET.whole, correct=38_065))])
    assert shift is not None
    # logit(0.7613) = 1.15982; 1.199267 · 1.15982 − 2.024250 = −0.633316; its inverse is 0.346760.
    assert shift.expected == pytest.approx(0.346760, abs=1e-5)
    assert abs(shift.effective) < 0.02
    assert find_shift(replace(OBJECTNET, labels=1000), [IMAGENET]) is None


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
        # ResNet-50 has 0 % by selection: no line is a fair one.
        (part("imagenet-a", 7_500, 3_000, 200, 200), IMAGENET),
    ],
    ids=["part", "name", "model", "classes", "errors", "clean name", "clean part", "no logit", "no clean set", "a"],
)
def test_elsewhere_it_is_not_defined(shifted: SetResult, clean: SetResult) -> None:
    assert find_shift(shifted, [clean, shifted]) is None
