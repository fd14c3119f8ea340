"""The base class of the kinds of tests that exist once a tier, and once for all tiers together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tierbench.plugin.check import Judged, SuiteCheck
from tierbench.runs.benchmark import Benchmark
from tierbench.suites.case import Suite


@dataclass(frozen=True)
class TierwiseCheck(SuiteCheck):
    """A tier of a suite, or all tiers together, under a model.

    Attributes:
        whole: the name of the test of all tiers together.
        mark: the marker of every test of the kind.
        tier: None for all together.
    """

    whole: ClassVar[str]
    mark: ClassVar[str]
    tier: int | None

    @staticmethod
    @abstractmethod
    def tested(session: Benchmark) -> Sequence[str]:
        """Return the names of the models that have such tests."""

    def holds_anyway(self, judged: Judged) -> bool:
        """Return True: the claim is about the cases that both sides have a verdict on."""
        return True

    @staticmethod
    def suites(session: Benchmark) -> Sequence[Suite]:
        """Return the suites that the test of all tiers together is about."""
        return session.chosen

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each tier of each suite and one for all together."""
        models = cls.tested(session)
        for suite in session.chosen:
            for number, cases in suite.by_tier.items():
                name, marks = f"{suite.name}/tier{number}", (f"tier{number}", cls.mark)
                yield from (cls(suite, model, name, marks, cases, number) for model in models)
        needs = [case for suite in cls.suites(session) for cases in suite.by_tier.values() for case in cases]
        if needs and session.chosen:
            # The first suite says which of several test files has the test.
            yield from (cls(session.chosen[0], model, cls.whole, (cls.mark,), needs, None) for model in models)

    @property
    def about(self) -> tuple[str, int | None]:
        """Suite and tier, as verdicts have them; empty and None for all together."""
        return ("" if self.tier is None else self.suite.name, self.tier)
