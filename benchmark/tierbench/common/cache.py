"""Where the project keeps what it can make again: converted models, fetched images, predictions."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache folder, or `$TIERBENCH_CACHE` where that is set; it may not exist yet."""
    override = os.environ.get("TIERBENCH_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("tierbench", appauthor=False))
