"""Whose calls STS gets while it throttles: first those of whoever had less of it.

The 600 calls a second are one account's and Region's, and a tenant that asks for most of them would take them from all
others: what is throttled is anybody's. Environments do not know of each other, but each sees a sample of who calls and
of what is throttled, and that is enough (CHOKe: R. Pan, B. Prabhakar, K. Psounis, "A stateless active queue management
scheme for approximating fair bandwidth allocation", INFOCOM 2000): under pressure, a call of somebody who had more than
a fair share of the last ones is compared with some of these, drawn at random, and held back where it meets its like.
The more throttling, the more draws; every call that is held back or answered takes some of the pressure away. There is
no clock in it: an environment that calls seldom learns slowly, and forgets slowly.

Who is who is what the policies keep apart: the values of the claims that the role's templates isolate.
"""

import random
from collections import Counter, deque
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

LAST = 64
"""Calls that are remembered."""
MOST = 8.0
"""Draws at most: whoever had a third of the calls is then let through once in thirty times."""
RELIEF = 0.1
"""Draws less for each call that is answered or held back: pressure lasts where one call of ten or more is throttled."""

Owners = AbstractSet[tuple[str, str]]
"""Whom a call is for: claims and their values. Empty where no template of anybody's isolates anything."""


@dataclass(slots=True)
class Shares:
    """The last calls of this environment, and how hard STS throttles them."""

    _last: deque[Owners] = field(default_factory=lambda: deque(maxlen=LAST), repr=False)
    _draws: float = 0.0

    def admits(self, owners: Owners, *, last: bool) -> bool:
        """Whether a call for these may be sent now; if so, it is remembered as one that was. The `last` try always may:
        nobody is refused whom STS might have answered."""
        draws = int(self._draws + random.random())  # noqa: S311 - chance
        if draws and not last and self._has_more(owners):
            drawn = random.choices(self._last, k=draws)  # noqa: S311 - chance
            if not all(owners.isdisjoint(each) for each in drawn):
                self._relieve()
                return False
        self._last.append(owners)
        return True

    def throttled(self) -> None:
        """STS did not take a call that was sent."""
        self._draws = min(MOST, self._draws + 1)

    def answered(self) -> None:
        """It took one."""
        self._relieve()

    def _relieve(self) -> None:
        self._draws = max(0.0, self._draws - RELIEF)

    def _has_more(self, owners: Owners) -> bool:
        """Whether one of them had more of the last calls than each of their kind would have of equal parts: who is
        alone never has."""
        for claim, value in owners:
            calls = Counter(other for each in self._last for kind, other in each if kind == claim)
            if calls[value] * len(calls) > calls.total():
                return True
        return False
