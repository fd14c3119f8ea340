"""Find the cases and data sets of a baseline that an unfiltered run lacks, and decide about them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tierbench.common.schema import MissingResult
from tierbench.common.text import listed, one_line, plural
from tierbench.runs.decision import PASS, Decision
from tierbench.suites.case import Suite
from tierbench.suites.derived import clean_id

_FIX = "restore them, or accept their removal with --robust-update-baseline"


def find_missing(
    model: str, accepted: Iterable[tuple[str, str]], suites: Sequence[Suite], ran: Collection[str], narrowed_by: str
) -> MissingResult:
    """Compare the cases of a baseline with those of a run.

    A corrupted copy is there as long as its picture is: sweeps are no part of every run.

    Args:
        model: name of the model.
        accepted: suite and case of each row of the baseline.
        suites: every suite that was read, fetched or not.
        ran: `suite/case` of each case that the run judges.
        narrowed_by: what left cases out on purpose, such as `-k`; then nothing is missing.
    """
    names = sorted({(suite, clean_id(case)) for suite, case in accepted})
    not_fetched = {suite.name for suite in suites if not suite.fetched}
    missing = [f"{suite}/{case}" for suite, case in names if suite not in not_fetched]
    return MissingResult(
        model=model,
        cases=len(names),
        missing=() if narrowed_by else tuple(name for name in missing if name not in ran),
        not_fetched=() if narrowed_by else tuple(sorted({suite for suite, _ in names} & not_fetched)),
        narrowed_by=narrowed_by,
    )


def decide_missing(result: MissingResult, choice: str) -> Decision:
    """Decide about the cases that a run lacks.

    Args:
        result: what it lacks.
        choice: `fail`, `report`, or empty: missing cases fail, suites that were never fetched and data sets that are no
            longer named are only reported.
    """
    if result.narrowed_by:
        return Decision("skip", f"missing cases are judged in an unfiltered run; {result.narrowed_by} narrows this one")
    sentences = missing_sentences(result, limit=20)
    if not sentences:
        return PASS
    message = "; ".join(sentences)
    if choice == "report":
        return Decision("xfail", f"reported only: {message}")
    return Decision("fail", message) if result.missing or choice == "fail" else PASS


def missing_sentences(result: MissingResult, limit: int) -> list[str]:
    """Return `model: 2 cases of the baseline were not run: cars/a, …`, one for suites not fetched, one for data sets.

    Args:
        result: what a run lacks.
        limit: number of names.
    """
    sentences = []
    if result.missing:
        were = "was" if len(result.missing) == 1 else "were"
        sentences.append(
            f"{one_line(result.model)}: {plural(len(result.missing), 'case')} of the baseline {were} not run: "
            f"{listed(result.missing, limit)}; {_FIX}"
        )
    if result.not_fetched:
        suites = "suite" if len(result.not_fetched) == 1 else "suites"
        sentences.append(
            f"{one_line(result.model)}: {suites} of the baseline not fetched, and not run: "
            f"{listed(result.not_fetched, limit)}; fetch with `tierbench fetch`"
        )
    if result.sets:
        sets = "data set" if len(result.sets) == 1 else "data sets"
        sentences.append(
            f"{one_line(result.model)}: {sets} of the baseline not named, and not run: {listed(result.sets, limit)}; "
            "name them in robust_datasets, or delete their accepted results"
        )
    return sentences
