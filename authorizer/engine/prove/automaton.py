"""Can two patterns with claims in them match one text, although the claims differ?

The question under every proof. A pattern becomes a position automaton (Glushkov): one position for each
character class, no empty moves. Both automata then read one text together, breadth first.

Only one thing is known about the two users: the values x and y of the isolating claim differ. So a run is dropped
where it would make them equal, that is where a span of x and a span of y begin together and end together. Everything
else that is true of real values is left out: that all spans of x are the same text, and that a long claim has a
longest length. Leaving facts out allows more runs, never fewer: **None is a proof**, while an overlap found may be
spurious, and is no leak until the evaluator has confirmed it on rendered policies.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from authorizer.engine.evaluate import MANY, Wild
from authorizer.engine.language import Language, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Where a claim's value stands in a pattern."""

    claim: str
    language: Language
    isolating: bool
    """Whether this is the one claim whose values are known to differ between the two users."""


SymbolicPattern: TypeAlias = tuple[str | Wild | Hole, ...]

_OTHER: Final = 1 << 256
"""Every character above U+00FF. No policy and no claim may hold one; requests may."""
_ANY: Final = (1 << 257) - 1
_EXACT: Final = 8
"""A segment is counted exactly up to this many optional characters; a longer one is taken to have no end."""
_READABLE: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_/.:ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A text that both patterns match, and what stands in their holes then, in the order of the holes."""

    text: str
    left: tuple[str, ...]
    right: tuple[str, ...]


class _Automaton:
    """Positions of one pattern. Position 0 is the start; it reads nothing."""

    __slots__ = ("follow", "hole", "holes", "last", "mask", "tracked")

    def __init__(self, pattern: SymbolicPattern) -> None:
        self.mask: list[int] = [0]
        self.hole: list[int] = [-1]
        """Number of the hole that a position lies in, counted from 0; -1 outside."""
        self.tracked: list[bool] = [False]
        self.follow: list[list[int]] = [[]]
        ends = [0]
        self.holes = 0
        for part in pattern:
            if isinstance(part, str):
                for char in part:
                    ends = self._once(ends, _bit(char), -1, False)
            elif isinstance(part, Hole):
                ends = self._language(ends, part.language, self.holes, part.isolating)
                self.holes += 1
            elif part is MANY:
                ends = ends + self._loop(ends, _ANY, -1, False)
            else:
                ends = self._once(ends, _ANY, -1, False)
        self.last = frozenset(ends)

    def _once(self, ends: Iterable[int], mask: int, hole: int, tracked: bool) -> list[int]:
        new = len(self.mask)
        self.mask.append(mask)
        self.hole.append(hole)
        self.tracked.append(tracked)
        self.follow.append([])
        for end in ends:
            self.follow[end].append(new)
        return [new]

    def _loop(self, ends: Iterable[int], mask: int, hole: int, tracked: bool) -> list[int]:
        (new,) = self._once(ends, mask, hole, tracked)
        self.follow[new].append(new)
        return [new]

    def _language(self, ends: list[int], language: Language, hole: int, tracked: bool) -> list[int]:
        return [
            end for sequence in language.alternatives for end in self._sequence(ends, sequence, hole, tracked)
        ]

    def _sequence(self, ends: list[int], sequence: Iterable[Segment], hole: int, tracked: bool) -> list[int]:
        for segment in sequence:
            mask = _mask(segment.chars)
            for _ in range(segment.min):
                ends = self._once(ends, mask, hole, tracked)
            if segment.max - segment.min > _EXACT:
                ends = ends + self._loop(ends, mask, hole, tracked)
                continue
            reached = ends
            for _ in range(segment.max - segment.min):
                reached = self._once(reached, mask, hole, tracked)
                ends = ends + reached
        return ends


def find_overlap(left: SymbolicPattern, right: SymbolicPattern) -> Overlap | None:
    """A text that both may match while the isolating claim differs; None if there is none, whatever the values."""
    prefix, left, right = _without_common_prefix(left, right)
    if _clash(left, right):
        return None
    a, b = _automaton(left), _automaton(right)
    path = _search(a, b)
    return None if path is None else _read(prefix, path, a, b)


@lru_cache(maxsize=1024)
def _automaton(pattern: SymbolicPattern) -> _Automaton:
    return _Automaton(pattern)


_State: TypeAlias = tuple[int, int, bool]
"""A position of each, and whether both are in spans of the isolating claim that began together."""


def _search(a: _Automaton, b: _Automaton) -> list[_State] | None:
    """The states of a shortest run that both accept, without the first; None if there is no run."""
    start = (0, 0, False)
    came_from: dict[_State, _State | None] = {start: None}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        i, j, together = state
        if i in a.last and j in b.last and not together:
            path = []
            before: _State | None = state
            while before is not None:
                path.append(before)
                before = came_from[before]
            return path[-2::-1]
        for next_i in a.follow[i]:
            mask = a.mask[next_i]
            crosses_a = a.hole[next_i] != a.hole[i]
            for next_j in b.follow[j]:
                if not mask & b.mask[next_j]:
                    continue
                crosses_b = b.hole[next_j] != b.hole[j]
                if together and crosses_a and crosses_b:
                    continue  # both spans end here as they began: x would be y
                if together:
                    now = not crosses_a and not crosses_b
                else:
                    now = crosses_a and crosses_b and a.tracked[next_i] and b.tracked[next_j]
                after = (next_i, next_j, now)
                if after not in came_from:
                    came_from[after] = state
                    queue.append(after)
    return None


def _read(prefix: str, path: list[_State], a: _Automaton, b: _Automaton) -> Overlap:
    """The text of a run: one character of each class that both read."""
    text = prefix
    in_left, in_right = [""] * a.holes, [""] * b.holes
    for i, j, _ in path:
        char = _pick(a.mask[i] & b.mask[j])
        text += char
        if a.hole[i] >= 0:
            in_left[a.hole[i]] += char
        if b.hole[j] >= 0:
            in_right[b.hole[j]] += char
    return Overlap(text=text, left=tuple(in_left), right=tuple(in_right))


def _without_common_prefix(
    left: SymbolicPattern, right: SymbolicPattern
) -> tuple[str, SymbolicPattern, SymbolicPattern]:
    """Literal text with which both begin says nothing about the values, and most of an ARN is that."""
    if not (left and right and isinstance(left[0], str) and isinstance(right[0], str)):
        return "", left, right
    length = 0
    for one, other in zip(left[0], right[0], strict=False):
        if one != other:
            break
        length += 1
    return left[0][:length], _drop(left, length), _drop(right, length)


def _drop(pattern: SymbolicPattern, length: int) -> SymbolicPattern:
    head = pattern[0]
    rest = head[length:] if isinstance(head, str) else ""
    return (rest, *pattern[1:]) if rest else pattern[1:]


def _clash(left: SymbolicPattern, right: SymbolicPattern) -> bool:
    """Whether literal text at the beginning or at the end already keeps them apart."""
    if not left or not right:
        return False
    if isinstance(left[0], str) and isinstance(right[0], str) and left[0][0] != right[0][0]:
        return True
    one, other = left[-1], right[-1]
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    length = min(len(one), len(other))
    return one[-length:] != other[-length:]


@lru_cache(maxsize=1024)
def _mask(chars: frozenset[str]) -> int:
    mask = 0
    for char in chars:
        mask |= _bit(char)
    return mask


def _bit(char: str) -> int:
    return 1 << ord(char) if char <= "\xff" else _OTHER


def _pick(mask: int) -> str:
    """A character of the class, the most readable one."""
    for char in _READABLE:
        if mask & _bit(char):
            return char
    known = mask & ~_OTHER or _OTHER
    return chr((known & -known).bit_length() - 1)
