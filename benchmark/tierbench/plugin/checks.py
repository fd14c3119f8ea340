"""The kinds of tests of suites, one class each; those that compare are in `baseline_checks.py` and
`reference_check.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tierbench.common.errors import UserError
from tierbench.common.schema import AbsenceResult, LadderResult, MetricResult, SliceResult, TierResult
from tierbench.common.text import plural
from tierbench.plugin.check import Judged, SuiteCheck
from tierbench.runs.benchmark import Benchmark, Selection
from tierbench.runs.decision import Decision, with_change
from tierbench.runs.gates import (
    decide_absence,
    decide_case,
    decide_ladder,
    decide_metric,
    decide_slice,
    decide_tier,
)
from tierbench.scoring.absence import summarise_absence
from tierbench.scoring.figures import judge_metric
from tierbench.scoring.ladders import ladder_steps, summarise_ladder, with_baseline
from tierbench.scoring.results import CaseResult
from tierbench.scoring.slices import summarise_slice
from tierbench.scoring.tiers import summarise_tier
from tierbench.suites.case import Case, Ladder
from tierbench.suites.derived import SliceGate, slice_gates, step_views
from tierbench.suites.views import VIEWS


@dataclass(frozen=True)
class CaseCheck(SuiteCheck):
    """A case under a model; an image without a prediction makes its test an error."""

    kind: ClassVar[str] = "case"
    says: ClassVar[str] = "The image meets its thresholds."

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield the cases of the tiers, then those that a sweep derives."""
        for suite in session.chosen:
            for number, cases in suite.tests_by_tier.items():
                for case in cases:
                    marks = (f"tier{number}", *(("absence",) if case.absent else ()), *case.tags)
                    marks = tuple(dict.fromkeys(marks))
                    yield from (cls(suite, model, case.key, marks, (case,)) for model in session.names)
        for suite in session.chosen:
            for case in session.derived(suite):
                # A tag may have the name of a corruption.
                names = ("corruption", case.corruption, f"severity{case.severity}", *case.tags)
                marks = tuple(dict.fromkeys(names))
                yield from (cls(suite, model, case.key, marks, (case,)) for model in session.names)

    def select(self, selection: Selection) -> None:
        """Note that the case has a test of its own, too."""
        super().select(selection)
        selection.tested.add((self.model, self.needs[0].key))

    def judge(self, session: Benchmark) -> Judged:
        """Hold the prediction against the case's thresholds."""
        (result,) = session.results(self.model, self.needs)
        change = session.changes(self.model, [result])[0]
        return Judged(rows=(with_change(result.row(), change),), cases=(result,), changes=(change,))

    def settle(self, session: Benchmark, judged: Judged) -> Decision:
        """Decide: the image of the case is the only one."""
        return self.decide(session, judged)

    def failed(self, error: UserError) -> Judged:
        """Return the case as one without a verdict: its row stands in the record."""
        result = CaseResult(self.needs[0], self.model, error=str(error))
        return Judged(rows=(result.row(),), cases=(result,), changes=(None,))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Pass or fail by the gate of the model."""
        (result,), (change,), several = judged.cases, judged.changes, session.several_models
        if result.error or result.skipped or result.unscored:
            return Decision("error" if result.error else "skip", result.message(several))
        gate = session.baselines.gate(self.model)
        return decide_case(result, change, gate, updating=session.updating, several_models=several)


@dataclass(frozen=True)
class TierCheck(SuiteCheck):
    """A whole tier of a suite under a model."""

    kind: ClassVar[str] = "tier"
    says: ClassVar[str] = "The whole tier of the suite meets its pass rate."
    result_type: ClassVar[type | None] = TierResult
    bounded: ClassVar[bool] = True
    tier: int

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each tier of each suite."""
        for suite in session.chosen:
            for number, cases in suite.by_tier.items():
                # No tag, so that `-m "tier3 and fog"` does not pick it; the whole tier, whatever else is selected.
                name, marks = f"{suite.name}/tier{number}", (f"tier{number}",)
                yield from (cls(suite, model, name, marks, cases, number) for model in session.names)

    def judge(self, session: Benchmark) -> Judged:
        """Sum up the tier."""
        results = session.results(self.model, self.needs)
        rows = [result.row() for result in results]
        return _judged(session, self.model, summarise_tier(self.suite, self.tier, self.model, rows), results)

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where the tier falls short by more than its known misses."""
        tier: TierResult = judged.result
        if not judged.cases:
            return Decision("skip", f"{tier.suite} tier {tier.tier}: the model has no label for any of its cases")
        gate = session.baselines.gate(self.model)
        return decide_tier(tier, judged.cases, judged.changes, gate, updating=session.updating)


@dataclass(frozen=True)
class LadderCheck(SuiteCheck):
    """A whole ladder of a suite under a model; a step without a prediction makes its test an error."""

    kind: ClassVar[str] = "ladder"
    says: ClassVar[str] = "The model sees far enough along the ladder."
    result_type: ClassVar[type | None] = LadderResult
    ladder: Ladder

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each ladder that has steps."""
        for suite in session.chosen:
            for ladder in suite.ladders.values():
                if not (steps := ladder_steps(suite, ladder.name)):
                    continue
                needs = [view for step in steps for view in step_views(step)]
                # A tag of the ladder is one that every step has.
                tags = (tag for tag in steps[0].tags if all(tag in step.tags for step in steps))
                name, marks = f"{suite.name}/{ladder.name}", ("ladder", *tags)
                yield from (cls(suite, model, name, marks, needs, ladder) for model in session.names)

    def judge(self, session: Benchmark) -> Judged:
        """Find the 50 % point; the steps have no test of their own, so their rows come with it."""
        seen = session.results(self.model, self.needs)
        views = [seen[start : start + len(VIEWS)] for start in range(0, len(seen), len(VIEWS))]
        steps = [step[0] for step in views]
        changes = session.changes(self.model, steps)
        recognised = [[view.passed for view in step] for step in views]
        rows = [
            with_change(replace(step.row(), seen=sum(views) / len(views)), change)
            for step, change, views in zip(steps, changes, recognised, strict=True)
        ]
        judged = any(step.verdict for step in steps)
        result = summarise_ladder(self.suite, self.ladder, self.model, rows, recognised if judged else ())
        before = [change.baseline_share for change in changes if change is not None]
        if shares := [share for share in before if share is not None]:
            result = with_baseline(result, shares) if len(shares) == len(steps) else result
        return Judged(result, tuple(rows), steps, changes)

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Hold the 50 % point against what the suite demands."""
        several = session.several_models
        if skipped := [step for step in judged.cases if step.skipped]:
            return Decision("skip", skipped[0].message(several))
        if errors := [step for step in judged.cases if step.error]:
            return Decision("error", "; ".join(step.message(several) for step in errors))
        gate = session.baselines.gate(self.model)
        return decide_ladder(judged.result, judged.cases, judged.changes, gate, updating=session.updating)


@dataclass(frozen=True)
class SliceCheck(SuiteCheck):
    """A slice of a sweep under a model: a suite's tier 1 under one corruption at one severity."""

    kind: ClassVar[str] = "slice"
    says: ClassVar[str] = "Tier 1 under a corruption meets what the suite demands."
    result_type: ClassVar[type | None] = SliceResult
    corruption: str
    severity: int

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each corruption and severity of the sweep."""
        for suite in session.chosen:
            derived: dict[tuple[str, int], list[Case]] = {}
            for case in session.derived(suite):
                derived.setdefault((case.corruption, case.severity), []).append(case)
            for (corruption, severity), cases in derived.items():
                name = f"{suite.name}/{corruption}+{severity}"
                marks = ("slice", "corruption", corruption, f"severity{severity}")
                needs = [*cases, *suite.by_tier.get(1, ())]
                yield from (cls(suite, model, name, marks, needs, corruption, severity) for model in session.names)

    def leave(self, session: Benchmark) -> Judged:
        """Leave to merge how pictures come to the model, too."""
        left = super().leave(session)
        cropped = session.takes_cropped(self.model)
        return replace(left, result=replace(left.result, takes_cropped=cropped))

    def judge(self, session: Benchmark) -> Judged:
        """Sum up the slice."""
        results = session.results(self.model, self.needs)
        corrupted = [result for result in results if result.case.corruption]
        case = corrupted[0].case
        summary = summarise_slice(
            self.suite.name,
            self.model,
            self.corruption,
            self.severity,
            [result.row() for result in corrupted],
            [result.row() for result in results if not result.case.corruption],
            slice_gates(self.suite).get((self.corruption, self.severity), SliceGate()),
            geometry=case.geometry,
            cropped_again=not (case.is_cropped and session.takes_cropped(self.model)),
        )
        return _judged(session, self.model, summary, corrupted)

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Hold the slice against what the suite demands of it, if anything."""
        result: SliceResult = judged.result
        if not result.total:
            return Decision("skip", f"{result.key}: the model has no label for any of its cases")
        gate = session.baselines.gate(self.model)
        return decide_slice(result, judged.cases, judged.changes, gate, updating=session.updating)


@dataclass(frozen=True)
class MetricCheck(SuiteCheck):
    """What a suite demands of a registered metric, over all its tiers, under a model."""

    kind: ClassVar[str] = "metric"
    says: ClassVar[str] = "The metric over the tiers of the suite meets what the suite demands."
    result_type: ClassVar[type | None] = MetricResult
    metric: str

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each metric in a suite's `[gates]`."""
        for suite in session.chosen:
            needs = [case for cases in suite.by_tier.values() for case in cases]
            for metric in suite.gates if needs else ():
                name = f"{suite.name}/{metric}"
                yield from (cls(suite, model, name, ("metric",), needs, metric) for model in session.names)

    def judge(self, session: Benchmark) -> Judged:
        """Compute the metric."""
        results = [each for each in session.results(self.model, self.needs) if not each.skipped]
        return Judged(
            judge_metric(self.suite, self.model, self.metric, [each.row() for each in results]), cases=results
        )

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Hold the metric against what the suite demands."""
        if not judged.cases:
            return Decision("skip", f"{self.name}: the model has no label for any of its cases")
        if partial := [each for each in judged.cases if each.partial]:
            return Decision("skip", f"{self.name}: not determined, {plural(len(partial), 'answer')} without all labels")
        return decide_metric(judged.result, updating=session.updating)


def _judged(session: Benchmark, model: str, result: Any, results: Sequence[CaseResult]) -> Judged:
    cases = [each for each in results if not each.skipped]
    return Judged(result, (), cases, session.changes(model, cases))


@dataclass(frozen=True)
class AbsenceCheck(SuiteCheck):
    """The absence cases of a suite under a model."""

    kind: ClassVar[str] = "absence"
    says: ClassVar[str] = "The model claims an absent concept no more often than the suite allows."
    result_type: ClassVar[type | None] = AbsenceResult
    bounded: ClassVar[bool] = True

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each suite that has absence cases."""
        for suite in session.chosen:
            if needs := suite.absence_cases:
                yield from (cls(suite, model, suite.name, ("absence",), needs) for model in session.names)

    def judge(self, session: Benchmark) -> Judged:
        """Count the false alarms."""
        results = session.results(self.model, self.needs)
        rows = [result.row() for result in results]
        return _judged(session, self.model, summarise_absence(self.suite, self.model, rows), results)

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where there are more than the suite allows."""
        if not judged.cases:
            return Decision("skip", f"{self.name}: the model has no label for any of its absence cases")
        gate = session.baselines.gate(self.model)
        return decide_absence(judged.result, judged.cases, judged.changes, gate, updating=session.updating)
