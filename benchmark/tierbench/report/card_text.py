"""Say in words what a model card holds, for the report and for `tierbench model`. Pure; the card may hold anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_BACKENDS = {
    "torch": "PyTorch",
    "torch.compile": "PyTorch, compiled by torch.compile",
    "onnxruntime": "ONNX Runtime",
    "remote": "remote: behind its address",
}
_TITLES = {
    "file_size": "file size",
    "input_size": "input",
    "dtype": "weights",
    "spec": "from",
    "steps": "preprocessing step by step",
}
_ORDER = ("architecture", "parameters", "file_size", "dtype", "backend", "device", "input_size", "depths", "widths")
# What one wants to know of any model: said to be unknown where the card is silent.
_EXPECTED = ("architecture", "parameters", "file_size", "dtype", "backend", "preprocessing")
# Shown in other places, or as a part of another fact.
_APART = ("labels", "preprocessing", "steps", "config", "prompts", "unknown", "file_dtype")


def card_facts(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts of a card as pairs of name and text, the most important first.

    The last one says what is not known of the model.
    """
    names = [*_ORDER, *(name for name in card if name not in _ORDER and name not in _APART)]
    facts = [(_TITLES.get(name, str(name)), _fact(name, card)) for name in names if card.get(name) is not None]
    unknown = card.get("unknown")
    missing = dict.fromkeys(map(str, unknown) if isinstance(unknown, list | tuple) else ())
    missing |= dict.fromkeys(name for name in _EXPECTED if not card.get(name))
    if "preprocessing" in missing:
        missing.pop("steps", None)
    if missing:
        facts.append(("not known", ", ".join(_TITLES.get(name, name.replace("_", " ")) for name in missing)))
    return [(name, text) for name, text in facts if text]


def card_steps(card: Mapping[str, Any]) -> list[str]:
    """Return what is done with a picture, step by step; empty if it is not known."""
    steps = card.get("steps")
    return [str(step) for step in steps] if isinstance(steps, list | tuple) else []


def value_text(value: Any) -> str:
    """Return a value of a card in one line; empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and not any(isinstance(entry, list | dict) for entry in value):
        return ", ".join(f"{entry:.6g}" if isinstance(entry, float) else str(entry) for entry in value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _fact(name: str, card: Mapping[str, Any]) -> str:
    value = card[name]
    if name == "parameters" and isinstance(value, int):
        return f"{value:,}"
    if name == "file_size" and isinstance(value, int | float):
        return f"{value / 1e6:,.1f} MB"
    if name == "input_size" and isinstance(value, list) and len(value) == 2:
        height, width = value
        return f"{height} × {width}" if height == width else f"{height} × {width} (height × width)"
    text = value_text(value)
    if name == "backend":
        return _BACKENDS.get(text, text)
    if name == "dtype" and (stored := value_text(card.get("file_dtype"))) and stored != text:
        return f"{text} (in the file: {stored})"
    return text
