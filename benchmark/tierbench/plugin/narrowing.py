"""Say what narrows a run: only one that nothing narrows must have every case of a baseline."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from tierbench.plugin.ini import ini_value
from tierbench.suites.places import Places, holds_suites

# Names of pytest's options → how they are written. What `--deselect` and other plugins leave out is known later.
_OPTIONS = {"keyword": "-k", "markexpr": "-m", "lf": "--last-failed", "stepwise": "--stepwise"}


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
    if any(_is_ignored(config, target) for target in targets):
        return "--ignore"
    if config.getoption("robust_cases") and not all(
        any(folder.is_relative_to(path.resolve()) for path in places.cases) for folder in _configured(config)
    ):
        return "--robust-cases"
    return ""


def _is_ignored(config: pytest.Config, target: Path) -> bool:
    start, both = config.invocation_params.dir, (target, *target.parents)
    ignored = [(start / path).resolve() for path in getattr(config.option, "ignore", None) or ()]
    globs = [str(start / pattern) for pattern in getattr(config.option, "ignore_glob", None) or ()]
    return any(path in ignored or any(fnmatch.fnmatch(str(path), glob) for glob in globs) for path in both)


def _configured(config: pytest.Config) -> list[Path]:
    """Return the folders of suites that a run without `--robust-cases` reads."""
    named = ini_value(config, "cases", [])
    default = config.rootpath / "cases"
    folders = [config.rootpath / name for name in named] or ([default] if holds_suites(default) else [])
    return [folder.resolve() for folder in folders]
