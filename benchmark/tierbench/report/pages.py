"""Write what stands beside the report of a run: the page of all runs, and the summary as Markdown."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import Rows, Run
from tierbench.report.html.history_page import write_page


def write_pages(reports: Path, markdown: Path | None, run: Run, rows: Rows) -> None:
    """Write the page of all runs, and the summary where one is wanted.

    Raises:
        UserError: if one of them cannot be written.
    """
    write_page(reports)
    if markdown:
        # Imported here, because few runs write one.
        from tierbench.report.markdown import run_markdown

        try:
            write_atomically(markdown, run_markdown(run, rows))
        except OSError as error:
            raise UserError(f"{shown_path(markdown)}: the summary cannot be written: {error.strerror}") from error
