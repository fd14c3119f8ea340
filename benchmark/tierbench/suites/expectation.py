"""Parse the column `label`: a concept, alternatives, the absence of a concept, or `-` for a twin."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

TWIN = "-"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an image shows.

    Attributes:
        concepts: the expected concept, or alternatives; empty for a twin.
        absent: whether the image must not show the concept.
    """

    concepts: tuple[str, ...]
    absent: bool = False


def composed(label: str) -> str:
    """Return a label without space around it, in the Unicode form NFC: `é` may be written as one character or two."""
    return unicodedata.normalize("NFC", label.strip())


def label_key(label: str) -> str:
    """Return the form in which two labels are compared, without regard to case."""
    return composed(label).lower()


def parse_expectation(label: str) -> Expectation:
    """Parse a label: `ship`, `ship|boat`, `!ship` or `-`.

    Raises:
        ValueError: if a concept is empty, or if absence is combined with alternatives; it says how to fix the label.
    """
    if label.strip() == TWIN:
        return Expectation(())
    concepts = tuple(dict.fromkeys(composed(part) for part in label.split("|")))
    absent = any(concept.startswith("!") for concept in concepts)
    if absent and len(concepts) > 1:
        raise ValueError(f"label {label!r} combines an absence with alternatives; write one concept after !")
    if absent:
        concepts = (concepts[0].removeprefix("!").strip(),)
    if not all(concepts):
        fix = "name the concept that is absent, as in !ship" if absent else "write the concept that the image shows"
        raise ValueError(f"label is empty; {fix}")
    return Expectation(concepts, absent)
