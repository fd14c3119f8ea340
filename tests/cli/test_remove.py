"""`tierbench remove` undoes `tierbench add`, and keeps what may be the only copy of a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.flat_colours import flat

Call = Callable[..., Answer]
ADD = ("--label", "red", "--tier", "1", "--suite")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_remove_undoes_add_byte_by_byte(tierbench: Call, workplace: Path, end: str) -> None:
    suite = workplace / "cases" / "colours"
    rows = [
        "\ufefffile_name,label,tier,id,sha256,notes",
        'red.png,red,1,,,"a note',
        'of two lines"',
        "",
        "blue.png,blue,2,,,",
    ]
    (suite / "metadata.csv").write_bytes(end.join([*rows, ""]).encode())
    before = files(suite)
    flat("green").save(workplace / "green.png")
    flat("grey").save(workplace / "grey.png")
    assert tierbench("add", "green.png", "grey.png", *ADD, "colours").code == 0
    assert tierbench("remove", "colours/green", "cases/colours/grey") == Answer(
        0, "colours/green removed\ncolours/grey removed\n", ""
    )
    assert files(suite) == before
    assert (workplace / "green.png").is_file()


def test_a_suite_that_add_created_is_removed_with_its_last_case(tierbench: Call, workplace: Path) -> None:
    flat("green").save(workplace / "green.png")
    assert tierbench("add", "green.png", *ADD, "new", "--new-suite", "--force").code == 0
    assert tierbench("remove", "new/green").out == "new/green removed\nsuite new has no case left, and was removed\n"
    assert not (workplace / "cases" / "new").exists()
    # One with settings is as `tierbench init` writes it.
    suite = workplace / "cases" / "colours"
    assert tierbench("remove", "colours/red", "colours/blue").code == 0
    assert (suite / "metadata.csv").read_text(encoding="utf-8") == "file_name,label,tier,tags\n"
    assert tierbench("check").code == 0


def test_a_suite_without_settings_keeps_the_cases_that_stay(tierbench: Call, workplace: Path) -> None:
    for name in ("green", "grey"):
        flat(name).save(workplace / f"{name}.png")
    assert tierbench("add", "green.png", "grey.png", *ADD, "new", "--new-suite", "--force").code == 0
    assert tierbench("remove", "new/green").out == "new/green removed\n"
    assert tierbench("list", "new").out.startswith("new: 1 in tier 1\n")


def test_a_link_in_the_place_of_a_picture_is_kept(tierbench: Call, workplace: Path) -> None:
    flat("green").save(workplace / "green.png")
    assert tierbench("add", "green.png", *ADD, "colours").code == 0
    picture = workplace / "cases" / "colours" / "green.png"
    picture.rename(picture.with_name("moved.png"))
    picture.symlink_to("moved.png")
    assert tierbench("remove", "colours/green").out.splitlines()[1:] == [
        "cases/colours/green.png kept: it is not the picture that was added"
    ]
    assert picture.is_symlink()


@pytest.mark.parametrize(("count", "hint"), [(19, "did you mean 'r1'?"), (20, "`tierbench list SUITE` lists the ids")])
def test_of_many_ids_none_is_guessed(tierbench: Call, workplace: Path, count: int, hint: str) -> None:
    rows = "".join(f"red.png,red,1,r{number}\n" for number in range(count))
    (workplace / "cases" / "colours" / "metadata.csv").write_text(f"file_name,label,tier,id\n{rows}", encoding="utf-8")
    assert tierbench("remove", "colours/r1x").err == f"error: colours/r1x: no such case; {hint}\n"


def test_a_picture_that_may_be_the_only_copy_is_kept(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    for name in ("green", "grey", "black"):
        flat(name).save(workplace / f"{name}.png")
    assert tierbench("add", "green.png", "grey.png", "black.png", *ADD, "colours").code == 0
    flat("orange").save(suite / "green.png")
    answer = tierbench("remove", "colours/red", "colours/green")
    assert answer.out.splitlines()[2:] == [
        "cases/colours/red.png kept: its row had no sha256, so that it may be the only copy",
        "cases/colours/green.png kept: it is not the picture that was added",
    ]
    assert tierbench("remove", "colours/grey", "--keep-images").code == 0
    assert tierbench("remove", "colours/black").code == 0
    assert sorted(path.stem for path in suite.glob("*.png")) == ["blue", "green", "grey", "red"]
    assert tierbench("list").out.startswith("colours: 1 in tier 2\n")


def test_a_picture_that_another_case_has_is_kept(tierbench: Call, workplace: Path) -> None:
    flat("green").save(workplace / "green.png")
    assert tierbench("add", "green.png", *ADD, "colours").code == 0
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    rows = metadata.read_text(encoding="utf-8")
    metadata.write_text(rows + rows.splitlines()[-1].replace(",green,", ",again,") + "\n", encoding="utf-8")
    assert tierbench("remove", "colours/green").out == (
        "colours/green removed\ncases/colours/green.png kept: another case has it\n"
    )
    assert tierbench("remove", "colours/again").code == 0
    assert not (metadata.parent / "green.png").exists()


def test_a_twin_goes_with_its_cases_only(tierbench: Call, workplace: Path) -> None:
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    for name in ("grey", "green"):
        flat(name).save(workplace / f"{name}.png")
    assert tierbench("add", "grey.png", "--suite", "colours", "--label", "-").code == 0
    assert tierbench("add", "green.png", *ADD, "colours", "--twin", "grey").code == 0
    before = metadata.read_bytes()
    assert tierbench("remove", "colours/grey") == Answer(
        4, "", "error: colours/grey: it is the twin of green; remove these too, or empty their column twin\n"
    )
    assert metadata.read_bytes() == before
    assert tierbench("remove", "colours/green").out == (
        "colours/green removed\nno case names the twin grey any more; remove it too, or name it\n"
    )
    assert tierbench("remove", "colours/grey").code == 0
    metadata.write_bytes(before)
    for name in ("grey", "green"):
        flat(name).save(workplace / "cases" / "colours" / f"{name}.png")
    assert tierbench("remove", "colours/grey", "colours/green").out == "colours/grey removed\ncolours/green removed\n"


def test_what_cannot_be_removed_changes_nothing(tierbench: Call, workplace: Path) -> None:
    suite = workplace / "cases" / "colours"
    (suite / "published.csv").write_text("case,model,label,score\nred,m,red,0.5\n", encoding="utf-8")
    before = files(workplace)
    for case, says in (
        ("colours/rde", "error: colours/rde: no such case; did you mean 'red'?\n"),
        ("colour/red", "error: suite 'colour': no folder of this name has a metadata.csv; did you mean 'colours'?\n"),
        ("red", "error: 'red' is not SUITE/ID; `tierbench list SUITE` lists the ids\n"),
        ("colours/red", "error: cases/colours/published.csv:2: case 'red' is not in the suite; fix the id\n"),
    ):
        assert tierbench("remove", "colours/blue", case) == Answer(4, "", says)
    assert files(workplace) == before
