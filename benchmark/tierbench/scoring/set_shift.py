"""Find the sets of a run for which the effective robustness of a model is defined. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tierbench.common.schema import SetResult
from tierbench.metrics.effective_robustness import BASELINE_FITS, effective_robustness


@dataclass(frozen=True, slots=True)
class _PublicSet:
    """How a public set is recognised: a part of it, or another set of its name, has no published fit.

    Attributes:
        name: pattern of the names that it may have.
        sizes: numbers of pictures that it may have.
        classes: number of classes that it has.
        labels: number of the model's labels that must count; 0: all, as for any set of 1,000 classes.
    """

    name: str
    sizes: range
    classes: int = 1000
    labels: int = 0

    def is_whole(self, result: SetResult) -> bool:
        """Return whether a result is on this set, all of it, each picture right or wrong."""
        return (
            result.complete
            and result.size in self.sizes
            and result.whole.classes == self.classes
            and not result.whole.unjudged
            and not result.slices
            and self.labels in (0, result.labels)
            and re.fullmatch(self.name, result.set) is not None
        )


def _only(size: int) -> range:
    return range(size, size + 1)


_IMAGENET = _PublicSet(r"(imagenet|ilsvrc)[-_]?(1k|2012|ilsvrc2012)?([-_]?val(idation)?)?", _only(50_000))
_V2 = r"imagenet[-_]?v2[-_]{}([-_]format[-_]val)?"
# For each fit: the set that it is of, and the clean one that it is measured from.
_SETS = {
    "imagenetv2-matched-frequency": (_PublicSet(_V2.format("matched[-_]frequency"), _only(10_000)), _IMAGENET),
    "imagenetv2-threshold0.7": (_PublicSet(_V2.format("threshold[-_]?0?[-_.]?7"), _only(10_000)), _IMAGENET),
    "imagenetv2-top-images": (_PublicSet(_V2.format("top[-_]?images"), _only(10_000)), _IMAGENET),
    "imagenet-sketch": (_PublicSet(r"(imagenet[-_]?)?sketch", _only(50_889)), _IMAGENET),
    "imagenet-r": (
        _PublicSet(r"imagenet[-_]?r", _only(30_000), 200, 200),
        _PublicSet(r"imagenet[-_]?r[-_]clean", _only(10_000), 200, 200),
    ),
    # The fit is of a release with 18,514 pictures of these classes; others differ by some tens.
    "objectnet": (_PublicSet(r"objectnet([-_].*)?", range(18_500, 18_700), 113, 125), _IMAGENET),
}


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

    It is defined for a whole set that a baseline fit was published for, if the whole clean set that the fit is measured
    from is among the results of the same model. The sets are recognised by their names, numbers of pictures and
    classes, and where they have a part of the classes by the number of labels that count.
    """
    name, clean_set = next(
        ((name, clean) for name, (shifted, clean) in _SETS.items() if shifted.is_whole(result)), ("", _IMAGENET)
    )
    clean = next((each for each in results if each.model == result.model and clean_set.is_whole(each)), None)
    if not name or clean is None or clean.accuracy is None or result.accuracy is None or not 0 < clean.accuracy < 1:
        return None
    fit = BASELINE_FITS[name]
    effective = effective_robustness(clean.accuracy, result.accuracy, fit)
    return Shift(clean.set, clean.accuracy, fit.expected(clean.accuracy), effective, fit.models)
