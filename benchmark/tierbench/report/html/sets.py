"""Build the views of data sets in the report: slices, severities, classes, confusions, worst pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.schema import Run, SetResult, SetSlice
from tierbench.metrics.alexnet import ALEXNET_ERRORS
from tierbench.report.html.sweeps import CorruptionView, curve_view
from tierbench.report.set_tables_text import drop_of, split_slices
from tierbench.report.set_text import counted_sentence, published_figures, set_details
from tierbench.scoring.class_map import class_text
from tierbench.scoring.set_details import ClassFigures, SetDetails, WrongPicture
from tierbench.scoring.set_shift import find_shift
from tierbench.suites.datasets import DataSet, Sample

# Numbers of what a page shows; `tierbench show FOLDER --all` lists all classes.
MOST_CLASSES, MOST_CONFUSIONS, MOST_PICTURES = 40, 20, 12
_STATES = {True: "met", False: "missed", None: "open"}

OpenSet = Callable[[str], DataSet]


@dataclass(frozen=True, slots=True)
class SliceView:
    """A slice, with its drop against the clean one; `state` is `met`, `missed`, `open`, or empty without demands."""

    result: SetSlice
    drop: float | None
    state: str


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class, and its name where the set has WordNet ids."""

    figures: ClassFigures
    name: str


@dataclass(frozen=True, slots=True)
class PictureView:
    """A wrong picture; `key` finds its image, and is empty where the set is not there."""

    picture: WrongPicture
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class SeveritiesView:
    """A corruption: its slice at each severity from 1 to 5, None where there is none.

    Attributes:
        error: its corruption error in percent of AlexNet's; None where the set has no mCE, or this is not in it.
    """

    name: str
    slices: tuple[SetSlice | None, ...]
    error: float | None


@dataclass(frozen=True, slots=True)
class SetView:
    """A data set under one model.

    Attributes:
        state: whether the demands on the whole are met: `met`, `missed`, `open`, or empty without demands.
        figures: published figures, each with its interval.
        counted: how many pictures and originals the published figures are from; empty without.
        details: demands, verdict, protocol and notes; a sentence each.
        slices: those that are no corruptions, and the clean one.
        corruptions: a curve for each.
        severities: the accuracy of each corruption by severity, in a table.
        classes, confusions, worst: empty if the result files are not there.
        classes_total, wrong: numbers of all classes, and of all wrong pictures.
        problem: why there are no classes; empty if there are.
    """

    result: SetResult
    state: str
    figures: tuple[tuple[str, str], ...]
    counted: str
    details: tuple[str, ...]
    slices: tuple[SliceView, ...]
    corruptions: tuple[CorruptionView, ...]
    severities: tuple[SeveritiesView, ...] = ()
    classes: tuple[ClassView, ...] = ()
    confusions: tuple[tuple[str, str, int], ...] = ()
    worst: tuple[PictureView, ...] = ()
    classes_total: int = 0
    wrong: int = 0
    problem: str = ""


def set_views(run: Run, folder: Path | None) -> dict[str, list[SetView]]:
    """Return the views of the data sets of a run, by model.

    Args:
        run: the run.
        folder: of the run, where the result files are; None: there are none.
    """
    views: dict[str, list[SetView]] = {}
    for result in run.sets:
        views.setdefault(result.model, []).append(_view(result, run.sets, folder))
    return views


def worst_samples(
    views: Mapping[str, Sequence[SetView]], open_set: OpenSet | None
) -> tuple[list[tuple[str, Sample]], dict[str, str]]:
    """Return the pictures that the views show, each with its key; and why those of a set cannot be shown, by its name.

    Args:
        views: see `set_views`.
        open_set: returns a data set by its name; None: none is there.
    """
    keys: dict[str, dict[str, str]] = {}
    for own in views.values():
        for view in own:
            keys.setdefault(view.result.set, {}).update((each.picture.id, each.key) for each in view.worst)
    found: list[tuple[str, Sample]] = []
    unread: dict[str, str] = {}
    for name, wanted in keys.items():
        if not wanted:
            continue
        if open_set is None:
            unread[name] = "the data set is not at hand"
            continue
        try:
            samples = open_set(name).samples
        except UserError as error:
            unread[name] = error.lines[0]
        else:
            found += [(wanted[sample.id], sample) for sample in samples if sample.id in wanted]
    return found, unread


def _view(result: SetResult, results: Sequence[SetResult], folder: Path | None) -> SetView:
    severities, others = split_slices(result)
    clean = result.slice(result.clean) if result.clean else None
    problem, details = _details(result, folder)
    return SetView(
        result=result,
        state=_STATES[result.whole.met] if result.whole.demands else "",
        figures=(*_clean_figure(clean), *published_figures(result), *_shift_figure(result, results)),
        counted=counted_sentence(result),
        details=tuple(set_details(result, results, figures=False)),
        slices=tuple(
            SliceView(each, drop_of(each, result), _STATES[each.met] if each.demands else "") for each in others
        ),
        corruptions=tuple(_corruption(name, own, clean) for name, own in severities.items()),
        severities=tuple(_severities(name, own, result) for name, own in severities.items()),
        problem=problem,
        **_shown(result.set, details),
    )


def _clean_figure(clean: SetSlice | None) -> list[tuple[str, str]]:
    """Return the accuracy on the clean slice with its interval, as `published_figures` does; empty without."""
    if clean is None or clean.accuracy is None:
        return []
    bounds = "" if clean.low is None or clean.high is None else f"[{100 * clean.low:.1f}, {100 * clean.high:.1f}]"
    # A space in a number that does not break.
    return [(f"clean accuracy {100 * clean.accuracy:.1f}\N{NO-BREAK SPACE}%", bounds)]


def _shift_figure(result: SetResult, results: Sequence[SetResult]) -> list[tuple[str, str]]:
    shift = find_shift(result, results)
    return [] if shift is None else [(f"effective robustness {100 * shift.effective:+.1f}\N{NO-BREAK SPACE}points", "")]


def _severities(name: str, own: Mapping[int, SetSlice], result: SetResult) -> SeveritiesView:
    slices = tuple(own.get(severity) for severity in range(1, 6))
    rates = [each.accuracy for each in slices if each is not None and each.accuracy is not None]
    error = None
    if result.mce is not None and name in ALEXNET_ERRORS and len(rates) == len(slices):
        error = 100 * (1 - sum(rates) / len(rates)) / ALEXNET_ERRORS[name]
    return SeveritiesView(name, slices, error)


def _corruption(name: str, own: Mapping[int, SetSlice], clean: SetSlice | None) -> CorruptionView:
    found = [(0, clean), *sorted(own.items())]
    points = [
        (
            severity,
            each.accuracy,
            (each.low, each.high),
            f"{_place(severity)}: {each.correct:,} of {each.judged:,} correct",
        )
        for severity, each in found
        if each is not None and each.accuracy is not None
    ]
    demanded = [each.met for each in own.values() if each.demands]
    return curve_view(name, points, met=all(met is not False for met in demanded) if demanded else None)


def _place(severity: int) -> str:
    return f"severity {severity}" if severity else "clean"


def _details(result: SetResult, folder: Path | None) -> tuple[str, SetDetails | None]:
    """Return what the result files say beyond the record, or why they are not read."""
    if folder is None or not result.results:
        return "there are no result files", None
    # Imported here, because a report without data sets needs no pyarrow.
    from tierbench.runs.set_results import read_stored
    from tierbench.scoring.set_details import detail_set

    try:
        return "", detail_set(read_stored(folder / result.results).rows, worst=MOST_PICTURES)
    except UserError as error:
        return str(error), None


def _shown(name: str, details: SetDetails | None) -> dict[str, Any]:
    if details is None:
        return {}
    missed = [each for each in details.classes if each.accuracy is None or each.accuracy < 1]
    return {
        "classes": tuple(ClassView(each, class_text(each.label)) for each in missed[:MOST_CLASSES]),
        "confusions": tuple(
            (class_text(each.label), each.predicted, each.count) for each in details.confusions[:MOST_CONFUSIONS]
        ),
        "worst": tuple(PictureView(each, class_text(each.label), _key(name, each.id)) for each in details.worst),
        "classes_total": len(details.classes),
        "wrong": details.wrong,
    }


def _key(name: str, picture: str) -> str:
    text = f"{name}\0{picture}".encode("utf-8", "backslashreplace")
    return f"set-{hashlib.sha256(text).hexdigest()[:16]}"
