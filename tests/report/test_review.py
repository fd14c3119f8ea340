"""The journeys of a reviewer, who did not run it: find what failed, look, compare, accept, send a link, print."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY, write_suite
from tests.garage import worse_model
from tests.neighbours import WITHOUT_NEIGHBOURS
from tests.report.conftest import Opener

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow

# The second model no longer says "truck": green_1 and green_2 are lost, and green_3, which it calls a ship, is won.
ROAD = """\
file_name,label,tier,tags,source,license
red_1.png,automobile,1,,by hand,CC0-1.0
green_1.png,truck,1,day,by hand,CC0-1.0
blue_1.png,ship,1,,by hand,CC0-1.0
black_1.png,automobile,2,night,by hand,CC0-1.0
grey_1.png,automobile,3,fog,by hand,CC0-1.0
green_2.png,truck,3,fog,by hand,CC0-1.0
grey_2.png,ship,3,fog,by hand,CC0-1.0
green_3.png,ship,3,night,by hand,CC0-1.0
"""


@dataclass(frozen=True)
class Road:
    """A repository with an accepted baseline and a run of a worse model."""

    path: Path
    worse: Path

    def run(self, *command: str) -> str:
        """Run a module of Python in the repository; return what it printed."""
        environment = {**os.environ, "TIERBENCH_CACHE": str(self.path / "cache"), "PYTEST_ADDOPTS": WITHOUT_NEIGHBOURS}
        run = subprocess.run([sys.executable, "-m", *command], cwd=self.path, env=environment, capture_output=True)
        text = (run.stdout + run.stderr).decode()
        assert "Traceback" not in text, text
        return text

    def test(self, model: Path, *arguments: str) -> str:
        return self.run("pytest", f"--robust-model=model={model}", *arguments)

    @property
    def reports(self) -> list[Path]:
        return sorted(self.path.glob("reports/*/report.html"), key=lambda file: file.stat().st_mtime_ns)


@pytest.fixture(scope="module")
def road(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Road:
    path = tmp_path_factory.mktemp("road")
    (path / "pyproject.toml").write_text('[tool.pytest]\ntestpaths = ["cases"]\nstrict = true\n', encoding="utf-8")
    write_suite(path / "cases" / "road", ROAD)
    for name in ("conftest.py", "cases/test_tiers.py"):
        shutil.copy(REPOSITORY / name, path / name)
    made = Road(path, worse_model(colour_model, path / "worse", truck=-3))
    made.test(colour_model, "--robust-update-baseline")
    shutil.rmtree(made.reports[0].parent)
    made.test(made.worse)
    return made


@pytest.fixture
def page(road: Road, open_page: Opener) -> Page:
    return open_page(road.reports[0])


def words(locator: Locator) -> str:
    return " ".join(locator.inner_text().split())


def names(page: Page) -> list[str]:
    """Return the names of the cases in the list."""
    return [text.split()[0] for text in page.locator(".tb-row-name").all_inner_texts()]


def opened(page: Page) -> Locator:
    return page.locator("dialog[open]")


def test_the_verdict_leads_to_the_failures_and_a_flip_to_what_was_said_before_and_now(page: Page) -> None:
    assert "level 0 of 3" in page.title()
    assert "2 regressed" in words(page.locator(".tb-counted"))
    assert "Failed: level 1 → 0 of 3; 2 pictures regressed" in words(page.locator(".tb-page"))
    page.locator(".tb-changes a", has=page.get_by_alt_text("green_1")).click()
    case = opened(page)
    assert words(case.locator("h3")) == "road/green_1"
    now, before = (words(each) for each in case.locator(".tb-columns section").all())
    assert now.startswith("The model says now ship")
    assert before.startswith("The baseline said truck counts as truck 0.800")
    assert "regressed, score 0.800 → 0." in words(case)
    assert "missed" in words(case.locator(".tb-demands"))
    assert "source by hand license CC0-1.0 SHA-256" in words(case.locator(".tb-facts"))
    page.wait_for_function("document.querySelector('dialog[open] img').naturalWidth > 0")
    page.keyboard.press("Escape")
    assert not opened(page).count()
    page.wait_for_function("!location.hash.includes('case=')")


def test_fog_in_tier_3_is_filtered_and_walked_through_by_keyboard(page: Page) -> None:
    assert page.locator(".tb-browser output").inner_text() == "8 of 8 cases"
    # Flips and failures come first.
    assert names(page)[:2] == ["green_1", "green_2"]
    page.locator("[data-field=tier]").select_option("3")
    page.locator("[data-field=tag]").select_option("fog")
    assert page.locator(".tb-browser output").inner_text() == "3 of 8 cases"
    assert names(page) == ["green_2", "grey_1", "grey_2"]
    page.locator(".tb-row-link").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert words(opened(page).locator("h3")) == "road/grey_1"
    assert words(opened(page).locator("[data-at]")) == "2 of 3"
    page.keyboard.press("j")
    assert words(opened(page).locator("h3")) == "road/grey_2"
    assert opened(page).get_by_label("next case").is_disabled()
    page.keyboard.press("ArrowLeft")
    opened(page).get_by_label("previous case").click()
    assert words(opened(page).locator("h3")) == "road/green_2"
    opened(page).get_by_label("close").click()
    # The focus is back in the list, at the case that was open last.
    page.wait_for_function("document.activeElement.closest('.tb-row')?.innerText.includes('green_2')")
    page.wait_for_function("location.hash === '#tier=3&tag=fog'")


def test_a_link_shows_the_same_elsewhere(page: Page, open_page: Opener, road: Road) -> None:
    page.locator("[data-field=q]").fill("FOG")
    page.locator("[data-field=sort]").select_option("low")
    page.locator("[data-field=high]").fill("0.5")
    page.locator(".tb-row-link").first.click()
    shown = words(opened(page))
    elsewhere = open_page(road.reports[0], fragment=page.url.partition("#")[2])
    assert words(opened(elsewhere)) == shown
    opened(elsewhere).get_by_label("close").click()
    assert names(elsewhere) == names(page)
    assert elsewhere.locator("[data-field=high]").input_value() == "0.5"


def test_the_link_and_the_pytest_id_are_copied(page: Page) -> None:
    page.locator("[data-field=tier]").select_option("1")
    page.locator(".tb-row-link", has_text="red_1").click()

    def copied(button: str) -> str:
        clicked = opened(page).get_by_role("button", name=button).element_handle()
        clicked.click()
        page.wait_for_function("button => button.textContent === 'Copied'", arg=clicked)
        page.evaluate(
            "document.querySelector('dialog').append(Object.assign(document.createElement('textarea'), {id: 'paste'}))"
        )
        page.locator("#paste").focus()
        page.keyboard.press("Control+V")
        text = page.locator("#paste").input_value()
        page.evaluate("document.getElementById('paste').remove()")
        return text

    assert copied("Copy link") == page.url.partition("?")[0].partition("#")[0] + "#case=road/red_1"
    assert copied("Copy pytest id") == "'cases/test_tiers.py::test_case[road/red_1]'"


def test_the_address_of_a_heading_leaves_the_list_filled(road: Road, open_page: Opener) -> None:
    page = open_page(road.reports[0], fragment="tb-tiers-title")
    assert page.locator(".tb-row").count() == 8
    assert page.url.endswith("#tb-tiers-title")


def test_no_result_says_so_and_back_and_forward_go_through_opened_cases(page: Page) -> None:
    page.locator("[data-field=q]").fill("nothing has this name")
    assert words(page.locator(".tb-empty")) == "No case matches. Clear filters"
    page.locator(".tb-empty button").click()
    assert page.locator(".tb-browser output").inner_text() == "8 of 8 cases"
    page.locator(".tb-row-link", has_text="grey_1").click()
    page.go_back()
    assert not opened(page).count()
    page.go_forward()
    assert words(opened(page).locator("h3")) == "road/grey_1"
    page.evaluate("location.hash = '#case=road/gone'")
    page.locator(".tb-unknown", has_text="This report has no case road/gone.").wait_for()
    assert not opened(page).count()


def accept_command(page: Page) -> str:
    return page.locator(".tb-accept code").inner_text()


def test_ticked_flips_are_a_command_that_the_address_keeps(page: Page, road: Road, open_page: Opener) -> None:
    run = road.reports[0].parent.name
    assert page.locator(".tb-accept").is_hidden()
    flips = page.locator(".tb-list")
    flips.get_by_label("accept road/green_3").check()
    page.locator(".tb-row-link", has_text="green_1").click()
    opened(page).get_by_label("accept road/green_1").check()
    page.keyboard.press("Escape")
    page.wait_for_function("!location.hash.includes('case=')")
    assert flips.get_by_label("accept road/green_1").is_checked()
    expected = f"tierbench baseline accept {run} --case road/green_1 --case road/green_3"
    assert accept_command(page) == expected
    elsewhere = open_page(road.reports[0], fragment=page.url.partition("#")[2])
    assert accept_command(elsewhere) == expected
    elsewhere.get_by_role("button", name="Untick all").click()
    assert elsewhere.locator(".tb-accept").is_hidden()
    elsewhere.wait_for_function("!location.hash")
    elsewhere.get_by_role("button", name="Tick the 3 flips among them").click()
    assert accept_command(elsewhere).count("--case") == 3


@pytest.fixture
def copy_of_the_road(road: Road, tmp_path: Path) -> Road:
    shutil.copytree(road.path, tmp_path / "road")
    return Road(tmp_path / "road", tmp_path / "road" / "worse")


def test_the_copied_command_accepts_two_flips_that_are_gone_in_the_next_run(
    copy_of_the_road: Road, open_page: Opener
) -> None:
    road = copy_of_the_road
    if "--case" not in road.run("tierbench", "baseline", "accept", "--help"):
        pytest.skip("this version accepts whole runs only")
    page = open_page(road.reports[0])
    for name in ("green_1", "green_3"):
        page.locator(".tb-list").get_by_label(f"accept road/{name}").check()
    command = shlex.split(accept_command(page))
    road.run(*command)
    road.test(road.worse)
    after = open_page(road.reports[-1])
    assert "1 regressed" in words(after.locator(".tb-counted"))
    assert "0 fixed" in words(after.locator(".tb-counted"))
    assert after.locator(".tb-list .tb-tick input").count() == 1


def test_it_is_printed_with_its_list(page: Page) -> None:
    page.locator("[data-field=tag]").select_option("fog")
    content = page.pdf(format="A4")
    assert content.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 6
    # On paper the rows stand below each other, whatever the list's window is.
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    tops = [row.bounding_box() for row in page.locator(".tb-row").all()]
    assert len({box["y"] for box in tops if box}) == 3
    assert page.locator(".tb-find").is_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(names(page)) == 3


def test_on_a_phone_a_tap_opens_the_case_as_a_sheet_and_a_swipe_the_next(road: Road, open_page: Opener) -> None:
    page = open_page(road.reports[0], width=390, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.locator("[data-field=tier]").is_visible()
    page.locator(".tb-filters summary").tap()
    page.locator("[data-field=tier]").select_option("3")
    page.locator(".tb-row-link", has_text="grey_1").tap()
    case = opened(page)
    assert words(case.locator("h3")) == "road/grey_1"
    assert case.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 900}
    before = words(case.locator("[data-at]"))
    swipe = """(to) => {
      const body = document.querySelector('.tb-case-body')
      const at = (x) => new Touch({ identifier: 1, target: body, clientX: x, clientY: 300 })
      body.dispatchEvent(new TouchEvent('touchstart', { bubbles: true, touches: [at(195)] }))
      body.dispatchEvent(new TouchEvent('touchend', { bubbles: true, changedTouches: [at(to)] }))
    }"""
    page.evaluate(swipe, 40)
    assert words(case.locator("[data-at]")) != before
    page.evaluate(swipe, 350)
    assert words(case.locator("h3")) == "road/grey_1"
    case.get_by_label("close").tap()
    assert not opened(page).count()


def test_on_a_wide_screen_the_case_opens_beside_the_list_and_follows_its_keys(road: Road, open_page: Opener) -> None:
    page = open_page(road.reports[0], width=2560)
    # What needs a look stands there before anything was opened; it is no part of the address.
    case = opened(page)
    assert words(case.locator("h3")) == "road/green_1"
    page.locator("[data-field=tag]").select_option("fog")
    assert words(case.locator("h3")) == "road/green_2"
    assert page.url.endswith("#tag=fog")
    page.locator(".tb-row-link").first.focus()
    page.keyboard.press("Enter")
    # Both at once: the page may still be scrolling.
    listed, beside = page.locator(".tb-list, dialog[open]").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().toJSON())"
    )
    assert listed["right"] <= beside["left"]
    assert (listed["top"], listed["bottom"]) == (beside["top"], beside["bottom"])
    assert words(case.locator("h3")) == "road/green_2"
    # The keys of the list go on, and the case follows.
    page.keyboard.press("ArrowDown")
    assert words(case.locator("h3")) == "road/grey_1"
    assert page.locator(".tb-row-link[aria-current]").count() == 1
    assert "grey_1" in words(page.locator(".tb-row-link[aria-current]"))
    assert "case=road/grey_1" in page.url
    page.locator(".tb-row-link", has_text="grey_2").click()
    assert words(case.locator("[data-at]")) == "3 of 3"
    # In a window that became narrow it stands above the page.
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("document.querySelector('dialog').matches(':modal')")
    page.set_viewport_size({"width": 2560, "height": 900})
    page.wait_for_function("!document.querySelector('dialog').matches(':modal')")
    assert words(case.locator("h3")) == "road/grey_2"
    page.keyboard.press("Escape")
    assert not opened(page).count()
    page.wait_for_function("document.activeElement.closest('.tb-row')?.innerText.includes('grey_2')")


def test_a_link_to_a_case_leads_to_it_on_a_wide_screen(road: Road, open_page: Opener) -> None:
    page = open_page(road.reports[0], width=2560)
    page.locator(".tb-changes a", has=page.get_by_alt_text("green_1")).click()
    box = opened(page).bounding_box()
    assert box
    assert 0 <= box["y"] <= 450


def test_opening_a_case_moves_nothing(page: Page) -> None:
    page.evaluate("""() => {
      window.shifts = 0
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts += entry.value })
        .observe({ type: 'layout-shift' })
    }""")
    row = page.locator(".tb-row-link", has_text="grey_1")
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    row.click()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert row.bounding_box() == before
    assert (
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(window.shifts))))") == 0
    )


def test_the_word_beside_a_tick_stays_whole_and_inside_its_row(road: Road, open_page: Opener) -> None:
    page = open_page(road.reports[0], width=1440)
    for width in (801, 1440, 1800, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        words = page.evaluate(
            """[...document.querySelectorAll('.tb-row .tb-tick-text')].map((word) => {
              const [box, row] = [word, word.closest('.tb-row')].map((each) => each.getBoundingClientRect())
              return [box.height / parseFloat(getComputedStyle(word).fontSize), row.right - box.right]
            })"""
        )
        assert words
        for lines, room in words:
            assert 0 < lines < 2, width
            assert room >= 0, width
