"""The summary of a run as Markdown, as a job's page shows it. Pure.

Texts from suites and models stand in code spans: there neither Markdown, nor HTML, nor an @mention is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tierbench.common.text import one_line
from tierbench.report.markdown_file import MARK
from tierbench.runs.regression import PairedVerdict
from tierbench.scoring.leaderboard import Pair, rank_models

# Cases that a table names; the report names all.
MOST_CASES = 40


def code(text: str, limit: int = 120) -> str:
    """Give a foreign text as a code span that also holds in a table's cell; nothing of an empty one."""
    shown = one_line(text, limit).strip()
    if not shown:
        return ""
    # A pipe would end the cell; inside a code span no backslash undoes that everywhere.
    shown = shown.replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Give a table with an empty line behind it; nothing of no rows. The cells are Markdown."""
    if not rows:
        return []
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def run_markdown(content: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Sum up a run: level, tiers, flips, paired verdicts, misses.

    Args:
        content: what `run.json` holds.
        rows: the run's rows, as in `scores.csv`.
    """
    lines = [MARK, "## Robustness", ""]
    if not content["complete"]:
        lines += ["**The run stopped early**: what follows holds for the cases that ran.", ""]
    lines += [
        f"- {code(model.name)}: **{code(model.level_text)}**"
        for model in rank_models(content["models"], content["tiers"])
    ]
    # A model's name holds nothing that Markdown reads: letters, digits, _, . and -.
    lines += [f"- {one_line(Pair.from_dict(pair).sentence, 400)}" for pair in content.get("pairs", ())] + [""]
    head = ("suite", "tier", "model", "passed", "pass rate, 95 % interval", "mean score")
    lines += table(head, [_tier_cells(tier) for tier in content["tiers"]])
    compared = {comparison["model"] for comparison in content.get("comparisons", [])}
    for comparison in content.get("comparisons", []):
        lines += _comparison(comparison, [row for row in rows if row["model"] == comparison["model"]])
    missed = [row for row in rows if row["outcome"] in ("failed", "error") and row["model"] not in compared]
    if missed:
        lines += ["### Missed", ""]
        cells = [(_case(row), code(str(row["model"])), code(str(row.get("reason") or ""), 200)) for row in missed]
        lines += table(("case", "model", "why"), cells[:MOST_CASES]) + _more(len(missed))
    return "\n".join(lines).rstrip("\n") + "\n"


def _tier_cells(tier: Mapping[str, Any]) -> tuple[str, ...]:
    total = tier["total"]
    part = "" if total == tier["size"] else f" (of {tier['size']})"
    mark = {True: "", False: " ✗", None: " ?"}[tier["met"]]
    rate = tier["passed"] / total if total else 0.0
    return (
        code(tier["suite"]),
        f"{tier['tier']} {code(tier['name'], 40)}".rstrip(),
        code(tier["model"]),
        f"{tier['passed']}/{total}{part}{mark}",
        f"{rate:.2f} [{tier['low']:.2f}, {tier['high']:.2f}]",
        "" if tier["mean_score"] is None else f"{tier['mean_score']:.3f}",
    )


def _comparison(comparison: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    counts = ", ".join(f"{comparison[kind]} {kind}" for kind in ("regressed", "fixed", "same", "new"))
    title = f"### {code(comparison['model'])} against {code(comparison['baseline'])}"
    lines = [title, "", f"Gate {code(comparison['gate'])}: {counts}.", ""]
    changed = [row for kind in ("regressed", "fixed") for row in rows if row.get("change") == kind]
    cells = [(str(row["change"]), _case(row), _moved(row), code(str(row.get("predicted") or ""))) for row in changed]
    lines += table(("change", "case", "score", "seen as"), cells[:MOST_CASES]) + _more(len(cells))
    lines += [f"- {sentence(PairedVerdict.from_dict(verdict))}" for verdict in comparison["verdicts"]]
    lines += [f"- made otherwise: {code(difference, 200)}" for difference in comparison["differences"]]
    failed = [row for row in rows if row["outcome"] in ("failed", "error") and row.get("change") != "regressed"]
    if failed:
        why = [(_case(row), code(str(row.get("reason") or ""), 200)) for row in failed]
        lines += ["", *table(("other failures", "why"), why[:MOST_CASES]), *_more(len(why))]
    return [*lines, ""]


def sentence(verdict: PairedVerdict) -> str:
    """Give the verdict's sentence, the suite's name as code."""
    said = verdict.sentence.removeprefix(verdict.suite)
    return code(verdict.suite) + one_line(said, 400)


def _case(row: Mapping[str, Any]) -> str:
    return code(f"{row['suite']}/{row['case']}")


def _moved(row: Mapping[str, Any]) -> str:
    before, now = row.get("baseline_score"), row.get("score")
    return " → ".join("–" if value is None else f"{float(value):.3f}" for value in (before, now))


def _more(count: int) -> list[str]:
    return [f"… and {count - MOST_CASES} more.", ""] if count > MOST_CASES else []
