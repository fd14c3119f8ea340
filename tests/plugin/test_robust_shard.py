"""--robust-shard i/N: a shard judges its cases, and `tierbench merge` judges what all of them decide together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.conftest import Answer, Bench
from tests.flat_sets import write_set
from tests.garage import GARAGE, edit_run
from tierbench.__main__ import main
from tierbench.common.schema import Run
from tierbench.runs.record import RunRecord, read_run

# Ladder, twin, absence, a metric's gate and a sweep, beside the garage: each is judged by merge.
YARD = """\
file_name,label,tier,ladder,twin,fog_m
red_1.png,automobile,1,,red_2,
red_2.png,-,,,,
green_1.png,!ship,1,,,
red_3.png,automobile,2,,,
red_4.png,automobile,,road,,90
orange_5.png,automobile,,road,,60
black_6.png,automobile,,road,,30
"""
YARD_TOML = """\
[parameters]
fog_m = "m"
[ladders.road]
parameter = "fog_m"
direction = "falling"
gate = 50
[gates]
accuracy = {min = 0.5}
"""
# What differs between any two runs.
_OF_A_RUN = ("started", "duration_s", "command")


def whole(bench: Bench, *arguments: str) -> tuple[Answer, RunRecord]:
    """Run everything at once."""
    return bench.run(*arguments), bench.record()


def shards(bench: Bench, count: int, *arguments: str) -> list[Path]:
    """Run all shards, and return the folders of their runs."""
    folders = []
    for number in range(1, count + 1):
        bench.run(*arguments, f"--robust-shard={number}/{count}")
        folders.append(bench.path / "seen" / bench.record().folder.name)
    return folders


def tierbench(bench: Bench, *arguments: str) -> Answer:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "tierbench", *arguments]
    done = subprocess.run(command, cwd=bench.path, capture_output=True, text=True, check=False, timeout=120)
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text
    return Answer(done.returncode, text)


def merge(bench: Bench, folders: list[Path], *arguments: str) -> Answer:
    """Run `tierbench merge`."""
    return tierbench(bench, "merge", *(str(folder.relative_to(bench.path)) for folder in folders), *arguments)


def figures(run: Run) -> Run:
    """Return a run without what differs between any two."""
    models = tuple(replace(model, prediction_s=None, pictures=0) for model in run.models)
    return replace(run, started="", duration_s=0, command=(), models=models)


def outcomes(text: str) -> dict[str, int]:
    """Return how many tests passed, failed and so on, by the last line of pytest."""
    counts = re.findall(r"([0-9]+) (passed|failed|xfailed|errors?|skipped)", text)
    return {name: int(count) for count, name in counts}


def test_three_merged_shards_are_the_single_run_in_every_figure(accepted: Bench, worse: Path) -> None:
    accepted.suite("yard", YARD, YARD_TOML)
    arguments = (f"--robust-model=model={worse}", "--robust-corruptions=fog,snow", "--robust-severities=1")
    single, one = whole(accepted, *arguments)
    folders = shards(accepted, 3, *arguments)
    answer = merge(accepted, folders[::-1])
    assert answer.code == single.code == 1
    assert outcomes(answer.text) == outcomes(single.text)
    merged = accepted.record()
    assert merged.rows == one.rows
    assert figures(merged.run) == figures(one.run)
    # All kinds of figures were there to be compared.
    empty = [each.name for each in fields(Run) if not getattr(merged.run, each.name)]
    assert not {
        "tiers",
        "absences",
        "levels",
        "missing",
        "ladders",
        "slices",
        "metrics",
        "comparisons",
        "standouts",
    } & set(empty)
    assert merged.run.complete
    assert (merged.folder.parent.parent / "seen" / merged.folder.name / "report.html").is_file()


def test_a_shard_judges_its_cases_and_leaves_the_rest(accepted: Bench) -> None:
    sizes = []
    for number in (1, 2, 3):
        answer = accepted.run(f"--robust-shard={number}/3", "-rs")
        # No tier is short, no level fell, and no case of the baseline is missing: nobody can tell yet.
        assert answer.code == 0, answer.text
        assert "level not determined (judged by tierbench merge)" in answer.text
        record = accepted.record()
        assert (record.run.missing, record.run.levels) == ((), ())
        assert [each.met for each in record.run.tiers] == [None] * len(record.run.tiers)
        sizes.append(len(record.rows))
        skipped = [line for line in answer.text.splitlines() if line.startswith("SKIPPED")]
        assert skipped
        assert all(line.endswith("judged by tierbench merge") for line in skipped)
    assert sum(sizes) == 9
    assert min(sizes) > 0


def test_a_tier_that_is_selected_alone_is_whole_after_the_merge(accepted: Bench) -> None:
    single, one = whole(accepted, "-k", "test_tier or grey_1")
    answer = merge(accepted, shards(accepted, 2, "-k", "test_tier or grey_1"))
    assert answer.code == single.code
    merged = accepted.record()
    assert merged.rows == one.rows
    assert figures(merged.run) == figures(one.run)
    assert {(each.tier, each.total) for each in merged.run.tiers} == {(1, 8), (2, 1)}


def test_workers_of_shards_and_tests_of_the_users_own_change_nothing(accepted: Bench) -> None:
    accepted.suite("yard", YARD, YARD_TOML)
    accepted.file("cases/test_own.py", "def test_scores(scores):\n    assert len(scores)\n")
    _, one = whole(accepted)
    folders = shards(accepted, 2, "-n2")
    answer = merge(accepted, folders)
    assert "merge of 2 shards: seen/" in answer.text
    # It would have asked for a model.
    assert "test_own" not in answer.text
    merged = accepted.record()
    assert sorted(merged.rows, key=lambda row: row.key) == sorted(one.rows, key=lambda row: row.key)
    assert merged.run.tiers == one.run.tiers
    assert merged.run.ladders == one.run.ladders


def test_merge_needs_neither_model_nor_cache_and_its_run_is_one_like_any_other(garage: Bench) -> None:
    shutil.copytree(garage.model, garage.path / "model")
    garage.configure(robust_model=["model=model"])
    garage.suite("garage", GARAGE.replace("grey_1.png,automobile,2\n", ""))
    folders = shards(garage, 2)
    shutil.rmtree(garage.path / "model")
    answer = merge(garage, folders, "--markdown", "summary.md")
    assert answer.code == 0, answer.text
    assert "- `model`: **`level 1 of 1`**" in (garage.path / "summary.md").read_text(encoding="utf-8")
    assert "model: level 1 of 1" in answer.text
    (folder,) = garage.runs
    assert (folder / "report.html").is_file()
    for command in (["show", "last"], ["baseline", "accept", folder.name], ["compare", "model", "last"], ["history"]):
        assert tierbench(garage, *command).code == 0


def test_merge_decides_what_is_missing(accepted: Bench) -> None:
    accepted.suite("garage", GARAGE.replace("red_2.png,automobile,1\n", ""))
    folders = shards(accepted, 2)
    answer = merge(accepted, folders)
    assert answer.code == 1
    assert "1 case of the baseline was not run: garage/red_2" in answer.text


def test_shards_that_do_not_belong_together_are_refused_in_one_line(
    accepted: Bench, worse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = shards(accepted, 2)
    third = shards(accepted, 3)[1]
    accepted.run()
    single = accepted.path / "seen" / accepted.record().folder.name
    accepted.run("--robust-shard=2/2", "--robust-gate=regression")
    gated = accepted.path / "seen" / accepted.record().folder.name
    accepted.run("--robust-shard=2/2", f"--robust-model=model={worse}")
    other = accepted.path / "seen" / accepted.record().folder.name
    accepted.suite("garage", GARAGE + "red_9.png,automobile,1\n")
    accepted.run("--robust-shard=2/2")
    changed = accepted.path / "seen" / accepted.record().folder.name
    accepted.suite("garage", GARAGE)
    stopped = shutil.copytree(two, accepted.path / "stopped")
    edit_run(stopped, complete=False)
    damaged = shutil.copytree(two, accepted.path / "damaged")
    (damaged / "shard.json").write_text('{"number": 2', encoding="utf-8")

    def refused(*folders: Path) -> str:
        monkeypatch.setattr("sys.argv", ["tierbench", "merge", *map(str, folders)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 4
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert refused(one).endswith("shard 2/2 is missing; run it, and name it too")
    assert "shard 1/2 is there twice: " in refused(one, two, one)
    assert "is shard 1/2, " in refused(one, third)
    assert "is not a shard; name runs of --robust-shard i/N" in refused(one, single)
    assert "options --robust-gate=auto in the first, --robust-gate=regression in the second" in refused(one, gated)
    assert "are of different runs: model model " in refused(one, other)
    assert "are of different runs: suites garage " in refused(one, changed)
    assert "the run is not complete; run the shard again" in refused(one, stopped)
    assert "is damaged (" in refused(one, damaged)
    assert "there is no such run" in refused(one, accepted.path / "nowhere")
    assert not accepted.runs


def test_a_suite_that_changed_since_is_refused(accepted: Bench) -> None:
    folders = shards(accepted, 2)
    accepted.suite("garage", GARAGE + "red_9.png,automobile,1\n")
    answer = merge(accepted, folders)
    assert answer.code == 4
    assert "suite 'garage' is not the one that the shards ran; merge them on their commit" in answer.text


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--robust-shard=0/3"], "--robust-shard '0/3' is no shard; write i/N with 1 ≤ i ≤ N"),
        (
            ["--robust-shard=1/3", "--robust-update-baseline"],
            "--robust-update-baseline: a shard has a part of the cases",
        ),
    ],
)
def test_options_that_cannot_be_used_are_one_line(garage: Bench, arguments: list[str], problem: str) -> None:
    answer = garage.run(*arguments)
    assert answer.code == 4
    (line,) = answer.errors
    assert problem in line


def test_data_sets_are_merged_and_judged_too(accepted: Bench) -> None:
    import tierbench.runs.set_run  # noqa: F401 (pytester forgets it, and it does not bear a second import)

    write_set(accepted.path / "weather")
    accepted.file("cases/datasets.toml", '[weather]\nmin_accuracy = 0.99\n[weather.slices."fog+3"]\nmax_drop = 0.01\n')
    single, one = whole(accepted, "--robust-dataset=imagenet-c:weather")
    folders = shards(accepted, 3, "--robust-dataset=imagenet-c:weather")
    for number, folder in enumerate(folders, 1):
        (partial,) = read_run(folder).run.sets
        assert any(note.startswith(f"shard {number}/3: ") for note in partial.notes)
        assert not partial.whole.demands
    # The record is enough.
    shutil.rmtree(accepted.path / "weather")
    answer = merge(accepted, folders)
    assert answer.code == single.code == 1
    assert outcomes(answer.text) == outcomes(single.text)
    merged = accepted.record()
    assert merged.run.sets == one.run.sets
    assert merged.run.sets[0].whole.demands
