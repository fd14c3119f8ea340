"""Parse `[NAME=]KIND:PATH[@SPLIT]`, which names a data set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import one_line

FORM = "[NAME=]KIND:PATH[@SPLIT], such as imagenet=imagefolder:data/val"
# Also the name of a test: nothing that pytest's -k cannot parse.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_SPEC = re.compile(r"(?:(?P<name>[^=:/]+)=)?(?P<kind>[a-z][a-z0-9_-]*):(?P<path>.+)", re.DOTALL)
_SPLIT = re.compile(r"@(?P<split>[A-Za-z0-9_.-]+)$")


@dataclass(frozen=True, slots=True)
class SetSpec:
    """A data set that the user named.

    Attributes:
        name: `NAME` of `NAME=…`; without it, the last part of the path.
        kind: the kind of set, such as `imagefolder`.
        path: of its folder or file, relative to pytest's root; for `hub`, `org/name`.
        split: after `@`; empty: all of it.
        text: `KIND:PATH[@SPLIT]`.
    """

    name: str
    kind: str
    path: str
    split: str
    text: str

    @classmethod
    def parse(cls, text: str, option: str = "--robust-dataset") -> SetSpec:
        """Parse `[NAME=]KIND:PATH[@SPLIT]`.

        Raises:
            UserError: if it does not have this form.
        """
        place = f"{option} {one_line(text)!r}"
        match = _SPEC.fullmatch(text.strip())
        if match is None:
            raise UserError(f"{place} names no data set; write {FORM}")
        path, split = match["path"], ""
        # An existing path may hold an @ itself.
        if (at := _SPLIT.search(path)) and not Path(path).exists():
            path, split = path[: at.start()], at["split"]
        name = match["name"] or _default_name(path, match["kind"])
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{place}: a set's name may contain only lower-case letters, digits, _ and -; write NAME=KIND:PATH"
            )
        kind = match["kind"]
        return cls(name, kind, path, split, f"{kind}:{path}" + (f"@{split}" if split else ""))


def parse_sets(texts: Sequence[str], problems: list[str], option: str = "--robust-dataset") -> tuple[SetSpec, ...]:
    """Parse the data sets of a run, in the given order.

    Args:
        texts: values of the option.
        problems: receives one line per problem; the valid sets are returned anyway.
        option: the option that the values come from, for messages.
    """
    found: dict[str, SetSpec] = {}
    for text in texts:
        try:
            spec = SetSpec.parse(text, option)
        except UserError as error:
            problems += error.lines
            continue
        if spec.name in found:
            problems.append(f"{option}: two sets are named {spec.name!r}; give each a name: NAME=KIND:PATH")
        found.setdefault(spec.name, spec)
    return tuple(found.values())


def _default_name(path: str, kind: str) -> str:
    last = re.split(r"[/\\]", path.rstrip("/\\"))[-1].lower()
    for suffix in (".tar", ".parquet", ".npy"):
        last = last.removesuffix(suffix)
    return re.sub(r"[^a-z0-9_-]+", "-", last).strip("-_")[:50] or kind
