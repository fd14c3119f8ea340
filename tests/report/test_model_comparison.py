"""Several models in the report: the leaderboard, the differences, and the results of all models on an image."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.report.conftest import Opener, report_of
from tests.several import several_models

# A label with markup.
ATTACK = "<img src=x onerror=window.pwned=1>"


def test_the_leaderboard_and_the_images_on_which_models_differ(bench: Bench, open_page: Opener) -> None:
    bench.run(*several_models(bench))
    page = open_page(report_of(bench))
    rows = page.locator(".tb-board tbody tr").all_inner_texts()
    shown = [" ".join(row.split()) for row in rows]
    assert shown[0].startswith("1. colour ")
    assert shown[0].endswith(" level 2 of 2 ✓ 2/2 demand met ✓ 2/2 demand met 100 %")
    assert shown[1].endswith(" level 0 of 2 ✗ 0/2 demand missed ✓ 2/2 demand met 50 %")
    assert "by +0.50 (no interval)" in page.locator(".tb-comparison").inner_text()
    differ = page.locator("section[aria-labelledby=tb-differ-title]")
    assert "2 of 4" in differ.locator("h2").inner_text()
    green, red = (" ".join(tile.split()) for tile in differ.locator("li").all_inner_texts())
    assert "green tier 1 · truck" in green
    assert "colour 0.80" in green
    assert "ship 0.00 saw ship 0.80" in green
    assert "red tier 1 · automobile" in red
    # No image was missed by both.
    assert page.locator("#tb-missed-title").count() == 0


def test_an_opened_case_shows_the_results_of_the_other_models(bench: Bench, open_page: Opener) -> None:
    bench.run(*several_models(bench))
    page = open_page(report_of(bench))
    page.locator("section[aria-labelledby=tb-differ-title] a", has_text="red").click()
    case = page.locator("dialog[open]")
    assert "colour" in case.locator(".tb-case-about").inner_text()
    now, other = (" ".join(each.split()) for each in case.locator(".tb-columns section").all_inner_texts())
    assert now.startswith("colour says now automobile")
    assert "ship says" in other
    assert "ship 0.800" in other
    # A link without a model opens the case under the best one, a link with a model under that.
    assert "case=mixed/red&model=colour" in page.url
    page.evaluate("location.hash = '#case=mixed/red&model=ship'")
    case.locator(".tb-columns section", has_text="ship says now").wait_for()
    page.evaluate("location.hash = '#case=mixed/red'")
    case.locator(".tb-columns section", has_text="colour says now").wait_for()
    page.keyboard.press("Escape")
    page.locator("[data-field=models]").select_option("ship")
    assert page.locator(".tb-browser output").inner_text() == "4 of 8 cases"
    # The table of models and tiers opens the cases of a cell.
    page.locator(".tb-board tr", has_text="colour").locator("a.tb-to-cases").nth(1).click()
    page.locator(".tb-browser output", has_text="2 of 8 cases").wait_for()
    assert (page.locator("[data-field=tier]").input_value(), page.locator("[data-field=models]").input_value()) == (
        "2",
        "colour",
    )


def test_images_that_both_missed_are_listed_separately(bench: Bench, open_page: Opener) -> None:
    models = several_models(bench)
    bench.suite("mixed", "file_name,label,tier\nred.png,truck,1\ngrey.png,ship,1\nblue.png,automobile,2\n")
    bench.run(*models)
    page = open_page(report_of(bench))
    assert page.locator("#tb-differ-title").count() == 0
    missed = page.locator("section[aria-labelledby=tb-missed-title]")
    assert "2" in missed.locator("h2").inner_text()
    assert [text.split()[0] for text in missed.locator("li").all_inner_texts()] == ["red", "blue"]


@pytest.mark.parametrize("width", [375, 1280])
def test_it_fits_a_phone_and_a_hostile_label_is_text(bench: Bench, open_page: Opener, width: int) -> None:
    models = several_models(bench)
    ships = bench.path / "fleet.py"
    ships.write_text(ships.read_text(encoding="utf-8").replace('"truck")', f'"truck", "{ATTACK}")'), encoding="utf-8")
    ships.write_text(
        ships.read_text(encoding="utf-8").replace("[0.0, 0.2, 0.8, 0.0]", "[0.0, 0.1, 0.2, 0.0, 0.7]"), encoding="utf-8"
    )
    bench.run(*models)
    page = open_page(report_of(bench), width=width)
    page.locator(".tb-shared").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('.tb-shared img[src]').length > 0")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0
    assert ATTACK in page.locator(".tb-shared").first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
