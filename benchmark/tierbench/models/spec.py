"""Parse `[NAME=]SPEC`, which names a model under test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.common.errors import UserError
from tierbench.common.files import expanded
from tierbench.common.named import parse_named
from tierbench.common.text import one_line
from tierbench.models.endpoint_spec import SCHEME, parse_endpoint, served_name

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?")
FORMS = (
    "a folder, a Hub id (org/name or org/name@revision), onnx:FILE, endpoint:URL, python:module:factory, or reference"
)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model under test and the name under which it is compared over time.

    Attributes:
        name: `NAME` of `NAME=SPEC`; without it, the last part of the folder, Hub id or factory.
        spec: a folder, a Hub id, `reference`, or `scheme:…` such as `python:module:factory`.
        named: whether the user gave the name.
    """

    name: str
    spec: str
    named: bool = True

    @classmethod
    def parse(cls, text: str, option: str = "--robust-model") -> ModelSpec:
        """Parse `[NAME=]SPEC`.

        Args:
            text: the text to parse.
            option: the option that the text comes from, for messages.

        Raises:
            UserError: if the name or the spec is empty or not valid.
        """
        name, equals, spec = text.partition("=")
        if not equals or "/" in name or ":" in name:
            # No name, or an equals sign inside a path.
            spec = cls._checked(text.strip(), text, option)
            return cls(default_name(spec), spec, named=False)
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{option} {one_line(text)!r}: a model's name may contain only letters, digits, _, . and -; "
                "write NAME=SPEC"
            )
        return cls(name, cls._checked(spec.strip(), text, option))

    @staticmethod
    def _checked(spec: str, text: str, option: str) -> str:
        if not spec:
            raise UserError(f"{option} {one_line(text)!r} names no model; write {FORMS}")
        if spec.startswith(SCHEME):
            # Now, because no other message knows how to leave a password out.
            parse_endpoint(spec)
        return spec


def parse_models(texts: Sequence[str], problems: list[str], option: str = "--robust-model") -> tuple[ModelSpec, ...]:
    """Parse the models of a run, in the given order.

    Args:
        texts: values of the option, `[NAME=]SPEC`.
        problems: receives one line per problem; the valid models are returned anyway.
        option: the option that the values come from, for messages.
    """
    return parse_named(texts, ModelSpec.parse, problems, option=option, things="models", form="NAME=SPEC")


def default_name(spec: str) -> str:
    """Return the name of a model without an explicit one: the last part of its folder, Hub id or factory.

    >>> default_name("microsoft/resnet-50@main")
    'resnet-50'
    """
    last = served_name(spec) if spec.startswith(SCHEME) else re.split(r"[/:\\]", spec.rstrip("/\\"))[-1]
    if "/" in spec and not spec.startswith((".", "/", "~")):
        last = last.partition("@")[0]
    if last in ("", ".", ".."):
        last = expanded(spec).resolve().name
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip("-.")[:50] or "model"


def is_hub_id(spec: str) -> bool:
    """Return whether a spec that is not an existing folder has the form of a Hub id."""
    return bool(_HUB_ID.fullmatch(spec))
