"""Two sets of templates, old and new, rendered for the same users."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from authorizer.engine.document import Document, Statement
from authorizer.engine.language import ClaimType, Placeholders, ValueMissing
from authorizer.engine.prove.groups import Group, Part, parts_of
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
    Ways,
    always,
    branch_of,
    examine_symbolic,
    explore,
    lengths_to_compare,
    mended,
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

        def render(choices: _Choices) -> tuple[Document, Document]:
            new = self._render(self.new, choices)
            return self._render(self.old, choices), new

        return self._explore(render, {})

    def ways_through(self, group: Group, *, defined: Collection[str], lost: bool) -> Iterator[Both]:
        """The same for parts of both sides, and for users who have the claims `defined`. Of the side of `group.focus`,
        which is the new one unless `lost`, there is what the focus allows, and what all of its parts deny."""
        mine, theirs = (self.old, self.new) if lost else (self.new, self.old)

        def render(choices: _Choices) -> tuple[Document, Document]:
            ours = self._render(mine, choices, (group.focus,), group.beside)
            others = self._render(theirs, choices, group.theirs)
            return (ours, others) if lost else (others, ours)

        return self._explore(render, {IsDefined(name): True for name in defined})

    def _explore(
        self, render: Callable[["_Choices"], tuple[Document, Document]], known: Mapping[Atom, bool | int]
    ) -> Iterator[Both]:
        todo: list[dict[Atom, bool | int]] = [{**self._given(), **known}]
        while todo:
            choices = _Choices(todo.pop(), self._lengths)
            old, new = render(choices)
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

    @property
    def alike(self) -> bool:
        """Whether the same template text means the same on both sides."""
        sides = [side for side in (self.old, self.new) if side is not None]
        fallbacks = [{name: kind.fallback for name, kind in side.templates.claims.items()} for side in sides]
        same = all(
            len({each[name] for each in fallbacks if name in each}) == 1
            for each in fallbacks
            for name in each
        )
        return len({side.delegated for side in sides}) == 1 and same and not self._refused_before

    def parts(self, side: Side | None) -> list[Part]:
        """The parts of one side's templates."""

        def explored(program: Program) -> Ways:
            ways = explore([program], self.placeholders.codes, lengths, given=self._given())
            return tuple(branch_of(chosen, [mended(run)]) for chosen, (run,) in ways)

        if side is None:
            return []
        lengths = lengths_to_compare(side.templates.claims, side.programs, ())
        return parts_of(side.programs, explored)

    def _render(
        self,
        side: Side | None,
        choices: "_Choices",
        programs: Sequence[Program] | None = None,
        denying: Sequence[Program] = (),
    ) -> Document:
        """What a side, or some programs of it, render to, with what those that are `denying` deny. Both sides' programs
        ask the same choices; a side without a policy for this user allows nothing."""
        if side is None:
            return NOTHING
        if side is self.old and any(choices.holds(IsDefined(name)) for name in self._refused_before):
            return NOTHING
        facts = _Delegated(choices) if side.delegated else choices
        chosen = side.programs if programs is None else programs

        def read(program: Program) -> tuple[Statement, ...]:
            run = Run(facts, self.placeholders.codes).run(program)
            return examine_symbolic(mended(run).text)[0].statements

        try:
            statements = [each for program in chosen for each in read(program)]
            denied = [each for program in denying for each in read(program) if each.effect == "Deny"]
        except ValueMissing:
            return NOTHING
        return Document(statements=(*statements, *denied))


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
