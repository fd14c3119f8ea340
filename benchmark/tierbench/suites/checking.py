"""Check what needs every file of a suite: pictures that cannot be decoded or show nothing, names taken for splits."""

from __future__ import annotations

from dataclasses import replace

from tierbench.common.files import is_regular
from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.common.text import listed
from tierbench.suites.case import Suite
from tierbench.suites.imagefolder import split_names
from tierbench.suites.picture_file import read_picture
from tierbench.suites.problems import Problems


def check_pictures(suite: Suite, problems: Problems, warnings: Problems, max_pixels: int | None = None) -> None:
    """Decode every image.

    Args:
        suite: the suite.
        problems: receives a line for each image that cannot be decoded.
        warnings: receives a line for each image of one colour: many a broken export is black or white.
        max_pixels: the number of pixels that an image may have; None: Pillow's limit.
    """
    file = suite.folder / "metadata.csv"
    for case in suite.images:
        # What is reported when the suite is read is left out here: no file, a link in a circle or out of the suite.
        if not is_regular(case.path) or case.path.stat().st_size == 0:
            continue
        if case.home is not None and not case.path.resolve().is_relative_to(case.home.resolve()):
            continue
        try:
            with quiet_pillow():
                picture = open_picture(read_picture(replace(case, sha256=""))[0], max_pixels=max_pixels)
        except PictureError as error:
            problems.add(file, f"image {case.file_name!r}: {error.advice('replace it')}", case.row)
            continue
        if colours := picture.getcolors(1):
            warnings.add(
                file,
                f"image {case.file_name!r} has one colour only, {colours[0][1]}; look at it, or replace it",
                case.row,
            )


def check_names(suite: Suite, warnings: Problems) -> None:
    """Warn of files whose names Hugging Face takes for splits: `load_dataset` then drops all others, and all labels."""
    if found := list(split_names(suite.folder)):
        names, words = zip(*found, strict=True)
        warnings.add(
            suite.folder,
            f'{listed(names)}: load_dataset("imagefolder") takes {listed(dict.fromkeys(words))} in a name for a split, '
            "and drops all other pictures and all labels; rename it",
        )
