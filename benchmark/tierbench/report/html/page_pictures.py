"""Make the pictures of the report: inside the page while its cases are few, else as files in a folder beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tierbench.report.html.browser import as_script
from tierbench.report.html.thumbnails import NOTHING, Kept, Picture, Shown, make_pictures, write_pictures

# Cases; the steps of their ladders, and the pictures of data sets that are shown, come with them.
MOST_INSIDE = 200
# Of a page with its pictures inside, in bytes, without its overview, scripts and styles.
_MOST_BYTES = 2_350_000
_LEAST_BYTES = 300_000


@dataclass(frozen=True, slots=True)
class PagePictures:
    """The pictures of a page, as its template writes them.

    Attributes:
        inside: pictures inside the page.
        beside: name of the folder beside the page, and the size in pixels of each picture in it by key, as JSON;
            None: there is no such folder.
    """

    inside: tuple[Picture, ...] = ()
    beside: Markup | None = None


def page_pictures(
    shown: Iterable[tuple[str, Shown]],
    data: str,
    *,
    cases: int,
    file: Path | None,
    kept: Kept = NOTHING,
) -> PagePictures:
    """Make the pictures of a page.

    Args:
        shown: pairs of a key and what is shown; repeated keys are ignored.
        data: of the cases, which shares the page with pictures that are inside.
        cases: number of cases on the page.
        file: the page; None: all pictures are inside.
        kept: the reduced pictures that need not be made.
    """
    if file is None or cases <= MOST_INSIDE:
        # In base64 they take a third more.
        room = max(_LEAST_BYTES, 3 * (_MOST_BYTES - len(data)) // 4)
        return PagePictures(tuple(make_pictures(shown, kept, room)))
    folder = pictures_folder(file)
    sizes = write_pictures(shown, folder, kept)
    return PagePictures(beside=as_script({"folder": folder.name, "sizes": sizes}))


def pictures_folder(file: Path) -> Path:
    """Return the folder for the pictures of a page: `report_files` beside `report.html`."""
    return file.with_name(f"{file.stem}_files")
