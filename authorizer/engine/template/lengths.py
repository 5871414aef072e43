"""How long the policies of templates get, found from the types of their claims, in characters."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from authorizer.engine.document import Condition, Document, Statement, dump, pack
from authorizer.engine.language import is_placeholder
from authorizer.engine.template.branches import MAX_BRANCHES, Branch, branch_of
from authorizer.engine.template.program import Atom
from authorizer.engine.template.run import Run

Size: TypeAlias = Callable[[str], int]
"""From a placeholder to how long a value in its place may be."""

_INDENT = re.compile(r"\s*\n\s*")
"""White space that no JSON string holds."""


def longest(branches: Iterable[Branch], most: Size) -> int:
    """Length of the longest policy of these branches, packed; 0 where there is none."""
    return max((_length(dump(pack(branch.document)), most) for branch in branches), default=0)


def shortest_beyond(
    ways: Iterable[tuple[Mapping[Atom, bool | int], Sequence[Run]]],
    least: Size,
    limit: int,
    on_allows: Sequence[Condition],
) -> int | None:
    """Length of the shortest policy of these ways (`explore`), where every one is longer than `limit`; None where one
    fits, with `on_allows` added to each Allow.

    None, too, where no way allows anything, and where there are more than `MAX_BRANCHES` ways.
    """
    at_most = sum(len(each.operator + each.key) + len("".join(each.values)) + 30 for each in on_allows)
    shortest = None
    for count, (chosen, runs) in enumerate(ways):
        raw = "".join(_INDENT.sub("", run.text) for run in runs)
        if count == MAX_BRANCHES:
            return None
        if '"Allow"' not in raw:
            continue
        # Parsing and packing cost a millisecond, and only ever shorten: what fits without them fits.
        length = _length(raw, least) + raw.count('"Allow"') * at_most
        if length > limit:
            statements = pack(branch_of(chosen, runs).document).statements
            limited = tuple(_limited(statement, on_allows) for statement in statements)
            length = _length(dump(Document(statements=limited)), least)
        if length <= limit:
            return None
        shortest = min(length, shortest or length)
    return shortest


def _length(text: str, size: Size) -> int:
    """Length of a symbolic text with values of that size in it."""
    return len(text) + sum(size(char) - 1 for char in text if is_placeholder(char))


def _limited(statement: Statement, conditions: Sequence[Condition]) -> Statement:
    if statement.effect != "Allow":
        return statement
    return replace(statement, conditions=(*statement.conditions, *conditions))
