"""Decide which tags can become pytest markers."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-z][a-z0-9_]*")
# Markers that change what pytest or its well-known plugins do: as tags they would have side effects.
_PYTEST_MARKS = frozenset(
    {
        "parametrize",
        "skip",
        "skipif",
        "xfail",
        "usefixtures",
        "filterwarnings",
        "tryfirst",
        "trylast",
        "pytest",
        "asyncio",
        "anyio",
        "benchmark",
        "dependency",
        "django_db",
        "flaky",
        "forked",
        "order",
        "repeat",
        "timeout",
        "xdist_group",
    }
)
_OUR_MARKS = re.compile(r"tier\d+|severity\d+|regression|ladder|slice|metric|corruption|absence|level|baseline|dataset")
_WORDS = frozenset({"and", "or", "not"})


def refused_tag(tag: str) -> str:
    """Return why a tag cannot be a marker; empty if it can."""
    if not _TAG.fullmatch(tag):
        return "use lower-case letters, digits and _, starting with a letter"
    if tag in _WORDS:
        return "the word has a meaning in -m"
    if tag in _PYTEST_MARKS:
        return "it is a marker of pytest or of a plugin"
    if _OUR_MARKS.fullmatch(tag):
        return "it is a marker of the benchmark"
    return ""
