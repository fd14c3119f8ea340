"""A clock for tests of endpoints: waiting takes no time and is noted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Clock:
    """Time passes only by waiting.

    Attributes:
        time: seconds since the test began.
        waits: how long was waited, in order.
    """

    time: float = 0.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        # 26 November 2026, 00:00 UTC.
        return 1795651200.0 + self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
