"""Accepted results of data sets: `--robust-update-baseline`, the paired verdict, and pictures that are missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import Bench
from tests.flat_sets import CLEAN, write_set
from tests.plugin.test_selection import counts
from tierbench.cli import app
from tierbench.runs.record import read_run_json
from tierbench.runs.set_baseline import read_accepted

ACCEPTED = "reports/baselines/model.sets/weather.parquet"
SET_ONLY = ("-k", "test_set")


@pytest.fixture
def weather(bench: Bench) -> Bench:
    """A repository with the data set `weather`, whose results are accepted."""
    # pytester forgets what a run in process has imported, and these do not bear a second import.

    import tierbench.runs.regression
    import tierbench.runs.set_run  # noqa: F401

    write_set(bench.path / "weather")
    bench.configure(robust_datasets=["imagenet-c:weather"])
    answer = bench.run("--robust-update-baseline")
    assert answer.code == 0, answer.text
    assert f"baseline {ACCEPTED}: 60 pictures accepted" in answer.text.splitlines()
    bench.record()
    return bench


def test_the_same_model_is_unchanged(weather: Bench) -> None:
    assert not (weather.path / "reports/baselines/model.csv").exists()
    answer = weather.run(*SET_ONLY)
    assert answer.code == 0
    said = f"  against {ACCEPTED}: weather: unchanged: every prediction is as before (60 cases, 20 groups)"
    assert said in answer.text.splitlines()
    (result,) = weather.record().run.sets
    assert result.verdict is not None
    assert (result.verdict.state, result.verdict.cases, result.verdict.groups) == ("unchanged", 60, 20)
    assert (result.differences, result.missing) == ((), 0)


@pytest.mark.parametrize("gate", ["auto", "regression"])
def test_a_worse_model_is_red(weather: Bench, worse: Path, gate: str) -> None:
    answer = weather.run(f"--robust-model=model={worse}", *SET_ONLY, f"--robust-gate={gate}")
    assert (answer.code, counts(answer.text)) == (1, {"failed": 1})
    # Three slices of one original are one group.
    assert "weather: regressed: lost 5 of 20 groups (truck/00, truck/01, truck/02, truck/03 and 1 more), won none" in (
        answer.text
    )
    (result,) = weather.record().run.sets
    assert result.verdict is not None
    assert (result.verdict.state, result.verdict.lost, result.verdict.won) == ("regressed", 5, 0)
    # Five of twenty are too few for one of three slices.
    assert [each.state for each in result.slice_verdicts] == ["not shown", "not shown", "unchanged"]
    assert "no slice alone shows a loss (Holm over 3 slices)" in answer.text


def test_slices_that_regressed_are_named_where_the_set_did(weather: Bench, worse: Path) -> None:
    shutil.rmtree(weather.path / "weather/clean")
    # The class that the worse model misses.
    write_set(weather.path / "weather", {"clean": {"truck": ["green"] * 20}})
    assert weather.run("--robust-update-baseline").code == 0
    answer = weather.run(f"--robust-model=model={worse}", "-k", "weather")
    assert answer.code == 1
    assert counts(answer.text) == {"failed": 1, "passed": 3}
    said = "1 slice regressed (Holm over 3 slices): clean lost 20 and won 0 of 20 groups, p < 0.001"
    assert f"; {said}" in answer.text
    assert f"  {said}" in answer.text.splitlines()
    pages = [(run / "report.html").read_text(encoding="utf-8") for run in weather.runs]
    assert [said.replace("<", "&lt;") in page for page in pages].count(True) == 1
    found = [verdict for run in weather.runs for verdict in read_run_json(run).sets[0].slice_verdicts]
    assert {each.slice: each.state for each in found}["clean"] == "regressed"


@pytest.mark.parametrize("options", [["--robust-gate=thresholds"], ["--robust-baseline=none"]])
def test_a_worse_model_is_only_reported_where_nothing_is_gated(weather: Bench, worse: Path, options: list[str]) -> None:
    answer = weather.run(f"--robust-model=model={worse}", *SET_ONLY, *options)
    assert answer.code == 0
    assert ("weather: regressed: lost 5 of 20 groups" in answer.text) == ("none" not in options[0])


def test_slices_alone_get_no_verdict(weather: Bench, worse: Path) -> None:
    assert weather.run(f"--robust-model=model={worse}", "-k", "fog+3").code == 0
    (result,) = weather.record().run.sets
    assert result.verdict is None


def test_errors_that_could_hide_a_loss_leave_the_verdict_open(weather: Bench) -> None:
    for number in range(5):
        (weather.path / f"weather/clean/ship/{number:02}.png").write_bytes(b"")
    answer = weather.run(*SET_ONLY)
    assert answer.code == 1
    assert (
        "weather: whether it regressed is not determined: of 60 pictures, 5 pictures without a prediction"
        in answer.text
    )
    (result,) = weather.record().run.sets
    assert result.verdict is not None
    assert (result.verdict.state, result.undetermined) == ("unchanged", True)


def test_an_error_that_hides_nothing_does_not_matter(weather: Bench) -> None:
    (weather.path / "weather/clean/ship/00.png").write_bytes(b"")
    assert weather.run(*SET_ONLY).code == 0


def test_pictures_that_the_set_lost_are_red_and_named(weather: Bench) -> None:
    shutil.rmtree(weather.path / "weather/fog/5/truck")
    answer = weather.run(*SET_ONLY)
    assert answer.code == 1
    named = "fog/5/truck/00.png, fog/5/truck/01.png, fog/5/truck/02.png and 2 more"
    assert f"  5 pictures of {ACCEPTED} missing: {named}" in answer.text.splitlines()
    assert "  made with different digest: baseline " in answer.text
    assert weather.run(*SET_ONLY, "--robust-missing-cases=report").code == 0


def test_an_update_of_a_slice_keeps_the_others(weather: Bench, worse: Path) -> None:
    answer = weather.run(f"--robust-model=model={worse}", "-k", "clean", "--robust-update-baseline")
    assert answer.code == 0, answer.text
    assert f"baseline {ACCEPTED}: 20 pictures accepted" in answer.text.splitlines()
    rows = read_accepted(weather.path / ACCEPTED).rows
    assert rows.groupby("slice")["correct"].sum().to_dict() == {"clean": 15, "fog+3": 15, "fog+5": 5}
    assert rows["id"].is_monotonic_increasing


def test_an_update_of_the_whole_set_forgets_what_it_lost(weather: Bench) -> None:
    shutil.rmtree(weather.path / "weather/fog/5")
    weather.file("cases/datasets.toml", "[weather]\nmin_accuracy = 0.99\n")
    answer = weather.run("--robust-update-baseline", *SET_ONLY)
    # What is not met is accepted, not failed.
    assert (answer.code, counts(answer.text)) == (0, {"xfailed": 1})
    assert len(read_accepted(weather.path / ACCEPTED).rows) == 40


def test_a_recorded_run_is_a_baseline_and_can_be_accepted(weather: Bench, worse: Path) -> None:
    shutil.rmtree(weather.path / "reports/baselines")
    weather.run()
    (run,) = weather.runs
    answer = weather.run(f"--robust-model=model={worse}", *SET_ONLY, f"--robust-baseline={run.name}")
    assert answer.code == 1
    assert f"against reports/{run.name}/sets/weather/model: weather: regressed" in answer.text
    accepted = CliRunner().invoke(app, ["baseline", "accept", run.name])
    assert accepted.exit_code == 0, accepted.output
    assert f"baseline {ACCEPTED}: 60 pictures accepted" in accepted.output.splitlines()
    assert weather.run(f"--robust-model=model={worse}", *SET_ONLY).code == 1


def test_a_required_baseline_is_one_line(weather: Bench) -> None:
    (weather.path / ACCEPTED).unlink()
    answer = weather.run("--robust-require-baseline")
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith(f"data set 'weather': model 'model' has no accepted results ({ACCEPTED}); accept a run")


def test_a_damaged_baseline_is_one_line(weather: Bench) -> None:
    (weather.path / ACCEPTED).write_bytes(b"PAR1 but not really")
    answer = weather.run()
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith(f"{ACCEPTED}: the accepted results cannot be read")


def test_the_net_loss_that_is_allowed_is_declared(weather: Bench) -> None:
    weather.file("cases/datasets.toml", "[weather]\nallowed_drop = 0.3\n")
    weather.run(*SET_ONLY)
    (result,) = weather.record().run.sets
    assert result.verdict is not None
    assert result.verdict.allowed_drop == 0.3


@pytest.mark.parametrize(("choice", "code"), [("", 0), ("fail", 1), ("report", 0)])
def test_a_set_that_no_run_names_any_more_is_missing(weather: Bench, choice: str, code: int) -> None:
    options = [f"--robust-missing-cases={choice}"] if choice else []
    if not choice:
        # One of the settings is left out on purpose.
        write_set(weather.path / "other", {"": CLEAN})
        assert "data set of the baseline" not in weather.run("--robust-dataset=imagefolder:other").text
    weather.suite("study", "file_name,label,tier\nred.png,automobile,1\n")
    weather.configure()
    answer = weather.run(*options, "--robust-markdown=summary.md", "--junitxml=junit.xml")
    assert answer.code == code, answer.text
    said = "model: data set of the baseline not named, and not run: weather; name them in robust_datasets, or delete"
    assert said in answer.text
    assert said in (weather.path / "summary.md").read_text(encoding="utf-8")
    assert 'name="missing" value="weather"' in (weather.path / "junit.xml").read_text(encoding="utf-8")
    pages = [(run / "report.html").read_text(encoding="utf-8") for run in weather.runs]
    assert [said in page for page in pages].count(True) == 1
    # A narrowed run says nothing of it.
    assert said not in weather.run("-m", "tier1", *options).text
