"""Format a comparison for the terminal, as Markdown, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tierbench.common.files import shown_path
from tierbench.common.text import listed, one_line, plural
from tierbench.report.markdown import MOST_CASES, code, sentence, table
from tierbench.report.markdown_file import MARK
from tierbench.runs.compare import CaseDiff, ComparisonGate, ScoreComparison, Top, overall
from tierbench.runs.model_scores import ModelScores
from tierbench.runs.regression_text import verdict_place, verdict_sentence
from tierbench.suites import Case

# Increase it when a change would break readers of the JSON.
SCHEMA = 1
_SHOWN = ("regressed", "fixed", "new", "missing")


def overall_text(comparisons: Sequence[ScoreComparison], gate: ComparisonGate) -> str:
    """Return the overall outcome in words, with the rule that decided it."""
    state = overall(comparisons, gate)
    rule = "the paired verdict decides" if gate == "regression" else "each flip decides"
    flips = sum(comparison.count("regressed") for comparison in comparisons)
    # Name the flips even where they do not decide.
    beside = f"; {plural(flips, 'case')} regressed anyway" if flips and state != "regressed" else ""
    # Name the tiers in question: the others may be cleared.
    places = [
        verdict_place(verdict)
        for comparison in comparisons
        for verdict in comparison.verdicts
        if verdict.state == state and not verdict.whole
    ]
    where = (
        f" in {listed(places, 4)}" if places and state in ("regressed", "not shown") and gate == "regression" else ""
    )
    return f"{state}{where} ({rule}{beside})"


def comparison_lines(comparison: ScoreComparison, pictured: Mapping[str, Case], most: int) -> list[str]:
    """Return the flips with the best labels before and now, then the verdicts.

    Args:
        comparison: the comparison of one model.
        pictured: the cases whose image is available, by `suite/case`.
        most: maximum number of changed cases to name.
    """
    before, after = comparison.before, comparison.after
    lines = [f"{_side(before)} → {_side(after)}", counts(comparison)]
    lines += [f"  {note}" for note in notes(comparison)]
    changed = [case for case in comparison.cases if case.change in ("regressed", "fixed")]
    for case in changed[:most]:
        lines += ["", *_case_lines(case, pictured.get(case.key))]
    if len(changed) > most:
        lines += ["", f"and {len(changed) - most} more; --html, --json and --markdown list all"]
    for change in ("new", "missing"):
        names = [case for case in comparison.cases if case.change == change]
        lines += ["", *(f"{change:<10}{one_line(case.key)}: {case.reason}" for case in names[:most])] if names else []
        lines += [f"{'':<10}and {len(names) - most} more {change}"] if len(names) > most else []
    lines += ["", *(one_line(verdict_sentence(verdict), 700) for verdict in comparison.verdicts)]
    return lines


def counts(comparison: ScoreComparison) -> str:
    """Return the number of cases of each kind of change."""
    kinds = ("regressed", "fixed", "same", "new", "missing")
    return ", ".join(f"{comparison.count(kind)} {kind}" for kind in kinds)


def notes(comparison: ScoreComparison) -> list[str]:
    """Return what a reader should know about before and after."""
    found = [
        f"{side.name} stopped early: only the cases that it ran are compared"
        for side in (comparison.before, comparison.after)
        if not side.complete
    ]
    found += [
        f"{side.name} has {plural(len(side.unmatched), 'model')} that the other lacks: {listed(side.unmatched)}"
        for side in (comparison.before, comparison.after)
        if side.unmatched
    ]
    if not comparison.grouped:
        found.append("baseline files have no groups: each case counts as independent")
    found += [comparison.note] if comparison.note else []
    return found + [f"made with different {one_line(difference)}" for difference in comparison.differences]


def _side(side: ModelScores) -> str:
    return f"{side.name} ({one_line(side.model, 50)})"


def _case_lines(case: CaseDiff, picture: Case | None) -> list[str]:
    tier = "" if case.tier is None else f" [tier {case.tier}]"
    head = f"{case.change:<10}{one_line(case.key)}{tier}: {score_move(case)}, expected {one_line(case.expected, 80)}"
    lines = [f"{head} ({case.reason})"]
    for word, top, predicted in (
        ("before", case.top_before, case.predicted_before),
        ("now", case.top_after, case.predicted_after),
    ):
        lines.append(f"{'':<10}{word:<8}{best_labels(top, predicted)}")
    return [*lines, f"{'':<10}picture {shown_path(picture.path)}"] if picture else lines


def score_move(case: CaseDiff) -> str:
    """Return the score before, the score now, and the difference."""
    before, after = ("–" if value is None else f"{value:.3f}" for value in (case.score_before, case.score_after))
    change = "" if case.drop is None else f" ({-case.drop:+.3f})"
    return f"{before} → {after}{change}"


def best_labels(top: Top, predicted: str) -> str:
    """Return the best labels with their probabilities; for a baseline, which has none, the prediction."""
    return ", ".join(f"{one_line(label, 60)} {p:.3f}" for label, p in top) or one_line(predicted, 60)


def comparison_markdown(comparisons: Sequence[ScoreComparison], gate: ComparisonGate) -> str:
    """Return comparisons as Markdown."""
    lines = [MARK, f"## Comparison: {overall_text(comparisons, gate)}", ""]
    for each in comparisons:
        titles = (f"{code(side.name)} ({code(side.model)})" for side in (each.before, each.after))
        lines += [f"### {' → '.join(titles)}", "", f"{counts(each)}.", ""]
        lines += [f"- {code(note, 300)}" for note in notes(each)] + [""]
        changed = [case for case in each.cases if case.change in _SHOWN]
        cells = [
            (
                case.change,
                code(case.key),
                score_move(case),
                code(best_labels(case.top_before, case.predicted_before)),
                code(best_labels(case.top_after, case.predicted_after)),
            )
            for case in changed
        ]
        lines += table(("change", "case", "score", "before", "now"), cells[:MOST_CASES])
        lines += [f"… and {len(cells) - MOST_CASES} more.", ""] if len(cells) > MOST_CASES else []
        lines += [f"- {sentence(verdict)}" for verdict in each.verdicts] + [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def comparison_json(comparisons: Sequence[ScoreComparison], gate: ComparisonGate) -> dict[str, Any]:
    """Return comparisons as plain values."""
    return {
        "schema": SCHEMA,
        "gate": gate,
        "outcome": overall(comparisons, gate),
        "regression": any(comparison.regressed(gate) for comparison in comparisons),
        "models": [
            {
                "before": {"name": each.before.name, "model": each.before.model, "complete": each.before.complete},
                "after": {"name": each.after.name, "model": each.after.model, "complete": each.after.complete},
                "regression": each.regressed(gate),
                "counts": {kind: each.count(kind) for kind in ("regressed", "fixed", "same", "new", "missing")},
                "differences": list(each.differences),
                "note": each.note,
                "verdicts": [asdict(verdict) | {"sentence": verdict_sentence(verdict)} for verdict in each.verdicts],
                "cases": [asdict(case) for case in each.cases],
            }
            for each in comparisons
        ],
    }
