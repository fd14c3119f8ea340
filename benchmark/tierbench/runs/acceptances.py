"""Read who accepted what into the baselines beside the runs, from the comment lines of their files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tierbench.common.files import files_in, is_regular
from tierbench.runs.acceptance_history import Acceptance, take_history


@dataclass(frozen=True, slots=True)
class Accepted:
    """An acceptance, and the name of the model whose baseline it changed."""

    model: str
    acceptance: Acceptance


def read_acceptances(reports: Path) -> tuple[Accepted, ...]:
    """Return what was accepted into the baselines of a folder of runs, oldest first.

    The rows of the files are not read. A file that is no baseline, or a damaged one, is left out: a run that uses it
    reports the problem.
    """
    found = [each for file in files_in(reports / "baselines", "*.csv") for each in _of_file(file)]
    return tuple(sorted(found, key=lambda each: each.acceptance.on))


def _of_file(file: Path) -> list[Accepted]:
    try:
        if not is_regular(file):
            return []
        with file.open(encoding="utf-8-sig") as lines:
            head = [line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
        pairs = (line.partition(": ") for line in head)
        history = take_history({name: value for name, _, value in pairs})
    except (OSError, ValueError):
        return []
    return [Accepted(file.stem, each) for each in history.values()]
