"""Identity sources: how each kind of API writes them, and what they are in a request.

A missing, null or empty one is a 401 without a call of the authorizer; of a REST API's REQUEST authorizer only while
answers are cached (API Gateway Developer Guide, "Configure an API Gateway Lambda authorizer"; API reference,
`CreateAuthorizer`, `identitySource`).
"""

import re
from collections.abc import Iterable

from authorizer.errors import SettingsError
from authorizer.local_gateway.api import Api, Door, Source
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.routing import Matched
from authorizer.model import Shape

_WRITTEN = re.compile(
    r"\$?(?:(?:method|route)\.)?(?:request\.)?(?P<place>header|querystring|context|stageVariables)\.(?P<name>\S+)"
)


def read_source(text: str, where: str) -> Source:
    """`method.request.header.Auth`, `$request.querystring.token`, `route.request.header.X`, `context.path`,
    `stageVariables.X`; and as access.toml has them: `authorization`, `query:token`, `$context.routeKey`.

    Raises `SettingsError`.
    """
    if text.startswith("query:"):
        return Source(place="querystring", name=text.removeprefix("query:"))
    found = _WRITTEN.fullmatch(text)
    if found is None and re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return Source(place="header", name=text.lower())
    if found is None:
        raise SettingsError(
            [f"{where}: {text!r} is no identity source: expected one such as `$request.header.Authorization`"]
        )
    name = found["name"].lower() if found["place"] == "header" else found["name"]
    return Source(place=found["place"], name=name)  # type: ignore[arg-type]  # one of the pattern's four


def values_of(sources: Iterable[Source], api: Api, incoming: Incoming, matched: Matched) -> list[str | None]:
    """What the request says in each source, in order; None where it says nothing."""
    return [_value(source, api, incoming, matched) or None for source in sources]


def refused(door: Door, values: list[str | None]) -> bool:
    """Whether the gateway answers 401 by itself."""
    if door.kind.shape is Shape.REST_REQUEST and not door.ttl:
        return False
    if any(value is None for value in values):
        return True
    # The expression has to match the whole: the same page, "Token validation".
    return door.expression is not None and re.fullmatch(door.expression, str(values[0])) is None


def _value(source: Source, api: Api, incoming: Incoming, matched: Matched) -> str | None:
    match source.place:
        case "header":
            found = incoming.values(source.name)
            if api.protocol == "HTTP":
                return ",".join(found)
            return found[-1] if found else None
        case "querystring":
            said = [value for name, value in incoming.parameters if name == source.name]
            if api.protocol == "HTTP":
                return ",".join(said)
            return said[-1] if said else None
        case "stageVariables":
            return api.stage_variables.get(source.name)
        case "context":
            return _context(source.name, api, incoming, matched)


def _context(name: str, api: Api, incoming: Incoming, matched: Matched) -> str | None:
    known = {
        "path": incoming.path,
        "httpMethod": incoming.method,
        "routeKey": matched.route.key,
        "resourcePath": matched.route.path,
        "accountId": api.account,
        "apiId": api.api_id,
        "stage": api.stage,
        "domainName": api.domain,
        "identity.sourceIp": incoming.address,
        "identity.userAgent": incoming.header("user-agent"),
    }
    return known.get(name)
