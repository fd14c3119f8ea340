"""Render the overview above pytest-html's table from the record of a run, and choose the rows of the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tierbench.common.schema import Rows, Run
from tierbench.report.html import sample
from tierbench.report.html.charts import STRIP_HEIGHT, place
from tierbench.report.html.contents import with_contents
from tierbench.report.html.gallery import write_gallery
from tierbench.report.html.ladder_chart import CURVE_HEIGHT, CURVE_WIDTH, curve_height
from tierbench.report.html.model_comparison import model_comparison_view
from tierbench.report.html.page import build_page
from tierbench.report.html.picture_store import PictureStore
from tierbench.report.html.reference import ReferenceView, reference_view
from tierbench.report.html.rows import CaseView, concepts_by_label, picture_key
from tierbench.report.html.sets import OpenSet, set_views, worst_samples
from tierbench.report.html.standouts import standouts_views
from tierbench.report.html.sweeps import HEIGHT as SWEEP_HEIGHT
from tierbench.report.html.sweeps import WIDTH as SWEEP_WIDTH
from tierbench.report.html.templating import macros, render
from tierbench.report.html.thumbnails import Shown, make_pictures
from tierbench.suites.case import Case, Suite

_MOST_MISSED = 24
_MOST_TILES = 12
_FLIPS = ("regressed", "fixed")
_MISSES = ("error", "failed", "xfailed")
_NAME = "report.html"


@dataclass(frozen=True)
class ReportParts:
    """The data that the report is rendered from.

    Attributes:
        run, rows: the record.
        views: the view of each row.
        suites: the suites that were run.
        cases: every case by `suite/id`, including derived ones.
        cards: the model cards by model; empty if unknown.
        links: whether any row has links from another plugin.
        folder: of the run, in which the result files of data sets are; None: without these.
        open_set: returns a data set of the run by its name; None: the worst pictures have no image.
        pictures: keeps reduced pictures between runs; None: they are made anew.
        explained: what was explained and what was not, a line each.
    """

    run: Run
    rows: Rows
    views: Sequence[CaseView]
    suites: Sequence[Suite]
    cases: Mapping[str, Case]
    cards: Mapping[str, Mapping[str, Any]]
    links: bool = False
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
        html: the overview.
        kept: node ids of the rows to keep in the table.
    """

    title: str
    html: str
    kept: frozenset[str]


def render_report(parts: ReportParts, file: Path | None) -> Overview:
    """Render the overview; if the table cannot hold all rows, write the gallery beside the report.

    Args:
        parts: the data.
        file: path of the report; None: no gallery is written.
    """
    run, rows, views = parts.run, parts.rows, parts.views
    page = build_page(run, rows, parts.suites, parts.cards)
    kinds = ["flip" if view.change in _FLIPS else view.outcome for view in views]
    kept = [views[index] for index in sorted(sample.kept_rows(kinds, sample.MOST_ROWS))]
    pictured = {view.picture: case for view in reversed(views) if (case := parts.cases.get(view.key)) is not None}
    gallery = _write_gallery(file, page.title, parts, pictured) if file and len(kept) < len(views) else ""
    # The misses of a sweep are shown as curves.
    missed = [
        view for view in views if view.outcome in _MISSES and (view.tier is not None or view.ladder or view.absent)
    ]
    missed.sort(key=lambda view: (view.tier or 0, view.score or 0.0))
    in_table = frozenset(view.nodeid for view in kept)
    pictures = [(view.picture, pictured[view.picture]) for view in kept if view.picture in pictured]
    references = [reference_view(each, views, in_table, _MOST_MISSED) for each in run.references]
    sets = set_views(run, parts.folder)
    shown: list[tuple[str, Shown]] = [*pictures, *_flipped(parts, references), *_ladder_steps(parts)]
    shown += worst_samples(sets, parts.open_set) if parts.open_set else ()
    # Without tiers there is nothing to rank: of data sets the cards on top have the figures.
    ranked = parts.several and bool(run.tiers or not run.sets)
    flips = _flips(kept)
    html = render(
        "page.html.jinja",
        page=page,
        hidden=_empty_columns(parts, kept),
        pictures=make_pictures(shown, parts.pictures),
        sets=sets,
        details=_details(parts, kept),
        missed=[view for view in missed if view.nodeid in in_table][:_MOST_TILES],
        missed_total=len(missed),
        model_comparison=model_comparison_view(run, rows, views, in_table, _MOST_TILES) if ranked else None,
        flips=flips,
        counting_by_suite=_counting(parts, flips),
        references=references,
        standouts=standouts_views(run.standouts),
        most_flips=_MOST_MISSED,
        several=parts.several,
        gallery=gallery,
        explained=parts.explained,
        kept=len(kept),
        total=len(views),
        place=place,
        strip_height=STRIP_HEIGHT,
        curve_width=CURVE_WIDTH,
        curve_height_all=CURVE_HEIGHT,
        curve_height=curve_height,
        sweep_width=SWEEP_WIDTH,
        sweep_height=SWEEP_HEIGHT,
    )
    return Overview(page.title, with_contents(html), in_table)


def report_alone(run: Run, folder: Path) -> str:
    """Return the report of a run without a case as a page of its own, made without pytest-html.

    Args:
        run: the record.
        folder: of the run, in which the result files of its data sets are.
    """
    made = render_report(ReportParts(run, (), (), (), {}, {}, folder=folder), None)
    # It was rendered by our own templates, which escape.
    return render("alone.html.jinja", title=made.title, overview=Markup(made.html))  # noqa: S704


def _write_gallery(file: Path, title: str, parts: ReportParts, pictured: Mapping[str, Case]) -> str:
    """Write the gallery beside the report; return its file name."""
    page = file.with_name("gallery.html" if file.name == _NAME else f"{file.stem}-gallery.html")
    write_gallery(page, title, parts.views, pictured, file.name, parts.pictures)
    return page.name


def _flipped(parts: ReportParts, references: Iterable[ReferenceView]) -> list[tuple[str, Case]]:
    """Return the pictures of the flips against the reference model, whose cases may have no row in the table."""
    shown = (each for view in references for _, flips, _ in view.groups for each in flips)
    return [(each.picture, parts.cases[each.flip.key]) for each in shown if each.flip.key in parts.cases]


def _ladder_steps(parts: ReportParts) -> list[tuple[str, Case]]:
    """Return the pictures of the ladders' steps, which have no row in the table."""
    cases = [(row, parts.cases.get(row.key)) for row in parts.rows]
    return [(picture_key(row), case) for row, case in cases if case is not None and case.ladder]


def _details(parts: ReportParts, kept: Iterable[CaseView]) -> Iterator[tuple[int, str]]:
    """Yield the index and the HTML of the details of each row."""
    suites = {suite.name: suite for suite in parts.suites}
    concepts = _counting(parts, kept)
    by_case: dict[str, list[CaseView]] = {}
    for view in parts.views:
        by_case.setdefault(view.key, []).append(view)
    make = macros("detail.html.jinja").detail
    for view in kept:
        suite = suites.get(view.suite)
        published = concepts_by_label(suite, [label for model in view.published for label, _ in model.top])
        others = [other for other in by_case[view.key] if other is not view]
        counting = concepts[view.suite, view.model]
        yield view.index, str(make(view, counting, published, parts.several, others))


def _counting(parts: ReportParts, views: Iterable[CaseView]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the concept that each label of a model counts as, by suite and model of the views."""
    suites = {suite.name: suite for suite in parts.suites}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for view in views:
        key = (view.suite, view.model)
        if key not in found:
            labels = parts.cards.get(view.model, {}).get("labels") or [label for label, _ in view.top]
            found[key] = concepts_by_label(suites.get(view.suite), [str(label) for label in labels])
    return found


def _empty_columns(parts: ReportParts, kept: Sequence[CaseView]) -> list[str]:
    empty = [] if any(view.change for view in kept) else ["change"]
    return empty if parts.links else [*empty, "links"]


def _flips(views: Iterable[CaseView]) -> list[CaseView]:
    """Return the regressed cases, the largest drop first, then the fixed ones."""
    flips = [view for view in views if view.change in _FLIPS]
    return sorted(flips, key=lambda view: (view.change == "fixed", (view.score or 0.0) - (view.baseline_score or 0.0)))
