"""`tierbench --version` and `tierbench.__version__` are the version of the installed distribution."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import tierbench as package
from tests.cli.conftest import Answer


def test_the_version_is_that_of_the_installed_distribution(tierbench: Callable[..., Answer]) -> None:
    assert package.__version__ == version("tierbench")
    assert tierbench("--version") == Answer(0, f"tierbench {version('tierbench')}\n", "")


def test_help_and_commands_still_work(tierbench: Callable[..., Answer]) -> None:
    answer = tierbench("--help")
    assert answer.code == 0
    assert "A robustness benchmark" in answer.out
    assert "--version" in answer.out
    assert tierbench("list").code == 0
