"""Every static problem of metadata.csv is one line with file, row and fix; valid rows are read completely."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import SuiteWriter, write_suite
from tierbench.scoring.labels import map_concepts
from tierbench.suites import Suite, Thresholds, read_suite, read_suites
from tierbench.suites.metadata import COLUMNS, read_cases
from tierbench.suites.problems import Problems
from tierbench.suites.settings import SuiteSettings
from tierbench.suites.tags import refused_tag

HEAD = "file_name,label,tier\n"
DIGEST = "0" * 64


def read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Suite, list[str]]:
    monkeypatch.chdir(folder.parent)
    (found,), problems = read_suites([folder])
    return found, problems


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("", "1: column file_name, label, tier is missing; the first row must name file_name, label, tier"),
        ("file_name,tier\nred.png,1\n", "1: column label is missing; the first row must name file_name, label, tier"),
        ("file_name,label,tier,teir\nred.png,a,1,\n", "1: unknown column 'teir'; did you mean 'tier'?"),
        ("file_name,label,tier,tier\nred.png,a,1,1\n", "1: column 'tier' appears twice; remove one"),
        (
            HEAD.replace(",", ";") + "red.png;a;1\n",
            "1: semicolons separate the columns; save the file with commas between them",
        ),
        (HEAD.replace(",", "\t") + "red.png\ta\t1\n", "1: tabs separate the columns; save the file with commas"),
        (HEAD + "one.png;a;1\n", "2: has 1 fields, but the header has 3; semicolons separate them; write commas"),
        (HEAD + "red.png,a\n", "2: has 2 fields, but the header has 3; put a text with a comma in quotes"),
        (HEAD + 'red.png,"a"b,1\n', "2: is not valid CSV: "),
        (HEAD + "red.png,a,one\n", "2: tier 'one' is not an integer ≥ 1; write 1, 2 or 3"),
        (HEAD + "red.png,a,0\n", "2: tier '0' is not an integer ≥ 1"),
        (HEAD + "red.png,a,1.5\n", "2: tier '1.5' is not an integer ≥ 1"),
        (HEAD + "red.png,a,\n", "2: tier '' is not an integer ≥ 1"),
        (HEAD + "red.png,,1\n", "2: label is empty; write the concept that the image shows"),
        (HEAD + "red.png,a|,1\n", "2: label is empty; write the concept that the image shows"),
        (HEAD + ",a,1\n", "2: file_name is empty; name the image, relative to the suite folder"),
        ("file_name,label,tier,id\nred.png,a,1,Red!\n", "2: id 'Red!' may contain only a-z, 0-9, _ and -"),
        (HEAD + "Red.png,a,1\n", "2: id 'Red' (from file_name) may contain only a-z, 0-9, _ and -"),
        ("file_name,label,tier,id\nred.png,a,1," + "x" * 101 + "\n", "2: id 'xxxx"),
        (
            HEAD + "red.png,a,1\n\nsub/red.png,a,2\n",
            "4: id 'red' is already used in row 2; give one of them another id",
        ),
        ("file_name,label,tier,min_score\nred.png,a,1,high\n", "2: min_score 'high' is not a number from 0 to 1"),
        ("file_name,label,tier,min_score\nred.png,a,1,50\n", "2: min_score '50' is not a number from 0 to 1"),
        ("file_name,label,tier,min_score\nred.png,a,1,nan\n", "2: min_score 'nan' is not a number from 0 to 1"),
        ("file_name,label,tier,max_rank\nred.png,a,1,0\n", "2: max_rank '0' is not a number from 1 to"),
        ("file_name,label,tier,max_rank\nred.png,a,1,1.5\n", "2: max_rank 1.5 is not a whole number"),
        ("file_name,label,tier,min_margin\nred.png,a,1,2\n", "2: min_margin '2' is not a number from -1 to 1"),
        ("file_name,label,tier,tags\nred.png,a,1,Fog\n", "2: tag 'Fog' cannot be a marker: use lower-case letters"),
        ("file_name,label,tier,tags\nred.png,a,1,not\n", "2: tag 'not' cannot be a marker: the word has a meaning"),
        ("file_name,label,tier,tags\nred.png,a,1,xfail\n", "2: tag 'xfail' cannot be a marker: it is a marker of py"),
        ("file_name,label,tier,tags\nred.png,a,1,tier2\n", "2: tag 'tier2' cannot be a marker: it is a marker of th"),
        (
            "file_name,label,tier,tags\nred.png,a,1,absence\n",
            "2: tag 'absence' cannot be a marker: it is a marker of t",
        ),
        ("file_name,label,tier,ladder\nred.png,a,,fog\n", "2: ladder 'fog' is not declared; add [ladders.fog] to"),
        (f"file_name,label,tier,sha256\nred.png,a,1,{DIGEST[:-1]}\n", "2: sha256 '000"),
        (f"file_name,label,tier,sha256\nred.png,a,1,{DIGEST}\n", "2: image 'red.png' has SHA-256 "),
        (
            "file_name,label,tier,url\nred.png,a,1,http://x.org/a.png\n",
            "2: url 'http://x.org/a.png' must be https://… or",
        ),
        ("file_name,label,tier,url\nred.png,a,1,https://x.org/a.png\n", "2: url needs the sha256 of the image"),
        (
            f"file_name,label,tier,url,sha256\nx.png,a,1,package:skimage/../x.png,{DIGEST}\n",
            "2: url 'package:skimage/../x.png' leaves the package; name a file inside it",
        ),
        *(
            (f"file_name,label,tier,url,sha256\nx.png,a,1,{url},{DIGEST}\n", f"2: url {url!r} must be package:NAME/")
            for url in ("package:skimage.data/x.png", "package:skimage//etc/passwd", "package:/x.png", "package:a/b\\c")
        ),
        (
            f"file_name,label,tier,url,sha256\nx.png,a,1,package:skimage/data,{DIGEST}\n",
            "2: url 'package:skimage/data' is not a file of the installed package; fix the url",
        ),
        (
            f"file_name,label,tier,url,sha256\nx.png,a,1,package:skimage/data/x.png,{DIGEST}\n",
            "2: url 'package:skimage/data/x.png' is not a file of the installed package; fix the url",
        ),
        (HEAD + "absent.png,a,1\n", "2: image 'absent.png' is missing; put it there or fix file_name"),
        (HEAD + ".,a,1\n", "2: file_name is empty"),
        (HEAD + "./,a,1\n", "2: file_name is empty"),
        (HEAD + "/etc/hostname,a,1\n", "2: file_name '/etc/hostname' leaves the suite folder; use a relative path"),
        (HEAD + "../red.png,a,1\n", "2: file_name '../red.png' leaves the suite folder"),
        (HEAD + "sub/../../red.png,a,1\n", "2: file_name 'sub/../../red.png' leaves the suite folder"),
        (HEAD + "C:/red.png,a,1\n", "2: file_name 'C:/red.png' leaves the suite folder"),
        (HEAD + "a\\b.png,a,1\n", r"2: file_name 'a\\b.png' has a backslash; write 'a/b.png'"),
        (f"file_name,label,tier,id\n{'n' * 300}.png,a,1,long\n", "2: image 'nnn"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_every_problem_is_one_line_with_file_row_and_fix(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, rows: str, line: str
) -> None:
    _, problems = read(suite(rows), monkeypatch)
    assert len(problems) == 1
    assert problems[0].startswith("colours/metadata.csv:" + line)


def test_all_problems_of_a_suite_are_listed_at_once(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = suite(HEAD + "red.png,,one\nabsent.png,a,1\nred.png,a,1\n", '[tiers.0]\nname = "none"\n')
    found, problems = read(folder, monkeypatch)
    assert problems == [
        "colours/suite.toml: [tiers.0]: a tier is an integer ≥ 1; write [tiers.1]",
        "colours/metadata.csv:2: tier 'one' is not an integer ≥ 1; write 1, 2 or 3",
        "colours/metadata.csv:2: label is empty; write the concept that the image shows",
        "colours/metadata.csv:3: image 'absent.png' is missing; put it there or fix file_name",
    ]
    assert [case.id for case in found.cases] == ["absent", "red"]


def test_a_metadata_file_that_is_not_utf8_is_one_line(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = suite(HEAD)
    (folder / "metadata.csv").write_bytes("file_name,label,tier\nred.png,Auto\xe4,1\n".encode("latin-1"))
    _, problems = read(folder, monkeypatch)
    assert problems == ["colours/metadata.csv: is not UTF-8 (invalid continuation byte at byte 33); save it as UTF-8"]


def test_links_and_empty_files_are_reported(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("outside", "dangling", "inside", "empty", "folder")
    folder = suite(HEAD + "red.png,a,1\n" + "".join(f"{name}.png,a,1\n" for name in names))
    Image.new("RGB", (4, 4)).save(folder.parent / "elsewhere.png")
    (folder / "outside.png").symlink_to(folder.parent / "elsewhere.png")
    (folder / "dangling.png").symlink_to(folder / "nothing.png")
    (folder / "inside.png").symlink_to(folder / "red.png")
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    _, problems = read(folder, monkeypatch)
    assert problems == [
        "colours/metadata.csv:3: image 'outside.png' is a link that leaves the suite folder; copy the file in",
        "colours/metadata.csv:4: image 'dangling.png' is a broken link; put the file there",
        "colours/metadata.csv:6: image 'empty.png' has zero bytes; put the image there",
        "colours/metadata.csv:7: image 'folder.png' is not a regular file; put the image there",
    ]


@pytest.mark.parametrize("name", ["metadata.csv", "suite.toml", "published.csv", "red.png"])
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = suite(HEAD + "red.png,a,1\n", 'description = "Colours."\n')
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        (problem,) = read(folder, monkeypatch)[1]
        assert problem.startswith(f"colours/{'metadata.csv:2: image ' + repr(name) if name == 'red.png' else name}")
        assert "not a regular file" in problem or "leaves the suite folder" in problem


def test_a_name_in_another_unicode_form_or_case_is_named(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))
    rows = "file_name,label,tier,id\n" + "".join(
        f"{name},a,1,{number}\n" for number, name in enumerate([composed, f"sub/{decomposed}", "sub/red.png"])
    )
    folder = suite(rows)
    (folder / "sub" / "red.png").rename(folder / "sub" / "Red.PNG")
    for path in (folder / decomposed, folder / "sub" / composed):
        Image.new("RGB", (4, 4)).save(path)
    if (folder / composed).exists():
        pytest.skip("this file system takes both forms for the same")
    form = "has its letters in another Unicode form than the file, whose name is"
    assert read(folder, monkeypatch)[1] == [
        f"colours/metadata.csv:2: image {composed!r} {form} NFD; rename the file",
        f"colours/metadata.csv:3: image {'sub/' + decomposed!r} {form} NFC; rename the file",
        "colours/metadata.csv:4: image 'sub/red.png' is missing, but 'sub/Red.PNG' is there; "
        "write the name as the file has it",
    ]


def test_a_concept_is_the_same_in_both_unicode_forms(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    found, problems = read(
        suite(HEAD + f"red.png,{decomposed},1\n", f'[labels]\n"{composed}" = ["{decomposed}"]\n'), monkeypatch
    )
    assert problems == []
    assert found.concepts == {composed: (composed,)}
    assert map_concepts(found, [decomposed.upper()]).concepts == {composed: (0,)}


def test_all_columns_of_a_row_are_read(suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        "\ufefffile_name, label ,tier,id,min_score,max_rank,min_margin,tags,group,known_issue,source,license,notes,m\n"
        'sub/red.png,car|"big, truck",2,my-red_1,0.3,2,-0.5,fog night fog,scene1,#7,"Doe, J.",CC0,"two\nlines",1e3\n'
        "\n"
        "blue.png,ship,1,,,,,,,,,,,\n"
    )
    found, problems = read(suite(rows.replace('"big, truck"', "truck"), '[parameters]\nm = "m"\n'), monkeypatch)
    assert problems == []
    first, second = found.cases
    assert (first.key, first.expected, first.tier) == ("colours/my-red_1", ("car", "truck"), 2)
    assert first.thresholds == Thresholds(0.3, 2, -0.5)
    assert (first.tags, first.group, first.known_issue) == (("fog", "night"), "scene1", "#7")
    assert (first.source, first.license, first.notes) == ("Doe, J.", "CC0", "two\nlines")
    assert first.parameters == {"m": 1000.0}
    # The number of a row is the line on which it starts.
    assert (first.row, second.row) == (2, 5)
    assert (second.id, second.group, second.thresholds) == ("blue", "blue", Thresholds(0.0, 1, 0.0))


def test_thresholds_default_to_the_tier_then_to_general_defaults(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "file_name,label,tier,min_score\nred.png,a,1,\nblue.png,a,2,\ngreen.png,a,2,0.9\n"
    found, problems = read(suite(rows, "[tiers.2]\nmin_score = 0.25\nmax_rank = 3\n"), monkeypatch)
    assert problems == []
    assert [case.thresholds for case in found.cases] == [
        Thresholds(0.0, 1, 0.0),
        Thresholds(0.25, 3, 0.0),
        Thresholds(0.9, 3, 0.0),
    ]


@given(st.text(max_size=60))
def test_no_accepted_tag_has_a_meaning_for_pytest(tag: str) -> None:
    if not refused_tag(tag):
        assert tag.isascii()
        assert tag.isidentifier()
        assert tag not in {"and", "or", "not", "skip", "xfail", "parametrize", "tier1"}


@pytest.fixture(scope="module")
def some_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("any") / "any", HEAD)


CELL = st.one_of(st.text(max_size=12), st.sampled_from(["./", "..", "1", "red.png", "a|b", "nan", '"', "\0", "~x/y"]))


@given(st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=3))
def test_every_row_is_a_case_or_a_problem(some_folder: Path, rows: list[list[str]]) -> None:
    import csv

    with (some_folder / "metadata.csv").open("w", encoding="utf-8", errors="ignore", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    problems = Problems()
    cases = read_cases("any", some_folder, SuiteSettings(), problems)
    written = sum(any(cell.strip() for cell in row) for row in rows)
    assert len(cases) <= written
    assert bool(problems.lines) or len(cases) == written
    assert all("\n" not in line for line in problems.lines)
    read_suite(some_folder, Problems())
