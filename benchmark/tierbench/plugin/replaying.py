"""Say by which arguments of pytest a run would select the same tests and hold them against the same gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

# Without the options that say where and how a model runs, and where its files and the reports are.
_NAMES = (
    "model",
    "cases",
    "dataset",
    "sample",
    "stop_when",
    "baseline",
    "require_baseline",
    "reference",
    "gate",
    "corruptions",
    "severities",
    "corruption_geometry",
    "missing_cases",
    "missing_labels",
    "max_drop",
    "max_pixels",
    "dtype",
    "backend",
    "compile",
)
# Names of pytest's own options → how they are written.
_SELECTING = {"keyword": "-k", "markexpr": "-m", "deselect": "--deselect", "ignore": "--ignore"}


def replayed(config: pytest.Config, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments.

    Args:
        config: pytest's configuration.
        given: the value of every option of ours, by its name without `--robust-`.
    """
    return tuple(_arguments(config, given))


def _arguments(config: pytest.Config, given: Mapping[str, Any]) -> Iterator[str]:
    for name in _NAMES:
        value, option = given[name], "--robust-" + name.replace("_", "-")
        if isinstance(value, bool):
            yield from [option] if value else []
        else:
            yield from (f"{option}={each}" for each in _listed(value) if each != "")
    for name, option in _SELECTING.items():
        yield from (f"{option}={each}" for each in _listed(getattr(config.option, name, None) or []))
    yield from getattr(config.option, "file_or_dir", None) or []


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
