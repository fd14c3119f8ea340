from collections.abc import Callable
from pathlib import Path

import skimage
from PIL import Image

from benchmark.suites import read_suites
from tests.cli.conftest import Answer

Call = Callable[..., Answer]
COFFEE = Path(skimage.__file__).parent / "data" / "coffee.png"


def test_add_copies_the_image_and_appends_a_valid_row(tierbench: Call, workplace: Path) -> None:
    Image.new("RGB", (8, 8), "green").save(workplace / "Ein Grün.PNG")
    answer = tierbench(
        "add", "Ein Grün.PNG", "--suite", "colours", "--label", "green|lime", "--tier", "3", "--tags", "cold odd"
    )
    assert answer == Answer(0, "colours/ein_gr_n added: tier 3, cases/colours/ein_gr_n.png\n", "")
    suites, faults = read_suites([workplace / "cases"])
    assert faults == []
    case = suites[0].cases[-1]
    assert (case.id, case.expected, case.tier, case.tags) == ("ein_gr_n", ("green", "lime"), 3, ("cold", "odd"))
    # The row of before is as it was, but for the cell of the column that was missing.
    assert suites[0].cases[0].tags == ("warm",)


def test_add_makes_a_suite_and_proposes_the_tier_from_the_models(tierbench: Call, workplace: Path) -> None:
    answer = tierbench("add", str(COFFEE), "--suite", "new", "--label", "espresso", "--model", "reference")
    assert answer.code == 0
    assert "reference: passes (espresso 0.9" in answer.out
    assert "proposed: tier 1, 0 of 1 model missed it" in answer.out
    assert "new/coffee added: tier 1" in answer.out
    again = tierbench("add", str(COFFEE), "--suite", "other", "--label", "cat|tabby", "--model", "reference")
    assert "reference: misses" in again.out
    assert "other/coffee added: tier 2" in again.out


def test_the_same_image_twice_is_refused(tierbench: Call) -> None:
    answer = tierbench("add", "cases/colours/red.png", "--suite", "colours", "--label", "red", "--tier", "1")
    assert answer.code == 4
    assert "is in the suite already, as colours/red" in answer.err


def test_a_row_that_would_not_be_valid_changes_nothing(tierbench: Call, workplace: Path) -> None:
    Image.new("RGB", (8, 8), "green").save(workplace / "green.png")
    metadata = workplace / "cases" / "colours" / "metadata.csv"
    before = metadata.read_bytes()
    answer = tierbench(
        "add", "green.png", "--suite", "colours", "--label", "green", "--tier", "1", "--tags", "parametrize"
    )
    assert answer.code == 4
    assert "tag 'parametrize' cannot be a marker: it is a mark of pytest or of a plugin" in answer.err
    assert metadata.read_bytes() == before
    assert not (metadata.parent / "green.png").exists()


def test_what_is_no_picture_is_not_added(tierbench: Call, workplace: Path) -> None:
    (workplace / "page.png").write_text("<html>", encoding="utf-8")
    answer = tierbench("add", "page.png", "--suite", "colours", "--label", "page", "--tier", "1")
    assert answer.code == 4
    assert "the file is not an image that Pillow can read; nothing was added" in answer.err
