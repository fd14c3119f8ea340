"""A sequence of samples that are made when they are asked for: a set of millions keeps no object for each."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Callable, Sequence
from typing import overload

from tierbench.suites.datasets.sample import Sample


class LazySamples(Sequence[Sample]):
    """Samples by number; a subclass says how many there are, and makes one."""

    @abstractmethod
    def make(self, row: int) -> Sample:
        """Return the sample with a number from 0 to the length less 1."""

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        rows = range(len(self))[index]
        return self.make(rows) if isinstance(rows, int) else [self.make(row) for row in rows]


class ChosenSamples(LazySamples):
    """Some of the samples of a set, by their numbers; see `choose`."""

    def __init__(self, samples: Sequence[Sample], numbers: Sequence[int]) -> None:
        self.samples, self.numbers = samples, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def make(self, row: int) -> Sample:
        """Return the sample in a place of the choice."""
        return self.samples[self.numbers[row]]


def choose(samples: Sequence[Sample], numbers: Sequence[int]) -> Sequence[Sample]:
    """Return the samples with these numbers; those that are made when they are asked for stay so.

    Args:
        samples: of the set, or a choice of them.
        numbers: a range, or an array, which takes 8 bytes a sample.
    """
    if isinstance(samples, ChosenSamples):
        kept = samples.numbers
        inside = kept[numbers.start : numbers.stop : numbers.step] if isinstance(numbers, range) else None
        return ChosenSamples(samples.samples, inside or array("q", (kept[number] for number in numbers)))
    if isinstance(samples, LazySamples):
        return ChosenSamples(samples, numbers)
    return [samples[number] for number in numbers]


def choose_where(samples: Sequence[Sample], wanted: Callable[[Sample], bool]) -> Sequence[Sample]:
    """Return the samples that are wanted; see `choose`."""
    return choose(samples, array("q", (number for number, sample in enumerate(samples) if wanted(sample))))
