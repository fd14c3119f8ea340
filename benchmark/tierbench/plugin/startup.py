"""Asks whether a session concerns the benchmark, and answers options that moved pytest's idea of the repository.

Every session of an environment that has tierbench installed comes here: nothing heavy is imported.
"""

from __future__ import annotations

import copy
import fnmatch
import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tierbench.common.text import message_line, one_line
from tierbench.plugin.ini import ini_value
from tierbench.suites.places import (
    Places,
    Session,
    asks_for_checks,
    defines_classifier,
    find_cases,
    lies_among,
    point_at,
    source,
)

# A test function, with its parameters.
_TEST = re.compile(r"(?m)^\s*(?:async\s+)?def\s+test\w*\(([^)]*)")


def find_places(config: pytest.Config) -> Places | None:
    """Find the suites of a session; None where it has none, and neither an option nor the settings ask.

    Where pytest was pointed at suite folders, its arguments become the test files beside them.
    """
    root = config.rootpath
    session = Session(
        root,
        config.invocation_params.dir,
        config.args,
        config.getini("python_files"),
        config.getini("norecursedirs"),
    )
    given = config.getoption("robust_cases") or ini_value(config, "cases", [])
    if cases := tuple(_looked_at(root / _expanded(path)) for path in given) or find_cases(session):
        places, config.args[:] = point_at(session, cases)
        config.args[:] = list(dict.fromkeys(config.args))
        return places
    asked = any(name.startswith("robust_") and value for name, value in vars(config.option).items())
    # A value that cannot be read asks, too: it is reported with the other options.
    if asked or ini_value(config, "model", ["?"]) or ini_value(config, "datasets", ["?"]):
        return Places((root / "cases",) if (root / "cases").is_dir() else ())
    return None


def _looked_at(path: Path) -> Path:
    """Return a path that the system can look for; whether it is there is asked when suites are read."""
    try:
        path.exists()
    except OSError as error:
        raise pytest.UsageError(
            f"robust_cases {one_line(path.name, 60)!r}: {error.strerror}; name a suite folder"
        ) from None
    return path


def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  # `~nobody`, who has no home, stays unchanged


def only_looks(config: pytest.Config) -> bool:
    """Whether pytest will run no test (`--collect-only`, `--setup-plan`, `--help`, `--markers`, `--fixtures` …)."""
    option = config.option
    names = ("collectonly", "setuponly", "setupplan", "help", "version", "markers", "showfixtures", "cacheshow")
    return any(getattr(option, name, None) for name in (*names, "show_fixtures_per_test"))


def is_concerned(config: pytest.Config, cases: Sequence[Path]) -> bool:
    """Whether pytest was pointed at suites: `pytest tests/unit` does not concern the benchmark.

    The parametrized tests live beside the suites; where they do not, the selection is looked at later.
    """
    for argument in config.args or ["."]:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if lies_among(path, cases):
            return True
        # With workers only they collect, and a problem that is found there cannot end the run in an orderly way.
        if getattr(config.option, "numprocesses", None):
            files = [path] if path.is_file() else path.glob("**/test_*.py")
            if any(asks_for_checks(file) for file in files):
                return True
    return False


def has_only_checks(config: pytest.Config, cases: Sequence[Path]) -> bool:
    """Whether pytest was pointed at suites and at nothing else that could be a test."""
    roots = [folder.resolve() for folder in cases]
    patterns = config.getini("python_files")
    for argument in config.args or ["."]:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if not any(path.is_relative_to(root) for root in roots):
            return False
        files = [path] if path.is_file() else path.rglob("*.py")
        tests = [file for file in files if any(fnmatch.fnmatch(file.name, pattern) for pattern in patterns)]
        if not all("robust_" in parameters for file in tests for parameters in _TEST.findall(source(file))):
            return False
    return True


def overrides_classifier(config: pytest.Config, cases: Iterable[Path]) -> bool:
    """Whether a conftest.py defines a fixture `classifier` of its own: what it returns is known only later.

    Args:
        config: pytest's configuration.
        cases: suite folders, or folders of suites.
    """
    loaded = any(
        hasattr(plugin, "classifier") and not getattr(plugin, "__name__", "").startswith("tierbench.")
        for plugin in config.pluginmanager.get_plugins()
        if getattr(plugin, "__name__", "")
    )
    return loaded or any(defines_classifier(config.rootpath, folder) for folder in cases)


def check_option_paths(config: pytest.Config, parser: pytest.Parser, arguments: Sequence[str]) -> None:
    """Answer an option whose value pytest took for a test folder, before it knew the option.

    pytest settles the top of the repository from whatever looks like a path, before it asks plugins for their
    options: with `--robust-reports /somewhere/else` it looks for its settings there.

    Raises:
        pytest.UsageError: a line for each such option.
    """
    strayed = [
        (option, value)
        for option, value in itertools.pairwise(arguments)
        if option.startswith("--robust-") and "=" not in option and not value.startswith("-") and _exists(config, value)
    ]
    if not strayed:
        return
    # The same rules once more, with the options known; pytest has no public name for them.
    from _pytest.config.findpaths import determine_setup

    known = parser.parse_known_args(list(arguments), namespace=copy.copy(config.option))
    root, file, *_ = determine_setup(
        inifile=known.inifilename,
        override_ini=known.override_ini,
        args=known.file_or_dir,
        rootdir_cmd_arg=known.rootdir or None,
        invocation_dir=config.invocation_params.dir,
    )
    if (root, file) != (config.rootpath, config.inipath):
        lines = [
            message_line(f"{name} {path}: pytest takes the path for one of tests; write {name}={path}")
            for name, path in strayed
        ]
        raise pytest.UsageError(*lines)


def _exists(config: pytest.Config, value: str) -> bool:
    try:
        return (config.invocation_params.dir / value).exists()
    except OSError:
        return False
