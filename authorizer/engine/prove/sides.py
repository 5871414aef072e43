"""Two sets of templates, old and new, rendered for the same users."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from authorizer.engine.document import Document, Statement
from authorizer.engine.language import ClaimType, Placeholders, ValueMissing
from authorizer.engine.prove.users import Way
from authorizer.engine.template import (
    Atom,
    Choices,
    HasItems,
    InScopes,
    IsDefined,
    Program,
    Question,
    Run,
    TemplateSet,
    always,
    examine_symbolic,
    lengths_to_compare,
)

NOTHING: Final = Document(statements=())

BY_ACTOR: Final = "the actor's "
"""What stands before a scope of somebody who acts for the user. No scope holds a space (RFC 6749 §3.3)."""

Both: TypeAlias = tuple[Way, Document, Document]
"""What was chosen about the user, and what the old set and the new one render to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two sets: what a role's session policy is rendered from."""

    templates: TemplateSet
    names: tuple[str, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    """By name in templates, where the token has each claim: another source may mean other values."""
    delegated: bool = False
    """Whether somebody acts for the user, so that only the scopes count that both of them have."""

    def scopes(self, asked: frozenset[str]) -> frozenset[str]:
        """The session's scopes, of those of the user and, `BY_ACTOR` before each, of whoever acts for them."""
        return frozenset(scope for scope in asked if not self.delegated or BY_ACTOR + scope in asked)

    @property
    def programs(self) -> tuple[Program, ...]:
        return tuple(map(self.templates.program, self.names))

    @property
    def claims(self) -> Mapping[str, ClaimType]:
        """The claims that it looks at."""
        uses = frozenset[str]().union(*map(self.templates.uses, self.names))
        return {name: kind for name, kind in self.templates.claims.items() if name in uses}


class Sides:
    """Both sets, speaking about the same user. A side is None where the role does not exist."""

    def __init__(self, old: Side | None, new: Side | None) -> None:
        self.old, self.new = old, new
        before, now = old.claims if old else {}, new.claims if new else {}
        self.claims: dict[str, ClaimType] = {
            **(old.templates.claims if old else {}),
            **(new.templates.claims if new else {}),
            **before,
            **now,
        }
        """What a claim is: to the new set if that looks at it, else to the old one."""
        self._refused_before = [
            name for name in now if name in before and before[name].is_list != now[name].is_list
        ]
        """What the old set refused as no list, or as no text, whatever it was."""
        self.placeholders = Placeholders(self.claims)
        self._lengths = lengths_to_compare(
            self.claims, old.programs if old else (), new.programs if new else ()
        )

    def ways(self) -> Iterator[Both]:
        """Every way that renders a policy on at least one side: what was chosen, and what each side renders to."""
        todo: list[dict[Atom, bool | int]] = [self._given()]
        while todo:
            choices = _Choices(todo.pop(), self._lengths)
            new = self._render(self.new, choices)
            refused = any(choices.holds(IsDefined(name)) for name in self._refused_before)
            old = NOTHING if refused else self._render(self.old, choices)
            todo += choices.untried
            if old.statements or new.statements:
                yield dict(choices.made), old, new

    def _given(self) -> dict[Atom, bool | int]:
        """What holds of every user, whichever set renders for them."""
        sides = [side.templates.claims for side in (self.old, self.new) if side]
        both = {name: kind for name, kind in self.claims.items() if all(name in side for side in sides)}
        return always(
            {name: kind for name, kind in both.items() if all(side[name].fallback for side in sides)}
        )

    def _render(self, side: Side | None, choices: "_Choices") -> Document:
        """Both sides' programs ask the same choices; a side without a policy for this user allows nothing."""
        if side is None:
            return NOTHING
        statements: list[Statement] = []
        facts = _Delegated(choices) if side.delegated else choices
        try:
            for program in side.programs:
                document, _ = examine_symbolic(Run(facts, self.placeholders.codes).run(program).text)
                statements += document.statements
        except ValueMissing:
            return NOTHING
        return Document(statements=tuple(statements))


@dataclass(slots=True)
class _Choices(Choices):
    """Choices of which a claim's absence is one: the other side may not need it."""

    def need(self, claim: str) -> None:  # type: ignore[explicit-override]  # `typing.override` came with 3.12
        if not self._choose(IsDefined(claim), (True, False)):
            raise ValueMissing(claim)


@dataclass(frozen=True, slots=True)
class _Delegated:
    """The same choices, as a session sees them in which somebody acts for the user."""

    choices: _Choices

    def holds(self, question: Question) -> bool:
        if isinstance(question, InScopes) and not self.choices.holds(InScopes(BY_ACTOR + question.scope)):
            return False
        return self.choices.holds(question)

    def count(self, atom: HasItems) -> int:
        return self.choices.count(atom)

    def need(self, claim: str) -> None:
        self.choices.need(claim)


def is_within(narrow: ClaimType, wide: ClaimType) -> bool:
    """Whether every value of the one type is a value of the other; never wrongly True."""
    if narrow.is_list != wide.is_list or narrow.max_items > wide.max_items:
        return False
    if wide.name == "ip" and narrow.name != "ip":
        return False  # its language has more than its values
    return all(
        any(
            len(one) == len(other)
            and all(
                mine.chars <= theirs.chars and mine.min >= theirs.min and mine.max <= theirs.max
                for mine, theirs in zip(one, other, strict=True)
            )
            for other in wide.language.alternatives
        )
        for one in narrow.language.alternatives
    )
