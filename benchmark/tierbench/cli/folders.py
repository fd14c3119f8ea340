"""Find the folders of suites and runs: those in pytest's settings, or else `cases/` and `reports/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.pytest_settings import nearest_settings
from tierbench.common.errors import UserError
from tierbench.common.files import expanded, is_folder, is_regular
from tierbench.common.text import one_line, suggestion
from tierbench.suites import find_suites
from tierbench.suites.problems import Problems
from tierbench.suites.reader import SUITE_NAME

ReportsOption = Annotated[
    Path | None,
    typer.Option("--reports", help="folder of the runs (default: robust_reports in pytest's ini)", file_okay=False),
]
CasesOption = Annotated[
    Path | None,
    typer.Option("--cases", help="folder of the suites (default: robust_cases in pytest's ini)", file_okay=False),
]


def reports_folder(given: Path | None = None) -> Path:
    """Return the folder of the runs: the one given, the one in pytest's settings, or `reports`."""
    return given or _from_settings("robust_reports", "reports")[0]


def cases_folders(given: Path | None = None) -> list[Path]:
    """Return the absolute folders of the suites: the one given, those in pytest's settings, or `cases`."""
    folders = [given] if given else _from_settings("robust_cases", "cases")
    return [folder.absolute() for folder in folders]


def _from_settings(key: str, default: str) -> list[Path]:
    """Return the paths in a setting, which are relative to the folder of the settings file."""
    settings = nearest_settings(Path.cwd())
    paths = settings.lines(key) if settings else []
    if settings is None or not paths:
        return [Path(default)]
    # Relative if possible, because that is how paths are shown and typed.
    root = Path() if settings.file.parent == Path.cwd() else settings.file.parent
    return [root / expanded(path) for path in paths]


def suite_folders(names: list[str], problems: Problems | None = None) -> list[Path]:
    """Return the folders of the given suites, or of all suites in the repository.

    Args:
        names: names or paths of suites; empty for all.
        problems: if given, collects the problems of folders instead of raising them.

    Raises:
        UserError: if there is no suite of a given name, or if a folder has problems.
    """
    if names:
        return [suite_folder(name) for name in names]
    found = problems if problems is not None else Problems()
    folders = find_suites(cases_folders(), found)
    if problems is None and found.lines:
        raise UserError(*found.lines)
    return folders


def suite_folder(name: str) -> Path:
    """Return the folder of the suite with a name or path.

    Raises:
        UserError: if there is no such suite.
    """
    if folder := _existing(name, "metadata.csv"):
        return folder
    raise UserError(f"suite {one_line(name)!r}: no folder of this name has a metadata.csv; {_known(name)}")


def folder_to_add_to(name: str, *, create: bool) -> Path:
    """Return the folder of a suite that is about to get cases; settings alone make a suite, too.

    Args:
        name: name or path of the suite.
        create: whether it may be missing.

    Raises:
        UserError: if there is no such suite and it is not to be created, or if it cannot have this name.
    """
    if folder := _existing(name, "metadata.csv") or _existing(name, "suite.toml"):
        return folder
    by_path = "/" in name or is_folder(Path(name))
    folder = Path(name).absolute() if by_path else cases_folders()[0] / name
    if not SUITE_NAME.fullmatch(folder.name):
        raise UserError(f"suite {one_line(name)!r}: name a suite with letters, digits, _ and - only")
    if not create:
        raise UserError(
            f"suite {one_line(name)!r} does not exist; fix the name ({_known(name)}), or create it with --new-suite"
        )
    return folder


def _existing(name: str, file: str) -> Path | None:
    cases = cases_folders()
    # A folder in the settings may itself be a suite.
    folders = (Path(name), *(each / name for each in cases), *(each for each in cases if each.name == name))
    return next((folder.absolute() for folder in folders if is_regular(folder / file)), None)


def _known(name: str) -> str:
    known = find_suites([each for each in cases_folders() if is_folder(each)], Problems())
    return suggestion(name, [folder.name for folder in known]) if known else "there is no suite yet"
