"""What a report keeps for the next one: reduced pictures and compiled templates, and when they are not used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import SuiteWriter
from tests.flat_colours import flat
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.templating import environment
from tierbench.report.html.thumbnails import Kept, Picture, make_pictures
from tierbench.suites import Case, read_suite
from tierbench.suites.picture_file import picture_sha256
from tierbench.suites.problems import Problems


@pytest.fixture
def case(suite: SuiteWriter, cache: Path) -> Case:
    return read_suite(suite("file_name,label,tier\nred.png,red,1\n"), Problems()).cases[0]


def made(case: Case, digest: str = "") -> Picture:
    """The picture of a case whose file has a digest that is known already; empty: it is not known."""
    with PictureStore() as store:
        (picture,) = make_pictures([("p0", case)], Kept(store, {"p0": digest}))
    return picture


def kept(cache: Path) -> int:
    with sqlite3.connect(cache / "pictures-1.sqlite") as connection:
        return int(connection.execute("SELECT COUNT(*) FROM predictions").fetchone()[0])


def test_a_kept_picture_is_the_same_and_is_not_decoded(
    case: Case, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plain,) = make_pictures([("p0", case)])
    assert made(case) == plain
    assert kept(cache) == 1
    monkeypatch.setattr("tierbench.report.html.thumbnails.open_case", None)
    assert made(case) == plain


def test_what_the_model_saw_is_shown_when_the_file_is_another_one_by_now(case: Case, cache: Path) -> None:
    (plain,) = make_pictures([("p0", case)])
    digest = picture_sha256(case)
    made(case, digest)
    case.path.unlink()
    assert made(case, digest) == plain
    assert "cannot be read" in made(case).error


def test_another_picture_in_the_file_is_made_anew(case: Case, cache: Path) -> None:
    before = made(case)
    flat("blue", (40, 30)).save(case.path)
    (plain,) = make_pictures([("p0", case)])
    after = made(case)
    assert after == plain
    assert (after.width, after.large != before.large) == (40, True)
    assert kept(cache) == 2


def test_a_file_that_is_not_the_one_of_its_row_is_an_error_whatever_is_kept(case: Case) -> None:
    made(case)
    assert "the image file has SHA-256" in made(replace(case, sha256="0" * 64)).error


@pytest.mark.parametrize(
    "damage",
    [lambda row: b"", lambda row: bytes(len(row)), lambda row: row[:99] + b"?" + row[100:]],
    ids=["empty", "zeros", "one byte"],
)
def test_a_damaged_picture_is_made_anew(case: Case, cache: Path, damage: Callable[[bytes], bytes]) -> None:
    before = made(case)
    with sqlite3.connect(cache / "pictures-1.sqlite") as connection:
        ((row,),) = connection.execute("SELECT row FROM predictions").fetchall()
        connection.execute("UPDATE predictions SET row = ?", [damage(row)])
    assert made(case) == before


def test_a_cache_that_cannot_be_written_is_no_problem(case: Case, cache: Path) -> None:
    cache.write_text("a file where the folder should be", encoding="utf-8")
    assert made(case).large


@pytest.fixture
def templates(tmp_path: Path, cache: Path) -> Iterator[Path]:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "page.jinja").write_text("{{ 1 + 1 }} pages")
    yield folder
    environment.cache_clear()


def rendered(templates: Path) -> str:
    environment.cache_clear()
    return environment(templates).get_template("page.jinja").render()


def test_a_compiled_template_is_kept_until_its_source_changes(
    templates: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rendered(templates) == "2 pages"
    with monkeypatch.context() as patched:
        patched.setattr("jinja2.Environment._compile", None)
        assert rendered(templates) == "2 pages"
    (templates / "page.jinja").write_text("{{ 1 + 2 }} pages")
    assert rendered(templates) == "3 pages"
    assert len(list((cache / "templates").iterdir())) == 1


def test_a_kept_template_has_the_style_sheet_of_now(templates: Path, cache: Path) -> None:
    (templates / "page.jinja").write_text('{{ "page.css"|file }}')
    for text in ("p { margin: 0 }", "p { margin: 1px }"):
        (templates / "page.css").write_text(text)
        assert rendered(templates) == text


def test_a_damaged_template_is_compiled_again(templates: Path, cache: Path) -> None:
    rendered(templates)
    (file,) = (cache / "templates").iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:50], whole[:-1] + b"\0"):
        file.write_bytes(damaged)
        assert rendered(templates) == "2 pages"
        assert file.read_bytes() == whole


@pytest.mark.skipif(os.name == "nt", reason="modes of folders are those of POSIX")
def test_code_is_not_taken_from_a_folder_that_others_can_write_to(templates: Path, cache: Path) -> None:
    rendered(templates)
    (file,) = (cache / "templates").iterdir()
    file.write_bytes(b"another")
    file.parent.chmod(0o777)
    assert rendered(templates) == "2 pages"
    assert file.read_bytes() == b"another"
