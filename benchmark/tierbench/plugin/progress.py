"""A progress bar for long predictions, on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

# Seconds before the bar appears.
_DELAY = 2.0


@contextmanager
def progress_bar(config: pytest.Config, total: int, title: str) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of images done; show a bar if stderr is a terminal.

    Args:
        config: pytest's configuration, whose output capture is lifted meanwhile.
        total: images to be done.
        title: what is being done.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    if total == 0 or hasattr(config, "workerinput") or not sys.__stderr__ or not sys.__stderr__.isatty():
        yield lambda count: None
        return
    from tqdm import tqdm

    suspended = capture.global_and_fixture_disabled() if capture else None
    if suspended:
        suspended.__enter__()
    try:
        with tqdm(total=total, desc=title, unit="image", delay=_DELAY, leave=False, file=sys.stderr) as bar:
            yield bar.update
    finally:
        if suspended:
            suspended.__exit__(None, None, None)
