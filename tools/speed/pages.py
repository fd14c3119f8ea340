"""The report of many cases in headless Chromium: how long it takes to open and to filter, its memory and its size."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .budget import Budget
from .cost import pytest_command, timed
from .many_cases import many_cases
from .repositories import suites_of_this_repository

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_WRONG = "--robust-model=many=python:instant:sometimes_wrong"
_ROUNDS = 5
# Milliseconds until the list is painted anew after a word was written into the search field.
_FILTER = """async (text) => {
  const field = document.querySelector('[data-field=q]')
  const began = performance.now()
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
  return performance.now() - began
}"""
# Through the list from top to bottom in thirty steps, so that pictures are decoded.
_SCROLL = """async () => {
  const list = document.querySelector('.tb-list')
  for (let step = 0; step <= 30; step++) {
    list.scrollTop = step / 30 * list.scrollHeight
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))
  }
}"""


def pages(cases: int = 10_000) -> list[Budget]:
    """Measure the report of many cases with larger pictures, and the size of that of the suites of this repository."""
    with many_cases(cases, (320, 240), "jpg") as top:
        timed(pytest_command("cases", _WRONG), top, (0, 1))
        (report,) = top.glob("reports/*/report.html")
        size = report.stat().st_size / 1e6
        beside = sum(file.stat().st_size for file in (report.parent / "report_files").iterdir()) / 1e6
        opened, filtered, memory = _measured(report)
    with suites_of_this_repository() as top:
        timed(pytest_command(), top, (0, 1))
        (report,) = top.glob("reports/*/report.html")
        small = report.stat().st_size / 1e6
        rows = (report.parent / "scores.csv").read_text(encoding="utf-8").count("\n") - 1
    note = f"{size:.1f} MB, pictures beside it {beside:.0f} MB"
    return [
        Budget(f"report of {cases} cases opens", opened, 2, "s on the clock", note=note),
        Budget(f"report of {cases} cases is filtered", filtered, 0.15, "s on the clock", note=f"of {_ROUNDS} words"),
        Budget(f"report of {cases} cases, scrolled through", memory, 500, "MB", note="the renderer's own memory"),
        Budget(f"report of {cases} cases", size, 15, "MB", note=f"pictures beside it {beside:.0f} MB"),
        Budget("report of this repository", small, 3, "MB", note=f"{rows} pictures inside it"),
    ]


def _measured(report: Path) -> tuple[float, float, float]:
    """Return the seconds until a report is open and until it is filtered, and the memory of its renderer in MB."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or CHROMIUM, args=_FLAGS)
        # The first page pays for the start of the renderer.
        browser.new_page().goto("about:blank")
        opened = []
        for _ in range(_ROUNDS):
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            began = time.perf_counter()
            page.goto(report.as_uri())
            page.locator(".tb-row").first.wait_for(state="attached")
            opened.append(time.perf_counter() - began)
            if len(opened) < _ROUNDS:
                page.close()
        words = ("c00", "label", "1", "c000123", "")
        filtered = statistics.median(page.evaluate(_FILTER, word) for word in words) / 1000
        page.locator(".tb-list").scroll_into_view_if_needed()
        page.evaluate(_SCROLL)
        memory = _private_memory(browser, page)
        browser.close()
    return statistics.median(opened), filtered, memory


def _private_memory(browser: Browser, page: Page) -> float:
    """Return the private memory of the largest renderer in MB, after a collection of garbage; Linux only."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_private_kb(process["id"]) for process in processes if process["type"] == "renderer"]
    return max(sizes) / 1024


def _private_kb(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
