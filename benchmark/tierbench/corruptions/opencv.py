"""Import OpenCV on first use: it is an optional extra, and listing the corruptions must work without it."""

from __future__ import annotations

import functools
from types import ModuleType


@functools.cache
def opencv() -> ModuleType:
    """Return the module `cv2`.

    Raises:
        ImportError: if OpenCV is not installed; one line that says what to install.
    """
    try:
        import cv2
    except ImportError as error:
        raise ImportError("this corruption needs OpenCV: pip install 'tierbench[corruptions]'") from error
    return cv2
