"""Somebody who goes a way and makes a request: guesses, for the evaluator to confirm."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from authorizer.engine.document import Statement
from authorizer.engine.evaluate import Variable, parse_pattern, show
from authorizer.engine.language import ClaimType
from authorizer.engine.prove.answers import Asker, goes
from authorizer.engine.prove.found import Found
from authorizer.engine.prove.solve import requests_for
from authorizer.engine.prove.users import Origin, User, fill_in, find_user
from authorizer.engine.prove.ways import Literals
from authorizer.engine.prove.witness import samples

MAX_CONTEXTS: Final = 24
"""Most contexts of the request that are tried for one user."""
_ACTIONS: Final = ("s3:GetObject",)
_RESOURCES: Final = ("arn:aws:s3:::any",)
"""Of a request of which only the context is looked at."""
MAX_USERS: Final = 40
"""Most users that are tried for one thing that was found."""
MAX_TEXTS: Final = 6
"""Most texts that are tried for claims which may be anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A user, and what their request may have besides."""

    user: User
    contexts: tuple[Mapping[str, str | Sequence[str]], ...]


def guesses(
    asker: Asker,
    way: Literals,
    *,
    claims: Mapping[str, ClaimType],
    origin: Origin,
    tags: Mapping[str, str],
    texts: Mapping[str, str],
) -> Iterator[Guess]:
    """Users of an answer who go this one of its ways, with these types of claims: a type may be narrower than the
    templates', where an issuer's users have only some values. `tags` as in `Asked`; `texts`: what some claims are to be
    that the answer leaves open."""
    fitting = (replace(each, way={**each.way, **dict(way)}) for each in asker.found if goes(each, way))
    for found in fitting:
        told: list[User] = []
        todo = list(_users(found, claims, origin, texts))
        while todo:
            user = todo.pop(0)
            if user in told:
                continue
            told.append(user)
            contexts = tuple(_contexts(found, user, origin, tags))
            yield Guess(user=user, contexts=contexts)
            if len(told) < MAX_USERS:
                todo += _tagged(found, user, contexts, claims=claims, tags=tags)


def _tagged(
    found: Found,
    user: User,
    contexts: Sequence[Mapping[str, str | Sequence[str]]],
    *,
    claims: Mapping[str, ClaimType],
    tags: Mapping[str, str],
) -> Iterator[User]:
    """Users whose tags are what the conditions ask for."""
    values, _ = user
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    for context in contexts:
        wanted = {
            tags[key.lower()]: value
            for key, value in context.items()
            if key.lower() in tags and isinstance(value, str)
        }
        other = find_user(claims, found.way, {**texts, **wanted}, {}) if wanted else None
        if other is not None:
            yield {**values, **{name: other[0][name] for name in wanted if name in other[0]}}, user[1]


def _users(
    found: Found, claims: Mapping[str, ClaimType], origin: Origin, wanted: Mapping[str, str]
) -> Iterator[User]:
    held = {origin(char): text for char, text in found.values}
    texts = {claim: text for (claim, _), text in held.items()}
    items = dict(held.keys())
    told: list[User] = []
    for number in range(-1, MAX_TEXTS):
        spare = {name: _sample(kind, number) for name, kind in claims.items()} if number >= 0 else {}
        user = find_user(claims, found.way, {**spare, **wanted, **texts}, items)
        if user is not None and user not in told:
            told.append(user)
            yield user


def _sample(kind: ClaimType, number: int) -> str:
    found = samples(kind.language)
    return found[number % len(found)]


def _contexts(
    found: Found, user: User, origin: Origin, tags: Mapping[str, str]
) -> Iterator[Mapping[str, str | Sequence[str]]]:
    """What the request may have besides, for this user."""
    # What is left over has the keys of variables, too, and nothing that is settled.
    bare = replace(found.statement, actions=_ACTIONS, not_actions=(), resources=_RESOURCES, not_resources=())
    left = fill_in(replace(bare, conditions=found.conditions), user[0], origin)
    spared = [fill_in(replace(left, conditions=each.conditions), user[0], origin) for each in found.but]
    known = _of_variables([left, *spared], user, tags)
    told = []
    for request in islice(
        requests_for(_without(left, known), unlike=[_without(each, known) for each in spared]), MAX_CONTEXTS
    ):
        # A variable and the key itself are one.
        of_request = {key.lower(): key for key in request.context}
        context = {**{key: text for key, text in known.items() if key not in of_request}, **request.context}
        if context not in told:
            told.append(context)
            yield context


def _of_variables(statements: Sequence[Statement], user: User, tags: Mapping[str, str]) -> dict[str, str]:
    """Key → a text for each variable: the user's tag, what is asked of that key elsewhere, or anything."""
    conditions = [condition for statement in statements for condition in statement.conditions]
    asked = {
        condition.key.lower(): condition.values[0]
        for condition in conditions
        if condition.operator == "StringEquals"
    }
    keys = {
        part.key
        for condition in conditions
        for text in condition.values
        for part in parse_pattern(text)
        if isinstance(part, Variable)
    }
    known = {}
    for key in sorted(keys):
        text = user[0].get(tags[key]) if key in tags else asked.get(key, "x")
        known[key] = text if isinstance(text, str) and "$" not in text else "x"
    return known


def _without(statement: Statement, known: Mapping[str, str]) -> Statement:
    """The statement with these texts for its variables."""

    def resolved(text: str) -> str:
        parts = (
            show((known[part.key],)) if isinstance(part, Variable) and part.key in known else show((part,))
            for part in parse_pattern(text)
        )
        return "".join(parts)

    return replace(
        statement,
        conditions=tuple(
            replace(each, values=tuple(map(resolved, each.values))) if known else each
            for each in statement.conditions
        ),
    )
