"""timm's own models, where `make test` has put timm and a torchvision apart from the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

APART = Path(sys.prefix) / "timm"


@pytest.mark.slow
@pytest.mark.skipif(not (APART / "timm").is_dir(), reason=f"timm is not in {APART}, where make test installs it")
def test_they_run_in_every_form(tmp_path: Path) -> None:
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(APART)]).strip(os.pathsep)
    tests = ("tests/models/test_timm.py", "tests/models/test_architectures.py")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-k", "timm", f"--basetemp={tmp_path / 'inner'}", *tests]
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": "-p no:cacheprovider"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    # All but the tests of an environment without timm.
    skipped = [line for line in ended.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all(line.endswith(("timm can be imported", "timm is installed")) for line in skipped), ended.stdout
