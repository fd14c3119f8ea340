"""`.ci/nightly` and the nightly workflow: the exit code is pytest's, and without a summary the job is red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest
import yaml

from tests.conftest import REPOSITORY, Bench

STEPS = {
    step.get("name", ""): step
    for step in yaml.safe_load((REPOSITORY / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))["jobs"][
        "robustness"
    ]["steps"]
}
ALL = "Run all tiers"
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
    """A repository with the script and the Makefile, whose environment is this one."""
    bench.suite("cars", "file_name,label,tier\nred.png,automobile,1\n")
    # Predictions are kept, so that no step needs torch.
    bench.run()
    bench.record()
    bench.file(".venv/bin/pytest", f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n').chmod(0o755)
    for name in ("Makefile", ".ci/nightly"):
        (bench.path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, bench.path / name)
    bench.file("constraints.txt", "")
    # To make, everything is installed, also after a test has changed its settings.
    later = time.time() + 3600
    for name in (".venv/.torch", ".venv/.run"):
        os.utime(bench.file(name, ""), (later, later))
    return bench


def run_step(bench: Bench, name: str, *arguments: str) -> int:
    """Run a step of the workflow as its runner does; return its exit code."""
    script = " ".join([STEPS[name]["run"], *arguments])
    environment = {"GITHUB_STEP_SUMMARY": "step.md", "GITHUB_OUTPUT": "output"}
    command = ["env", *(f"{key}={value}" for key, value in environment.items()), "bash", "-e", "-c", script]
    return subprocess.run(command, cwd=bench.path, check=False, capture_output=True, timeout=120).returncode


@pytest.mark.slow
def test_the_step_ends_with_the_exit_code_of_pytest(nightly: Bench) -> None:
    assert run_step(nightly, ALL) == 0
    assert run_step(nightly, "Summarise") == 0
    assert (nightly.path / "step.md").read_text(encoding="utf-8").startswith("<!-- tierbench summary -->")
    assert run_step(nightly, ALL, "--robust-gate=mood") == 4
    nightly.suite("cars", "file_name,label,tier\nred.png,ship,1\n")
    assert run_step(nightly, ALL) == 1
    ended = subprocess.run(
        ["make", "nightly"], cwd=nightly.path, check=False, capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, "nightly: pytest ended with exit code 1" in ended.stderr) == (2, True)


@pytest.mark.slow
def test_a_model_that_ends_the_process_is_red(nightly: Bench) -> None:
    nightly.file("leaves.py", LEAVES)
    nightly.configure(robust_model=["python:leaves:Model"])
    assert run_step(nightly, ALL) == 3
    assert run_step(nightly, "Summarise") == 1
    assert "The run wrote no summary" in (nightly.path / "step.md").read_text(encoding="utf-8")


def test_a_failed_installation_is_red(nightly: Bench) -> None:
    (nightly.path / ".venv" / ".torch").unlink()
    nightly.file(".venv/bin/python", "#!/bin/sh\nexit 9\n").chmod(0o755)
    assert run_step(nightly, ALL) == 2
