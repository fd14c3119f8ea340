"""Pictures that belong together in the opened case: corrupted copies, the steps of a ladder, and the twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Bench
from tests.report.conftest import Opener, cases_of, report_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

SEVERE = ("serious", "critical")

ROWS = """\
file_name,label,tier,id,twin,ladder,distance_m
red_1.png,automobile,1,red,road,,
orange_1.png,automobile,2,orange,garage,,
green_1.png,-,,road,,,
red_3.png,-,,garage,,,
red_2.png,automobile,,near,,away,10
black_1.png,automobile,,far,,away,200
"""
TOML = """\
[parameters]
distance_m = "m"

[ladders.away]
parameter = "distance_m"
direction = "rising"
"""


def assert_accessible(page: Page) -> None:
    """Check that axe-core finds no serious or critical problem in the page with its opened case."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    problems = [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
    assert not [problem for problem, each in zip(problems, found, strict=True) if each["impact"] in SEVERE]


@pytest.fixture
def cars(bench: Bench) -> Bench:
    bench.suite("cars", ROWS, TOML)
    return bench


def test_a_corrupted_picture_is_found_from_its_curve_and_from_its_source(cars: Bench, open_page: Opener) -> None:
    cars.run("--robust-corruptions", "gaussian_noise,fog", "--robust-severities", "1,3")
    report = report_of(cars)
    page = open_page(report)
    page.get_by_role("link", name="fog", exact=True).click()
    assert page.locator(".tb-browser output").inner_text() == "2 of 8 cases"
    page.locator("[data-field=severity]").select_option("3")
    page.locator(".tb-row-link").click()
    case = page.locator("dialog[open]")
    assert case.locator("h3").inner_text() == "cars/red+fog-3"
    assert case.locator(".tb-case-about").inner_text() == "fog, severity 3"
    # A link to it opens it elsewhere, though pytest-html decodes the address before the page is complete.
    assert "%2B" in page.url
    elsewhere = open_page(report, fragment=page.url.partition("#")[2])
    assert elsewhere.locator("dialog[open] h3").inner_text() == "cars/red+fog-3"
    assert elsewhere.url == page.url
    assert_accessible(elsewhere)
    family = case.locator(".tb-case-family")
    lines = [" ".join(line.inner_text().split()) for line in family.locator(".tb-family-line").all()]
    assert [line.split(" ✓")[0].split(" ✗")[0] for line in lines] == ["as it is", "gaussian noise", "fog"]
    current = family.locator("a[aria-current]")
    (row,) = (row for row in cases_of(report) if row["case"] == "red+fog-3")
    assert current.get_attribute("aria-label") == f"fog, severity 3: {row['outcome']}, score {row['score']:.2f}"
    pictures = family.locator("img").evaluate_all("all => Promise.all(all.map((each) => each.decode()))")
    assert len(pictures) == 5
    family.locator("a").first.click()
    assert case.locator("h3").inner_text() == "cars/red"
    assert page.url.endswith("#case=cars/red&corruption=fog&severity=3")
    assert page.evaluate("document.activeElement.className") == "tb-case-body"
    page.keyboard.press("Escape")
    page.locator(".tb-found button", has_text="Clear filters").click()
    page.locator("[data-field=tier]").select_option("corrupted")
    assert page.locator(".tb-browser output").inner_text() == "4 of 8 cases"


def test_a_twin_and_the_steps_of_a_ladder_are_shown_with_their_outcomes(cars: Bench, open_page: Opener) -> None:
    cars.run()
    page = open_page(report_of(cars), fragment="case=cars/red")
    case = page.locator("dialog[open]")
    pictures = case.locator(".tb-pictures")
    text = " ".join(pictures.inner_text().split())
    said = "As it is: ✓ passed, log margin +2.89 Twin road: log margin −2.59"
    assert text == f"{said} ✓ Seen better with the object than without it."
    frames = [frame.bounding_box() for frame in pictures.locator(".tb-frame").all()]
    assert all(frames)
    (left, right) = (frame for frame in frames if frame)
    assert left["y"] == right["y"]
    assert left["width"] == pytest.approx(right["width"], abs=1)
    assert left["x"] + left["width"] <= right["x"]
    sizes = pictures.locator("img").evaluate_all("all => Promise.all(all.map((each) => each.decode()))")
    assert len(sizes) == 2
    case.get_by_label("close").click()
    page.locator(".tb-row-link", has_text="orange").click()
    assert "✗ Seen no better than without the object." in pictures.inner_text()
    case.get_by_label("close").click()
    page.locator(".tb-row-link", has_text="near").click()
    assert not pictures.locator(".tb-twin").count()
    steps = case.locator(".tb-case-family")
    assert " ".join(steps.inner_text().split()) == "Ladder away ✓ 10 m ✗ 200 m"
    steps.get_by_label("200 m: missed").click()
    assert case.locator("h3").inner_text() == "cars/far"


def test_the_case_beside_the_list_is_accessible_too(cars: Bench, open_page: Opener) -> None:
    cars.run()
    assert_accessible(open_page(report_of(cars), width=2560, fragment="case=cars/red"))
