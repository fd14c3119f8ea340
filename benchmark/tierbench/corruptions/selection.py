"""Reads `fog,snow`, `all` and `imagenet-c`, the way in which the corruptions of a sweep are named; no NumPy."""

from __future__ import annotations

import importlib.util
import re

from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line, suggestion
from tierbench.corruptions.names import MEAN_CORRUPTIONS
from tierbench.corruptions.registry import CORRUPTION_REGISTRY, needing_opencv


def corruption_sets() -> dict[str, tuple[str, ...]]:
    """Return the sets by name: `all` that are registered, and the published 15 of `imagenet-c`."""
    return {"all": CORRUPTION_REGISTRY.names(), "imagenet-c": MEAN_CORRUPTIONS}


def parse_corruptions(text: str, problems: list[str], option: str = "--robust-corruptions") -> tuple[str, ...]:
    """Read names and sets with commas between them.

    Args:
        text: what to read; empty: no corruption.
        problems: takes what is wrong, a line each; what is right is returned all the same.
        option: where it was written, for messages.

    Returns:
        Names of registered corruptions that can be loaded, in the order of the registry.
    """
    if not text.strip():
        return ()
    known, sets = CORRUPTION_REGISTRY.names(), corruption_sets()
    wanted: set[str] = set()
    for part in (part.strip() for part in text.split(",")):
        if part in sets or part in known:
            wanted |= set(sets.get(part, (part,)))
        else:
            problems.append(f"{option}: {one_line(part)!r} is no corruption; {suggestion(part, [*sets, *known])}")
    names = tuple(name for name in known if name in wanted and _is_usable(name, problems, option))
    needing = needing_opencv(names)
    if needing and importlib.util.find_spec("cv2") is None:
        problems.append(f"{option}: OpenCV is missing, for {listed(needing)}; pip install 'tierbench[corruptions]'")
    return names


def parse_severities(text: str, problems: list[str], option: str = "--robust-severities") -> tuple[int, ...]:
    """Read `1-5` or `1,3,5`.

    Args:
        text: what to read.
        problems: takes what is wrong, in one line.
        option: where it was written, for messages.

    Returns:
        The severities, sorted; all of them if the text is wrong.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([1-5])(?:-([1-5]))?\s*", part)
        if match is None:
            problems.append(f"{option} {one_line(text)!r} is no list of 1 to 5; write 1-5, or 1,3,5")
            return (1, 2, 3, 4, 5)
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(found))


def _is_usable(name: str, problems: list[str], option: str) -> bool:
    try:
        if CORRUPTION_REGISTRY.is_built_in(name):
            CORRUPTION_REGISTRY.check(name)
        else:
            CORRUPTION_REGISTRY.get(name)
    except UserError as error:
        problems += [f"{option}: {line}" for line in error.lines]
        return False
    return True
