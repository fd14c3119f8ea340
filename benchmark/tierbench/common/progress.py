"""A progress bar for long predictions, on terminals only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

# Seconds before the bar appears.
_DELAY = 2.0


@contextmanager
def progress_bar(
    total: int, title: str, *, uncaptured: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of images done; show a bar if stderr is a terminal.

    Args:
        total: images to be done.
        title: what is being done.
        uncaptured: lifts the capture of stderr meanwhile, where there is one.
    """
    if total == 0 or not sys.__stderr__ or not sys.__stderr__.isatty():
        yield lambda count: None
        return
    from tqdm import tqdm

    with uncaptured(), tqdm(total=total, desc=title, unit="image", delay=_DELAY, leave=False, file=sys.stderr) as bar:
        yield bar.update
