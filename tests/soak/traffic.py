"""Who asks, and how: good requests, bad ones and hostile ones, in all five shapes, from one seed."""

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.soak.model import ACCOUNT, GROUPS, MACHINE, NO_ROLE_IN_PARTICULAR, Asked
from tests.soak.outside import POOLS, Issuers
from tests.tokens.minting import ABSENT, base64url, changed, mint, signed

APP: Final = "1example23456789app"
OTHER_MACHINE: Final = "1example23456789other"
LIFETIME: Final = 3600.0
SHAPES: Final = ("REST TOKEN", "REST REQUEST", "HTTP API 1.0", "HTTP API 2.0", "WebSocket")
APIS: Final = {
    "REST TOKEN": "rest0token/prod",
    "REST REQUEST": "rest0reqst/prod",
    "HTTP API 1.0": "http1api00/$default",
    "HTTP API 2.0": "http2api00/$default",
    "WebSocket": "wsock0api0/live",
}
ROUTES: Final = (
    *(("GET", "/data"), ("GET", "/data/1"), ("POST", "/data"), ("PUT", "/data/7"), ("DELETE", "/data/7")),
    *(("GET", "/files"), ("GET", "/files/a/b:c"), ("PUT", "/files/a"), ("DELETE", "/files/a")),
    *(
        ("GET", "/users"),
        ("POST", "/users/7"),
        ("POST", "/imports"),
        ("PUT", "/imports/1"),
        ("GET", "/secret"),
    ),
)
MEMBERSHIPS: Final = (
    *(("editors",), ("editors",), ("viewers",), ("viewers",), ("admins",), ("auditors",)),
    *(("admins", "viewers"), ("editors", "auditors"), ("viewers", "auditors"), ("editors", "unheard-of"), ()),
)
OWN_SCOPES: Final = ((), ("openid",), ("files:read",), ("data:write", "openid"), ("users:manage",))
HOSTILE_TENANTS: Final = ("*", "${aws:username}", "", "acme/*", "a" * 33, '","Resource":"*', "acmé")


@dataclass(slots=True)
class Person:
    """A user, or an app client."""

    sub: str
    tenant: str | None
    groups: tuple[str, ...]
    pool: int
    machine: bool = False
    tokens: dict[bool, tuple[str, Asked]] = field(default_factory=dict)
    """By whether it is an access token: the token, and what it says."""


class Traffic:
    """`next` is one event, and what is true of it."""

    def __init__(self, seed: int, people: int, issuers: Issuers, clock: Callable[[], float]) -> None:
        self._random = random.Random(seed)
        self._issuers = issuers
        self._clock = clock
        self._people = [self._person() for _ in range(people)]
        self._people += [Person(client, None, (), 0, machine=True) for client in (MACHINE, OTHER_MACHINE)]
        self._crowd = self._people[: max(1, people // 20)]
        """Those who ask all the time."""

    def _person(self) -> Person:
        chance = self._random.random()
        return Person(
            sub=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            tenant=None if chance < 0.02 else f"tenant-{self._random.randrange(40)}",
            groups=self._random.choice(MEMBERSHIPS),
            pool=int(chance > 0.8),
        )

    def forget_tokens(self) -> None:
        """Everybody signs in again."""
        for person in self._people:
            person.tokens.clear()

    def next(self) -> tuple[dict[str, Any], Asked]:
        chance = self._random.random()
        if chance < 0.02:
            person = self._people[-1] if chance < 0.002 else self._people[-2]
        else:
            person = self._random.choice(self._crowd if self._random.random() < 0.8 else self._people)
        token, asked = self._token(person)
        shape = self._random.choice(SHAPES)
        method, path = ("", "$connect") if shape == "WebSocket" else self._random.choice(ROUTES)
        asked = replace(asked, shape=shape, method=method, path=path)
        if self._random.random() < 0.08 and shape in ("REST REQUEST", "HTTP API 1.0", "HTTP API 2.0"):
            asked = replace(asked, requested=self._requested())
        header = f"Bearer {token}"
        if self._random.random() < 0.25:
            header, asked = self._random.choice(HOSTILE)(self, person, token, asked)
        return self._event(header, asked), asked

    def _requested(self) -> str:
        role = self._random.choice(("viewer", "editor", "admin", "importer", "root"))
        return role if self._random.random() < 0.5 else f"{ACCOUNT}{role}"

    def _token(self, person: Person) -> tuple[str, Asked]:
        access = person.machine or self._random.random() < 0.3
        known = person.tokens.get(access)
        # Most come back in time for a new one; some send the old one on.
        if known is None or (self._clock() >= known[1].expires_at and self._random.random() < 0.7):
            known = person.tokens[access] = self.made(person, access=access)
        return known

    def made(self, person: Person, *, access: bool, **changes: Any) -> tuple[str, Asked]:
        """A token, and what it says. `changes` are laid over the claims, or replace `key`, `kid`, `header`."""
        now = self._clock()
        issuer = self._issuers.all[person.pool]
        kid = changes.pop("kid", issuer.kid)
        key = changes.pop("key", None) or issuer.signer(kid)
        header = {"kid": kid, **changes.pop("header", {})}
        scopes = ("imports/write",) if person.machine else self._random.choice(OWN_SCOPES) if access else ()
        claims: dict[str, object] = {
            "iss": POOLS[person.pool],
            "sub": person.sub,
            "token_use": "access" if access else "id",
            "auth_time": int(now) - 5,
            "iat": int(now) - 5,
            "exp": int(now + LIFETIME * self._random.uniform(0.1, 1)),
            "jti": str(self._random.getrandbits(64)),
        }
        if access:
            client = person.sub if person.machine else APP
            claims |= {"client_id": client, "scope": " ".join(scopes)}
            claims |= {} if person.machine else {"username": person.sub}
        else:
            claims |= {"aud": APP, "cognito:username": person.sub, **self._roles(person)}
        if person.groups:
            claims["cognito:groups"] = list(person.groups)
        if person.tenant is not None:
            claims["custom:tenant_id"] = person.tenant
        claims = changed(claims, changes)
        asked = Asked(
            shape="",
            method="",
            path="",
            defect=None,
            pool=person.pool,
            kid=kid,
            expires_at=float(str(claims.get("exp", 0))) if changes.get("exp") != "soon" else 0.0,
            access=access,
            machine=person.machine,
            sub=person.sub,
            tenant=claims.get("custom:tenant_id"),  # type: ignore[arg-type]  # a text, or absent
            groups=person.groups,
            scopes=scopes,
            requested=None,
        )
        return mint(claims, key=key, header=header), asked

    def _roles(self, person: Person) -> dict[str, object]:
        """What Cognito writes into an ID token: all roles of the groups, and the best one if it is the only one."""
        granting = [GROUPS[group] for group in person.groups if group in GROUPS]
        if not granting:
            return {}
        best = min(precedence for precedence, _, _ in granting)
        first = {role for precedence, role, _ in granting if precedence == best}
        roles: dict[str, object] = {"cognito:roles": [f"{ACCOUNT}{role}" for _, role, _ in granting]}
        if len(first) == 1:
            roles["cognito:preferred_role"] = f"{ACCOUNT}{first.pop()}"
        return roles

    def _event(self, header: str, asked: Asked) -> dict[str, Any]:
        arn = f"arn:aws:execute-api:eu-west-1:123456789012:{APIS[asked.shape]}/{asked.method}{asked.path}"
        if asked.defect == "event_unknown":
            return self._random.choice(
                ({"type": "CUSTOM"}, {}, {"type": "REQUEST", "version": "3.0", "methodArn": arn})
            )
        if asked.shape == "REST TOKEN":
            token = {} if asked.defect == "token_missing" else {"authorizationToken": header}
            return {"type": "TOKEN", "methodArn": arn, **token}
        if asked.shape == "WebSocket":
            query = {} if asked.defect == "token_missing" else {"token": header.removeprefix("Bearer ")}
            return {
                "type": "REQUEST",
                "methodArn": arn,
                "headers": {},
                "queryStringParameters": query,
                "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
                "requestContext": {"eventType": "CONNECT", "connectionId": "x", "routeKey": "$connect"},
            }
        headers = {} if asked.defect == "token_missing" else {"Authorization": header}
        headers["X-Role"] = asked.requested or NO_ROLE_IN_PARTICULAR
        context = {"requestId": str(self._random.getrandbits(64))}
        if asked.shape == "HTTP API 2.0":
            lower = {name.lower(): value for name, value in headers.items()}
            return {
                "version": "2.0",
                "type": "REQUEST",
                "routeArn": arn,
                "identitySource": list(headers.values()),
                "routeKey": "$default",
                "headers": lower,
                "requestContext": context,
            }
        event: dict[str, Any] = {
            "type": "REQUEST",
            "methodArn": arn,
            "headers": headers,
            "requestContext": context,
        }
        if asked.shape == "HTTP API 1.0":
            event |= {"version": "1.0", "identitySource": ",".join(headers.values())}
        else:
            event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
        return event

    # ── What is wrong with a hostile one, one thing each ─────────────────────────────────────────────────────────

    def _spoilt(self, person: Person, asked: Asked, defect: str | None, **changes: Any) -> tuple[str, Asked]:
        token, said = self.made(person, access=asked.access, **changes)
        said = replace(
            said, shape=asked.shape, method=asked.method, path=asked.path, requested=asked.requested
        )
        return f"Bearer {token}", replace(said, defect=defect)


def _claim(defect: str | None, **changes: Any) -> Callable[[Traffic, Person, str, Asked], tuple[str, Asked]]:
    return lambda traffic, person, _, asked: traffic._spoilt(person, asked, defect, **changes)


def _text(
    defect: str, change: Callable[[str], str]
) -> Callable[[Traffic, Person, str, Asked], tuple[str, Asked]]:
    return lambda _, __, token, asked: (f"Bearer {change(token)}", replace(asked, defect=defect))


def _expired(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    now = int(traffic._clock())
    return traffic._spoilt(
        person, asked, None, iat=now - 100, auth_time=now - 100, exp=now - traffic._random.randrange(9)
    )


def _from_the_future(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    now = int(traffic._clock())
    return traffic._spoilt(person, asked, "token_not_yet_valid", iat=now + 60, auth_time=now)


def _not_before(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    return traffic._spoilt(person, asked, "token_not_yet_valid", nbf=int(traffic._clock()) + 60)


def _unlisted_role(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    """What only ID tokens say. Whoever asks for a role by name is told about that one."""
    asked = replace(asked, access=False)
    root = f"{ACCOUNT}root"
    header, said = traffic._spoilt(
        person, asked, "role_not_listed", **{"cognito:roles": [root], "cognito:preferred_role": root}
    )
    return header, replace(said, requested=None)


def _other_api(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    """An access token that was asked for another API."""
    return traffic._spoilt(
        person, replace(asked, access=True), "audience_refused", aud="https://other.example.com"
    )


def _hostile_tenant(traffic: Traffic, person: Person, _: str, asked: Asked) -> tuple[str, Asked]:
    return traffic._spoilt(
        person, asked, None, **{"custom:tenant_id": traffic._random.choice(HOSTILE_TENANTS)}
    )


def _stranger_s_groups(traffic: Traffic, person: Person, token: str, asked: Asked) -> tuple[str, Asked]:
    """The payload says admin, and the signature is of what it said before."""
    head, _, rest = token.partition(".")
    signature = rest.partition(".")[2]
    forged, said = traffic._spoilt(person, asked, "signature_invalid", **{"cognito:groups": ["admins"]})
    payload = forged.split(".")[1]
    return f"Bearer {head}.{payload}.{signature}", replace(said, kid=asked.kid)


def _two(_: Traffic, __: Person, token: str, asked: Asked) -> tuple[str, Asked]:
    if asked.shape == "WebSocket":
        return f"Bearer {token} {token}", replace(asked, defect="token_malformed")
    return f"Bearer {token}, Bearer {token}", replace(asked, defect="token_ambiguous")


def _basic(_: Traffic, __: Person, token: str, asked: Asked) -> tuple[str, Asked]:
    if asked.shape == "WebSocket":
        return f"Bearer {token[::-1]}", replace(asked, defect="token_malformed")
    return f"Basic {token}", replace(asked, defect="scheme_refused")


def _unsigned(_: Traffic, __: Person, token: str, asked: Asked) -> tuple[str, Asked]:
    header = base64url(json.dumps({"alg": "none", "kid": asked.kid}).encode())
    return f"Bearer {header}.{token.split('.')[1]}.", replace(asked, defect="algorithm_refused")


def _symmetric(_: Traffic, __: Person, token: str, asked: Asked) -> tuple[str, Asked]:
    header = json.dumps({"alg": "HS256", "kid": asked.kid}).encode()
    return f"Bearer {signed(header, b'{}')}", replace(asked, defect="algorithm_refused")


def _defect(defect: str) -> Callable[[Traffic, Person, str, Asked], tuple[str, Asked]]:
    return lambda _, __, token, asked: (f"Bearer {token}", replace(asked, defect=defect))


HOSTILE: Final = (
    _expired,
    _from_the_future,
    _not_before,
    _hostile_tenant,
    _hostile_tenant,
    _stranger_s_groups,
    _two,
    _basic,
    _unsigned,
    _symmetric,
    _defect("event_unknown"),
    _defect("token_missing"),
    _text("token_malformed", lambda token: token.replace(".", "", 1)),
    _text("token_malformed", lambda token: f"{token}="),
    _text("token_too_large", lambda token: token + "A" * 100_000),
    _claim("signature_invalid", key="forged"),
    _claim("issuer_unknown", iss="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_STRANGER1"),
    _claim("client_refused", aud="stranger", client_id="stranger"),
    _claim("critical_header_refused", header={"crit": ["exp"]}),
    _claim("token_type_refused", header={"typ": "logout+jwt"}),
    _claim(None, kid="nobody-1", key="forged"),
    _claim("token_claim_missing", exp=ABSENT),
    _claim("token_claim_missing", token_use=ABSENT),
    _claim("token_claim_malformed", exp="soon"),
    _claim("token_claim_malformed", **{"cognito:groups": "admins"}),
    _unlisted_role,
    _other_api,
)
