"""The summary of a run as lines of text: a table of the tiers, the level of each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tierbench.common.text import one_line, plural
from tierbench.report.leaderboard_text import contest_lines, leaderboard_lines
from tierbench.scoring.ladders import LadderResult
from tierbench.scoring.leaderboard import Pair, compare_models, rank_models
from tierbench.scoring.slices import SliceResult, SweepSummary


def run_lines(content: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give all that a run says at the terminal: tiers, ladders, sweeps, levels, the stand against the baseline.

    Args:
        content: what `run.json` holds.
        rows: the run's rows, as in `scores.csv`.
    """
    several = len(content["models"]) > 1
    lines = tier_lines(content["tiers"], several_models=several)
    lines += ladder_lines(content.get("ladders", []), several_models=several)
    lines += sweep_lines(content.get("slices", []), content.get("sweeps", []), several_models=several)
    if several:
        standings = rank_models(content["models"], content["tiers"])
        lines += ["", *leaderboard_lines(standings)]
        lines += [one_line(Pair.from_dict(pair).sentence, 400) for pair in content.get("pairs", [])]
        if contest := compare_models([model.name for model in standings], rows):
            lines += ["", *contest_lines(contest)]
    else:
        lines += ["", *model_lines(content["models"])]
    for comparison in content.get("comparisons", []):
        own = [row for row in rows if row["model"] == comparison["model"]]
        lines += comparison_lines(comparison, own, several_models=several)
    return lines


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
    groups = f" {plural(tier['groups'], 'group')}" if tier["groups"] != total else ""
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


def sweep_lines(
    slices: Sequence[Mapping[str, Any]], sweeps: Sequence[Mapping[str, Any]], *, several_models: bool = False
) -> list[str]:
    """Give each sweep as it stands in `run.json`: a table of pass rates, corruption by severity, and its figures."""
    lines: list[str] = []
    for values in sweeps:
        sweep = SweepSummary(**values)
        own = [
            SliceResult.from_dict(entry)
            for entry in slices
            if (entry["suite"], entry["model"]) == (sweep.suite, sweep.model)
        ]
        severities = sorted({result.severity for result in own})
        model = f" under {one_line(sweep.model)}" if several_models else ""
        lines += ["", f"pass rate of {one_line(sweep.suite)} tier 1{model}, clean {own[0].clean_rate:.2f}, by severity"]
        rates = {(result.corruption, result.severity): f"{result.rate:.2f}" for result in own}
        lines.append(f"{'':<18}" + "".join(f"{severity:>6}" for severity in severities))
        for name in dict.fromkeys(result.corruption for result in own):
            lines.append(f"{name:<18}" + "".join(f"{rates.get((name, severity), ''):>6}" for severity in severities))
        lines.append(sweep.sentence())
    return lines


def model_lines(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the level of each model as it stands in `run.json`, best first, a line each."""
    ordered = sorted(models, key=lambda model: -(model["level"] if model["level"] is not None else -1))
    return [f"{one_line(model['name'])}: {one_line(model['level_text'])}" for model in ordered]


def comparison_lines(
    comparison: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], *, several_models: bool = False
) -> list[str]:
    """Give how a run stands against a baseline (as in `run.json`), the flips by name.

    Args:
        comparison: counts of changes, the gate, differences, paired verdicts.
        rows: the model's rows, as in `scores.csv`.
        several_models: whether lines must tell the model.
    """
    model = f"{one_line(comparison['model'])} against " if several_models else "against "
    counts = ", ".join(f"{comparison[kind]} {kind}" for kind in ("regressed", "fixed", "same", "new"))
    lines = [f"{model}{comparison['baseline']} (gate {comparison['gate']}): {counts}"]
    lines += [f"  made otherwise: {one_line(difference)}" for difference in comparison["differences"]]
    for kind in ("regressed", "fixed", "new"):
        changed = [row for row in rows if row.get("change") == kind]
        lines += [f"  {kind} {_moved(row)}" for row in changed[:_MOST]]
        if len(changed) > _MOST:
            lines.append(f"  and {len(changed) - _MOST} more {kind}")
    lines += [
        f"  {one_line(verdict_sentence(verdict), 400)}"
        for verdict in comparison["verdicts"]
        if comparison["gate"] == "regression" or verdict["state"] == "regressed"
    ]
    return lines


# Flips that the terminal names; the report names all.
_MOST = 10


def _moved(row: Mapping[str, Any]) -> str:
    before = row.get("baseline_score")
    was = "" if before is None else f"{float(before):.3f} → "
    return f"{one_line(str(row['suite']))}/{one_line(str(row['case']))}: {was}{float(row['score']):.3f}"


def verdict_sentence(verdict: Mapping[str, Any]) -> str:
    """Give a paired verdict, as it stands in `run.json`, in words."""
    from tierbench.runs.regression import PairedVerdict

    return PairedVerdict.from_dict(verdict).sentence
