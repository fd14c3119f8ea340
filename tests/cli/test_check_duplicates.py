"""`tierbench check` finds duplicate pictures in a suite."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
from PIL import Image

from tests.cli.conftest import Answer

Call = Callable[..., Answer]
DATA = Path(skimage.__file__).parent / "data"


@pytest.fixture
def pets(workplace: Path) -> Path:
    """Make a suite of a cat, copies of it, a compressed copy in the same group, and another photograph."""
    suite = workplace / "cases" / "pets"
    suite.mkdir()
    cat = Image.open(DATA / "chelsea.png").convert("RGB")
    cat.save(suite / "cat.png")
    shutil.copyfile(suite / "cat.png", suite / "again.png")
    cat.save(suite / "saved_as.jpg", quality=60)
    cat.resize((225, 150)).save(suite / "smaller.png")
    cat.save(suite / "take.jpg", quality=40)
    Image.open(DATA / "coffee.png").convert("RGB").save(suite / "coffee.png")
    names = ("cat.png", "again.png", "saved_as.jpg", "smaller.png", "take.jpg", "coffee.png")
    rows = [f"{name},pet,1,{'cat' if name in ('cat.png', 'take.jpg') else ''}" for name in names]
    (suite / "metadata.csv").write_text("\n".join(["file_name,label,tier,group", *rows, ""]), encoding="utf-8")
    return suite


def test_copies_and_near_copies_are_reported_except_within_a_group(tierbench: Call, pets: Path) -> None:
    answer = tierbench("check", "pets")
    assert answer.code == 1
    place = "cases/pets/metadata.csv"
    near = "remove one, or give both the same group"
    assert answer.out.splitlines() == [
        f"{place}:3: image 'again.png' is the same file as 'cat.png'; remove one",
        f"{place}:4: image 'saved_as.jpg' is nearly the same as 'cat.png'; {near}",
        f"{place}:5: image 'smaller.png' is nearly the same as 'cat.png'; {near}",
        f"{place}:6: image 'take.jpg' is nearly the same as 'saved_as.jpg'; {near}",
        "pets: 6 cases, 4 problems",
    ]


def test_a_missing_imagehash_is_reported_in_one_line(
    tierbench: Call, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "imagehash" else find_spec(name, *rest)
    )
    answer = tierbench("check", "pets")
    assert answer.code == 1
    assert answer.out.splitlines()[-2:] == [
        "pets: 6 cases, 1 problem",
        "near-duplicates were not checked: imagehash is missing; pip install 'tierbench[check]'",
    ]


def test_a_missing_model_does_not_hide_the_problems_of_the_suite(tierbench: Call, pets: Path) -> None:
    answer = tierbench("check", "pets", "--model", "no such model")
    assert answer.code == 1
    assert "image 'again.png' is the same file as 'cat.png'" in answer.out
    assert "model 'no such model': there is no such folder" in answer.out
