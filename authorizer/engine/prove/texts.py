"""Actions and resources beside one another, as they stand in statements: with placeholders, and with variables.

A placeholder, or a policy variable, is the same text wherever it stands in one request of one user, and any text at all
otherwise. All answers err on one side, which each says.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from authorizer.engine.evaluate import MANY, Parts, Variable, Wild
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove.automaton import find_overlap
from authorizer.engine.prove.inclusion import find_uncovered, part_early

Parse: TypeAlias = Callable[[str], Parts]
"""`parse_action` or `parse_resource`."""


def within(parse: Parse, text: str, others: Sequence[str]) -> bool:
    """Whether all that a text matches, the others together do; never wrongly True."""
    return text in others or (bool(others) and included(parse(text), tuple(map(parse, others))))


@lru_cache(maxsize=4096)
def included(pattern: Parts, others: tuple[Parts, ...]) -> bool:
    """The same of patterns."""
    return find_uncovered(pattern, others) is None


def may_meet(parse: Parse, one: str, other: str) -> bool:
    """Whether something may match both; never wrongly False."""
    return _narrower_of(parse(one), parse(other)) is not None


def narrower(parse: Parse, ones: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Texts that match at least what one of the ones and one of the others do."""
    found: dict[str, None] = {}
    for one in ones:
        for other in others:
            which = _narrower_of(parse(one), parse(other))
            if which is not None:
                found[(one, other)[which]] = None
    return tuple(found)


@lru_cache(maxsize=16_384)
def _narrower_of(one: Parts, other: Parts) -> int | None:
    """Which of two patterns matches at least what both do, 0 or 1; None where no text matches both."""
    mine, theirs = _opened(one), _opened(other)
    if part_early(mine, theirs):
        return None
    if find_uncovered(one, [other]) is None:
        return 0
    if find_uncovered(other, [one]) is None or find_overlap(mine, theirs) is not None:
        return 1
    return None


def _opened(parts: Parts) -> tuple[str | Wild, ...]:
    """What has no value yet may be any text."""
    opened: list[str | Wild] = []
    for part in parts:
        if isinstance(part, Variable):
            opened.append(MANY)
        elif isinstance(part, Wild):
            opened.append(part)
        else:
            opened += [MANY if is_placeholder(char) else char for char in str(part)]
    return tuple(opened)
