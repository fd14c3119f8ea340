"""Read the ini keys `robust_…`; a value of the wrong type is a problem of the benchmark, never of the whole session."""

from __future__ import annotations

from typing import Any

import pytest

# How a key is written, by the type of its default.
_WRITTEN = {str: '"…"', list: '["…"]', bool: "true"}


def ini_value(config: pytest.Config, name: str, default: Any, problems: list[str] | None = None) -> Any:
    """Return the value of an ini key, or the default if the value has the wrong type.

    Args:
        config: pytest's configuration.
        name: the key, without `robust_`.
        default: of the type that the key has.
        problems: receives a line for a value of the wrong type.
    """
    key = f"robust_{name}"
    try:
        return config.getini(key)
    except (TypeError, ValueError, pytest.UsageError):
        if problems is not None:
            problems.append(f"ini key {key}: the value has the wrong type; write {key} = {_WRITTEN[type(default)]}")
        return default
