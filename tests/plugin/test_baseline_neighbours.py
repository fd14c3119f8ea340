"""Runs among the plugins that users have: workers, reruns, random order; and what JUnit XML holds."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import Bench
from tests.garage import GREEN
from tierbench.runs.record import RunRecord

# The family of JUnit XML that has properties inside of test cases.
XUNIT1 = ("-o", "junit_family=xunit1")


def properties(file: Path) -> dict[str, list[tuple[str, str]]]:
    """The properties of each test, by its name."""
    cases = ElementTree.parse(file).iter("testcase")  # noqa: S314
    return {
        str(case.get("name")): [(str(each.get("name")), str(each.get("value"))) for each in case.iter("property")]
        for case in cases
    }


def test_junit_holds_what_each_case_was_judged_by(garage: Bench) -> None:
    garage.run("-m", "tier1", "--junitxml", "junit.xml", *XUNIT1)
    found = dict(properties(garage.path / "junit.xml")["test_case[garage/green_1]"])
    assert (found["tier"], found["expected"], found["predicted"]) == ("1", "truck", "truck")
    assert float(found["score"]) == pytest.approx(0.8, abs=1e-4)


def same(first: RunRecord, second: RunRecord) -> bool:
    rows = [record.scores.sort_values("case", ignore_index=True) for record in (first, second)]
    return rows[0].equals(rows[1]) and first.run.comparisons == second.run.comparisons


def test_reruns_tell_each_value_once(accepted: Bench, worse: Path) -> None:
    model = f"--robust-model=model={worse}"
    accepted.run(model)
    plain = accepted.record()
    answer = accepted.run(model, "--reruns", "2", "--junitxml", "junit.xml", *XUNIT1)
    assert answer.code == 1
    assert "rerun" in answer.text
    record = accepted.record()
    assert same(plain, record)
    assert record.run.complete is True
    for values in properties(accepted.path / "junit.xml").values():
        assert len(values) == len(dict(values))


@pytest.mark.parametrize(
    "more",
    [("-p", "no:cacheprovider"), pytest.param(("-n", "2"), marks=pytest.mark.slow)],
    ids=["one process", "two workers"],
)
def test_random_order_and_workers_change_nothing(accepted: Bench, worse: Path, more: tuple[str, ...]) -> None:
    model = f"--robust-model=model={worse}"
    accepted.run(model)
    plain = accepted.record()
    run = accepted.run_process if "-n" in more else accepted.run
    answer = run(model, "-p", "randomly", *more)
    assert answer.code == 1
    record = accepted.record()
    assert same(plain, record)
    failed = sorted(record.scores.loc[record.scores["outcome"] == "failed", "case"])
    assert failed == GREEN


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)])
def test_a_run_that_stops_early_is_not_complete_and_no_baseline(garage: Bench, workers: tuple[str, ...]) -> None:
    # Predictions are kept, so that no worker needs torch.
    garage.run()
    garage.record()
    run = garage.run_process if workers else garage.run
    answer = run("--maxfail=1", "--robust-update-baseline", "--runxfail", *workers)
    assert garage.record().run.complete is False
    assert "the baseline stays as it is: the run stopped early" in answer.text
    assert not (garage.path / "reports" / "baselines" / "model.csv").exists()


def test_last_failed_is_compared_on_what_it_ran(accepted: Bench, worse: Path) -> None:
    model = f"--robust-model=model={worse}"
    accepted.run(model)
    accepted.record()
    answer = accepted.run(model, "--lf")
    assert answer.code == 1
    record = accepted.record()
    assert sorted(record.scores["case"]) == GREEN
    (comparison,) = record.run.comparisons
    assert (comparison.regressed, comparison.same) == (3, 0)


def test_every_run_writes_the_page_of_all_runs(accepted: Bench, worse: Path) -> None:
    accepted.run(f"--robust-model=model={worse}")
    (run,) = accepted.runs
    page = (accepted.path / "reports" / "index.html").read_text(encoding="utf-8")
    assert f'href="{run.name}/report.html"' in page
    assert "3 regressed" in page
    assert (run / "report.html").is_file()
