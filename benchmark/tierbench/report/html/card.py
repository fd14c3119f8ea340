"""Build the view of a model card. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierbench.report.card_text import card_facts, card_steps, value_text


@dataclass(frozen=True, slots=True)
class CardView:
    """The model card as pairs of name and text; the steps are a list, other parts separate tables."""

    facts: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    preprocessing: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]
    prompts: tuple[tuple[str, str], ...] = ()


def card_view(card: Mapping[str, Any]) -> CardView:
    """Build the view of a model card."""
    labels = card.get("labels")
    return CardView(
        facts=tuple(card_facts(card)),
        steps=tuple(card_steps(card)),
        labels=tuple(map(str, labels)) if isinstance(labels, list | tuple) else (),
        preprocessing=_pairs(card.get("preprocessing")),
        config=_pairs(card.get("config")),
        prompts=_prompts(card.get("prompts")),
    )


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        return (("", value_text(value)),) if value else ()
    return tuple((str(name), value_text(entry) or "–") for name, entry in value.items() if entry is not None)


def _prompts(value: Any) -> tuple[tuple[str, str], ...]:
    """Return the texts for each concept of each suite, as `suite/concept`."""
    suites = value if isinstance(value, Mapping) else {}
    return tuple((f"{suite}/{name}", text) for suite, texts in suites.items() for name, text in _pairs(texts))
