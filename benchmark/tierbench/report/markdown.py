"""Format the summary of a run as Markdown, for the summary page of a CI job. Pure.

Text from suites and models goes into code spans, where Markdown, HTML and @mentions have no effect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tierbench.common.schema import (
    AbsenceResult,
    BaselineComparison,
    CaseRow,
    LevelResult,
    PairedVerdict,
    ReferenceComparison,
    Rows,
    Run,
    TierResult,
)
from tierbench.common.text import MET_MARKS, one_line
from tierbench.report.markdown_file import MARK
from tierbench.report.metrics_text import calibration
from tierbench.report.notices_text import issue_lines, missing_lines
from tierbench.report.reference_text import counted, left_out
from tierbench.report.set_text import set_details, set_sentence
from tierbench.report.standouts_text import chance_text, slice_title, standouts_sentence
from tierbench.report.summary_text import interval_text
from tierbench.runs.hard_limits import level_sentence
from tierbench.runs.regression_text import verdict_sentence
from tierbench.runs.run_verdict import verdict_of
from tierbench.scoring.ladders import ladder_sentence
from tierbench.scoring.leaderboard import pair_sentence, rank_models

# Maximum number of cases in a table; the report has all.
MOST_CASES = 40


def code(text: str, limit: int = 120) -> str:
    """Return untrusted text as a code span that is also safe in a table cell; empty for empty text."""
    shown = one_line(text, limit).strip()
    if not shown:
        return ""
    # A pipe would end the cell, and not every renderer accepts an escaped one in a code span.
    shown = shown.replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table followed by an empty line; nothing without rows. The cells are Markdown."""
    if not rows:
        return []
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


_TIER_HEAD = ("suite", "tier", "model", "passed", "pass rate, 95 % interval", "mean score", "calibration")
_ABSENCE_HEAD = ("suite", "model", "false alarms", "rate, 95 % interval", "allowed")


def run_markdown(run: Run, rows: Rows) -> str:
    """Return the summary of a run: verdict, commit, levels and breaking points, then what changed or was missed.

    What is as it was accepted is left out.
    """
    lines = [MARK, "## Robustness", "", f"**{spoken(verdict_of(run, rows).sentence)}**", ""]
    lines += [f"- commit {code(run.git_commit[:12])}"] if run.git_commit else []
    lines += [f"- {code(model.name)}: **{code(model.level_text)}**" for model in rank_models(run.models, run.tiers)]
    lines += _breaking_points(run)
    # The name of a model needs no code span: it consists of letters, digits, _, . and -.
    lines += [f"- {one_line(pair_sentence(pair), 700)}" for pair in run.pairs] + [""]
    lines += table(_TIER_HEAD, [_tier_cells(tier) for tier in run.tiers if not _is_as_accepted(tier, run)])
    lines += table(_ABSENCE_HEAD, [_absence_cells(absence) for absence in run.absences])
    for result in run.sets:
        title = f"{code(result.set)} under {code(result.model)}: {set_sentence(result)}"
        lines += [title, "", *(f"- **Warning**: {code(text, 700)}" for text in result.warnings)]
        lines += [*(f"- {code(text, 700)}" for text in set_details(result, run.sets)), ""]
    if fallen := [f"- ✗ {_fall(result)}" for result in run.levels if result.fell]:
        lines += [*fallen, ""]
    notices = [code(line, 2000) for line in missing_lines(run, MOST_CASES)] + issue_lines(rows, code)
    if notices:
        lines += [*(f"- {notice}" for notice in notices), ""]
    for comparison in run.comparisons:
        lines += _against_baseline(comparison, [row for row in rows if row.model == comparison.model])
    for reference in run.references:
        lines += _against_reference(reference)
    lines += _standing_out(run)
    missed = [row for row in rows if row.outcome in ("failed", "error") and run.comparison(row.model) is None]
    if missed:
        lines += ["### Missed", ""]
        cells = [(code(row.key), code(row.model), code(row.reason, 200)) for row in missed]
        lines += table(("case", "model", "why"), cells[:MOST_CASES]) + _more(len(missed))
    return "\n".join(lines).rstrip("\n") + "\n"


# Words in which nothing is Markdown, HTML, a link, or a mention.
_PLAIN_WORD = re.compile(r"(?!www\.)[(]?[\w.:,;%→≥≤+–-]+[)]?[,.;:]*", re.ASCII)


def spoken(sentence: str, limit: int = 1000) -> str:
    """Return a sentence as text in which each word that Markdown could read as anything else is a code span."""
    words = one_line(sentence, limit).split()
    return " ".join(word if _PLAIN_WORD.fullmatch(word) and "_" not in word else code(word, limit) for word in words)


def _is_as_accepted(tier: TierResult, run: Run) -> bool:
    """Return whether as many cases of a tier pass as in the baseline."""
    same = (tier.model, tier.suite, tier.tier)
    limits = (each for each in run.levels if (each.model, each.suite, each.tier) == same)
    return any(each.before == each.now and each.cases == tier.total for each in limits)


def _breaking_points(run: Run) -> list[str]:
    """Return how far each ladder is seen, without those that are seen as far as in the baseline."""
    several = len(run.models) > 1
    moved = [each for each in run.ladders if not each.baseline_shares or each.shares != each.baseline_shares]
    lines = []
    for ladder in moved[:MOST_CASES]:
        name = f"{ladder.suite}/{ladder.ladder}" + (f":{ladder.model}" if several else "")
        before = ladder.baseline_half_point
        was = "" if before is None else f", {code(f'{before:.3g} {ladder.unit}'.strip(), 40)} in the baseline"
        # Without where the first miss is: the breaking point is the 50 % point.
        lines.append(f"- {code(name)}: {code(ladder_sentence(ladder).partition(';')[0])}{was}{MET_MARKS[ladder.met]}")
    return lines


def _tier_cells(tier: TierResult) -> tuple[str, ...]:
    part = "" if tier.whole else f" (of {tier.size})"
    mark = MET_MARKS[tier.met]
    return (
        code(tier.suite),
        f"{tier.tier} {code(tier.name, 40)}".rstrip(),
        code(tier.model),
        f"{tier.passed}/{tier.total}{part}{mark}",
        f"{tier.rate:.2f} {interval_text(tier)}",
        "" if tier.mean_score is None else f"{tier.mean_score:.3f}",
        ", ".join(f"{name} {text}" for name, text in calibration(tier)),
    )


def _fall(result: LevelResult) -> str:
    return code(result.suite) + one_line(level_sentence(result).removeprefix(result.suite), 300)


def _absence_cells(absence: AbsenceResult) -> tuple[str, ...]:
    part = "" if absence.cases == absence.size else f" (of {absence.size})"
    mark = MET_MARKS[absence.met]
    return (
        code(absence.suite),
        code(absence.model),
        f"{absence.false_alarms}/{absence.cases}{part}{mark}",
        f"{absence.rate:.2f} [{absence.low:.2f}, {absence.high:.2f}]",
        f"{absence.max_false_alarms:.2f}",
    )


def _against_baseline(comparison: BaselineComparison, rows: Rows) -> list[str]:
    moved = [f"{count} {kind}" for kind in ("regressed", "fixed", "new") if (count := getattr(comparison, kind))]
    title = f"### {code(comparison.model)} against {code(comparison.baseline)}"
    lines = [title, "", f"Gate {code(comparison.gate)}: {', '.join(moved) or 'no case changed'}.", ""]
    changed = [row for kind in ("regressed", "fixed") for row in rows if row.change == kind]
    cells = [(str(row.change), code(row.key), _moved(row), code(row.predicted or "")) for row in changed]
    lines += table(("change", "case", "score", "seen as"), cells[:MOST_CASES]) + _more(len(cells))
    lines += [f"- {sentence(verdict)}" for verdict in comparison.verdicts if verdict.state != "unchanged"]
    lines += [f"- made with different {code(difference, 200)}" for difference in comparison.differences]
    lines += [f"- {comparison.note}"] if comparison.note else []
    lines += [f"- the baseline: {code(comparison.accepted, 400)}"] if comparison.accepted else []
    failed = [row for row in rows if row.outcome in ("failed", "error") and row.change != "regressed"]
    if failed:
        why = [(code(row.key), code(row.reason, 200)) for row in failed]
        lines += ["", *table(("other failures", "why"), why[:MOST_CASES]), *_more(len(why))]
    return [*lines, ""]


def _standing_out(run: Run) -> list[str]:
    lines: list[str] = []
    for result in run.standouts:
        if not result.searched:
            continue
        model = f"{code(result.model)}: " if len(run.models) > 1 else ""
        lines += [f"{model}{standouts_sentence(result)}.", ""]
        cells = [(code(slice_title(each)), chance_text(each)) for each in result.found]
        lines += table(("slice", result.of), cells)
    return ["### Slices that stand out", "", *lines] if lines else []


def _against_reference(comparison: ReferenceComparison) -> list[str]:
    title = f"### {code(comparison.model)} against the reference model {code(comparison.reference)}"
    said = counted(comparison)
    lines = [title, "", f"{said[0].upper()}{said[1:]}.", ""]
    cells = [
        (
            code(comparison.model if flip.gain else comparison.reference),
            code(flip.key),
            f"{flip.reference_score:.3f} → {flip.score:.3f}",
            code(flip.reference_predicted),
            code(flip.predicted),
        )
        for flip in comparison.flips
    ]
    seen = [f"{code(name)} saw" for name in (comparison.reference, comparison.model)]
    lines += table(("only passed by", "case", "score", *seen), cells[:MOST_CASES]) + _more(len(cells))
    lines += [f"- {sentence(verdict)}" for verdict in comparison.verdicts]
    return [*lines, *(f"- {code(note, 700)}" for note in left_out(comparison)), ""]


def sentence(verdict: PairedVerdict) -> str:
    """Return the sentence of a verdict, with the names of suite and groups as code."""
    said = verdict_sentence(verdict, named=lambda names: ", ".join(code(name, 60) for name in names))
    return code(verdict.suite) + one_line(said.removeprefix(verdict.suite), 600)


def _moved(row: CaseRow) -> str:
    return " → ".join("–" if value is None else f"{value:.3f}" for value in (row.baseline_score, row.score))


def _more(count: int) -> list[str]:
    return [f"… and {count - MOST_CASES} more.", ""] if count > MOST_CASES else []
