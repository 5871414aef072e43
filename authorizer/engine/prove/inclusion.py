"""Does every text that one pattern matches match one of several others? If not, which text does not?

Subset construction, on the fly: the narrow pattern is walked one character class at a time, together with the set of
all positions that the wide patterns may be in. Exact for patterns of literals and wildcards.

What has no value yet, a claim's placeholder or a policy variable, is a symbol: the same on both sides, and no other
text. A star takes symbols too, since it takes whatever they become; a question mark does not. With symbols, True is
still a proof, while a text found may be wrong.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from authorizer.engine.evaluate import MANY, ONE, Variable

_CHARACTERS: Final = (1 << 257) - 1
"""U+0000 to U+00FF, one bit each, and one for all others."""
_READABLE: Final = "abcdefghijklmnopqrstuvwxyz0123456789-_/.:ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Symbols:
    """One bit for each character, and for each placeholder and variable that these patterns mention."""

    def __init__(self) -> None:
        self._bits: dict[object, int] = {}

    def bit(self, symbol: object) -> int:
        if isinstance(symbol, str) and symbol <= "\xff":
            return 1 << ord(symbol)
        return self._bits.setdefault(symbol, 1 << (257 + len(self._bits)))

    def everything(self) -> int:
        return _CHARACTERS | sum(self._bits.values())

    def show(self, mask: int) -> str:
        """A readable member of the class; a variable is shown as IAM writes it."""
        if mask & (mask - 1):
            for char in _READABLE:
                if mask & (1 << ord(char)):
                    return char
        lowest = (mask & -mask).bit_length() - 1
        if lowest <= 256:
            return chr(lowest)
        symbol = next(symbol for symbol, bit in self._bits.items() if bit == 1 << lowest)
        return f"${{{symbol.key}}}" if isinstance(symbol, Variable) else str(symbol)


_Cell = tuple[int, bool]
"""A class of characters, and whether any number of them."""


def find_uncovered(narrow: Sequence[object], wide: Iterable[Sequence[object]]) -> str | None:
    """A short text that `narrow` matches and none of `wide` does; None if there is none.

    A pattern has texts, wildcards and symbols: anything else that is hashable.
    """
    symbols = _Symbols()
    walked, *given = (list(_symbols_of(pattern)) for pattern in (narrow, *wide))
    patterns = [walked, *(pattern for pattern in given if not part_early(walked, pattern))]
    for pattern in patterns:
        for symbol in pattern:
            if symbol is not MANY and symbol is not ONE:
                symbols.bit(symbol)
    walker, *others = ([_cell(symbol, symbols) for symbol in pattern] for pattern in patterns)
    # What a star of the narrow side stands for is text, never a symbol.
    return _walk([(mask & _CHARACTERS if many else mask, many) for mask, many in walker], others, symbols)


_Places = frozenset[tuple[int, int]]
"""Where each wide pattern may be: its number, and how many of its cells are behind."""


def _walk(walker: list[_Cell], others: list[list[_Cell]], symbols: _Symbols) -> str | None:
    start = 0, _closed(((number, 0) for number in range(len(others))), others)
    paths: dict[tuple[int, _Places], str] = {start: ""}
    queue = deque([start])
    while queue:
        at, reached = state = queue.popleft()
        if at == len(walker):
            if not any(place == len(others[number]) for number, place in reached):
                return paths[state]
            continue
        mask, many = walker[at]
        steps = [((at + 1, reached), "")] if many else []
        open_places = [(number, place) for number, place in reached if place < len(others[number])]
        for part in _split(mask, {others[number][place][0] for number, place in open_places}):
            after = _closed(_stepped(open_places, others, part), others)
            steps.append(((at if many else at + 1, after), symbols.show(part)))
        for following, text in steps:
            if following not in paths:
                paths[following] = paths[state] + text
                queue.append(following)
    return None


def _stepped(
    places: Iterable[tuple[int, int]], patterns: list[list[_Cell]], part: int
) -> Iterator[tuple[int, int]]:
    for number, place in places:
        mask, many = patterns[number][place]
        if mask & part:
            yield number, place if many else place + 1


def _symbols_of(pattern: Sequence[object]) -> Iterator[object]:
    for part in pattern:
        if isinstance(part, str):
            yield from part
        else:
            yield part


def part_early(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether two patterns differ before the first wildcard of either, so that no text matches both: most of many."""
    for left, right in zip(one, other, strict=False):
        if left is MANY or left is ONE or right is MANY or right is ONE:
            return False
        if left != right:
            return True
    return False


def _cell(symbol: object, symbols: _Symbols) -> _Cell:
    if symbol is MANY:
        return symbols.everything(), True
    return (_CHARACTERS if symbol is ONE else symbols.bit(symbol)), False


def _closed(places: Iterable[tuple[int, int]], patterns: list[list[_Cell]]) -> _Places:
    """With every place that a star reaches by standing for nothing."""
    closed = set()
    for number, place in places:
        at = place
        closed.add((number, at))
        while at < len(patterns[number]) and patterns[number][at][1]:
            at += 1
            closed.add((number, at))
    return frozenset(closed)


def _split(mask: int, others: Iterable[int]) -> list[int]:
    """The class in parts, on each of which all the others agree."""
    parts = [mask]
    for other in set(others):
        parts = [piece for part in parts for piece in (part & other, part & ~other) if piece]
    return parts
