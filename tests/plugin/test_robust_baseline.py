"""--robust-baseline NAME|PATH|RUN|none: what a run is held against."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import GARAGE, GREEN, edit_run


def test_a_name_a_path_a_run_and_none(accepted: Bench, worse: Path) -> None:
    model = f"--robust-model=model={worse}"
    accepted.run()
    (run,) = accepted.runs
    shutil.copy(accepted.path / "reports/baselines/model.csv", accepted.path / "reports/baselines/release.csv")
    shutil.copy(accepted.path / "reports/baselines/model.csv", accepted.path / "kept.csv")
    for what in ("release", "kept.csv", run.name, f"reports/{run.name}"):
        answer = accepted.run(model, "--robust-baseline", what, "-k", "test_case")
        assert answer.code == 1
        assert "3 regressed" in answer.text
    answer = accepted.run("--robust-baseline", "none", "-m", "tier1")
    assert answer.code == 0
    assert "no baseline" in answer.line("model model")
    assert "test_regression" not in accepted.run("--robust-baseline", "none", "--collect-only", "-q").text


def test_rows_have_what_was_accepted_beside_what_is_seen_now(accepted: Bench, worse: Path) -> None:
    accepted.run("--robust-model", f"model={worse}", "-m", "tier1")
    flips = [row for row in accepted.record().rows if row.change == "regressed"]
    assert [row.case for row in flips] == GREEN
    for row in flips:
        assert [label for label, _ in row.baseline_top[:1]] == ["truck"]
        assert len(row.baseline_top) == 3
        assert row.baseline_top[0][1] == pytest.approx(row.baseline_score, abs=1e-4)
        assert row.top[0][0] != "truck"


def test_the_baseline_that_version_0_1_called_model_is_that_of_a_model_without_a_name(accepted: Bench) -> None:
    def compared_with(*arguments: str) -> list[str]:
        accepted.run("-m", "tier1", *arguments)
        return [each.baseline for each in accepted.record().run.comparisons]

    baselines = accepted.path / "reports" / "baselines"
    # Another name is another model.
    assert compared_with(f"--robust-model=other={accepted.model}") == []
    nameless = f"--robust-model={accepted.model}"
    assert compared_with(nameless) == ["reports/baselines/model.csv"]
    assert "reports/baselines/model.csv is used for model 'colour-model'" in accepted.run("--co", nameless).text
    shutil.copy(baselines / "model.csv", baselines / "colour-model.csv")
    assert compared_with(nameless) == ["reports/baselines/colour-model.csv"]


@pytest.mark.parametrize("what", ["nothing", "no/such.csv"])
def test_one_that_is_not_there_is_one_line(accepted: Bench, what: str) -> None:
    answer = accepted.run("--robust-baseline", what)
    assert answer.code == 4
    (line,) = answer.errors
    assert line.startswith(f"baseline '{what}' of model 'model' does not exist")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 9}, "newer tierbench"),
        ({"schema": 0}, "older tierbench"),
        ({"schema": None}, "not written by"),
        ({"models": None}, "is damaged: "),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line(accepted: Bench, change: dict[str, object], says: str) -> None:
    accepted.run("-m", "tier1")
    (run,) = accepted.runs
    edit_run(run, **change)
    answer = accepted.run("--robust-baseline", run.name)
    assert answer.code == 4
    (line,) = answer.errors
    assert says in line


def test_other_weights_are_named(accepted: Bench, unsure: Path) -> None:
    answer = accepted.run(f"--robust-model=model={unsure}", "--robust-max-drop", "0.9")
    assert "made with different fingerprint: baseline " in answer.text


def test_other_preprocessing_another_suite_and_another_library_are_named(
    accepted: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bilinear"
    shutil.copytree(accepted.model, folder)
    processor = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    processor["resample"] = 2 if processor["resample"] != 2 else 3
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    accepted.suite("garage", GARAGE, 'description = "Said anew."\n')
    baseline = accepted.path / "reports" / "baselines" / "model.csv"
    text = baseline.read_text(encoding="utf-8")
    baseline.write_text(re.sub("(?m)^# torch: .*", "# torch: 1.0", text), encoding="utf-8")
    answer = accepted.run(f"--robust-model=model={folder}", "--robust-max-drop", "0.9")
    named = [line.strip() for line in answer.text.splitlines() if "made with different " in line]
    assert [line.removeprefix("made with different ").partition(":")[0] for line in named] == [
        "fingerprint",
        "model",
        "preprocessing",
        "suite garage",
        "torch",
    ]
    # Against a run's folder they are named too.
    (run,) = accepted.runs
    again = accepted.run("--robust-baseline", run.name)
    assert "made with different preprocessing: baseline " in again.text
