"""Makes the small copies of images that the report shows: each image opened once, by threads of the controller."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.pictures import PictureError, open_picture

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL = 96
# The more pictures, the smaller: a page of 1,000 must stay one that a browser opens.
_LARGE = ((150, 512), (400, 384), (10**9, 288))


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as the report holds it: data URIs, or why there is none."""

    key: str
    thumbnail: str = ""
    large: str = ""
    width: int = 0
    height: int = 0
    error: str = ""


def large_side(count: int) -> int:
    """Give the longest side of a large picture in a page that holds so many."""
    return next(side for most, side in _LARGE if count <= most)


def make_pictures(paths: Iterable[tuple[str, Path]]) -> Iterator[Picture]:
    """Give thumbnail and large picture of every image, in order.

    Args:
        paths: a key and a file each; of equal keys the first counts.
    """
    wanted = dict(reversed(list(paths)))
    side = large_side(len(wanted))

    def make(key: str, path: Path) -> Picture:
        try:
            image = open_picture(path)
        except PictureError as error:
            return Picture(key, error=str(error))
        width, height = image.size
        large = _shrunk(image, side)
        return Picture(key, _data_uri(_shrunk(large, THUMBNAIL)), _data_uri(large), width, height)

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(make, wanted, wanted.values())


def write_thumbnails(paths: Iterable[tuple[str, Path]], folder: Path, side: int = 192) -> dict[str, str]:
    """Write a thumbnail file of every image; give the file names by key, without those that cannot be opened."""
    wanted = dict(reversed(list(paths)))
    folder.mkdir(parents=True, exist_ok=True)

    def write(key: str, path: Path) -> str:
        try:
            image = open_picture(path)
        except PictureError:
            return ""
        name = f"{key}.webp"
        (folder / name).write_bytes(_webp(_shrunk(image, side)))
        return name

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        names = pool.map(write, wanted, wanted.values())
        return {key: name for key, name in zip(wanted, names, strict=True) if name}


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    from PIL import Image

    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _webp(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=82, method=2)
    return stream.getvalue()


def _data_uri(image: Image.Image) -> str:
    return "data:image/webp;base64," + base64.b64encode(_webp(image)).decode("ascii")
