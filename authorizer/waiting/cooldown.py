"""How long something that has failed is left alone, so that a broken part costs one request its wait and not every
one.

Counted on the wall clock of the requests: Lambda freezes the process between them, and the monotonic clock may or may
not go on meanwhile, while the wall clock is right again when it thaws. So a pause that ends during a freeze is over at
the next request, and one that the freeze did not outlast goes on.
"""

from dataclasses import dataclass

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds. One stray failure costs a second; what stays broken is tried once a minute."""


@dataclass(slots=True)
class Cooldown:
    """A pause after a failure, twice as long after each further one. `now` is seconds since the epoch."""

    _failures: int = 0
    _failed_at: float = 0.0

    def is_over(self, now: float) -> bool:
        """Whether it may be tried again. Also where the clock was set back behind the failure: no pause lasts longer
        than it is."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 1)) if self._failures else 0.0
        return not self._failed_at <= now < self._failed_at + pause

    def failed(self, now: float) -> None:
        """Begin a pause. Failures of requests that began together are one."""
        if self.is_over(now):
            self._failures = min(self._failures + 1, 16)
            self._failed_at = now

    def succeeded(self) -> None:
        """The next failure is a first one again."""
        self._failures = 0
