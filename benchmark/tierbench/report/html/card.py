"""Build the view of a model card. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CardView:
    """The model card as pairs of name and text; `config`, `preprocessing` and `prompts` are separate tables."""

    facts: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    preprocessing: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]
    prompts: tuple[tuple[str, str], ...] = ()


def card_view(card: Mapping[str, Any]) -> CardView:
    """Build the view of a model card."""
    parameters = card.get("parameters")
    facts = [
        ("architecture", _text(card.get("architecture"))),
        ("parameters", f"{parameters:,}" if isinstance(parameters, int) else _text(parameters)),
        ("depths", _text(card.get("depths"))),
        ("widths", _text(card.get("widths"))),
        ("outputs", _text(card.get("outputs"))),
    ]
    known = {
        "architecture",
        "parameters",
        "depths",
        "widths",
        "outputs",
        "labels",
        "preprocessing",
        "config",
        "prompts",
    }
    facts += [(str(name), _text(value)) for name, value in card.items() if name not in known]
    labels = card.get("labels")
    return CardView(
        facts=tuple((name, text) for name, text in facts if text),
        labels=tuple(map(str, labels)) if isinstance(labels, list | tuple) else (),
        preprocessing=_pairs(card.get("preprocessing")),
        config=_pairs(card.get("config")),
        prompts=_prompts(card.get("prompts")),
    )


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        return (("", _text(value)),) if value else ()
    return tuple((str(name), _text(entry) or "–") for name, entry in value.items() if entry is not None)


def _prompts(value: Any) -> tuple[tuple[str, str], ...]:
    """Return the texts for each concept of each suite, as `suite/concept`."""
    suites = value if isinstance(value, Mapping) else {}
    return tuple((f"{suite}/{name}", text) for suite, texts in suites.items() for name, text in _pairs(texts))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and not any(isinstance(entry, list | dict) for entry in value):
        return ", ".join(f"{entry:.6g}" if isinstance(entry, float) else str(entry) for entry in value)
    return json.dumps(value, ensure_ascii=False, default=str)
