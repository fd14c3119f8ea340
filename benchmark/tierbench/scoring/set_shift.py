"""Find the sets of a run for which the effective robustness of a model is defined. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tierbench.common.schema import SetResult
from tierbench.metrics.effective_robustness import BASELINE_FITS, effective_robustness

_CLASSES = 1000
# Name of the set, and its number of pictures: a part of a set, or another set of that name, has no published fit.
_CLEAN = re.compile(r"(imagenet|ilsvrc)[-_]?(1k|2012|ilsvrc2012)?([-_]?val(idation)?)?"), 50_000
_SHIFTED = (
    (
        re.compile(r"imagenet[-_]?v2[-_]matched[-_]frequency([-_]format[-_]val)?"),
        10_000,
        "imagenetv2-matched-frequency",
    ),
    (re.compile(r"imagenet[-_]?v2[-_]threshold[-_]?0?[-_.]?7([-_]format[-_]val)?"), 10_000, "imagenetv2-threshold0.7"),
    (re.compile(r"imagenet[-_]?v2[-_]top[-_]?images([-_]format[-_]val)?"), 10_000, "imagenetv2-top-images"),
    (re.compile(r"(imagenet[-_]?)?sketch"), 50_889, "imagenet-sketch"),
)


@dataclass(frozen=True, slots=True)
class Shift:
    """The effective robustness of a model on one set.

    Attributes:
        clean_set: the set of ImageNet's validation pictures in the same run.
        clean: the accuracy on it.
        expected: what a standard model of this accuracy reaches on the shifted set.
        effective: the accuracy above that.
        models: number of standard models behind `expected`.
    """

    clean_set: str
    clean: float
    expected: float
    effective: float
    models: int


def find_shift(result: SetResult, results: Iterable[SetResult]) -> Shift | None:
    """Return the effective robustness of a model on a set; None where it is not defined.

    It is defined for a whole set that a baseline fit was published for, if a whole ImageNet validation set with the
    same model is among the results. The sets are recognised by name, number of pictures and 1,000 classes; all labels
    must count.
    """
    name = next((fit for form, size, fit in _SHIFTED if _is(result, form, size)), "")
    clean = next((each for each in results if each.model == result.model and _is(each, *_CLEAN)), None)
    if not name or clean is None or clean.accuracy is None or result.accuracy is None or not 0 < clean.accuracy < 1:
        return None
    fit = BASELINE_FITS[name]
    effective = effective_robustness(clean.accuracy, result.accuracy, fit)
    return Shift(clean.set, clean.accuracy, fit.expected(clean.accuracy), effective, fit.models)


def _is(result: SetResult, form: re.Pattern[str], size: int) -> bool:
    whole = result.complete and result.size == size and result.whole.classes == _CLASSES and not result.whole.errors
    return whole and not result.slices and form.fullmatch(result.set) is not None
