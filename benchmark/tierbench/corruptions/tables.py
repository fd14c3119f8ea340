"""The parameters of the corruptions at each severity; those of built-in ones are in `parameters.json`."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tierbench.corruptions.names import CORRUPTIONS, OWN_CORRUPTIONS, VARIANTS
from tierbench.corruptions.registry import CORRUPTION_REGISTRY, Corruption

if TYPE_CHECKING:
    from tierbench.corruptions.pixels import Parameters


@functools.cache
def _tables() -> dict[str, dict[str, list[Any]]]:
    data = json.loads(files(__package__).joinpath("parameters.json").read_text(encoding="utf-8"))
    return {variant: data[variant] | data["own"][variant] for variant in VARIANTS}


def published_rows(name: str) -> dict[str, list[Any]]:
    """Return the parameters of a built-in corruption: variant → the numbers of severities 1 to 5."""
    return {variant: _tables()[variant][name] for variant in VARIANTS}


def parameters(name: str, severity: int, variant: str = "imagenet_c") -> Parameters:
    """Return the parameters of a corruption at a severity; those of `CORRUPTIONS` are the published ones.

    Args:
        name: a registered name, such as those in `ALL_CORRUPTIONS`.
        severity: 1 to 5.
        variant: `imagenet_c`, made for 224 px, or `cifar10_c`, made for 32 px.

    Raises:
        ValueError: for an unknown name, severity or variant; it lists the valid ones.
        UserError: if the corruption of another package cannot be loaded.
    """
    return find_corruption(name).at(severity, variant)


def find_corruption(name: str) -> Corruption:
    """Return a registered corruption.

    Raises:
        ValueError: for an unknown name; it lists the valid ones.
        UserError: if the corruption of another package cannot be loaded.
    """
    if name not in CORRUPTION_REGISTRY:
        known = CORRUPTION_REGISTRY.names()
        others = [each for each in known if each not in CORRUPTIONS and each not in OWN_CORRUPTIONS]
        valid = f"published: {', '.join(CORRUPTIONS)}; not published: {', '.join(OWN_CORRUPTIONS)}"
        valid += f"; from other packages: {', '.join(others)}" if others else ""
        raise ValueError(f"unknown corruption {name!r}; {valid}")
    return CORRUPTION_REGISTRY.get(name)
