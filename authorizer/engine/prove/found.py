"""What is found where a statement is read for one request: the nouns, and how they are taken apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from authorizer.engine.document import Condition, Statement
from authorizer.engine.evaluate import known_operator, matches, parse_action, parse_pattern, show
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove.fits import Filling
from authorizer.engine.template import Atom, Place


class Undecided(Exception):
    """It cannot be told who may make the request; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request, and what is known of whoever makes it."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Condition keys of the request in lower case, as far as they are given; no value: the key is not there."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Condition key in lower case, `aws:principaltag/tenant` → the claim that is always its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared:
    """What a Deny leaves of an Allow: nobody with these values, where these conditions hold."""

    values: Filling
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One Allow on one way that may match the request, and for whom."""

    way: Mapping[Atom, bool | int]
    values: Filling
    """Placeholder → what the claim must be."""
    conditions: tuple[Condition, ...]
    """What is left over, of the request and of session tags."""
    but: tuple[Spared, ...]
    place: Place
    statement: Statement
    """As rendered on this way, with placeholders."""


def acts(statement: Statement, action: str) -> bool:
    """Whether the statement is about the action."""
    listed = any(
        matches(parse_action(text), action.lower()) for text in (statement.not_actions or statement.actions)
    )
    return listed is not bool(statement.not_actions)


def taken_apart(filling: Filling) -> tuple[Filling, tuple[Condition, ...]]:
    """What claims must be, and what keys of the request must be that stand in a pattern as variables."""
    own = sorted(each for each in filling if not is_placeholder(each[0]))
    return filling.difference(own), tuple(
        Condition(operator="StringEquals", key=key, values=(show((text,)),)) for key, text in own
    )


def agree(one: Filling, other: Filling) -> bool:
    """Whether the other leaves room for the one: no hole would hold two texts."""
    mine = dict(other)
    return all(mine.get(hole, text) == text for hole, text in one)


def filled(condition: Condition, values: Filling) -> Condition:
    """With the values in the condition's holes, escaped."""
    mine = {char: show((text,)) for char, text in values}
    return replace(
        condition, values=tuple("".join(mine.get(char, char) for char in text) for text in condition.values)
    )


def literals(condition: Condition) -> list[str] | None:
    """The texts that a key must be one of; None for a condition that says something else."""
    operator = known_operator(condition.operator)
    if operator.name != "StringEquals" or operator.qualifier == "ForAllValues" or operator.if_exists:
        return None
    found = [parse_pattern(text, wildcards=False) for text in condition.values]
    texts = [parts[0] for parts in found if len(parts) == 1 and isinstance(parts[0], str)]
    if len(texts) < len(found) or any(is_placeholder(char) for text in texts for char in text):
        return None
    return texts


def pieces(text: str) -> list[str]:
    """The text with each placeholder by itself."""
    pieces = [""]
    for char in text:
        if is_placeholder(char):
            pieces += [char, ""]
        else:
            pieces[-1] += char
    return [piece for piece in pieces if piece]
