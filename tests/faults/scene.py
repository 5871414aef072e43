"""One environment of the authorizer with all its edges, on a loop whose clock jumps; and what may come of a request."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from authorizer.backend.event import Context, context_of_event
from authorizer.backend.opening import open_context
from authorizer.connections import Connections
from authorizer.model import Credentials, Decision, instant
from authorizer.pipeline import Stages, hand_out
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from authorizer.sealing.sealers import Sealers
from authorizer.settings.schema import Access
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor
from tests.faults.edges import Issuer, Secret, Session, Sts, Table, granted_to
from tests.faults.loop import AuthorizerOf, JumpingLoop
from tests.make import make_access
from tests.tokens.minting import jwk, key_set, mint

EPOCH: Final = 1_795_251_600.0
ISSUER: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01"
ROLES: Final = "arn:aws:iam::123456789012:role/vend/"
STAGE: Final = "arn:aws:execute-api:eu-west-1:123456789012:rest0token/prod"
CONNECTION: Final = "L0SM9cOFvHcCIhw="
SECRET: Final = json.dumps({"keys": [{"kty": "oct", "kid": "1", "k": "A" * 43}]})
PRIVATE: Final = json.dumps({"keys": [{"kty": "oct", "kid": "p", "k": "B" * 42 + "A"}]})
OWN: Final = f"{ROLES}own"
PLAIN: Final[dict[str, Any]] = {
    # Editors hold sessions of a role of their own.
    "roles": {"own": {"arn": OWN, "policies": ["s3-home"], "session_tags": {"tenant": "tenant"}}},
    "callers": {"roles": {"editor": "own"}},
}
SEALED: Final[dict[str, Any]] = {
    **PLAIN,
    "session": {"context": "sealed"},
    "sealing": {
        "source": "secretsmanager",
        "keys": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:seal",
    },
    "private_sealing": {"keys": PRIVATE},
    "shared_cache": {"table": "sessions"},
    "gateway": {"renew_connections": True},
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user, and what they may have."""

    sub: str
    tenant: str
    group: str
    role: str


ERIN: Final = Person("11111111-1111-4111-8111-111111111111", "acme", "editors", "editor")
VICTOR: Final = Person("22222222-2222-4222-8222-222222222222", "globex", "viewers", "viewer")
PEOPLE: Final = (ERIN, VICTOR)


def said(person: Person, exp: float = EPOCH + 200_000) -> dict[str, object]:
    """The claims of a person's token."""
    return {
        "iss": ISSUER,
        "sub": person.sub,
        "aud": "1example23456789app",
        "token_use": "id",
        "auth_time": EPOCH - 60,
        "iat": EPOCH - 60,
        "exp": exp,
        "cognito:username": person.group,
        "cognito:groups": [person.group],
        "cognito:roles": [f"{ROLES}{person.role}"],
        "cognito:preferred_role": f"{ROLES}{person.role}",
        "custom:tenant_id": person.tenant,
    }


def token(person: Person, *, key: str = "genuine", kid: str = "k1", exp: float = EPOCH + 200_000) -> str:
    return mint(said(person, exp), key=key, header={"kid": kid})


def event(bearer: str) -> dict[str, object]:
    return {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {bearer}",
        "methodArn": f"{STAGE}/GET/data/1",
    }


def connecting(bearer: str) -> dict[str, object]:
    """A WebSocket's `$connect`."""
    return {
        "type": "REQUEST",
        "methodArn": f"{STAGE}/$connect",
        "headers": {},
        "queryStringParameters": {"token": bearer},
        "requestContext": {"eventType": "CONNECT", "connectionId": CONNECTION, "routeKey": "$connect"},
    }


def calling(bearer: str) -> dict[str, object]:
    """A call of the route where callers get credentials of their own."""
    here = {"accountId": "123456789012", "apiId": "rest0token", "stage": "prod"}
    return {
        "version": "2.0",
        "headers": {"authorization": f"Bearer {bearer}"},
        "requestContext": {**here, "routeKey": "GET /data/credentials"},
    }


def renewing(person: Person, now: float) -> dict[str, object]:
    """What a WebSocket's backend asks, for a connection that was opened a minute before `now`."""
    kept = {"issuer": ISSUER, "tokenUse": "id", "payload": said(person)}
    route = {"partition": "aws", "region": "eu-west-1", "account_id": "123456789012", "api_id": "rest0token"}
    claims = {
        "aud": f"connection/rest0token/prod/{CONNECTION}",
        "sub": person.sub,
        "iat": int(now) - 60,
        "exp": int(now) + 7000,
        "claims": kept,
        "requestedRole": None,
        "route": {**route, "stage": "prod", "method": "", "path": "$connect"},
    }
    sealed = Seal(parse_keys(PRIVATE)).close_claims(claims)
    here = {"connectionId": CONNECTION, "apiId": "rest0token", "stage": "prod"}
    return {"type": "RENEW", "connection": sealed, **here}


def keys(*names: str) -> bytes:
    """A key set with `k1` for genuine, `k2` for rotated."""
    kids = {"genuine": "k1", "rotated": "k2"}
    return key_set(*(jwk(name, kid=kids[name]) for name in names))


@cache
def _access(changes: str) -> Access:
    return make_access(**json.loads(changes))


class Answer(NamedTuple):
    """A decision, when it was asked for, and how many seconds it took."""

    decision: Decision
    begun: float
    seconds: float


class Scene:
    """`ask` it. Times on `clock` are those of the loop, so that waiting takes time."""

    def __init__(self, changes: dict[str, Any]) -> None:
        self.loop = JumpingLoop()
        self.access = _access(json.dumps(changes))
        self.settings = self.access.settings
        self.issuer = Issuer(keys("genuine"))
        self.table = Table()
        self.secret = Secret(SECRET)
        self.sts = Sts(self.clock)
        self.session = Session(self.sts, self.table)
        self.lines: list[str] = []
        self.unhandled: list[str] = []
        self.loop.set_exception_handler(lambda _, context: self.unhandled.append(str(context)))
        self.authorizer = AuthorizerOf(self)

    def clock(self) -> float:
        return EPOCH + self.loop.time()

    def stages(self) -> Stages:
        """The two that talk to a network, with these edges."""
        verifier = Verifier(self.settings.issuers, self.settings.keys)
        verifier._http._session = self.issuer  # type: ignore[assignment]  # as much of it as is used
        sealers = Sealers(self.settings, clients=lambda _: self.secret)
        vendor = Vendor(self.settings, session=self.session, sealers=sealers)
        connections = Connections(self.settings, sealers.private)
        return Stages(
            settings=self.settings,
            templates=self.access.templates,
            verifier=verifier,
            vendor=vendor,
            sealers=sealers,
            connections=connections,
        )

    def ask(self, bearer: str) -> Answer:
        """What becomes of a request."""
        return self.tell(event(bearer))

    def own(self, bearer: str) -> Answer:
        """What becomes of a call for credentials of one's own."""
        self.authorizer._flow = hand_out
        try:
            return self.tell(calling(bearer))
        finally:
            self.authorizer._flow = None

    def tell(self, asked: dict[str, object]) -> Answer:
        """What becomes of an event."""
        begun = self.clock()
        decision, _ = self.authorizer.decide(asked)
        return Answer(decision, begun, self.clock() - begun)

    def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.advance(seconds)

    def mend(self) -> None:
        """Whatever was wrong at an edge is not any more."""
        self.issuer.wrong = self.sts.wrong = self.table.wrong = self.secret.wrong = None
        self.loop.thread_time = 0.0

    def credentials(self, decision: Decision, now: float) -> Credentials:
        """What a backend opens."""
        response: Any = decision.response
        backend = {
            "requestContext": {"apiId": "rest0token", "stage": "prod", "authorizer": response["context"]}
        }
        context: Context = context_of_event(backend)
        if self.settings.session.context == "plain":
            return open_context(context, now)
        sealed = context.fields["credentials"]
        return Seal(parse_keys(SECRET)).open(
            sealed, audience=context.audience, principal=context.principal, now=now
        )

    def begin_anew(self) -> None:
        """Another environment, with the same edges and nothing in its memory."""
        self.authorizer._stages = self.stages()

    def close(self) -> None:
        self.rest(0)
        self.authorizer.close()


def wrong_with(scene: Scene, decision: Decision, person: Person, now: float) -> str | None:
    """What is wrong with an allow for `person`, asked for at `now`; None: it is theirs, whole and alive."""
    response: Any = decision.response
    if "SessionToken" in response:
        form = granted_to(response["SessionToken"])
        if (form["RoleArn"], form["RoleSessionName"]) != (OWN, person.sub):
            return f"hands out credentials of {form['RoleArn']} for {form['RoleSessionName']}"
        if "aws:CurrentTime" not in form["Policy"] or person.sub not in form["Policy"]:
            return "hands out credentials that are not narrowed to the caller and their token"
        return None if response["Expiration"] > instant(now) else "hands out credentials that are over"
    # What a WebSocket's backend is told is the context alone.
    subs = {response.get("principalId", person.sub), response["context"]["sub"]}
    if subs != {person.sub}:
        return f"is an answer for {subs}"
    try:
        credentials = scene.credentials(decision, now)
    except Exception as error:
        return f"carries no credentials: {type(error).__name__} {error}"
    form = granted_to(credentials.session_token)
    expected = (f"{ROLES}{person.role}", person.sub, person.tenant)
    if (form["RoleArn"], form["RoleSessionName"], form.get("Tags.member.1.Value")) != expected:
        return f"carries credentials of {form['RoleSessionName']}"
    strangers = {value for other in PEOPLE if other is not person for value in (other.sub, other.tenant)}
    if not form.get("Policy") or any(value in form["Policy"] for value in strangers):
        return "carries credentials that are not narrowed to the caller"
    gateway = scene.settings.gateway
    if credentials.expiration < now + gateway.result_ttl + gateway.backend_time:
        return "carries credentials that end before a cached answer does"
    return None
