"""The sentence of a run agrees with pytest's exit code, and is the same everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE
from tierbench.report.history_text import history_lines
from tierbench.runs.history import read_history

OTHER = "def test_other():\n    assert False\n"


def verdict(bench: Bench) -> tuple[str, str]:
    record = bench.record()
    assert record.run.verdict is not None
    return record.run.verdict.state, record.run.verdict.sentence


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_a_regression_is_said_in_every_place(accepted: Bench, worse: Path, workers: tuple[str, ...]) -> None:
    summary = accepted.path / "summary.md"
    if workers:
        # Predictions are kept, so that no worker needs torch.
        accepted.run(f"--robust-model=model={worse}")
        accepted.record()
    answer = accepted.run(f"--robust-model=model={worse}", f"--robust-markdown={summary}", *workers)
    assert answer.code == 1
    (folder,) = accepted.runs
    report = (folder / "report.html").read_text(encoding="utf-8")
    history = "\n".join(history_lines(read_history(folder.parent).entries, 5))
    state, sentence = verdict(accepted)
    assert state == "failed"
    assert sentence == "Failed: level 1 → 0 of 2; 3 pictures regressed, all of them showing truck"
    assert sentence in answer.text
    assert sentence in report
    assert sentence in summary.read_text(encoding="utf-8")
    assert sentence in history


def test_what_was_accepted_passes_beside_a_failing_test_of_others(accepted: Bench) -> None:
    accepted.file("cases/test_other.py", OTHER)
    answer = accepted.run()
    assert answer.code == 1
    state, sentence = verdict(accepted)
    assert state == "passed"
    assert sentence == "Passed: level 1 of 2, as accepted; 1 known miss; 1 other test of the session failed"


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("-m", "tier1"), 0, "Passed: level 1 of 2 (tier 2 not run), no baseline yet"),
        (("-x",), 1, "Failed: level 1 of 2, no baseline yet; 1 picture missed; the run stopped early"),
        (("--robust-shard=1/1", "-k", "red"), 0, "Not judged: this is shard 1/1; tierbench merge judges the run"),
        (("--robust-update-baseline",), 0, "Passed: level 1 of 2, accepted as the baseline; 1 accepted miss"),
        (("-k", "red_1"), 0, "Passed: level not determined (tier 1 of garage not run whole)"),
    ],
)
def test_it_agrees_with_the_exit_code(garage: Bench, options: tuple[str, ...], code: int, sentence: str) -> None:
    answer = garage.run(*options)
    assert answer.code == code
    assert verdict(garage)[1].startswith(sentence)


def test_missing_cases_are_red_and_said(accepted: Bench) -> None:
    accepted.suite("garage", GARAGE.replace("red_2.png,automobile,1\n", ""))
    assert accepted.run().code == 1
    assert verdict(accepted)[1] == "Failed: level 1 of 2, as accepted; 1 case of the baseline missing"
