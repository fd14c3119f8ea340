"""Texts of suites and models that would steer a terminal, break a file or run in a page, shown as text."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from tests.conftest import Bench
from tests.flat_colours import flat
from tierbench.__main__ import main
from tierbench.runs.baseline import read_baseline
from tierbench.runs.record import read_run

SCRIPT = "<script>document.title='run'</script>"
HOSTILE = {
    "script": SCRIPT,
    "attribute": "\" onerror='alert(1)' x=\"",
    "colour": "\x1b[31mred\x1b[0m\x07",
    "direction": "\u202egnp.exe\u2066",
    "lines": "one\r\ntwo\u2028three",
    "long": "x" * 10_000,
    "formula": "=cmd|' /C calc'!A0",
    "at": "@SUM(1)",
    "minus": "-1+1",
    "quoted": "'=1+1",
    "backslash": "a\\u0041",
    "runner": "x ##[error]y",
    "workflow": "::error::y",
    "null": "a\x00b",
}
# A lone surrogate stands in JSON and in Python, and in no UTF-8 file.
MODEL = """
import json
import numpy as np

LABELS = json.load(open("labels.json"))

class Hostile:
    labels = LABELS
    fingerprint = "hostile-1"

    def describe(self):
        return {"architecture": LABELS[-3], "labels": LABELS, "preprocessing": {LABELS[-3]: LABELS[1]}}

    def predict(self, images):
        said = np.full(len(LABELS), 0.05, dtype=np.float32)
        said[-3] = 0.5
        return np.tile(said / said.sum(), (len(images), 1))
"""


def steers(text: str) -> set[str]:
    """The characters and lines in a text that a terminal or a CI job would obey."""
    bidi = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    commands = {line for line in text.splitlines() if "##[" in line or line.lstrip().startswith("::")}
    return commands | {c for c in text if c in bidi or (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t")}


def run_by_spreadsheets(file: Path) -> list[str]:
    """The cells of a CSV file that a spreadsheet would run; figures are numbers."""
    with file.open(encoding="utf-8", newline="") as stream:
        cells = [cell for line in csv.reader(stream) for cell in line]
    return [cell for cell in cells if re.match(r"[=+@\t\r]|-(?![\d.]+(e-\d+)?$)", cell)]


@pytest.fixture
def hostile(bench: Bench) -> Bench:
    """A suite whose every text is hostile, and a model whose labels are."""
    folder = bench.suite("evil", "file_name,label,tier\n", "")
    rows = [["file_name", "label", "tier", "id", "group", "known_issue", "source", "license", "notes"]]
    concepts = [text for name, text in HOSTILE.items() if name != "null"]
    for number, text in enumerate(concepts):
        flat("red").save(folder / f"p{number}.png")
        concept = text.replace("|", "/")
        rows.append(
            [f"p{number}.png", concept, "1", f"case-{number}", text, text if number % 2 else "", text, text, text]
        )
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    labels = [concept.replace("|", "/").replace("\r\n", "\n") for concept in concepts] + [
        "\ud800 lone",
        HOSTILE["null"],
        "\u202elast",
    ]
    bench.file("labels.json", json.dumps(labels))
    bench.file("hostile.py", MODEL)
    bench.configure(robust_model=["python:hostile:Hostile"])
    return bench


def test_terminal_record_and_junit_show_them_as_text(hostile: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = hostile.run("--junitxml=junit.xml", "-rA", "--robust-update-baseline")
    assert answer.code in (0, 1)
    assert steers(answer.text) == set()
    assert max(map(len, answer.text.splitlines())) < 1000
    record = read_run(next(folder for folder in hostile.runs if folder.name != "baselines"))
    assert len(record.scores) == len(HOSTILE) - 1
    assert record.scores["expected"][0] == SCRIPT
    assert set(record.scores["predicted"]) == {"\\ud800 lone"}
    assert max(len(row) for row in record.scores["expected"]) == 10_000
    assert {row.known_issue for row in record.rows if row.known_issue} == set(list(HOSTILE.values())[1:-1:2])
    # What was written is what was said, and nothing runs it.
    junit = hostile.path / "junit.xml"
    assert len(list(ElementTree.parse(junit).iter("testcase"))) == len(HOSTILE)  # noqa: S314 (pytest's own)
    assert steers(junit.read_text(encoding="utf-8")) == set()
    assert run_by_spreadsheets(record.folder / "scores.csv") == []
    baseline = hostile.path / "reports" / "baselines" / "Hostile.csv"
    assert run_by_spreadsheets(baseline) == []
    expected = [" ".join(text.replace("|", "/").split()) for name, text in HOSTILE.items() if name != "null"]
    assert {row.expected for row in read_baseline(baseline).rows} == set(expected)
    # The baseline that was accepted is read again, and nothing changed.
    again = hostile.run()
    assert steers(again.text) == set()
    assert f"0 regressed, 0 fixed, {len(HOSTILE) - 1} same, 0 new" in again.text


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_junit_properties_are_run_by_no_spreadsheet_and_steer_nothing(hostile: Bench, family: str) -> None:
    hostile.run("--junitxml=junit.xml", "-o", f"junit_family={family}")
    tree = ElementTree.parse(hostile.path / "junit.xml")  # noqa: S314 (pytest's own)
    values = [each.attrib["value"] for each in tree.iter("property")]
    assert values
    assert [value for value in values if re.match(r"[=+@\t\r]|-(?!\d)", value)] == []
    assert set().union(*map(steers, values)) == set()


def test_what_a_baseline_says_was_seen_is_shown_as_text(bench: Bench) -> None:
    # The second place is enough: it is seen as something else and passes.
    bench.suite("evil", "file_name,label,tier,max_rank,min_score\nred.png,automobile,1,2,0.01\n")
    labels = ["automobile", "\x1b[31m\x07\u202e" + "x" * 300]
    bench.file("labels.json", json.dumps([*labels, "a", "b"]))
    bench.file("hostile_before.py", MODEL.replace("said[-3]", "said[1]"))
    after = MODEL.replace("said[-3] = 0.5", "said[2] = 0.5; said[0] = 0.01").replace("hostile-1", "hostile-2")
    bench.file("hostile_after.py", after)
    assert bench.run("--robust-model=m=python:hostile_before:Hostile", "--robust-update-baseline").code == 0
    answer = bench.run("--robust-model=m=python:hostile_after:Hostile", "-rA")
    assert answer.code == 1
    assert "regressed (passed, now fails), was \\x1b[31m\\x07\\u202exxx" in answer.text
    assert steers(answer.text) == set()
    assert max(map(len, answer.text.splitlines())) < 400


def test_the_commands_show_them_as_text(
    hostile: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile.run()
    monkeypatch.chdir(hostile.path)
    for command in (("show", "--all"), ("list", "evil"), ("check", "evil"), ("model", "python:hostile:Hostile")):
        monkeypatch.setattr("sys.argv", ["tierbench", *command])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code in (0, 1), (command, said)
        assert steers(said.out + said.err) == set(), command


def test_hostile_names_in_a_suite_are_refused_as_text(bench: Bench) -> None:
    folder: Path = bench.suite("evil", "file_name,label,tier\n", "")
    names = [f"{name}{text[:60]}.png".replace("/", "_").replace("\0", "") for name, text in HOSTILE.items()]
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["file_name", "label", "tier", "tags"], *([n, "car", "1", n] for n in names)])
    answer = bench.run()
    assert answer.code == 4
    assert steers(answer.text) == set()
    assert len(answer.errors) >= len(names)


def test_a_picture_with_hostile_metadata_is_a_picture(bench: Bench) -> None:
    folder = bench.suite("evil", "file_name,label,tier\nred.png,automobile,1\n", "")
    texts = PngImagePlugin.PngInfo()
    for name, text in HOSTILE.items():
        texts.add_itxt(name, text)
    flat("red").save(folder / "red.png", pnginfo=texts)
    assert bench.run().code == 0


def test_a_bomb_errs_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bench.suite("evil", "file_name,label,tier\nred.png,automobile,1\nbomb.png,automobile,1\n", "")
    Image.new("1", (20_000, 10_000)).save(folder / "bomb.png")
    answer = bench.run("-k", "test_case")
    assert answer.code == 1
    assert "the image has too many pixels" in answer.text
    scores = bench.record().scores
    assert dict(zip(scores["case"], scores["outcome"], strict=True)) == {"red": "passed", "bomb": "error"}
