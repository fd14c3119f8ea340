"""What made the scores of a model, as a baseline's comment lines hold it and as differences are named. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

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
) -> dict[str, str]:
    """Return what made scores, name → value.

    Args:
        model: the spec.
        fingerprint: over weights, config and preprocessing.
        preprocessing: as the model card tells it; it stands there as a hash. Left out where nothing is known of it.
        device, dtype: where and in what the model ran.
        versions: of the libraries; others than those that predictions depend on are left out.
        suites: name → digest of its description.
    """
    named = {"model": model, "fingerprint": fingerprint, "device": device, "dtype": dtype}
    if preprocessing:
        text = json.dumps(preprocessing, sort_keys=True, default=str)
        named["preprocessing"] = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    named |= {name: str(versions[name]) for name in _LIBRARIES if name in versions}
    return named | {f"suite {name}": str(digest)[:12] for name, digest in suites.items()}
