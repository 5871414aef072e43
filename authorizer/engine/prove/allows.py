"""The Allow statements of templates, and how users come by each: what the prover compares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from authorizer.engine.document import Statement
from authorizer.engine.language import ClaimType, ClaimValue
from authorizer.engine.prove.leaving import left_of
from authorizer.engine.prove.symbolic import Reader, SymbolicStatement, known
from authorizer.engine.prove.tags import Tags, asked_for, tagged
from authorizer.engine.prove.users import placeholders_of
from authorizer.engine.prove.without import texts_of
from authorizer.engine.template import Atom, Branch, Equals, IsDefined, Place

MAX_WAYS: Final = 12
"""Most ways of reaching one statement that are tried for a witness; proofs look at all of them."""

MAX_WORDS: Final = 256
"""Most values of a claim that are told one by one to see which of them tests leave."""


class Templates(Protocol):
    """What the prover asks of a set of templates: `authorizer.engine.template.template.TemplateSet` is one."""

    @property
    def claims(self) -> Mapping[str, ClaimType]: ...

    def branches(self, names: Sequence[str]) -> Iterable[Branch]: ...

    def origin(self, placeholder: str) -> tuple[str, int]: ...

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Held:
    """What tests on a way say of the isolating claim."""

    absent: bool = False
    value: str | None = None
    """The one value that it has there."""
    never: frozenset[str] = frozenset()
    """Values that it has not."""

    def may_be(self, value: str) -> bool:
        """Whether users on such a way may have this value."""
        return not self.absent and value not in self.never and self.value in (None, value)


@dataclass(slots=True)
class Allow:
    """An Allow statement, and how a user comes by it."""

    template: str
    statement: SymbolicStatement
    left: tuple[SymbolicStatement, ...]
    """What the Denies beside it leave of it; the statement itself where they leave it whole."""
    place: Place
    ways: list[Mapping[Atom, bool | int]]
    claim: str
    """The isolating claim."""
    held: Held
    """What it is on these ways."""
    items: Mapping[str, int]
    """Of each list that it mentions, which item."""
    tags: Tags
    """Those that the policy asks about."""

    @property
    def asked_for(self) -> tuple[str, ...]:
        """The value of the isolating claim that tests ask for."""
        return () if self.held.value is None else (self.held.value,)

    def is_held_by(self, value: str) -> bool:
        """Whether users with this value of the isolating claim may come by it."""
        return self.held.may_be(value)

    def differs(self, other: "Allow") -> bool:
        """Whether two users whose isolating claims differ may come by these two statements."""
        if self.held.absent or other.held.absent:
            return self.held.absent != other.held.absent
        return self.held.value is None or self.held.value != other.held.value

    def beside(self, other: "Allow", statement: SymbolicStatement) -> SymbolicStatement:
        """The statement, or a part of it, for a user whose isolating claim is not that of the other one's user."""
        if self.held.value is not None:
            return known(statement, self.claim, value=self.held.value)
        never = self.held.never | frozenset(other.asked_for)
        return known(statement, self.claim, never=never) if never else statement


def allows_of(
    templates: Templates,
    name: str,
    branches: Iterable[Branch],
    *,
    claim: str,
    claims: Mapping[str, ClaimType],
    tags: Tags,
    apart: bool = True,
) -> list[Allow]:
    """Every Allow statement that template `name` may render to in these branches and that is not denied, each once;
    `claim` isolates. `tags` are those of every session with this template. `apart`: two users are known to differ in
    the claim's value."""
    found: dict[tuple[Statement, Held, tuple[Statement, ...]], Allow] = {}
    for branch in branches:
        held = _held(claim, branch.chosen, claims)
        if held is None or any(branch.chosen.get(IsDefined(name)) is False for name in tags.values()):
            continue  # nobody goes this way, or no session is made without its tags
        statements = tagged(branch.document.statements, tags, templates)
        characters = {char for statement in statements for char in placeholders_of(statement)}
        reader = Reader(
            {char: templates.origin(char)[0] for char in characters}, claims, claim if apart else None
        )
        denies = [each for each in statements if each.effect != "Allow"]
        for statement, place in zip(statements, branch.places, strict=True):
            if statement.effect != "Allow":
                continue
            left = left_of(replace(statement, sid=None), denies)
            if not left:
                continue
            key = replace(statement, sid=None), held, left
            if key not in found:
                found[key] = Allow(
                    template=name,
                    statement=reader.statement(statement),
                    left=tuple(reader.statement(replace(each, sid=statement.sid)) for each in left),
                    place=place,
                    ways=[],
                    claim=claim,
                    held=held,
                    tags=asked_for(branch.document.statements, tags),
                    items=dict(
                        templates.origin(char)
                        for each in (statement, *left)
                        for char in placeholders_of(each)
                    ),
                )
            allow = found[key]
            if len(allow.ways) < MAX_WAYS:
                allow.ways.append(branch.chosen)
    return list(found.values())


def _held(claim: str, way: Mapping[Atom, bool | int], claims: Mapping[str, ClaimType]) -> Held | None:
    """What a way says of the isolating claim; None for a way that nobody goes, since it leaves a claim no value."""
    held = Held()
    for name, kind in claims.items():
        asked = [atom for atom in way if isinstance(atom, Equals) and atom.claim == name]
        value = next((atom.value for atom in asked if way[atom]), None)
        never = frozenset(atom.value for atom in asked if not way[atom])
        if value is None and never and not kind.is_list:
            left = set(texts_of(kind.language, MAX_WORDS) or ("", "*")) - never
            if not left:
                return None
            value = next(iter(left)) if len(left) == 1 else None
        if name == claim:
            held = Held(value=value, never=frozenset() if value is not None else never)
    return Held(absent=True) if way.get(IsDefined(claim)) is False else held
