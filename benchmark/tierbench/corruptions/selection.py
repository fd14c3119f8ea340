"""Parse the corruptions of a sweep: `fog,snow`, `all` or `imagenet-c`; does not import NumPy."""

from __future__ import annotations

import importlib.util
import re

from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line, suggestion
from tierbench.corruptions.names import MEAN_CORRUPTIONS
from tierbench.corruptions.registry import CORRUPTION_REGISTRY, needing_opencv


def corruption_sets() -> dict[str, tuple[str, ...]]:
    """Return the sets by name: `all` registered corruptions, and the published 15 as `imagenet-c`."""
    return {"all": CORRUPTION_REGISTRY.names(), "imagenet-c": MEAN_CORRUPTIONS}


def parse_corruptions(text: str, problems: list[str], option: str = "--robust-corruptions") -> tuple[str, ...]:
    """Parse a comma-separated list of names and sets.

    Args:
        text: the list; empty: no corruption.
        problems: receives one line per problem; the valid names are returned anyway.
        option: the option that the list comes from, for messages.

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
            problems.append(f"{option}: {one_line(part)!r} is not a corruption; {suggestion(part, [*sets, *known])}")
    names = tuple(name for name in known if name in wanted and _is_usable(name, problems, option))
    needing = needing_opencv(names)
    if needing and importlib.util.find_spec("cv2") is None:
        problems.append(
            f"{option}: OpenCV is missing (needed for {listed(needing)}); pip install 'tierbench[corruptions]'"
        )
    return names


def parse_severities(text: str, problems: list[str], option: str = "--robust-severities") -> tuple[int, ...]:
    """Parse severities, such as `1-5` or `1,3,5`.

    Args:
        text: the text to parse.
        problems: receives one line if the text is not valid.
        option: the option that the text comes from, for messages.

    Returns:
        The severities, sorted; all of them if the text is not valid.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([1-5])(?:-([1-5]))?\s*", part)
        if match is None:
            problems.append(f"{option} {one_line(text)!r} is not a list of severities 1 to 5; write 1-5 or 1,3,5")
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
