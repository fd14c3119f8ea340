"""Render a comparison as one HTML page: flips first, with picture, top 3 before and now, and change of score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tierbench.common.files import file_sha256, is_folder
from tierbench.corruptions.names import GEOMETRIES
from tierbench.report.comparison_text import counts, notes, score_move
from tierbench.report.html.templating import render
from tierbench.report.html.thumbnails import Picture, make_pictures
from tierbench.report.set_comparison_text import (
    MOST_FLIPS,
    comparison_title,
    counts_text,
    flip_text,
    verdict_sentences,
    whole_conclusion,
    whole_text,
)
from tierbench.runs.compare import CaseDiff, ComparisonGate, ScoreComparison
from tierbench.runs.provenance import GEOMETRY
from tierbench.runs.regression_text import verdict_sentence
from tierbench.runs.set_compare import SetComparison
from tierbench.suites import Case, Suite, read_suites
from tierbench.suites.derived import clean_id, derive_case

# With more pictures browsers open the page too slowly.
_MOST_PICTURES = 300


def pictured_cases(comparisons: Sequence[ScoreComparison], folders: Sequence[Path]) -> dict[str, Case]:
    """Find the flips whose judged image is in one of the folders of suites; return them by `suite/case`.

    A case whose image has changed since it was judged is left out.
    """
    here = [folder.absolute() for folder in folders if is_folder(folder)]
    flips = [(case, each.after.provenance.get(GEOMETRY, "")) for each in comparisons for case in flips_of([each])]
    if not here or not flips:
        return {}
    suites, _ = read_suites(here)
    known = {case.key: (suite, case) for suite in suites if suite.fetched for case in suite.cases}
    found = {}
    for case, geometry in flips:
        named = known.get(f"{case.suite}/{clean_id(case.case)}")
        if named is not None and _is(named[1].path, case):
            found[case.key] = _as_judged(*named, case.case, geometry if geometry in GEOMETRIES else GEOMETRIES[0])
    return found


def _as_judged(suite: Suite, clean: Case, name: str, geometry: str) -> Case:
    """Return the case of a suite, or the corrupted case that the name denotes."""
    corruption, _, severity = name.partition("+")[2].rpartition("-")
    return derive_case(suite, clean, corruption, int(severity), geometry) if severity.isdecimal() else clean


def _is(path: Path, case: CaseDiff) -> bool:
    try:
        return file_sha256(path) == case.image_sha256
    except OSError:
        return False


def flips_of(comparisons: Sequence[ScoreComparison]) -> list[CaseDiff]:
    """Return the regressed and fixed cases, whose pictures are shown."""
    return [case for each in comparisons for case in each.cases if case.change in ("regressed", "fixed")]


def comparison_page(
    comparisons: Sequence[ScoreComparison],
    gate: ComparisonGate,
    pictured: Mapping[str, Case],
    sets: Sequence[SetComparison] = (),
) -> str:
    """Return comparisons as an HTML page.

    Args:
        comparisons: one per model.
        gate: the gate that decides.
        pictured: the cases whose picture is shown, by `suite/case`.
        sets: one per data set and model.
    """
    made = make_pictures(list(pictured.items())[:_MOST_PICTURES])
    pictures: dict[str, Picture] = {picture.key: picture for picture in made}
    return render(
        "compare.html.jinja",
        title=whole_text(comparisons, sets, gate),
        overall=whole_conclusion(comparisons, sets, gate),
        sets=sets,
        most_flips=MOST_FLIPS,
        set_title=comparison_title,
        set_counts=counts_text,
        flip_text=flip_text,
        set_verdicts=verdict_sentences,
        comparisons=comparisons,
        pictures=pictures,
        counts=counts,
        notes=notes,
        score_move=score_move,
        verdict_sentence=verdict_sentence,
    )
