"""Make the record of a run from result files of data sets that were merged outside of pytest."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import ModelEntry, Run, SetResult
from tierbench.runs.environment import git_commit, tool_versions
from tierbench.runs.record import SCORES, ScoresFile, write_run
from tierbench.runs.set_merge import merge_results
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_places import results_folder
from tierbench.scoring.tiers import level_of

# What results were made with that is a version in the record.
_VERSIONS = ("torch", "transformers", "pillow")


def merge_into(run: Path, shards: Sequence[Path]) -> SetResult:
    """Merge the result files of the shards of one set under one model into the folder of a run.

    Raises:
        UserError: see `merge_results`.
    """
    made = SetParts(shards[0]).made_with()
    name, model = (Path(str(made.get(part))).name for part in ("set", "model"))
    target = results_folder(run, model, name)
    return replace(merge_results(shards, target), results=target.relative_to(run).as_posix())


def write_merged(run: Path, results: Sequence[SetResult], *, begun: float) -> Run:
    """Write the record beside merged result files, and return it; it has no case.

    Args:
        run: the folder.
        results: what `merge_into` returned.
        begun: when the merge began, as `time.time()` has it.

    Raises:
        UserError: if it cannot be written.
    """
    made = {each.model: SetParts(run / each.results).made_with() for each in results}
    first = next(iter(made.values()))
    record = Run(
        complete=True,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun)),
        duration_s=round(time.time() - begun, 3),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        models=tuple(_entry(name, own) for name, own in made.items()),
        tiers=(),
        sets=tuple(results),
        device=_text(first, "device"),
        dtype=_text(first, "dtype"),
        versions={**tool_versions(), **{name: _text(first, name) for name in _VERSIONS if name in first}},
        git_commit=git_commit(Path.cwd()),
    )
    try:
        ScoresFile(run / SCORES).close()
        write_run(run, record)
    except OSError as error:
        raise UserError(f"{shown_path(run)}: cannot be written: {error.strerror}") from error
    return record


def _entry(name: str, made: Mapping[str, Any]) -> ModelEntry:
    found = level_of(name, (), ())
    return replace(found, fingerprint=_text(made, "fingerprint"), device=_text(made, "device"))


def _text(made: Mapping[str, Any], name: str) -> str:
    return str(made.get(name, ""))
