"""Format the comment that a run leaves at a pull request or a merge request. Pure.

Nothing that comes from a suite or a model acts there: names and words that a code host could take for a mention, a
reference, a link or a command become code spans.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from tierbench.common.schema import BaselineComparison, CaseRow, LevelResult, Rows, Run, TierResult
from tierbench.common.text import MET_MARKS, one_line, plural
from tierbench.report.markdown import code, table
from tierbench.report.notices_text import missing_lines
from tierbench.report.set_text import set_sentence
from tierbench.runs.hard_limits import level_sentence
from tierbench.runs.regression_text import verdict_sentence
from tierbench.runs.run_verdict import verdict_of

# What GitHub accepts, in characters; GitLab accepts a million.
LONGEST = 65_536
# What is in the tables at most; the report has all. Even the worst names leave the comment below `LONGEST`.
MOST_FLIPS, _MOST_MISSES, _MOST_TIERS, _MOST_OTHERS = 6, 6, 30, 6

_NAME, _SHORT = 80, 40
# A word that no code host reads anything into: letters, a figure, or a sign. Neither `@name`, `#1`, `a/b`, `a.b`,
# `a_b`, a URL, HTML, nor what could be the hash of a commit.
_CORE = r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d{1,6}(?:[.,]\d{1,6})?%?|[→≤≥×±–%]"
_PLAIN = re.compile(rf"(?!\(?[0-9a-fA-F]{{7,}})\(?(?:{_CORE})[,;:.!?…]?\)?[,;:.!?…]?")


def marker(key: str) -> str:
    """Return the first line of the comment, by which it is found again."""
    return f"<!-- tierbench: {key} -->"


def prose(text: str, limit: int = 400) -> str:
    """Return a sentence as Markdown in which nothing acts: what is no plain word becomes a code span."""
    words = one_line(text, limit).split()
    parts = [" ".join(run) if plain else code(" ".join(run), 2 * limit) for plain, run in groupby(words, key=_is_plain)]
    return " ".join(parts)


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None


def comment_markdown(
    run: Run | None, rows: Rows = (), *, key: str = "tierbench", exit_code: int | None = None, link: str = ""
) -> str:
    """Return the comment: the verdict, tiers before and now, at most six flips, and the link to the report.

    Args:
        run: None: pytest ended without the record of a run.
        rows: the rows of the run.
        key: tells the comments of several jobs apart; letters, digits, `_`, `.` and `-`.
        exit_code: of pytest; None: not known.
        link: URL of the report or of the archive that has it; empty for none.
    """
    lines = [marker(key), f"### Robustness: `{key}`", "", f"**{prose(verdict_text(run, rows, exit_code))}**", ""]
    if run is not None:
        lines += _tier_table(run)
        lines += _bullets([f"{each.set}, {each.model}: {set_sentence(each)}" for each in run.sets])
        fallen = [level_sentence(each) for each in run.levels if each.fell]
        lines += _bullets(fallen + _regressed(run) + missing_lines(run, 5))
        lines += _flip_table(run, rows)
        lines += _miss_table(run, rows)
    return "\n".join([*lines, _footer(run, link)]) + "\n"


def verdict_text(run: Run | None, rows: Rows, exit_code: int | None) -> str:
    """Return the verdict of the run in one sentence, as plain text; how pytest ended where that says more."""
    if run is None:
        ended = "" if exit_code is None else f"; pytest ended with exit code {exit_code}"
        return f"Not judged: there is no record of a run{ended}. The log of the job says why."
    verdict = verdict_of(run, rows)
    usual = {"passed": (None, 0), "failed": (None, 1), "not judged": (None, 0)}[verdict.state]
    return verdict.sentence + ("" if exit_code in usual else f"; pytest ended with exit code {exit_code}")


def _tier_table(run: Run) -> list[str]:
    several = len(run.models) > 1
    limits = {(each.model, each.suite, each.tier): each for each in run.levels if each.before is not None}
    pairs = [(tier, limits.get((tier.model, tier.suite, tier.tier))) for tier in run.tiers]
    if len(pairs) > _MOST_TIERS:
        # What is worth a line first; the order is kept otherwise.
        pairs.sort(key=lambda pair: not _notable(*pair))
    cells = [
        (
            code(tier.suite, _SHORT),
            f"{tier.tier} {code(tier.name, _SHORT)}".rstrip(),
            *([code(tier.model, _SHORT)] if several else []),
            *_before_and_now(tier, limit),
        )
        for tier, limit in pairs[:_MOST_TIERS]
    ]
    head = ("suite", "tier", *(["model"] if several else []), "before", "now")
    return table(head, cells) + _more(len(pairs) - _MOST_TIERS, "tier")


def _notable(tier: TierResult, limit: LevelResult | None) -> bool:
    return tier.met is not True or (limit is not None and limit.before != limit.now)


def _before_and_now(tier: TierResult, limit: LevelResult | None) -> tuple[str, str]:
    now = f"{tier.passed}/{tier.total}{'' if tier.whole else f' (of {tier.size})'}"
    mark = MET_MARKS[tier.met]
    if limit is None or not limit.cases:
        return "–", f"{now}{mark}"
    before = f"{limit.before}/{limit.cases}"
    if (limit.now, limit.cases) == (tier.passed, tier.total):
        return before, f"{now}{mark}"
    # The baseline lacks cases of the run, or has others.
    return before, f"{limit.now}/{limit.cases} of the same, {now} in all{mark}"


def _regressed(run: Run) -> list[str]:
    verdicts = [verdict for each in run.comparisons for verdict in each.verdicts]
    verdicts += [verdict for each in run.references for verdict in each.verdicts]
    return [verdict_sentence(verdict) for verdict in verdicts if verdict.state == "regressed"]


def _bullets(texts: Sequence[str]) -> list[str]:
    """Return a list of plain texts."""
    if not texts:
        return []
    return [*(f"- {prose(text)}" for text in texts[:_MOST_OTHERS]), "", *_more(len(texts) - _MOST_OTHERS, "line")]


def _flip_table(run: Run, rows: Rows) -> list[str]:
    """Return the cases that changed against the baseline or the reference model, regressions first."""
    changed = [row for kind in ("regressed", "fixed") for row in rows if row.change == kind]
    flips = [(each, flip) for each in run.references for flip in each.flips]
    cells = [
        (
            _CHANGES[str(row.change)],
            code(row.key, _NAME),
            code(_either(row.expected), _SHORT),
            _moved(row.baseline_score, row.score),
            (f"{code(row.baseline_top[0][0], _SHORT)} → " if row.baseline_top else "")
            + code(row.predicted or "–", _SHORT),
            code(row.model, _SHORT),
        )
        for row in changed[:MOST_FLIPS]
    ]
    cells += [
        (
            f"only {code(each.model if flip.gain else each.reference, _SHORT)} passes",
            code(flip.key, _NAME),
            code(_either(flip.expected), _SHORT),
            _moved(flip.reference_score, flip.score),
            f"{code(flip.reference_predicted, _SHORT)} → {code(flip.predicted, _SHORT)}",
            code(each.model, _SHORT),
        )
        for each, flip in flips[: MOST_FLIPS - len(cells)]
    ]
    head = ("change", "case", "expected", "score", "seen as", "model")
    columns = len(head) if len(run.models) > 1 else len(head) - 1
    found = len(changed) + len(flips)
    return table(head[:columns], [row[:columns] for row in cells]) + _more(found - MOST_FLIPS, "flip")


_CHANGES = {"regressed": "✗ regressed", "fixed": "✓ fixed"}


def _miss_table(run: Run, rows: Rows) -> list[str]:
    """Return the cases that failed and are no flips: misses without a baseline, and errors."""
    missed = [row for row in rows if _failed(row) and row.change != "regressed"]
    several = len(run.models) > 1
    cells = [
        (code(row.key, _NAME), code(row.reason, 160), *([code(row.model, _SHORT)] if several else []))
        for row in missed[:_MOST_MISSES]
    ]
    head = ("failed", "why", *(["model"] if several else []))
    return table(head, cells) + _more(len(missed) - _MOST_MISSES, "failed case")


def _either(expected: str) -> str:
    """Return alternatives in words."""
    return expected.replace("|", " or ")


def _failed(row: CaseRow) -> bool:
    """Return whether a case failed as a test; steps of ladders and corrupted pictures are no tests of their own."""
    own = row.tier is not None or row.absent
    return row.outcome == "error" or (row.outcome == "failed" and own)


def _moved(before: float | None, now: float | None) -> str:
    return " → ".join("–" if value is None else f"{value:.3f}" for value in (before, now))


def _more(count: int, what: str) -> list[str]:
    return [f"… and {plural(count, f'more {what}')} in the report.", ""] if count > 0 else []


def _footer(run: Run | None, link: str) -> str:
    said: Iterable[str] = (
        # No code host shows pictures of an artifact in a comment, and all of them remove embedded ones.
        f"[Report with pictures](<{link}>): unpack it and open `report.html`" if link and run else "",
        f"[Files of the job](<{link}>)" if link and not run else "",
        f"commit {code(run.git_commit[:12])}" if run and run.git_commit else "",
        ", ".join(_against(run.comparisons)) if run else "",
    )
    return " · ".join(filter(None, said))


def _against(comparisons: Sequence[BaselineComparison]) -> list[str]:
    return [f"against {code(each.baseline, _NAME)}" for each in comparisons[:3]]
