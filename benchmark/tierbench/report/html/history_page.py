"""Write `reports/index.html`: all runs with level, pass rates and flips, a trend chart per tier, and acceptances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path, write_atomically
from tierbench.common.schema import RunVerdict, TierResult
from tierbench.common.text import printable
from tierbench.report.history_text import accepted_text, distinct_times, flips_text, set_rates
from tierbench.report.html.history_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, make_charts
from tierbench.report.html.templating import render
from tierbench.report.metrics_text import metric_names
from tierbench.runs.acceptances import Accepted, read_acceptances
from tierbench.runs.history import History, HistoryEntry, read_history
from tierbench.runs.record import REPORT
from tierbench.runs.run_verdict import verdict_of
from tierbench.runs.trend import Series, make_series
from tierbench.scoring.figures import shown_metric

PAGE = "index.html"
# The page is written at the end of every run, so it must stay cheap: only the newest runs, and few points.
MOST_RUNS = 200
_MOST_POINTS = 60
_MOST_ACCEPTED = 50
# Identifies a page that tierbench wrote; no other file is overwritten.
_TITLE = b"<title>Robustness over time</title>"


@dataclass(frozen=True, slots=True)
class _Row:
    """A run in the page's table.

    Attributes:
        entry: the run.
        verdict: what came out of it.
        when: its start, as short as tells it from the other runs.
        link: address of its report, relative to the page; empty without a report.
        tiers: the tiers of each model, over all suites.
        accepted: what was accepted of it.
    """

    entry: HistoryEntry
    verdict: RunVerdict
    when: str
    link: str
    tiers: dict[str, list[_Tier]]
    accepted: tuple[Accepted, ...] = ()

    @property
    def said(self) -> str:
        """The sentence of the verdict without its state, which the page shows as a word of its own."""
        return self.verdict.sentence.partition(": ")[2] or self.verdict.sentence


@dataclass(frozen=True, slots=True)
class _Tier:
    """A tier of a model over all suites: cases that passed, judged cases, all cases, and whether each demand is met."""

    number: int
    passed: int
    total: int
    size: int
    met: bool | None


def write_page(reports: Path) -> Path:
    """Write `index.html` from the runs of the folder, and return its path.

    Raises:
        UserError: if it cannot be written, or a file of that name exists that tierbench did not write.
    """
    file = reports / PAGE
    try:
        if file.exists() and _TITLE not in file.read_bytes()[:2000]:
            raise UserError(f"{shown_path(file)}: exists and was not written by tierbench; it is not overwritten")
        # A record edited by hand may contain lone surrogates, which UTF-8 cannot encode.
        write_atomically(file, printable(history_page(reports, read_history(reports))))
    except OSError as error:
        raise UserError(f"{shown_path(file)}: cannot be written: {error.strerror}") from error
    return file


def history_page(reports: Path, history: History) -> str:
    """Return the page as HTML.

    Args:
        reports: the folder of the page.
        history: the runs of the folder.
    """
    entries = history.entries
    shown = entries[-MOST_RUNS:]
    times = distinct_times([entry.run.started for entry in shown])
    accepted = read_acceptances(reports)
    newest = [_row(reports, entry, when, accepted) for entry, when in zip(shown, times, strict=True)][::-1]
    return render(
        "history.html.jinja",
        rows=newest,
        total=len(entries),
        stopped=sum(not entry.run.complete for entry in entries),
        charts=make_charts(make_series(entries, _MOST_POINTS)),
        accepted=[(each, accepted_text(each)) for each in accepted[: -_MOST_ACCEPTED - 1 : -1]],
        accepted_total=len(accepted),
        links={row.entry.folder: row.link for row in newest},
        several_models=len({model.name for entry in entries for model in entry.run.models}) > 1,
        problems=history.problems,
        flips_text=flips_text,
        set_rates=set_rates,
        metrics=_metrics(make_series(entries, _MOST_POINTS)),
        box={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
    )


def _metrics(series: Sequence[Series]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of the metrics, and a row per series: suite, tier, model, and the latest values."""
    names = metric_names(each.points[-1].tier.metrics for each in series)
    rows = [
        (
            each.suite,
            f"{each.tier} {each.name}".rstrip(),
            each.model,
            *(shown_metric(name, each.points[-1].tier.metrics.get(name)) for name in names),
        )
        for each in series
    ]
    return names, rows if names else []


def _row(reports: Path, entry: HistoryEntry, when: str, accepted: Sequence[Accepted]) -> _Row:
    run = entry.run
    has_report = (reports / entry.folder / REPORT).is_file()
    link = f"{quote(entry.folder)}/{REPORT}" if has_report else ""
    tiers = {model.name: _tiers(run.tiers, model.name) for model in run.models}
    own = tuple(each for each in accepted if each.acceptance.run == entry.folder)
    return _Row(entry, verdict_of(run), when, link, tiers, own)


def _tiers(results: Sequence[TierResult], model: str) -> list[_Tier]:
    own = [tier for tier in results if tier.model == model]
    found = []
    for number in sorted({tier.tier for tier in own}):
        same = [tier for tier in own if tier.tier == number]
        met = [tier.met for tier in same]
        passed, total, size = (sum(map(attrgetter(name), same)) for name in ("passed", "total", "size"))
        found.append(_Tier(number, passed, total, size, False if False in met else None if None in met else True))
    return found
