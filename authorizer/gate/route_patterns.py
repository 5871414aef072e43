"""Routes as the prover reads them, and one request for a route, asked of the authorizer's own code."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from authorizer.engine import ClaimValue
from authorizer.engine.evaluate import Wild, parse_pattern
from authorizer.identity.permit import METHODS, opens
from authorizer.model import RouteArn, Shape
from authorizer.settings.schema import Route

SPECIAL: Final = ("$connect", "$default")
"""Entries that are no method and path."""
_HOLE: Final = re.compile(r"\{(\w+)\}")

Part = TypeVar("Part")


def parts(path: str, hole: Callable[[str], Part]) -> tuple[str | Wild | Part, ...]:
    """The path as a pattern, with what `hole` makes of a claim in place of each."""

    def read() -> Iterator[str | Wild | Part]:
        for number, piece in enumerate(_HOLE.split(path)):
            if number % 2:
                yield hole(piece)
            else:
                # A variable of IAM's, which is the third thing that a pattern may have, is not looked for.
                yield from (
                    part for part in parse_pattern(piece, variables=False) if isinstance(part, str | Wild)
                )

    return tuple(read())


def methods(route: Route) -> tuple[str, ...]:
    """What it opens: `ANY` is written out."""
    return METHODS if route.method == "ANY" else (route.method,)


def is_open(route: Route, claims: Mapping[str, ClaimValue], method: str, path: str) -> bool:
    """Whether this entry opens the path to a user with these claims: `$connect` and `$default` are paths without a
    method."""
    special = path if path in SPECIAL else None
    return opens(
        route,
        claims,
        Shape.WEBSOCKET if path == "$connect" else Shape.HTTP_2,
        # Of which API and stage it is makes no difference: an answer is about all of one.
        RouteArn(
            partition="aws",
            region="eu-west-1",
            account_id="123456789012",
            api_id="api",
            stage="stage",
            method=method,
            path=f"/{path}" if special == "$default" else path,
        ),
        special,
    )
