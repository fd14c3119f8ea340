"""Format the leaderboard of a run and the images on which its models differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tierbench.common.schema import CaseRow
from tierbench.common.text import one_line
from tierbench.scoring.leaderboard import ModelComparison, Standing

# Maximum number of images in the terminal; the report and scores.csv have all.
_MOST = 10


def leaderboard_lines(standings: Sequence[Standing]) -> list[str]:
    """Return one line per model, in the given order."""
    names = [f"{one_line(model.name)}:" for model in standings]
    levels = [one_line(model.level_text) for model in standings]
    width, level_width = (max((len(text) for text in texts), default=0) for texts in (names, levels))
    lines = []
    for model, name, level in zip(standings, names, levels, strict=True):
        shares = ", ".join(f"tier {tier} {passed}/{total}" for tier, (passed, total) in model.tiers.items())
        lines.append(f"{name:<{width}} {level:<{level_width}}  {shares}".rstrip())
    return lines


def model_comparison_lines(comparison: ModelComparison) -> list[str]:
    """Return a table of the images that some models pass and others miss."""
    if not comparison.differences:
        return ["the models pass and miss the same images"]
    table = [("", *(one_line(name, 30) for name in comparison.models))]
    table += [
        (one_line(case.key), *(_cell(case.rows[name]) for name in comparison.models))
        for case in comparison.differences[:_MOST]
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [f"where the models differ ({len(comparison.differences)} of {comparison.common} images)"]
    lines += ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in table]
    if len(comparison.differences) > _MOST:
        lines.append(f"  and {len(comparison.differences) - _MOST} more")
    return [line.rstrip() for line in lines]


def _cell(row: CaseRow) -> str:
    return f"{'✓' if row.passed else '✗'} {row.score:.3f}"
