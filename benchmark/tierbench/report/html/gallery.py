"""Write the gallery: a page of all rows of a large run, with thumbnails as files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tierbench.common.files import write_atomically
from tierbench.common.text import one_line
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.rows import CaseView
from tierbench.report.html.templating import render
from tierbench.report.html.thumbnails import write_thumbnails
from tierbench.suites.case import Case


def write_gallery(
    file: Path,
    title: str,
    views: Sequence[CaseView],
    pictured: Mapping[str, Case],
    report_name: str,
    pictures: PictureStore | None = None,
) -> None:
    """Write the page and its thumbnails.

    Args:
        file: the page; the thumbnails go into a folder of the same name beside it.
        title: title of the run.
        views: every row.
        pictured: the case that each picture shows, by the key of the picture.
        report_name: file name of the report that links to the page.
        pictures: keeps thumbnails between runs; None: all are made.
    """
    folder = file.with_suffix("")
    names = write_thumbnails(pictured.items(), folder, pictures)
    data = {"folder": folder.name, "rows": [_row(view, names.get(view.picture, "")) for view in views]}
    several = len({view.model for view in views}) > 1
    write_atomically(
        file, render("gallery.html.jinja", title=title, data=data, several_models=several, report_name=report_name)
    )


def _row(view: CaseView, thumbnail: str) -> list[Any]:
    """Return a row as gallery.js reads it; the template escapes text, and the script sets it as text, not HTML."""
    return [
        one_line(view.key),
        one_line(view.model),
        view.tier,
        view.outcome,
        one_line(" or ".join(view.expected)),
        one_line(view.predicted),
        _rounded(view.score),
        view.rank,
        _rounded(view.margin),
        one_line(view.reason, 400),
        one_line(" ".join(view.tags)),
        thumbnail,
        [[one_line(label, 120), round(probability, 4)] for label, probability in view.top[:5]],
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
