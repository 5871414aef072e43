"""Do the commas between statements fit, whichever way each test goes?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from authorizer.engine.template.program import Both, For, If, LoopIs, Node, Not, Test


@dataclass(frozen=True, slots=True)
class Comma:
    """A comma between two statements."""


@dataclass(frozen=True, slots=True)
class Item:
    """One statement: nodes that write it from its first bracket to its last."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """A test around statements."""

    node: If
    then: tuple["Entry", ...]
    otherwise: tuple["Entry", ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A loop around statements."""

    node: For
    body: tuple["Entry", ...]


Entry: TypeAlias = Comma | Item | Either | Each

_Behind: TypeAlias = Literal["nothing", "statement", "comma"]
"""What stands last in the list so far."""
_States: TypeAlias = frozenset[_Behind]
_Turn: TypeAlias = tuple[bool, bool] | None
"""Of the innermost loop: whether this is its first turn, and its last; None outside of loops."""

_START: Final[_States] = frozenset({"nothing"})


class _Wrong(Exception):
    """Two statements without a comma between them, or a comma without two."""


def may_go_wrong(entries: Sequence[Entry]) -> bool:
    """Whether some choice at each test, as if none depended on another, leaves a comma out or one too many."""
    try:
        return "comma" in _through(entries, _START, None)
    except _Wrong:
        return True


def _through(entries: Sequence[Entry], states: _States, turn: _Turn) -> _States:
    for entry in entries:
        if isinstance(entry, Item):
            if "statement" in states:
                raise _Wrong
            states = frozenset({"statement"})
        elif isinstance(entry, Comma):
            if states != {"statement"}:
                raise _Wrong
            states = frozenset({"comma"})
        elif isinstance(entry, Either):
            outcome = _outcome(entry.node.test, turn)
            arms = [entry.then] * (outcome is not False) + [entry.otherwise] * (outcome is not True)
            states = frozenset().union(*(_through(arm, states, turn) for arm in arms))
        else:
            states = _repeated(entry.body, states)
    return states


def _repeated(body: Sequence[Entry], states: _States) -> _States:
    """Behind a loop of one turn, or of any number of them."""
    only = _through(body, states, (True, True))
    begun = _through(body, states, (True, False))
    while (more := begun | _through(body, begun, (False, False))) != begun:
        begun = more
    return only | _through(body, begun, (False, True))


def _outcome(test: Test, turn: _Turn) -> bool | None:
    """What a test says, as far as the loop's turn decides it."""
    if isinstance(test, LoopIs):
        return None if turn is None else turn[0 if test.which == "first" else 1]
    if isinstance(test, Not):
        inside = _outcome(test.test, turn)
        return None if inside is None else not inside
    if isinstance(test, Both):
        sides = {_outcome(test.left, turn), _outcome(test.right, turn)}
        decided = test.either
        return decided if decided in sides else None if None in sides else not decided
    return None
