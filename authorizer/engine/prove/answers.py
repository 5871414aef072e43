"""Who may make one request, in as few words as say it exactly.

What was found on each way (`authorizer.engine.prove.askers`) is joined: ways that differ in nothing that matters, and a
list's items, which a template treats alike, wherever they stand and however many there are.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from authorizer.engine.document import Condition
from authorizer.engine.evaluate import known_operator
from authorizer.engine.language import Placeholders
from authorizer.engine.prove.askers import find_allowing, ways_of
from authorizer.engine.prove.fits import Filling
from authorizer.engine.prove.found import Asked, Found, Spared, Undecided
from authorizer.engine.prove.ways import Literals, simplify
from authorizer.engine.template import Atom, Equals, HasItems, IsDefined, Place, TemplateSet

MAX_KEPT: Final = 6
"""Most that is kept of what was found on one way, to find somebody who goes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Users who may make the request. Claims are placeholder characters; a list's first one is any of its items: what
    must be true of it is true of one of them, and a condition's value stands there once for each."""

    ways: tuple[Literals, ...]
    """They go one of these. Choices that make no difference are left out, and so is that they have the claims of
    `values`."""
    values: Filling
    """Placeholder → what the claim must be."""
    conditions: tuple[Condition, ...]
    """What is left over, of the request and of session tags: all of it must hold."""
    but: tuple[Spared, ...]
    """Nobody with these values where these conditions hold."""
    places: tuple[Place, ...]
    """The statements that allow it."""
    found: tuple[Found, ...] = field(repr=False)
    """Some of what this is made of: for each of the ways."""


def who_may(templates: TemplateSet, names: Sequence[str], asked: Asked) -> list[Asker]:
    """Everybody who may make the request, and nobody else, where sessions are rendered from `names`. Raises
    `Undecided`.

    A user whose policy is longer than STS takes has no session, and is not left out here.
    """
    joiner = _Joiner(templates, find_allowing(templates, names, asked))
    return joiner.askers()


def who_has_a_session(templates: TemplateSet, names: Sequence[str]) -> list[Asker]:
    """Everybody for whom `names` render an Allow at all: the others have no session. Raises `Undecided`."""
    found = []
    for branch in ways_of(templates, names):
        allows = [
            (statement, place)
            for statement, place in zip(branch.document.statements, branch.places, strict=True)
            if statement.effect == "Allow"
        ]
        for statement, place in allows[:1]:
            found.append(
                Found(
                    way=branch.chosen,
                    values=frozenset(),
                    conditions=(),
                    but=(),
                    place=place,
                    statement=replace(statement, conditions=()),
                )
            )
    return _Joiner(templates, found).askers()


_Rest: TypeAlias = tuple[Filling, tuple[Condition, ...], tuple[Spared, ...]]


class _Row(NamedTuple):
    """Something that was found, and what of it is left to say."""

    found: Found
    way: Mapping[Atom, bool | int]
    rest: _Rest


def goes(found: Found, way: Literals) -> bool:
    """Whether somebody who goes a simpler way may be one of whom this was found."""
    return all(found.way.get(atom, chosen) == chosen for atom, chosen in way)


class _Joiner:
    def __init__(self, templates: TemplateSet, found: Sequence[Found]) -> None:
        self._templates, self._found = templates, found
        self._codes = Placeholders(templates.claims).codes
        self._lengths: dict[str, set[int]] = {}
        for each in found:
            for atom, count in each.way.items():
                if isinstance(atom, HasItems):
                    self._lengths.setdefault(atom.claim, set()).add(int(count))

    def askers(self) -> list[Asker]:
        groups: dict[_Rest, list[tuple[Mapping[Atom, bool | int], Found]]] = {}
        for each, way, rest in self._of_lists():
            known = {self._claim(char) for char, _ in rest[0]}
            short = {
                atom: chosen
                for atom, chosen in way.items()
                if not (isinstance(atom, IsDefined | Equals) and atom.claim in known)
            }
            groups.setdefault(rest, []).append((short, each))
        askers = []
        for (values, conditions, but), members in groups.items():
            ways = tuple(simplify((way for way, _ in members), lengths=self._lengths))
            kept = [
                each
                for way in ways
                for each in islice((one for _, one in members if goes(one, way)), MAX_KEPT)
            ]
            askers.append(
                Asker(
                    ways=ways,
                    values=values,
                    conditions=conditions,
                    but=but,
                    places=tuple(dict.fromkeys(each.place for _, each in members)),
                    found=tuple(kept),
                )
            )
        return askers

    def _claim(self, char: str) -> str:
        return self._templates.origin(char)[0]

    def _of_lists(self) -> list[_Row]:
        """What was found, of lists without saying which item, and of how many."""
        rows = [_Row(each, dict(each.way), (each.values, each.conditions, each.but)) for each in self._found]
        for claim, counts in self._lengths.items():
            rows = self._without_places(claim, counts, rows)
        return rows

    def _without_places(self, claim: str, counts: Collection[int], rows: Iterable[_Row]) -> list[_Row]:
        joined: list[_Row] = []
        seen: dict[tuple[Literals, _Rest], dict[int, set[int | None]]] = {}
        for row in rows:
            count = row.way.get(HasItems(claim))
            items = [chr(self._codes[claim] + number) for number in range(int(count or 0))]
            if count is None or not _mentions(row.rest, items):
                joined.append(row)
                continue
            rest, item = _Items(claim, items).anywhere(row.rest)
            way = {atom: chosen for atom, chosen in row.way.items() if atom != HasItems(claim)}
            joined.append(_Row(row.found, way, rest))
            seen.setdefault((frozenset(way.items()), rest), {}).setdefault(len(items), set()).add(item)
        for places in seen.values():
            if places.keys() != set(counts) or not all(
                None in items or items == set(range(count)) for count, items in places.items()
            ):
                raise _by_place(claim)
        return joined


def _by_place(claim: str) -> Undecided:
    return Undecided(f"what is allowed depends on which item of `{claim}` it is, or on how many there are")


def _mentions(rest: _Rest, items: Sequence[str]) -> bool:
    values, conditions, but = rest
    texts = [char for char, _ in values] + _texts(conditions)
    for each in but:
        texts += [char for char, _ in each.values] + _texts(each.conditions)
    return any(item in text for text in texts for item in items)


def _texts(conditions: Iterable[Condition]) -> list[str]:
    return [text for condition in conditions for text in condition.values]


class _Items:
    """A list's items, each by its place → any of them."""

    def __init__(self, claim: str, items: Sequence[str]) -> None:
        self._claim, self._items = claim, items
        self._first = str.maketrans(dict.fromkeys(items, items[0]))

    def anywhere(self, rest: _Rest) -> tuple[_Rest, int | None]:
        """The same of any item; and the one that it was about, if it was about a single one."""
        values, conditions, but = rest
        held = [(self._items.index(char), text) for char, text in values if char in self._items]
        made = [self._condition(condition) for condition in conditions]
        singled = {item for _, item in made if item is not None} | {item for item, _ in held}
        if len(singled) > 1 or (held and _mentions((frozenset(), conditions, ()), self._items)):
            raise _by_place(self._claim)
        return (
            (self._values(values), tuple(condition for condition, _ in made), self._but(but, dict(held))),
            next(iter(singled), None),
        )

    def _values(self, values: Filling) -> Filling:
        return frozenset((char.translate(self._first), text) for char, text in values)

    def _condition(self, condition: Condition) -> tuple[Condition, int | None]:
        """With one value for all items; and the item, where it is about a single one of several."""
        forms: dict[str, set[int]] = {}
        for text in condition.values:
            mentioned = {number for number, item in enumerate(self._items) if item in text}
            if len(mentioned) > 1:
                raise _by_place(self._claim)
            forms.setdefault(text.translate(self._first), set()).update(mentioned)
        joined = replace(condition, values=tuple(forms))
        places = [found for found in forms.values() if found]
        if all(len(found) == len(self._items) for found in places):
            return joined, None
        operator = known_operator(condition.operator)
        singled = set[int]().union(*places)
        if len(singled) > 1 or operator.negated or operator.qualifier == "ForAllValues":
            raise _by_place(self._claim)
        return joined, singled.pop()

    def _but(self, but: tuple[Spared, ...], held: Mapping[int, str]) -> tuple[Spared, ...]:
        """What must be true of no item."""
        kept: dict[Spared, set[int]] = {}
        for each in but:
            items = {self._items.index(char) for char, _ in each.values if char in self._items}
            made = [self._condition(condition) for condition in each.conditions]
            if len(items) > 1 or any(item is not None for _, item in made):
                raise _by_place(self._claim)
            joined = Spared(
                values=self._values(each.values), conditions=tuple(condition for condition, _ in made)
            )
            # An item that is known to be another text than the one that is denied was left out before.
            texts = {text for char, text in joined.values if char == self._items[0]}
            others = {item for item, text in held.items() if items and text not in texts}
            kept.setdefault(joined, set()).update(items | others if items else range(len(self._items)))
        if any(len(items) < len(self._items) for items in kept.values()):
            raise _by_place(self._claim)
        return tuple(kept)
