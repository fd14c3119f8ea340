"""All pages: for assistive technology, at every width, on paper, and without jumps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pytest

from tests.conftest import Bench
from tests.report.conftest import Opener, report_of
from tests.report.test_set_page import run_of, stored
from tests.runs.records import row, tier, write
from tests.set_rows import SWEEP, sweep_rows
from tierbench.report.html.comparison_page import comparison_page
from tierbench.report.html.report_page import report_alone
from tierbench.runs.compare import compare_scores
from tierbench.runs.model_scores import find_before_and_after

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

# The page of a run narrower than a phone, and wider than a desk.
WIDTHS = (360, 390, 800, 801, 1440, 2560)


LOOKS: Final[tuple[tuple[int, Literal["light", "dark"]], ...]] = (
    (390, "light"),
    (390, "dark"),
    (1440, "light"),
    (1440, "dark"),
)

# What can be clicked but stands in no text, and is smaller than 24 × 24 px.
SMALL = """() => [...document.querySelectorAll('a[href], button, input, select, summary')]
  .filter((element) => element.getClientRects().length && !element.closest('p, li, dd'))
  .map((element) => [element.outerHTML.slice(0, 100), (element.closest('label') || element).getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""

# Paragraphs of the report that are wider than 80 digits of their font.
LONG = """() => {
  const long = (text) => {
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(text)
    const pen = document.createElement('canvas').getContext('2d')
    pen.font = `${fontWeight} ${fontSize} ${fontFamily}`
    const range = document.createRange()
    range.selectNodeContents(text)
    return range.getBoundingClientRect().width > 80 * pen.measureText('0').width
  }
  const texts = document.querySelectorAll('.tb-page p:not(.tb-verdict), .tb-verdict span + span')
  return [...texts].filter(long).map((text) => text.outerHTML.slice(0, 200))
}"""


@contextmanager
def of_its_own(browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """Open a page on a phone or at a desk."""
    phone = width < 800
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, is_mobile=phone, has_touch=phone
    )
    page = context.new_page()
    page.goto(file.as_uri())
    yield page
    context.close()


@pytest.fixture
def pages(study: Bench, tmp_path: Path) -> list[Path]:
    """The report of two models with a sweep, of a data set, the page of all runs, and a comparison."""
    one, two = (f"--robust-model={name}={study.model}" for name in ("one", "two"))
    study.run(one, two, "--robust-corruptions", "fog", "--robust-severities", "1")
    report = report_of(study)
    rows = [row(f"c{number}", 0.9) for number in range(6)]
    old = write(tmp_path / "old", 1, rows, tiers=[tier(6, 6)])
    new = write(tmp_path / "old", 2, [row("c0", 0.2), *rows[1:]], tiers=[tier(5, 6)])
    pairs = find_before_and_after(str(old), str(new), tmp_path)
    compared = tmp_path / "compare.html"
    compared.write_text(comparison_page([compare_scores(*pair) for pair in pairs], "flips", {}), encoding="utf-8")
    of_set = tmp_path / "set.html"
    of_set.write_text(report_alone(run_of(stored(tmp_path, sweep_rows(10, wrong=1), **SWEEP)), tmp_path), "utf-8")
    return [report, report.parent.parent / "index.html", compared, of_set]


def test_assistive_technology_finds_no_serious_problem(pages: list[Path], browser: Browser) -> None:
    from axe_playwright_python.sync_playwright import Axe

    problems = []
    for file in pages:
        for width, scheme in LOOKS:
            with of_its_own(browser, file, width, scheme) as page:
                found = Axe().run(page).response["violations"]
            problems += [
                f"{file.name} {width}: {each['id']} {each['nodes'][0]['html'][:200]}"
                for each in found
                if each["impact"] in ("serious", "critical") or "landmark-one-main" in each["id"]
            ]
    assert problems == []


def test_pages_fit_every_width_and_targets_every_finger(pages: list[Path], browser: Browser) -> None:
    for file in pages:
        for width in WIDTHS:
            with of_its_own(browser, file, width, "light") as page:
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (file.name, width)
                assert page.evaluate(SMALL) == [], (file.name, width, page.evaluate(SMALL))


def test_a_wide_screen_is_used_and_lines_of_text_stay_short(pages: list[Path], browser: Browser) -> None:
    with of_its_own(browser, pages[0], 2560, "light") as page:
        assert page.evaluate("document.querySelector('.tb-page').getBoundingClientRect().width") > 2000
        assert page.evaluate(LONG) == []


def test_a_run_of_many_cases_is_few_sheets_of_paper(bench: Bench, open_page: Opener) -> None:
    names = [f"{colour}_{number}" for colour in ("red", "blue", "black", "green") for number in range(25)]
    bench.suite("cars", "file_name,label,tier\n" + "".join(f"{name}.png,automobile,1\n" for name in names))
    bench.run()
    page = open_page(report_of(bench))
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    sheets = re.findall(rb"/Type\s*/Page\b", paper)
    assert 1 <= len(sheets) <= 3
    # Where the colours of the screen are dark, those of the paper are not.
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
