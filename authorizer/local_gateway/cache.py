"""The authorizer cache: whole answers, by authorizer and the values of its identity sources, in order.

An answer is kept from when it was given, for the TTL, and repeated for every method and path: its policy is judged
anew for each. A denial is kept like any other; a failure, and `Unauthorized`, is not (API Gateway Developer Guide, "Use
API Gateway Lambda authorizers", "Choosing a type of Lambda authorizer"; of failures it says nothing).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from authorizer.local_gateway.api import Door
from authorizer.local_gateway.verdicts import Answer

ENTRIES = 10_000
"""Answers that are kept; then the oldest goes."""

Key = tuple[str, tuple[str | None, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer, when it was given, and when it ends, by the cache's clock."""

    answer: Answer
    made: float
    ends: float
    values: tuple[str | None, ...] = field(repr=False)


class Cache:
    """`clock` gives seconds, from any beginning."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self.flushed = 0
        """How often: an answer that was asked for before the last time is not kept."""

    def find(self, door: Door, values: list[str | None]) -> tuple[Answer, float] | None:
        """The answer and its age in seconds; None if there is none that is good."""
        entry = self._entries.get((door.name, tuple(values)))
        now = self._clock()
        if entry is None or now >= entry.ends:
            return None
        return entry.answer, now - entry.made

    def keep(self, door: Door, values: list[str | None], answer: Answer, *, flushed: int) -> None:
        """Where the authorizer has a TTL, and the cache was `flushed` as often when it was asked."""
        if not door.ttl or flushed != self.flushed:
            return
        now = self._clock()
        key = (door.name, tuple(values))
        self._entries.pop(key, None)
        self._entries[key] = Entry(answer=answer, made=now, ends=now + door.ttl, values=tuple(values))
        if len(self._entries) > ENTRIES:
            self._entries.popitem(last=False)

    def flush(self) -> None:
        """As `FlushStageAuthorizersCache` and `ResetAuthorizersCache`, and as a deployment that changes an
        authorizer."""
        self._entries.clear()
        self.flushed += 1

    def entries(self) -> tuple[tuple[str, Entry, float], ...]:
        """Authorizer, entry and seconds left of each that is good, oldest first."""
        now = self._clock()
        return tuple(
            (name, entry, entry.ends - now) for (name, _), entry in self._entries.items() if entry.ends > now
        )
