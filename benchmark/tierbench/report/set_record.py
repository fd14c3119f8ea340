"""Make the JSON record of a model's results on data sets, which a leaderboard can read. Pure.

The format is described in docs/set-figures.md. A new field needs no new version; a change of a field's meaning does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tierbench.common.schema import SetResult, SetSlice
from tierbench.scoring.set_shift import find_shift

FORMAT = "tierbench set record"
VERSION = 1


def model_record(
    results: Sequence[SetResult],
    *,
    name: str,
    spec: str,
    fingerprint: str,
    versions: Mapping[str, str],
    made: str,
) -> dict[str, Any]:
    """Return the record of one model.

    Args:
        results: those of the model.
        name, spec, fingerprint: of the model; the fingerprint is empty if it is not known.
        versions: of the libraries that the figures depend on.
        made: when, in UTC.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "made": made,
        "model": {"name": name, "spec": spec, "fingerprint": fingerprint},
        "versions": dict(versions),
        "sets": [_set_record(each, results) for each in results],
    }


def result_json(result: SetResult) -> dict[str, Any]:
    """Return the figures of a result, as `tierbench evaluate --json` prints them."""
    return {
        "set": result.set,
        "model": result.model,
        **slice_json(result.whole),
        "mce": result.mce,
        "mce_interval": _bounds(result.mce_interval),
        "relative_mce": result.relative_mce,
        "relative_mce_interval": _bounds(result.relative_mce_interval),
        "mean_error": result.mean_error,
        "mean_error_interval": _bounds(result.mean_error_interval),
        "protocol": list(result.protocol),
        "warnings": list(result.warnings),
        "notes": list(result.notes),
        "slices": {each.slice: slice_json(each) for each in result.slices},
    }


def slice_json(each: SetSlice) -> dict[str, Any]:
    """Return the figures of a slice, or of a whole set."""
    return {
        "n": each.total,
        "accuracy": each.accuracy,
        "errors": each.errors,
        "unscored": each.unscored,
        "interval": None if each.low is None or each.high is None else [each.low, each.high],
        "classes": each.classes,
        "originals": each.groups,
        **{name: each.metrics[name] for name in ("ece", "mean_confidence") if name in each.metrics},
    }


def _set_record(result: SetResult, results: Sequence[SetResult]) -> dict[str, Any]:
    figures = result_json(result)
    del figures["model"]
    shift = find_shift(result, results)
    about = {"title": result.title, "spec": result.spec, "digest": result.digest, "size": result.size}
    return {
        "set": figures.pop("set"),
        **about,
        "complete": result.complete,
        **figures,
        "effective_robustness": None if shift is None else asdict(shift),
    }


def _bounds(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)
