"""The scores of one model at one time, before or after: from a recorded run or from a baseline file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import listed, one_line
from tierbench.runs.baseline import read_baseline
from tierbench.runs.find import run_folder
from tierbench.runs.provenance import provenance
from tierbench.runs.record import RUN, SCORES, RunRecord, read_run

Top = Sequence[Sequence[object]]


@dataclass(frozen=True)
class ModelScores:
    """The scores of one model at one time.

    Attributes:
        name: path of the run or of the baseline, as a person would type it.
        model: its name.
        rows: the scored cases, at least with the columns of a baseline; a run's with groups and thresholds too.
        identity: what made the scores, name → value.
        top: the most probable labels of each case, by `suite/case`; a baseline has none.
        is_run: whether it is a recorded run.
        complete: whether the run went to its end; a baseline is always whole.
        unmatched: models that only this side has, and that are compared with nothing.
    """

    name: str
    model: str
    rows: pd.DataFrame
    identity: Mapping[str, str]
    top: Mapping[str, Top] = field(default_factory=dict)
    is_run: bool = False
    complete: bool = True
    unmatched: tuple[str, ...] = ()


def find_before_and_after(before: str, after: str, reports: Path) -> list[tuple[ModelScores, ModelScores]]:
    """Find what is to be compared, one pair a model.

    Args:
        before, after: each a run's folder or the start of its name, `last`, a baseline's name, or its path;
            `…:MODEL` picks one model.
        reports: where runs and baselines are.

    Raises:
        UserError: if one is not there or cannot be read, or if it is not clear which models to compare.
    """
    first, second = _named_scores(before, reports), _named_scores(after, reports)
    both = [name for name in first if name in second]
    if both:
        pairs = [(first[name], second[name]) for name in both]
        alone = [tuple(name for name in side if name not in both) for side in (first, second)]
        # Told once, with the first pair.
        return [(replace(pairs[0][0], unmatched=alone[0]), replace(pairs[0][1], unmatched=alone[1])), *pairs[1:]]
    if len(first) == len(second) == 1:
        return list(zip(first.values(), second.values(), strict=True))
    raise UserError(
        f"{one_line(before)} has the models {listed(first)}, {one_line(after)} has {listed(second)}: "
        "name the two to be compared, as in RUN:MODEL"
    )


def _named_scores(text: str, reports: Path) -> dict[str, ModelScores]:
    place, model = _located(text, reports)
    sides = baseline_scores(place) if place.is_file() else run_scores(read_run(place))
    if not sides:
        raise UserError(f"{shown_path(place)}: no case was scored; name another run")
    if not model:
        return sides
    if model not in sides:
        raise UserError(f"{shown_path(place)}: has no model {one_line(model)!r}; it has {listed(sides)}")
    return {model: sides[model]}


def _located(text: str, reports: Path) -> tuple[Path, str]:
    """Find the file or folder that a text names, and the model behind its last colon."""
    name, colon, model = text.rpartition(":")
    for candidate, wanted in ((text, ""), (name, model)):
        if not candidate:
            continue
        for path in (Path(candidate), reports / "baselines" / f"{candidate}.csv"):
            if path.is_file() or (path / RUN).is_file():
                return path, wanted
    if colon and re.fullmatch(r"[A-Za-z0-9_.-]+", model):
        return run_folder(name, reports), model
    return run_folder(text, reports), ""


def baseline_scores(path: Path) -> dict[str, ModelScores]:
    """Return the side that a baseline file is."""
    baseline = read_baseline(path)
    return {path.stem: ModelScores(shown_path(path), path.stem, baseline.rows, baseline.identity)}


def run_scores(record: RunRecord) -> dict[str, ModelScores]:
    """Return the sides that a run is, by model; a model without a scored case is none.

    Raises:
        UserError: one line, if the record is damaged.
    """
    sides = {}
    scores = record.scores[record.scores["score"].notna()]
    for column in ("rank", "margin", "min_score", "max_rank", "min_margin"):
        if (empty := scores[column].isna()).any():
            row = scores[empty].iloc[0]
            raise UserError(
                f"{shown_path(record.folder / SCORES)}: is damaged: {one_line(row['suite'])}/{one_line(row['case'])} "
                f"has a score and no {column}; run again, or name another run"
            )
    for model, rows in scores.groupby("model", sort=False):
        name = str(model)
        keys = rows["suite"] + "/" + rows["case"]
        sides[name] = ModelScores(
            name=shown_path(record.folder),
            model=name,
            rows=rows.reset_index(drop=True),
            identity=run_identity(record, name),
            top=dict(zip(keys, rows["top"], strict=True)),
            is_run=True,
            complete=record.run.complete,
        )
    return sides


def run_identity(record: RunRecord, model: str) -> dict[str, str]:
    """Return what made the scores of a model in a recorded run, named as in a baseline file."""
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
    )
