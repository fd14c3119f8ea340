"""Find and read what a model is compared with: its own baseline file, a named one, or a recorded run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import exists, is_folder, is_regular, shown_path
from tierbench.common.text import one_line
from tierbench.models.spec import ModelSpec
from tierbench.runs.baseline import read_baseline
from tierbench.runs.baseline_format import Baseline
from tierbench.runs.model_scores import run_scores
from tierbench.runs.record import RUN, SCORES, read_run

# The name that version 0.1 gave to a model without one.
OLD_NAME = "model"


@dataclass(frozen=True, slots=True)
class BaselineSource:
    """The place of the accepted scores of a model.

    Attributes:
        path: a baseline file or the folder of a run; None if there is nothing to compare with.
        required: whether it is a problem if the path does not exist, because the user named it.
        note: what the user should know about the choice; usually empty.
    """

    path: Path | None
    required: bool = False
    note: str = ""

    @property
    def there(self) -> bool:
        """Whether there is something to compare with."""
        return self.path is not None and exists(self.path)


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """The baseline that the user chose with `--robust-baseline NAME|PATH|RUN|none`, if any.

    Attributes:
        root: folder that relative paths start from.
        reports: folder of runs and baselines.
        named: the value of the option; if empty, each model has its own file.
        required: whether a model without a baseline is a problem.
    """

    root: Path
    reports: Path
    named: str = ""
    required: bool = False

    def source(self, model: ModelSpec) -> BaselineSource:
        """Return what a model is compared with."""
        named = self.named
        if named == "none":
            return BaselineSource(None)
        if not named:
            return self._own(model)
        for path in (self.file(named), self.root / named, self.reports / named):
            if is_regular(path) or is_regular(path / RUN):
                return BaselineSource(path, required=True)
        is_path = "/" in named or named.endswith(".csv")
        return BaselineSource(self.root / named if is_path else self.file(named), required=True)

    def update_path(self, model: ModelSpec) -> Path:
        """Return the file that the accepted scores of a model are written to."""
        path = self.source(model).path
        # The record of a run is never changed.
        return self.file(model.name) if path is None or is_folder(path) else path

    def file(self, name: str) -> Path:
        """Return the path of the baseline with this name; it need not exist."""
        return self.reports / "baselines" / f"{name}.csv"

    def _own(self, model: ModelSpec) -> BaselineSource:
        file, old = self.file(model.name), self.file(OLD_NAME)
        if model.named or model.spec == "reference" or file.exists() or not old.exists():
            return BaselineSource(file, self.required)
        note = (
            f"baseline {shown_path(old)} is used for model {model.name!r}, which version 0.1 called {OLD_NAME!r}; "
            f"rename it to {file.name}, or name the model: --robust-model={OLD_NAME}={one_line(model.spec)}"
        )
        return BaselineSource(old, self.required, note)


def source_problems(
    choice: BaselineChoice, model: ModelSpec, read: Callable[[BaselineSource, ModelSpec], object]
) -> list[str]:
    """List the problems of the baseline that a model is to be compared with.

    Args:
        choice: the baseline that the user chose.
        model: the model.
        read: reads it, like `read_source`.
    """
    source = choice.source(model)
    if source.path is None:
        return []
    if not source.there:
        if not source.required:
            return []
        wanted = choice.named or model.name
        return [
            f"baseline {one_line(wanted)!r} of model {model.name!r} does not exist ({shown_path(source.path)}); "
            "accept a run with --robust-update-baseline, or name a baseline, a file or a run"
        ]
    try:
        read(source, model)
    except UserError as error:
        return list(error.lines)
    return []


def update_problems(choice: BaselineChoice, model: ModelSpec) -> list[str]:
    """List the reasons why a model's baseline cannot be updated; checked before the run."""
    path = choice.update_path(model)
    place = f"--robust-update-baseline: {shown_path(path)}"
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        return [f"{place} cannot be written: {error.strerror}; choose another name"]
    if exists(path):
        try:
            read_baseline(path)
        except UserError as error:
            return [f"{place} exists but cannot be read; restore or delete it: {line}" for line in error.lines]
    folder = next(parent for parent in path.parents if exists(parent))
    if not is_folder(folder) or not os.access(folder, os.W_OK):
        return [f"{place} cannot be written: make {shown_path(folder)} a writable folder"]
    return []


def read_source(source: BaselineSource, model: ModelSpec) -> Baseline:
    """Read the accepted scores from a baseline file or from a run.

    Raises:
        UserError: if they cannot be read.
    """
    if source.path is None:
        raise UserError("there is no baseline")
    if not is_folder(source.path):
        return read_baseline(source.path)
    scores = run_scores(read_run(source.path))
    name = OLD_NAME if model.name not in scores and not model.named else model.name
    if name not in scores:
        raise UserError(f"{shown_path(source.path / SCORES)}: has no scores of model {model.name!r}; name another run")
    return Baseline(scores[name].rows, scores[name].provenance)
