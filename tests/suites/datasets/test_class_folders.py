"""The kind `imagefolder`: class folders, splits, metadata.csv, and files that do not belong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.suites.datasets.layouts import CLASS_OF, CLASSES, opened, png, write_class_folders, write_metadata
from tierbench.common.errors import UserError
from tierbench.common.imagenet import subset, wordnet_ids
from tierbench.common.images import PictureError
from tierbench.suites.datasets import open_sample


def test_a_folder_is_a_class_and_pictures_are_sorted(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set" / "val")
    found = opened("imagefolder:set@val", tmp_path)
    assert (found.name, found.classes, found.notes) == ("set", CLASSES, ())
    assert [sample.id for sample in found.samples] == sorted(
        f"{name}/{colour}.png" for colour, name in CLASS_OF.items()
    )
    assert open_sample(found.samples[0]).size == (32, 32)


def test_files_that_do_not_belong_are_noted_and_hidden_ones_are_not(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    (folder / "README.md").touch()
    (folder / "lost.png").write_bytes(png("red"))
    (folder / "ship" / "Thumbs.db").touch()
    (folder / ".DS_Store").touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "x.png").touch()
    found = opened("imagefolder:set", tmp_path)
    assert len(found.samples) == 6
    assert found.notes == (
        "3 files left out, not an image in the folder of a class: README.md, lost.png, ship/Thumbs.db",
    )


def test_links_and_pipes_lead_nowhere(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    write_class_folders(tmp_path / "elsewhere")
    (folder / "plane").symlink_to(tmp_path / "elsewhere" / "ship")
    (folder / "ship" / "outside.png").symlink_to(tmp_path / "elsewhere" / "ship" / "blue.png")
    (folder / "ship" / "inside.png").symlink_to("blue.png")
    os.mkfifo(folder / "ship" / "pipe.png")
    found = opened("imagefolder:set", tmp_path)
    assert found.notes == ("1 file left out, not an image in the folder of a class: plane",)
    by_id = {sample.id: sample for sample in found.samples}
    assert open_sample(by_id["ship/inside.png"]) == open_sample(by_id["ship/blue.png"])
    with pytest.raises(PictureError, match="leaves the folder"):
        open_sample(by_id["ship/outside.png"])
    with pytest.raises(PictureError, match="not a regular file"):
        open_sample(by_id["ship/pipe.png"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list any folder: NOT tried")
def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    (folder / "ship").chmod(0)
    with pytest.raises(UserError, match=r"cannot list .*ship: Permission denied"):
        opened("imagefolder:set", tmp_path)


def test_a_name_that_is_not_utf_8_has_an_id_that_is(tmp_path: Path) -> None:
    folder = write_class_folders(tmp_path / "set")
    Path(os.fsdecode(bytes(folder / "ship") + b"/\xff.png")).write_bytes(png("blue"))
    found = opened("imagefolder:set", tmp_path)
    assert all(sample.id.encode("utf-8") for sample in found.samples)
    assert [open_sample(sample).size for sample in found.samples] == [(32, 32)] * 7


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no pictures"):
        opened(f"a=imagefolder:{tmp_path}")


def test_metadata_names_classes_and_what_it_does_not_name_is_noted(tmp_path: Path) -> None:
    folder = write_metadata(tmp_path / "set")
    (folder / "extra.png").write_bytes(png("red"))
    found = opened("imagefolder:set", tmp_path)
    assert {sample.id.removesuffix(".png"): sample.label for sample in found.samples} == CLASS_OF
    assert found.notes == ("1 file left out, not in metadata.csv: extra.png",)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name,label\nred.png,ship\n", "has no column file_name; its columns: name, label"),
        ("file_name,label\n../red.png,ship\n", "row 2: file_name '../red.png' leaves"),
        ("file_name,label\nred.png,ship\nred.png,ship\n", "row 3: 'red.png' is named twice"),
        ("file_name,label\nred.png\n", "row 2: has no label"),
        ('file_name,label\n"red.png,ship\n', "cannot be read"),
        ("", "has no column file_name, label"),
    ],
)
def test_a_damaged_metadata_file_is_one_line(tmp_path: Path, text: str, part: str) -> None:
    folder = write_metadata(tmp_path / "set")
    (folder / "metadata.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        opened("imagefolder:set", tmp_path)
    (line,) = error.value.lines
    assert part in line


@pytest.mark.parametrize(("name", "title"), [("a", "ImageNet-A"), ("r", "ImageNet-R")])
def test_the_classes_of_imagenet_a_and_r_bring_their_protocol(tmp_path: Path, name: str, title: str) -> None:
    for wordnet_id in subset(name):
        (tmp_path / "set" / wordnet_id).mkdir(parents=True)
        (tmp_path / "set" / wordnet_id / "1.png").write_bytes(png("red", 1))
    found = opened("imagefolder:set", tmp_path).layout
    assert (found.title, found.counted) == (title, "present")
    assert opened("imagefolder:set?labels=all", tmp_path).layout.counted == "all"
    next((tmp_path / "set").glob("*/1.png")).unlink()
    assert opened("imagefolder:set", tmp_path).layout.counted == "all"


@pytest.mark.parametrize("by", ["id", "index"])
def test_the_pictures_of_their_classes_are_chosen_from_imagenet(tmp_path: Path, by: str) -> None:
    for wordnet_id, index in wordnet_ids().items():
        folder = tmp_path / "val" / (wordnet_id if by == "id" else str(index))
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
    found = opened("imagefolder:val?classes=imagenet-r", tmp_path)
    expected = {each if by == "id" else str(wordnet_ids()[each]) for each in subset("r")}
    assert {sample.label for sample in found.samples} == set(found.classes) == expected
    # They are pictures of ImageNet, not of ImageNet-R.
    assert (found.layout.title, found.layout.counted) == ("class folders", "present")
    assert found.notes == ("only the 200 of 1,000 pictures of the 200 classes of ImageNet-R",)
    assert opened("imagefolder:val?classes=imagenet-r&labels=all", tmp_path).layout.counted == "all"


def test_classes_that_cannot_be_chosen_are_one_line(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set")
    for wanted, part in (
        ("imagenet-x", "classes must be imagenet-a or imagenet-r, not 'imagenet-x'"),
        # Of its four classes none is found by name; `airplane` is no name that ImageNet has.
        ("imagenet-a", "classes=imagenet-a: the set lacks 200 of the 200 classes"),
    ):
        with pytest.raises(UserError) as error:
            opened(f"imagefolder:set?classes={wanted}", tmp_path)
        (line,) = error.value.lines
        assert part in line


def test_classes_without_a_picture_are_named(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set")
    (tmp_path / "set" / "lorry").mkdir()
    (tmp_path / "set" / ".cache").mkdir()
    assert opened("imagefolder:set", tmp_path).notes == ("class without a picture: lorry",)
    (tmp_path / "set" / "van").mkdir()
    (tmp_path / "set" / "van" / "notes.txt").write_text("none yet", encoding="utf-8")
    assert "2 classes without a picture: lorry, van" in opened("imagefolder:set", tmp_path).notes


def test_a_picture_of_many_gigabytes_is_not_read(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set")
    with (tmp_path / "set" / "ship" / "blue.png").open("ab") as stream:
        stream.truncate(1 << 36)
    found = {sample.id: sample for sample in opened("imagefolder:set", tmp_path).samples}
    with pytest.raises(PictureError, match="it has 68,719,476,736 bytes, more than 1,073,741,824"):
        open_sample(found["ship/blue.png"])
