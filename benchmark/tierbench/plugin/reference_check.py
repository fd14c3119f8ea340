"""The kind of test that holds the models of a run against one of them, the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from tierbench.common.schema import PairedVerdict
from tierbench.plugin.check import Judged
from tierbench.plugin.tierwise import TierwiseCheck
from tierbench.runs.benchmark import Benchmark, Selection
from tierbench.runs.decision import Decision
from tierbench.runs.gates import decide_against


@dataclass(frozen=True)
class AgainstCheck(TierwiseCheck):
    """A tier of a suite, or all suites together, under a model and the reference: the paired verdict.

    Attributes:
        reference: name of the reference model.
    """

    kind: ClassVar[str] = "against"
    says: ClassVar[str] = "The model recognises no less than the reference model."
    result_type: ClassVar[type | None] = PairedVerdict
    whole: ClassVar[str] = "all"
    mark: ClassVar[str] = "regression"
    reference: str = ""

    @staticmethod
    def tested(session: Benchmark) -> Sequence[str]:
        """Return the models other than the reference; none without one."""
        return session.models_with_reference

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each tier of each suite and one for all together, for every model but the reference."""
        for check in super().all(session):
            yield replace(check, reference=session.config.reference)

    @property
    def models(self) -> tuple[str, ...]:
        """The model and its reference."""
        return (self.model, self.reference)

    def select(self, selection: Selection) -> None:
        """Note that the verdict on the cases is asked for, too."""
        super().select(selection)
        selection.ask(self.model, self.needs, self.reference)

    def judge(self, session: Benchmark) -> Judged:
        """Return the verdict, for which all cases are considered whose verdict was asked for."""
        return Judged(session.verdicts(self.model, self.reference)[self.about])

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where the model regressed, under every gate: each model is also held against its own baseline."""
        return decide_against(judged.result, self.model)
