"""Routes with claims in them, `GET /orgs/{org}/files/*`: whether each hole can be filled so that it is one user's own.

A value becomes a segment of a path, and of a pattern that API Gateway matches paths with. So its type must let in
only characters that mean the same in both, however often percent-encodings are resolved on the way: the unreserved
ones. With `%`, a value `a%62` would be `ab` to who resolves it; with `/`, `;` or a dot segment it would be another
path, with `*` a pattern. How API Gateway spells the path in an ARN, percent-encoded or not, is documented nowhere,
and makes no difference to unreserved characters (RFC 3986 §2.3: a client that encodes them is refused, or means the
same).
"""

from collections.abc import Iterator
from typing import Final

from authorizer.engine import ClaimType
from authorizer.settings.reader import Problems
from authorizer.settings.schema import Route, Settings

UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""RFC 3986 §2.3. `urllib.parse.quote` leaves exactly these as they are."""
_DOTS: Final = (".", "..")
"""RFC 3986 §5.2.4: these segments say where to go, not what to take."""


def check(settings: Settings, problems: Problems) -> None:
    """Add every hole that no claim fills, or one of a type that says more than one segment."""
    for scope, routes in settings.scopes.items():
        for route in routes:
            for problem in _route_problems(route, settings):
                problems.add(("scopes", scope), f"{route.entry!r} {problem}")
    for claim, scopes in settings.shared_routes.items():
        if not any(claim in route.holes for routes in settings.scopes.values() for route in routes):
            problems.add(
                ("routes", "shared", claim),
                f"no route of [scopes] has {{{claim}}}: there is nothing to share",
            )
        for scope in sorted(scopes.keys() - settings.scopes.keys()):
            problems.add(("routes", "shared", claim), f"there is no scope {scope!r}")


def _route_problems(route: Route, settings: Settings) -> Iterator[str]:
    lists = 0
    for name in dict.fromkeys(route.holes):
        if name not in settings.claims:
            yield (
                f"has a path parameter {{{name}}}, and there is no claim {name!r}: declare it under [claims], and it "
                "is the caller's own; for any value write `*`, which also opens deeper paths"
            )
            continue
        kind = settings.claims[name].type
        if (problem := segment_problem(kind)) is not None:
            yield f"has {{{name}}}, and a value of the claim {name!r} {problem}"
        lists += kind.is_list
    if lists > 1:
        yield "has several claims that are lists: expected one at most, or each member of one would meet all of another"


def segment_problem(kind: ClaimType) -> str | None:
    """Why some value of this type is not one segment, the same however it is spelt; None if all are."""
    chars = frozenset[str]().union(
        *(segment.chars for sequence in kind.language.alternatives for segment in sequence)
    )
    if beyond := chars - UNRESERVED:
        found = " ".join(sorted(beyond)[:8])
        return (
            f"of its type may have {found!r}, which a path means otherwise, or spells in two ways: take a type of "
            "letters, digits and - . _ ~ alone, such as `uuid` or `slug`"
        )
    if any(kind.accepts(kind.of_one(dots)) for dots in _DOTS):
        return "of its type may be `.` or `..`, which walk to another path: take a type without them"
    return None
