"""Judge whether a model recognises less of a data set than before: the whole first, then slice by slice. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tierbench.common.schema import PairedVerdict
from tierbench.runs.regression import PairedCase, judge_regression

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("correct_before", "correct_now", "predicted_before", "predicted_now")


class SetVerdict(NamedTuple):
    """The paired verdict on a data set.

    Attributes:
        whole: on all pictures.
        slices: on those of each slice, if the whole regressed and there are several; sorted by name.
    """

    whole: PairedVerdict
    slices: tuple[PairedVerdict, ...] = ()


def judge_set(name: str, pairs: pd.DataFrame, *, group: str, allowed_drop: float) -> SetVerdict:
    """Judge a set; the test is that of `judge_regression`, on groups: pictures of one original count once.

    The slices are tested only if the whole regressed, with Holm's correction, to say where. So the probability of any
    false alarm is at most that of the whole.

    Args:
        name: of the set.
        pairs: a row for each picture that both have; columns `slice_now`, that of the groups, and `correct` and
            `predicted`, each `_before` and `_now`.
        group: name of the column of the groups.
        allowed_drop: the net loss that is tolerated.
    """
    values = list(zip(*(pairs[column].tolist() for column in (group, *_COLUMNS)), strict=True))
    cases = (PairedCase(name, 1, *each) for each in values)
    _, whole = judge_regression(cases, allowed_drop={(name, 1): allowed_drop})
    # It is about the set, not about a tier.
    whole = replace(whole, tier=None)
    slices = pairs["slice_now"].tolist()
    names = sorted(set(slices))
    if whole.state != "regressed" or len(names) < 2:
        return SetVerdict(whole)
    numbers = {each: number for number, each in enumerate(names)}
    by_slice = (PairedCase(name, numbers[own], *each) for own, each in zip(slices, values, strict=True))
    _, *found = judge_regression(by_slice, allowed_drop={(name, number): allowed_drop for number in numbers.values()})
    return SetVerdict(whole, tuple(replace(each, tier=None, slice=names[each.tier or 0]) for each in found))
