"""One server of each kind on loopback, behind them one backend that says what it got, and an authorizer that can be
told what to say. All else is what `authorizer serve` runs."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from authorizer.local.aws import EmbeddedAws
from authorizer.local_gateway.api import Api, Cors, Door, GatewayResponse, Route, Source
from authorizer.local_gateway.asking import Asked, Outcome
from authorizer.local_gateway.backends import Backend, BackendFailed, Call
from authorizer.local_gateway.cache import Cache
from authorizer.local_gateway.configured import Options, configured
from authorizer.local_gateway.decisions import Served, Stream
from authorizer.local_gateway.events import integration_event
from authorizer.local_gateway.proxy_answers import Said, proxied, said_of
from authorizer.local_gateway.responses import Reply
from authorizer.local_gateway.server import Server, bound
from authorizer.local_gateway.serving import Serving
from tests.make import ACCESS

ORIGIN = "https://app.example.com"
EXPRESSION = "Bearer [A-Za-z0-9._:-]+"
KINDS: Mapping[str, Mapping[str, str]] = {
    "rest-token": {},
    "rest-request": {},
    "http-1": {},
    "http-2": {},
    "http-simple": {"RESPONSE": "simple", "RESULT_TTL": "0s"},
}
"""Kind → what its environment says otherwise than the personas'."""


@dataclass(kw_only=True)
class Echo:
    """A backend that answers with the event it got; a test may put another answer in."""

    answers: Any = None
    """What the function returns; None: the event. An exception is raised."""
    calls: list[Call] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        event = integration_event(call.api, call.incoming, call.matched, call.authorizer)
        said = await self._said(event, call.seconds)
        reply = proxied(call.api, said, accept=call.incoming.header("accept"))
        if reply is None:
            raise BackendFailed("BAD_GATEWAY", "malformed")
        return reply

    async def message(
        self, event: dict[str, Any], context: Mapping[str, str], trace: str, seconds: float
    ) -> Said:
        return said_of(await self._said(event, seconds))

    async def _said(self, event: dict[str, Any], seconds: float) -> Any:
        self.events.append(event)
        if isinstance(self.answers, BackendFailed):
            raise self.answers
        if self.answers is not None:
            return self.answers
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}

    async def close(self) -> None:
        """Nothing."""


@dataclass(kw_only=True)
class Told:
    """Says what a test put in, else what the real authorizer says; keeps what it was asked."""

    real: Asked
    says: Outcome | None = None
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    waits: float = 0

    async def __call__(self, event: Mapping[str, Any], *, simple: bool) -> Outcome:
        self.asked.append(event)
        await asyncio.sleep(self.waits)
        return self.says or await self.real(event, simple=simple)


@dataclass(kw_only=True)
class Clock:
    """Of the cache."""

    now: float = 0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Stage:
    """One kind: its server, and all that a test may look at or turn."""

    kind: str
    server: Server
    serving: Serving
    stream: Stream
    backend: Echo
    told: Told
    clock: Clock
    client: httpx.Client
    tokens: Mapping[str, str]

    def fresh(self) -> None:
        """As at the beginning."""
        self.serving.gateway.cache.flush()
        self.backend.answers = None
        self.backend.calls.clear()
        self.backend.events.clear()
        self.told.says, self.told.waits = None, 0
        self.told.asked.clear()

    def token(self, name: str) -> str:
        return f"Bearer {self.tokens[name]}"

    @property
    def last(self) -> Served:
        return self.stream.decisions[-1]


def says(response: Any = None, error: str | None = None) -> Outcome:
    """An authorizer's outcome."""
    return Outcome(response=response, error=error, code="allowed" if response else "failed")


def policy(*statements: tuple[str, str], **more: Any) -> dict[str, Any]:
    """An answer with a statement for each effect and resource."""
    return {
        "principalId": "someone",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
                for effect, resource in statements
            ],
        },
        **more,
    }


OPEN = ("Allow", "*")


def widened(api: Api) -> Api:
    """The API of access.toml and some routes more, one for each thing that a route can have."""
    door = next(route.door for route in api.routes)
    assert door is not None
    more = [
        Route(method="GET", path="/open", door=None),
        Route(method="GET", path="/items/{item}", door=door),
        Route(method="GET", path="/items/first", door=door),
        Route(method="GET", path="/items/{proxy+}", door=door),
        Route(method="GET", path="/by-route", door=_keyed_by(door, "routeKey")),
        Route(method="POST", path="/by-route", door=_keyed_by(door, "routeKey")),
        Route(method="GET", path="/uncached", door=replace(door, name="uncached", ttl=0)),
        Route(method="GET", path="/formed", door=replace(door, name="formed", expression=EXPRESSION)),
        Route(method="GET", path="/worded", door=door),
    ]
    if api.protocol == "REST":
        more += [Route(method="GET", path="/keyed", door=door, needs_key=True)]
    else:
        more += [Route(method="ANY", path="/default-route/{proxy+}", door=door)]
    return replace(
        api,
        routes=(*api.routes, *more),
        cors=Cors(
            origins=(ORIGIN,),
            methods=("GET", "PUT"),
            headers=("authorization",),
            exposed=("x-mine",),
            max_age=600,
        ),
        stage_variables={"version": "7"},
        key_source="AUTHORIZER",
    )


def _keyed_by(door: Door, name: str) -> Door:
    return replace(door, name=f"by {name}", sources=(*door.sources, Source(place="context", name=name)))


WORDED = {
    "UNAUTHORIZED": GatewayResponse(headers={"WWW-Authenticate": "'Bearer'"}),
    "ACCESS_DENIED": GatewayResponse(body='{"message":"Forbidden","code":"$context.authorizer.code"}'),
    "DEFAULT_5XX": GatewayResponse(
        status=503, headers={"Retry-After": "'5'"}, body="$context.error.messageString"
    ),
}


@contextmanager
def staged(kind: str, aws: EmbeddedAws, outside: Mapping[str, str]) -> Iterator[Stage]:
    """A server of this kind, running."""
    environment = {**outside, **KINDS[kind]}
    options = Options(access=ACCESS, kind=kind, keys=(), origins=(ORIGIN,))
    loaded = configured(options, environment)
    assert loaded.http is not None
    local = loaded.local
    assert local is not None
    loaded = replace(loaded, http=widened(loaded.http))
    loaded.function.warm()
    stream, backend, clock = Stream(), Echo(), Clock()
    behind: Backend = backend
    serving = Serving(
        options, environment, loaded, aws=aws, backend=behind, stream=stream, told=lambda _: None
    )
    told = Told(real=loaded.function)
    serving.gateway.asked = told
    serving.gateway.cache = Cache(clock)
    serving.gateway.keys = frozenset({"key-of-the-plan"})
    tokens = {name: local.mint(name) for name in local.personas.people}
    with serve(serving) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        yield Stage(
            kind=kind, server=server, serving=serving, stream=stream, backend=backend, told=told, clock=clock,
            client=client, tokens=tokens,
        )  # fmt: skip


@contextmanager
def serve(serving: Serving) -> Iterator[Server]:
    """On a thread of its own."""
    server = Server(serving, bound(0))
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.run(ready.set)), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
