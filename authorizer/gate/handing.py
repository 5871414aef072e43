"""Do the credentials reach the backend, and nobody else? What an API maps into requests, and what it logs.

Sources: API Gateway Developer Guide, "Parameter mapping", "Set up CloudWatch logging for REST APIs" (data tracing logs
whole requests and responses), "Variables for access logging"; `authorizer.backend.event.HEADERS`, the headers that the
backend kit reads.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from authorizer.deployed import ApiRoute, ApiStage, same
from authorizer.gate.fronting import nowhere
from authorizer.gate.rulings import (
    GIVE,
    REWRITE,
    Note,
    Notes,
    World,
    checked,
    if_meant,
    left_open,
    refuted,
)
from authorizer.settings.schema import Settings

CREDENTIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("accessKeyId", "secretAccessKey", "sessionToken", "expiration", "roleArn"),
    "sealed": ("credentials", "expiration", "roleArn"),
    "none": (),
}
"""`session.context` → the fields that carry credentials."""
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("accessKeyId", "secretAccessKey", "sessionToken", "expiration"),
    "sealed": ("credentials", "sub"),
    "none": (),
}
"""Those of them without which a backend has none, and whose headers a caller could send in their place."""
SECRET: Final = frozenset({"secretAccessKey", "sessionToken"})
_OWN: Final = frozenset({"principalId", "sub", "issuer", "username", "groups", "scopes", "code"})
_GATEWAYS: Final = frozenset(
    {"error", "latency", "status", "integrationLatency", "integrationStatus", "requestId"}
)
"""What API Gateway itself says under the same name."""
_FIELD: Final = re.compile(r"context\.authorizer\.([A-Za-z0-9_-]+)")


def handing(world: World) -> Notes:
    """The credentials reach the backend whole, and stand in no log, address or clear text."""
    apis = {authorizer.api for authorizer in world.fronts}
    for route in world.deployment.routes:
        meant = _is_one(route.api, apis)
        if meant is not False:
            yield from (if_meant(meant, note) for note in _route(world, route))
    for stage in world.deployment.stages:
        meant = _is_one(stage.api, apis)
        if meant is not False:
            yield if_meant(meant, _stage(world, stage))
    if not world.fronts:
        yield nowhere()


def _is_one(api: str, apis: Iterable[str]) -> bool | None:
    """Whether an API is one of these; None where that cannot be told."""
    found = {same(api, each) for each in apis}
    return True if True in found else None if None in found else False


def _route(world: World, route: ApiRoute) -> Iterator[Note]:
    behind = route.integration
    what = f"{world.show(route.entry)} of {world.show(route.api)}"
    if route.elsewhere:
        text = f"{what} goes to {world.show(route.elsewhere)}, and what that maps is in no file"
        yield left_open(text, route.place, closes=GIVE)
    if behind is None:
        return
    if behind.unread:
        text = f"{what} maps what could not be read: {world.show(', '.join(behind.unread))}"
        yield left_open(text, behind.place, closes=REWRITE)
    if not any(map(_FIELD.search, behind.mapped.values())):
        return
    problems = [*_problems(behind.mapped, behind.uri, world.access.settings)]
    for problem in problems:
        yield refuted(f"{what} {problem}", behind.place)
    if not problems and not behind.unread:
        yield checked(f"{what} maps what the authorizer gives", behind.place)


def _problems(mapped: Mapping[str, str], uri: str, settings: Settings) -> Iterator[str]:
    mode = settings.session.context
    given = {*_OWN, *_GATEWAYS, *settings.gateway.context_claims, *CREDENTIALS[mode]}
    given |= {"connection"} if settings.gateway.renew_connections else set()
    taken: set[str] = set()
    for target, source in mapped.items():
        fields = _FIELD.findall(source)
        taken |= set(fields)
        for field in fields:
            if field not in given:
                yield f"maps {field} to {target}, and the authorizer gives none: a caller's own may stand there"
        if fields and target.startswith("append:"):
            where = target.removeprefix("append:")
            yield f"appends {', '.join(fields)} to {where}, behind what the caller sends: overwrite it"
        if SECRET.intersection(fields) and re.search(r"querystring|\bpath\b", target):
            yield f"puts {', '.join(fields)} into {target}: addresses stand in logs"
    missing = [field for field in NEEDED[mode] if field not in taken]
    if taken.intersection(CREDENTIALS[mode]) and missing:
        yield f"maps a part of the credentials, and not {', '.join(missing)}: a caller's own may stand there"
    if uri.startswith("http://") and SECRET.intersection(taken):
        yield "sends credentials without TLS"


def _stage(world: World, stage: ApiStage) -> Note:
    name = world.show(stage.api)
    if world.access.settings.session.context != "plain":
        return checked(f"{name}: credentials travel sealed, or not at all", stage.place)
    logged = SECRET.intersection(_FIELD.findall(stage.log_format))
    if logged:
        return refuted(f"{name}: the access log has {', '.join(sorted(logged))}", stage.place)
    if stage.traces:
        return refuted(
            f"{name}: data tracing logs what the authorizer answers, credentials and all", stage.place
        )
    return checked(f"{name}: no log has credentials", stage.place)
