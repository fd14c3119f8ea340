"""Run one model over one data set: open both, map the classes, go on from what is there, and sum up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierbench.common.schema import SetResult
from tierbench.models.identity import read_part
from tierbench.models.prediction_store import library_versions
from tierbench.runs.set_evaluation import SetModel, evaluate_set
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_selection import SetSelection
from tierbench.runs.set_stopping import evaluate_until_decided
from tierbench.runs.set_summary import summarise_parts
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_binding import bind_to_set
from tierbench.suites.datasets import DataSet, Sample, choose_where

Progress = Callable[[int, str], AbstractContextManager[Callable[[int], object]]]
# Like `evaluate_set`.
Evaluate = Callable[[SetModel, DataSet, Sequence[Sample], ClassMap, SetParts, Callable[[int], object]], None]
WHOLE = SetSelection()


def run_set(
    name: str,
    model: SetModel,
    data_set: DataSet,
    folder: Path,
    progress: Progress,
    samples: Sequence[Sample] | None = None,
    selection: SetSelection = WHOLE,
    evaluate: Evaluate = evaluate_set,
) -> SetResult:
    """Predict all pictures of a set that have no row yet, and return the result on all that have one.

    Args:
        name: of the model.
        model: the model.
        data_set: the set.
        folder: of the result files; where it holds some of the same set and model, the run goes on from them.
        progress: opens a progress bar.
        samples: the pictures that are asked for, of one slice for instance; None: all.
        selection: a shard or a sample, of which these are a part; and whether the run may stop early.
        evaluate: what predicts them, such as Ray; a run that may stop early is none of it.

    Raises:
        UserError: if the classes of the set do not map, the model fails, or the folder holds other results.
    """
    chosen = selection.of(data_set)
    if samples is not None:
        asked = {sample.id for sample in samples}
        chosen = choose_where(chosen, lambda sample: sample.id in asked)
    model, classes = bound_model(model, data_set)
    parts = SetParts(folder)
    parts.open(made_with(name, model, data_set, classes) | selection.noted(data_set, chosen))
    with progress(len(chosen), f"{data_set.name} with {name}") as advance:
        if selection.stopping is None:
            evaluate(model, data_set, chosen, classes, parts, advance)
        else:
            evaluate_until_decided(model, data_set, chosen, classes, parts, selection.stopping, advance)
    return read_set(folder)


def bound_model(model: SetModel, data_set: DataSet) -> tuple[SetModel, ClassMap]:
    """Return a model as a set asks it, and which of its labels count as which class.

    Raises:
        UserError: if the classes of the set do not map.
    """
    bound = bind_to_set(model.classifier, data_set, identity=model.identity, kept=model.embeddings)
    return replace(model, classifier=bound.classifier, identity=bound.identity), bound.classes


def read_set(folder: Path) -> SetResult:
    """Return the result on all pictures that have a row in the result files of a folder.

    Raises:
        UserError: if they cannot be read.
    """
    return summarise_parts(SetParts(folder), folder.name)[1]


def made_with(name: str, model: SetModel, data_set: DataSet, classes: ClassMap) -> dict[str, Any]:
    """Return what results depend on, for the file beside them; JSON values only."""
    layout = data_set.layout
    return {
        "set": data_set.name,
        "model": name,
        "fingerprint": model.identity.fingerprint or "",
        "identity": model.identity.digest,
        **{part: str(read_part(model.classifier, part, "the model", "")) for part in ("device", "dtype", "backend")},
        **library_versions(),
        "spec": data_set.spec,
        "digest": data_set.digest,
        "size": len(data_set.samples),
        "title": layout.title,
        "figure": layout.figure,
        "clean": layout.clean,
        "protocol": [layout.protocol, classes.protocol],
        "chance": 1 / len(classes.counted or classes.labels),
        "notes": list(data_set.notes),
    }
