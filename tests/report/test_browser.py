"""The pages in a real browser: display, keyboard, sorting, and hostile names."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.report.conftest import Opener, report_of
from tierbench.report.html import sample

pytestmark = pytest.mark.slow

ATTACK = "<img src=x onerror=window.pwned=1>"

HOSTILE_MODEL = '''
"""A model whose labels and card contain markup and scripts."""

import numpy as np

ATTACK = "<img src=x onerror=window.pwned=1>"


class Hostile:
    labels = ["automobile", ATTACK, "</script><script>window.pwned=1</script>", "x" * 10_000, "\\u202egnp.exe"]
    fingerprint = "0123456789abcdef"

    def describe(self):
        return {"architecture": ATTACK, "labels": self.labels, "config": {ATTACK: ATTACK}, "spec": "'" + ATTACK}

    def predict(self, images):
        rows = [[0.1, 0.3, 0.25, 0.3, 0.05], [0.1, 0.2, 0.3, 0.35, 0.05], [0.1, 0.2, 0.2, 0.1, 0.4]]
        return np.array([rows[index % 3] for index in range(len(images))])


def make():
    return Hostile()
'''

HOSTILE_TEST = f'''
import pytest


@pytest.mark.parametrize("name", ["{ATTACK}"], ids=["{ATTACK}"])
def test_own(name):
    print(name)
    assert not name
'''

# Returns the lowest contrast between text and its background, with the element.
CONTRAST = """() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0)
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor)
      if (colour.length && (colour[3] ?? 1) > 0) return colour
    }
    return [255, 255, 255]
  }
  let worst = [99, '']
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    if (!own || !element.getClientRects().length || element.closest('svg, script, style')) continue
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))]
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05)
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)]
  }
  return worst
}"""


def test_the_level_is_shown_and_every_picture_decodes(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study))
    assert page.title() == "tierbench · model: level 1 of 3"
    assert page.locator(".tb-level-text").inner_text() == "Level 1 of 3"
    assert page.locator(".tb-stage.tb-met").count() == 1
    page.locator("#show_all_details").click()
    images = page.locator("img[data-thumb], img[data-large]")
    assert images.count() == 8  # three thumbnails, three large pictures, two tiles of misses
    for image in images.all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())


def test_a_row_opens_by_keyboard_and_by_a_click_on_a_nested_element(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study))
    row = page.locator("tr.collapsible", has_text="black_night").first
    detail = page.locator(".tb-detail", has_text="expected automobile, got airplane 0.490")
    row.focus()
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        assert row.get_attribute("aria-expanded") == "true"
        detail.wait_for(state="visible")
        assert detail.is_visible()
        page.keyboard.press(key)
        detail.wait_for(state="hidden")
        assert not detail.is_visible()
    # pytest-html lets the pointer through to the cell, which the name fills; a script's click hits the name itself.
    row.locator(".col-testId").click(position={"x": 12, "y": 12})
    detail.wait_for(state="visible")
    row.locator(".tb-case").dispatch_event("click")
    detail.wait_for(state="hidden")
    row.locator(".tb-case").dispatch_event("click")
    detail.wait_for(state="visible")
    assert detail.is_visible()
    assert page.evaluate("document.activeElement.dataset.id") == row.get_attribute("data-id")
    # Open rows and the focus survive a redraw by pytest-html.
    page.locator("th[data-column-type=score]").focus()
    page.keyboard.press("Enter")
    detail.wait_for(state="visible")
    assert detail.is_visible()
    assert page.evaluate("document.activeElement.dataset.columnType") == "score"
    page.locator("label.tb-filter", has_text="Passed").click()
    detail.wait_for(state="visible")
    assert detail.is_visible()
    assert page.locator("tbody.passed").count() == 0


def test_a_missed_image_links_to_its_row(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study))
    page.locator(".tb-misses a", has_text="grey_fog").click()
    row = page.locator("tr.collapsible", has_text="grey_fog").first
    assert row.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.dataset.id") == row.get_attribute("data-id")


def test_scores_ranks_and_margins_sort_as_numbers(bench: Bench, open_page: Opener) -> None:
    names = ("red", "orange", "grey", "black", "blue", "green")
    bench.suite("cars", "file_name,label,tier\n" + "".join(f"{name}_a.png,automobile,1\n" for name in names))
    bench.run()
    page = open_page(report_of(bench))
    read = """(name) => [...document.querySelectorAll(`tbody td.col-${name}`)].map((cell) => cell.innerText.trim())
      .filter(Boolean).map((text) => Number(text.replace('−', '-')))"""
    # The browser lays out rows when they become visible; until then their cells have no text.
    shown = f"(name) => ({read})(name).length === 6"
    for name in ("score", "rank", "margin"):
        page.locator(f"th[data-column-type={name}]").click()
        page.wait_for_function(shown, arg=name)
        up = page.evaluate(read, name)
        assert up == sorted(up)
        assert len(up) == 6
        page.locator(f"th[data-column-type={name}]").click()
        page.wait_for_function(shown, arg=name)
        assert page.evaluate(read, name) == sorted(up, reverse=True)
        assert page.locator(f"th[data-column-type={name}]").get_attribute("aria-sort") == "descending"


@pytest.fixture
def hostile(bench: Bench) -> Bench:
    quoted = ATTACK.replace('"', '""')
    folder = bench.suite(
        "bad",
        "file_name,label,tier,known_issue,source,license,notes\n"
        f'red_a.png,automobile,1,"{quoted}","{quoted}","{quoted}","{quoted}"\n'
        f'blue_b.png,automobile,1,,"a\u202eb","{quoted}","{"n" * 10_000}"\n'
        "green_c.png,automobile,2,,,,\n",
        f"description = '{ATTACK}'\n[tiers.1]\nname = '{ATTACK}'\n",
    )
    (folder / "published.csv").write_text(f"case,model,label,score\nred_a,{ATTACK},{ATTACK},0.5\n", encoding="utf-8")
    bench.file("hostile.py", HOSTILE_MODEL)
    bench.file("cases/test_own.py", HOSTILE_TEST)
    bench.pytester.syspathinsert(bench.path)
    return bench


def test_hostile_texts_are_shown_and_not_run(
    hostile: Bench, open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 2)
    hostile.run("--robust-model", "python:hostile:make", "--metadata", "branch", ATTACK)
    report = report_of(hostile)
    page = open_page(report)
    page.locator("#show_all_details").click()
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x], img[onerror]").count() == 0
    text = page.locator("body").inner_text()
    assert text.count(ATTACK) >= 10
    assert "\\u202e" in text
    assert "\u202e" not in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    gallery = open_page(report.parent / "gallery.html")
    gallery.locator(".case").first.click()
    gallery.wait_for_timeout(200)
    assert gallery.evaluate("window.pwned") is None
    assert ATTACK in gallery.locator("body").inner_text()
    assert gallery.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_enough_contrast(study: Bench, open_page: Opener, dark: bool) -> None:
    study.run()
    page = open_page(report_of(study), dark=dark)
    page.locator("#show_all_details").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark
    ratio, where = page.evaluate(CONTRAST)
    assert ratio >= 4.5, where


def test_a_phone_needs_no_sideways_scrolling(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study), width=375)
    page.locator("#show_all_details").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    box = page.locator("#results-table tr.collapsible").first.bounding_box()
    assert box
    assert box["width"] <= 375


def test_the_gallery_filters_and_opens_by_keyboard(
    study: Bench, open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 2)
    study.run()
    page = open_page(report_of(study).parent / "gallery.html")
    assert page.locator("#count").inner_text() == "3 of 3"
    page.wait_for_function("[...document.querySelectorAll('.case img')].every((image) => image.naturalWidth > 0)")
    page.locator("#text").fill("fog")
    assert page.locator("#count").inner_text() == "1 of 3"
    page.locator("#view").focus()
    page.keyboard.press("Enter")
    assert "study/grey_fog" in page.locator("#detail").inner_text()
    page.keyboard.press("Escape")
    page.locator("#text").fill("")
    page.locator("#order").select_option("low")
    assert "grey_fog" in page.locator(".case").first.inner_text()
    page.locator("#outcome").select_option("passed")
    assert page.locator("#count").inner_text() == "1 of 3"
