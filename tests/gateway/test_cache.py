"""A model of API Gateway's cache in front of the whole handler: what it repeats is what would have been answered."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_identity
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.errors import SettingsError, TokenMalformed
from authorizer.model import Claims, Credentials, Decision, Identity, RouteArn, SessionPolicy, Shape
from authorizer.pipeline import Stages
from authorizer.runtime import Authorizer
from authorizer.sealing.sealer import SealingCounts
from authorizer.settings.schema import Access, Settings
from authorizer.tokens.keystore import FetchCounts
from authorizer.vending.cache import Counts
from tests.make import NOW, make_access, make_claims, sample_settings
from tests.world import sample_event

ROLES = {name: role.arn for name, role in sample_settings().roles.items()}
CALLERS: Mapping[str, Claims] = {
    # By their tokens.
    "editor": make_claims(),
    "viewer": make_claims(
        sub="22222222-2222-4222-8222-222222222222",
        groups=("viewers",),
        roles=(ROLES["viewer"],),
        preferred_role=ROLES["viewer"],
        values={"sub": "22222222-2222-4222-8222-222222222222"},
    ),
    "both": make_claims(
        groups=("admins", "viewers"), roles=(ROLES["admin"], ROLES["viewer"]), preferred_role=None
    ),
    "nobody": make_claims(groups=(), roles=(), preferred_role=None),
    "machine": make_claims(
        token_use="access",
        machine=True,
        groups=(),
        roles=(),
        preferred_role=None,
        scopes=("imports/write",),
        values={"client_id": "1example23456789machine"},
    ),
}


class Believing:
    """Takes a token for the name of its caller."""

    counts = FetchCounts()

    async def verify(self, token: str, *_: object) -> Claims:
        if token not in CALLERS:
            raise TokenMalformed("nobody")
        return CALLERS[token]


class Vending:
    """Gives credentials that say whose they are."""

    counts = Counts()

    async def vend(self, identity: Identity, _: SessionPolicy, *__: object) -> Credentials:
        return Credentials(
            access_key_id=f"{identity.principal} as {identity.role.name}",
            secret_access_key="",
            session_token="",
            expiration=NOW + 3600,
            role_arn=identity.role.arn,
            session_name="",
            packed_policy_size=None,
            issued_at=NOW,
        )


class Handing:
    """Hands them over as they are."""

    counts = SealingCounts()

    async def context(
        self, credentials: Credentials, _: Identity, __: RouteArn, *___: object
    ) -> dict[str, str]:
        return {"accessKeyId": credentials.access_key_id}


class Connecting:
    """Keeps nothing of anybody."""

    async def keep(self, *_: object) -> dict[str, str]:
        return {}


class Handler(Authorizer):
    """The whole handler, on stages that need no network."""

    def __init__(self, access: Access) -> None:
        super().__init__(access, clock=lambda: NOW, emit=lambda _: None)

    def _make_stages(self) -> Stages:  # type: ignore[explicit-override]
        verifier: Any = Believing()
        vendor: Any = Vending()
        sealers: Any = Handing()
        connections: Any = Connecting()
        return Stages(
            settings=self.settings,
            templates=self.templates,
            verifier=verifier,
            vendor=vendor,
            sealers=sealers,
            connections=connections,
        )


class Asked(NamedTuple):
    """A request, as a client sends it."""

    shape: Shape
    method: str
    path: str
    token: str | None
    query: str | None
    role: str | None
    device: str

    def headers(self) -> dict[str, str]:
        bearer = None if self.token is None else f"Bearer {self.token}"
        headers = {"authorization": bearer, "x-role": self.role, "x-device": self.device}
        return {name: value for name, value in headers.items() if value is not None}

    @property
    def route_key(self) -> str:
        """The route that the API matches, as it is configured."""
        return "ANY /data/{proxy+}" if self.path.startswith("/data/") else "$default"


EVENTS = {
    Shape.REST_TOKEN: sample_event("rest-token-allow"),
    Shape.REST_REQUEST: sample_event("rest-request-allow"),
    Shape.HTTP_1: sample_event("http-1-allow"),
    Shape.HTTP_2: sample_event("http-2-allow"),
}
STAGE = "arn:aws:execute-api:eu-west-1:123456789012:abc/live"
ROUTE_KEY = "$context.routeKey"


@dataclass
class Gateway:
    """One authorizer of an API. API Gateway Developer Guide, "Use API Gateway Lambda
    authorizers": a request without an identity source is answered with 401, by a REST API only where it caches; a
    result is repeated for equal identity sources, and a policy among them judged anew for each request's route."""

    settings: Settings
    sources: tuple[str, ...]
    authorizer: Authorizer
    kept: dict[object, Any] = field(default_factory=dict)

    def event(self, asked: Asked) -> dict[str, Any]:
        route = f"{STAGE}/{asked.method}{asked.path}"
        event = {**EVENTS[asked.shape], "methodArn": route, "routeArn": route, "routeKey": asked.route_key}
        if asked.shape is Shape.REST_TOKEN:
            return {**event, "authorizationToken": f"Bearer {asked.token}"}
        values = self._values(asked)
        return {
            **event,
            "headers": asked.headers(),
            "multiValueHeaders": {},
            "queryStringParameters": {"token": asked.query} if asked.query else None,
            "multiValueQueryStringParameters": {},
            "identitySource": values if asked.shape is Shape.HTTP_2 else ",".join(map(str, values)),
        }

    def _values(self, asked: Asked) -> list[str | None]:
        known = {**asked.headers(), "query:token": asked.query, ROUTE_KEY: asked.route_key}
        return [known.get(source) for source in self.sources]

    def _key(self, asked: Asked) -> tuple[object, ...]:
        by_token = asked.shape is Shape.REST_TOKEN
        return (asked.shape, asked.token) if by_token else (asked.shape, *self._values(asked))

    def refuses(self, asked: Asked) -> bool:
        """Whether it answers 401 without asking the authorizer."""
        if asked.shape is Shape.REST_REQUEST and not self.settings.gateway.result_ttl:
            return False
        return None in self._key(asked)

    def verdict(self, asked: Asked) -> tuple[str, object]:
        """Allow or deny, and with what; or the verdict of an error."""
        key = self._key(asked)
        if key not in self.kept:
            decision, _ = self.authorizer.decide(self.event(asked))
            if decision.response is None:
                return decision.verdict, None
            if not self.settings.gateway.result_ttl:
                return judged(decision.response, asked)
            self.kept[key] = decision.response
        return judged(self.kept[key], asked)


def judged(response: Any, asked: Asked) -> tuple[str, object]:
    """What the gateway makes of an answer."""
    if "isAuthorized" in response:
        allowed = response["isAuthorized"]
    else:
        allowed = evaluate(
            identity=[parsed(json.dumps(response["policyDocument"]))],
            session=None,
            boundary=None,
            request=AccessRequest(
                action="execute-api:Invoke", resource=f"{STAGE}/{asked.method}{asked.path}"
            ),
        ).allowed
    return ("allow", response["context"]["accessKeyId"]) if allowed else ("deny", None)


parsed = cache(parse_identity)


def of(decision: Decision) -> tuple[str, object]:
    """What the authorizer itself says of the request."""
    response: Any = decision.response
    return decision.verdict, response["context"]["accessKeyId"] if decision.verdict == "allow" else None


SOURCES = st.lists(
    st.sampled_from(
        ("authorization", "authorization", "x-role", "x-role", ROUTE_KEY, "query:token", "x-device")
    ),
    min_size=2,
    max_size=6,
).map(lambda sources: tuple(dict.fromkeys(sources)))
TOKEN_SOURCES = (("header:authorization",), ("header:authorization", "query:token"), ("query:token",))
SCOPES: Mapping[str, tuple[str, ...]] = {
    "narrow": ("GET /data/*",),
    "suffix": ("GET /*/figures", "ANY /data"),
    "wide": ("ANY /{proxy+}", "$default"),
}


@cache
def loaded(
    ttl: str,
    response: str,
    sources: tuple[str, ...],
    role_header: str | None,
    tokens: tuple[str, ...],
    scopes: str,
) -> Access | None:
    """The bundled configuration with these changes; None where it does not load."""
    gateway = {
        "result_ttl": ttl,
        "response": response,
        "identity_sources": list(sources),
        "token_sources": list(tokens),
    }
    try:
        return make_access(
            gateway=gateway,
            resolution={"role_header": role_header, "ambiguous": "viewer"},
            scopes={"data:read": list(SCOPES[scopes])},
        )
    except SettingsError:
        return None


CONFIGURED = st.builds(
    loaded,
    st.sampled_from(["5m", "5m", "5m", "0s"]),
    st.sampled_from(["policy", "policy", "simple"]),
    SOURCES,
    st.sampled_from(["x-role", None]),
    st.sampled_from(TOKEN_SOURCES),
    st.sampled_from(list(SCOPES)),
).filter(lambda access: access is not None)
VALUES: Mapping[str, tuple[Any, ...]] = {
    "shape": tuple(EVENTS),
    "method": ("GET", "DELETE"),
    "path": (
        "/data/figures",
        "/data",
        "/data/../users/1",
        "/data/%2E%2e/users",
        "/data/a;b/figures",
        "/users",
    ),
    "token": ("both", *CALLERS, "forged", None),
    "query": (None, *CALLERS),
    "role": ("default", "viewer", "admin", "editor", "importer", "viewer,admin", None),
    "device": ("phone", "Bearer editor"),
}
"""The first of each is the commonest."""


@st.composite
def conversations(draw: st.DrawFn) -> list[Asked]:
    """Requests each of which differs from an earlier one in one respect alone, so that the cache has something to get
    wrong."""
    asked = [Asked(**{name: draw(st.sampled_from(values)) for name, values in VALUES.items()})]
    for _ in range(draw(st.integers(4, 16))):
        name = draw(st.sampled_from(Asked._fields))
        changed = {name: draw(st.sampled_from(VALUES[name]))}
        asked.append(draw(st.sampled_from(asked))._replace(**changed))
    return asked


@contextmanager
def in_front_of(access: Access | None, sources: tuple[str, ...] = ()) -> Iterator[Gateway]:
    """The gateway that `[gateway]` describes, or one whose cache is keyed by `sources`."""
    assert access is not None
    settings, handler = access.settings, Handler(access)
    yield Gateway(settings, sources or settings.gateway.identity_sources, handler)
    handler._loop.close()


def hold(gateway: Gateway, conversation: Iterable[Asked]) -> None:
    """Each request gets from the gateway what the authorizer would answer if it were asked."""
    for asked in conversation:
        if not gateway.refuses(asked):
            fresh, _ = gateway.authorizer.decide(gateway.event(asked))
            assert gateway.verdict(asked) == of(fresh), asked


@pytest.mark.slow
@given(access=CONFIGURED, conversation=conversations())
def test_what_the_cache_repeats_is_what_the_authorizer_would_have_answered(
    access: Access, conversation: list[Asked]
) -> None:
    with in_front_of(access) as gateway:
        hold(gateway, conversation)


KEYS = (
    ("authorization",), ("authorization", "x-role"), ("authorization", ROUTE_KEY),
    ("x-role", "authorization", ROUTE_KEY), ("x-role", "x-device"), ("query:token", "x-role"), ("x-device",),
)  # fmt: skip


def pairs() -> Iterator[tuple[Asked, Asked]]:
    """The usual request of each shape, and every other that differs from it in one respect."""
    usual = Asked(**{name: values[0] for name, values in VALUES.items()})
    for shape in EVENTS:
        first = usual._replace(shape=shape)
        for name, values in VALUES.items():
            for value in values:
                yield first, first._replace(**{name: value})


@pytest.mark.parametrize("sources", KEYS, ids=" ".join)
@pytest.mark.parametrize("response", ["policy", "simple"])
@pytest.mark.parametrize("role_header", ["x-role", None])
def test_no_two_requests_that_differ_in_one_respect_get_each_other_s_answer(
    sources: tuple[str, ...], response: str, role_header: str | None
) -> None:
    access = loaded("5m", response, sources, role_header, TOKEN_SOURCES[1], "narrow")
    keyed = bool({"authorization", "query:token"} & set(sources)) and role_header in (None, *sources)
    assert (access is not None) is (response == "policy" and keyed), "which configurations load"
    for first, other in pairs() if access else ():
        with in_front_of(access) as gateway:
            hold(gateway, (first, other, first))


@pytest.mark.parametrize("sources", KEYS, ids=" ".join)
def test_an_http_api_that_is_keyed_otherwise_than_gateway_says_repeats_no_wrong_answer_either(
    sources: tuple[str, ...],
) -> None:
    access = loaded("5m", "policy", ("authorization", "x-role"), "x-role", TOKEN_SOURCES[0], "narrow")
    for first, other in pairs():
        if {first.shape, other.shape} <= {Shape.HTTP_1, Shape.HTTP_2} and other.device == first.device:
            with in_front_of(access, sources) as gateway:
                hold(gateway, (first, other, first))
