"""Format the summary of a run for the terminal: verdict, tiers, metrics, ladders, sweeps, levels, flips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.common.schema import (
    AbsenceResult,
    BaselineComparison,
    CaseRow,
    LadderResult,
    ModelEntry,
    Rows,
    Run,
    SliceResult,
    SweepSummary,
    TierResult,
)
from tierbench.common.text import MET_MARKS, aligned, duration, one_line, plural
from tierbench.report.leaderboard_text import leaderboard_lines, model_comparison_lines
from tierbench.report.metrics_text import metric_gate_lines, metric_lines
from tierbench.report.notices_text import issue_lines, missing_lines
from tierbench.report.reference_text import reference_lines
from tierbench.report.set_text import sets_lines
from tierbench.report.standouts_text import standouts_lines
from tierbench.runs.hard_limits import level_sentence
from tierbench.runs.run_verdict import verdict_of
from tierbench.scoring.absence import absence_sentence, is_false_alarm
from tierbench.scoring.ladders import concept_reaches, concept_sentence, ladder_sentence
from tierbench.scoring.leaderboard import compare_models, pair_sentence, rank_models
from tierbench.scoring.slices import geometry_sentence, sweep_sentence


def run_lines(run: Run, rows: Rows) -> list[str]:
    """Return the whole summary of a run: its verdict, then tiers, metrics, ladders, sweeps, levels, and flips."""
    several = len(run.models) > 1
    lines = [verdict_of(run, rows).sentence, ""]
    lines += tier_lines(run.tiers, several_models=several)
    lines += absence_lines(run.absences, rows, several_models=several)
    lines += metric_lines(run.tiers, several_models=several)
    lines += metric_gate_lines(run.metrics, several_models=several)
    lines += ladder_lines(run.ladders, several_models=several)
    lines += sweep_lines(run.slices, run.sweeps, several_models=several)
    lines += sets_lines(run.sets, several_models=several)
    lines += standouts_lines(run.standouts, several_models=several)
    if several:
        standings = rank_models(run.models, run.tiers)
        lines += ["", *leaderboard_lines(standings)]
        lines += [one_line(pair_sentence(pair), 700) for pair in run.pairs]
        if models := compare_models([model.name for model in standings], rows):
            lines += ["", *model_comparison_lines(models)]
    elif run.tiers or not run.sets:
        lines += ["", *model_lines(run.models)]
    for comparison in run.comparisons:
        own = [row for row in rows if row.model == comparison.model]
        lines += baseline_lines(comparison, own, several_models=several)
    for reference in run.references:
        lines += reference_lines(reference)
    lines += [f"{one_line(level_sentence(result), 300)} ✗" for result in run.levels if result.fell]
    return lines + missing_lines(run) + issue_lines(rows) + prediction_lines(run.models)


def prediction_lines(models: Iterable[ModelEntry]) -> list[str]:
    """Return how long the models took to predict, in one line; nothing where that was not recorded."""
    timed = [model for model in models if model.prediction_s is not None and model.pictures]
    if not timed:
        return []
    several = len(timed) > 1
    named = [
        f"{f'{one_line(model.name, 60)} ' if several else ''}{plural(model.pictures, 'picture')} "
        f"in {duration(model.prediction_s or 0.0)}"
        for model in timed
    ]
    return [f"prediction: {', '.join(named)}"]


_HEAD = ("suite", "tier", "passed", "pass rate [95 % interval]", "mean score", "worst case")


def tier_lines(tiers: Sequence[TierResult], *, several_models: bool = False) -> list[str]:
    """Return an aligned table with a line per tier; nothing without tiers."""
    if not tiers:
        return []
    rows = [(*(("model",) if several_models else ()), *_HEAD)]
    rows += [(*((tier.model,) if several_models else ()), *_cells(tier)) for tier in tiers]
    return aligned(rows)


def interval_text(result: TierResult) -> str:
    """Return `[0.51, 1.00]`, or `[no interval]` with too few groups."""
    if result.low is None or result.high is None:
        return "[no interval]"
    return f"[{result.low:.2f}, {result.high:.2f}]"


def _cells(tier: TierResult) -> tuple[str, ...]:
    part = "" if tier.whole else f" (of {tier.size})"
    errors = f", {tier.errors} err" if tier.errors else ""
    errors += f", {tier.unscored} unscored" if tier.unscored else ""
    groups = f" {plural(tier.groups, 'group')}" if tier.groups != tier.total else ""
    mark = MET_MARKS[tier.met]
    return (
        one_line(tier.suite),
        f"{tier.tier} {one_line(tier.name, 20)}".rstrip(),
        f"{tier.passed}/{tier.total}{part}{errors}{mark}",
        f"{tier.rate:.2f} {interval_text(tier)}{groups}",
        "" if tier.mean_score is None else f"{tier.mean_score:.3f}",
        "" if tier.worst_score is None else f"{one_line(tier.worst_case)} {tier.worst_score:.3f}",
    )


def absence_lines(absences: Iterable[AbsenceResult], rows: Rows, *, several_models: bool = False) -> list[str]:
    """Return a line with the false alarms of each suite, after an empty line; nothing without absence cases."""
    lines = []
    for result in absences:
        about = (result.suite, result.model)
        alarms = [row.case for row in rows if row.absent and (row.suite, row.model) == about and is_false_alarm(row)]
        model = f"{one_line(result.model)}: " if several_models else ""
        mark = MET_MARKS[result.met]
        lines.append(f"{model}{one_line(absence_sentence(result, alarms), 300)}{mark}")
    return ["", *lines] if lines else []


def ladder_lines(ladders: Sequence[LadderResult], *, several_models: bool = False) -> list[str]:
    """Return how far each ladder is seen, and each concept with several ladders, after an empty line."""
    rows = []
    for ladder in ladders:
        model = f":{one_line(ladder.model)}" if several_models else ""
        name = f"{one_line(ladder.suite)}/{one_line(ladder.ladder)}{model}"
        rows.append((name, one_line(ladder.parameter), ladder_sentence(ladder) + MET_MARKS[ladder.met]))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {parameter:<{widths[1]}}  {text}" for name, parameter, text in rows]
    for reach in concept_reaches(ladders):
        model = f":{one_line(reach.model)}" if several_models else ""
        lines.append(f"{one_line(reach.suite)}{model}  {one_line(reach.parameter)}  {concept_sentence(reach)}")
    return ["", *lines] if lines else []


def sweep_lines(
    slices: Sequence[SliceResult], sweeps: Iterable[SweepSummary], *, several_models: bool = False
) -> list[str]:
    """Return a table of pass rates by corruption and severity for each sweep, with its corruption errors."""
    lines: list[str] = []
    for sweep in sweeps:
        own = [result for result in slices if (result.suite, result.model) == (sweep.suite, sweep.model)]
        severities = sorted({result.severity for result in own})
        model = f" under {one_line(sweep.model)}" if several_models else ""
        lines += ["", f"pass rate of {one_line(sweep.suite)} tier 1{model}, clean {own[0].clean_rate:.2f}, by severity"]
        rates = {(result.corruption, result.severity): f"{result.rate:.2f}" for result in own}
        lines.append(f"{'':<18}" + "".join(f"{severity:>6}" for severity in severities))
        for name in dict.fromkeys(result.corruption for result in own):
            lines.append(f"{name:<18}" + "".join(f"{rates.get((name, severity), ''):>6}" for severity in severities))
        lines += [sweep_sentence(sweep), geometry_sentence(sweep)]
    return lines


def model_lines(models: Iterable[ModelEntry]) -> list[str]:
    """Return a line with the level of each model, best first."""
    ordered = sorted(models, key=lambda model: -(model.level if model.level is not None else -1))
    return [f"{one_line(model.name)}: {one_line(model.level_text)}" for model in ordered]


def baseline_lines(comparison: BaselineComparison, rows: Rows, *, several_models: bool = False) -> list[str]:
    """Return how a model compares with its baseline, naming the flips.

    Args:
        comparison: counts of changes, the gate, differences, paired verdicts.
        rows: the rows of the model.
        several_models: whether to name the model.
    """
    model = f"{one_line(comparison.model)} against " if several_models else "against "
    counts = ", ".join(f"{getattr(comparison, kind)} {kind}" for kind in ("regressed", "fixed", "same", "new"))
    lines = [f"{model}{comparison.baseline} (gate {comparison.gate}): {counts}"]
    lines += [f"  {one_line(comparison.accepted, 400)}"] if comparison.accepted else []
    lines += [f"  made with different {one_line(difference)}" for difference in comparison.differences]
    lines += [f"  {comparison.note}"] if comparison.note else []
    for kind in ("regressed", "fixed", "new"):
        changed = [row for row in rows if row.change == kind]
        lines += [f"  {kind} {_moved(row)}" for row in changed[:_MOST]]
        if len(changed) > _MOST:
            lines.append(f"  and {len(changed) - _MOST} more {kind}")
    shown = [
        verdict for verdict in comparison.verdicts if comparison.gate == "regression" or verdict.state == "regressed"
    ]
    if shown:
        # Imported here, because a run without a baseline does not need it.
        from tierbench.runs.regression_text import verdict_sentence

        lines += [f"  {one_line(verdict_sentence(verdict), 700)}" for verdict in shown]
    return lines


# Maximum number of flips of a kind in the terminal; the report has all.
_MOST = 10


def _moved(row: CaseRow) -> str:
    was = "" if row.baseline_score is None else f"{row.baseline_score:.3f} → "
    now = "" if row.score is None else f"{row.score:.3f}"
    return f"{one_line(row.suite)}/{one_line(row.case)}: {was}{now}"
