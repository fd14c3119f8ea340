"""`make nightly` and the nightly workflow: the exit code is pytest's, and without a summary the job is red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY, Bench

STEPS = {
    step.get("name", ""): step
    for step in yaml.safe_load((REPOSITORY / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))["jobs"][
        "robustness"
    ]["steps"]
}
LEAVES = """
import os

class Model:
    labels = ("automobile", "ship")
    fingerprint = "1"

    def describe(self):
        return {}

    def predict(self, images):
        os._exit(0)
"""


@pytest.fixture
def nightly(bench: Bench) -> Bench:
    """A repository with the Makefile, whose packages are those of this environment."""
    bench.suite("cars", "file_name,label,tier\nred.png,automobile,1\n")
    shutil.copy(REPOSITORY / "Makefile", bench.path)
    return bench


def run_step(bench: Bench, name: str, *, make: str = "") -> int:
    """Run a step of the workflow as its runner does; return its exit code."""
    script = STEPS[name]["run"].replace("make nightly", make)
    environment = {"GITHUB_STEP_SUMMARY": "step.md", "GITHUB_OUTPUT": "output"}
    command = ["env", *(f"{key}={value}" for key, value in environment.items()), "bash", "-e", "-c", script]
    return subprocess.run(command, cwd=bench.path, check=False, capture_output=True, timeout=120).returncode


def make_nightly(bench: Bench, arguments: str = "") -> int:
    """Run the step that runs all tiers, without an installation."""
    return run_step(
        bench,
        "Run all tiers",
        make=f"make nightly BIN={Path(sys.executable).parent} --old-file=.venv/.run ARGS='{arguments}'",
    )


@pytest.mark.slow
def test_the_step_ends_with_the_exit_code_of_pytest(nightly: Bench) -> None:
    assert make_nightly(nightly) == 0
    assert run_step(nightly, "Summarise") == 0
    assert (nightly.path / "step.md").read_text(encoding="utf-8").startswith("<!-- tierbench summary -->")
    assert make_nightly(nightly, "--robust-gate=mood") == 4
    nightly.suite("cars", "file_name,label,tier\nred.png,ship,1\n")
    assert make_nightly(nightly) == 1
    assert (nightly.path / "reports" / "exit-code").read_text(encoding="utf-8") == "1\n"


@pytest.mark.slow
def test_a_model_that_ends_the_process_is_red(nightly: Bench) -> None:
    nightly.file("leaves.py", LEAVES)
    nightly.configure(robust_model=["python:leaves:Model"])
    assert make_nightly(nightly) == 3
    assert run_step(nightly, "Summarise") == 1
    assert "The run wrote no summary" in (nightly.path / "step.md").read_text(encoding="utf-8")


def test_a_failed_installation_is_red(nightly: Bench) -> None:
    assert run_step(nightly, "Run all tiers", make="make nightly PYTHON=false") == 2
