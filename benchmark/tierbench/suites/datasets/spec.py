"""Parse `[NAME=]KIND:PATH[@SPLIT][?OPTION=VALUE]`, which names a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.named import parse_named
from tierbench.common.text import one_line, suggestion

FORM = "[NAME=]KIND:PATH[@SPLIT], such as imagenet=imagefolder:data/val"
# For each kind: which of the model's labels count, and which of the set's classes.
COMMON_OPTIONS = ("labels", "classes")
# Also the name of a test: nothing that pytest's -k cannot parse.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_SPEC = re.compile(r"(?:(?P<name>[^=:/]+)=)?(?P<kind>[a-z][a-z0-9_-]*):(?P<path>.+)", re.DOTALL)
_OPTIONS = re.compile(r"\?(?P<options>[a-z]+=[^&?]+(?:&[a-z]+=[^&?]+)*)$")
_SPLIT = re.compile(r"@(?P<split>[A-Za-z0-9_.-]+)$")


@dataclass(frozen=True, slots=True)
class SetSpec:
    """A data set that the user named.

    Attributes:
        name: `NAME` of `NAME=…`; without it, the last part of the path.
        kind: the kind of set, such as `imagefolder`.
        path: of its folder or file, relative to pytest's root; for `hub`, `org/name`.
        split: after `@`; empty: all of it.
        text: `KIND:PATH[@SPLIT][?OPTION=VALUE]`.
        options: after `?`, with `&` between them, such as the column of the labels.
    """

    name: str
    kind: str
    path: str
    split: str
    text: str
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, option: str = "--robust-dataset") -> SetSpec:
        """Parse `[NAME=]KIND:PATH[@SPLIT][?OPTION=VALUE]`.

        Raises:
            UserError: if it does not have this form.
        """
        place = f"{option} {one_line(text)!r}"
        match = _SPEC.fullmatch(text.strip())
        if match is None:
            raise UserError(f"{place} names no data set; write {FORM}")
        kind, path, split = match["kind"], match["path"], ""
        options: dict[str, str] = {}
        # An existing path may hold a ? or an @ itself.
        if (found := _OPTIONS.search(path)) and not _exists(path):
            path = path[: found.start()]
            options = dict(pair.split("=", 1) for pair in found["options"].split("&"))
        if (at := _SPLIT.search(path)) and not _exists(path):
            path, split = path[: at.start()], at["split"]
        if not path:
            raise UserError(f"{place} names no data set; write {FORM}")
        name = match["name"] or _default_name(path, kind)
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{place}: a set's name may contain only lower-case letters, digits, _ and -; write NAME=KIND:PATH"
            )
        ending = "&".join(f"{key}={value}" for key, value in options.items())
        full = f"{kind}:{path}" + (f"@{split}" if split else "") + (f"?{ending}" if ending else "")
        return cls(name, kind, path, split, full, options)

    @property
    def place(self) -> str:
        """The set in messages."""
        return f"data set {one_line(self.text)!r}"

    def check_options(self, known: Sequence[str] = ()) -> None:
        """Check that the kind has all options.

        Args:
            known: those that it has beside the common ones.

        Raises:
            UserError: if it lacks one.
        """
        choices = (*COMMON_OPTIONS, *known)
        for name in self.options:
            if name not in choices:
                raise UserError(f"{self.place}: there is no option {name!r}; {suggestion(name, choices)}")

    def refuse_split(self) -> None:
        """Check that no split is named.

        Raises:
            UserError: if one is.
        """
        if self.split:
            raise UserError(f"{self.place}: sets of this kind have no splits; leave out @{self.split}")


def parse_sets(texts: Sequence[str], problems: list[str], option: str = "--robust-dataset") -> tuple[SetSpec, ...]:
    """Parse the data sets of a run, in the given order.

    Args:
        texts: values of the option.
        problems: receives one line per problem; the valid sets are returned anyway.
        option: the option that the values come from, for messages.
    """
    return parse_named(texts, SetSpec.parse, problems, option=option, things="sets", form="NAME=KIND:PATH")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        # Too long, or with a null byte.
        return False


def _default_name(path: str, kind: str) -> str:
    last = re.split(r"[/\\]", path.rstrip("/\\"))[-1].lower()
    for suffix in (".tar", ".parquet", ".npy"):
        last = last.removesuffix(suffix)
    return re.sub(r"[^a-z0-9_]+", "-", last).strip("-_")[:50] or kind
