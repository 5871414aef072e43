"""What the door judged, newest last: for whoever watches it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

LENGTH = 1000
"""Requests that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One request: who asked for what, and what became of it."""

    time: float
    who: str
    """ARN of the caller; empty where nobody could be told."""
    service: str
    operation: str
    status: int
    refused: str | None
    """The error's code; None where it was allowed."""
    actions: tuple[tuple[str, str, bool], ...]
    """What IAM was asked: action, resource, allowed."""
    why: tuple[str, ...] = field(repr=False)
    """Of the need that was refused, or of the last: the decision, then a line for each statement."""
    trace: str | None = None
    """`X-Amzn-Trace-Id`, which SDKs send along from within a function: a label that anybody may write."""


class Journal:
    """Bounded. `listen`, if given, hears each line as it comes."""

    def __init__(self, listen: Callable[[Line], None] | None = None) -> None:
        self._lines: deque[Line] = deque(maxlen=LENGTH)
        self._listen = listen

    def add(self, line: Line) -> None:
        self._lines.append(line)
        if self._listen is not None:
            self._listen(line)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All that are remembered, oldest first."""
        return tuple(self._lines)
