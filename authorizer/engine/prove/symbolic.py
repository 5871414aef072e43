"""Statements with claims still open: what a proof speaks about.

A template is rendered once for each way through its branches and loops, with one placeholder character in place of
every claim. Here such a document becomes patterns with holes, each hole with the language of its claim's type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

from authorizer.engine.document import Condition, Operator, Statement
from authorizer.engine.evaluate import (
    MANY,
    Parts,
    Variable,
    Wild,
    known_operator,
    parse_action,
    parse_pattern,
    parse_resource,
)
from authorizer.engine.language import ClaimType, Language, Segment
from authorizer.engine.prove.automaton import Hole, SymbolicPattern
from authorizer.engine.prove.without import without

Holes: TypeAlias = Mapping[str, str]
"""From a placeholder character to the name of its claim."""

EVERYTHING: Final[SymbolicPattern] = (MANY,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolicCondition:
    """A condition of a statement. `patterns` is None for an operator whose values are no text to compare."""

    condition: Condition
    operator: Operator
    key: str
    """In lower case: condition keys have no case."""
    patterns: tuple[SymbolicPattern, ...] | None
    """Texts that a value of the request must match, one of them."""

    @property
    def folded(self) -> bool:
        """Whether they are compared without regard to case."""
        return self.operator.name.endswith("IgnoreCase")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolicStatement:
    """An Allow statement. Every set of texts here is at least as large as what IAM would take."""

    statement: Statement
    """As rendered, with placeholder characters."""
    actions: tuple[SymbolicPattern, ...]
    resources: tuple[SymbolicPattern, ...]
    conditions: tuple[SymbolicCondition, ...]


def read_statement(
    statement: Statement, *, holes: Holes, claims: Mapping[str, ClaimType], isolates: str | None
) -> SymbolicStatement:
    """One statement, whatever its effect: what it applies to."""
    return Reader(holes, claims, isolates).statement(statement)


class Reader:
    """Makes statements symbolic. `holes` have the placeholders that may stand in them; users differ in the claim
    `isolates`, if there is one."""

    def __init__(self, holes: Holes, claims: Mapping[str, ClaimType], isolates: str | None) -> None:
        self._holes = {
            placeholder: Hole(
                claim=name,
                language=claims[name].language,
                # Two lists that differ may still share an item.
                isolating=name == isolates and not claims[name].is_list,
            )
            for placeholder, name in holes.items()
        }

    def statement(self, statement: Statement) -> SymbolicStatement:
        """One statement, whatever its effect: what it applies to."""
        return SymbolicStatement(
            statement=statement,
            actions=(EVERYTHING,) if statement.not_actions else tuple(map(parse_action, statement.actions)),
            resources=(EVERYTHING,)
            if statement.not_resources
            else tuple(self._resource(text) for text in statement.resources),
            conditions=tuple(self._condition(condition) for condition in statement.conditions),
        )

    def _resource(self, text: str) -> SymbolicPattern:
        head = text.split(":", 5)[:5]
        if any(placeholder in field for field in head for placeholder in self._holes):
            # The claim's own colons would move the fields: any resource at all.
            return EVERYTHING
        return self._open(parse_resource(text))

    def _condition(self, condition: Condition) -> SymbolicCondition:
        operator = known_operator(condition.operator)
        patterns: tuple[SymbolicPattern, ...] | None = None
        if operator.kind in ("string", "arn") and not operator.negated:
            patterns = tuple(
                self._open(parse_pattern(text, wildcards=operator.takes_wildcards))
                for text in condition.values
            )
        return SymbolicCondition(
            condition=condition, operator=operator, key=condition.key.lower(), patterns=patterns
        )

    def _open(self, parts: Parts) -> SymbolicPattern:
        """Placeholders become holes; a policy variable, whose value a request brings, may be any text."""
        opened: list[str | Wild | Hole] = []
        for part in parts:
            if isinstance(part, Variable):
                opened.append(MANY)
            elif isinstance(part, str):
                opened += self._split(part)
            else:
                opened.append(part)
        return _join(tuple(opened))

    def _split(self, text: str) -> list[str | Wild | Hole]:
        pieces: list[str | Wild | Hole] = []
        literal = ""
        for char in text:
            hole = self._holes.get(char)
            if hole is None:
                literal += char
                continue
            pieces += [literal, hole] if literal else [hole]
            literal = ""
        return [*pieces, literal] if literal else pieces


def _join(pattern: SymbolicPattern) -> SymbolicPattern:
    joined: list[str | Wild | Hole] = []
    for part in pattern:
        if not (part is MANY and joined and joined[-1] is MANY):
            joined.append(part)
    return tuple(joined)


def fold(pattern: SymbolicPattern) -> SymbolicPattern:
    """The pattern without regard to case. Where two values differ only in case, they are the same text then,
    so that the hole says nothing any more about who is who."""
    return tuple(
        part.lower() if isinstance(part, str) else _fold_hole(part) if isinstance(part, Hole) else part
        for part in pattern
    )


@lru_cache(maxsize=64)
def _fold_hole(hole: Hole) -> Hole:
    segments = [segment for sequence in hole.language.alternatives for segment in sequence]
    chars = frozenset(char for segment in segments for char in segment.chars)
    folded = Language(
        tuple(
            tuple(
                Segment(frozenset(char.lower() for char in segment.chars), segment.min, segment.max)
                for segment in sequence
            )
            for sequence in hole.language.alternatives
        )
    )
    injective = len({char.lower() for char in chars}) == len(chars)
    return Hole(claim=hole.claim, language=folded, isolating=hole.isolating and injective)


def fill(pattern: SymbolicPattern, values: Mapping[str, str]) -> SymbolicPattern:
    """The pattern with literal text in the holes of these claims."""
    return tuple(values.get(part.claim, part) if isinstance(part, Hole) else part for part in pattern)


def known(
    statement: SymbolicStatement, claim: str, *, value: str | None = None, never: frozenset[str] = frozenset()
) -> SymbolicStatement:
    """The statement for users whose claim has this value, or none of these."""

    def told(pattern: SymbolicPattern) -> SymbolicPattern:
        if value is not None:
            return fill(pattern, {claim: value})
        return tuple(
            replace(part, language=without(part.language, never))
            if isinstance(part, Hole) and part.claim == claim
            else part
            for part in pattern
        )

    return replace(
        statement,
        resources=tuple(map(told, statement.resources)),
        conditions=tuple(
            each if each.patterns is None else replace(each, patterns=tuple(map(told, each.patterns)))
            for each in statement.conditions
        ),
    )
