"""Measure how long each corruption takes, compared with imagecorruptions-imaug if it is installed.

One thread, one photograph of 224 px, severity 3; the packages take turns, so that both run under the same load. Prints
a Markdown table. For the comparison:

    pip install --no-deps imagecorruptions-imaug==1.1.5 && pip install numba
    python tools/measure_corruptions.py
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable

# Must be set before NumPy is imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

LIMIT_MS = 30
# The medians differ by chance even where both packages call the same encoder, as for JPEG.
NOISE = 1.05


def medians(functions: list[Callable[[], object]], rounds: int) -> list[float]:
    """Call the functions in turns and return the median time of each in milliseconds."""
    times: list[list[float]] = [[] for _ in functions]
    for turn in range(rounds + 2):
        for function, found in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            elapsed = time.perf_counter() - start
            # Skip the first two turns, which fill caches: frost textures, compiled loops.
            if turn >= 2:
                found.append(1000 * elapsed)
    return [statistics.median(found) for found in times]


def main() -> int:
    """Print the table; return 1 if a corruption is over 5 % slower than the other package, or takes over 30 ms."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=61)
    parser.add_argument("--severity", type=int, default=3)
    options = parser.parse_args()

    import cv2
    import numpy as np
    import skimage.data
    from PIL import Image

    from tierbench.corruptions import ALL_CORRUPTIONS, CORRUPTIONS, corrupt

    cv2.setNumThreads(1)
    photograph: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]] = getattr(skimage.data, "astronaut")()  # noqa: B009
    pixels = np.asarray(Image.fromarray(photograph).resize((224, 224), Image.Resampling.BICUBIC))
    other = importlib.util.find_spec("imagecorruptions")
    if other:
        import imagecorruptions

    slow = []
    print("| corruption | ours, ms | imagecorruptions-imaug, ms |\n|---|---:|---:|")
    for name in ALL_CORRUPTIONS:
        functions: list[Callable[[], object]] = [
            lambda name=name: corrupt(pixels, name, options.severity, seed=0)  # type: ignore[misc]  # typed by the list
        ]
        if other and name in CORRUPTIONS:
            functions.append(
                lambda name=name: imagecorruptions.corrupt(pixels, options.severity, name)  # type: ignore[misc]
            )
        found = medians(functions, options.rounds)
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in found)} |{' |' * (2 - len(found))}")
        if found[0] > min(LIMIT_MS, *(NOISE * value for value in found)):
            slow.append(name)
    print("slower: " + ", ".join(slow) if slow else f"none is slower, none takes over {LIMIT_MS} ms")
    return bool(slow)


if __name__ == "__main__":
    raise SystemExit(main())
