"""Compute the figures of a data set of corruptions, such as the mCE, with intervals from resampled originals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from tierbench.corruptions import MEAN_CORRUPTIONS
from tierbench.metrics.alexnet import ALEXNET_CLEAN_ERROR, ALEXNET_ERRORS
from tierbench.metrics.pass_rate import LEAST_GROUPS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

SEVERITIES: Final = (1, 2, 3, 4, 5)
MEAN_SLICES: Final = tuple(f"{name}+{severity}" for name in MEAN_CORRUPTIONS for severity in SEVERITIES)
"""The 75 slices of the published means."""

DRAWS: Final = 2_000
# Draws that are computed at once, so that the weights of 50,000 originals stay below 40 MB.
_CHUNK = 100
# A table of counts larger than this does not come from one set of originals under all corruptions.
_MOST_COUNTS = 50_000_000

Interval = tuple[float, float]


class Figures(NamedTuple):
    """The figures of a sweep, for one sample of originals or for each of many; NaN where they are not defined.

    Attributes:
        mean_error: the plain mean of the errors over corruptions and severities, a fraction.
        mce: see `mean_corruption_error`.
        relative_mce: see `relative_mean_corruption_error`.
    """

    mean_error: npt.NDArray[np.float64]
    mce: npt.NDArray[np.float64]
    relative_mce: npt.NDArray[np.float64]


class Sweep(NamedTuple):
    """The figures of all originals, with 95 % intervals; None where they are not defined."""

    mean_error: float
    mce: float
    relative_mce: float | None
    intervals: tuple[Interval | None, Interval | None, Interval | None] = (None, None, None)


def missing_slices(slices: Sequence[str]) -> list[str]:
    """Return the slices of the published means that are not among the given ones."""
    present = set(slices)
    return [name for name in MEAN_SLICES if name not in present]


def summarise_sweep(judged: pd.DataFrame, clean: str, *, draws: int = DRAWS, seed: int = 0) -> Sweep | None:
    """Return mean error, mCE and relative mCE with their intervals; None if a slice has no picture.

    The intervals are percentile intervals of the bootstrap over originals: whole originals are drawn with
    replacement, each with its pictures under all corruptions, and the figures are computed from each draw. An mCE is a
    mean over pictures of the same originals, so pictures must not be drawn on their own. Source: Davison & Hinkley
    (1997), Bootstrap Methods and their Application, sections 3.8 and 5.3. The order of the rows does not matter.

    Args:
        judged: the rows without errors; columns `slice`, `group`, `correct`.
        clean: the slice that relative errors are measured from; if it has no picture, they are not defined.
        draws: how often the originals are drawn; at least 1,000 for an interval that others get, too.
        seed: of the drawing.

    Returns:
        The figures. There is no interval with fewer than `LEAST_GROUPS` originals.
    """
    names = [*MEAN_SLICES, clean] if clean else list(MEAN_SLICES)
    own = judged[judged["slice"].isin(names)]
    if missing_slices(own["slice"].unique().tolist()):
        return None
    correct, counts = _counts(own, names)
    found = _figures(correct.sum(axis=0, dtype=np.float64), counts.sum(axis=0, dtype=np.float64))
    relative = float(found.relative_mce)
    point = Sweep(float(found.mean_error), float(found.mce), None if np.isnan(relative) else relative)
    if len(counts) < LEAST_GROUPS or counts.size > _MOST_COUNTS:
        return point
    drawn = [_drawn(correct, counts, size, generator) for size, generator in _chunks(draws, seed)]
    samples = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    mean_error, mce, relative_mce = (_interval(values) for values in samples)
    return point._replace(intervals=(mean_error, mce, relative_mce))


def _counts(own: pd.DataFrame, names: Sequence[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return how many pictures of each original are correct in each slice, and how many there are."""
    originals, row = np.unique(own["group"].to_numpy(dtype=str), return_inverse=True)
    column = own["slice"].map({name: index for index, name in enumerate(names)}).to_numpy(dtype=np.int64)
    shape = len(originals), len(names)
    place = row * shape[1] + column
    size = shape[0] * shape[1]
    counts = np.bincount(place, minlength=size).astype(np.int32)
    correct = np.bincount(place[own["correct"].to_numpy(dtype=bool)], minlength=size).astype(np.int32)
    return correct.reshape(shape), counts.reshape(shape)


def _chunks(draws: int, seed: int) -> list[tuple[int, np.random.Generator]]:
    sizes = [min(_CHUNK, draws - first) for first in range(0, draws, _CHUNK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    return [(size, np.random.default_rng(own)) for size, own in zip(sizes, seeds, strict=True)]


def _drawn(
    correct: npt.NDArray[np.int32], counts: npt.NDArray[np.int32], size: int, generator: np.random.Generator
) -> Figures:
    originals = len(counts)
    chosen = generator.integers(originals, size=(size, originals))
    weights = np.stack([np.bincount(own, minlength=originals) for own in chosen]).astype(np.float64)
    return _figures(weights @ correct, weights @ counts)


def _figures(correct: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> Figures:
    """Return the figures from the counts of the slices, which are the last axis; the clean slice, if any, is last."""
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = 1 - correct / counts
    shape = len(MEAN_CORRUPTIONS), len(SEVERITIES)
    means = errors[..., : len(MEAN_SLICES)].reshape(*errors.shape[:-1], *shape).mean(axis=-1)
    reference = np.array([ALEXNET_ERRORS[name] for name in MEAN_CORRUPTIONS])
    clean = errors[..., len(MEAN_SLICES) :]
    has_clean = clean.shape[-1] == 1
    relative = (means - clean) / (reference - ALEXNET_CLEAN_ERROR) if has_clean else np.full_like(means, np.nan)
    return Figures(means.mean(axis=-1), 100 * (means / reference).mean(axis=-1), 100 * relative.mean(axis=-1))


def _interval(values: npt.NDArray[np.float64]) -> Interval | None:
    """Return the middle 95 %; None if most draws lack a picture in some slice."""
    defined = values[~np.isnan(values)]
    if 2 * len(defined) < len(values):
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
