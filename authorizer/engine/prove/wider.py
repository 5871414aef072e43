"""Showing that a new set of policies is wider: a user and a request that it allows and the old one did not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from authorizer.engine.document import Document, Statement
from authorizer.engine.evaluate import AccessRequest
from authorizer.engine.language import ClaimValue
from authorizer.engine.prove.confirmation import may_request
from authorizer.engine.prove.containment import Excess
from authorizer.engine.prove.sides import Both, Side, Sides, is_within
from authorizer.engine.prove.solve import meet, requests_for
from authorizer.engine.prove.users import Way, fill_in, find_user, placeholders_of
from authorizer.engine.prove.variables import variables_of, with_values
from authorizer.engine.prove.witness import Party, samples

MAX_ATTEMPTS: Final = 400
"""Most requests tried to show that the new set is wider."""
SOMETHING: Final = "something"
"""What a policy variable stands for in such a request, where no condition says it."""


def find_gain(sides: Sides, gained: Sequence[tuple[Way, Excess]], ways: Sequence[Both]) -> Party | None:
    """Who may now do what they could not before: `gained` is where to look first. None if nobody was found."""
    # A claim's wider type is a gain of everything, for users with a value that the old type refused.
    everything = [(way, Excess(statement=each)) for way, _, new in ways for each in new.statements]
    documents = {id(way): old for way, old, _ in ways}
    parties = (
        party
        for way, excess in [*gained, *everything]
        for party in _parties(sides, way, excess, documents[id(way)])
    )
    tried = islice(parties, MAX_ATTEMPTS)
    return next((each for each in tried if _allowed(sides.new, each) and not _allowed(sides.old, each)), None)


def _parties(sides: Sides, way: Way, excess: Excess, old: Document) -> Iterator[Party]:
    origin = sides.placeholders.origin
    items = dict(map(origin, placeholders_of(excess.statement)))
    for texts in _texts(sides):
        user = find_user(sides.claims, way, texts, items)
        if user is None:
            continue
        values, scopes = user

        def filled(statement: Statement, values: Mapping[str, ClaimValue] = values) -> Statement:
            return fill_in(statement, values, origin)

        lifted = None if excess.lifted is None else filled(excess.lifted)
        for request in _requests(filled(excess.statement), lifted, [*map(filled, old.statements)]):
            yield Party(claims=values, scopes=scopes, request=request)


def _requests(mine: Statement, lifted: Statement | None, old: Sequence[Statement]) -> Iterator[AccessRequest]:
    """Requests that this statement allows, and the old ones may not; or that the Deny denied."""
    known = dict.fromkeys(variables_of((mine, *old)), SOMETHING)
    for condition in (*mine.conditions, *(lifted.conditions if lifted else ())):
        known.pop(condition.key.lower(), None)
    wanted, *others = (with_values(each, known) for each in (mine, *old))
    if lifted is None:
        requests = requests_for(wanted, unlike=others)
    else:
        both = meet(wanted, with_values(lifted, known))
        requests = iter(both[:1] if both else ())
    for request in requests:
        said = {key.lower() for key in request.context}
        more = {key: value for key, value in known.items() if key not in said}
        yield replace(request, context={**more, **request.context})


def _texts(sides: Sides) -> Iterator[dict[str, str]]:
    """Nothing in particular, then for each claim whose type changed a value that the old type refused."""
    yield {}
    if sides.old is None or sides.new is None:
        return
    for name, kind in sides.new.templates.claims.items():
        before = sides.old.templates.claims.get(name)
        if before is not None and not is_within(kind, before):
            longest = "".join(next(iter(sorted(s.chars))) * s.max for s in kind.language.alternatives[0])
            yield from ({name: text} for text in (*samples(kind.language), longest))


def _allowed(side: Side | None, party: Party) -> bool:
    return side is not None and may_request(
        side.templates, replace(party, templates=side.names, scopes=side.scopes(party.scopes))
    )
