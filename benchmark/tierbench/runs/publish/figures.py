"""The figures of one model in a run as flat names and numbers, as experiment trackers keep them. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.schema import ModelEntry, Run, SetResult
from tierbench.common.text import listed, one_line
from tierbench.runs.record import RunRecord

# What MLflow takes in the name of a metric; other trackers take more.
_REFUSED = re.compile(r"[^A-Za-z0-9_. -]")
_LONGEST_NAME = 250
_LONGEST_VALUE = 500

Named = Iterator[tuple[tuple[object, ...], float | None]]


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What is published of one model in a run.

    Attributes:
        id: the same for each publication of this model in this run, and only for these.
        title: run and model, for people.
        group: name of the run, which several models share.
        start_ms, end_ms: when the run started and ended, milliseconds since 1970.
        complete: whether the run came to its end.
        metrics: `vehicles/tier1/pass_rate` → 0.97; the segments have only letters, digits, `_`, `-`, `.` and spaces.
        params: model, fingerprint, versions, digests of the suites.
        tags: run, model, commit.
    """

    id: str
    title: str
    group: str
    start_ms: int
    end_ms: int
    complete: bool
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]


def chosen_models(record: RunRecord, model: str) -> list[ModelEntry]:
    """Return the model of a run with this name, or all models if it is empty.

    Raises:
        UserError: if the run has no such model.
    """
    known = [entry.name for entry in record.run.models]
    if model and model not in known:
        place = shown_path(record.folder)
        raise UserError(f"--model {one_line(model)!r}: {place} has no such model; it has {listed(known)}")
    return [entry for entry in record.run.models if model in ("", entry.name)]


def model_figures(record: RunRecord, model: ModelEntry) -> ModelFigures:
    """Return what is published of a model in a run."""
    run, folder = record.run, record.folder.resolve().name
    started = int(datetime.fromisoformat(run.started).timestamp() * 1000)
    params = {
        "model": model.name,
        "spec": model.spec,
        "fingerprint": model.fingerprint,
        "device": model.device or run.device,
        "dtype": run.dtype,
        **{f"version.{_segment(name)}": version for name, version in run.versions.items()},
        **{f"suite.{_segment(name)}": digest for name, digest in run.suites.items()},
        **{f"set.{_segment(each.set)}": each.digest for each in run.sets if each.model == model.name},
    }
    tags = {
        "tierbench.run": folder,
        "tierbench.model": model.name,
        "tierbench.started": run.started,
        "tierbench.complete": str(run.complete).lower(),
        "tierbench.level": model.level_text,
        "tierbench.commit": run.git_commit,
    }
    return ModelFigures(
        id=hashlib.sha256(f"{folder}\n{run.started}\n{model.name}".encode("utf-8", "replace")).hexdigest()[:16],
        title=one_line(f"{folder} {model.name}"),
        group=one_line(folder),
        start_ms=started,
        end_ms=started + int(run.duration_s * 1000),
        complete=run.complete,
        metrics=_named(_metrics(run, model)),
        params=_texts(params),
        tags=_texts(tags),
    )


def _metrics(run: Run, model: ModelEntry) -> Named:
    """Yield the segments of each name, and the number; None where it is not defined."""
    name = model.name
    place: tuple[object, ...]
    yield ("level",), model.level
    for tier in (each for each in run.tiers if each.model == name):
        place = (tier.suite, f"tier{tier.tier}")
        yield (*place, "pass_rate"), tier.rate
        yield (*place, "pass_rate_low"), tier.low
        yield (*place, "pass_rate_high"), tier.high
        yield (*place, "passed"), tier.passed
        yield (*place, "total"), tier.total
        yield (*place, "mean_score"), tier.mean_score
        yield from (((*place, metric), value) for metric, value in tier.metrics.items())
    for absence in (each for each in run.absences if each.model == name):
        yield (absence.suite, "false_alarm_rate"), absence.rate
    for ladder in (each for each in run.ladders if each.model == name):
        place = (ladder.suite, "ladder", ladder.ladder)
        yield (*place, "half_point"), ladder.half_point
        yield (*place, "half_low"), ladder.half_low
        yield (*place, "half_high"), ladder.half_high
        yield (*place, "reach"), ladder.reach
    for tag in (each for each in run.tags if each.model == name):
        yield (tag.suite, "tag", tag.tag, "pass_rate"), tag.passed / tag.total if tag.total else None
        yield (tag.suite, "tag", tag.tag, "total"), tag.total
    for piece in (each for each in run.slices if each.model == name):
        place = (piece.suite, "slice", piece.corruption, piece.severity)
        yield (*place, "pass_rate"), piece.rate
        yield (*place, "total"), piece.total
    for sweep in (each for each in run.sweeps if each.model == name):
        yield (sweep.suite, "mce"), sweep.mce
        yield (sweep.suite, "relative_mce"), sweep.relative_mce
        yield (sweep.suite, "mean_error"), sweep.mean_error
    for gate in (each for each in run.metrics if each.model == name):
        yield (gate.suite, "metric", gate.metric), gate.value
    for result in (each for each in run.sets if each.model == name):
        yield from _set_metrics(result)
    if against := run.comparison(name):
        for change in ("regressed", "fixed", "same", "new"):
            yield ("baseline", change), getattr(against, change)


def _set_metrics(result: SetResult) -> Named:
    place = ("set", result.set)
    for figure in ("accuracy", "mce", "relative_mce", "mean_error"):
        yield (*place, figure), getattr(result, figure)
    yield (*place, "total"), result.whole.total
    yield from (((*place, metric), value) for metric, value in result.whole.metrics.items())
    for piece in result.slices:
        yield (*place, "slice", piece.slice, "accuracy"), piece.accuracy
        yield (*place, "slice", piece.slice, "total"), piece.total
        yield from (((*place, "slice", piece.slice, metric), value) for metric, value in piece.metrics.items())


def _named(metrics: Named) -> dict[str, float]:
    """Return the defined metrics by name; where two have the same name, the second one gets a number."""
    found: dict[str, float] = {}
    for segments, value in metrics:
        if value is None:
            continue
        name = whole = "/".join(map(_segment, segments))[:_LONGEST_NAME]
        number = 1
        while name in found:
            number += 1
            name = f"{whole[: _LONGEST_NAME - 6]}_{number}"
        found[name] = float(value)
    return found


def _segment(text: object) -> str:
    """Return a part of a name: `fog+3` → `fog_3`; none is empty, or a name of a folder."""
    cleaned = _REFUSED.sub("_", str(text)).strip()
    return cleaned if cleaned.strip(".") else "_"


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    return {name[:_LONGEST_NAME]: one_line(value, _LONGEST_VALUE) for name, value in values.items() if value}
