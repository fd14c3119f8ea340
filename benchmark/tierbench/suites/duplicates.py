"""Finds pictures that a suite holds twice, byte for byte or nearly, so that no picture counts double."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tierbench.common.files import file_sha256
from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.suites.case import Case, Suite
from tierbench.suites.problems import Problems

if TYPE_CHECKING:
    import numpy as np

MISSING = "near-duplicates were not looked for: pip install 'tierbench[check]' brings imagehash"

# Of 64 bits of the perceptual hash, those that a re-encoded or resized copy changes; unrelated photographs differ in
# about 32.
_BITS = 6
# The hash is blind to colour and to flat pictures: small versions must be alike too, in mean difference of 0…255.
_DIFFERENCE = 8.0
_SIDE = 16


def duplicate_problems(suite: Suite) -> list[str]:
    """Return a line for each picture that is a copy, or nearly one, of an earlier one of another group.

    Takes of one picture that share a `group` are meant to be alike, and so are the steps of a ladder; only files
    that are the same byte for byte are told there too.
    """
    problems = Problems()
    file = suite.folder / "metadata.csv"
    cases = [case for case in suite.cases if case.path.is_file()]
    first: dict[str, Case] = {}
    copies: set[str] = set()
    for case in cases:
        earlier = first.setdefault(file_sha256(case.path), case)
        if earlier is not case:
            copies.add(case.id)
            problems.add(
                file, f"image {case.file_name!r} is the same file as {earlier.file_name!r}; remove one", case.row
            )
    if importlib.util.find_spec("imagehash") is not None:
        for case, earlier in _near([case for case in cases if case.id not in copies]):
            problems.add(
                file,
                f"image {case.file_name!r} is nearly the same as {earlier.file_name!r}; remove one, "
                "or give both the same group",
                case.row,
            )
    return problems.lines


def near_duplicates_missing() -> str:
    """Say what is missing to find near-duplicates; empty where nothing is."""
    return "" if importlib.util.find_spec("imagehash") else MISSING


@dataclass(frozen=True)
class _Looks:
    """How a picture looks: 64 bits of structure, and a small version of it."""

    bits: int
    small: np.ndarray


def _near(cases: Sequence[Case]) -> Iterator[tuple[Case, Case]]:
    """Return each case that looks like an earlier one, with the first such."""
    import numpy as np

    seen: list[tuple[Case, _Looks]] = []
    bits = np.zeros(len(cases), dtype=np.uint64)
    for case in cases:
        looks = _looks(case)
        if looks is None:
            continue
        distances = np.bitwise_count(bits[: len(seen)] ^ np.uint64(looks.bits))
        for index in np.flatnonzero(distances <= _BITS):
            earlier, other = seen[index]
            if not _belong(case, earlier) and float(np.abs(looks.small - other.small).mean()) <= _DIFFERENCE:
                yield case, earlier
                break
        bits[len(seen)] = looks.bits
        seen.append((case, looks))


def _looks(case: Case) -> _Looks | None:
    """Look at a picture; None where it cannot be decoded, which is told elsewhere."""
    import imagehash
    import numpy as np

    try:
        with quiet_pillow():
            picture = open_picture(case.path)
    except PictureError:
        return None
    small = np.asarray(picture.resize((_SIDE, _SIDE)), dtype=np.float32)
    return _Looks(int(str(imagehash.phash(picture)), 16), small)


def _belong(case: Case, other: Case) -> bool:
    return case.group == other.group or (bool(case.ladder) and case.ladder == other.ladder)
