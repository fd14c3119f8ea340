"""The base classes of the kinds of tests: id, marks, needed cases, `judge` and `decide`. `kinds.py` lists the kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from tierbench.common.errors import UserError
from tierbench.common.schema import CaseRow, LeftToMerge
from tierbench.common.text import listed, plural
from tierbench.runs.benchmark import Benchmark, Selection
from tierbench.runs.decision import Change, Decision
from tierbench.scoring.results import CaseResult
from tierbench.suites.case import Case, Suite


@dataclass(frozen=True)
class Judged:
    """The outcome of a test, before it is decided whether it passes.

    Attributes:
        result: of the schema; None for a case, which is described by its row.
        rows: the rows that the test adds to the record.
        cases: results of the cases that decide, without skipped ones.
        changes: how each of them compares with the baseline.
        error: why there is no result.
    """

    result: Any = None
    rows: tuple[CaseRow, ...] = ()
    cases: Sequence[CaseResult] = ()
    changes: Sequence[Change | None] = ()
    error: str = ""


class Check(ABC):
    """The parameter of one test.

    Attributes:
        kind: of the test; unique.
        test: its test function is `test_…`; empty: named after the kind.
        says: what a test that passes says.
        result_type: of its result; None for a case, which is described by its row.
        model: name of the model under test.
        name: the test's id, without the model.
        marks: names of the test's markers.
        needs: the cases that must be predicted for it.
    """

    kind: ClassVar[str]
    test: ClassVar[str] = ""
    says: ClassVar[str]
    result_type: ClassVar[type | None] = None
    # Whether `met` of the result is None as soon as unscored images could change it.
    bounded: ClassVar[bool] = False

    model: str
    name: str
    marks: tuple[str, ...]
    needs: Sequence[Case]

    @property
    @abstractmethod
    def home(self) -> Path:
        """The folder whose test file has the test: of a suite, or of suites."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that must predict the cases."""
        return (self.model,)

    def select(self, selection: Selection) -> None:
        """Note what the test needs."""
        for model in self.models:
            selection.add(model, self.needs)

    @classmethod
    @abstractmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield the tests of this kind that the suites and models of a session have."""

    @abstractmethod
    def judge(self, session: Benchmark) -> Judged:
        """Judge the results.

        Raises:
            UserError: if the model cannot be used, or does not fit the suites.
        """

    @abstractmethod
    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Decide what the test does."""

    def leave(self, session: Benchmark) -> Judged:
        """Return what a shard leaves to `tierbench merge`: the results of its cases that have no test of their own."""
        rows: list[CaseRow] = []
        partial: list[str] = []
        for model in self.models:
            results = session.results(model, filter(session.selection.has, self.needs))
            tested = session.selection.tested
            rows += [result.row() for result in results if (model, result.case.key) not in tested]
            partial += [result.case.key for result in results if result.partial]
        return Judged(LeftToMerge(model=self.model, partial=tuple(partial)), tuple(rows))

    def settle(self, session: Benchmark, judged: Judged) -> Decision:
        """Decide, but never pass where an image that the test needs could not be judged."""
        decision = self.decide(session, judged)
        if decision.action == "error":
            return decision
        results = [result for model in self.models for result in session.results(model, self.needs)]
        unscored = list(dict.fromkeys(result.case.key for result in results if result.unscored))
        if unscored and decision.action != "skip" and not self.holds_anyway(judged):
            named = f"{plural(len(unscored), 'image')} unscored: {listed(unscored)}"
            return Decision("skip", f"{self.name}: not determined, {named}")
        if decision.action == "fail":
            return decision
        errors = list(dict.fromkeys(result.case.key for result in results if result.error))
        if not errors:
            return decision
        return Decision(
            "fail", f"{self.name}: not determined, {plural(len(errors), 'image')} without a verdict: {listed(errors)}"
        )

    def holds_anyway(self, judged: Judged) -> bool:
        """Return whether the decision would be the same with any verdict on the images that are unscored."""
        return self.bounded and judged.result.met is not None

    def failed(self, error: UserError) -> Judged:
        """Return the outcome if `judge` raised."""
        return Judged(error=str(error))


def home_of_all(session: Benchmark) -> Path:
    """Return the folder whose test file has the tests that are about no suite: of the first one, if there is any."""
    config = session.config
    return session.chosen[0].folder if session.chosen else next(iter(config.cases), config.root)


@dataclass(frozen=True)
class SuiteCheck(Check):
    """The parameter of one test of a suite.

    Attributes:
        suite: the suite that is tested.
    """

    suite: Suite
    model: str
    name: str
    marks: tuple[str, ...]
    needs: Sequence[Case] = field(repr=False)

    @property
    def home(self) -> Path:
        """The folder of the suite."""
        return self.suite.folder
