"""A budget: what was measured, the limit, and whether it was met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """One line of the table: a measured figure held against its limit.

    Attributes:
        name: what was measured, "warm tier 1".
        measured: the figure in `unit`.
        limit: the largest figure that meets the budget; the smallest one if `at_least`.
        unit: "s of CPU", "ms a case", "× pipeline"; for the table.
        at_least: whether more is better.
        note: what the figure was made of, for the table.
    """

    name: str
    measured: float
    limit: float
    unit: str
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        """Return whether the figure keeps its limit."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def missed_by(self) -> float:
        """Return by which part of the limit it was missed; 0 if met."""
        return 0.0 if self.met else abs(self.measured - self.limit) / self.limit
