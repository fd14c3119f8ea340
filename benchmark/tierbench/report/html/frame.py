"""Complete the page that pytest-html wrote: its template has no language, no main landmark and no width for phones."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tierbench.common.files import read_regular, replacing

# As pytest-html 4 writes them; what another version writes differently is left as it is.
_HTML, _CHARSET, _FOOTER = b"<html>", b'<meta charset="utf-8"/>', b"<footer>"
_BODY = re.compile(rb"</head>\s*<body>")

# Without an icon a browser asks the server of the page for one; without a viewport a phone shows the page of a desk.
_META = (
    b'<meta name="viewport" content="width=device-width, initial-scale=1">'
    b'<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
)


def complete_frame(file: Path) -> None:
    """Add language, main landmark, viewport and icon to a report of pytest-html.

    A page that is not there or cannot be written stays as it is: it is readable without them.

    Args:
        file: the report.
    """
    with contextlib.suppress(OSError):
        page = read_regular(file)
        complete = completed(page)
        if complete != page:
            with replacing(file.resolve()) as stream:
                stream.write(complete)


def completed(page: bytes) -> bytes:
    """Return a report of pytest-html with language, main landmark, viewport and icon."""
    page = page.replace(_HTML, b'<html lang="en">', 1).replace(_CHARSET, _CHARSET + _META, 1)
    # The data behind the footer is escaped: the last one is the page's own.
    content, footer, end = page.rpartition(_FOOTER)
    content, bodies = _BODY.subn(lambda found: found[0] + b"<main>", content, count=1)
    return b"".join((content, b"</main>", footer, end)) if bodies else page
