"""Open the pictures of cases such that a source is read and decoded once for all cases that a sweep derives from it."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from tierbench.common.images import PictureError, open_picture
from tierbench.suites.case import Case
from tierbench.suites.derived import Corrupt, corrupt_fitted, corruption_problems, fitted_for, open_case
from tierbench.suites.picture_file import decoding_bytes, picture_size, read_picture
from tierbench.suites.views import VIEWS

if TYPE_CHECKING:
    from PIL import Image

# Threads that take derived cases in the order of `by_source` are at two sources at most.
_KEPT = 2


def by_source(cases: Iterable[Case]) -> list[Case]:
    """Return cases such that those that are derived from one source follow each other, otherwise in their order."""
    groups: dict[object, list[Case]] = {}
    for case in cases:
        groups.setdefault(_source_key(case) if case.corruption else case.key, []).append(case)
    return [case for group in groups.values() for case in group]


def _source_key(case: Case) -> tuple[object, ...]:
    """Return what decides which picture a derived case corrupts."""
    return case.path, case.home, case.sha256, case.view, case.geometry, case.variant


class Source:
    """The picture file of one or more cases, read once.

    Attributes:
        content: the bytes of the file.
        digest: their SHA-256.

    Raises:
        PictureError: as `read_picture` does.
    """

    def __init__(self, case: Case, corrupt: Corrupt, max_pixels: int | None = None) -> None:
        self.content, self.digest = read_picture(case)
        self._corrupt = corrupt
        self._max_pixels = max_pixels
        self._case = case
        self._lock = Lock()

    @cached_property
    def decoding_bytes(self) -> int:
        """About how many bytes it takes to decode the picture, and to corrupt it if the case does."""
        return decoding_bytes(self._case, picture_size(io.BytesIO(self.content)))

    def open(self, case: Case) -> Image.Image:
        """Return the image of a case as the model sees it; see `open_case`.

        Raises:
            PictureError: if it cannot be opened or corrupted.
        """
        if not case.corruption:
            return open_case(case, self.content, max_pixels=self._max_pixels)
        with self._lock:
            outcome = self._fitted
        if isinstance(outcome, PictureError):
            raise outcome
        with corruption_problems(case):
            if isinstance(outcome, Exception):
                raise outcome
            return corrupt_fitted(outcome, case, self._corrupt)

    @cached_property
    def _fitted(self) -> Image.Image | Exception:
        """What all corruptions of the picture start from, or why there is none."""
        try:
            picture = VIEWS[self._case.view].of(open_picture(self.content, max_pixels=self._max_pixels))
            return fitted_for(picture, self._case)
        except Exception as error:
            # Every case that is derived from it reports it.
            return error


class Sources:
    """The pictures of cases; those that a sweep derives from one source share it.

    Args:
        corrupt: `tierbench.corruptions.corrupt`, or what does the same elsewhere.
        max_pixels: see `open_picture`.
    """

    def __init__(self, corrupt: Corrupt, max_pixels: int | None = None) -> None:
        self._corrupt = corrupt
        self._max_pixels = max_pixels
        self._kept: OrderedDict[tuple[object, ...], Source] = OrderedDict()
        self._lock = Lock()

    def of(self, case: Case) -> Source:
        """Return the source of a case, from any thread.

        Raises:
            PictureError: if the picture file cannot be read; see `read_picture`.
        """
        if not case.corruption:
            return Source(case, self._corrupt, self._max_pixels)
        key = _source_key(case)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Source(case, self._corrupt, self._max_pixels)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return self._kept[key]
