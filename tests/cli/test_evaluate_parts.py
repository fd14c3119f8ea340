"""`tierbench evaluate` of a shard, of a sample, and until a gate is decided; `tierbench merge` of the shards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer
from tests.flat_colours import flat
from tierbench.runs.record import read_run
from tierbench.runs.set_parts import MADE_WITH, SetParts

# Colour → folder of its class; the model takes black for an airplane.
FOLDERS = {"red": "automobile", "green": "truck", "blue": "ship", "black": "ship"}
Call = Callable[..., Answer]


@pytest.fixture
def run(tierbench: Call, workplace: Path, colour_model: Path, cache: Path) -> Call:
    """Return a function that evaluates a set of 40 pictures, of which the model has three quarters right."""
    for colour, label in FOLDERS.items():
        (workplace / "val" / label).mkdir(parents=True, exist_ok=True)
        for number in range(10):
            flat(colour).save(workplace / "val" / label / f"{colour}_{number}.png")

    def evaluate(*arguments: str) -> Answer:
        given = ["--dataset", "val=imagefolder:val", "--processes", "0", "--device", "cpu", *arguments]
        return tierbench("evaluate", f"model={colour_model}", *given)

    return evaluate


def printed(answer: Answer) -> dict[str, Any]:
    assert answer.code == 0, answer.err
    return dict(json.loads(answer.out))


def results(folder: Path) -> SetParts:
    sets = folder / "sets"
    return SetParts((sets if sets.is_dir() else folder) / "val" / "model")


def test_three_merged_shards_are_the_single_run_row_by_row(run: Call, tierbench: Call, workplace: Path) -> None:
    whole = printed(run("--out", "whole", "--json"))
    for number in (1, 2, 3):
        answer = run("--out", f"part{number}", "--shard", f"{number}/3")
        assert answer.code == 0
        assert f"shard {number}/3: " in answer.out
    merged = printed(tierbench("merge", "part3", "part1", "part2", "--out", "merged", "--json"))
    assert merged == whole
    assert merged["accuracy"] == 0.75
    assert results(workplace / "merged").read().equals(results(workplace / "whole").read())
    assert results(workplace / "merged").made_with() == results(workplace / "whole").made_with()
    sizes = [len(results(workplace / f"part{number}").done()) for number in (1, 2, 3)]
    assert sum(sizes) == 40
    assert min(sizes) > 0


def test_the_gate_is_judged_by_merge(run: Call, tierbench: Call) -> None:
    answer = run("--out", "part1", "--shard", "1/1", "--min-accuracy", "0.5")
    assert (answer.code, answer.err) == (
        4,
        "error: --min-accuracy: a shard is not judged; give it to `tierbench merge`\n",
    )
    run("--out", "part1", "--shard", "1/1")
    assert tierbench("merge", "part1", "--out", "good", "--min-accuracy", "0.75").code == 0
    answer = tierbench("merge", "part1", "--out", "bad", "--min-accuracy", "0.8")
    assert (answer.code, answer.err) == (1, "val: accuracy 0.7500, at least 0.8 required\n")


def test_a_shard_without_a_picture_is_a_shard(run: Call, tierbench: Call) -> None:
    for number in (1, 2, 3):
        assert run("--sample", "2", "--out", f"few/{number}", "--shard", f"{number}/3").code == 0
    assert [len(results(Path("few") / str(number)).done()) for number in (1, 2, 3)].count(0) >= 1
    answer = tierbench("merge", "few/1", "few/2", "few/3", "--out", "merged", "--json")
    assert printed(answer)["n"] == 2


def test_shards_that_do_not_belong_together_are_refused_in_one_line(
    run: Call, tierbench: Call, workplace: Path
) -> None:
    run("--out", "a", "--shard", "1/2")
    run("--out", "b", "--shard", "2/2")
    run("--out", "third", "--shard", "2/3")
    run("--out", "sampled", "--shard", "2/2", "--sample", "20")
    run("--out", "whole")

    def refused(*names: str) -> str:
        answer = tierbench("merge", *names, "--out", "merged")
        assert answer.code == 4
        (line,) = answer.err.splitlines()
        assert not (workplace / "merged").exists()
        return line

    assert refused("a") == "error: shard 2/2 is missing; run it, and name it too"
    assert refused("a", "a", "b").startswith(
        "error: shard 1/2 is there twice: a/val/model, a/val/model; name each once"
    )
    assert "a/val/model is shard 1/2, third/val/model is shard 2/3: name the shards of one run" in refused("a", "third")
    assert "whole/val/model: is not a shard; name runs of --shard i/N" in refused("a", "whole")
    assert "are of different runs: sample None in the first, 20 in the second" in refused("a", "sampled")
    assert "cases: holds no result files; name the folder of --out" in refused("cases")
    next(iter(results(workplace / "b").files())).unlink()
    assert "b/val/model: shard 2/2 has 0 of its " in refused("a", "b")
    # Nothing is left of a run that could not be made.
    assert tierbench("merge", "a", "b").code == 4
    assert not list((workplace / "reports").glob("2*"))


def test_shards_on_other_devices_are_merged_and_noted(run: Call, tierbench: Call, workplace: Path) -> None:
    for number in (1, 2):
        run("--out", f"part{number}", "--shard", f"{number}/2")
    file = results(workplace / "part2").folder / MADE_WITH
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"spec": "imagefolder:/mnt/val"}))
    answer = tierbench("merge", "part1", "part2", "--out", "merged", "--json")
    assert printed(answer)["notes"] == ["the shards differ in spec: imagefolder:val, imagefolder:/mnt/val"]


def test_a_sample_says_so_and_is_the_same_each_time(run: Call, workplace: Path) -> None:
    first = printed(run("--sample", "12", "--out", "one", "--json"))
    assert first["n"] == 12
    (note,) = first["notes"]
    assert note.startswith(
        "sample of 12 of 40 pictures, stratified by slice and class, seed 0; the accuracy on all 40 "
    )
    assert printed(run("--sample", "12", "--json")) == first
    run("--sample", "12", "--seed", "1", "--out", "other")
    assert results(workplace / "one").done() != results(workplace / "other").done()
    # Proportional: a quarter of it is of each of two classes, a half of the third.
    assert sorted(results(workplace / "one").read()["label"].value_counts()) == [3, 3, 6]
    assert "12 of 40" not in run("--sample", "40").out


def test_a_run_stops_when_its_gate_is_decided(run: Call) -> None:
    reached = run("--stop-when", "decided", "--min-accuracy", "0.7")
    assert reached.code == 0
    assert "an accuracy of at least 0.7 on all 40 pictures is certain at an error rate of 0.05, after 40" in reached.out
    missed = run("--stop-when", "decided", "--min-accuracy", "0.8")
    assert missed.code == 1
    assert missed.err == "val: accuracy 0.7500, at least 0.8 required; missed at an error rate of 0.05\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--stop-when", "soon", "--min-accuracy", "0.5"], "--stop-when 'soon' is unknown; write decided"),
        (["--stop-when", "decided"], "--stop-when decided: there is nothing to decide; add --min-accuracy"),
        (["--shard", "3/2", "--out", "x"], "--shard '3/2' is no shard; write i/N"),
        (["--shard", "1/2"], "--shard: nothing would be left to merge; name a folder for the result files with --out"),
    ],
)
def test_options_that_cannot_be_used_are_one_line(run: Call, arguments: list[str], problem: str) -> None:
    answer = run(*arguments)
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1
    assert problem in answer.err


def test_merged_results_are_an_ordinary_run(run: Call, tierbench: Call, workplace: Path) -> None:
    for number in (1, 2):
        run("--out", f"part{number}", "--shard", f"{number}/2")
    for _ in range(2):
        answer = tierbench("merge", "part1", "part2")
        assert answer.code == 0, answer.err
        assert "val:model (class folders): 40 pictures, accuracy 0.750" in answer.out
    folder = max((workplace / "reports").glob("2*"))
    record = read_run(folder)
    assert (record.run.complete, record.rows, record.run.models[0].level) == (True, (), None)
    assert record.run.models[0].fingerprint
    assert record.run.sets[0].results == "sets/val/model"
    shown = tierbench("show", "last").out
    assert "val (class folders): 40 pictures, accuracy 0.750" in shown
    assert shown.splitlines()[-1] == f"report: reports/{folder.name}/report.html"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Classes, worst first" in page
    first = min((workplace / "reports").glob("2*")).name
    assert "unchanged: data set val" in tierbench("compare", first, "last").out
    assert "val" in tierbench("history").out
    assert (workplace / "reports" / "index.html").exists()
    # A folder of one's own is one, too.
    assert tierbench("merge", "part1", "part2", "--out", "mine").code == 0
    assert "unchanged: data set val" in tierbench("compare", "mine", "last").out
    assert "40 pictures" in tierbench("show", "mine").out
    again = tierbench("merge", "part1", "part2", "--out", "mine")
    assert (again.code, again.err) == (4, "error: --out mine: holds files already; name another folder\n")


def test_the_report_of_merged_results_has_pictures_while_they_can_be_read(
    run: Call, tierbench: Call, workplace: Path
) -> None:
    run("--out", "part1", "--shard", "1/1")

    def report() -> str:
        assert tierbench("merge", "part1").code == 0
        file = max(workplace.glob("reports/2*/report.html"), key=lambda each: each.stat().st_mtime_ns)
        return file.read_text(encoding="utf-8")

    assert report().count('data-picture="set-') == 10
    assert "Without pictures" not in report()
    (workplace / "val" / "ship" / "blue_0.png").unlink()
    unread = "Without pictures: <bdi>data set &#39;imagefolder:val&#39;: "
    assert f"{unread}has other pictures now than the results are of</bdi>." in report()
    (workplace / "val").rename(workplace / "moved")
    gone = report()
    assert gone.count(unread) == 1
    assert 'data-large="set-' not in gone
