"""The kinds of tests of data sets: one for the set, and one for each of its slices; none for a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

from tierbench.common.schema import SetResult
from tierbench.corruptions import CORRUPTION_REGISTRY
from tierbench.plugin.check import Check, Judged, home_of_all
from tierbench.runs.benchmark import Benchmark, Selection
from tierbench.runs.decision import Decision
from tierbench.runs.set_decision import decide_set, decide_slice_of_set
from tierbench.suites.case import Case
from tierbench.suites.datasets.set_gates import SetGates


@dataclass(frozen=True)
class _OfSet(Check):
    """The parameter of one test of a data set.

    Attributes:
        folder: the folder of suites whose test file has the test.
        data_set: name of the set.
    """

    folder: Path
    model: str
    name: str
    marks: tuple[str, ...]
    needs: Sequence[Case]
    data_set: str

    @property
    def home(self) -> Path:
        """The folder of suites whose test file has the test."""
        return self.folder

    def leave(self, session: Benchmark) -> Judged:
        """Leave the result on the pictures of the shard, whose result files are what is merged."""
        return self.judge(session)


@dataclass(frozen=True)
class SetCheck(_OfSet):
    """A data set under a model: all of its pictures, judged as a whole."""

    kind: ClassVar[str] = "set"
    says: ClassVar[str] = "The data set meets what is demanded of it, and lost nothing against the accepted results."
    result_type: ClassVar[type | None] = SetResult

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each set."""
        for listing in session.sets.all():
            for model in session.names:
                yield cls(home_of_all(session), model, listing.name, ("dataset",), (), listing.name)

    def select(self, selection: Selection) -> None:
        """Note that all pictures are needed."""
        super().select(selection)
        selection.add_set(self.model, self.data_set)

    def judge(self, session: Benchmark) -> Judged:
        """Stream the set through the model, unless another test did."""
        return Judged(session.set_result(self.model, self.data_set))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where a demand is not met, the model regressed, or pictures are missing."""
        config = session.config
        return decide_set(
            judged.result, gate=config.gate, missing_cases=config.missing_cases, updating=session.updating
        )


@dataclass(frozen=True)
class SetSliceCheck(_OfSet):
    """A slice of a data set under a model.

    Attributes:
        slice: name of the slice.
        clean: the slice that its drop is measured from; empty if no drop is demanded.
    """

    kind: ClassVar[str] = "set_slice"
    test: ClassVar[str] = "slice"
    says: ClassVar[str] = "The slice of the data set meets what is demanded of it."
    result_type: ClassVar[type | None] = SetResult
    slice: str
    clean: str

    @classmethod
    def all(cls, session: Benchmark) -> Iterator[Self]:
        """Yield a test for each slice of each set that has slices."""
        for listing in session.sets.all():
            gates = session.config.set_gates.get(listing.name, SetGates())
            for name in listing.slices:
                clean = listing.clean if "drop" in gates.slices.get(name, {}) else ""
                test = f"{listing.name}/{_printable(name)}"
                for model in session.names:
                    yield cls(home_of_all(session), model, test, _marks(name), (), listing.name, name, clean)

    def select(self, selection: Selection) -> None:
        """Note that the pictures of the slice are needed, and those that its drop is measured from."""
        super().select(selection)
        selection.add_set(self.model, self.data_set, (self.slice, *filter(None, (self.clean,))))

    def judge(self, session: Benchmark) -> Judged:
        """Stream the selected slices through the model, unless another test did; report this one only."""
        whole = session.set_result(self.model, self.data_set)
        own = tuple(each for each in whole.slices if each.slice == self.slice)
        return Judged(replace(whole, slices=own))

    def decide(self, session: Benchmark, judged: Judged) -> Decision:
        """Fail where a demand is not met."""
        gates = session.config.set_gates.get(self.data_set, SetGates())
        demanded = bool(gates.slices.get(self.slice))
        return decide_slice_of_set(judged.result, self.slice, demanded=demanded, updating=session.updating)


def _marks(name: str) -> tuple[str, ...]:
    corruption, _, severity = name.rpartition("+")
    if corruption in CORRUPTION_REGISTRY and severity in ("1", "2", "3", "4", "5"):
        return ("slice", "dataset", "corruption", corruption, f"severity{severity}")
    return ("slice", "dataset")


def _printable(name: str) -> str:
    """Return a name of a slice without what pytest's `-k` cannot parse, or would take for something else."""
    return "".join(letter if letter.isalnum() or letter in "_.+-" else "_" for letter in name)
