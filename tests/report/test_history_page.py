"""The page of all runs: its rows, links and charts, and hostile texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.report.conftest import Opener
from tests.runs.records import comparison, model, row, tier, write
from tierbench.common.errors import UserError
from tierbench.common.schema import RunVerdict
from tierbench.report.history_text import distinct_times
from tierbench.report.html.history_page import MOST_RUNS, write_page
from tierbench.runs import acceptance_history
from tierbench.runs.baseline import write_baseline

HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202e\x1b[31m"


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(reports: Path) -> Page:
    return Page(write_page(reports).read_text(encoding="utf-8"))


def test_runs_newest_first_with_links_level_rates_and_flips(tmp_path: Path) -> None:
    write(tmp_path, 0, report=False)
    write(tmp_path, 1, comparisons=(comparison(regressed=2, fixed=1, same=1),), complete=False)
    found = page(tmp_path)
    links = {attributes["href"] for attributes in found.all("a")}
    assert links == {"20260102T031700Z-000001/report.html"}
    text = " ".join(found.text.split())
    assert "2 runs, 1 of them not complete" in text
    runs = text[text.index("Started (UTC)") :]
    assert runs.index("2026-01-02") < runs.index("2026-01-01 (no report)")
    assert "✗ Failed level 1 of 3; 2 pictures regressed; the run stopped early" in runs
    assert "level 1 of 3 1 ✗below what is required 3/4 2 regressed, 1 fixed" in runs
    assert len(found.all("circle")) == 2


def test_a_chart_per_tier_with_a_line_per_model(tmp_path: Path) -> None:
    tiers = [tier(3, 4), tier(1, 4, tier=2), tier(2, 4, model="b"), tier(2, 4, suite="street")]
    for number in range(3):
        write(tmp_path, number, tiers=tiers)
    found = page(tmp_path)
    charts = [attributes for attributes in found.all("svg") if attributes.get("role") == "img"]
    assert [str(chart["aria-label"]) for chart in charts] == [
        "Pass rate of photos tier 1 from 2026-01-01 to 2026-01-03: "
        "b 50 % at first, 50 % now; model 75 % at first, 75 % now",
        "Pass rate of photos tier 2 from 2026-01-01 to 2026-01-03: model 25 % at first, 25 % now",
        "Pass rate of street tier 1 from 2026-01-01 to 2026-01-03: model 50 % at first, 50 % now",
    ]
    assert len(found.all("polyline")) == 4


def test_a_run_is_one_row_with_sign_and_word_and_its_verdict(tmp_path: Path) -> None:
    passed = RunVerdict(state="passed", sentence="Passed: level 1 of 3, as accepted")
    failed = RunVerdict(state="failed", sentence="Failed: level 1 → 0 of 3; 5 pictures regressed")
    tiers = [tier(4, 4), tier(1, 4, suite="street"), tier(4, 4, model="b")]
    write(tmp_path, 1, verdict=passed, tiers=tiers, git_commit="0123456789abcdef")
    write(tmp_path, 2, verdict=failed)
    found = page(tmp_path)
    text = " ".join(found.text.split())
    assert text.count("✗ Failed level 1 → 0 of 3; 5 pictures regressed") == 2  # on top, and in its row
    assert text.count("✓ Passed level 1 of 3, as accepted") == 1
    assert "01234567" in text
    assert "1 ✗below what is required 5/8" in text
    assert sum("failed" in str(row.get("class")) for row in found.all("tr")) == 1


def test_dates_are_as_long_as_tells_runs_apart() -> None:
    started = ["2026-01-01T03:17:00Z", "2026-01-02T03:17:00Z", "2026-01-02T04:17:00Z", "2026-01-02T04:17:30Z"]
    assert distinct_times(started) == ["2026-01-01", "2026-01-02 03:17", "2026-01-02 04:17:00", "2026-01-02 04:17:30"]


@pytest.mark.slow
def test_runs_sort_by_a_column(tmp_path: Path, open_page: Opener) -> None:
    for number, seconds in enumerate((9.0, 120.0, 30.0)):
        write(tmp_path, number, duration_s=seconds, models=(model(f"m{3 - number}"), model("z")), tiers=[])
    shown = open_page(write_page(tmp_path))
    dates = shown.locator("#runs tbody th")
    for column, order in (("Took", [1, 3, 2]), ("Took", [2, 3, 1]), ("Model", [3, 2, 1]), ("Started", [1, 2, 3])):
        shown.locator("#runs button", has_text=column).click()
        assert dates.all_inner_texts() == [f"2026-01-0{day}" for day in order]
    assert shown.locator("#runs th[aria-sort]").inner_text().startswith("Started")


def test_hostile_texts_are_escaped_and_nothing_is_requested(tmp_path: Path) -> None:
    write(
        tmp_path,
        1,
        tiers=[tier(1, 4, suite=HOSTILE, name=HOSTILE, model=HOSTILE)],
        models=(model(HOSTILE, level_text=HOSTILE),),
        suites={HOSTILE: HOSTILE},
        comparisons=(comparison(model=HOSTILE, baseline=HOSTILE, gate=HOSTILE, regressed=0, same=0),),
    )
    accepted = acceptance_history.acceptance(by=HOSTILE, run=HOSTILE, cases=(HOSTILE,), note=HOSTILE)
    write_baseline(tmp_path / "baselines" / "m.csv", [row("a", 0.9)], {}, {1: accepted})
    (tmp_path / "baselines" / "damaged.csv").write_text(
        "# tierbench baseline 2\n# accepted 0001: {\n", encoding="utf-8"
    )
    (tmp_path / "baselines" / "binary.csv").write_bytes(b"# \xff\n")
    broken = tmp_path / HOSTILE.replace("/", "")
    broken.mkdir()
    (broken / "run.json").write_text("{")
    html = write_page(tmp_path).read_text(encoding="utf-8")
    found = Page(html)
    assert not found.all("img")
    assert html.count("<script>") == 1  # ours, which sorts
    assert HOSTILE not in html
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "1 folder could not be read" in found.text
    assert " ".join(found.text.split()).count("Accepted into baselines") == 1
    addresses = [str(a.get(name)) for _, a in found.tags for name in ("href", "src") if a.get(name)]
    assert all(re.match(r"data:|[0-9TZa-f-]+/report\.html$", address) for address in addresses)
    assert "url(" not in html
    assert "@import" not in html


def test_no_run_yet(tmp_path: Path) -> None:
    assert "No run is recorded yet" in page(tmp_path).text


def test_the_page_of_many_runs_lists_the_newest(tmp_path: Path) -> None:
    for number in range(MOST_RUNS + 3):
        write(tmp_path, number)
    found = page(tmp_path)
    assert len(found.all("a")) == MOST_RUNS + 1  # that of the last run stands on top, too
    assert f"The newest {MOST_RUNS} of {MOST_RUNS + 3} runs" in found.text


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        write_page(tmp_path / "missing")
