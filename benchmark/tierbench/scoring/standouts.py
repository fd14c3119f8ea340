"""Find the slices that hold more of a model's misses or regressions than chance, among all that its cases have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tierbench.common.picture_figures import PictureFigures
from tierbench.common.schema import CaseRow, Rows, Standouts, StandoutSlice
from tierbench.metrics.pass_rate import pass_rate_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tierbench.metrics.excess import SliceExcess
    from tierbench.scoring.slice_candidates import Candidate

Of = Literal["misses", "regressions"]

# With fewer hits, or cases, there is nothing to find.
LEAST_HITS = 3
LEAST_CASES = 20
# How often a run without such slices names any: shared by its models, searches and families of slices. Under the 5 %
# that are promised, so that 200 runs show it.
LEVEL = 0.03
# Of the level, if both are searched: regressions are news.
_SHARES: Mapping[Of, float] = {"misses": 0.25, "regressions": 0.75}
# The most slices that are shown.
_MOST_FOUND = 10
_UNJUDGED = ("error", "skipped", "unscored")

# SHA-256 of pictures' files → their figures, for those that are known.
FiguresOf = Callable[[Iterable[str]], Mapping[str, PictureFigures]]


def find_standouts(
    model: str, rows: Rows, units: Mapping[str, str], figures_of: FiguresOf, *, models: int = 1
) -> Iterator[Standouts]:
    """Yield where the misses of a model stand out, and its regressions if any case was compared with a baseline.

    Judged are the cases of tiers and the corrupted copies of a sweep. Tiers differ in difficulty by design, so hits are
    compared within suite and tier; those of a sweep within picture and severity. Without a hit, nothing is yielded, and
    with fewer than `LEAST_HITS` of `LEAST_CASES`, nothing is searched.

    Args:
        model: name of the model.
        rows: its rows.
        units: parameter → its unit.
        figures_of: returns the figures of pictures; called only for a search.
        models: number of models of the run, which share its `LEVEL`.
    """
    judged = [
        row
        for row in rows
        if not row.absent and (row.tier is not None or row.corruption) and row.outcome not in _UNJUDGED
    ]
    # Only what the baseline passed can regress.
    compared = [row for row in judged if row.change == "regressed" or (row.change == "same" and row.passed)]
    hits: dict[Of, tuple[Rows, list[bool]]] = {
        "misses": (judged, [not row.passed for row in judged]),
        "regressions": (compared, [row.change == "regressed" for row in compared]),
    }
    enough = [of for of, (own, are) in hits.items() if sum(are) >= LEAST_HITS and len(own) >= _least(sum(are))]
    for of, (own, are) in hits.items():
        if not any(are):
            continue
        searched, found = 0, tuple[StandoutSlice, ...]()
        if of in enough:
            figures = figures_of({row.image_sha256 for row in own})
            share = _SHARES[of] if len(enough) > 1 else 1.0
            searched, found = _search(own, are, units, figures, LEVEL * share / models)
        yield Standouts(model=model, of=of, hits=sum(are), cases=len(own), searched=searched, found=found)


def _least(hits: int) -> int:
    """Return the number of cases without which so many hits are not searched."""
    return max(LEAST_CASES, hits + 1)


def _search(
    rows: Rows, hits: Sequence[bool], units: Mapping[str, str], figures: Mapping[str, PictureFigures], level: float
) -> tuple[int, tuple[StandoutSlice, ...]]:
    """Return how many slices were compared, and those that stand out at a level."""
    # Imported here, because a run without misses does not need numpy.
    import numpy as np

    from tierbench.scoring.slice_candidates import family_levels, slice_candidates

    strata, groups = _numbered(map(_stratum, rows)), _numbered(map(_group, rows))
    candidates = slice_candidates(rows, _numbered((row.suite, row.group) for row in rows), units, figures)
    cases = _Cases(rows, np.array(hits), strata, groups, family_levels(candidates, level))
    excesses = cases.compare(candidates)
    p_values = [cases.p(candidate, excess) for candidate, excess in zip(candidates, excesses, strict=True)]
    able = [index for index, each in enumerate(excesses) if each.varies]
    shown: list[int] = []

    def rank(index: int) -> tuple[float, float, int]:
        # Of equal ones the smaller comes first, which says it more exactly.
        return p_values[index], -round(excesses[index].statistic, 3), excesses[index].size

    for index in sorted(able, key=rank):
        if p_values[index] > LEVEL or len(shown) == _MOST_FOUND:
            break
        if cases.adds(candidates[index], [candidates[each] for each in shown]):
            shown.append(index)
    return len(able), tuple(cases.described(candidates[index], excesses[index]) for index in shown)


def _stratum(row: CaseRow) -> object:
    return (row.suite, row.image_sha256, row.severity) if row.corruption else (row.suite, row.tier)


def _group(row: CaseRow) -> object:
    # Of a sweep, which corruption a picture got is what chance decides, at all severities alike.
    return (row.suite, row.image_sha256, row.corruption) if row.corruption else (row.suite, row.group)


def _numbered(values: Iterable[object]) -> NDArray[np.int64]:
    import numpy as np

    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


@dataclass(frozen=True)
class _Cases:
    """What is known of the rows.

    Attributes:
        rows: the rows.
        hits: whether each is a hit, shape [n_rows].
        strata, groups: theirs by number, shape [n_rows].
        levels: family of slices → its part of `LEVEL`.
    """

    rows: Rows
    hits: NDArray[np.bool_]
    strata: NDArray[np.int64]
    groups: NDArray[np.int64]
    levels: Mapping[int, float]

    def compare(self, candidates: Sequence[Candidate], among: NDArray[np.bool_] | None = None) -> list[SliceExcess]:
        """Return how the hits of slices compare with chance.

        Args:
            candidates: the slices.
            among: the rows that count, shape [n_rows]; None: all.
        """
        import numpy as np

        from tierbench.metrics.excess import DRAWS, slice_excesses

        if not candidates:
            return []
        rows = slice(None) if among is None else among
        members = np.stack([each.members[rows] for each in candidates], axis=1)
        return slice_excesses(
            self.hits[rows],
            self.strata[rows],
            self.groups[rows],
            members,
            families=np.array([each.family for each in candidates]),
            # So many that five may be as extreme as a slice that is named.
            draws=max(DRAWS, round(5 / min(self.levels.values())) - 1),
            levels=self.levels,
        )

    def adds(self, candidate: Candidate, shown: Sequence[Candidate]) -> bool:
        """Return whether a slice says more than those before it: it stands out by itself apart from their cases."""
        import numpy as np

        if any((each.kind, each.about) == (candidate.kind, candidate.about) for each in shown):
            return False
        if not shown:
            return True
        among = ~np.any([each.members for each in shown], axis=0)
        if not (candidate.members & among & self.hits).any():
            return False
        (alone,) = self.compare([candidate], among)
        return self.p(candidate, alone) <= LEVEL

    def p(self, candidate: Candidate, excess: SliceExcess) -> float:
        """Return the p-value of a slice that can be held against `LEVEL`."""
        # Rounded, so that a p-value at the level of its family is at `LEVEL`.
        return round(min(1.0, excess.p / self.levels[candidate.family] * LEVEL), 9)

    def described(self, candidate: Candidate, excess: SliceExcess) -> StandoutSlice:
        """Return a slice as it is recorded."""
        own = [self.rows[index] for index in candidate.members.nonzero()[0].tolist()]
        hits = self.hits[candidate.members].tolist()
        groups = [(row.suite, row.group) for row in own]
        low, high = pass_rate_interval(hits, groups) or (None, None)
        return StandoutSlice(
            kind=candidate.kind,
            name=candidate.name,
            hits=excess.hits,
            size=excess.size,
            groups=len(set(groups)),
            expected=round(excess.expected, 3),
            p=self.p(candidate, excess),
            low=low,
            high=high,
            alike=candidate.alike,
        )
