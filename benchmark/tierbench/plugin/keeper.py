"""When a run is over and its record is written: the page of all runs, and the run as Markdown."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import Rows, Run
from tierbench.plugin.recorder import Recorder
from tierbench.report.markdown_file import foreign_file
from tierbench.runs.record import RUN


class HistoryKeeper:
    """Writes what depends on a finished record; registered on the controller only.

    Args:
        recorder: rows and content of the run; takes the notes for the terminal.
        reports: folder of the runs.
        markdown: where the summary goes; None: nowhere.
    """

    def __init__(self, recorder: Recorder, reports: Path, markdown: Path | None) -> None:
        self._recorder = recorder
        self._reports = reports
        self._markdown = markdown

    # The innermost wrapper: after the record and the report are there, before the terminal's summary.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Write both; a disk that refuses is told, and never turns a run red."""
        answer = yield
        folder = self._recorder.folder
        if folder is None or not self._recorder.content or not (folder / RUN).is_file():
            return answer
        try:
            from tierbench.report.html.history_page import write_page

            write_page(self._reports)
            if self._markdown:
                _write_markdown(self._markdown, self._recorder.content, list(self._recorder.rows.values()))
        except UserError as error:
            self._recorder.notes += error.lines
        return answer


def markdown_fault(file: Path | None) -> str:
    """Say why a summary cannot go to a file; empty if it can."""
    if file is None:
        return ""
    fault = foreign_file(file)
    return f"--robust-markdown {shown_path(file)}: {fault}" if fault else ""


def _write_markdown(file: Path, content: Run, rows: Rows) -> None:
    from tierbench.report.markdown import run_markdown

    try:
        write_atomically(file, run_markdown(content, rows))
    except OSError as error:
        raise UserError(f"{shown_path(file)}: the summary cannot be written: {error.strerror}") from error
