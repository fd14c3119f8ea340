"""Make the reduced copies of images that the pages show; each image is opened once, in a thread pool."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING

from tierbench.common.images import PictureError, open_picture
from tierbench.report.html.picture_store import PictureStore, Reduced, stored_key
from tierbench.suites.case import Case
from tierbench.suites.datasets import Sample, open_sample
from tierbench.suites.derived import open_case
from tierbench.suites.picture_file import decoding_bytes, picture_sha256, picture_size, read_picture

if TYPE_CHECKING:
    from PIL import Image

# A case, an image file, or a picture of a data set.
Shown = Case | Path | Sample

_THREADS = 8
# How many reduced pictures are held in memory.
_AT_ONCE = 500
# Of pictures that are being decoded and reduced. One that is larger by itself is decoded alone.
_DECODED_BYTES = 400 * 2**20


@dataclass(frozen=True, slots=True)
class _Form:
    """The longest side, the format and the quality of a reduced picture."""

    side: int
    kind: str
    quality: int


# Of pictures inside a page: the first form in which all of them fit is taken, the last one whatever they weigh.
_FORMS = tuple(
    _Form(side, "WEBP", quality)
    for side, quality in (
        (512, 82),
        (448, 76),
        (384, 72),
        (320, 70),
        (288, 66),
        (256, 64),
        (224, 62),
        (192, 58),
        (160, 45),
        (128, 35),
    )
)
_MOST_BYTES = 1_500_000
# From so many pictures the form is chosen.
_SAMPLE = 10
# Of pictures beside a page, by their number: JPEG, because thousands are encoded and decoded in a moment.
_FILE_FORMS = ((2_000, _Form(448, "JPEG", 80)), (10**9, _Form(288, "JPEG", 78)))


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as a data URI, with its size in pixels before it was reduced, or the reason why it cannot be shown."""

    key: str
    large: str = ""
    width: int = 0
    height: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of pictures of cases between runs.

    Attributes:
        store: where they are kept; None: all are made.
        digests: the SHA-256 of image files, by the keys of their pictures, as far as they are known already: that of a
            row is what the model saw. The others are read to know it.
    """

    store: PictureStore | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


NOTHING = Kept()


def make_pictures(
    cases: Iterable[tuple[str, Shown]], kept: Kept = NOTHING, most_bytes: int = _MOST_BYTES
) -> list[Picture]:
    """Return a reduced copy of every image, in order; the more there are, the smaller they become.

    Args:
        cases: pairs of a key and what is shown; repeated keys are ignored.
        kept: what need not be made.
        most_bytes: what all of them may take, before they are in base64.
    """
    images = _by_key(cases)
    forms = _FORMS[_first_form(images, kept, most_bytes) :]
    for form in forms:
        made = dict(_reduced(images, form, kept))
        if _bytes(made.values()) <= most_bytes:
            break
    return [_picture(key, found) for key, found in made.items()]


def _first_form(images: Mapping[str, Shown], kept: Kept, most_bytes: int) -> int:
    """Return the position of the first form in which all pictures will fit, from the size of some of them."""
    step = max(1, len(images) // _SAMPLE)
    sample = {key: images[key] for key in list(images)[::step]}
    if len(sample) == len(images):
        return 0
    for position, form in enumerate(_FORMS):
        if _bytes(found for _, found in _reduced(sample, form, kept)) * len(images) <= most_bytes * len(sample):
            return position
    return len(_FORMS) - 1


def _bytes(pictures: Iterable[Reduced | PictureError]) -> int:
    return sum(len(found.content) for found in pictures if isinstance(found, Reduced))


def _picture(key: str, found: Reduced | PictureError) -> Picture:
    if isinstance(found, PictureError):
        return Picture(key, error=str(found))
    return Picture(key, _data_uri(found.content, "WEBP"), found.width, found.height)


def write_pictures(
    cases: Iterable[tuple[str, Shown]], folder: Path, kept: Kept = NOTHING
) -> dict[str, tuple[int, int]]:
    """Write a reduced copy of every image as `KEY.jpg`; return their sizes in pixels before they were reduced, by key.

    Images that cannot be opened are left out.
    """
    images = _by_key(cases)
    form = next(form for most, form in _FILE_FORMS if len(images) <= most)
    folder.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, tuple[int, int]] = {}
    for key, found in _reduced(images, form, kept):
        if isinstance(found, Reduced):
            (folder / f"{key}.jpg").write_bytes(found.content)
            sizes[key] = (found.width, found.height)
    return sizes


def _reduced(images: Mapping[str, Shown], form: _Form, kept: Kept) -> Iterator[tuple[str, Reduced | PictureError]]:
    """Yield the reduced picture of every image by its key, in order, or why there is none."""
    store, room, new = kept.store, _Room(), dict[str, Reduced]()

    def make(shown: Shown) -> Reduced | PictureError:
        try:
            with room.held(shown):
                # The bytes that name the picture in the store are those that are decoded.
                content, sha256 = read_picture(shown) if isinstance(shown, Case) else (None, "")
                image = open_case(shown, content) if isinstance(shown, Case) else _opened(shown)
                width, height = image.size
                reduced = _shrunk(image, form.side)
                del image
        except PictureError as error:
            return error
        made = Reduced(_encoded(reduced, form), width, height)
        if store and isinstance(shown, Case):
            new[stored_key(shown, sha256, *astuple(form))] = made
        return made

    keys = list(images)
    with ThreadPoolExecutor(max_workers=min(_THREADS, os.cpu_count() or 1)) as pool:
        for start in range(0, len(keys), _AT_ONCE):
            part = {key: images[key] for key in keys[start : start + _AT_ONCE]}
            names = (
                {key: _stored_name(shown, form, kept.digests.get(key, "")) for key, shown in part.items()}
                if store
                else {}
            )
            found = store.get([name for name in names.values() if name]) if store else {}
            made = pool.map(make, [shown for key, shown in part.items() if names.get(key, "") not in found])
            for key in part:
                yield key, found.get(names.get(key, "")) or next(made)
            if store:
                store.put(new)
            new.clear()


def _stored_name(shown: Shown, form: _Form, known: str) -> str:
    """Return the key of a picture in the store; empty if it has none.

    Args:
        shown: the picture.
        form: how it is reduced.
        known: SHA-256 of its file, if it is known.
    """
    if not isinstance(shown, Case):
        return ""
    sha256 = known or picture_sha256(shown)
    # A file that is not the one that its row declares is an error, whatever is kept.
    return stored_key(shown, sha256, *astuple(form)) if sha256 and shown.sha256 in ("", sha256) else ""


class _Room:
    """Lets so many threads decode at once that their pictures stay within `_DECODED_BYTES`."""

    def __init__(self) -> None:
        self._used = 0
        self._freed = Condition()

    @contextmanager
    def held(self, shown: Shown) -> Iterator[None]:
        """Wait until there is room for a picture, and hold it."""
        # The size of a picture of a data set is not known before it is read: it is decoded alone.
        size = _DECODED_BYTES
        if not isinstance(shown, Sample):
            size = min(decoding_bytes(shown, picture_size(shown)), _DECODED_BYTES)
        with self._freed:
            self._freed.wait_for(lambda: self._used + size <= _DECODED_BYTES)
            self._used += size
        try:
            yield
        finally:
            with self._freed:
                self._used -= size
                self._freed.notify_all()


def _by_key(cases: Iterable[tuple[str, Shown]]) -> dict[str, Shown]:
    images: dict[str, Shown] = {}
    for key, case in cases:
        images.setdefault(key, case)
    return images


def _opened(shown: Shown) -> Image.Image:
    if isinstance(shown, Sample):
        return open_sample(shown)
    return open_picture(shown) if isinstance(shown, Path) else open_case(shown)


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    from PIL import Image

    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _encoded(image: Image.Image, form: _Form) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form.kind, quality=form.quality)
    return stream.getvalue()


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind.lower()};base64," + base64.b64encode(content).decode("ascii")
