"""The list of commands, and what is imported to print it and to show what was recorded."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from tests.conftest import REPOSITORY
from tierbench.cli.lazy_commands import COMMANDS

CALL = """
import sys
from tierbench.__main__ import main

sys.argv[0] = "tierbench"
try:
    main()
except SystemExit as end:
    print("code:", end.code or 0)
print("imported:", *[name for name in ("torch", "transformers", "scipy", "pandas", "numpy") if name in sys.modules])
"""


@pytest.mark.parametrize("call", ["--help", "list", "show", "history"])
def test_what_only_prints_imports_nothing_heavy(workplace: Path, call: str) -> None:
    shutil.copytree(REPOSITORY / "tests" / "data" / "records-0.1", workplace / "reports")
    command = [sys.executable, "-c", CALL, call]
    answer = subprocess.run(command, cwd=workplace, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-2:] == ["code: 0", "imported:"], answer.stderr


def test_the_line_of_each_command_is_that_of_its_help() -> None:
    for name, command in COMMANDS.items():
        module, _, function = command.home.partition(":")
        found = getattr(import_module(f"tierbench.cli.{module}"), function)
        described = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
        assert " ".join((described or "").split("\n\n")[0].split()) == command.line, name
