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
# Where parameters and figures of pictures are split.
_QUANTILES = (0.25, 0.5, 0.75)

Kind = Literal["tag", "concept", "parameter", "picture", "corruption"]


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


def _large(members: NDArray[np.bool_], groups: NDArray[np.int64]) -> bool:
    size = int(members.sum())
    return LEAST_CASES <= size < len(members) and len(np.unique(groups[members])) >= LEAST_GROUPS


def _candidates(
    rows: Sequence[CaseRow], units: Mapping[str, str], figures: Mapping[str, PictureFigures]
) -> Iterator[Candidate]:
    named: dict[tuple[Kind, str], list[int]] = {}
    numbers: dict[tuple[Kind, str], NDArray[np.float64]] = {}

    def number(kind: Kind, name: str, index: int, value: float) -> None:
        if (kind, name) not in numbers:
            numbers[kind, name] = np.full(len(rows), np.nan)
        numbers[kind, name][index] = value

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
            number("parameter", name, index, value)
        if measured := figures.get(row.image_sha256):
            for name, value in zip(PictureFigures._fields, measured, strict=True):
                number("picture", name, index, value)
    for (kind, name), indices in named.items():
        members = np.zeros(len(rows), dtype=bool)
        members[indices] = True
        yield Candidate(kind, name, name, members)
    for (kind, name), values in numbers.items():
        yield from _splits(kind, name, values, units.get(name, "") if kind == "parameter" else "")


def _splits(kind: Kind, name: str, values: NDArray[np.float64], unit: str) -> Iterator[Candidate]:
    """Yield the slices of the lowest and highest quarter and half, as far as values differ."""
    known = values[~np.isnan(values)]
    for share, cut in zip(_QUANTILES, np.quantile(known, _QUANTILES, method="inverted_cdf").tolist(), strict=True):
        if cut == known.max():
            continue
        shown = f"{cut:,.0f}" if abs(cut) >= 1_000 else f"{cut:.3g}"
        # The unit of a plain number is 1.
        shown += f" {unit}" if unit not in ("", "1") else ""
        if share <= 0.5:
            yield Candidate(kind, f"{name} ≤ {shown}", name, values <= cut)
        if share >= 0.5:
            yield Candidate(kind, f"{name} > {shown}", name, values > cut)


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
        else:
            homes[home].append(candidate.name)
    return [replace(candidates[index], alike=tuple(names)) for index, names in homes.items()]
