"""How long the policies of templates get, found from the types of their claims, in characters."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from authorizer.engine.document import Condition, Document, Statement, dump, pack
from authorizer.engine.language import is_placeholder
from authorizer.engine.template.branches import MAX_BRANCHES, Branch, Ways, branch_of
from authorizer.engine.template.program import Atom
from authorizer.engine.template.run import Run, may_agree

MAX_PACKED: Final = 20_000
"""Most statements that are packed to find the shortest policy: some seconds."""

Size: TypeAlias = Callable[[str], int]
"""From a placeholder to how long a value in its place may be."""

_INDENT = re.compile(r"\s*\n\s*")
"""White space that no JSON string holds."""


def longest(parts: Sequence[Ways], most: Size) -> int:
    """Length of the longest policy of one way through each part, packed; 0 where there is none.

    Exact for a single part. Of several, the longest way of each is taken, in turn, that goes with those taken before.
    """
    taken: list[Branch] = []
    chosen: Mapping[Atom, bool | int] = {}
    for ways in parts:
        fitting = [way for way in ways if may_agree(way.chosen, chosen)]
        for way in sorted(fitting, key=lambda way: _packed([way], most))[-1:]:
            taken.append(way)
            chosen = {**chosen, **way.chosen}
    return _packed(taken, most) if taken else 0


def _packed(branches: Iterable[Branch], size: Size) -> int:
    statements = tuple(statement for branch in branches for statement in branch.document.statements)
    return _length(dump(pack(Document(statements=statements))), size)


def shortest_beyond(
    ways: Iterable[tuple[Mapping[Atom, bool | int], Sequence[Run]]],
    least: Size,
    limit: int,
    on_allows: Sequence[Condition],
) -> int | None:
    """Length of the shortest policy of these ways (`explore`), where every one is longer than `limit`; None where one
    fits, with `on_allows` added to each Allow.

    None, too, where no way allows anything, and where it cannot be told with at most `MAX_BRANCHES` ways and
    `MAX_PACKED` statements.
    """
    at_most = sum(len(each.operator + each.key) + len("".join(each.values)) + 30 for each in on_allows)
    allowing: list[tuple[Mapping[Atom, bool | int], Sequence[Run]]] = []
    for count, (chosen, runs) in enumerate(ways):
        if count == MAX_BRANCHES:
            return None
        raw = "".join(_INDENT.sub("", run.text) for run in runs)
        allows = raw.count('"Allow"')
        # Parsing and packing cost a millisecond, and only ever shorten: what fits without them fits.
        if allows and _length(raw, least) + allows * at_most <= limit:
            return None
        if allows:
            allowing.append((chosen, runs))
    packed, shortest = 0, None
    for chosen, runs in allowing:
        statements = branch_of(chosen, runs).document.statements
        packed += len(statements)
        if packed > MAX_PACKED:
            return None
        limited = (_limited(each, on_allows) for each in pack(Document(statements=statements)).statements)
        length = _length(dump(Document(statements=tuple(limited))), least)
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
