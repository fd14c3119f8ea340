"""Describe what produced the scores of a model, for the comments of baseline files and for comparisons. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

GEOMETRY = "corruption geometry"
_LIBRARIES = ("torch", "transformers", "pillow")


def provenance(
    *,
    model: str,
    fingerprint: str,
    preprocessing: Mapping[str, Any] | None,
    device: str,
    dtype: str,
    versions: Mapping[str, str],
    suites: Mapping[str, str],
    geometries: Iterable[str] = (),
    backend: str = "",
) -> dict[str, str]:
    """Return what produced the scores, name → value.

    Args:
        model: spec of the model.
        fingerprint: fingerprint over weights, config and preprocessing.
        preprocessing: preprocessing from the model card, stored as a hash; left out if it is not known.
        device, dtype: device that the model ran on, and type of its weights.
        versions: versions of libraries; only those that predictions depend on are stored.
        suites: suite → digest of its description.
        geometries: those of the sweeps; left out if there are none.
        backend: what ran the model, with its version; empty for torch, and then left out.
    """
    named = {"model": model, "fingerprint": fingerprint, "device": device, "dtype": dtype}
    if backend:
        named["backend"] = backend
    if preprocessing:
        text = json.dumps(preprocessing, sort_keys=True, default=str)
        named["preprocessing"] = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    named |= {name: str(versions[name]) for name in _LIBRARIES if name in versions}
    if known := sorted(set(filter(None, geometries))):
        named[GEOMETRY] = ", ".join(known)
    return named | {f"suite {name}": str(digest)[:12] for name, digest in suites.items()}
