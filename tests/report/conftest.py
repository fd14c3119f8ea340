"""Fixtures for tests of the pages: a real browser that reports every request beyond the local files."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Bench

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "/usr/bin/chromium"
# No update checks, no GPU.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

Opener = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    required = os.environ.get("TIERBENCH_REQUIRE_CHROMIUM") == "1"
    if not Path(CHROMIUM).exists():
        reason = f"NO BROWSER TEST WAS RUN: {CHROMIUM} is missing; install chromium"
        if required:
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Open a file in the browser; fail at the end if a page made a request or a script failed."""
    pages = []
    problems: list[str] = []

    def open_file(
        file: Path, *, width: int = 1280, dark: bool = False, touch: bool = False, fragment: str = ""
    ) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", has_touch=touch
        )
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on("request", lambda request: _report(request.url, problems))
        page.goto(file.as_uri() + (f"#{fragment}" if fragment else ""))
        return page

    yield open_file
    for page in pages:
        page.close()
    assert not problems


def _report(url: str, problems: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        problems.append(f"request: {url[:200]}")


def report_of(bench: Bench) -> Path:
    """Return the report of the only run."""
    (folder,) = bench.runs
    return folder / "report.html"


def cases_of(file: Path) -> list[dict[str, Any]]:
    """Return the rows of the browser of cases by column, with their texts."""
    data = re.search(r'id="tb-cases-data">(.*?)</script>', file.read_text(encoding="utf-8"))
    assert data
    read = json.loads(data[1])
    texts, columns = read["texts"], read["columns"]
    rows = []
    for values in read["rows"]:
        first, second = len(columns["text"]), len(columns["text"]) + len(columns["texts"])
        row = dict(zip(columns["text"], [texts[at] for at in values[:first]], strict=True))
        row |= zip(columns["texts"], [[texts[at] for at in each] for each in values[first:second]], strict=True)
        row |= zip(columns["plain"], values[second:], strict=True)
        row["facts"] = {texts[name]: texts[fact] for name, fact in row["facts"]}
        row["thresholds"] = [(*(texts[at] for at in figures), met) for *figures, met in row["thresholds"]]
        for name in ("top", "baseline_top"):
            row[name] = [(texts[label], probability) for label, probability, *_ in row[name]]
        row["published"] = {
            texts[model]: [(texts[each[0]], each[1]) for each in top] for model, top in row["published"]
        }
        rows.append(row)
    return rows


def entries_of(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Return pytest-html's data of each test."""
    blob = re.search(r'data-jsonblob="([^"]*)"', file.read_text(encoding="utf-8"))
    assert blob
    tests: dict[str, list[dict[str, Any]]] = json.loads(html.unescape(blob[1]))["tests"]
    return tests
