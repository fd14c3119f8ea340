"""A sequence of samples that are made when they are asked for: a set of millions keeps no object for each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
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
