"""Find the run that a user names: by path, by the start of its name, or as `last`."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import files_in, is_regular, shown_path
from tierbench.common.text import one_line
from tierbench.runs.record import RUN


def run_folder(name: str, reports: Path) -> Path:
    """Return the folder of a run, given its path, the start of its name in `reports`, or `last`.

    Raises:
        UserError: if there is no such run, or more than one.
    """
    if is_regular(Path(name) / RUN):
        return Path(name)
    runs = [file.parent for file in files_in(reports, f"*/{RUN}")]
    if name == "last" and runs:
        return runs[-1]
    found = [run for run in runs if run.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"run {one_line(name)!r}: {len(found)} runs start with this; give more of the name")
    hint = f"the last one is {shown_path(runs[-1])}" if runs else "run pytest first"
    raise UserError(f"run {one_line(name)!r}: there is no such run in {shown_path(reports)}/; {hint}")
