"""What a test is about, and what pytest selected: the cases to be predicted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from tierbench.scoring.ladders import ladder_steps
from tierbench.suites import Case, Ladder, Suite
from tierbench.suites.derived import derive_cases


@dataclass(frozen=True, slots=True)
class CaseTest:
    """The parameter of a `test_case`: a case under a model."""

    case: Case
    slot: str


@dataclass(frozen=True, slots=True)
class TierTest:
    """The parameter of a `test_tier`: a tier of a suite under a model."""

    suite: Suite
    tier: int
    slot: str


@dataclass(frozen=True, slots=True)
class LadderTest:
    """The parameter of a `test_ladder`: a ladder of a suite under a model."""

    suite: Suite
    ladder: Ladder
    slot: str


@dataclass(frozen=True, slots=True)
class RegressionTest:
    """The parameter of a `test_regression`: a tier of a suite under a model that has a baseline."""

    suite: Suite
    tier: int
    slot: str


@dataclass(frozen=True, slots=True)
class SliceTest:
    """The parameter of a `test_slice`: a suite's tier 1 under one corruption at one severity, under a model."""

    suite: Suite
    corruption: str
    severity: int
    slot: str


AnyTest = CaseTest | TierTest | LadderTest | RegressionTest | SliceTest


def cases_of(test: AnyTest) -> Sequence[Case]:
    """Give the cases that a test needs predicted."""
    if isinstance(test, CaseTest):
        return [test.case]
    if isinstance(test, LadderTest):
        return ladder_steps(test.suite, test.ladder.name)
    if isinstance(test, SliceTest):
        derived = derive_cases(test.suite, [test.corruption], [test.severity])
        return [*derived, *test.suite.by_tier.get(1, ())]
    return test.suite.by_tier[test.tier]


def test_of(item: pytest.Item) -> AnyTest | None:
    """Give what an item of the benchmark is about; None of any other item."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    return next((value for value in values if isinstance(value, AnyTest)), None)


@dataclass
class Selection:
    """What pytest selected.

    Attributes:
        cases: the cases to be predicted, per slot, by `suite/id`.
        regressions: the tiers whose paired verdict is asked for, per slot, by suite and tier.
        tests: how many tests of the benchmark were selected.
    """

    cases: dict[str, dict[str, Case]] = field(default_factory=dict)
    regressions: dict[str, dict[tuple[str, int], RegressionTest]] = field(default_factory=dict)
    tests: int = 0
    emptied: bool = False

    def add(self, slot: str, cases: Iterable[Case]) -> None:
        """Note that the cases are needed under a slot."""
        self.cases.setdefault(slot, {}).update((case.key, case) for case in cases)

    def take(self, items: Sequence[pytest.Item], slots: Sequence[str], every: Sequence[Case]) -> None:
        """Read from the selected items which cases must be predicted under which model.

        Args:
            items: what pytest selected.
            slots: the models of the run.
            every: all cases; they are needed where users' own tests want scores, and no test of ours is selected.
        """
        for item in items:
            if test := test_of(item):
                self.add(test.slot, cases_of(test))
                self.tests += 1
                if isinstance(test, RegressionTest):
                    self.regressions.setdefault(test.slot, {})[(test.suite.name, test.tier)] = test
        wanted = any(not {"scores", "predictions"}.isdisjoint(getattr(item, "fixturenames", ())) for item in items)
        if wanted and not self.tests:
            for slot in slots:
                self.add(slot, every)
