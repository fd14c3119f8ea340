"""Stop the run of a data set when its gates are decided, at an error rate that was stated beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tierbench.common.schema import SetResult
from tierbench.common.text import one_line
from tierbench.metrics.confidence_sequence import share_reaches
from tierbench.runs.set_evaluation import Advance, SetModel, score_samples
from tierbench.runs.set_parts import SetParts
from tierbench.scoring.class_map import ClassMap
from tierbench.scoring.set_demands import unjudged_text
from tierbench.suites.datasets import DataSet, Sample, random_order

# A tenth of what was seen is predicted between two looks, and at least so many pictures.
CHECK_EVERY = 100


@dataclass(frozen=True)
class Stopping:
    """When a run may stop.

    Attributes:
        gates: slice → the accuracy that is asked for; the empty name is that of the whole set.
        alpha: the error rate of each gate: how often a run may say that it is reached, or missed, where it is not.
        check_every: number of pictures between two looks, at least.
        seed: of the order of the pictures.
        entire: slices of which every picture is needed, since demands on other figures are not decided early; the empty
            name is the whole set.
    """

    gates: Mapping[str, float]
    alpha: float = 0.05
    check_every: int = CHECK_EVERY
    seed: int = 0
    entire: frozenset[str] = frozenset()


def accuracy_problem(result: SetResult, least: float, stopping: Stopping | None = None) -> str:
    """Return why the result on a whole set does not reach an accuracy, in one line; empty if it does.

    Args:
        result: the result.
        least: the accuracy that is asked for.
        stopping: when the run could stop: then it must be certain that the accuracy is reached. None: it could not.
    """
    whole = result.whole
    if whole.accuracy is None:
        return f"{one_line(result.set)}: no picture has a prediction, an accuracy of at least {least:g} required"
    found = f"{one_line(result.set)}: accuracy {whole.accuracy:.4f}, at least {least:g} required"
    if stopping is None:
        return "" if whole.accuracy >= least - 1e-9 else found
    counts = (whole.correct, whole.total, result.size)
    reached = share_reaches(*counts, least, alpha=stopping.alpha, errors=whole.unjudged)
    if reached is None:
        return f"{found}: not determined, {unjudged_text(whole)}"
    return "" if reached else f"{found}; missed at an error rate of {stopping.alpha:g}"


@dataclass
class Tally:
    """What a run has seen so far, and what that decides.

    Attributes:
        stopping: when it may stop.
        sizes: slice → number of its pictures in the set.
    """

    stopping: Stopping
    sizes: Mapping[str, int]
    _drawn: Counter[str] = field(default_factory=Counter)
    _correct: Counter[str] = field(default_factory=Counter)
    _errors: Counter[str] = field(default_factory=Counter)

    def add(self, results: Iterable[tuple[str, bool, str]]) -> None:
        """Count pictures: slice, whether it was correct, and its error."""
        for name, correct, error in results:
            for about in {"", name}:
                self._drawn[about] += 1
                self._correct[about] += correct
                self._errors[about] += bool(error)

    @property
    def drawn(self) -> int:
        """Number of pictures seen."""
        return self._drawn[""]

    def decided(self, name: str) -> bool | None:
        """Return whether the gate of a slice is reached; None as long as that is not certain."""
        size = self.sizes[name] if name else sum(self.sizes.values())
        least = self.stopping.gates[name]
        return share_reaches(
            self._correct[name],
            self._drawn[name],
            size,
            least,
            alpha=self.stopping.alpha,
            errors=self._errors[name],
        )

    def wanted(self, samples: Iterable[Sample]) -> list[Sample]:
        """Return the pictures that are still needed; none if every gate is decided.

        With a gate on the whole set these are all pictures, so that those that were seen stay a fair sample of it. Else
        they are those of slices that are not decided, or that are needed as a whole.
        """
        left = list(samples)
        undecided = {name for name in self.stopping.gates if self.decided(name) is None} | self.stopping.entire
        needed = [sample for sample in left if sample.slice in undecided]
        if "" in undecided or ("" in self.stopping.gates and needed):
            return left
        return needed


def evaluate_until_decided(
    model: SetModel,
    data_set: DataSet,
    samples: Sequence[Sample],
    classes: ClassMap,
    parts: SetParts,
    stopping: Stopping,
    advance: Advance | None = None,
) -> None:
    """Predict pictures in random order until every gate is decided; see `evaluate_set`.

    A run that was stopped goes on: the pictures that have a row are counted first.
    """
    order = random_order(samples, seed=stopping.seed)
    tally = Tally(stopping, Counter(sample.slice for sample in samples))
    rows = parts.read()
    tally.add(zip(rows["slice"], rows["correct"].astype(bool), rows["error"], strict=True))
    done = set(rows["id"])
    if advance:
        advance(len(done))
    todo = [sample for sample in order if sample.id not in done]
    while todo := tally.wanted(todo):
        count = max(stopping.check_every, tally.drawn // 10)
        found = [row for batch in score_samples(model, data_set, todo[:count], classes) for row in batch]
        parts.write(found)
        tally.add((row.slice, row.correct, row.error) for row in found)
        todo = todo[count:]
        if advance:
            advance(len(found))
