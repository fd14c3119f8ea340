"""Say which part of a data set figures are about: a shard, a sample, or a run that stopped when its gates were decided.

Pure. What was asked for stands in the file beside the results; see `SetSelection.noted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import one_line, plural
from tierbench.metrics import sampled_share_interval, share_reaches, share_sequence


def with_part(result: SetResult, made_with: Mapping[str, Any]) -> SetResult:
    """Return a result with notes on the part of the set that it is about.

    Where the run could stop early, its intervals are those that hold whenever it stops.

    Args:
        result: the result on the rows that there are.
        made_with: what the results were made with.
    """
    stop = made_with.get("stop_when")
    if isinstance(stop, dict):
        sizes, alpha = stop["sizes"], float(stop["alpha"])
        slices = tuple(_stopped(each, int(sizes[each.slice]), alpha) for each in result.slices)
        # Without a gate on the whole set, slices stop one by one: all pictures together are no fair sample of it.
        whole = replace(result.whole, low=None, high=None)
        if "" in stop["gates"]:
            whole = _stopped(result.whole, sum(map(int, sizes.values())), alpha)
        result = replace(result, whole=whole, slices=slices)
    return replace(result, notes=(*result.notes, *_notes(result, made_with)))


def _notes(result: SetResult, made_with: Mapping[str, Any]) -> Iterator[str]:
    whole, pictures = result.whole, int(made_with.get("pictures", result.size))
    if shard := made_with.get("shard"):
        yield (
            f"shard {shard[0]}/{shard[1]}: {pictures:,} of {result.size:,} pictures; "
            "the set is judged by `tierbench merge`"
        )
    if sample := made_with.get("sample"):
        yield _sample_note(result, int(sample), int(made_with.get("seed", 0)), sharded=bool(shard))
    if stop := made_with.get("stop_when"):
        yield from _stop_notes(result, stop)
    elif whole.total < pictures:
        yield (
            f"{whole.total:,} of {pictures:,} pictures have a result: all figures are on these; run it again, and it "
            "goes on"
        )
    if pictures < result.size and not any(made_with.get(part) for part in ("shard", "sample", "stop_when")):
        yield f"{pictures:,} of {result.size:,} pictures were selected: all figures are on these"


def _sample_note(result: SetResult, sample: int, seed: int, *, sharded: bool) -> str:
    whole = result.whole
    drawn = f"sample of {sample:,} of {plural(result.size, 'picture')}, stratified by slice and class, seed {seed}"
    if sharded or not whole.judged or whole.unjudged or whole.total < sample:
        return drawn
    low, high = sampled_share_interval(whole.correct, whole.judged, result.size)
    return (
        f"{drawn}; the accuracy on all {result.size:,} lies in [{low:.3f}, {high:.3f}] (95 %); "
        "the intervals beside figures are about pictures like these"
    )


def _stop_notes(result: SetResult, stop: Mapping[str, Any]) -> Iterator[str]:
    alpha, sizes = float(stop["alpha"]), stop["sizes"]
    total = sum(map(int, sizes.values()))
    if "" not in stop["gates"]:
        yield "slices stopped one by one: the accuracy over all pictures is not that of the whole set"
    yield (
        f"stopped when decided, after {result.whole.total:,} of {total:,} pictures in random order; all intervals hold "
        f"at every stop ({1 - alpha:.0%} confidence sequences)"
    )
    for name, least in stop["gates"].items():
        own = result.slice(name) if name else result.whole
        if own is None:
            continue
        size = int(sizes[name]) if name else total
        reached = share_reaches(own.correct, own.total, size, least, alpha=alpha, errors=own.unjudged)
        said = {True: "certain", False: "certainly missed", None: "not decided"}[reached]
        where = f"{one_line(name)}: " if name else ""
        yield (
            f"{where}an accuracy of at least {least:g} on all {size:,} pictures is {said} at an error rate of "
            f"{alpha:g}, after {own.total:,}"
        )


def _stopped(own: SetSlice, size: int, alpha: float) -> SetSlice:
    """Return a slice with the interval that holds at every stop; what is not judged is wrong below, correct above."""
    low = share_sequence(own.correct, own.total, size, alpha=alpha)[0]
    high = share_sequence(own.correct + own.unjudged, own.total, size, alpha=alpha)[1]
    return replace(own, low=low, high=high)
