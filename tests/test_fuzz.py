"""A reduced version of `tools/fuzz.py`, which reads 2,000 broken suites and pictures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_broken_suites_and_pictures_are_read_or_refused() -> None:
    # One seed for all runs, so that a red run is about its change; the tool takes others.
    tool = [sys.executable, "tools/fuzz.py", "200"]
    answer = subprocess.run(tool, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr[-4000:]
    assert "seed 20261124: no traceback, no hang" in answer.stdout
