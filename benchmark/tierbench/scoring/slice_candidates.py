"""List the slices that misses or regressions may concentrate in: tags, concepts, parameters, figures, corruptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Smaller slices are not searched.
LEAST_CASES = 5
LEAST_GROUPS = 3
# The largest ones; a thousand concepts of ten cases each would hide what is found among each other.
MOST_SLICES = 600
# Slices that share this of the cases that either has are one slice.
ALIKE = 0.9
# Of parameters and figures of pictures, the shares of the cases with the lowest and the highest values: each at most
# 1.5 times the next, so that of any other share one of them has most. The first are searched always, the others from
# `_LEAST_TAIL` cases on.
_SHARES = tuple(1 / (base << step) for step in range(7) for base in (2, 3))
_ALWAYS = 3
_LEAST_TAIL = 20

Kind = Literal["tag", "concept", "parameter", "picture", "corruption"]
# What suites say, what is measured, and what is made. Measures have many slices each, which would hide a tag.
_FAMILIES: dict[Kind, int] = {"tag": 0, "concept": 0, "parameter": 1, "picture": 1, "corruption": 2}
# How the families share the level of a search: somebody thought of a tag.
_FAMILY_WEIGHTS = (2, 1, 1)


@dataclass(frozen=True)
class Candidate:
    """A slice to search.

    Attributes:
        kind, name: as in `StandoutSlice`.
        about: what slices of one kind are about, such as the name of a parameter: of these only the first is shown.
        members: whether it has each row, shape [n_rows].
        alike: the names of further slices with nearly the same rows.
    """

    kind: Kind
    name: str
    about: str
    members: NDArray[np.bool_]
    alike: tuple[str, ...] = ()

    @property
    def family(self) -> int:
        """The number of the family, within which it is corrected for the search."""
        return _FAMILIES[self.kind]


def slice_candidates(
    rows: Sequence[CaseRow],
    groups: NDArray[np.int64],
    units: Mapping[str, str],
    figures: Mapping[str, PictureFigures],
) -> list[Candidate]:
    """Return the slices of rows that are large enough to be searched, without those that are alike.

    Args:
        rows: of one model.
        groups: the number of the group of each row, shape [n_rows].
        units: parameter → its unit.
        figures: SHA-256 of a picture's file → its figures; pictures without are in no slice of them.
    """
    found = [each for each in _candidates(rows, units, figures) if _large(each.members, groups)]
    found = sorted(found, key=lambda each: -int(each.members.sum()))[:MOST_SLICES]
    # Of slices that are alike, what a suite says comes before what a picture measures.
    order = ("tag", "concept", "parameter", "corruption", "picture")
    return _distinct(sorted(found, key=lambda each: order.index(each.kind)))


def family_levels(candidates: Sequence[Candidate], level: float) -> dict[int, float]:
    """Return the part of the level of a search that each family of its slices has."""
    families = {each.family for each in candidates}
    total = sum(_FAMILY_WEIGHTS[family] for family in families)
    return {family: level * _FAMILY_WEIGHTS[family] / total for family in families}


def _large(members: NDArray[np.bool_], groups: NDArray[np.int64]) -> bool:
    size = int(members.sum())
    return LEAST_CASES <= size < len(members) and int((np.bincount(groups[members]) > 0).sum()) >= LEAST_GROUPS


def _candidates(
    rows: Sequence[CaseRow], units: Mapping[str, str], figures: Mapping[str, PictureFigures]
) -> Iterator[Candidate]:
    named: dict[tuple[Kind, str], list[int]] = {}
    parameters: dict[str, dict[int, float]] = {}
    measured: dict[int, PictureFigures] = {}
    for index, row in enumerate(rows):
        # Corrupted copies have the tags of their source; which pictures are hard, tier 1 says.
        if row.corruption:
            named.setdefault(("corruption", row.corruption), []).append(index)
            named.setdefault(("corruption", f"{row.corruption} at severity {row.severity}"), []).append(index)
            continue
        for tag in row.tags.split():
            named.setdefault(("tag", tag), []).append(index)
        named.setdefault(("concept", row.expected.replace("|", " or ")), []).append(index)
        for name, value in row.parameters.items():
            parameters.setdefault(name, {})[index] = value
        if known := figures.get(row.image_sha256):
            measured[index] = known
    for (kind, name), indices in named.items():
        yield Candidate(kind, name, name, _members(indices, len(rows)))
    for name, values in parameters.items():
        yield from _tails("parameter", name, [*values], np.array([*values.values()]), len(rows), units.get(name, ""))
    if measured:
        for name, column in zip(PictureFigures._fields, np.array([*measured.values()]).T, strict=True):
            yield from _tails("picture", name, [*measured], column, len(rows))


def _members(indices: Sequence[int] | NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    members = np.zeros(count, dtype=bool)
    members[indices] = True
    return members


def _tails(
    kind: Kind, name: str, indices: Sequence[int], values: NDArray[np.float64], count: int, unit: str = ""
) -> Iterator[Candidate]:
    """Yield the slices of the lowest and the highest values, as far as values differ.

    Args:
        kind, name: of the slices.
        indices: the rows that have a value.
        values: theirs.
        count: number of all rows.
        unit: of the values.
    """
    places, order = np.array(indices), np.sort(values)
    sizes = [round(len(order) * share) for share in _SHARES]
    sizes = [size for number, size in enumerate(sizes) if size >= (_LEAST_TAIL if number >= _ALWAYS else 1)]
    for sign, cuts in (("≤", order[np.array(sizes) - 1]), (">", order[-np.array(sizes) - 1])):
        for cut in dict.fromkeys(cuts.tolist()):
            if cut < order[-1]:
                shown = f"{cut:,.0f}" if abs(cut) >= 1_000 else f"{cut:.3g}"
                # The unit of a plain number is 1.
                shown += f" {unit}" if unit not in ("", "1") else ""
                inside = values <= cut if sign == "≤" else values > cut
                yield Candidate(kind, f"{name} {sign} {shown}", name, _members(places[inside], count))


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates, with those that are alike joined to the first of them."""
    if not candidates:
        return []
    table = np.stack([each.members for each in candidates]).astype(np.float32)
    shared, sizes = table @ table.T, table.sum(axis=1)
    like = shared >= ALIKE * (sizes[:, None] + sizes - shared)
    homes: dict[int, list[str]] = {}
    for index, candidate in enumerate(candidates):
        home = next((each for each in homes if like[index, each]), None)
        if home is None:
            homes[index] = []
        elif candidates[home].about != candidate.about:
            homes[home].append(candidate.name)
    return [replace(candidates[index], alike=tuple(names)) for index, names in homes.items()]
