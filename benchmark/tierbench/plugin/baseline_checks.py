"""The kinds of tests that exist for models with a baseline: what is lost against it, or missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from tierbench.common.schema import LevelResult, MissingResult, PairedVerdict
from tierbench.plugin.check import Check, Judged, home_of_all
from tierbench.plugin.tierwise import TierwiseCheck
from tierbench.runs.benchmark import Benchmark, Selection
from tierbench.runs.decision import Decision
from tierbench.runs.gates import decide_regression
from tierbench.runs.hard_limits import decide_level, limit_level, limit_tier
from tierbench.runs.missing import decide_missing
from tierbench.suites.case import Case, Suite


@dataclass(frozen=True)
class RegressionCheck(TierwiseCheck):
    """A tier of a suite, or all suites together, under a model that has a baseline: the paired verdict."""

    kind: ClassVar[str] = "regression"
    says: ClassVar[str] = "The model recognises no less than its accepted baseline."
    result_type: ClassVar[type | None] = PairedVerdict
    whole: ClassVar[str] = "all"
    mark: ClassVar[str] = "regression"

    @staticmethod
    def tested(session: Benchmark) -> Sequence[str]:
        """Return the models with a baseline."""
        return session.models_with_baseline

    def select(self, selection: Selection) -> None:
        """Note that the verdict on the cases is asked for, too."""
        super().select(selection)
        selection.ask(self.model, self.needs)

    def judge(self, session: Benchmark) -> Judged:
        """Return the verdict, for which all cases are considered whose verdict was asked for."""
        # There is none where the model has no label for any of the cases.
        return Judged(session.verdicts(self.model).get(self.about))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where the model regressed, as the gate has it."""
        if judged.result is None:
            return Decision("skip", f"{self.name}: no case of it was judged")
        return decide_regression(judged.result, session.baselines.gate(self.model), updating=session.updating)


@dataclass(frozen=True)
class LevelCheck(TierwiseCheck):
    """A demand that must not be lost against the baseline: on a tier, or the level; red under every gate."""

    kind: ClassVar[str] = "level"
    says: ClassVar[str] = "The level, and the demand on each tier, have not fallen below the accepted baseline."
    result_type: ClassVar[type | None] = LevelResult
    whole: ClassVar[str] = "level"
    mark: ClassVar[str] = "level"

    @staticmethod
    def tested(session: Benchmark) -> Sequence[str]:
        """Return the models with a baseline."""
        return session.models_with_baseline

    @staticmethod
    def suites(session: Benchmark) -> Sequence[Suite]:
        """Return all suites: the level is that of all of them, whichever pytest was pointed at."""
        return session.suites

    def judge(self, session: Benchmark) -> Judged:
        """Compare with the baseline on the cases that both have."""
        if self.tier is not None:
            return Judged(_limit(session, self.model, self.suite, self.tier))
        tiers = [_limit(session, self.model, suite, tier) for suite in session.suites for tier in suite.by_tier]
        return Judged(limit_level(self.model, session.suites, tiers))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where the level or the demand was lost."""
        return decide_level(judged.result, updating=session.updating)


@dataclass(frozen=True)
class BaselineCheck(Check):
    """The cases and data sets of a model's baseline: an unfiltered run has them all."""

    kind: ClassVar[str] = "baseline"
    says: ClassVar[str] = "The run has every case of the accepted baseline."
    result_type: ClassVar[type | None] = MissingResult

    folder: Path
    model: str
    name: str
    marks: tuple[str, ...]
    needs: Sequence[Case]

    @property
    def home(self) -> Path:
        """The folder of suites whose test file has the test."""
        return self.folder

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each model with a baseline, or with accepted results of data sets."""
        known = session.models_with_baseline if session.chosen else ()
        for model in session.names:
            if model in known or (not session.updating and session.accepted_sets(model)):
                yield cls(home_of_all(session), model, "cases", ("baseline",), ())

    def judge(self, session: Benchmark) -> Judged:
        """Find the cases and data sets that the run lacks."""
        return Judged(session.missing(self.model))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where a case is missing, unless missing cases are only to be reported."""
        return decide_missing(judged.result, session.config.missing_cases)


def _limit(session: Benchmark, model: str, suite: Suite, tier: int) -> LevelResult:
    results = session.results(model, suite.by_tier[tier])
    return limit_tier(suite, tier, model, results, session.changes(model, results))
