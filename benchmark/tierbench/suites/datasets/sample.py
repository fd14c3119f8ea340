"""A picture of a data set: its id, slice and class, and where its content is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tierbench.common.files import read_whole
from tierbench.common.images import PictureError, as_seen, open_picture
from tierbench.common.inside import open_inside

if TYPE_CHECKING:
    from PIL import Image


class Source(Protocol):
    """Where the content of a picture is; processes that decode get it pickled."""

    def read(self) -> bytes | Image.Image:
        """Return the bytes of the image file; or the image, if the set keeps pixels.

        Raises:
            OSError: if it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class FileSource:
    """An image file inside the folder of a set.

    Attributes:
        home: the folder, which no link may leave.
        path: inside it, with `/`.
    """

    home: Path
    path: str

    def read(self) -> bytes:
        """Return the content of the file."""
        with open_inside(self.home, self.home / self.path) as stream:
            return read_whole(stream)


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of a data set.

    Attributes:
        id: unique in the set, and the same wherever its files are: results are joined by it.
        slice: `fog+3` for a corruption at a severity, the domain or the split of a set; empty: the set has no slices.
        label: the class, as the set names it.
        source: where the content is.
        group: pictures made from one original share it; empty: the picture is a group of its own.
    """

    id: str
    slice: str
    label: str
    source: Source
    group: str = ""


def open_sample(sample: Sample, max_pixels: int | None = None) -> Image.Image:
    """Return the picture of a sample as RGB; see `open_picture`.

    Raises:
        PictureError: if it cannot be read or decoded.
    """
    try:
        content = sample.source.read()
    except OSError as error:
        raise PictureError(f"the picture cannot be read: {error.strerror or error}") from error
    return open_picture(content, max_pixels=max_pixels) if isinstance(content, bytes) else as_seen(content)
