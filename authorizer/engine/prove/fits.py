"""What must stand in a pattern's holes for it to match one given text: every possibility.

The text is given, so that each hole holds a part of it, and the possibilities are finite.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from authorizer.engine.evaluate import MANY, Wild
from authorizer.engine.language import Language

Filling: TypeAlias = frozenset[tuple[str, str]]
"""Hole → the text in it."""
Part: TypeAlias = str | Wild | tuple[str]
"""A literal, a wildcard, or a hole by its name, in a tuple of one."""

MAX_FILLINGS: Final = 10_000
"""Most possibilities that are followed at once: `{{ a }}{{ b }}{{ c }}` on a long text has more than anybody reads."""


class TooManyFillings(Exception):
    """The text can stand in the pattern's holes in more ways than are followed."""


def fillings(parts: Sequence[Part], text: str, languages: Mapping[str, Language | None]) -> set[Filling]:
    """Everything that the holes may hold where the whole text matches; one that is empty where there is no hole to
    fill, none where the text does not match. `languages`: what each hole may hold; None is any text.

    Raises `TooManyFillings`.
    """
    ends = _alive(parts, text, languages)
    places: set[tuple[int, Filling]] = {(0, frozenset())} if 0 in ends[0] else set()
    for number, part in enumerate(parts):
        after = set()
        for at, filling in places:
            held = dict(filling).get(part[0]) if isinstance(part, tuple) else None
            for end in _ends(part if held is None else held, text, at, languages):
                if end in ends[number + 1]:
                    more = {(part[0], text[at:end])} if isinstance(part, tuple) else set()
                    after.add((end, filling | more))
        if len(after) > MAX_FILLINGS:
            raise TooManyFillings
        places = after
    return {filling for _, filling in places}


def _alive(
    parts: Sequence[Part], text: str, languages: Mapping[str, Language | None]
) -> list[frozenset[int]]:
    """Before each part, the places in the text from where the rest can match."""
    alive = [frozenset((len(text),))]
    for part in reversed(parts):
        alive.append(
            frozenset(
                at
                for at in range(len(text) + 1)
                if not alive[-1].isdisjoint(_ends(part, text, at, languages))
            )
        )
    return alive[::-1]


def _ends(part: Part, text: str, at: int, languages: Mapping[str, Language | None]) -> Collection[int]:
    """Where a part that begins here can end."""
    if isinstance(part, str):
        return (at + len(part),) if text.startswith(part, at) else ()
    if part is MANY:
        return range(at, len(text) + 1)
    if isinstance(part, Wild):
        return (at + 1,) if at < len(text) else ()
    return _held(languages[part[0]], text, at)


@lru_cache(maxsize=16384)
def _held(language: Language | None, text: str, at: int) -> tuple[int, ...]:
    if language is None:
        return tuple(range(at, len(text) + 1))
    pattern = re.compile(language.pattern())
    longest = max(sum(segment.max for segment in sequence) for sequence in language.alternatives)
    first, last = at + language.min_length, min(len(text), at + longest)
    return tuple(end for end in range(first, last + 1) if pattern.fullmatch(text, at, end))
