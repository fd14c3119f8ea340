"""Say what narrows a run: only one that nothing narrows must have every case of a baseline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierbench.suites.places import Places, holds_suites

# Names of pytest's options → how they are written.
_OPTIONS = {
    "keyword": "-k",
    "markexpr": "-m",
    "lf": "--last-failed",
    "stepwise": "--stepwise",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
}


def narrowed_by(config: pytest.Config, places: Places) -> str:
    """Return what leaves out tests on purpose, as it is written; empty if nothing does."""
    for name, written in _OPTIONS.items():
        if getattr(config.option, name, None):
            return written
    if places.only:
        return "naming a suite's folder"
    # The test files beside the suites; where there are none, the tests lie elsewhere.
    targets = places.files or tuple(folder.resolve() for folder in places.cases)
    given = [config.invocation_params.dir / argument for argument in config.args if "::" not in argument]
    above = [path.resolve() for path in given]
    if not all(any(target.is_relative_to(path) for path in above) for target in targets):
        return "naming tests"
    if config.getoption("robust_cases") and not all(
        any(folder.is_relative_to(path.resolve()) for path in places.cases) for folder in _configured(config)
    ):
        return "--robust-cases"
    return ""


def _configured(config: pytest.Config) -> list[Path]:
    """Return the folders of suites that a run without `--robust-cases` reads."""
    named = config.getini("robust_cases")
    default = config.rootpath / "cases"
    folders = [config.rootpath / name for name in named] or ([default] if holds_suites(default) else [])
    return [folder.resolve() for folder in folders]
