"""Lint of routes: what opens something else than it seems to, or more than API Gateway takes, or is in no case."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from authorizer.engine.check import Finding, RouteCoverage
from authorizer.gate.route_patterns import methods
from authorizer.gate.route_proof import shared_by
from authorizer.identity.permit import MAX_OF_LISTS, MAX_RESOURCE
from authorizer.settings.schema import Route, Settings
from authorizer.syntax.places import Path, dotted, line_of

LONGEST_STAGE: Final = len("arn:aws-us-gov:execute-api:ap-southeast-1:123456789012:abcdefghij/production/")
"""Characters of a long, but usual, ARN of a stage. Which one it is, only the event says."""
_LOOKS_LIKE_ONE: Final = re.compile(r":[A-Za-z_]\w*|%7[Bb].*%7[Dd]|\(.*\)")
"""A parameter of a path, as other routers write one: Express, an encoded `{id}`, a regular expression."""


def lint_routes(settings: Settings) -> Iterator[tuple[Path, str, str, str]]:
    """Key, code, text and remedy of each finding."""
    for scope, routes in settings.scopes.items():
        for route in routes:
            for segment in filter(_LOOKS_LIKE_ONE.fullmatch, route.path.split("/")):
                yield (
                    ("scopes", scope),
                    "literal-route",
                    f"{segment!r} in {route.entry!r} is no parameter, but a segment that is spelt so",
                    "write `{claim}` for the caller's own value, or `*` for any, which also opens deeper paths",
                )
            yield from _sizes(scope, route, settings)
            yield from _writable(scope, route, settings)
    yield from _idle(settings)


def _idle(settings: Settings) -> Iterator[tuple[Path, str, str, str]]:
    for claim, scopes in settings.shared_routes.items():
        meeting = {sharing.statement for sharing in shared_by(claim, settings)}
        for scope in scopes:
            if scope not in meeting:
                yield (
                    ("routes", "shared", claim),
                    "shared",
                    f"scope {scope!r} shares nothing of `{claim}`: none of its routes meets one that has {{{claim}}}",
                    "delete it",
                )


def _sizes(scope: str, route: Route, settings: Settings) -> Iterator[tuple[Path, str, str, str]]:
    kinds = {name: settings.claims[name].type for name in route.holes}
    longest = LONGEST_STAGE + max(map(len, methods(route))) + len(route.path)
    longest += sum(kinds[name].language.max_length - len(f"{{{name}}}") for name in route.holes)
    of_list = max((kind.max_items for kind in kinds.values() if kind.is_list), default=0)
    size = of_list * len(methods(route)) * longest
    if longest > MAX_RESOURCE:
        yield (
            ("scopes", scope),
            "route-size",
            f"{route.entry!r}: some users' route has {longest} characters as an ARN, API Gateway takes {MAX_RESOURCE}, "
            "and who has one is answered 500",
            "lower `max_length` of the claims in it, or shorten the path",
        )
    elif size > MAX_OF_LISTS:
        yield (
            ("scopes", scope),
            "route-size",
            f"{route.entry!r}: a list of {of_list} fills {size} characters, an answer holds {MAX_OF_LISTS}, and "
            "who has such a list is denied all routes",
            "lower `max_items` or `max_length` of the list, or open one method",
        )


def _writable(scope: str, route: Route, settings: Settings) -> Iterator[tuple[Path, str, str, str]]:
    writable = {claim.claim for claim in settings.claims.values() if claim.user_writable}
    for name in dict.fromkeys(route.holes):
        if settings.claims[name].claim in writable:
            yield (
                ("scopes", scope),
                "user-writable",
                f"{route.entry!r} is tied to `{name}`, which users can change: they choose whose route they open",
                "tie it to a claim that only the issuer sets, such as `sub`",
            )


def lint_route_coverage(
    coverage: Iterable[RouteCoverage], settings: Settings, source: str, *, threshold: float
) -> Iterator[Finding]:
    """Scopes whose cases cover less than `threshold` percent. `source` is the text of `access.toml`."""
    for each in coverage:
        if each.percent >= threshold:
            continue
        path = ("scopes", each.scope)
        line = line_of(source, path)
        none = len(each.missed) == 2 * each.routes
        for text in ["no case is about this scope"] if none else each.missed:
            yield Finding(
                place=f"{settings.place}:{line}" if line else settings.place,
                code="no-cases" if none else "uncovered",
                text=text,
                remedy="add [[routes]] to a file of policies/cases/: what it must open, and for whom it stays closed",
                key=dotted(path),
            )
