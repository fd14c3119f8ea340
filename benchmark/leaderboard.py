"""Several models beside each other as lines of text: the leaderboard, and the images on which they differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.text import one_line

Rows = Sequence[Mapping[str, Any]]
# Images that the terminal names; the report and scores.csv have all.
_MOST = 10


def leaderboard_lines(models: Rows, tiers: Rows) -> list[str]:
    """Give a line a model, best level first, then by the share of images that pass, then by name.

    Args:
        models: as in `run.json`: `name`, `level`, `level_text`.
        tiers: as in `run.json`; those of one number are added up over the suites.
    """
    counts = {str(model["name"]): _counts(str(model["name"]), tiers) for model in models}
    ordered = ranked(models, tiers)
    names = [f"{one_line(str(model['name']))}:" for model in ordered]
    levels = [one_line(str(model["level_text"])) for model in ordered]
    width, level_width = (max((len(text) for text in texts), default=0) for texts in (names, levels))
    lines = []
    for model, name, level in zip(ordered, names, levels, strict=True):
        shares = ", ".join(
            f"tier {tier} {passed}/{total}" for tier, (passed, total) in counts[str(model["name"])].items()
        )
        lines.append(f"{name:<{width}} {level:<{level_width}}  {shares}".rstrip())
    return lines


def ranked(models: Rows, tiers: Rows) -> list[Mapping[str, Any]]:
    """Give the models, best first; see `leaderboard_lines`."""
    return sorted(models, key=lambda model: _rank(model, _counts(str(model["name"]), tiers)))


def _counts(name: str, tiers: Rows) -> dict[int, tuple[int, int]]:
    counts: dict[int, tuple[int, int]] = {}
    for tier in sorted((tier for tier in tiers if tier["model"] == name), key=lambda tier: int(tier["tier"])):
        passed, total = counts.get(int(tier["tier"]), (0, 0))
        counts[int(tier["tier"])] = (passed + int(tier["passed"]), total + int(tier["total"]))
    return counts


def _rank(model: Mapping[str, Any], counts: Mapping[int, tuple[int, int]]) -> tuple[float, float, str]:
    total = sum(total for _, total in counts.values())
    share = sum(passed for passed, _ in counts.values()) / total if total else 0.0
    return (-1.0 * (-1 if model["level"] is None else model["level"]), -share, str(model["name"]))


def difference_lines(models: Sequence[str], rows: Rows) -> list[str]:
    """Give a table of the images that one model passes and another misses, the widest gap in score first.

    Args:
        models: names, in the order of the columns.
        rows: as in `scores.csv`; an image that not every model was asked about, or that erred, is left out, and so
            is what a sweep derived from the images.
    """
    cases: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("score") is not None and not row.get("corruption"):
            cases.setdefault(f"{row['suite']}/{row['case']}", {})[str(row["model"])] = row
    common = {key: by_model for key, by_model in cases.items() if len(by_model) == len(models)}
    differ = {key: found for key, found in common.items() if len({bool(row["passed"]) for row in found.values()}) > 1}
    if len(models) < 2 or not common:
        return []
    if not differ:
        return ["the models pass and miss the same images"]
    ordered = sorted(differ, key=lambda key: (-_gap(differ[key]), key))
    table = [("", *(one_line(name, 30) for name in models))]
    table += [(one_line(key), *(_cell(differ[key][name]) for name in models)) for key in ordered[:_MOST]]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [f"where the models differ ({len(differ)} of {len(common)} images)"]
    lines += ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in table]
    if len(ordered) > _MOST:
        lines.append(f"  and {len(ordered) - _MOST} more")
    return [line.rstrip() for line in lines]


def _gap(found: Mapping[str, Mapping[str, Any]]) -> float:
    scores = [float(row["score"]) for row in found.values()]
    return max(scores) - min(scores)


def _cell(row: Mapping[str, Any]) -> str:
    return f"{'✓' if row['passed'] else '✗'} {float(row['score']):.3f}"
