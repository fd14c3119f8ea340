"""The kind `imagenet-c`: the published layout, grouped or not, and what a set in it may lack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.flat_colours import flat
from tests.suites.datasets.layouts import opened, write_class_folders, write_corrupted_folders
from tierbench.common.errors import UserError
from tierbench.corruptions import MEAN_CORRUPTIONS


def test_the_whole_set_has_75_slices_and_nothing_to_note(tmp_path: Path) -> None:
    write_corrupted_folders(tmp_path / "set", MEAN_CORRUPTIONS)
    found = opened("imagenet-c:set", tmp_path)
    assert (len(found.slices), len(found.samples), found.notes) == (75, 450, ())
    assert (found.layout.crop, found.layout.figure) == ("none", "mce")


def test_archives_of_groups_have_the_same_slices_and_originals(tmp_path: Path) -> None:
    write_corrupted_folders(tmp_path / "set" / "weather", ("fog",))
    write_class_folders(tmp_path / "set" / "clean", 224)
    found = opened("imagenet-c:set", tmp_path)
    assert found.slices == ("clean", *(f"fog+{severity}" for severity in range(1, 6)))
    assert found.layout.clean == "clean"
    blue = [sample for sample in found.samples if sample.id.endswith("/ship/blue.png")]
    assert len(blue) == 6
    assert {sample.group for sample in blue} == {"ship/blue"}


def test_what_is_missing_or_misspelt_is_noted(tmp_path: Path) -> None:
    folder = write_corrupted_folders(tmp_path / "set", ("fog", "snow", "frosst"))
    shutil.rmtree(folder / "snow" / "4")
    (folder / "fog" / "6").mkdir()
    (folder / "fog" / "6" / "x.png").touch()
    notes = opened("imagenet-c:set", tmp_path).notes
    assert notes[0].startswith("13 corruptions of 15 missing, so there is no mean: gaussian_noise, ")
    assert notes[1:3] == (
        "missing severities: snow+4",
        "folder 'frosst' is no corruption; did you mean 'frost'?",
    )
    assert notes[3].startswith("31 files left out, not an image in CORRUPTION/SEVERITY/CLASS/: fog/6/x.png, frosst/1/")


def test_another_layout_is_one_line(tmp_path: Path) -> None:
    folder = write_corrupted_folders(tmp_path / "set", ("fog",))
    for place in (folder / "fog", folder / "fog" / "1"):
        with pytest.raises(UserError, match="has no pictures in CORRUPTION/SEVERITY/CLASS/"):
            opened(f"a=imagenet-c:{place}")


def test_clean_pictures_that_are_not_cut_are_refused(tmp_path: Path) -> None:
    folder = write_corrupted_folders(tmp_path / "set", ("fog",))
    clean = write_class_folders(folder / "clean", 224)
    flat("grey", (500, 375)).save(clean / "airplane" / "grey.png")
    with pytest.raises(UserError, match=r"clean/ has pictures of 500 × 375 px, not cut to 224 px"):
        opened("imagenet-c:set", tmp_path)
