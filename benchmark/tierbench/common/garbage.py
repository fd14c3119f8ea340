"""Make many objects that last, without Python's search for garbage among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search() -> Iterator[None]:
    """Switch the search for garbage off for a while.

    Python goes through all objects each time that their number has grown by a quarter. Where thousands are made that
    last, it finds nothing, and takes as long as to make them.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
