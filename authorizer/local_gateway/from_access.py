"""The API that access.toml describes: a route for each entry of its scopes, all behind one authorizer."""

from collections.abc import Mapping
from typing import TypedDict

from authorizer.local_gateway.api import CONNECT, DEFAULT, DISCONNECT, Api, Cors, Door, Route
from authorizer.local_gateway.kinds import HTTP_1, HTTP_SIMPLE, REST_TOKEN, WEBSOCKET, Kind
from authorizer.local_gateway.sources import read_source
from authorizer.model import Shape
from authorizer.settings.schema import Route as Entry
from authorizer.settings.schema import Settings


class Where(TypedDict):
    """The fields of `Api` that say whose and where it is."""

    partition: str
    account: str
    region: str


STAGE = "local"
API_IDS: Mapping[str, str] = {"REST": "localrest0", "HTTP": "localhttp0", "WEBSOCKET": "localwsock"}
"""Ten characters, as AWS's have."""


def default_kind(settings: Settings) -> Kind:
    """What `gateway.response` needs; of a policy's kinds the one that `authorizer deploy` attaches."""
    return HTTP_SIMPLE if settings.gateway.response == "simple" else REST_TOKEN


def api_of(settings: Settings, kind: Kind, region: str, *, cors: Cors, with_keys: bool) -> Api:
    """With `with_keys` every route needs an API key; it comes from the authorizer where `usage_key_claim` is set."""
    door = door_of(settings, kind)
    entries = [entry for scope in settings.scopes.values() for entry in scope if entry.method]
    routes = {
        (entry.method, path_of(entry)): Route(
            method=entry.method, path=path_of(entry), door=door, needs_key=with_keys
        )
        for entry in entries
    }
    return Api(
        protocol=kind.protocol,
        api_id=API_IDS[kind.protocol],
        stage=DEFAULT if kind.protocol == "HTTP" else STAGE,
        routes=tuple(routes.values()),
        cors=cors,
        key_source="AUTHORIZER" if settings.gateway.usage_key_claim else "HEADER",
        payload="1.0" if kind is HTTP_1 else "2.0",
        **place_of(settings, region),
    )


def websocket_api_of(settings: Settings, region: str, *, cors: Cors) -> Api | None:
    """None where no scope opens `$connect`."""
    if not any(entry.path == CONNECT for scope in settings.scopes.values() for entry in scope):
        return None
    connect = Route(method="", path=CONNECT, door=door_of(settings, WEBSOCKET))
    others = (Route(method="", path=path, door=None) for path in (DEFAULT, DISCONNECT))
    return Api(
        protocol="WEBSOCKET",
        api_id=API_IDS["WEBSOCKET"],
        stage=STAGE,
        routes=(connect, *others),
        cors=cors,
        **place_of(settings, region),
    )


def door_of(settings: Settings, kind: Kind) -> Door:
    """The authorizer as `authorizer deploy` attaches it."""
    gateway = settings.gateway
    tokens = gateway.token_sources
    header = next((source for source in tokens if source.startswith("header:")), "header:authorization")
    query = next((source for source in tokens if source.startswith("query:")), tokens[0])
    said = {
        # Browsers set no header on a WebSocket: in the query, if it may stand there.
        Shape.WEBSOCKET: (query.removeprefix("header:"),),
        Shape.REST_TOKEN: (header.removeprefix("header:"),),
    }.get(kind.shape, gateway.identity_sources)
    where = f"{settings.place}: gateway"
    return Door(
        name=kind.name,
        kind=kind,
        sources=tuple(read_source(text, where) for text in said),
        ttl=0 if kind is WEBSOCKET else gateway.result_ttl,
    )


def path_of(entry: Entry) -> str:
    """An entry's path as a resource: from the segment on that has its first `*` it is a greedy variable."""
    segments = entry.path.split("/")
    for at, segment in enumerate(segments):
        if "*" in segment:
            return "/".join([*segments[:at], "{proxy+}"])
    return entry.path


def place_of(settings: Settings, region: str) -> Where:
    """Partition and account are those of the roles."""
    first = next(iter(settings.roles.values())).arn.split(":")
    return {"partition": first[1], "account": first[4], "region": region}
