"""Read the scores of one model at one time, from a recorded run or from a baseline file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import is_regular, shown_path
from tierbench.common.schema import CaseRow
from tierbench.common.text import listed, one_line
from tierbench.runs.baseline import read_baseline
from tierbench.runs.find import run_folder
from tierbench.runs.provenance import provenance
from tierbench.runs.record import RUN, SCORES, RunRecord, read_run


@dataclass(frozen=True)
class ModelScores:
    """The scores of one model at one time.

    Attributes:
        name: path of the run or of the baseline, as a user would type it.
        model: name of the model.
        rows: the scored cases; those of a baseline have no thresholds.
        provenance: what produced the scores, name → value.
        is_run: whether the scores are those of a recorded run.
        complete: whether the run was completed; True for a baseline.
        unmatched: models of this run that the other one lacks, and that are therefore not compared.
    """

    name: str
    model: str
    rows: tuple[CaseRow, ...]
    provenance: Mapping[str, str]
    is_run: bool = False
    complete: bool = True
    unmatched: tuple[str, ...] = ()


def find_before_and_after(before: str, after: str, reports: Path) -> list[tuple[ModelScores, ModelScores]]:
    """Find the scores to compare and return one pair per model.

    Args:
        before, after: a run's folder, the start of its name, `last`, a baseline's name, or its path; `…:MODEL`
            selects one model.
        reports: folder of runs and baselines.

    Raises:
        UserError: if one of the two is missing or cannot be read, or if it is unclear which models to compare.
    """
    first, second = _named_scores(before, reports), _named_scores(after, reports)
    both = [name for name in first if name in second]
    if both:
        pairs = [(first[name], second[name]) for name in both]
        only_first = tuple(name for name in first if name not in both)
        only_second = tuple(name for name in second if name not in both)
        # Reported once, with the first pair.
        return [(replace(pairs[0][0], unmatched=only_first), replace(pairs[0][1], unmatched=only_second)), *pairs[1:]]
    if len(first) == len(second) == 1:
        return list(zip(first.values(), second.values(), strict=True))
    raise UserError(
        f"{one_line(before)} has the models {listed(first)}, {one_line(after)} has {listed(second)}: "
        "name the two to be compared, as in RUN:MODEL"
    )


def _named_scores(text: str, reports: Path) -> dict[str, ModelScores]:
    place, model = located(text, reports)
    scores = baseline_scores(place) if is_regular(place) else run_scores(read_run(place))
    if not scores:
        raise UserError(f"{shown_path(place)}: no case was scored; name another run")
    if not model:
        return scores
    if model not in scores:
        raise UserError(f"{shown_path(place)}: has no model {one_line(model)!r}; it has {listed(scores)}")
    return {model: scores[model]}


def located(text: str, reports: Path) -> tuple[Path, str]:
    """Return the file or folder that the text names, and the model after its last colon."""
    name, colon, model = text.rpartition(":")
    for candidate, wanted in ((text, ""), (name, model)):
        if not candidate:
            continue
        for path in (Path(candidate), reports / "baselines" / f"{candidate}.csv"):
            if is_regular(path) or is_regular(path / RUN):
                return path, wanted
    if colon and re.fullmatch(r"[A-Za-z0-9_.-]+", model):
        return run_folder(name, reports), model
    return run_folder(text, reports), ""


def baseline_scores(path: Path) -> dict[str, ModelScores]:
    """Read the scores in a baseline file, by model."""
    baseline = read_baseline(path)
    return {path.stem: ModelScores(shown_path(path), path.stem, baseline.rows, baseline.provenance)}


def run_scores(record: RunRecord) -> dict[str, ModelScores]:
    """Return the scores of a run by model; models without a scored case are left out.

    Raises:
        UserError: one line, if the record is damaged.
    """
    scored = [row for row in record.rows if row.score is not None]
    for column in ("rank", "margin", "min_score", "max_rank", "min_margin"):
        if row := next((row for row in scored if getattr(row, column) is None), None):
            raise UserError(
                f"{shown_path(record.folder / SCORES)}: is damaged: {one_line(row.suite)}/{one_line(row.case)} "
                f"has a score but no {column}; run again, or name another run"
            )
    by_model: dict[str, list[CaseRow]] = {}
    for row in scored:
        by_model.setdefault(row.model, []).append(row)
    return {
        name: ModelScores(
            name=shown_path(record.folder),
            model=name,
            rows=tuple(rows),
            provenance=run_provenance(record, name),
            is_run=True,
            complete=record.run.complete,
        )
        for name, rows in by_model.items()
    }


def run_provenance(record: RunRecord, model: str) -> dict[str, str]:
    """Return what produced the scores of a model in a recorded run, with the names that a baseline file uses."""
    run = record.run
    entry = next((each for each in run.models if each.name == model), None)
    return provenance(
        model=entry.spec if entry else "",
        fingerprint=entry.fingerprint if entry else "",
        preprocessing=entry.preprocessing if entry else None,
        device=(entry.device if entry else "") or run.device,
        dtype=run.dtype,
        versions=run.versions,
        suites=run.suites,
        geometries=[sweep.geometry for sweep in record.run.sweeps if sweep.model == model],
    )
