"""The blur corruptions: defocus, glass, motion, zoom, gaussian."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tierbench.corruptions.motion import line_blur
from tierbench.corruptions.opencv import opencv
from tierbench.corruptions.pixels import Floats, Parameters, Pixels, to_bytes, truncate, unit
from tierbench.corruptions.zoom import centre_zoom


def smooth(picture: Floats, sigma: float) -> Floats:
    """Blur with a Gaussian that is cut at 4 σ; the border pixels are repeated outwards."""
    size = 2 * int(4 * sigma + 0.5) + 1
    if size == 1:
        return picture
    cv2 = opencv()
    blurred: Floats = cv2.GaussianBlur(picture, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    return blurred


def gaussian_blur(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Blur with a Gaussian of `sigma` pixels."""
    (sigma,) = p
    return to_bytes(smooth(unit(pixels), sigma))


def defocus_blur(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Spread each point over a disk of `radius` pixels, like a lens out of focus; `alias` softens the rim."""
    radius, alias = p
    cv2 = opencv()
    # As published: one small grid for every radius up to 8, which may be a fraction such as 1.5.
    reach, rim = (8, 3) if radius <= 8 else (int(radius), 5)
    grid = np.arange(-reach, reach + 1)
    disk = (grid[:, None] ** 2 + grid**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), (rim, rim), alias)
    return to_bytes(cv2.filter2D(unit(pixels), -1, kernel))


def motion_blur(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Smear along a line at up to 45 degrees; see `line_blur` for `radius` and `sigma`."""
    radius, sigma = p
    return truncate(line_blur(pixels.astype(np.float32), radius, sigma, rng.uniform(-45, 45)))


def zoom_blur(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Average the image with zooms into its middle, by factors from `start` to `stop` in steps of `step`."""
    start, stop, step = p
    factors = np.arange(start, stop, step)
    picture = pixels.astype(np.float32)
    total = picture.copy()
    for factor in factors.tolist():
        total += centre_zoom(picture, factor)
    total /= len(factors) + 1
    return truncate(total)


def glass_blur(pixels: Pixels, p: Parameters, rng: np.random.Generator) -> Pixels:
    """Blur by `sigma`, displace pixels by up to `reach` in each of `rounds` rounds, and blur again."""
    sigma, reach, rounds = p
    height, width = pixels.shape[:2]
    points = to_bytes(smooth(unit(pixels), sigma)).reshape(-1, 3)
    for _ in range(rounds):
        # `take` is several times as fast as `points[…]`.
        points = points.take(_strays(height, width, reach, rng), axis=0)
    return to_bytes(smooth(unit(points.reshape(pixels.shape)), sigma))


def _strays(height: int, width: int, reach: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """Return for each pixel the index of the pixel that it shows after one round of the published walk.

    The walk visits the pixels from the bottom right to the top left. Each pixel takes the current value of a random
    place up to `reach` away; if the walk has visited that place already, this is the value that the place took. So
    each pixel starts a chain of places, which ends at the first place that the walk had not visited yet. All chains
    are followed at once, twice as far in each iteration.
    """
    count = height * width
    # A number below `count` means "the value that this place takes"; from `count` on, "the value that it had before".
    source = np.arange(count, 2 * count, dtype=np.int32)
    rows = np.arange(reach + 1, height - reach + 1, dtype=np.int32)[:, None]
    columns = np.arange(reach + 1, width - reach + 1, dtype=np.int32)
    if rows.size and columns.size:
        row, column = rng.integers(-reach, reach, (2, rows.size, columns.size), dtype=np.int32)
        row += rows
        column += columns
        here = rows * width + columns
        there = row * width + column
        inside = (row <= rows[-1]) & (column >= columns[0]) & (column <= columns[-1])
        there[~(inside & (there > here))] += count
        source[here] = there
    open_ends = np.flatnonzero(source < count)
    while open_ends.size:
        further = source.take(source.take(open_ends))
        source[open_ends] = further
        open_ends = open_ends[further < count]
    return source - count
