"""The summary of a run as lines of text: a table of the tiers, the level of each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.ladders import LadderResult
from benchmark.text import one_line

_HEAD = ("suite", "tier", "passed", "pass rate [95 % interval]", "mean score", "worst case")


def tier_lines(tiers: Sequence[Mapping[str, Any]], *, several_models: bool = False) -> list[str]:
    """Give a table of tiers as they stand in `run.json`, aligned, a line each, the heading first; nothing of none."""
    if not tiers:
        return []
    rows = [(*(("model",) if several_models else ()), *_HEAD)]
    rows += [(*((tier["model"],) if several_models else ()), *_cells(tier)) for tier in tiers]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(tier: Mapping[str, Any]) -> tuple[str, ...]:
    total, size = tier["total"], tier["size"]
    rate = tier["passed"] / total if total else 0.0
    part = "" if total == size else f" (of {size})"
    errors = f", {tier['errors']} err" if tier["errors"] else ""
    groups = f" {tier['groups']} groups" if tier["groups"] != total else ""
    mark = {True: "", False: " ✗", None: " ?"}[tier["met"]]
    return (
        one_line(tier["suite"]),
        f"{tier['tier']} {one_line(tier['name'], 20)}".rstrip(),
        f"{tier['passed']}/{total}{part}{errors}{mark}",
        f"{rate:.2f} [{tier['low']:.2f}, {tier['high']:.2f}]{groups}",
        "" if tier["mean_score"] is None else f"{tier['mean_score']:.3f}",
        "" if tier["worst_score"] is None else f"{one_line(tier['worst_case'])} {tier['worst_score']:.3f}",
    )


def ladder_lines(ladders: Sequence[Mapping[str, Any]], *, several_models: bool = False) -> list[str]:
    """Give each ladder as it stands in `run.json` with its breaking point, a line each, an empty one first."""
    rows = []
    for values in ladders:
        ladder = LadderResult.from_dict(values)
        model = f":{one_line(ladder.model)}" if several_models else ""
        name = f"{one_line(ladder.suite)}/{one_line(ladder.ladder)}{model}"
        rows.append((name, one_line(ladder.parameter), ladder.sentence() + ("" if ladder.met else " ✗")))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {parameter:<{widths[1]}}  {said}" for name, parameter, said in rows]
    return ["", *lines] if lines else []


def model_lines(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the level of each model as it stands in `run.json`, best first, a line each."""
    ordered = sorted(models, key=lambda model: -(model["level"] if model["level"] is not None else -1))
    return [f"{one_line(model['name'])}: {one_line(model['level_text'])}" for model in ordered]
