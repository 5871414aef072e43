"""Who may make one request, or reaches one route: everybody, told by issuer, role, group, scope and claim, each shown
by somebody who may.

The engine says of each role what a user's claims and scopes must be (`authorizer.engine.prove.who_may`). Here is added
how anybody comes by that role and those scopes, and each answer is confirmed: the authorizer's own code resolves a
caller who is made up for it, their policy is rendered, and the evaluator allows the request, or `permit` the route.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from authorizer.engine import MAX_CHARACTERS, EngineError, InScopes, Language, Placeholders, TemplateSet
from authorizer.engine.evaluate import MANY, AccessRequest
from authorizer.engine.prove import (
    Asked,
    Asker,
    Filling,
    Part,
    Undecided,
    fillings,
    who_has_a_session,
    who_may,
)
from authorizer.errors import Refusal
from authorizer.gate import acting
from authorizer.gate.looking import Context, Kind, Looking, may, tagged
from authorizer.gate.managed import managed
from authorizer.gate.session_tags import TAG
from authorizer.identity.permit import METHODS, permit
from authorizer.model import Identity, Request, Role, RouteArn, Shape
from authorizer.settings.schema import Access, Route
from authorizer.settings.walks import walks


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoCan:
    """The whole answer about one role."""

    role: str
    kinds: tuple[Kind, ...] = ()
    undecided: tuple[str, ...] = ()
    """What could not be told, and why: with any, others than `kinds` may be able to."""
    notes: tuple[str, ...] = ()
    """What the answer does not look at."""


def who_can(access: Access, role: Role, request: AccessRequest) -> WhoCan:
    """Who with this role may make the request. Of condition keys that its context does not have, the answer says what
    they must be; one without a value is not there."""
    asked = Asked(
        action=request.action,
        resource=request.resource,
        context={
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in request.context.items()
        },
        tags={(TAG + key).lower(): claim for key, claim in role.session_tags.items()},
    )

    def confirm(identity: Identity, context: Context) -> AccessRequest | None:
        whole = tagged(request, identity, context)
        return whole if may(access.templates, identity, whole) else None

    looking = Looking(access, role, confirm)
    try:
        askers = who_may(access.templates, role.policies, asked)
    except Undecided as undecided:
        looking.undecided.append(f"role {role.name}: {undecided}")
        askers = []
    if not any(map(_is_everybody, askers)):
        looking.undecided += managed([role])
    return _answer(access, role, looking, askers)


def _is_everybody(asker: Asker) -> bool:
    """Whether whoever has a session of the role may: then nothing can add anybody."""
    return frozenset() in asker.ways and not (asker.values or asker.conditions or asker.but)


def who_reaches(access: Access, role: Role, asked: Route) -> WhoCan:
    """Who with this role reaches one route: its method, or "" for `$connect` and `$default`, and its path without
    wildcards. Whoever has no session reaches nothing."""

    def confirm(identity: Identity, _: Context) -> str | None:
        return written(asked) if _opened(access, identity, asked) else None

    looking = Looking(access, role, confirm)
    try:
        having = [] if walks(asked.path) else who_has_a_session(access.templates, role.policies)
        askers = list(_with_a_scope(access, asked, having))
    except Undecided as undecided:
        looking.undecided.append(f"role {role.name}: {undecided}")
        askers = []
    return _answer(access, role, looking, askers)


def _answer(access: Access, role: Role, looking: Looking, askers: list[Asker]) -> WhoCan:
    for asker in askers:
        for way in asker.ways:
            looking.at(asker, way)
    return WhoCan(
        role=role.name,
        kinds=tuple(looking.kinds),
        undecided=tuple(dict.fromkeys(looking.undecided)),
        notes=tuple(_notes(access, role)) if askers else (),
    )


def _notes(access: Access, role: Role) -> Iterator[str]:
    longest = access.templates.worst_case_length(role.policies)
    if longest > MAX_CHARACTERS:
        yield (
            f"role {role.name}: whoever's policy is longer than {MAX_CHARACTERS} characters (up to {longest}) has no "
            "session"
        )
    yield from acting.notes(access.settings.issuers.values())


def _with_a_scope(access: Access, asked: Route, having: list[Asker]) -> Iterator[Asker]:
    """Those with a session who have a scope that opens the route."""
    for scope, routes in access.settings.scopes.items():
        of_scope = {values for route in routes for values in _claims_of(route, asked, access.templates)}
        for values, asker in product(sorted(of_scope, key=sorted), having):
            ways = tuple(
                way | {(InScopes(scope), True)} for way in asker.ways if (InScopes(scope), False) not in way
            )
            found = tuple(replace(each, values=each.values | values) for each in asker.found)
            yield replace(asker, ways=ways, values=asker.values | values, found=found)


_SPECIAL: Final = ("$connect", "$default")
_PART: Final = re.compile(r"(\*+|\{[^{}]*\})")


def _claims_of(route: Route, asked: Route, templates: TemplateSet) -> set[Filling]:
    """What the claims in a route must be for it to be the one that is asked for; none where it cannot be."""
    if route.path in _SPECIAL or asked.path in _SPECIAL:
        return {frozenset()} if route.path == asked.path else set()
    if route.method not in (asked.method, "ANY") or asked.method not in METHODS:
        return set()
    codes = Placeholders(templates.claims).codes
    languages: dict[str, Language | None] = {}
    parts: list[Part] = []
    for piece in filter(None, _PART.split(route.path)):
        if piece.startswith("{"):
            hole = chr(codes[piece[1:-1]])
            languages[hole] = templates.claims[piece[1:-1]].language
            parts.append((hole,))
        else:
            parts.append(MANY if piece.startswith("*") else piece)
    return fillings(parts, asked.path, languages)


def _opened(access: Access, identity: Identity, asked: Route) -> bool:
    """Whether the authorizer opens the route to this identity, and has a session for them."""
    simple = access.settings.gateway.response == "simple"
    request = Request(
        shape=Shape.WEBSOCKET if asked.path == "$connect" else Shape.HTTP_2 if simple else Shape.REST_REQUEST,
        route=RouteArn(
            partition="aws",
            region="us-east-1",
            account_id="000000000000",
            api_id="api",
            stage="stage",
            method=asked.method,
            path=asked.path,
        ),
        route_key="$default" if asked.path == "$default" else None,
        token="",
        requested_role=None,
        request_id=None,
        simple_response=simple and asked.path != "$connect",
    )
    try:
        access.templates.render(identity.role.policies, identity.claims, scopes=identity.scopes)
        return permit(identity, request, access.settings).matched is not None
    except (EngineError, Refusal):
        return False


def route_of(what: str) -> Route | None:
    """A question as a route: `GET /data/x`, `$connect`; None for anything else, such as an action."""
    if what in _SPECIAL:
        return Route(method="", path=what)
    method, space, path = what.partition(" ")
    return Route(method=method, path=path) if space else None


def route_problems(route: Route) -> Iterator[str]:
    """Everything because of which nobody can ask for this route, each with what was expected."""
    if route.path in _SPECIAL:
        return
    if route.method not in METHODS or not route.path.startswith("/"):
        yield f"{written(route)!r} is no route: expected METHOD /path, with one of {', '.join(METHODS)}"
    if re.search(r"[*{}]", route.path):
        yield f"{written(route)!r} is a pattern: expected one path"


def written(route: Route) -> str:
    """As access.toml has it: `GET /files/*`, `$connect`."""
    return f"{route.method} {route.path}".lstrip()
