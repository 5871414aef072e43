"""One request as a backend gets it, without a server in between: for tests of backends.

The real authorizer is asked as the gateway would ask it, and what it says goes into the event of the integration.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from authorizer.errors import SettingsError
from authorizer.local.world import Local
from authorizer.local_gateway.api import Cors, Door
from authorizer.local_gateway.events import authorizer_event, integration_event
from authorizer.local_gateway.from_access import api_of, default_kind, door_of
from authorizer.local_gateway.incoming import Incoming, new_ids
from authorizer.local_gateway.kinds import KINDS, QUOTAS
from authorizer.local_gateway.routing import match
from authorizer.local_gateway.sources import values_of
from authorizer.local_gateway.verdicts import read_answer
from authorizer.runtime import Authorizer
from authorizer.settings.schema import DEFAULT_ROLE, Settings


def event_for(
    authorizer: Authorizer,
    world: Local,
    persona: str,
    route: str,
    *,
    region: str,
    kind: str | None = None,
    token_use: str = "id",
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> dict[str, Any]:
    """The event of a Lambda proxy integration for `route`, `GET /files/a?b=c`, as this persona sends it. In its context
    are credentials that STS has given. `kind` is `rest-token` or the like; None: what `authorizer deploy` makes.

    Raises `SettingsError` where there is no such persona, kind or route, and where the persona is not let through.
    """
    settings = world.access.settings
    if kind is not None and kind not in KINDS:
        raise SettingsError([f"there is no kind of API {kind!r}: expected one of {', '.join(KINDS)}"])
    chosen = default_kind(settings) if kind is None else KINDS[kind]
    api = api_of(settings, chosen, region, cors=Cors(), with_keys=False)
    method, _, target = route.partition(" ")
    path, _, query = target.partition("?")
    matched = match(api, method, path)
    if matched is None:
        known = ", ".join(sorted(each.key for each in api.routes))
        raise SettingsError(
            [f"no scope of {settings.place} has the route {route!r}: expected one of {known}"]
        )
    door = door_of(settings, chosen)
    token = world.mint(persona, token_use)
    sent = {**dict(_headers(door, settings, token)), "host": api.domain, **(headers or {})}
    now = time.time()
    incoming = Incoming(
        method=method,
        path=path,
        query="&".join(part for part in (query, _query(settings, token)) if part),
        headers=tuple(sent.items()),
        body=body.encode(),
        time=now,
        **new_ids(now),
    )
    values = values_of(door.sources, api, incoming, matched)
    asked = authorizer_event(chosen.shape, api, incoming, matched, values=values, arn=api.arn(method, path))
    decision, record = authorizer.decide(asked)
    if decision.verdict != "allow" or decision.response is None:
        raise SettingsError([f"{persona} is not let through to {route!r}: {decision.code}: {record.refusal}"])
    answer = read_answer(decision.response, chosen, QUOTAS[chosen.protocol])
    of_policy = (
        {} if chosen.protocol == "HTTP" else {"principalId": answer.principal, "integrationLatency": 0}
    )
    return integration_event(api, incoming, matched, {**of_policy, **answer.context})


def _headers(door: Door, settings: Settings, token: str) -> Iterator[tuple[str, str]]:
    """The token where it may stand, and of each other header that the answer is keyed by what says nothing."""
    own = settings.gateway.token_sources[0].removeprefix("header:")
    for source in door.sources:
        if source.place == "header" and source.name != own:
            yield source.name, DEFAULT_ROLE
    if not own.startswith("query:"):
        yield own, f"Bearer {token}"


def _query(settings: Settings, token: str) -> str:
    own = settings.gateway.token_sources[0]
    return f"{own.removeprefix('query:')}={token}" if own.startswith("query:") else ""
