"""Accept the scores of a run as the baseline, either at its end or later from its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow, SetResult
from tierbench.common.text import listed, one_line, plural
from tierbench.runs.baseline import (
    baseline_path,
    case_ids,
    case_keys,
    read_baseline,
    stale_cases,
    update_baseline,
)
from tierbench.runs.missing import find_missing
from tierbench.runs.model_scores import run_scores
from tierbench.runs.record import SCORES, read_run

if TYPE_CHECKING:
    from tierbench.suites.case import Suite


def accept_rows(
    path: Path,
    model: str,
    rows: Sequence[CaseRow],
    provenance: Mapping[str, str],
    suites: Sequence[Suite],
    *,
    whole: bool,
) -> list[str]:
    """Write or update the baseline of a model; only the rows of the given cases change.

    A run of everything also removes the rows that a run with this baseline would report as missing.

    Args:
        path: the baseline file.
        model: name of the model.
        rows: the recorded rows of all models.
        provenance: what produced the scores.
        suites: all suites, to find the rows of cases that no longer exist.
        whole: whether nothing narrowed the run.

    Returns:
        Lines that report what was written.

    Raises:
        UserError: if no case was scored, or the baseline cannot be read or written.
    """
    own = [row for row in rows if row.model == model]
    scored = [row for row in own if row.score is not None]
    if not scored:
        raise UserError(
            f"baseline {shown_path(path)} is unchanged: no case of {model} was scored; select tests of cases or tiers"
        )
    gone: list[str] = []
    try:
        if whole and path.exists():
            # A case without a row is there, too: an error is no removal, and neither is a test that was left out.
            there = {case.key for suite in suites for case in suite.cases}
            there -= {row.key for row in own if row.outcome == "skipped"}
            gone = list(find_missing(model, case_keys(read_baseline(path)), suites, there, "").missing)
        update_baseline(path, scored, provenance, without=gone)
    except ValueError as error:
        raise UserError(f"baseline {shown_path(path)} is unchanged: {one_line(str(error))}") from error
    lines = [f"baseline {shown_path(path)}: {plural(len(scored), 'case')} accepted"]
    if gone:
        lines.append(f"  {plural(len(gone), 'case')} removed, which the run does not have: {listed(gone)}")
    if stale := stale_cases(read_baseline(path), case_ids(suites)):
        names = listed(f"{suite}/{case}" for suite, case in stale)
        lines.append(
            f"  {plural(len(stale), 'row')} of cases that no longer exist: {names}; "
            "`tierbench baseline prune` removes them"
        )
    return lines


def accept_sets(baseline: Path, folder: Path, sets: Iterable[SetResult]) -> list[str]:
    """Accept the results of a model on data sets; return a line for each.

    Args:
        baseline: the model's baseline file, beside which they stand.
        folder: of the run.
        sets: the results.

    Raises:
        UserError: if a file cannot be read or written.
    """
    lines = []
    for each in sets:
        # Imported here, because a run without sets does not need it.
        from tierbench.runs.set_baseline import accept_results
        from tierbench.runs.set_places import results_folder, set_file

        results = results_folder(folder, each.model, each.set)
        lines.append(accept_results(set_file(baseline, each.set), results, whole=each.complete))
    return lines


def accept_recorded(folder: Path, reports: Path, *, force: bool) -> list[str]:
    """Make a recorded run the baseline of its models; the rows of cases that it did not run are kept.

    Args:
        folder: folder of the run.
        reports: folder of runs and baselines.
        force: also accept a run that stopped early.

    Returns:
        One line per baseline that was written.

    Raises:
        UserError: if the run cannot be read or stopped early, or a baseline cannot be read or written.
    """
    record = read_run(folder)
    if not record.run.complete and not force:
        raise UserError(f"{shown_path(folder)}: the run is not complete; run again, or accept what it has with --force")
    scores = run_scores(record)
    if not scores and not record.run.sets:
        raise UserError(f"{shown_path(folder)}: no case was scored; there is nothing to accept")
    # What the run reported as missing is accepted as removed.
    gone = {result.model: result.missing for result in record.run.missing}
    paths = {model: baseline_path(reports, model) for model in scores}
    lines = []
    for model, each in scores.items():
        try:
            update_baseline(paths[model], each.rows, each.provenance, without=gone.get(model, ()))
        except ValueError as error:
            raise UserError(f"{shown_path(folder / SCORES)}: is damaged: {error}") from error
        lines.append(f"accepted {plural(len(each.rows), 'case')} of {model} into {shown_path(paths[model])}")
    for result in record.run.sets:
        lines += accept_sets(baseline_path(reports, result.model), folder, [result])
    return lines
