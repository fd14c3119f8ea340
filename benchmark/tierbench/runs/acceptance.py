"""Accept the scores of a run as the baseline, either at its end or later from its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import CaseRow, SetResult
from tierbench.common.text import listed, one_line, plural
from tierbench.runs.acceptance_history import acceptance
from tierbench.runs.baseline import (
    baseline_path,
    case_ids,
    case_keys,
    read_baseline,
    stale_cases,
    update_baseline,
)
from tierbench.runs.environment import person
from tierbench.runs.missing import find_missing
from tierbench.runs.model_scores import ModelScores, run_scores
from tierbench.runs.record import SCORES, RunRecord, read_run

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
    run: str = "",
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
        run: name of its folder, for the history of the baseline.

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
        accepted = acceptance(by=person(Path.cwd()), run=run)
        update_baseline(path, scored, provenance, without=gone, accepted=accepted)
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


def accept_recorded(
    folder: Path, reports: Path, *, force: bool, model: str = "", by: str = "", note: str = ""
) -> list[str]:
    """Make a recorded run the baseline of its models; the rows of cases that it did not run are kept.

    Args:
        folder: folder of the run.
        reports: folder of runs and baselines.
        force: also accept a run that stopped early.
        model: name of the only model to accept; empty for all.
        by: who accepts; empty: the name that git knows.
        note: why.

    Returns:
        One line per baseline that was written.

    Raises:
        UserError: if the run cannot be read, stopped early or lacks the model, or a baseline cannot be read or written.
    """
    record, scores = recorded_scores(folder, model, force=force)
    sets = [result for result in record.run.sets if model in ("", result.model)]
    if not scores and not sets:
        raise UserError(f"{shown_path(folder)}: no case was scored; there is nothing to accept")
    accepted = acceptance(by=by or person(Path.cwd()), run=folder.resolve().name, note=note)
    # What the run reported as missing is accepted as removed.
    gone = {result.model: result.missing for result in record.run.missing}
    paths = {name: baseline_path(reports, name) for name in scores}
    lines = []
    for name, each in scores.items():
        try:
            update_baseline(paths[name], each.rows, each.provenance, without=gone.get(name, ()), accepted=accepted)
        except ValueError as error:
            raise UserError(f"{shown_path(folder / SCORES)}: is damaged: {error}") from error
        lines.append(f"accepted {plural(len(each.rows), 'case')} of {name} into {shown_path(paths[name])}")
    for result in sets:
        lines += accept_sets(baseline_path(reports, result.model), folder, [result])
    return lines


def recorded_scores(folder: Path, model: str, *, force: bool) -> tuple[RunRecord, dict[str, ModelScores]]:
    """Read the record of a run and the scores of a model in it, or of all, by name.

    Raises:
        UserError: if the run cannot be read, lacks the model, or stopped early and `force` is not set.
    """
    record = read_run(folder)
    if not record.run.complete and not force:
        raise UserError(f"{shown_path(folder)}: the run is not complete; run again, or accept what it has with --force")
    scores = run_scores(record)
    known = dict.fromkeys([*scores, *(entry.name for entry in record.run.models)])
    if model and model not in known:
        raise UserError(f"--model {one_line(model)!r}: {shown_path(folder)} has no such model; it has {listed(known)}")
    return record, {name: each for name, each in scores.items() if model in ("", name)}
