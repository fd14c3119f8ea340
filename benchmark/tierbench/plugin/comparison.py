"""Holds the results of a model against its baseline: which file, what changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line
from tierbench.plugin.options import RunConfig
from tierbench.runs.gates import Change
from tierbench.runs.record import RUN, SCORES, read_run
from tierbench.scoring.results import CaseResult

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.runs.baseline_format import Baseline


@dataclass(frozen=True)
class BaselineSource:
    """Where the accepted scores of a slot are.

    Attributes:
        path: a baseline file, or a run's folder; None: nothing to compare with.
        required: whether the user named it, so that its absence is a fault.
    """

    path: Path | None
    required: bool = False

    @property
    def there(self) -> bool:
        """Whether there is something to compare with."""
        return self.path is not None and self.path.exists()


def baseline_source(config: RunConfig, slot: str) -> BaselineSource:
    """Find what a slot is compared with: `--robust-baseline NAME|PATH|RUN|none`, else the slot's own file."""
    named = config.baseline
    if named == "none":
        return BaselineSource(None)
    if not named:
        return BaselineSource(_own_file(config, slot), config.require_baseline)
    for path in (_own_file(config, named), config.root / named, config.reports / named):
        if path.is_file() or (path / RUN).is_file():
            return BaselineSource(path, required=True)
    is_path = "/" in named or named.endswith(".csv")
    return BaselineSource(config.root / named if is_path else _own_file(config, named), required=True)


def update_path(config: RunConfig, slot: str) -> Path:
    """Give the file that takes the accepted scores of a slot."""
    path = baseline_source(config, slot).path
    # A run is a record, and is never changed.
    return _own_file(config, slot) if path is None or path.is_dir() else path


def _own_file(config: RunConfig, name: str) -> Path:
    return config.reports / "baselines" / f"{name}.csv"


def baseline_faults(config: RunConfig, slot: str) -> list[str]:
    """Say what is wrong with what a slot is to be compared with, or with the file that its scores are to go to."""
    if config.update_baseline:
        return _update_faults(update_path(config, slot))
    source = baseline_source(config, slot)
    if source.path is None:
        return []
    if not source.there:
        if not source.required:
            return []
        wanted = config.baseline or slot
        return [
            f"baseline {one_line(wanted)!r} of model {slot!r} is not there ({shown_path(source.path)}); "
            "accept a run with --robust-update-baseline, or name a baseline, a file or a run"
        ]
    try:
        read_source(source, slot)
    except UserError as error:
        return list(error.lines)
    return []


def _update_faults(path: Path) -> list[str]:
    """Say why a baseline cannot be updated, before anything is run for it."""
    from tierbench.runs.baseline import read_baseline

    place = f"--robust-update-baseline: {shown_path(path)}"
    if path.exists():
        try:
            read_baseline(path)
        except UserError as error:
            return [f"{place} is there and cannot be read; restore or delete it: {line}" for line in error.lines]
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return [f"{place} cannot be written: {shown_path(folder)} is no folder that can be written to; mend that"]
    return []


def open_comparison(config: RunConfig, slot: str) -> Comparison | None:
    """Open the baseline of a slot; None where there is none.

    Raises:
        UserError: if the baseline cannot be read.
    """
    source = baseline_source(config, slot)
    return Comparison(read_source(source, slot), config.max_drop) if source.there else None


def read_source(source: BaselineSource, slot: str) -> Baseline:
    """Read the accepted scores, from a baseline file or from a run.

    Raises:
        UserError: if they cannot be read.
    """
    from tierbench.runs.baseline import read_baseline
    from tierbench.runs.baseline_format import Baseline
    from tierbench.runs.model_scores import run_scores

    if source.path is None:
        raise UserError("there is no baseline")
    if source.path.is_dir():
        sides = run_scores(read_run(source.path))
        if slot not in sides:
            raise UserError(f"{shown_path(source.path / SCORES)}: has no scores of model {slot!r}; name another run")
        return Baseline(sides[slot].rows, sides[slot].identity)
    return read_baseline(source.path)


class Comparison:
    """The baseline of one slot, held against the results of this run.

    Args:
        baseline: the accepted rows.
        max_drop: a score that falls by more is a regression.
    """

    def __init__(self, baseline: Baseline, max_drop: float) -> None:
        self.baseline = baseline
        self._max_drop = max_drop
        self._changes: dict[str, Change] = {}

    @property
    def known(self) -> Mapping[str, Change]:
        """The changes that were computed so far, by `suite/id`."""
        return self._changes

    def diff(self, results: Iterable[CaseResult]) -> pd.DataFrame:
        """Give the diff of results against the baseline: a row a case, `missing` ones left out."""
        from tierbench.runs.diff import diff_cases

        diff = diff_cases(self.baseline.rows, run_rows(results), max_drop=self._max_drop)
        return diff[diff["change"] != "missing"]

    def changes(self, results: Iterable[CaseResult]) -> dict[str, Change]:
        """Give how each result stands against the baseline, by `suite/id`; computed once a case."""
        unknown = [result for result in results if result.verdict and result.case.key not in self._changes]
        if unknown:
            for row in self.diff(unknown).to_dict("records"):
                self._changes[f"{row['suite']}/{row['case']}"] = _change({str(k): v for k, v in row.items()})
        return self._changes


def run_rows(results: Iterable[CaseResult]) -> pd.DataFrame:
    """Give results with the thresholds of today, as the diff wants them."""
    import pandas as pd

    from tierbench.runs.diff import RUN_COLUMNS

    rows = [result.row() for result in results]
    return pd.DataFrame([{name: getattr(row, name) for name in RUN_COLUMNS} for row in rows], columns=list(RUN_COLUMNS))


def _change(row: dict[str, Any]) -> Change:
    import pandas as pd

    if row["change"] == "new":
        return Change("new", str(row["reason"]))
    return Change(
        kind=str(row["change"]),
        reason=str(row["reason"]),
        baseline_score=None if pd.isna(row["baseline_score"]) else float(row["baseline_score"]),
        baseline_predicted="" if pd.isna(row["baseline_predicted"]) else str(row["baseline_predicted"]),
        baseline_passed=None if pd.isna(row["baseline_passed"]) else bool(row["baseline_passed"]),
    )
