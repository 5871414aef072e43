"""Users who go a given way through the templates: claims and scopes that answer every test as that way did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from authorizer.engine.document import Condition, Statement
from authorizer.engine.evaluate import show
from authorizer.engine.language import ClaimType, ClaimValue, is_placeholder
from authorizer.engine.prove.witness import samples
from authorizer.engine.template import Atom, Contains, Equals, HasItems, InScopes, IsDefined

Way: TypeAlias = Mapping[Atom, bool | int]
User: TypeAlias = tuple[dict[str, ClaimValue], frozenset[str]]
"""Claims and scopes."""
Origin: TypeAlias = Callable[[str], tuple[str, int]]
"""From a placeholder to its claim, and which item of it."""


def find_user(
    claims: Mapping[str, ClaimType],
    way: Way,
    texts: Mapping[str, str],
    items: Mapping[str, int],
    *,
    spare: int = 1,
) -> User | None:
    """A user who goes this way and has these texts in their claims; of a list, as the item that `items` says.

    None if there is none. What else a list needs is taken from the samples of its type, with `spare=-1` from their
    end: two users whose lists should differ take one each.
    """
    values: dict[str, ClaimValue] = {}
    for name, kind in claims.items():
        if way.get(IsDefined(name)) is False:
            continue
        usual = samples(kind.language)
        as_list = _list(name, usual[::spare], texts, way, items.get(name, 0)) if kind.is_list else None
        value = as_list if kind.is_list else _single(name, usual, texts, way)
        if value is None or not kind.accepts(value):
            return None
        values[name] = value
    return values, frozenset(
        atom.scope for atom, chosen in way.items() if isinstance(atom, InScopes) and chosen
    )


def _single(
    name: str, spare: Sequence[str], texts: Mapping[str, str], way: Mapping[Atom, bool | int]
) -> str | None:
    equal = {
        atom.value: chosen for atom, chosen in way.items() if isinstance(atom, Equals) and atom.claim == name
    }
    options = [value for value, chosen in equal.items() if chosen]
    if not options:
        options = [texts[name]] if name in texts else [*spare]
    fitting = (
        value for value in options if equal.get(value) is not False and texts.get(name, value) == value
    )
    return next(fitting, None)


def _list(
    name: str, spare: Sequence[str], texts: Mapping[str, str], way: Mapping[Atom, bool | int], at: int
) -> tuple[str, ...] | None:
    """A list of the right length that has the text as its item number `at`."""
    inside = {
        atom.value: chosen
        for atom, chosen in way.items()
        if isinstance(atom, Contains) and atom.claim == name
    }
    wanted = [value for value, chosen in inside.items() if chosen]
    count = int(way.get(HasItems(name), max(1, len(wanted), at + 1)))
    others = [value for value in (*wanted, *spare) if value != texts.get(name)]
    items = list(dict.fromkeys(others))
    if name in texts:
        items.insert(at, texts[name])
    items = items[:count]
    if len(items) < count or any((value in items) != chosen for value, chosen in inside.items()):
        return None
    return tuple(items)


def fill_in(statement: Statement, values: Mapping[str, ClaimValue], origin: Origin) -> Statement:
    """The statement with a user's values in place of placeholders, escaped as rendering does."""

    def fill(text: str) -> str:
        return "".join(_value(char, values, origin) if is_placeholder(char) else char for char in text)

    return replace(
        statement,
        resources=tuple(map(fill, statement.resources)),
        not_resources=tuple(map(fill, statement.not_resources)),
        conditions=tuple(
            Condition(operator=each.operator, key=each.key, values=tuple(map(fill, each.values)))
            for each in statement.conditions
        ),
    )


def _value(placeholder: str, values: Mapping[str, ClaimValue], origin: Origin) -> str:
    name, item = origin(placeholder)
    value = values[name]
    return show((value if isinstance(value, str) else value[item % len(value)],))


def placeholders_of(statement: Statement) -> Iterator[str]:
    """Every placeholder in the statement, as often as it stands there."""
    resources = (*statement.resources, *statement.not_resources)
    for text in (*resources, *(text for each in statement.conditions for text in each.values)):
        yield from filter(is_placeholder, text)
