"""The one point in time by which a request must be answered: given once, obeyed by everything that waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """Seconds on the monotonic clock, which no correction of the wall clock moves. Every await shares it: what one
    stage uses up, the next one does not have."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Self:
        """The deadline `seconds` from now."""
        return cls(clock() + seconds, clock)

    def within(self, seconds: float) -> Self:
        """This deadline, or `seconds` from now if that is earlier: what one step may take at most."""
        return type(self)(min(self.at, self.clock() + seconds), self.clock)

    def remaining(self) -> float:
        """Seconds that are left; never negative."""
        return max(0.0, self.at - self.clock())
