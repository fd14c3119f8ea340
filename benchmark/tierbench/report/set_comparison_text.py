"""Format comparisons of results on data sets for the terminal, as Markdown, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tierbench.common.text import listed, one_line, plural
from tierbench.report.comparison_text import comparison_json, comparison_markdown, overall_text
from tierbench.report.markdown import code, sentence, table
from tierbench.runs.compare import CONCLUSIONS, ComparisonGate, Conclusion, ScoreComparison, overall
from tierbench.runs.regression_text import slices_sentence, verdict_sentence
from tierbench.runs.set_compare import PictureFlip, SetComparison

# Number of flips that are listed; the JSON has all.
MOST_FLIPS = 20


def set_comparison_lines(comparison: SetComparison) -> list[str]:
    """Return what changed on a data set: accuracies, flips, verdict."""
    lines = [comparison_title(comparison), f"  {counts_text(comparison)}"]
    lines += [f"  {one_line(note, 300)}" for note in comparison.notes]
    for flip in comparison.flips[:MOST_FLIPS]:
        lines.append(f"  {'won ' if flip.gain else 'lost'}  {flip_text(flip)}")
    more = len(comparison.flips) - MOST_FLIPS
    lines += [f"  and {plural(more, 'flip')} more; --json lists all"] if more > 0 else []
    return [*lines, *(f"  {text}" for text in verdict_sentences(comparison))]


def verdict_sentences(comparison: SetComparison) -> list[str]:
    """Return the verdict, and which slices it is about if the whole regressed."""
    said = [one_line(verdict_sentence(comparison.verdict), 700)]
    return said + [slices_sentence(comparison.slice_verdicts)] * bool(comparison.slice_verdicts)


def comparison_title(comparison: SetComparison) -> str:
    """Return the set, and the two results with their models."""
    sides = (f"{each.name} ({one_line(each.model, 50)})" for each in (comparison.before, comparison.after))
    return f"{one_line(comparison.after.set, 60)}: {' → '.join(sides)}"


def counts_text(comparison: SetComparison) -> str:
    """Return both accuracies on the pictures that both have, and the numbers of flips."""
    total = comparison.verdict.cases
    if not total:
        return "no picture with a prediction on both sides"
    before, now = comparison.correct_before / total, comparison.correct_now / total
    won = len(comparison.flips) - comparison.lost
    return f"accuracy {before:.4f} → {now:.4f} on {total:,} pictures, {comparison.lost:,} lost, {won:,} won"


def flip_text(flip: PictureFlip) -> str:
    """Return a picture that flipped, with what the models saw."""
    place = f" ({one_line(flip.slice, 40)})" if flip.slice else ""
    seen = f"saw {one_line(flip.before, 60)}, now {one_line(flip.now, 60)}"
    return f"{one_line(flip.id, 120)}{place}: expected {one_line(flip.label, 60)}, {seen}"


def whole_conclusion(
    comparisons: Sequence[ScoreComparison], sets: Sequence[SetComparison], gate: ComparisonGate
) -> Conclusion:
    """Return the conclusion of the gate about all cases and data sets: the worst one."""
    found = {each.conclusion(gate) for each in sets} | ({overall(comparisons, gate)} if comparisons else set())
    return next((conclusion for conclusion in CONCLUSIONS if conclusion in found), "nothing to judge")


def whole_text(comparisons: Sequence[ScoreComparison], sets: Sequence[SetComparison], gate: ComparisonGate) -> str:
    """Return the overall outcome in words, with the rule that decided it, and the data sets that it is about."""
    if not sets:
        return overall_text(comparisons, gate)
    state = whole_conclusion(comparisons, sets, gate)
    named = list(dict.fromkeys(each.after.set for each in sets if each.conclusion(gate) == state))
    about = f"data set{'s' * (len(named) > 1)} {listed(named, 4)}"
    if comparisons and overall(comparisons, gate) == state:
        return overall_text(comparisons, gate) + (f"; also {about}" if named else "")
    rule = "the paired verdict decides" if gate == "regression" else "each flip decides"
    return f"{state}: {about} ({rule})"


def any_regressed(comparisons: Sequence[ScoreComparison], sets: Sequence[SetComparison], gate: ComparisonGate) -> bool:
    """Return whether the gate finds a regression of cases or of a data set."""
    return any(each.regressed(gate) for each in comparisons) or any(each.regressed(gate) for each in sets)


def whole_json(
    comparisons: Sequence[ScoreComparison], sets: Sequence[SetComparison], gate: ComparisonGate
) -> dict[str, Any]:
    """Return all comparisons as plain values."""
    return {
        **comparison_json(comparisons, gate),
        "outcome": whole_conclusion(comparisons, sets, gate),
        "regression": any_regressed(comparisons, sets, gate),
        "sets": [
            {
                "set": each.after.set,
                "before": {"name": each.before.name, "model": each.before.model},
                "after": {"name": each.after.name, "model": each.after.model},
                "regression": each.regressed(gate),
                "pictures": each.verdict.cases,
                "correct": {"before": each.correct_before, "after": each.correct_now},
                "notes": list(each.notes),
                "verdict": asdict(each.verdict) | {"sentence": verdict_sentence(each.verdict)},
                "slices": {
                    verdict.slice: asdict(verdict) | {"sentence": verdict_sentence(verdict)}
                    for verdict in each.slice_verdicts
                },
                "flips": [asdict(flip) for flip in each.flips],
            }
            for each in sets
        ],
    }


def whole_markdown(comparisons: Sequence[ScoreComparison], sets: Sequence[SetComparison], gate: ComparisonGate) -> str:
    """Return all comparisons as Markdown."""
    text = comparison_markdown(comparisons, gate)
    if not sets:
        return text
    head, _, rest = text.partition("\n## Comparison: ")
    lines = [f"{head}\n## Comparison: {whole_text(comparisons, sets, gate)}", rest.partition("\n")[2]]
    for each in sets:
        lines += [f"### {code(comparison_title(each), 300)}", "", f"{counts_text(each)}.", ""]
        lines += [f"- {code(note, 300)}" for note in each.notes] + [""] * bool(each.notes)
        rows = [
            ("won" if flip.gain else "lost", *map(code, (flip.id, flip.slice, flip.label, flip.before, flip.now)))
            for flip in each.flips[:MOST_FLIPS]
        ]
        lines += table(("flip", "picture", "slice", "expected", "saw", "now"), rows)
        lines += [f"… and {len(each.flips) - MOST_FLIPS:,} more.", ""] if len(each.flips) > MOST_FLIPS else []
        lines.append(f"- {sentence(each.verdict)}")
        lines += [f"- {code(slices_sentence(each.slice_verdicts), 700)}"] * bool(each.slice_verdicts) + [""]
    return "\n".join(lines).rstrip("\n") + "\n"
