"""The option `--max-pixels` of commands that open pictures, by default pytest's setting `robust_max_pixels`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tierbench.cli.pytest_settings import nearest_settings
from tierbench.common.errors import UserError
from tierbench.common.text import one_line

_KEY = "robust_max_pixels"

MaxPixels = Annotated[
    int | None,
    typer.Option("--max-pixels", min=1, help=f"largest number of pixels of an image (default: {_KEY} in pytest's ini)"),
]


def pixel_limit(given: int | None) -> int | None:
    """Return the limit that was given, or the one in pytest's settings; None: Pillow's own.

    Raises:
        UserError: if the setting is no whole number of 1 or more.
    """
    settings = nearest_settings(Path.cwd())
    if given is not None or settings is None or not (value := str(settings.values.get(_KEY, "")).strip()):
        return given
    if not (value.isascii() and value.isdigit() and len(value) < 16 and int(value) > 0):
        raise UserError(f"{_KEY} of {settings.file.name}: {one_line(value)!r} is not a whole number of 1 or more")
    return int(value)
