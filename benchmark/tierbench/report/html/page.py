"""Build the view of the overview above the table of cases: verdict, level, tiers, ladders, confusion. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierbench.common.schema import (
    AbsenceResult,
    ModelEntry,
    Rows,
    Run,
    RunVerdict,
    TierResult,
)
from tierbench.common.text import duration, one_line
from tierbench.report.html.card import CardView, card_view
from tierbench.report.html.changes import ChangeView, change_view
from tierbench.report.html.charts import Strip, strip
from tierbench.report.html.confusion import Confusion, confusion
from tierbench.report.html.ladders import LadderView, ladder_view
from tierbench.report.html.metrics import MetricsView, metrics_view
from tierbench.report.html.sweeps import SweepView, sweep_view
from tierbench.report.html.templating import percent
from tierbench.report.metrics_text import calibration
from tierbench.report.notices_text import issue_lines, missing_lines
from tierbench.report.summary_text import prediction_lines
from tierbench.runs.run_verdict import verdict_of
from tierbench.scoring.absence import absence_sentence, is_false_alarm
from tierbench.scoring.leaderboard import rank_models
from tierbench.suites.case import Suite

_STATES = {True: "met", False: "missed", None: "open"}


@dataclass(frozen=True, slots=True)
class TierView:
    """One tier of a suite under one model: its result and the distribution of its scores."""

    result: TierResult
    scores: Strip

    @property
    def state(self) -> str:
        """`met`, `missed` or `open`."""
        return _STATES[self.result.met]

    @property
    def calibration(self) -> list[tuple[str, str]]:
        """See `tierbench.report.metrics_text.calibration`."""
        return calibration(self.result)


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """The false alarms of a suite under one model: `met`, `missed` or `open`, and a sentence."""

    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SuiteView:
    """One suite under one model."""

    name: str
    description: str
    tiers: tuple[TierView, ...]
    confusion: Confusion | None
    ladders: tuple[LadderView, ...]
    sweep: SweepView | None
    metrics: MetricsView | None
    absence: AbsenceView | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One tier over all suites: a step towards the level."""

    tier: int
    name: str
    state: str
    passed: int
    total: int


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model: its level and the tiers behind it, its suites, its card."""

    name: str
    spec: str
    level: int | None
    of: int
    note: str
    sentence: str
    stages: tuple[Stage, ...]
    suites: tuple[SuiteView, ...]
    card: CardView | None

    @property
    def headline(self) -> str:
        """The level in words: `level 1 of 3`."""
        text = f"level {self.level} of {self.of}"
        return text if self.level is not None else "level not determined" if self.stages else "no tiers"


@dataclass(frozen=True, slots=True)
class Page:
    """The overview above the table.

    Attributes:
        facts: name and text of each fact about the run.
        models: the models, best first.
        counts: number of cases by outcome, over all models.
        changes: comparisons with the baselines; empty without a baseline.
        notices: what the run lacks, and known issues that pass now; a sentence each.
    """

    title: str
    verdict: RunVerdict
    facts: tuple[tuple[str, str], ...]
    models: tuple[ModelView, ...]
    counts: Mapping[str, int]
    changes: tuple[ChangeView, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def has_tiers(self) -> bool:
        """Whether any suite has a tier, or absence cases, that were judged."""
        return any(suite.tiers or suite.absence for model in self.models for suite in model.suites)

    @property
    def curves_title(self) -> str:
        """Title of the section of curves: what of ladders and sweeps there is; empty without any."""
        suites = [suite for model in self.models for suite in model.suites]
        ladders, sweeps = any(suite.ladders for suite in suites), any(suite.sweep for suite in suites)
        return " and ".join([*(["ladders"] if ladders else []), *(["corruptions"] if sweeps else [])]).capitalize()


def build_page(
    run: Run,
    rows: Rows,
    suites: Sequence[Suite],
    cards: Mapping[str, Mapping[str, Any] | None],
) -> Page:
    """Build the overview of a run.

    Args:
        run: the run.
        rows: the rows of all models.
        suites: the suites that were run.
        cards: the model cards by model.
    """
    found = {model.name: _model(model, run, rows, suites, cards.get(model.name)) for model in run.models}
    models = tuple(found[standing.name] for standing in rank_models(run.models, run.tiers))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
    changes = tuple(change_view(comparison, run) for comparison in run.comparisons)
    notices = (*missing_lines(run, limit=100), *issue_lines(rows))
    return Page(_title(models), verdict_of(run, rows), _run_facts(run, rows), models, counts, changes, notices)


def _title(models: Sequence[ModelView]) -> str:
    parts = ["tierbench"] + [f"{one_line(model.name, 60)}: {model.headline}" for model in models[:3]]
    return " · ".join(parts) + (f" and {len(models) - 3} more" if len(models) > 3 else "")


def _run_facts(run: Run, rows: Rows) -> tuple[tuple[str, str], ...]:
    devices = dict.fromkeys(model.device or run.device for model in run.models)
    names = ("tierbench", "pytest", "torch", "transformers", "pillow", "python")
    facts = [
        ("date", run.started.replace("T", " ").replace("Z", " UTC")),
        ("suites", ", ".join(dict.fromkeys(row.suite for row in rows))),
        ("device", f"{', '.join(devices)}, {run.dtype}"),
        ("duration", duration(run.duration_s)),
        ("prediction", ", ".join(line.partition(": ")[2] for line in prediction_lines(run.models))),
        ("commit", run.git_commit[:12]),
        ("versions", ", ".join(f"{name} {run.versions[name]}" for name in names if name in run.versions)),
        ("command", " ".join(run.command)),
    ]
    return tuple((name, text) for name, text in facts if text)


def _model(
    model: ModelEntry, run: Run, rows: Rows, suites: Sequence[Suite], card: Mapping[str, Any] | None
) -> ModelView:
    name = model.name
    own = [row for row in rows if row.model == name]
    tiers = [tier for tier in run.tiers if tier.model == name]
    views = [_suite(suite, name, run, own) for suite in suites]
    stages = tuple(_stages(tiers, suites))
    return ModelView(
        name=name,
        spec=model.spec,
        level=model.level,
        of=model.of,
        note=model.note,
        sentence=_sentence(model.level, stages, tiers),
        stages=stages,
        suites=tuple(view for view in views if view.tiers or view.ladders or view.sweep or view.absence),
        card=card_view(card) if card else None,
    )


def _suite(suite: Suite, model: str, run: Run, rows: Rows) -> SuiteView:
    about = (suite.name, model)
    tiers = [tier for tier in run.tiers if (tier.suite, tier.model) == about]
    cases = {case.id: case for case in suite.cases}
    own = [row for row in rows if row.suite == suite.name]

    def scores(tier: int) -> Strip:
        judged = [row for row in own if row.tier == tier]
        scored = [(row.case, row.score, row.passed) for row in judged if row.score is not None]
        required = {cases[name].thresholds.min_score for name, *_ in scored if name in cases}
        # A minimum of 0 demands nothing.
        return strip(scored, sorted(required - {0.0}))

    return SuiteView(
        name=suite.name,
        description=suite.description,
        tiers=tuple(TierView(tier, scores(tier.tier)) for tier in tiers),
        confusion=confusion(row for row in own if row.tier is not None),
        ladders=tuple(ladder_view(suite, each, own) for each in run.ladders if (each.suite, each.model) == about),
        sweep=sweep_view(suite.name, model, run, rows),
        metrics=metrics_view(suite.name, model, run, tiers),
        absence=next((_absence(each, own) for each in run.absences if (each.suite, each.model) == about), None),
    )


def _absence(result: AbsenceResult, rows: Rows) -> AbsenceView:
    alarms = [row.case for row in rows if row.absent and is_false_alarm(row)]
    return AbsenceView(_STATES[result.met], absence_sentence(result, alarms))


def _stages(tiers: Sequence[TierResult], suites: Sequence[Suite]) -> Iterable[Stage]:
    for number in sorted({number for suite in suites for number in suite.by_tier}):
        results = [tier for tier in tiers if tier.tier == number]
        wanted = sum(number in suite.by_tier for suite in suites)
        names = dict.fromkeys(tier.name for tier in results if tier.name)
        if any(tier.met is False for tier in results):
            state = "missed"
        elif len(results) == wanted and all(tier.met for tier in results):
            state = "met"
        else:
            state = "open"
        # Suites may name their tiers differently: show a name only where they agree.
        name = next(iter(names)) if len(names) == 1 else ""
        yield Stage(number, name, state, sum(tier.passed for tier in results), sum(tier.total for tier in results))


def _sentence(level: int | None, stages: Sequence[Stage], tiers: Sequence[TierResult]) -> str:
    """Return in words what keeps the model from the next level."""
    first = next((stage for stage in stages if stage.state != "met"), None)
    if first is None:
        return "Every tier meets its pass rate." if stages else ""
    if first.state == "open":
        return ""
    short = [tier for tier in tiers if tier.tier == first.tier and tier.met is False]
    where = [f"{tier.passed} of {tier.total} in {tier.suite}, {percent(tier.min_pass_rate)} required" for tier in short]
    more = f"; and {len(where) - 4} more suites" if len(where) > 4 else ""
    return f"Tier {first.tier} falls short: {'; '.join(where[:4])}{more}."
