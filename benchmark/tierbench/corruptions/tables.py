"""The parameter tables of both published sets, read from `parameters.json`."""

from __future__ import annotations

import functools
import json
from importlib.resources import files

from tierbench.corruptions.names import ALL_CORRUPTIONS, CORRUPTIONS, SEVERITIES, VARIANTS
from tierbench.corruptions.pixels import Parameters


@functools.cache
def _tables() -> dict[str, dict[str, list[tuple[float, ...]]]]:
    data = json.loads(files(__package__).joinpath("parameters.json").read_text(encoding="utf-8"))
    return {
        variant: {
            name: [tuple(row) if isinstance(row, list) else (row,) for row in rows]
            for name, rows in (data[variant] | data["own"][variant]).items()
        }
        for variant in VARIANTS
    }


def parameters(name: str, severity: int, variant: str = "imagenet_c") -> Parameters:
    """Give the numbers of a corruption at a severity; `CORRUPTIONS` have published ones.

    Args:
        name: one of `ALL_CORRUPTIONS`.
        severity: 1 to 5.
        variant: `imagenet_c`, made for 224 px, or `cifar10_c`, made for 32 px.

    Raises:
        ValueError: for an unknown name, severity or variant; it lists the valid ones.
    """
    check(name, severity, variant)
    return _tables()[variant][name][severity - 1]


def check(name: str, severity: int, variant: str) -> None:
    """Raise a ValueError that lists the valid choices unless all three are valid."""
    if name not in ALL_CORRUPTIONS:
        own = ", ".join(ALL_CORRUPTIONS[len(CORRUPTIONS) :])
        valid = f"the published {', '.join(CORRUPTIONS)}; not of the published set: {own}"
        raise ValueError(f"unknown corruption {name!r}; there are {valid}")
    if isinstance(severity, bool) or severity not in SEVERITIES:
        raise ValueError(f"unknown severity {severity!r}; there are 1, 2, 3, 4, 5")
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant {variant!r}; there are {', '.join(VARIANTS)}")
