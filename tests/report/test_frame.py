"""What pytest-html's page lacks, and the data that is put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierbench.report.html.frame import complete_frame

PAGE = '<html><head><meta charset="utf-8"/></head>\n<body><p><!--here--></p><footer>x</footer></body></html>'


def test_language_landmark_icon_and_data(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(PAGE, encoding="utf-8")
    complete_frame(file, "<!--here-->", "café")
    page = file.read_text(encoding="utf-8")
    assert page.startswith('<html lang="en">')
    assert '<link rel="icon" href="data:,">' in page
    assert "<body><main><p>café</p></main><footer>x</footer>" in page


def test_another_page_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("<!doctype html><p>other", encoding="utf-8")
    complete_frame(file)
    assert file.read_text(encoding="utf-8") == "<!doctype html><p>other"


def test_a_page_that_cannot_be_completed_is_no_problem_unless_data_is_lost(tmp_path: Path) -> None:
    complete_frame(tmp_path / "none.html")
    with pytest.raises(FileNotFoundError):
        complete_frame(tmp_path / "none.html", "<!--here-->", "data")
