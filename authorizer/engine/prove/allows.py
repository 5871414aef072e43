"""The Allow statements of templates, and how users come by each: what the prover compares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from authorizer.engine.document import Statement
from authorizer.engine.language import ClaimType, ClaimValue
from authorizer.engine.prove.symbolic import SymbolicStatement, read_allows
from authorizer.engine.prove.users import placeholders_of
from authorizer.engine.template import Atom, Branch, Equals, IsDefined, Place

MAX_WAYS: Final = 12
"""Most ways of reaching one statement that are tried for a witness; proofs look at all of them."""

_ANY: Final = "*"
"""Any value of the isolating claim. No claim can be a star."""


class Templates(Protocol):
    """What the prover asks of a set of templates: `authorizer.engine.template.template.TemplateSet` is one."""

    def branches(self, names: Sequence[str]) -> Iterable[Branch]: ...

    def origin(self, placeholder: str) -> tuple[str, int]: ...

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str: ...


@dataclass(slots=True)
class Allow:
    """An Allow statement, and how a user comes by it."""

    template: str
    statement: SymbolicStatement
    place: Place
    ways: list[Mapping[Atom, bool | int]]
    held_by: set[str | None]
    """What the isolating claim is on these ways: `_ANY`, a value that a test asks for, or None if it is absent."""
    items: Mapping[str, int]
    """Of each list that it mentions, which item."""

    @property
    def asked_for(self) -> tuple[str, ...]:
        """Values of the isolating claim that tests ask for."""
        return tuple(sorted(value for value in self.held_by if value not in (None, _ANY)))

    def is_held_by(self, value: str) -> bool:
        """Whether users with this value of the isolating claim may come by it."""
        return not self.held_by.isdisjoint((value, _ANY))

    def differs(self, other: "Allow") -> bool:
        """Whether two users whose isolating claims differ may come by these two statements."""
        return any(one != another or one == _ANY for one in self.held_by for another in other.held_by)


def allows_of(
    templates: Templates,
    name: str,
    branches: Iterable[Branch],
    *,
    claim: str,
    claims: Mapping[str, ClaimType],
    apart: bool = True,
) -> list[Allow]:
    """Every Allow statement that template `name` may render to in these branches, each once; `claim` isolates. `apart`:
    two users are known to differ in its value."""
    found: dict[Statement, Allow] = {}
    for branch in branches:
        characters = {char for statement in branch.document.statements for char in placeholders_of(statement)}
        statements = read_allows(
            branch.document,
            holes={char: templates.origin(char)[0] for char in characters},
            claims=claims,
            isolates=claim if apart else None,
        )
        places = [
            place
            for place, statement in zip(branch.places, branch.document.statements, strict=True)
            if statement.effect == "Allow"
        ]
        held_by = _held_by(claim, branch.chosen)
        for statement, place in zip(statements, places, strict=True):
            allow = found.setdefault(
                replace(statement.statement, sid=None),
                Allow(
                    template=name,
                    statement=statement,
                    place=place,
                    ways=[],
                    held_by=set(),
                    items=dict(map(templates.origin, placeholders_of(statement.statement))),
                ),
            )
            allow.held_by.add(held_by)
            if len(allow.ways) < MAX_WAYS:
                allow.ways.append(branch.chosen)
    return list(found.values())


def _held_by(claim: str, way: Mapping[Atom, bool | int]) -> str | None:
    if way.get(IsDefined(claim)) is False:
        return None
    asked = (
        atom.value
        for atom, chosen in way.items()
        if isinstance(atom, Equals) and atom.claim == claim and chosen
    )
    return next(asked, _ANY)
