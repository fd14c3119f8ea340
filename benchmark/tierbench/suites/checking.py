"""Finds beforehand what would err in a run: pictures that cannot be decoded."""

from __future__ import annotations

from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.suites.case import Suite
from tierbench.suites.problems import Problems


def picture_problems(suite: Suite) -> list[str]:
    """Decode every image that is here, and give one line for each that cannot be."""
    problems = Problems()
    for case in suite.cases:
        if not case.path.is_file() or case.path.stat().st_size == 0:
            continue  # told when the suite was read
        try:
            with quiet_pillow():
                open_picture(case.path)
        except PictureError as error:
            problems.add(suite.folder / "metadata.csv", f"image {case.file_name!r}: {error}; replace it", case.row)
    return problems.lines
