"""Format the slices that hold more misses or regressions than chance, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from tierbench.common.schema import Standouts, StandoutSlice
from tierbench.common.text import aligned, one_line, plural

# As many as fit above the verdict; the report has all.
_MOST_LINES = 4
# Before the name of a slice; parameters are named with their values.
_KINDS = {"tag": "tag ", "concept": "concept ", "parameter": "", "picture": "picture: ", "corruption": ""}


def slice_title(found: StandoutSlice) -> str:
    """Return what a slice is: `tag night`, `distance_m > 40 m`, `picture: brightness ≤ 0.21`."""
    return f"{_KINDS[found.kind]}{found.name}"


def standouts_sentence(result: Standouts) -> str:
    """Return what the search found in a sentence, without the slices."""
    if not result.searched:
        return f"too few {result.of} to search for slices ({result.hits} in {plural(result.cases, 'case')})"
    if not result.found:
        return f"no slice holds more {result.of} than chance ({plural(result.searched, 'slice')} searched)"
    number = plural(len(result.found), "slice")
    verb = "holds" if len(result.found) == 1 else "hold"
    return f"{number} of {result.searched} {verb} more {result.of} than chance"


def chance_text(found: StandoutSlice) -> str:
    """Return `19 of 40, by chance 10.6, p = 0.022`."""
    return f"{found.hits} of {found.size}, by chance {found.expected:.1f}, p {p_text(found.p)}"


def p_text(p: float) -> str:
    """Return `= 0.022`, or `≤ 0.001` for the smallest that the search can give."""
    return "≤ 0.001" if p <= 0.001 else f"= {p:.3f}"


def standouts_lines(results: Sequence[Standouts], *, several_models: bool = False) -> list[str]:
    """Return the slices of each search for the terminal, after an empty line; nothing where nothing was searched."""
    lines = []
    for result in results:
        if not result.searched:
            continue
        model = f"{one_line(result.model)}: " if several_models else ""
        lines.append(f"{model}{standouts_sentence(result)}")
        cells = [(f"  {one_line(slice_title(each), 60)}", chance_text(each)) for each in result.found[:_MOST_LINES]]
        lines += aligned(cells) if cells else []
        if len(result.found) > _MOST_LINES:
            lines.append(f"  and {len(result.found) - _MOST_LINES} more")
    return ["", *lines] if lines else []
