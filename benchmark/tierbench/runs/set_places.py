"""Where the results of data sets are: accepted ones at `baselines/MODEL.sets/SET.parquet`, those of a run in it."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import files_in, is_folder
from tierbench.common.text import one_line
from tierbench.models.spec import ModelSpec
from tierbench.runs.baseline_source import BaselineChoice

# Folder of the result files in the folder of a run.
SETS = "sets"


def accepted_sets(choice: BaselineChoice, spec: ModelSpec) -> dict[str, Path]:
    """Return where the accepted results of a model are, by data set; sorted."""
    path = choice.source(spec).path
    if path is None:
        return {}
    if is_folder(path):
        return {folder.parent.name: folder for folder in files_in(path, f"{SETS}/*/{spec.name}")}
    return {file.stem: file for file in files_in(path.with_name(f"{path.stem}.sets"), "*.parquet")}


def accepted_path(choice: BaselineChoice, spec: ModelSpec, name: str) -> Path | None:
    """Return where the accepted results of a model on a set are, or would be: a file, or the folder of a run's results.

    They stand beside the model's own baseline, `MODEL.csv`. None if nothing is compared.
    """
    path = choice.source(spec).path
    if path is None:
        return None
    return results_folder(path, spec.name, name) if is_folder(path) else set_file(path, name)


def results_folder(run: Path, model: str, name: str) -> Path:
    """Return the folder of the result files of a model on a set in the folder of a run."""
    return run / SETS / name / model


def set_file(baseline: Path, name: str) -> Path:
    """Return the file of accepted results that stands beside a baseline file.

    Raises:
        UserError: if the name cannot be that of a file.
    """
    if Path(name).name != name:
        raise UserError(f"{one_line(name)!r} is no name of a data set")
    return baseline.with_name(f"{baseline.stem}.sets") / f"{name}.parquet"
