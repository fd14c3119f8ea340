"""--robust-markdown: written also when red, and never over anything but itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench


@pytest.mark.parametrize("by_ini", [False, True])
def test_a_red_run_writes_it_too(accepted: Bench, worse: Path, by_ini: bool) -> None:
    if by_ini:
        accepted.configure(robust_markdown="summary.md")
    option = () if by_ini else ("--robust-markdown", "summary.md")
    answer = accepted.run(f"--robust-model=model={worse}", *option)
    assert answer.code == 1
    text = (accepted.path / "summary.md").read_text(encoding="utf-8")
    assert "- `model`: **`level 0 of 2`**" in text
    assert "| regressed | `garage/green_1` | 0.800 → 0.166 |" in text
    assert "`garage` tier 1: not shown" in text
    # Again, over what it wrote.
    assert accepted.run(*option).code == 0
    assert "regressed |" not in (accepted.path / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["cases/test_tiers.py", "README.md"])
def test_a_file_of_the_users_is_never_replaced(garage: Bench, name: str) -> None:
    file = garage.path / name
    if not file.exists():
        file.write_text("# Mine\n")
    before = file.read_bytes()
    answer = garage.run("--robust-markdown", name)
    assert answer.code == 4
    assert answer.errors == [f"--robust-markdown {name}: exists and was not written by tierbench; name another file"]
    assert file.read_bytes() == before


def test_an_empty_file_is_taken_and_a_missing_folder_is_told(garage: Bench) -> None:
    file = garage.file("step_summary", "")
    garage.run("-m", "tier1", "--robust-markdown", file)
    assert "level 1 of 2" in file.read_text()
    answer = garage.run("--robust-markdown", "no/such/summary.md")
    assert answer.errors == ["--robust-markdown no/such/summary.md: its folder does not exist; create it first"]


def test_a_stopped_run_says_so(garage: Bench) -> None:
    garage.run("-x", "--robust-markdown", "summary.md", "-m", "tier2")
    assert "; the run stopped early" in (garage.path / "summary.md").read_text()
