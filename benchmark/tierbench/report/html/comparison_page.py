"""A comparison as one HTML file: flips first, with the picture, both top-3 and the score change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.files import file_sha256
from tierbench.report.comparison_text import counts, notes, outcome, score_move
from tierbench.report.html.render import render
from tierbench.report.html.thumbnails import Picture, make_pictures
from tierbench.runs.compare import CaseDiff, ComparisonGate, ScoreComparison, overall
from tierbench.runs.regression import verdict_sentence
from tierbench.suites import Case, Suite, read_suites
from tierbench.suites.derived import clean_id, derive_case

# With more pictures than this the page would be one that no browser likes to open.
_MOST_PICTURES = 300


def find_pictures(cases: Sequence[CaseDiff], folders: Sequence[Path]) -> dict[str, Case]:
    """Find cases and their images among the suites of some folders, by `suite/case`.

    One whose image is another than the one that was judged is left out.
    """
    here = [folder.absolute() for folder in folders if folder.is_dir()]
    if not here or not cases:
        return {}
    suites, _ = read_suites(here)
    known = {case.key: (suite, case) for suite in suites if suite.fetched for case in suite.cases}
    found = {}
    for case in cases:
        named = known.get(f"{case.suite}/{clean_id(case.case)}")
        if named is not None and _is(named[1].path, case):
            found[case.key] = _as_judged(*named, case.case)
    return found


def _as_judged(suite: Suite, clean: Case, name: str) -> Case:
    """Return a case of a suite, or, where the name says so, what a sweep derived from it."""
    corruption, _, severity = name.partition("+")[2].rpartition("-")
    return derive_case(suite, clean, corruption, int(severity)) if severity.isdecimal() else clean


def _is(path: Path, case: CaseDiff) -> bool:
    try:
        return file_sha256(path) == case.image_sha256
    except OSError:
        return False


def flips_of(comparisons: Sequence[ScoreComparison]) -> list[CaseDiff]:
    """Return the cases whose picture is shown."""
    return [case for each in comparisons for case in each.cases if case.change in ("regressed", "fixed")]


def comparison_page(comparisons: Sequence[ScoreComparison], gate: ComparisonGate, found: Mapping[str, Case]) -> str:
    """Return comparisons as an HTML page.

    Args:
        comparisons: one a model.
        gate: which decides.
        found: the cases whose picture is shown, by `suite/case`.
    """
    made = make_pictures(list(found.items())[:_MOST_PICTURES])
    pictures: dict[str, Picture] = {picture.key: picture for picture in made}
    return render(
        "compare.html.jinja",
        title=outcome(comparisons, gate),
        overall=overall(comparisons, gate),
        comparisons=comparisons,
        pictures=pictures,
        counts=counts,
        notes=notes,
        score_move=score_move,
        verdict_sentence=verdict_sentence,
    )
