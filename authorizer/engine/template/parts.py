"""Parts: what of a template can be judged by itself, so that independent tests do not multiply.

Fifteen statements, each behind a test of its own, make 32,768 texts, and yet only fifteen statements that are there or
not. So a program is cut where its list of statements has a statement's end: each part writes one or more whole
statements, under all the tests and loops that they stand in, between the head and the tail of the document.

    each statement of each text of the template  =  a statement of some way through some part

A template is cut only if nothing but its parts decides whether it is in order: the list holds whole statements and
commas alone, in every arm of every test, and the commas fit whichever way each test goes. Any other is judged whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from authorizer.engine.template.commas import Comma, Each, Either, Entry, Item, may_go_wrong
from authorizer.engine.template.program import For, If, Node, Place, Program, Text
from authorizer.engine.template.run import Run

SEPARATOR: Final = "\0"
"""Written behind each statement of a part. No template and no variable can hold it."""

_HEAD = re.compile(r'\s*\{[^\[\]{}]*"Statement"\s*:\s*\[')
_STRING = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+')
"""What is left of a string, up to the quote that ends it."""
_BARE = re.compile(r'[^"{}\[\]]*+')

_State: TypeAlias = tuple[int, bool]
"""Brackets that are open, counted from the list of statements, and whether this is inside a string."""
_OUTSIDE: Final[_State] = (0, False)


class _WholeOnly(Exception):
    """The program cannot be cut."""


def cut(program: Program) -> tuple[Program, ...]:
    """The parts of a program, in the order of its statements; the program alone where it cannot be cut.

    In each there is a `SEPARATOR` behind each statement, which `mended` takes out. Raises nothing.
    """
    try:
        head, body, tail = _framed(program)
        entries = _entries(body)
    except _WholeOnly:
        return (program,)
    if may_go_wrong(entries):
        return (program,)
    parts = [(*head, *part, *tail) for part in _parts(entries)]
    return tuple(parts) if len(parts) > 1 else (program,)


def mended(run: Run) -> Run:
    """The run of a part with commas in place of its separators."""
    marks = [number for number, (piece, _) in enumerate(run.pieces) if piece == SEPARATOR]
    pieces = list(run.pieces)
    for number in marks:
        pieces[number] = ("" if number == marks[-1] else ",", pieces[number][1])
    return replace(run, pieces=pieces)


def _framed(program: Program) -> tuple[Program, Program, Program]:
    """What stands before the statements, the statements, and what stands behind them."""
    others = [at for at, node in enumerate(program) if not isinstance(node, Text)]
    if not others:
        raise _WholeOnly
    first, end = others[0], others[-1] + 1
    head, tail = _texts(program[:first]), _texts(program[end:])
    start = _HEAD.match("".join(text for text, _ in head))
    last = "".join(text for text, _ in tail).rfind("]")
    if start is None or last < 0:
        raise _WholeOnly
    before, after = _split(head, start.end())
    inside, behind = _split(tail, last)
    return before, (*after, *program[first:end], *inside), behind


def _texts(nodes: Sequence[Node]) -> list[tuple[str, Place]]:
    return [(node.text, node.place) for node in nodes if isinstance(node, Text)]


def _split(texts: Sequence[tuple[str, Place]], at: int) -> tuple[Program, Program]:
    """Texts up to a character of all of them together, and from there on."""
    left: list[Node] = []
    right: list[Node] = []
    for text, place in texts:
        here = max(0, min(at, len(text)))
        left.append(Text(text[:here], place))
        right.append(Text(text[here:], _moved(place, text[:here])))
        at -= len(text)
    return tuple(left), tuple(right)


def _moved(place: Place, text: str) -> Place:
    return Place(place.template, place.line + text.count("\n"))


# ── Reading the list ─────────────────────────────────────────────────────────


def _entries(body: Program) -> tuple[Entry, ...]:
    """What stands in the list of statements, at its own level. Raises `_WholeOnly` for anything else than statements,
    commas, and tests and loops around them."""
    entries: list[Entry] = []
    item: list[Node] = []
    state = _OUTSIDE
    for node in body:
        if not isinstance(node, Text):
            if state == _OUTSIDE:
                entries.append(_nested(node))
            else:
                state = _after(node, state)
                item.append(node)
            continue
        for piece, place, now in _pieces(node, state):
            if state == _OUTSIDE and not piece.startswith("{"):
                entries += [Comma()] * _commas(piece)
                continue
            item.append(Text(piece, place))
            if now == _OUTSIDE:
                entries.append(Item(tuple(item)))
                item = []
            state = now
    if state != _OUTSIDE:
        raise _WholeOnly
    return tuple(entries)


def _nested(node: Node) -> Entry:
    if isinstance(node, If):
        return Either(node, _entries(node.then), _entries(node.otherwise))
    if isinstance(node, For):
        return Each(node, _entries(node.body))
    raise _WholeOnly  # a hole outside every string


def _commas(text: str) -> int:
    if text.replace(",", "").strip():
        raise _WholeOnly
    return text.count(",")


def _pieces(node: Text, state: _State) -> Iterator[tuple[str, Place, _State]]:
    """A text, cut where a statement begins and where one ends, each piece with the state behind it."""
    text, start, at = node.text, 0, 0
    while at < len(text):
        before = state
        at, state = _step(text, at, state)
        if before == _OUTSIDE != state:  # the bracket belongs to the statement that it opens
            yield text[start : at - 1], _moved(node.place, text[:start]), _OUTSIDE
            start = at - 1
        if before != _OUTSIDE == state or at == len(text):
            yield text[start:at], _moved(node.place, text[:start]), state
            start = at


def _step(text: str, at: int, state: _State) -> tuple[int, _State]:
    """Behind the next quote or bracket, or behind the text."""
    depth, in_string = state
    ends = (_STRING if in_string else _BARE).match(text, at)
    at = ends.end() if ends else at
    if at == len(text):
        return at, state
    char = text[at]
    if char == '"':
        return at + 1, (depth, not in_string)
    if char == "\\":  # what it escapes stands in another text
        raise _WholeOnly
    return at + 1, (depth + 1 if char in "{[" else depth - 1, False)


def _after(node: Node, state: _State) -> _State:
    """The state behind a node that stands within a statement, the same whichever way it goes."""
    if isinstance(node, Text):
        at = 0
        while at < len(node.text):
            at, state = _step(node.text, at, state)
            if state == _OUTSIDE:
                raise _WholeOnly
    elif isinstance(node, If):
        then, otherwise = _behind(node.then, state), _behind(node.otherwise, state)
        if then != otherwise:
            raise _WholeOnly
        return then
    elif isinstance(node, For) and _behind(node.body, state) != state:
        raise _WholeOnly
    return state


def _behind(program: Program, state: _State) -> _State:
    for node in program:
        state = _after(node, state)
    return state


# ── Making parts ─────────────────────────────────────────────────────────────


def _parts(entries: Sequence[Entry]) -> Iterator[Program]:
    """Of each test and each loop its parts, within it. Statements that no test is about are one part together."""
    plain: list[Node] = []
    tested: list[Program] = []
    for entry in entries:
        if isinstance(entry, Item):
            written = (*entry.nodes, Text(SEPARATOR, entry.nodes[0].place))
            if any(isinstance(node, If | For) for node in entry.nodes):
                tested.append(written)
            else:
                plain += written
        elif isinstance(entry, Either):
            node = entry.node
            inside = [
                *(If(node.test, part, (), node.place) for part in _parts(entry.then)),
                *(If(node.test, (), part, node.place) for part in _parts(entry.otherwise)),
            ]
            tested += [(part,) for part in inside or [If(node.test, (), (), node.place)]]
        elif isinstance(entry, Each):
            loop = entry.node
            tested += [(replace(loop, body=part),) for part in [*_parts(entry.body)] or [()]]
    if plain:
        yield tuple(plain)
    yield from tested
