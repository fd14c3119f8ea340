"""Find images that cannot be decoded, before a run fails on them."""

from __future__ import annotations

from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.suites.case import Suite
from tierbench.suites.problems import Problems


def picture_problems(suite: Suite) -> list[str]:
    """Decode every image, and return one line for each that fails."""
    problems = Problems()
    for case in suite.images:
        if not case.path.is_file() or case.path.stat().st_size == 0:
            continue  # already reported when the suite was read
        try:
            with quiet_pillow():
                open_picture(case.path)
        except PictureError as error:
            problems.add(suite.folder / "metadata.csv", f"image {case.file_name!r}: {error}; replace it", case.row)
    return problems.lines
