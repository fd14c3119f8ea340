"""The plasma fractal: a cloudy height map by the diamond-square algorithm, for fog and frost."""

from __future__ import annotations

import numpy as np

from tierbench.corruptions.pixels import Floats


def plasma(height: int, width: int, decay: float, rng: np.random.Generator, side: int = 0) -> Floats:
    """Generate a square height map that wraps around at its edges; cut it, or repeat it like tiles.

    Args:
        height: number of rows to return.
        width: number of columns to return.
        decay: how much the wobble shrinks from level to level: more is smoother.
        rng: the source of randomness.
        side: side of the map, a power of two; default: the smallest one that needs no repetition.

    Returns:
        [height, width], from the top left corner of the map, which spans 0 to 1.
    """
    side = side or max(2, 1 << (max(height, width) - 1).bit_length())
    heights = np.zeros((side, side), dtype=np.float32)
    step, wobble = side, 100.0
    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        pairs = corners + np.roll(corners, -1, axis=0)
        centres = _wobbled(pairs + np.roll(pairs, -1, axis=1), wobble, rng)
        heights[half::step, half::step] = centres
        tops = centres + np.roll(centres, 1, axis=0)
        tops += corners
        tops += np.roll(corners, -1, axis=1)
        heights[::step, half::step] = _wobbled(tops, wobble, rng)
        lefts = centres + np.roll(centres, 1, axis=1)
        lefts += pairs
        heights[half::step, ::step] = _wobbled(lefts, wobble, rng)
        step = half
        wobble /= decay
    lowest = heights.min()
    span = heights.max() - lowest
    heights -= lowest
    heights /= span if span > 0 else np.float32(1)
    tiles = (-(-height // side), -(-width // side))
    result: Floats = (heights if tiles == (1, 1) else np.tile(heights, tiles))[:height, :width]
    return result


def _wobbled(sums: Floats, wobble: float, rng: np.random.Generator) -> Floats:
    """Return the mean of four values plus a uniform draw; the wobble is squared, as published."""
    draw = rng.random(sums.shape, dtype=np.float32)
    draw -= 0.5
    draw *= 2 * wobble * wobble
    sums *= 0.25
    sums += draw
    return sums
