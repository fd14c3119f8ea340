"""The report in a real browser: display, keyboard, long lists, and hostile names."""

from __future__ import annotations

from pathlib import Path

import pytest
from markupsafe import Markup

from tests.conftest import Bench
from tests.report.conftest import Opener, report_of
from tests.runs.records import content, row
from tierbench.report.html import page_pictures
from tierbench.report.html.report_page import ReportParts, render_report
from tierbench.report.html.rows import case_view
from tierbench.report.html.templating import render

pytestmark = pytest.mark.slow

ATTACK = "<img src=x onerror=window.pwned=1>"

HOSTILE_MODEL = '''
"""A model whose labels and card contain markup and scripts."""

import numpy as np

ATTACK = "<img src=x onerror=window.pwned=1>"


class Hostile:
    labels = ["automobile", ATTACK, "<!--<script></script ><script>window.pwned=1</script>"]
    labels += ["x" * 10_000, "\\u202egnp.exe"]
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
    page.locator(".tb-row-link").first.click()
    # Three thumbnails, two tiles of misses, a large picture.
    images = page.locator("img.tb-thumb, img.tb-large")
    assert images.count() == 6
    for image in images.all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())


def test_tests_that_are_no_cases_are_below_and_open_by_key_and_by_click(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study))
    others = page.locator(".tb-other-tests")
    assert others.locator("summary").inner_text() == "Other tests: 3"
    assert others.get_attribute("open") is not None
    assert [label.inner_text() for label in page.locator("label.tb-filter:visible").all()] == ["2 Failed", "1 Passed"]
    row = page.locator("tr.collapsible", has_text="tier2").first
    log = page.locator("tbody", has_text="tier2").locator(".logwrapper")
    row.focus()
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        assert row.get_attribute("aria-expanded") == "true"
        log.wait_for(state="visible")
        page.keyboard.press(key)
        log.wait_for(state="hidden")
    row.locator(".col-testId").click(position={"x": 12, "y": 12})
    log.wait_for(state="visible")
    assert page.evaluate("document.activeElement.dataset.id") == row.get_attribute("data-id")
    # Open rows and the focus survive a redraw by pytest-html.
    page.locator("th[data-column-type=testId]").focus()
    page.keyboard.press("Enter")
    log.wait_for(state="visible")
    assert page.evaluate("document.activeElement.dataset.columnType") == "testId"
    page.locator("label.tb-filter", has_text="Passed").click()
    log.wait_for(state="visible")
    assert page.locator("tbody.passed").count() == 0


def test_where_all_other_tests_passed_they_are_folded(study: Bench, open_page: Opener) -> None:
    study.run("-m", "tier1")
    others = open_page(report_of(study)).locator(".tb-other-tests")
    assert others.locator("summary").inner_text() == "Other tests: 1, all passed"
    assert not others.locator("#results-table").is_visible()


def test_only_the_visible_rows_of_a_long_list_are_in_the_page(tmp_path: Path, open_page: Opener) -> None:
    rows = [
        row(f"c{number:04}", number / 2000, margin=None, tags="odd" if number % 2 else "even") for number in range(2000)
    ]
    views = [case_view(each, None, None, nodeid=f"test_case[{each.key}]") for each in rows]
    made = render_report(ReportParts(content(), rows, views, (), {}, {}), None)
    file = tmp_path / "long.html"
    file.write_text(render("alone.html.jinja", title=made.title, overview=Markup(made.html)), encoding="utf-8")  # noqa: S704 # our own page
    page = open_page(file)
    drawn = page.locator(".tb-row")
    assert 5 < drawn.count() < 40
    page.locator("[data-field=sort]").select_option("high")
    assert "c1999" in drawn.first.inner_text()
    drawn.first.locator("a").focus()
    page.keyboard.press("End")
    assert "c0000" in page.evaluate("document.activeElement.innerText")
    assert drawn.count() < 40
    page.locator("[data-field=low]").fill("0.25")
    page.locator("[data-field=high]").fill("0.5")
    page.locator("[data-field=tag]").select_option("odd")
    assert page.locator(".tb-browser output").inner_text() == "250 of 2000 cases"


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
    monkeypatch.setattr(page_pictures, "MOST_INSIDE", 2)
    hostile.run("--robust-model", "python:hostile:make", "--metadata", "branch", ATTACK)
    report = report_of(hostile)
    page = open_page(report)
    page.locator("#show_all_details").click()
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x], img[onerror]").count() == 0
    text = page.locator("body").inner_text()
    assert text.count(ATTACK) >= 8
    assert "\\u202e" in text
    assert "\u202e" not in text
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("red_a", "blue_b", "green_c"):
        page.locator(".tb-row-link", has_text=name).click()
        case = page.locator("dialog[open]")
        assert name in case.locator("h3").inner_text()
        page.wait_for_function("document.querySelector('dialog[open] img').naturalWidth > 0")
        assert page.evaluate("document.querySelector('dialog[open]').scrollWidth <= innerWidth")
        assert ATTACK in case.inner_text()
        page.keyboard.press("Escape")
    page.locator("[data-field=q]").fill("<img src=x")
    assert page.locator(".tb-browser output").inner_text() == "1 of 3 cases"
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x], img[onerror]").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_enough_contrast(study: Bench, open_page: Opener, dark: bool) -> None:
    study.run()
    page = open_page(report_of(study), dark=dark)
    page.locator("#show_all_details").click()
    page.locator(".tb-row-link").first.click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark
    ratio, where = page.evaluate(CONTRAST)
    assert ratio >= 4.5, where


def test_a_phone_needs_no_sideways_scrolling(study: Bench, open_page: Opener) -> None:
    study.run()
    page = open_page(report_of(study), width=375)
    page.locator("#show_all_details").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    for shown in ("#results-table tr.collapsible", ".tb-row"):
        box = page.locator(shown).first.bounding_box()
        assert box
        assert box["width"] <= 375
