"""The order of the report: the verdict, what changed with both predictions, the tiers, and what few readers need."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.garage import worse_model
from tests.report.conftest import Opener, report_of
from tierbench.common.schema import LadderResult
from tierbench.report.html.ladder_chart import curve
from tierbench.report.html.ladders import LadderView
from tierbench.report.html.sweeps import sweep_view

ROWS = """\
file_name,label,tier,ladder,distance_m
red_1.png,automobile,1,,
red_2.png,automobile,1,,
green_1.png,truck,1,,
green_2.png,truck,1,,
grey_1.png,automobile,2,,
red_3.png,automobile,,far,10
grey_2.png,automobile,,far,20
"""
TOML = """\
[parameters]
distance_m = "m"

[ladders.far]
parameter = "distance_m"
direction = "rising"
"""


@pytest.fixture
def regressed(bench: Bench, tmp_path: Path) -> Iterator[Path]:
    """The report of a model that sees no trucks any more."""
    bench.suite("garage", ROWS, TOML)
    assert bench.run("--robust-update-baseline").code == 0
    bench.record()
    worse = worse_model(bench.model, tmp_path / "worse", truck=-3)
    bench.run(f"--robust-model=model={worse}")
    yield report_of(bench)
    shutil.rmtree(worse)


def test_it_begins_with_the_verdict_and_its_contents_name_the_sections_in_order(
    regressed: Path, open_page: Opener
) -> None:
    page = open_page(regressed)
    verdict = page.locator(".tb-verdict")
    assert "Failed: level 1 → 0 of 2; 2 pictures regressed, all of them showing truck" in verdict.inner_text()
    sections = ["What changed", "Tiers", "What stands out", "Misses", "Ladders", "Confusion", "Metrics", "Model card"]
    sections.append("All cases")
    assert page.locator(".tb-contents a").all_inner_texts() == sections
    tops = [page.locator(f"[data-contents='{name}']").bounding_box() for name in sections]
    heights = [box["y"] for box in tops if box]
    assert len(heights) == len(sections)
    assert heights == sorted(heights)
    # It stays in sight.
    page.locator("#tb-curves-title").scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)
    page.wait_for_function("scrollY > 300")
    box = page.locator(".tb-contents").bounding_box()
    assert box is not None
    assert box["y"] >= 0


def test_a_flip_shows_what_was_accepted_and_what_is_seen_now(regressed: Path, open_page: Opener) -> None:
    page = open_page(regressed)
    flips = page.locator(".tb-flip")
    assert flips.count() == 2
    accepted, now = flips.first.locator(".tb-bars").all()
    assert accepted.locator("li").count() == now.locator("li").count() == 3
    assert accepted.locator("li").first.inner_text().startswith("truck")
    assert accepted.locator("li").first.get_attribute("class") == "tb-hit"
    assert not now.locator("li").first.inner_text().startswith("truck")


@pytest.mark.parametrize("width", [360, 2560])
def test_on_a_phone_the_contents_open_at_a_tap_and_figures_stay_whole(
    regressed: Path, open_page: Opener, width: int
) -> None:
    page = open_page(regressed, width=width)
    phone = width < 800
    assert page.locator(".tb-contents a").first.is_visible() != phone
    if phone:
        page.locator(".tb-contents summary").click()
        assert page.locator(".tb-contents a").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A figure that breaks has two boxes.
    broken = page.evaluate(
        """() => [...document.querySelectorAll(".tb-tiers td[data-label=Passed], .tb-figures b, .tb-bar-number")]
            .filter((cell) => { const range = document.createRange(); range.selectNodeContents(cell);
              return new Set([...range.getClientRects()].map((box) => Math.round(box.bottom / 8))).size > 2; })
            .map((cell) => cell.innerText)"""
    )
    assert broken == []


def ladder(gate: float | None) -> LadderResult:
    return LadderResult(
        suite="s",
        model="m",
        ladder="far",
        parameter="distance_m",
        unit="m",
        direction="rising",
        values=(10.0, 20.0),
        scores=(0.9, 0.1),
        passed=(True, False),
        breaking_point=10.0,
        gate=gate,
    )


def test_a_ladder_has_a_mark_only_where_something_is_demanded() -> None:
    views = [LadderView(made, curve(made), ()) for made in map(ladder, (None, 10.0, 20.0))]
    assert [view.state for view in views] == ["", "met", "missed"]


def test_a_model_that_misses_the_pictures_as_they_are_breaks_nowhere(bench: Bench) -> None:
    bench.suite("s", "file_name,label,tier\ngrey_1.png,automobile,1\ngrey_2.png,automobile,1\n")
    bench.run("--robust-corruptions", "pixelate")
    record = bench.record()
    view = sweep_view("s", "model", record.run, record.rows)
    assert view is not None
    (blocks,) = view.corruptions
    assert (view.images, view.clean_misses) == (2, 2)
    assert (blocks.met, blocks.breaking) == (None, None)
    page = next((bench.path / "seen").glob("*/report.html")).read_text(encoding="utf-8")
    assert "The model misses every image as it is, without a corruption" in page
    assert "breaks after" not in page
