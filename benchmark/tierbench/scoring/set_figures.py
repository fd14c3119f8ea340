"""Compute the figures of a data set from the rows of its result files, without a model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import listed, plural
from tierbench.metrics.ece import expected_calibration_error
from tierbench.metrics.pass_rate import grouped_rate_interval
from tierbench.scoring.partial_sets import with_part

if TYPE_CHECKING:
    import pandas as pd

    from tierbench.scoring.set_sweep import Sweep

# With fewer pictures an accuracy near chance may be chance.
_LEAST_WARNED = 50


def summarise_set(rows: pd.DataFrame, made_with: Mapping[str, Any], results: str = "") -> SetResult:
    """Return the result of a model on a data set.

    Args:
        rows: the rows of the result files, sorted by id; columns as in `SetRow`.
        made_with: what `SetParts.open` noted of set and model.
        results: folder of the result files, relative to the record.
    """
    slices = tuple(summarise_rows(own, str(name)) for name, own in rows.groupby("slice", sort=True))
    clean = str(made_with.get("clean", ""))
    figure = str(made_with.get("figure", ""))
    sweep = _sweep(rows, clean) if figure in ("mce", "mean_error") else None
    whole = summarise_rows(rows, "")
    size = int(made_with.get("size", len(rows)))
    found = {} if sweep is None else _sweep_figures(sweep, published=figure == "mce")
    result = SetResult(
        set=str(made_with["set"]),
        model=str(made_with["model"]),
        spec=str(made_with.get("spec", "")),
        digest=str(made_with.get("digest", "")),
        title=str(made_with.get("title", "")),
        protocol=tuple(map(str, made_with.get("protocol", ()))),
        size=size,
        labels=round(1 / chance) if (chance := float(made_with.get("chance", 0))) else 0,
        whole=whole,
        # Of a set with slices one alone may have been run.
        slices=() if [each.slice for each in slices] == [""] else slices,
        clean=clean,
        warnings=tuple(_warnings(whole, made_with)),
        notes=(
            *map(str, made_with.get("notes", ())),
            *_notes(rows, whole),
            *_sweep_notes(slices, clean, figure, sweep),
        ),
        results=results,
        **found,
    )
    return with_part(result, made_with)


def summarise_rows(rows: pd.DataFrame, name: str) -> SetSlice:
    """Return the result on the given rows, as a slice of this name.

    The accuracy is that of the judged pictures, which are those without an error. Its interval is by groups, see
    `pass_rate_interval`. Calibration: see `expected_calibration_error`.
    """
    judged = rows[rows["error"] == ""]
    metrics = {}
    if len(judged):
        # Probabilities may exceed 1 by a rounding.
        confidence = judged["confidence"].to_numpy().clip(0, 1)
        ece = expected_calibration_error(confidence, judged["correct"].to_numpy())
        metrics = {"ece": ece, "mean_confidence": float(confidence.mean())}
    low, high = interval_of(judged) or (None, None)
    unscored = int(rows["unscored"].sum())
    return SetSlice(
        slice=name,
        total=len(rows),
        correct=int(judged["correct"].sum()),
        errors=len(rows) - len(judged) - unscored,
        unscored=unscored,
        classes=int(rows["label"].nunique()),
        groups=int(judged["group"].nunique()),
        low=low,
        high=high,
        metrics=metrics,
    )


def interval_of(judged: pd.DataFrame) -> tuple[float, float] | None:
    """Return the 95 % interval of the accuracy of rows without errors; None without rows, or with too few groups."""
    if not len(judged):
        return None
    counts = judged.groupby("group", sort=False)["correct"].agg(["sum", "size"])
    return grouped_rate_interval(list(zip(map(int, counts["sum"]), map(int, counts["size"]), strict=True)))


def _sweep(rows: pd.DataFrame, clean: str) -> Sweep | None:
    # Imported here, because only sets of corruptions need it.
    from tierbench.scoring.set_sweep import summarise_sweep

    return summarise_sweep(rows[rows["error"] == ""], clean)


def _sweep_figures(sweep: Sweep, *, published: bool) -> dict[str, Any]:
    """Return the figures that are published for a set: the mCE, relative to AlexNet, only where `published`."""
    mean_error, mce, relative_mce = sweep.intervals
    found: dict[str, Any] = {"mean_error": sweep.mean_error, "mean_error_interval": mean_error}
    if published:
        found |= {"mce": sweep.mce, "mce_interval": mce}
        found |= {"relative_mce": sweep.relative_mce, "relative_mce_interval": relative_mce}
    return found


def _sweep_notes(slices: tuple[SetSlice, ...], clean: str, figure: str, sweep: Sweep | None) -> list[str]:
    """Return why figures of a sweep are missing."""
    if figure not in ("mce", "mean_error"):
        return []
    name = "mCE" if figure == "mce" else "mean error"
    judged = [each.slice for each in slices if each.judged]
    if sweep is None:
        from tierbench.scoring.set_sweep import MEAN_SLICES, missing_slices

        missing = missing_slices(judged)
        return [
            f"no {name}: it needs all 15 corruptions at 5 severities, and {len(missing)} of {len(MEAN_SLICES)} have no "
            f"picture with a prediction: {listed(missing, 3)}"
        ]
    notes = []
    if figure == "mce" and clean not in judged:
        notes.append(f"no relative mCE: the set has no slice {clean or 'of clean pictures'}")
    if sweep.intervals[0] is None:
        notes.append(f"no interval of the {name}: the pictures come from too few originals, or from too different ones")
    return notes


def _notes(rows: pd.DataFrame, whole: SetSlice) -> list[str]:
    failed = rows[rows["error"] != ""]
    unscored = failed["unscored"].astype(bool)
    return [
        f"{plural(len(own), 'picture')} of {whole.total:,} {what}, left out of all figures: {listed(own['id'], 3)} "
        f"({own['error'].iloc[0].removeprefix('unscored: ')})"
        for own, what in ((failed[~unscored], "without a prediction"), (failed[unscored], "unscored"))
        if len(own)
    ]


def _warnings(whole: SetSlice, made_with: Mapping[str, Any]) -> list[str]:
    """Return that the accuracy is near chance: usually labels or preprocessing are wrong, not the model."""
    chance = float(made_with.get("chance", 0))
    if whole.accuracy is None or whole.judged < _LEAST_WARNED or whole.accuracy >= near_chance(chance):
        return []
    where = "below" if whole.accuracy < chance else "near"
    return [
        f"accuracy {whole.accuracy:.4f} is {where} chance ({chance:.4f}): check the order of the model's labels, how "
        "classes map onto them, and the preprocessing"
    ]


def near_chance(chance: float) -> float:
    """Return the accuracy below which a model is hardly better than chance.

    It is 4 times chance, and with few classes a tenth of the way from chance to 1: 0.004 for 1,000 labels, 0.19 for 10,
    0.55 for 2.
    """
    return min(4 * chance, chance + (1 - chance) / 10)
