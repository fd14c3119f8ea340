"""Find images that a suite contains twice, identical or nearly so, so that no image counts twice."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tierbench.common.images import PictureError, open_picture, quiet_pillow
from tierbench.suites.case import Case, Suite
from tierbench.suites.picture_file import picture_sha256, read_picture
from tierbench.suites.problems import Problems

if TYPE_CHECKING:
    import numpy as np

MISSING = "near-duplicates were not checked: imagehash is missing; pip install 'tierbench[check]'"

# The number of bits, of 64 in the perceptual hash, that re-encoding or resizing may change; unrelated photographs
# differ in about 32.
_BITS = 6
# The hash ignores colour and fails on flat images, so small versions must be similar too: mean difference in 0…255.
_DIFFERENCE = 8.0
_SIDE = 16


def duplicate_problems(suite: Suite) -> list[str]:
    """Return a line for each image that is identical to an earlier one, or nearly so.

    Images that share a `group`, the steps of a ladder, and their twins are meant to be similar: among them, only
    identical files are reported. An absence case may have the image of a case or twin, because it counts apart.
    """
    problems = Problems()
    file = suite.folder / "metadata.csv"
    # What cannot be read, or lies outside of the suite, is reported elsewhere and not looked at.
    digests = {case.id: picture_sha256(case) for case in suite.images}
    cases = [case for case in suite.images if digests[case.id]]
    first: dict[tuple[str, bool], Case] = {}
    copies: set[str] = set()
    for case in cases:
        earlier = first.setdefault((digests[case.id], case.absent), case)
        if earlier is not case:
            copies.add(case.id)
            problems.add(
                file, f"image {case.file_name!r} is the same file as {earlier.file_name!r}; remove one", case.row
            )
    if importlib.util.find_spec("imagehash") is not None:
        for case, earlier in _near([case for case in cases if case.id not in copies], _scenes(suite)):
            problems.add(
                file,
                f"image {case.file_name!r} is nearly the same as {earlier.file_name!r}; remove one, "
                "or give both the same group",
                case.row,
            )
    return problems.lines


def near_duplicates_missing() -> str:
    """Return what is missing to find near-duplicates; empty if nothing is."""
    return "" if importlib.util.find_spec("imagehash") else MISSING


@dataclass(frozen=True)
class _Looks:
    """The look of an image: 64 bits of structure, and a small version of it."""

    bits: int
    small: np.ndarray


def _near(cases: Sequence[Case], scenes: Mapping[str, set[str]]) -> Iterator[tuple[Case, Case]]:
    """Yield each case that looks like an earlier one of another scene, with the first case that it looks like."""
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
            alike = float(np.abs(looks.small - other.small).mean()) <= _DIFFERENCE
            if alike and case.absent == earlier.absent and scenes[case.id].isdisjoint(scenes[earlier.id]):
                yield case, earlier
                break
        bits[len(seen)] = looks.bits
        seen.append((case, looks))


def _looks(case: Case) -> _Looks | None:
    """Return the look of an image; None if it cannot be decoded, which is reported elsewhere."""
    import imagehash
    import numpy as np

    try:
        with quiet_pillow():
            picture = open_picture(read_picture(case)[0])
    except PictureError:
        return None
    small = np.asarray(picture.resize((_SIDE, _SIDE)), dtype=np.float32)
    return _Looks(int(str(imagehash.phash(picture)), 16), small)


def _scenes(suite: Suite) -> dict[str, set[str]]:
    """Return the group and ladder of each case by id; a twin has those of the cases that name it, too."""
    scenes = {case.id: {f"group {case.group}"} for case in suite.images}
    for case in suite.cases:
        if case.ladder:
            scenes[case.id].add(f"ladder {case.ladder}")
    for case in suite.cases:
        if case.twin in scenes:
            scenes[case.twin] |= scenes[case.id]
    return scenes
