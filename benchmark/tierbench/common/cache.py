"""The cache folder, for files that can be recreated: converted models, fetched images, predictions."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache folder, or `$TIERBENCH_CACHE` if that is set; the folder may not exist yet."""
    override = os.environ.get("TIERBENCH_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("tierbench", appauthor=False))
