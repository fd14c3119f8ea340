"""Render the report above pytest-html's table from the record of a run: the overview and the browser of cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tierbench.common.schema import Rows, Run
from tierbench.report.html.browser import BrowserData, Concepts
from tierbench.report.html.charts import STRIP_HEIGHT, place
from tierbench.report.html.contents import with_contents
from tierbench.report.html.ladder_chart import CURVE_HEIGHT, CURVE_WIDTH, curve_height
from tierbench.report.html.model_comparison import model_comparison_view
from tierbench.report.html.page import build_page
from tierbench.report.html.page_pictures import page_pictures
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.recorded_sets import recorded_sets
from tierbench.report.html.reference import ReferenceView, reference_view
from tierbench.report.html.rows import CaseView
from tierbench.report.html.sets import OpenSet, set_views, worst_samples
from tierbench.report.html.standouts import standouts_views
from tierbench.report.html.sweeps import HEIGHT as SWEEP_HEIGHT
from tierbench.report.html.sweeps import WIDTH as SWEEP_WIDTH
from tierbench.report.html.templating import render
from tierbench.report.html.thumbnails import Kept, Shown
from tierbench.suites.case import Case, Suite

_MOST_MISSED = 24
_MOST_TILES = 12
_FLIPS = ("regressed", "fixed")
_MISSES = ("error", "failed", "xfailed")
# Where the data of the browser goes: each step with it would copy most of the page.
CASES = "<!--tb-cases-->"


@dataclass(frozen=True)
class ReportParts:
    """The data that the report is rendered from.

    Attributes:
        run, rows: the record.
        views: the view of each case that is a test; read once, one after the other.
        steps: the view of each step of a ladder, which is no test.
        suites: the suites that were run.
        cases: every case by `suite/id`, including derived ones.
        cards: the model cards by model; empty if unknown.
        hidden: names of the columns of pytest-html's table in which no row has anything to say.
        folder: of the run, in which the result files of data sets are; None: without these.
        open_set: returns a data set of the run by its name; None: none is there, and the worst pictures have no image.
        pictures: keeps reduced pictures between runs; None: they are made anew.
        explained: what was explained and what was not, a line each.
    """

    run: Run
    rows: Rows
    views: Iterable[CaseView]
    suites: Sequence[Suite]
    cases: Mapping[str, Case]
    cards: Mapping[str, Mapping[str, Any]]
    steps: Sequence[CaseView] = ()
    hidden: Sequence[str] = ()
    folder: Path | None = None
    open_set: OpenSet | None = None
    pictures: PictureStore | None = None
    explained: Sequence[str] = ()

    @property
    def several(self) -> bool:
        """Whether rows must name their model."""
        return len(self.run.models) > 1


@dataclass(frozen=True)
class Overview:
    """The rendered part of the report above the table.

    Attributes:
        title: title of the page.
        frame: the overview and the browser of cases, with `CASES` where the data of the browser goes.
        data: that data, which can be most of the page.
    """

    title: str
    frame: str
    data: str

    @property
    def html(self) -> str:
        """The whole: overview, browser and data."""
        before, _, after = self.frame.partition(CASES)
        return f"{before}{self.data}{after}"


def render_report(parts: ReportParts, file: Path | None) -> Overview:
    """Render the overview and the browser of cases; pictures that are too many for a page are written beside it.

    Args:
        parts: the data.
        file: path of the report; None: all pictures are inside.
    """
    run, rows = parts.run, parts.rows
    page = build_page(run, rows, parts.suites, parts.cards)
    references = [reference_view(each, _MOST_MISSED) for each in run.references]
    sets = set_views(run, parts.folder)
    # Without tiers there is nothing to rank: of data sets the cards on top have the figures.
    ranked = parts.several and bool(run.tiers or not run.sets)
    concepts = Concepts(parts.suites, parts.cards)
    models = [model.name for model in page.models]
    seen = _pass_over(parts, concepts, models, keep_all=ranked)
    kept, shown = seen.kept, seen.shown + _flipped(parts, references)
    samples, unread = worst_samples(sets, parts.open_set)
    shown += samples
    # The misses of a sweep are shown as curves.
    missed = [
        view for view in kept if view.outcome in _MISSES and (view.tier is not None or view.ladder or view.absent)
    ]
    missed.sort(key=lambda view: (view.tier or 0, view.score or 0.0))
    flips = _flips(kept)
    html = render(
        "page.html.jinja",
        page=page,
        hidden=parts.hidden,
        pictures=page_pictures(shown, seen.data, cases=seen.cases, file=file, kept=Kept(parts.pictures, seen.digests)),
        sets=sets,
        unread_sets=unread,
        cases=Markup(CASES),  # noqa: S704 # ours
        missed=missed[:_MOST_TILES],
        missed_total=len(missed),
        model_comparison=model_comparison_view(run, rows, kept, _MOST_TILES) if ranked else None,
        flips=flips,
        counting_by_suite={(view.suite, view.model): concepts.of(view) for view in flips},
        references=references,
        standouts=standouts_views(run.standouts),
        most_flips=_MOST_MISSED,
        several=parts.several,
        explained=parts.explained,
        explanations=[view for view in kept if view.explanation],
        total=seen.total,
        place=place,
        strip_height=STRIP_HEIGHT,
        curve_width=CURVE_WIDTH,
        curve_height_all=CURVE_HEIGHT,
        curve_height=curve_height,
        sweep_width=SWEEP_WIDTH,
        sweep_height=SWEEP_HEIGHT,
    )
    return Overview(page.title, with_contents(html), seen.data)


@dataclass(frozen=True)
class _Seen:
    """What one pass over the views of a run leaves.

    Attributes:
        data: of the browser of cases.
        shown: the key of each picture, and what it shows.
        digests: the SHA-256 of the files of pictures, by key, as the model saw them.
        kept: the views that the overview may show.
        cases: number of cases.
        total: number of views, those of steps of ladders included.
    """

    data: str
    shown: list[tuple[str, Shown]]
    digests: dict[str, str]
    kept: list[CaseView]
    cases: int
    total: int


def _pass_over(parts: ReportParts, concepts: Concepts, models: Sequence[str], *, keep_all: bool) -> _Seen:
    """Read the views once, one after the other: all at once they would be .4 GB of 100,000 cases.

    Args:
        parts: the data.
        concepts: what the labels count as.
        models: names of the models, best first.
        keep_all: whether the overview may show any view.
    """
    browser, cases, total = BrowserData(concepts), set[str](), 0
    shown, digests, kept = list[tuple[str, Shown]](), dict[str, str](), list[CaseView]()
    # They have no row of their own.
    twins = {suite.name: suite.twins for suite in parts.suites}
    for view, is_test in chain(zip(parts.views, repeat(True)), zip(parts.steps, repeat(False))):
        browser.add(view)
        total += 1
        if view.key in parts.cases:
            shown.append((view.picture, parts.cases[view.key]))
            digests[view.picture] = view.image_sha256
        if view.twin and (twin := twins.get(view.suite, {}).get(view.twin.case)):
            shown.append((view.twin.picture, twin))
        if is_test:
            cases.add(view.key)
            if keep_all or view.outcome in _MISSES or view.change in _FLIPS or view.explanation:
                kept.append(view)
    data = browser.script(run=parts.folder.name if parts.folder else "last", models=models)
    return _Seen(data, shown, digests, kept, len(cases), total)


def report_alone(run: Run, folder: Path) -> str:
    """Return the report of a run without a case as a page of its own, made without pytest-html.

    Pictures of its data sets are shown where these can still be read, from the current folder.

    Args:
        run: the record.
        folder: of the run, in which the result files of its data sets are.
    """
    open_set = recorded_sets(run.sets, Path.cwd())
    made = render_report(ReportParts(run, (), (), (), {}, {}, folder=folder, open_set=open_set), None)
    # It was rendered by our own templates, which escape.
    return render("alone.html.jinja", title=made.title, overview=Markup(made.html))  # noqa: S704


def _flipped(parts: ReportParts, references: Iterable[ReferenceView]) -> list[tuple[str, Case]]:
    """Return the pictures of the flips against the reference model, whose cases may be no tests of this run."""
    shown = (each for view in references for _, flips, _ in view.groups for each in flips)
    return [(each.picture, parts.cases[each.flip.key]) for each in shown if each.flip.key in parts.cases]


def _flips(views: Iterable[CaseView]) -> list[CaseView]:
    """Return the regressed cases, the largest drop first, then the fixed ones."""
    flips = [view for view in views if view.change in _FLIPS]
    return sorted(flips, key=lambda view: (view.change == "fixed", (view.score or 0.0) - (view.baseline_score or 0.0)))
