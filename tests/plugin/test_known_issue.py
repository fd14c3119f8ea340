"""The column `known_issue`: what it excuses, what it never hides, and when it can go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE, GREEN
from tests.plugin.test_robust_gate import failed
from tests.report.conftest import report_of


def declare(bench: Bench, ids: list[str], rows: str = GARAGE) -> None:
    """Declare an issue for some cases of the suite."""
    head, *lines = rows.splitlines()
    known = [f"{line},{'TICKET-1' if line.partition('.')[0] in ids else ''}" for line in lines]
    bench.suite("garage", "\n".join([f"{head},known_issue", *known, ""]))


@pytest.mark.parametrize("gate", ["flips", "thresholds"])
def test_it_hides_no_regression(accepted: Bench, worse: Path, gate: str) -> None:
    model, gate = f"--robust-model=model={worse}", f"--robust-gate={gate}"
    undeclared = accepted.run(model, gate)
    declare(accepted, GREEN)
    answer = accepted.run(model, gate)
    assert answer.code == 1
    assert failed(answer.text) == failed(undeclared.text)
    assert {f"test_case[garage/{name}]" for name in GREEN} <= set(failed(answer.text))
    assert answer.text.count("(known issue 'TICKET-1', but the baseline passed)") >= len(GREEN)


def test_it_excuses_what_the_baseline_lacks_or_misses_too(accepted: Bench) -> None:
    rows = GARAGE + "grey_2.png,automobile,2\n"
    accepted.suite("garage", rows)
    assert failed(accepted.run().text) == ["test_case[garage/grey_2]", "test_tier[garage/tier2]"]
    declare(accepted, ["grey_1", "grey_2"], rows)
    answer = accepted.run("--robust-gate", "thresholds")
    assert answer.code == 0, answer.text


def test_one_that_passes_now_is_reported_with_a_request_to_remove_it(garage: Bench) -> None:
    declare(garage, ["red_1", "grey_1"])
    summary = garage.path / "summary.md"
    answer = garage.run("--robust-markdown", summary)
    assert answer.code == 0
    line = "known issue that passes now: garage/red_1 (TICKET-1); remove it from known_issue in metadata.csv"
    assert answer.line("known issue that passes now") == line
    assert "- known issue that passes now: `garage/red_1` (`TICKET-1`); remove it" in summary.read_text()
    assert "garage/red_1 (TICKET-1); remove it from known_issue" in report_of(garage).read_text(encoding="utf-8")


def test_one_that_another_model_still_has_is_not_reported(garage: Bench, worse: Path) -> None:
    declare(garage, GREEN)
    answer = garage.run(f"--robust-model=one={garage.model}", f"--robust-model=two={worse}")
    assert "known issue that passes now" not in answer.text
