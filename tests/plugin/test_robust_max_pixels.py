"""--robust-max-pixels N: photographs with more pixels than Pillow opens by itself."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.conftest import Bench
from tests.flat_colours import RGB

# More than twice Pillow's own limit, above which it raises an error of its own.
SIDE = 13_400
ROWS = "file_name,label,tier\nred.png,automobile,1\nred_large.png,automobile,1\n"


@pytest.fixture
def large(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A suite with a picture of 180 megapixels; Pillow's limit, which the option raises, is put back afterwards."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    folder = bench.suite("photos", ROWS)
    picture = Image.new("P", (SIDE, SIDE), 1)
    picture.putpalette([0, 0, 0, *RGB["red"]])
    picture.save(folder / "red_large.png")
    return bench


def test_a_large_photograph_is_an_error_that_names_the_option(large: Bench) -> None:
    answer = large.run()
    assert answer.code == 1
    assert "photos/red_large [tier 1]: the image has too many pixels (" in answer.text
    assert "allow it with --robust-max-pixels=" in answer.text


@pytest.mark.slow
def test_with_the_option_it_is_predicted_and_shown(large: Bench) -> None:
    large.configure(robust_max_pixels="200000000")
    answer = large.run()
    assert answer.code == 0, answer.text
    first = (large.runs[0] / "report.html").read_text(encoding="utf-8")
    large.record()
    # Now the prediction is there already, and only the report opens the picture.
    assert large.run("--robust-max-pixels=200000000").code == 0
    again = (large.runs[0] / "report.html").read_text(encoding="utf-8")
    assert first.count("data:image") == again.count("data:image") > 0


@pytest.mark.parametrize(("limit", "code"), [("1279", 1), ("1280", 0)], ids=["one pixel too few", "just enough"])
def test_the_limit_may_be_lower_than_that_of_pillow(bench: Bench, limit: str, code: int) -> None:
    bench.suite("photos", ROWS.splitlines()[0] + "\nred.png,automobile,1\n")
    answer = bench.run("--robust-max-pixels", limit)
    assert answer.code == code
    assert ("the image has too many pixels (40 × 32, the limit is 1279); if" in answer.text) is bool(code)


@pytest.mark.parametrize("value", ["-1", "1000000001"])
def test_what_is_no_limit_is_one_line(bench: Bench, value: str) -> None:
    bench.suite("photos", ROWS.splitlines()[0] + "\nred.png,automobile,1\n")
    answer = bench.run(f"--robust-max-pixels={value}")
    line = f"--robust-max-pixels {value} must be 1 to 1000000000, or 0 for the limit of Pillow"
    assert (answer.code, answer.errors) == (4, [line])
