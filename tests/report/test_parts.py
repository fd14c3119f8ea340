"""The pure parts of the report: charts, confusion, sample, sort keys, texts."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from tierbench.common.schema import CaseRow, LadderResult
from tierbench.common.text import duration
from tierbench.report.html.charts import place, strip
from tierbench.report.html.confusion import confusion
from tierbench.report.html.ladder_chart import curve
from tierbench.report.html.rows import case_view, picture_key
from tierbench.report.html.sample import kept_rows
from tierbench.report.html.templating import macros, number, percent, render
from tierbench.report.html.thumbnails import make_pictures, write_pictures
from tierbench.suites.case import Case, Thresholds

ROW = CaseRow(suite="s", case="c", model="m", expected="cat", outcome="failed", passed=False)

LADDER = LadderResult(
    suite="s",
    model="m",
    ladder="fog",
    parameter="metres",
    unit="m",
    direction="falling",
    values=(50, 40, 30, 20),
    scores=(0.9, None, 0.5, 0.2),
    passed=(True, False, True, False),
)


def test_a_strip_shows_each_case_as_a_dot() -> None:
    drawn = strip([("a", 0.0, False), ("b", 1.0, True), ("c", 1.0, True)], [0.5, 0.5])
    assert [(dot.name, dot.x, dot.passed) for dot in drawn.dots] == [
        ("a", 8, False),
        ("b", 212, True),
        ("c", 212, True),
    ]
    assert drawn.dots[1].y > drawn.dots[2].y  # equal scores are stacked
    assert drawn.thresholds == ((0.5, place(0.5)),)
    assert not drawn.bars


def test_a_strip_of_many_cases_is_a_histogram_that_loses_none() -> None:
    drawn = strip([(str(i), i / 999, i > 499) for i in range(1000)], [0.5])
    assert not drawn.dots
    assert sum(bar.passed for bar in drawn.bars) == 500
    assert sum(bar.missed for bar in drawn.bars) == 500
    assert all(bar.passed_y >= 0 for bar in drawn.bars)


def test_a_single_case_among_thousands_is_visible() -> None:
    drawn = strip([("x", 0.1, False), *((str(i), 0.9, True) for i in range(5000))], [])
    assert next(bar for bar in drawn.bars if bar.missed).missed_height >= 1.5


def test_a_curve_breaks_where_a_step_has_no_score() -> None:
    drawn = curve(LADDER)
    assert [step.y is None for step in drawn.steps] == [False, True, False, False]
    assert len(drawn.lines) == 1  # a single point is no line
    assert (drawn.point, drawn.band) == (None, None)


def test_a_curve_marks_the_50_percent_point_and_its_interval() -> None:
    seen = tuple(tuple(view < count for view in range(8)) for count in (8, 8, 4, 0))
    ladder = replace(LADDER, values=(80, 40, 20, 10), recognised=seen, half_state="inside", half_point=20, half_low=15)
    drawn = curve(ladder)
    assert [step.figure for step in drawn.steps] == [1, 1, 0.5, 0]
    assert drawn.point == drawn.steps[2].x
    assert drawn.band is not None
    # The far end lies between the last steps; the near end is outside of the ladder.
    assert drawn.band[0] < drawn.steps[0].x
    assert drawn.steps[2].x < drawn.band[1] < drawn.steps[3].x


def test_confusion_counts_every_case_once() -> None:
    pairs = [("cat", "cat"), ("cat", "dog"), ("espresso|cup", "cup"), ("cat", None)]
    table = confusion(replace(ROW, expected=expected, predicted=predicted) for expected, predicted in pairs)
    assert table is not None
    assert table.columns == ("cat", "cup", "dog")
    assert [(name, total, [cell.count for cell in cells]) for name, total, cells in table.rows] == [
        ("cat", 2, [1, 0, 1]),
        ("espresso|cup", 1, [0, 1, 0]),
    ]
    assert [cell.right for cell in table.rows[1][2]] == [False, True, False]
    assert confusion([replace(ROW, predicted=None)]) is None


def test_rare_labels_share_a_column() -> None:
    table = confusion(replace(ROW, predicted=label) for label in ["cat", *(f"l{i:02}" for i in range(40))])
    assert table is not None
    assert len(table.columns) == 12
    assert len(table.others) == 29
    last = table.rows[0][2][-1]
    assert last.count == 29
    assert dict(last.names) == dict(table.others)


def test_the_sample_keeps_failures_and_spreads_over_the_rest() -> None:
    outcomes = ["passed"] * 5000
    for index, outcome in ((17, "failed"), (4000, "error"), (4500, "xfailed")):
        outcomes[index] = outcome
    kept = sorted(kept_rows(outcomes, 1000))
    assert len(kept) == 1000
    assert {17, 4000, 4500} <= set(kept)
    assert max(b - a for a, b in pairwise(kept)) <= 7


def test_failures_beyond_the_limit_are_sampled() -> None:
    kept = kept_rows(["failed"] * 3000 + ["passed"] * 10, 1000)
    assert len(kept) == 1000
    assert max(kept) < 3000


def test_sort_keys_sort_like_numbers() -> None:
    def keys(name: str, values: Sequence[float]) -> list[str]:
        rows = [replace(ROW, **{name: value}) for value in values]  # type: ignore[arg-type] # each of its own type
        return [case_view(row, None, None, nodeid="").sort[name] for row in rows]

    for name, values in (
        ("score", [0.0, 0.0999, 0.1, 0.25, 1.0]),
        ("margin", [-1.0, -0.5, -0.01, 0.0, 0.3, 1.0]),
        ("rank", [1, 2, 10, 9, 100]),
        ("tier", [1, 2, 10, 11]),
    ):
        assert keys(name, sorted(values)) == sorted(keys(name, values))
    assert case_view(ROW, None, None, nodeid="").sort["score"] == ""


def test_each_cell_is_on_one_line() -> None:
    row = replace(ROW, case="a\nb\u202ec", predicted="x\r\ny<b>", confidence=0.5)
    view = case_view(row, None, None, nodeid="n")
    lines = [line for line in str(macros("cells.html.jinja").case(view, several=True)).splitlines() if line.strip()]
    assert len(lines) == 10
    assert all(line.startswith("<td ") and line.endswith("</td>") for line in lines)
    text = "".join(lines)
    assert "x\\r\\ny&lt;b&gt;" in text
    assert "\u202e" not in text


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("bare.html.jinja")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(1.0), "100 %"),
        (percent(0.9999), "99 %"),
        (percent(0.001), "1 %"),
        (percent(0.0), "0 %"),
        (number(-0.25), "−0.250"),
        (number(None), ""),
        (duration(0.84), "0.8 s"),
        (duration(185), "3 min 5 s"),
        (duration(7800), "2 h 10 min"),
    ],
)
def test_numbers_are_formatted(shown: str, expected: str) -> None:
    assert shown == expected


def test_the_key_of_a_picture_is_a_safe_file_name() -> None:
    assert picture_key(replace(ROW, image_sha256="ab" * 32)) == "ab" * 12
    assert re.fullmatch("s------x--[0-9a-f]{12}", picture_key(replace(ROW, case='../"x>', image_sha256='"><img')))
    assert picture_key(replace(ROW, case="x", image_sha256="")) == "s--x"


def test_pictures_of_long_names_do_not_share_a_key() -> None:
    keys = {picture_key(replace(ROW, case=f"{'x' * 100}+fog-{each}", corruption="fog")) for each in (1, 2)}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 80


def test_a_picture_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    Image.new("RGB", (600, 300), "red").save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    cases = [
        (name, Case("s", name, file.name, file, ("car",), 1, Thresholds()))
        for name in ("good", "bad")
        for file in [tmp_path / f"{name}.png"]
    ]
    good, bad = make_pictures(cases)
    assert (good.width, good.height, good.error) == (600, 300, "")
    assert good.large.startswith("data:image/webp;base64,")
    assert "not an image" in bad.error
    assert write_pictures(cases, tmp_path / "files") == {"good": (600, 300)}
    assert [file.name for file in (tmp_path / "files").iterdir()] == ["good.jpg"]


def test_pictures_become_smaller_until_all_of_them_fit_into_a_page(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 300, 400, 3), dtype=np.uint8)
    files = [tmp_path / f"p{number}.png" for number in range(40)]
    for file, pixels in zip(files, noise, strict=True):
        Image.fromarray(pixels).save(file, compress_level=1)

    def made(most: int) -> tuple[int, int]:
        pictures = make_pictures([(file.stem, file) for file in files], most_bytes=most)
        content = [base64.b64decode(picture.large.partition(",")[2]) for picture in pictures]
        assert {(picture.width, picture.height) for picture in pictures} == {(400, 300)}
        return sum(map(len, content)), Image.open(io.BytesIO(content[0])).width

    assert made(10**9)[1] == 400
    size, width = made(500_000)
    assert size <= 500_000
    assert 128 <= width < 400
