"""Results on data sets on the command line: `tierbench evaluate`, `show`, `compare` and `history`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.runs.records import model, write
from tests.set_rows import MADE_WITH, set_row
from tests.suites.datasets.layouts import write_class_folders
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_results import read_stored
from tierbench.scoring.set_scores import SetRow

Call = Callable[..., Answer]


@pytest.fixture
def evaluated(tierbench: Call, workplace: Path, colour_model: Path) -> Callable[..., Answer]:
    """Return a function that evaluates six pictures of flat colours, of which the model gets four right."""
    write_class_folders(workplace / "colours")

    def call(*options: str, name: str = "m", data: str = "colours") -> Answer:
        spec = f"{name}={colour_model}"
        return tierbench("evaluate", spec, "--dataset", f"imagefolder:{data}", "--processes", "0", *options)

    return call


def parts(folder: Path, rows: Sequence[SetRow], name: str = "m") -> Path:
    """Write the result files of a model on `photos` as `tierbench evaluate --out` does."""
    written = SetParts(folder / "photos" / name)
    written.open({**MADE_WITH, "model": name})
    written.write(rows)
    return folder


def photos(wrong: int, total: int = 60) -> list[SetRow]:
    return [set_row(f"p{number:02}", predicted="dog" if number < wrong else "cat") for number in range(total)]


def test_evaluate_prints_the_figures(evaluated: Callable[..., Answer]) -> None:
    answer = evaluated()
    assert answer.code == 0
    first = answer.out.splitlines()[0]
    assert first.startswith("colours:m (class folders): 6 pictures, accuracy 0.667 [0.300, 0.903], ECE ")
    assert "  the model's own resize and crop" in answer.out.splitlines()


def test_evaluate_prints_json_with_the_documented_keys(evaluated: Callable[..., Answer]) -> None:
    read = json.loads(evaluated("--json").out)
    assert (read["set"], read["model"], read["n"], read["errors"]) == ("colours", "m", 6, 0)
    assert read["accuracy"] == pytest.approx(4 / 6)
    assert read["slices"] == {}


def test_evaluate_prints_a_table_for_papers(evaluated: Callable[..., Answer]) -> None:
    out = evaluated("--table", "latex").out.splitlines()
    assert "m & 66.7 [30.0, 90.3] \\\\" in out
    assert out[-1] == "\\end{tabular}"
    refused = evaluated("--table", "latex", "--json")
    assert (refused.code, refused.out) == (4, "")
    assert refused.err == "error: --json and --table both say what is printed; give one of them\n"


def test_evaluate_writes_a_record_and_replaces_only_records(evaluated: Callable[..., Answer], workplace: Path) -> None:
    file = workplace / "record.json"
    for _ in range(2):
        answer = evaluated("--record", str(file), "--json")
        assert answer.code == 0
        json.loads(answer.out)
    read = json.loads(file.read_text(encoding="utf-8"))
    assert read["model"]["name"] == "m"
    assert read["model"]["fingerprint"]
    assert {"torch", "tierbench"} <= set(read["versions"])
    assert read["sets"][0]["accuracy"] == pytest.approx(4 / 6)
    file.write_text('{"mine": 1}', encoding="utf-8")
    answer = evaluated("--record", str(file))
    assert (answer.code, answer.out) == (4, "")
    assert "record.json: exists and is no such record; name another file" in answer.err
    assert "its folder does not exist; create it first" in evaluated("--record", "nowhere/record.json").err


def test_show_computes_the_figures_from_the_files_alone(
    evaluated: Callable[..., Answer], tierbench: Call, workplace: Path
) -> None:
    printed = evaluated("--out", "results").out
    # Neither the pictures nor the record of a run is there.
    (workplace / "colours").rename(workplace / "gone")
    answer = tierbench("show", "results")
    assert answer.code == 0
    assert answer.out.startswith(printed)
    assert "  airplane            0/1      0.000     [0.00, 0.79]   ship 1" in answer.out
    assert "and 2 of 4 classes more; --all lists them" in answer.out
    assert "truck" in tierbench("show", "results", "--all").out


def test_show_makes_one_table_of_several_models(tierbench: Call, workplace: Path) -> None:
    for name, wrong in (("first", 3), ("second", 30)):
        parts(workplace / "results", photos(wrong), name)
    out = tierbench("show", "results", "--table", "markdown").out
    assert "| `first` | 95.0 [86.3, 98.3] |" in out
    assert "| `second` | 50.0 [37.7, 62.3] |" in out


def test_show_of_damaged_results_says_what_is_wrong(tierbench: Call, workplace: Path) -> None:
    folder = parts(workplace / "results", photos(1)) / "photos" / "m"
    (folder / "part-000000.parquet").write_bytes(b"PAR1 damaged")
    answer = tierbench("show", "results")
    assert answer.code == 4
    assert "part-000000.parquet: cannot be read" in answer.err
    (folder / "part-000000.parquet").unlink()
    assert "has no row yet; run tierbench evaluate again" in tierbench("show", "results").err
    (folder / "_set.json").write_text('{"set": "photos", "model": "m", "size": "many"}', encoding="utf-8")
    line = "_set.json: cannot be read (ValidationError: Expected `int`, got `str` - at `$.size`); restore the file"
    assert line in tierbench("show", "results").err


def test_compare_names_lost_pictures_and_the_verdict(tierbench: Call, workplace: Path) -> None:
    parts(workplace / "before", photos(3))
    parts(workplace / "after", photos(30))
    answer = tierbench("compare", "before", "after", "--json", "c.json", "--markdown", "c.md", "--html", "c.html")
    assert (answer.code, answer.err) == (1, "")
    lines = answer.out.splitlines()
    assert "  accuracy 0.9500 → 0.5000 on 60 pictures, 27 lost, 0 won" in lines
    assert "  lost  p03: expected cat, saw cat, now dog" in lines
    # The first twenty are listed.
    assert sum(line.startswith("  lost  ") for line in lines) == 20
    assert "  and 7 flips more; --json lists all" in lines
    assert any(line.startswith("  photos: regressed: lost 27 of 60 groups") for line in lines)
    assert lines[-1] == "regressed: data set photos (the paired verdict decides)"
    read = json.loads((workplace / "c.json").read_text(encoding="utf-8"))
    assert (read["outcome"], read["regression"], len(read["sets"][0]["flips"])) == ("regressed", True, 27)
    assert "| lost | `p03` |  | `cat` | `cat` | `dog` |" in (workplace / "c.md").read_text(encoding="utf-8")
    assert "lost: <bdi>p03: expected cat" in (workplace / "c.html").read_text(encoding="utf-8")


def test_compare_names_the_slices_that_regressed(tierbench: Call, workplace: Path) -> None:
    def sliced(wrong: int) -> list[SetRow]:
        # Of the same 60 originals, clean ones stay right.
        rows = [
            [replace(each, id=f"{name}/{each.id}", slice=name) for each in photos(count)]
            for name, count in (("clean", 0), ("fog+3", wrong), ("snow+1", wrong // 10))
        ]
        return [row for own in rows for row in own]

    parts(workplace / "before", sliced(0))
    parts(workplace / "after", sliced(30))
    answer = tierbench("compare", "before", "after", "--json", "c.json", "--markdown", "c.md", "--html", "c.html")
    assert answer.code == 1
    said = "1 slice regressed (Holm over 3 slices): fog+3 lost 30 and won 0 of 60 groups, p < 0.001"
    assert f"  {said}" in answer.out.splitlines()
    assert f"- `{said}`" in (workplace / "c.md").read_text(encoding="utf-8")
    assert said.replace("<", "&lt;") in (workplace / "c.html").read_text(encoding="utf-8")
    (read,) = json.loads((workplace / "c.json").read_text(encoding="utf-8"))["sets"]
    assert {name: each["state"] for name, each in read["slices"].items()} == {
        "clean": "unchanged",
        "fog+3": "regressed",
        "snow+1": "not shown",
    }
    assert read["slices"]["fog+3"]["sentence"].startswith("photos/fog+3: regressed: lost 30 of 60 groups")
    assert "p < 0.001 (Holm over 3 slices)" in read["slices"]["fog+3"]["sentence"]


def test_compare_of_equal_results_is_unchanged(tierbench: Call, workplace: Path) -> None:
    for name in ("before", "after"):
        parts(workplace / name, photos(3))
    answer = tierbench("compare", "before", "after")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "unchanged: data set photos (the paired verdict decides)"


def test_a_few_flips_regress_only_under_their_gate(tierbench: Call, workplace: Path) -> None:
    parts(workplace / "before", photos(3))
    parts(workplace / "after", photos(4))
    assert tierbench("compare", "before", "after").code == 0
    answer = tierbench("compare", "before", "after", "--gate", "flips")
    assert (answer.code, answer.out.splitlines()[-1]) == (1, "regressed: data set photos (each flip decides)")


def test_compare_counts_pictures_of_one_original_once(tierbench: Call, workplace: Path) -> None:
    for name, wrong in (("before", 0), ("after", 20)):
        rows = [replace(each, group=f"g{number // 10}") for number, each in enumerate(photos(wrong))]
        parts(workplace / name, rows)
    answer = tierbench("compare", "before", "after")
    assert answer.code == 0
    assert "lost 2 of 6 groups" in answer.out


def test_compare_says_what_it_leaves_out(tierbench: Call, workplace: Path) -> None:
    parts(workplace / "before", photos(3, total=62))
    parts(workplace / "after", photos(3))
    out = tierbench("compare", "before", "after").out
    assert "2 of 62 pictures before are not compared: one of the two has no prediction of them" in out


def test_runs_are_compared_and_listed_by_their_data_sets(tierbench: Call, workplace: Path) -> None:
    reports = workplace / "reports"
    for number, wrong in ((1, 3), (2, 30)):
        stored = parts(workplace / f"r{number}", photos(wrong))
        result = read_stored(stored / "photos" / "m", "sets/photos/m").result
        folder = write(reports, number, tiers=[], models=(model("m"),), sets=(result,))
        stored.rename(folder / "sets")
    answer = tierbench("compare", "20260102", "last")
    assert answer.code == 1
    assert "photos: regressed" in answer.out
    history = tierbench("history", "--html")
    assert history.code == 0
    (line,) = [each for each in history.out.splitlines() if each.startswith("photos")]
    assert line.split() == ["photos", "m", "▇▅", "0.5000", "0.9500"]
    assert "photos 0.9500" in history.out
    assert "<bdi>photos</bdi>:</span> <bdi>0.5000</bdi>" in (reports / "index.html").read_text(encoding="utf-8")
    assert "photos" in tierbench("history", "--suite", "photos").out
    shown = tierbench("show", "last")
    assert "photos (class folders): 60 pictures, accuracy 0.500 [0.377, 0.623]" in shown.out
    assert "| `m` | 50.0 [37.7, 62.3] |" in tierbench("show", "last", "--table", "markdown").out


def test_a_table_of_a_run_without_data_sets_is_refused(tierbench: Call, workplace: Path) -> None:
    write(workplace / "reports", 1)
    answer = tierbench("show", "last", "--table", "latex")
    assert answer.code == 4
    assert "--table is of data sets, and this run has none" in answer.err
