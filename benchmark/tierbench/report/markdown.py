"""The summary of a run as Markdown, as a job's page shows it. Pure.

Texts from suites and models stand in code spans: there neither Markdown, nor HTML, nor an @mention is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tierbench.common.schema import BaselineComparison, CaseRow, PairedVerdict, Rows, Run, TierResult
from tierbench.common.text import one_line
from tierbench.report.markdown_file import MARK
from tierbench.runs.regression import verdict_sentence
from tierbench.scoring.leaderboard import pair_sentence, rank_models

# Cases that a table names; the report names all.
MOST_CASES = 40


def code(text: str, limit: int = 120) -> str:
    """Return a foreign text as a code span that also holds in a table's cell; nothing of an empty one."""
    shown = one_line(text, limit).strip()
    if not shown:
        return ""
    # A pipe would end the cell; inside a code span no backslash undoes that everywhere.
    shown = shown.replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table with an empty line behind it; nothing of no rows. The cells are Markdown."""
    if not rows:
        return []
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def run_markdown(run: Run, rows: Rows) -> str:
    """Return the summary of a run: levels, tiers, flips, verdicts, what was missed."""
    lines = [MARK, "## Robustness", ""]
    if not run.complete:
        lines += ["**The run stopped early**: what follows holds for the cases that ran.", ""]
    lines += [f"- {code(model.name)}: **{code(model.level_text)}**" for model in rank_models(run.models, run.tiers)]
    # A model's name holds nothing that Markdown reads: letters, digits, _, . and -.
    lines += [f"- {one_line(pair_sentence(pair), 400)}" for pair in run.pairs] + [""]
    head = ("suite", "tier", "model", "passed", "pass rate, 95 % interval", "mean score")
    lines += table(head, [_tier_cells(tier) for tier in run.tiers])
    for comparison in run.comparisons:
        lines += _comparison(comparison, [row for row in rows if row.model == comparison.model])
    missed = [row for row in rows if row.outcome in ("failed", "error") and run.comparison(row.model) is None]
    if missed:
        lines += ["### Missed", ""]
        cells = [(code(row.key), code(row.model), code(row.reason, 200)) for row in missed]
        lines += table(("case", "model", "why"), cells[:MOST_CASES]) + _more(len(missed))
    return "\n".join(lines).rstrip("\n") + "\n"


def _tier_cells(tier: TierResult) -> tuple[str, ...]:
    part = "" if tier.whole else f" (of {tier.size})"
    mark = {True: "", False: " ✗", None: " ?"}[tier.met]
    return (
        code(tier.suite),
        f"{tier.tier} {code(tier.name, 40)}".rstrip(),
        code(tier.model),
        f"{tier.passed}/{tier.total}{part}{mark}",
        f"{tier.rate:.2f} [{tier.low:.2f}, {tier.high:.2f}]",
        "" if tier.mean_score is None else f"{tier.mean_score:.3f}",
    )


def _comparison(comparison: BaselineComparison, rows: Rows) -> list[str]:
    counts = ", ".join(f"{getattr(comparison, kind)} {kind}" for kind in ("regressed", "fixed", "same", "new"))
    title = f"### {code(comparison.model)} against {code(comparison.baseline)}"
    lines = [title, "", f"Gate {code(comparison.gate)}: {counts}.", ""]
    changed = [row for kind in ("regressed", "fixed") for row in rows if row.change == kind]
    cells = [(str(row.change), code(row.key), _moved(row), code(row.predicted or "")) for row in changed]
    lines += table(("change", "case", "score", "seen as"), cells[:MOST_CASES]) + _more(len(cells))
    lines += [f"- {sentence(verdict)}" for verdict in comparison.verdicts]
    lines += [f"- made with different {code(difference, 200)}" for difference in comparison.differences]
    failed = [row for row in rows if row.outcome in ("failed", "error") and row.change != "regressed"]
    if failed:
        why = [(code(row.key), code(row.reason, 200)) for row in failed]
        lines += ["", *table(("other failures", "why"), why[:MOST_CASES]), *_more(len(why))]
    return [*lines, ""]


def sentence(verdict: PairedVerdict) -> str:
    """Return the verdict's sentence, the suite's name as code."""
    said = verdict_sentence(verdict).removeprefix(verdict.suite)
    return code(verdict.suite) + one_line(said, 400)


def _moved(row: CaseRow) -> str:
    return " → ".join("–" if value is None else f"{value:.3f}" for value in (row.baseline_score, row.score))


def _more(count: int) -> list[str]:
    return [f"… and {count - MOST_CASES} more.", ""] if count > MOST_CASES else []
