"""Build the view of the slices that hold more misses or regressions than chance. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.common.schema import Standouts, StandoutSlice
from tierbench.report.standouts_text import p_text, slice_title, standouts_sentence


@dataclass(frozen=True, slots=True)
class StandoutsView:
    """One search: its result, and the title, the slice and the p-value of each row."""

    result: Standouts
    title: str
    sentence: str
    rows: tuple[tuple[str, StandoutSlice, str], ...]


def standouts_views(results: Sequence[Standouts]) -> list[StandoutsView]:
    """Build the view of every search."""
    return [
        StandoutsView(
            result,
            title=result.of.capitalize(),
            sentence=_capitalised(standouts_sentence(result)) + ".",
            rows=tuple((slice_title(each), each, p_text(each.p).removeprefix("= ")) for each in result.found),
        )
        for result in results
    ]


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
