"""Lay out the slices of a data set for the terminal: by name, by severity; and its classes and worst pictures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import MET_MARKS, aligned, one_line
from tierbench.corruptions.names import ALL_CORRUPTIONS
from tierbench.scoring.class_map import class_text

if TYPE_CHECKING:
    from tierbench.scoring.set_details import SetDetails

# Maximum number of slices that the terminal lists; the report has all.
_MOST_SLICES = 40
# Number of classes, confusions and pictures of a set.
_MOST_DETAILS = 10
_HEAD = ("slice", "pictures", "errors", "unscored", "accuracy", "95 % interval", "drop", "ECE")
# Left out where no slice has any.
_RARE = ("unscored", "95 % interval", "drop", "ECE")


def interval_text(result: SetSlice) -> str:
    """Return `[0.512, 0.530]`, or `[no interval]` with too few groups."""
    if result.low is None or result.high is None:
        return "[no interval]"
    return f"[{result.low:.3f}, {result.high:.3f}]"


def split_slices(result: SetResult) -> tuple[dict[str, dict[int, SetSlice]], list[SetSlice]]:
    """Return the slices of corruptions, by name and severity, and the others."""
    severities: dict[str, dict[int, SetSlice]] = {}
    others = []
    for each in result.slices:
        name, plus, severity = each.slice.rpartition("+")
        if plus and severity.isdecimal() and len(severity) == 1:
            severities.setdefault(name, {})[int(severity)] = each
        else:
            others.append(each)
    # In the order of the literature; corruptions that it does not have come last.
    order = {name: index for index, name in enumerate(ALL_CORRUPTIONS)}
    return dict(sorted(severities.items(), key=lambda entry: order.get(entry[0], len(order)))), others


def drop_of(each: SetSlice, result: SetResult) -> float | None:
    """Return by how much the accuracy is below that of the clean slice; None where there is none to compare with."""
    clean = result.slice(result.clean) if result.clean else None
    if clean is None or clean is each or clean.accuracy is None or each.accuracy is None:
        return None
    return clean.accuracy - each.accuracy


def slice_table(slices: Sequence[SetSlice], result: SetResult) -> list[str]:
    """Return a table with a line for each of the given slices; of very many the worst."""
    if not slices:
        return []
    shown = sorted(slices, key=_accuracy)[:_MOST_SLICES] if len(slices) > _MOST_SLICES else slices
    rows = [_HEAD, *(_cells(each, result) for each in shown)]
    kept = [
        column for column in range(len(_HEAD)) if _HEAD[column] not in _RARE or any(row[column] for row in rows[1:])
    ]
    more = len(slices) - len(shown)
    lines = aligned([[row[column] for column in kept] for row in rows])
    return [*lines, *([f"the worst slices; {more} more are in the report"] if more else [])]


def _cells(each: SetSlice, result: SetResult) -> tuple[str, ...]:
    drop = drop_of(each, result)
    return (
        one_line(each.slice, 60) or "(none)",
        f"{each.total:,}",
        f"{each.errors:,}",
        f"{each.unscored:,}" if each.unscored else "",
        "" if each.accuracy is None else f"{each.accuracy:.4f}{MET_MARKS[each.met]}",
        interval_text(each),
        "" if drop is None else f"{drop:+.4f}",
        f"{each.metrics['ece']:.3f}" if "ece" in each.metrics else "",
    )


def _accuracy(each: SetSlice) -> float:
    return 2.0 if each.accuracy is None else each.accuracy


def _accuracy_cell(each: SetSlice | None) -> str:
    if each is None or each.accuracy is None:
        return "–"
    return f"{each.accuracy:.3f}{MET_MARKS[each.met]}"


def severity_table(severities: Mapping[str, Mapping[int, SetSlice]]) -> list[str]:
    """Return a table of the accuracy by corruption and severity; see `split_slices`."""
    if not severities:
        return []
    levels = sorted({level for own in severities.values() for level in own})
    rows = [["accuracy by severity", *map(str, levels)]]
    for name, own in severities.items():
        rows.append([one_line(name, 40), *(_accuracy_cell(own.get(level)) for level in levels)])
    return aligned(rows)


def detail_lines(details: SetDetails, *, every: bool = False) -> list[str]:
    """Return classes, confusions and worst pictures, each after an empty line.

    Args:
        details: of a set.
        every: whether to list all classes.
    """
    lines = [""]
    shown = [each for each in details.classes if every or each.accuracy is None or each.accuracy < 1]
    shown = shown if every else shown[:_MOST_DETAILS]
    if shown:
        rows = [("class, worst first", "correct", "accuracy", "95 % interval", "taken for")]
        for each in shown:
            bounds = "" if each.low is None or each.high is None else f"[{each.low:.2f}, {each.high:.2f}]"
            accuracy = "" if each.accuracy is None else f"{each.accuracy:.3f}"
            taken = f"{one_line(each.taken_for, 40)} {each.taken}" if each.taken else ""
            judged = each.total - each.unjudged
            rows.append((_class(each.label), f"{each.correct}/{judged}", accuracy, bounds, taken))
        lines += aligned(rows)
        more = len(details.classes) - len(shown)
        lines += [f"and {more:,} of {len(details.classes):,} classes more; --all lists them"] if more else []
    if details.confusions:
        rows_of = [("most confused", "as", "pictures")]
        rows_of += [
            (_class(each.label), one_line(each.predicted, 40), f"{each.count:,}")
            for each in details.confusions[:_MOST_DETAILS]
        ]
        lines += ["", *aligned(rows_of)]
    if details.worst:
        worst = [(f"worst of {details.wrong:,} wrong", "class", "seen as", "confidence")]
        worst += [
            (one_line(each.id, 60), _class(each.label), one_line(each.predicted, 40), f"{each.confidence:.3f}")
            for each in details.worst[:_MOST_DETAILS]
        ]
        lines += ["", *aligned(worst)]
    return lines


def _class(label: str) -> str:
    """Return a class, with its name where it is a WordNet id."""
    return one_line(class_text(label), 40)
