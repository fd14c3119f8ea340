"""Complete the page that pytest-html wrote: its template has no language, no main landmark and no width for phones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext, suppress
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


def complete_frame(file: Path, place: str = "", data: str = "") -> None:
    """Add language, main landmark, viewport and icon to a report of pytest-html, and put data into it.

    A page that is not there or cannot be written stays as it is: it is readable without them, but not without data.

    Args:
        file: the report.
        place: a text where the data goes; empty: there is none.
        data: the data.

    Raises:
        OSError: if there is data, and the page cannot be read or written.
    """
    with nullcontext() if place else suppress(OSError):
        page = read_regular(file)
        with replacing(file.resolve()) as stream:
            stream.writelines(completed(page, place, data))


def completed(page: bytes, place: str = "", data: str = "") -> Iterator[bytes | memoryview]:
    """Yield the parts of the completed page; see `complete_frame`.

    Most of them are views of the page: of 100,000 cases it has 50 MB.
    """
    whole, end = memoryview(page), 0
    for start, length, text in sorted(_edits(page, place.encode(), data.encode())):
        yield whole[end:start]
        yield text
        end = start + length
    yield whole[end:]


def _edits(page: bytes, place: bytes, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield where something goes, the number of bytes that it replaces, and what it is."""
    for old, new in ((_HTML, b'<html lang="en">'), (_CHARSET, _CHARSET + _META), (place, data)):
        if old and old in page:
            yield page.index(old), len(old), new
    # The data behind the footer is escaped: the last one is the page's own.
    body, footer = _BODY.search(page), page.rfind(_FOOTER)
    if body and body.end() <= footer:
        yield body.end(), 0, b"<main>"
        yield footer, 0, b"</main>"
