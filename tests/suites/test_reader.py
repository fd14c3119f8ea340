"""Suites are found at paths, identified by name, and read completely."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import pytest
import skimage

from tests.conftest import SuiteWriter
from tierbench.common.files import file_sha256
from tierbench.suites import read_suites
from tierbench.suites.places import holds_suites

ROWS = "file_name,label,tier\nred.png,car,1\n"


def test_a_path_is_a_suite_or_a_folder_of_suites(suite: SuiteWriter, tmp_path: Path) -> None:
    suite(ROWS, name="cases/b")
    suite(ROWS, name="cases/a")
    suite(ROWS, name="c")
    suites, problems = read_suites([tmp_path / "cases", tmp_path / "c", tmp_path / "cases" / "a"])
    assert problems == []
    assert [found.name for found in suites] == ["a", "b", "c"]


def test_duplicate_names_invalid_names_and_paths_without_a_suite_are_reported(
    suite: SuiteWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite(ROWS, name="one/cars")
    suite(ROWS, name="two/cars")
    suite(ROWS, name="my cars")
    (tmp_path / "empty").mkdir()
    (tmp_path / "forgot").mkdir()
    (tmp_path / "forgot" / "suite.toml").touch()
    paths = [tmp_path / name for name in ("one", "two", "my cars", "nowhere", "empty", "forgot")]
    _, problems = read_suites(paths)
    assert problems == [
        "two/cars: has the same name as one/cars; rename one",
        "my cars: the name of a suite folder may contain only letters, digits, _ and -; rename it",
        "nowhere: is not a folder; name a suite folder or a folder of suites (--robust-cases)",
        "empty: has no suite: neither it nor a folder in it has a metadata.csv; add one",
        "forgot/metadata.csv: is missing; add a first image with `tierbench add`, or write the file yourself",
    ]


def test_the_digest_changes_with_either_file(suite: SuiteWriter) -> None:
    digests = set()
    for rows, toml in ((ROWS, ""), (ROWS + "blue.png,ship,1\n", ""), (ROWS, "description = 'x'")):
        (found,), _ = read_suites([suite(rows, toml)])
        digests.add(found.digest)
    assert len(digests) == 3


def test_an_image_of_a_package_is_read_from_the_package(suite: SuiteWriter) -> None:
    photo = Path(skimage.__file__).parent / "data" / "coffee.png"
    rows = "file_name,label,tier,url,sha256\ncup.png,cup,1,package:skimage/data/coffee.png,"
    (found,), problems = read_suites([suite(rows + file_sha256(photo))])
    assert (problems, found.fetched, found.cases[0].path) == ([], True, photo)
    (found,), problems = read_suites([suite(rows + "0" * 64)])
    assert len(problems) == 1
    assert "has SHA-256 cc02f8ca188b…, the row says 000000000000…; fetch it again or fix the row" in problems[0]


def test_a_pipe_named_as_a_test_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "test_pipe.py")
    assert not holds_suites(tmp_path)


def test_no_package_url_runs_code_or_reads_outside_an_installed_package(
    suite: SuiteWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("evil_parent/sub", "evil_parent"):
        (tmp_path / package).mkdir(parents=True, exist_ok=True)
        code = f"open({str(tmp_path / 'executed')!r}, 'w')"
        (tmp_path / package / "__init__.py").write_text(code, encoding="utf-8")
        (tmp_path / package / "y.png").write_bytes(b"not yours")
    rows = "file_name,label,tier,url,sha256\nx.png,cup,1,{url}," + "0" * 64 + "\n"
    for url in ("package:this.x/y.png", "package:evil_parent.sub/y.png", "package:numpy//etc/passwd"):
        (problem,) = read_suites([suite(rows.format(url=url))])[1]
        assert "must be package:NAME/path/in/package, with the name of one package without dots" in problem
        assert "SHA-256" not in problem
    # A folder of the working directory is no distribution, and neither are modules and parts of Python.
    for name in ("evil_parent", "this", "json"):
        (found,), problems = read_suites([suite(rows.format(url=f"package:{name}/__init__.py"))])
        assert (problems, found.fetch_hint) == ([], f"pip install {name}")
    assert not (tmp_path / "executed").exists()
    assert "this" not in sys.modules


def test_a_link_in_a_package_that_leaves_it_is_not_followed(
    suite: SuiteWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "linking_package").mkdir(parents=True)
    (site / "linking_package-1.0.dist-info").mkdir()
    (site / "linking_package" / "__init__.py").touch()
    (site / "linking_package" / "x.png").symlink_to("/etc/passwd")
    os.mkfifo(site / "linking_package" / "pipe.png")
    monkeypatch.syspath_prepend(site)
    for name in ("x.png", "pipe.png"):
        url = f"package:linking_package/{name}"
        rows = f"file_name,label,tier,url,sha256\ny.png,cup,1,{url}," + "0" * 64 + "\n"
        (problem,) = read_suites([suite(rows)])[1]
        assert problem.endswith(f"url '{url}' is not a file of the installed package; fix the url")


def test_an_image_that_may_not_be_read_is_one_line(suite: SuiteWriter) -> None:
    folder = suite("file_name,label,tier,sha256\nred.png,cup,1," + "0" * 64 + "\n")
    (folder / "red.png").chmod(0)
    if os.access(folder / "red.png", os.R_OK):
        pytest.skip("this user may read everything")
    _, problems = read_suites([folder])
    assert len(problems) == 1
    assert f"{folder.name}/metadata.csv:2: image 'red.png' " in problems[0]


def test_the_command_that_fetches_images_is_reported(suite: SuiteWriter, tmp_path: Path) -> None:
    rows = "file_name,label,tier,url,sha256\n"
    digest = "0" * 64
    (found,), problems = read_suites([suite(rows + f"x.png,cup,1,package:absent_package_x/x.png,{digest}\n")])
    assert (problems, found.fetched, found.fetch_hint) == ([], False, "pip install absent_package_x")
    (found,), problems = read_suites([suite(rows + f"x.png,cup,1,https://example.org/x.png,{digest}\n", name="far")])
    assert (problems, found.fetch_hint) == ([], f"tierbench fetch {tmp_path / 'far'}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("case,label\n", "1: the first row must be case,model,label,score"),
        ("case,model,label,score\nred,m,car,high\n", "2: score 'high' is not a number from 0 to 1"),
        ("case,model,label,score\nred,m,car,1.5\n", "2: score 1.5 is not a number from 0 to 1"),
        ("case,model,label,score\nblue,m,car,0.5\n", "2: case 'blue' is not in the suite; fix the id"),
        ("case,model,label,score\nred,m\n", "2: score None is not a number from 0 to 1"),
    ],
)
def test_problems_of_published_scores(
    suite: SuiteWriter, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    folder = suite(ROWS)
    (folder / "published.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder.parent)
    assert read_suites([folder])[1] == [f"colours/published.csv:{line}"]


@pytest.mark.parametrize("name", ["photos", "rothman"])
def test_the_committed_suites_have_no_problem_and_follow_imagefolder(name: str) -> None:
    folder = Path(__file__).parents[2] / "cases" / name
    (found,), problems = read_suites([folder])
    assert problems == []
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        names = [row["file_name"] for row in csv.DictReader(stream)]
    assert names == [case.file_name for case in found.cases]
