"""Format the history for the terminal: a line per suite, tier, model and data set, the last runs, what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tierbench.common.schema import ModelEntry, Run, SetResult
from tierbench.common.text import MET_MARKS, aligned, listed, one_line, plural
from tierbench.report.metrics_text import metric_names
from tierbench.runs.acceptances import Accepted
from tierbench.runs.history import HistoryEntry
from tierbench.runs.run_verdict import verdict_of
from tierbench.runs.trend import Series, TrendPoint, make_series
from tierbench.scoring.figures import shown_metric

_BLOCKS = "▁▂▃▄▅▆▇█"


def history_lines(entries: Sequence[HistoryEntry], last: int, accepted: Sequence[Accepted] = ()) -> list[str]:
    """Return the trend of every suite, tier, model and data set, the last runs, and what was accepted.

    Args:
        entries: the runs, oldest first; at least one.
        last: maximum number of runs, and of acceptances, to show.
        accepted: what was accepted into baselines, oldest first.
    """
    stopped = sum(not entry.run.complete for entry in entries)
    when = f"{day(entries[0].run.started)} to {day(entries[-1].run.started)}"
    lines = [f"{plural(len(entries), 'run')}, {when}" + (f", {stopped} not complete" if stopped else ""), ""]
    series = make_series(entries, last)
    if series:
        head = ("suite", "tier", "model", "pass rate, oldest first", "now", "before", "mean score", "last change")
        lines += [*aligned([head, *map(_series_cells, series)]), ""]
    lines += _metric_lines(series)
    lines += _set_lines(entries, last)
    runs = [_run_cells(entry, model) for entry in entries[-last:] for model in entry.run.models]
    table = [("started", "run", "model", "level", "against the baseline", "data sets", "verdict"), *runs]
    kept = [column for column in range(len(table[0])) if column != 5 or any(row[column] for row in runs)]
    lines += aligned([[row[column] for column in kept] for row in table])
    if accepted:
        lines += [
            "",
            *aligned(
                [("accepted", "model", "by", "rows", "run", "what", "note"), *map(_accepted_cells, accepted[-last:])]
            ),
        ]
    return lines


def _accepted_cells(each: Accepted) -> tuple[str, ...]:
    one = each.acceptance
    return (
        one_line(one.on[:16].replace("T", " "), 16),
        one_line(each.model, 40),
        one_line(one.by, 40),
        str(one.changed),
        one_line(one.run, 60),
        accepted_text(each),
        one_line(one.note, 300),
    )


def accepted_text(each: Accepted) -> str:
    """Return which cases of a run were accepted: all of them, or those that were chosen."""
    return listed(each.acceptance.cases, 3) if each.acceptance.cases else "all of the run"


def day(started: str) -> str:
    """Return the date of a UTC timestamp."""
    return one_line(started[:10], 10)


def distinct_times(started: Sequence[str]) -> list[str]:
    """Return UTC timestamps as a date, with the time of day, to the second if needed, where runs share a day."""
    texts = [time[:19].replace("T", " ") for time in started]
    lengths = (10, 16)
    counts = {length: Counter(text[:length] for text in texts) for length in lengths}
    return [next((text[:n] for n in lengths if counts[n][text[:n]] == 1), text) for text in texts]


def _series_cells(series: Series) -> tuple[str, ...]:
    points = series.points
    now = points[-1].tier
    before = f"{points[-2].tier.passed}/{points[-2].tier.total}" if len(points) > 1 else ""
    return (
        one_line(series.suite, 40),
        f"{series.tier} {one_line(series.name, 20)}".rstrip(),
        one_line(series.model, 40),
        "".join(block(point.tier.rate) for point in points),
        f"{now.passed}/{now.total}" + MET_MARKS[now.met],
        before,
        "" if now.mean_score is None else f"{now.mean_score:.3f}",
        last_change(points),
    )


def _metric_lines(series: Sequence[Series]) -> list[str]:
    """Return a table of the current metrics, with the previous value where it differs; ends with an empty line."""
    names = metric_names(each.points[-1].tier.metrics for each in series)
    if not names:
        return []
    rows = [("suite", "tier", "model", *(one_line(name, 30) for name in names))]
    for each in series:
        now = each.points[-1].tier.metrics
        before = each.points[-2].tier.metrics if len(each.points) > 1 else {}
        figures = [_moved(shown_metric(name, before.get(name)), shown_metric(name, now.get(name))) for name in names]
        tier = f"{each.tier} {one_line(each.name, 20)}".rstrip()
        rows.append((one_line(each.suite, 40), tier, one_line(each.model, 40), *figures))
    return [*aligned(rows), ""]


def _set_lines(entries: Sequence[HistoryEntry], last: int) -> list[str]:
    """Return a table with the accuracies of each data set and model over time; ends with an empty line.

    Only runs of the whole set count, and only those of the same pictures as now.
    """
    found: dict[tuple[str, str], list[SetResult]] = {}
    for entry in entries:
        for result in entry.run.sets:
            if result.complete and result.accuracy is not None:
                found.setdefault((result.set, result.model), []).append(result)
    if not found:
        return []
    rows = [("data set", "model", "accuracy, oldest first", "now", "before", "mCE", "mean error")]
    for (name, model), results in found.items():
        now = results[-1]
        same = [each for each in results if each.digest == now.digest][-last:]
        rows.append(
            (
                one_line(name, 40),
                one_line(model, 40),
                "".join(block(each.accuracy or 0.0) for each in same),
                f"{now.accuracy or 0.0:.4f}{MET_MARKS[now.whole.met]}",
                f"{same[-2].accuracy or 0.0:.4f}" if len(same) > 1 else "",
                "" if now.mce is None else f"{now.mce:.1f}",
                "" if now.mean_error is None else f"{now.mean_error:.3f}",
            )
        )
    kept = [column for column in range(len(rows[0])) if column < 5 or any(row[column] for row in rows[1:])]
    return [*aligned([[row[column] for column in kept] for row in rows]), ""]


def set_rates(run: Run, model: str) -> list[tuple[str, str]]:
    """Return name and accuracy of each data set that a model was run on; with what part of the set, if not all."""
    found = []
    for result in run.sets:
        if result.model == model and result.accuracy is not None:
            part = "" if result.complete else f" ({result.whole.total:,} of {result.size:,} pictures)"
            found.append((result.set, f"{result.accuracy:.4f}{MET_MARKS[result.whole.met]}{part}"))
    return found


def _moved(before: str, now: str) -> str:
    return now if not before or before == now else f"{before} → {now}"


def block(rate: float) -> str:
    """Return a block character for a rate in [0, 1]; only 1 is the full block, only 0 the lowest."""
    if rate <= 0:
        return _BLOCKS[0]
    return _BLOCKS[-1] if rate >= 1 else _BLOCKS[1 + min(5, int(rate * 6))]


def last_change(points: Sequence[TrendPoint]) -> str:
    """Return when the pass rate last changed and what else was new in that run; empty if it never changed."""
    for before, after in zip(reversed(points[:-1]), reversed(points[1:]), strict=True):
        if (before.tier.passed, before.tier.total) != (after.tier.passed, after.tier.total):
            counts = [f"{point.tier.passed}/{point.tier.total}" for point in (before, after)]
            possible = (("new weights", after.new_weights), ("suite changed", after.new_suite))
            news = [text for text, new in possible if new]
            return f"{day(after.started)}: {' → '.join(counts)}" + (f" ({', '.join(news)})" if news else "")
    return ""


def flips_text(run: Run, model: str) -> str:
    """Return the numbers of flips of a model against its baseline."""
    flips = run.comparison(model)
    if flips is None:
        return "no baseline"
    counts = [f"{count} {kind}" for kind, count in (("regressed", flips.regressed), ("fixed", flips.fixed)) if count]
    return ", ".join(counts) or "no flips"


def _run_cells(entry: HistoryEntry, model: ModelEntry) -> tuple[str, ...]:
    run = entry.run
    state = "" if run.complete else " (not complete)"
    return (
        one_line(run.started[:16].replace("T", " "), 16),
        one_line(entry.folder, 60),
        one_line(model.name, 40),
        one_line(model.level_text, 80) + state,
        flips_text(run, model.name),
        ", ".join(f"{one_line(name, 40)} {rate}" for name, rate in set_rates(run, model.name)),
        # That of the run, beside its first model.
        one_line(verdict_of(run).sentence, 160) if model == run.models[0] else "",
    )
