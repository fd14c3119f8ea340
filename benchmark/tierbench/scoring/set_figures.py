"""Compute the figures of a data set from the rows of its result files, without a model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import listed, plural
from tierbench.metrics import pass_rate_interval
from tierbench.metrics.registry import METRIC_REGISTRY, MetricInput

if TYPE_CHECKING:
    import pandas as pd


def summarise_set(rows: pd.DataFrame, made_with: Mapping[str, Any], results: str = "") -> SetResult:
    """Return the result of a model on a data set.

    Args:
        rows: the rows of the result files, sorted by id; columns as in `SetRow`.
        made_with: what `SetParts.open` noted of set and model.
        results: folder of the result files, relative to the record.
    """
    slices = tuple(summarise_rows(own, str(name)) for name, own in rows.groupby("slice", sort=True))
    clean = str(made_with.get("clean", ""))
    figure = made_with.get("figure")
    sweep = _sweep(slices, clean) if figure in ("mce", "mean_error") else {}
    whole = summarise_rows(rows, "")
    return SetResult(
        set=str(made_with["set"]),
        model=str(made_with["model"]),
        spec=str(made_with.get("spec", "")),
        digest=str(made_with.get("digest", "")),
        title=str(made_with.get("title", "")),
        protocol=tuple(map(str, made_with.get("protocol", ()))),
        size=int(made_with.get("size", len(rows))),
        whole=whole,
        # Of a set with slices one alone may have been run.
        slices=() if [each.slice for each in slices] == [""] else slices,
        clean=clean,
        notes=(*map(str, made_with.get("notes", ())), *_notes(rows, whole, made_with)),
        results=results,
        mean_error=sweep.get("mean_error"),
        mce=sweep.get("mce") if figure == "mce" else None,
        relative_mce=sweep.get("relative_mce") if figure == "mce" else None,
    )


def summarise_rows(rows: pd.DataFrame, name: str) -> SetSlice:
    """Return the result on the given rows, as a slice of this name."""
    judged = rows[rows["error"] == ""]
    interval = pass_rate_interval(judged["correct"].tolist(), judged["group"].tolist()) if len(judged) else None
    low, high = interval or (None, None)
    given = MetricInput(
        passed=judged["correct"].to_numpy(),
        correct=judged["correct"].to_numpy(),
        confidence=judged["confidence"].to_numpy().clip(0, 1),
        # Only the rank of the class itself is kept: metrics that need its probability are left out below.
        score=judged["confidence"].to_numpy().clip(0, 1),
        group=judged["group"].to_numpy(),
    )
    values = {name: METRIC_REGISTRY.get(name).compute(given) for name in ("ece", "mean_confidence")}
    return SetSlice(
        slice=name,
        total=len(rows),
        correct=int(judged["correct"].sum()),
        errors=len(rows) - len(judged),
        classes=int(rows["label"].nunique()),
        groups=int(judged["group"].nunique()),
        low=low,
        high=high,
        metrics={name: value for name, value in values.items() if value is not None},
    )


def _sweep(slices: tuple[SetSlice, ...], clean: str) -> dict[str, float]:
    """Return mCE, relative mCE and mean error, as far as the slices allow."""
    import pandas as pd

    from tierbench.corruptions import MEAN_CORRUPTIONS
    from tierbench.metrics import mean_corruption_error, mean_error, relative_mean_corruption_error

    rates = {each.slice: 1 - each.accuracy for each in slices if each.accuracy is not None}
    wanted = [(name, severity) for name in MEAN_CORRUPTIONS for severity in range(1, 6)]
    if any(f"{name}+{severity}" not in rates for name, severity in wanted):
        return {}
    errors = pd.DataFrame(
        {severity: {name: rates[f"{name}+{severity}"] for name in MEAN_CORRUPTIONS} for severity in range(1, 6)}
    )
    found = {"mean_error": mean_error(errors), "mce": mean_corruption_error(errors)}
    if clean in rates:
        found["relative_mce"] = relative_mean_corruption_error(errors, rates[clean])
    return found


def _notes(rows: pd.DataFrame, whole: SetSlice, made_with: Mapping[str, Any]) -> list[str]:
    notes = []
    if whole.errors:
        failed = rows[rows["error"] != ""]
        notes.append(
            f"{plural(whole.errors, 'picture')} of {whole.total} without a prediction, left out of all figures: "
            f"{listed(failed['id'], 3)} ({failed['error'].iloc[0]})"
        )
    chance = float(made_with.get("chance", 0))
    if whole.accuracy is not None and whole.judged >= 50 and whole.accuracy < 2 * chance:
        notes.append(
            f"accuracy {whole.accuracy:.4f} is near chance ({chance:.4f}): check the order of the model's labels, how "
            "classes map onto them, and the preprocessing"
        )
    return notes
