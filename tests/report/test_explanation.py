"""Where the model looked, in a real browser: the maps over the large picture, and how they are switched."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_robust_explain import MODEL
from tests.report.conftest import Opener, report_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_maps_lie_over_the_picture_and_can_be_switched(study: Bench, open_page: Opener, width: int, dark: bool) -> None:
    study.suite("sky", "file_name,label,tier\nblack_sky.png,airplane,1\n")
    study.file("quarter.py", MODEL)
    study.configure(robust_model=["python:quarter:make"], robust_explain="failures")
    study.run()
    page = open_page(report_of(study), width=width, dark=dark)
    page.locator(".tb-row-link", has_text="black_sky").first.click()
    box = page.locator("dialog .tb-explained")
    picture, maps = box.locator("img.tb-large"), box.locator("img.tb-explained-map")
    page.wait_for_function("document.querySelector('.tb-explained img.tb-large').complete")
    seen, over = picture.bounding_box(), maps.first.bounding_box()
    assert seen
    assert over
    # Occlusion covers all of the picture.
    assert [over[side] for side in ("x", "y", "width", "height")] == pytest.approx(
        [seen[side] for side in ("x", "y", "width", "height")], abs=1.5
    )
    assert maps.first.get_attribute("alt") == "map of what raises the score of automobile: mostly at the top left"
    assert [maps.nth(index).is_visible() for index in range(2)] == [True, False]
    box.get_by_role("button", name="airplane the expectation").click()
    assert [maps.nth(index).is_visible() for index in range(2)] == [False, True]
    box.get_by_role("slider").fill("30")
    assert maps.nth(1).evaluate("map => getComputedStyle(map).opacity") == "0.3"
    box.get_by_role("button", name="picture only").press("Enter")
    assert not maps.nth(1).is_visible()
    assert picture.evaluate("picture => getComputedStyle(picture).filter") == "none"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
