"""A comparison as one HTML file: flips first, with the picture, both top-3 and the score change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.history.compare import CaseDiff, Comparison, Gate, overall
from benchmark.history.comparison_text import counts, notes, outcome, score_move
from benchmark.history.render import render
from benchmark.report.pictures import Picture, make_pictures
from benchmark.suites import Case, Suite, read_suites
from benchmark.sweeps import derive_cases

# With more pictures than this the page would be one that no browser likes to open.
_MOST_PICTURES = 300


def find_pictures(cases: Sequence[CaseDiff], folders: Sequence[Path]) -> dict[str, Case]:
    """Find cases and their images among the suites of some folders, by `suite/case`.

    One whose image is another than the one that was judged is left out.
    """
    there = [folder.absolute() for folder in folders if folder.is_dir()]
    if not there or not cases:
        return {}
    suites, _ = read_suites(there)
    by_name = {suite.name: suite for suite in suites if suite.fetched}
    found = {case.key: _case(by_name[case.suite], case.case) for case in cases if case.suite in by_name}
    digests = {case.key: case for case in cases}
    return {key: case for key, case in found.items() if case is not None and _is(case.path, digests[key])}


def _case(suite: Suite, name: str) -> Case | None:
    """Find a case of a suite by its id; of one that a sweep derived, what derives it again."""
    corruption, _, severity = name.partition("+")[2].rpartition("-")
    cases = derive_cases(suite, [corruption], [int(severity)]) if severity.isdecimal() else suite.cases
    return next((case for case in cases if case.id == name), None)


def _is(path: Path, case: CaseDiff) -> bool:
    from hashlib import sha256

    try:
        return sha256(path.read_bytes()).hexdigest() == case.image_sha256
    except OSError:
        return False


def flips_of(comparisons: Sequence[Comparison]) -> list[CaseDiff]:
    """Give the cases whose picture is shown."""
    return [case for each in comparisons for case in each.cases if case.change in ("regressed", "fixed")]


def comparison_page(comparisons: Sequence[Comparison], gate: Gate, found: Mapping[str, Case]) -> str:
    """Give comparisons as an HTML page.

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
    )
