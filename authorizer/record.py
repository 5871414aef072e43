"""The decision record: one line of JSON a request, which is the log, the metrics and the audit trail at once.

It holds no token, no secret, and of claims only `sub`. Of the path it tells the entry of [scopes] that opens it: the
path itself is a stranger's text. Messages of refusals are written not to quote what a stranger sent; what a stranger
chose and is told, such as a method, is made short and printable first. What the answer's context names too has its word
and form: `sub` (AWS's `principalId`), `code`, `expiration`.

From a record to what was done with the session, and back, leads `access_key_id`: CloudTrail has it in the events of
the session, and looks events up by it (User Guide, "userIdentity element"; API reference, LookupAttribute). It is a
name and no secret, since it signs nothing. The session's own name would lead there too, but may be made of claims: it
is told where it is made of `sub` alone, and as its template elsewhere.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self, TypeVar

from authorizer.errors import Refusal
from authorizer.gateway.respond import Response
from authorizer.memory import FEW, PER_CALLER, remembered
from authorizer.metrics import LOCAL, declared
from authorizer.model import (
    Claims,
    Credentials,
    Identity,
    Request,
    Routes,
    SessionPolicy,
    Verdict,
    instant,
)

MAX_TEXT = 256
MAX_REASON = 1024
"""Characters of a text in the record; of a longer one the beginning and a digest. CloudWatch takes 1 MB in one log
event, and did take 256 KB (CloudWatch Logs quotas)."""
MAX_LISTED = 64
"""Entries of a list in the record; of a longer one the first, and how many more."""

STAGES = ("parse", "verify", "resolve", "permit", "render", "vend", "seal", "respond")
"""As the flow runs through them: `authorizer.pipeline`."""

Noted = TypeVar("Noted")
NOTHING: Mapping[str, int] = {}


class Record:
    """What one request became, stage by stage. Each method takes a stage's result, notes it and hands it back."""

    __slots__ = (
        *(
            "_begun",
            "_function",
            "_tick",
            "_ticks",
            "claims",
            "credentials",
            "identity",
            "now",
            "policy",
            "refusal",
        ),
        *("request", "response", "routes", "secrets"),
    )

    def __init__(
        self, now: float, *, function: str = LOCAL, tick: Callable[[], float] = time.perf_counter
    ) -> None:
        """`now` is seconds since the epoch; `function` is whose metrics these are."""
        self.request: Request | None = None
        self.claims: Claims | None = None
        self.identity: Identity | None = None
        self.routes: Routes | None = None
        self.policy: SessionPolicy | None = None
        self.credentials: Credentials | None = None
        self.secrets: Mapping[str, str] | None = None
        self.response: Response | None = None
        self.refusal: Refusal | None = None
        self.now = now
        self._ticks: list[float] = []
        self._tick = tick
        self._function = function
        self._begun = tick()

    def parsed(self, request: Request) -> Request:
        return self._note("request", request)

    def verified(self, claims: Claims) -> Claims:
        return self._note("claims", claims)

    def resolved(self, identity: Identity) -> Identity:
        return self._note("identity", identity)

    def permitted(self, routes: Routes) -> Routes:
        return self._note("routes", routes)

    def rendered(self, policy: SessionPolicy) -> SessionPolicy:
        return self._note("policy", policy)

    def vended(self, credentials: Credentials) -> Credentials:
        return self._note("credentials", credentials)

    def sealed(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        return self._note("secrets", secrets)

    def responded(self, response: Response) -> Response:
        return self._note("response", response)

    def _note(self, name: str, result: Noted) -> Noted:
        setattr(self, name, result)
        self._ticks.append(self._tick())
        return result

    def refused(self, refusal: Refusal) -> None:
        self.refusal = refusal

    @property
    def opens(self) -> bool:
        """Whether the answer opens the route of this very request."""
        return self.routes is not None and self.routes.this_route

    @property
    def milliseconds(self) -> dict[str, float]:
        """Stage → time it took, as far as the flow came; the stage that refused has none."""
        starts = [self._begun, *self._ticks]
        return {
            stage: round((end - start) * 1000, 3)
            for stage, start, end in zip(STAGES, starts, self._ticks, strict=False)
        }

    def fields(self, verdict: Verdict, counted: Mapping[str, int] = NOTHING) -> dict[str, object]:
        """All that the record tells, with what was `counted` since the last one (`authorizer.metrics`)."""
        told: list[Mapping[str, object]] = [
            {"_aws": {"Timestamp": self._timestamp(), **declared(tuple(counted))}},
            self._of_now(verdict, counted),
        ]
        told += [group.facts(*about) for group, *about in self._known()]
        return {name: value for facts in told for name, value in facts.items()}

    def line(self, verdict: Verdict, counted: Mapping[str, int] = NOTHING) -> str:
        """The same as one line of JSON. What tells of the same caller, route or policy as before is written from
        memory: this is the longest step of a request that is answered from memory."""
        head = f'"_aws":{{"Timestamp":{self._timestamp()},{METRICS.text(tuple(counted))}}}'
        known = [group.text(*about) for group, *about in self._known()]
        return f"{{{','.join((head, _members(self._of_now(verdict, counted)), *known))}}}"

    def _timestamp(self) -> int:
        return int(self.now * 1000)

    def _of_now(self, verdict: Verdict, counted: Mapping[str, int]) -> dict[str, object]:
        """What no other request shares."""
        told: dict[str, object] = {
            "decisions": 1,
            "duration": round((self._tick() - self._begun) * 1000, 3),
            "verdict": verdict,
            "code": self.refusal.code if self.refusal else "allowed",
            **counted,
        }
        if self.refusal:
            told["reason"] = _short(str(self.refusal), MAX_REASON)
        if self.request:
            number, matched = self.request.request_id, self.routes.matched if self.routes else None
            told["request_id"] = None if number is None else _short(number)
            told["route"] = None if matched is None else _short(matched)
        if self.credentials:
            told["credentials_cached"] = self.credentials.issued_at < self.now
        told["stages"] = self.milliseconds
        return told

    def _known(self) -> Iterator[tuple["Group", *tuple[object, ...]]]:
        """The groups of members that there are, each with what it is about."""
        yield FUNCTION, self._function
        if request := self.request:
            route = request.route
            yield ROUTE, request.shape, route.api_id, route.stage, route.method
        if claims := self.claims:
            yield CLAIMS, claims
        if identity := self.identity:
            yield ROLE, identity.role.name, identity.rule, identity.scopes
        if routes := self.routes:
            yield ROUTES, len(routes.patterns), routes.this_route
        if policy := self.policy:
            yield POLICY, policy.templates, policy.digest, len(policy.text)
        if identity and (credentials := self.credentials):
            yield (
                *(SESSION, identity, credentials.session_name, credentials.access_key_id),
                *(
                    credentials.expiration,
                    credentials.packed_policy_size,
                    credentials.session_token_utilization,
                ),
            )


@dataclass(frozen=True, slots=True)
class Group:
    """Members that are the same whenever they are about the same, as data and as text."""

    facts: Callable[..., dict[str, object]]
    text: Callable[..., str]

    @classmethod
    def of(cls, facts: Callable[..., dict[str, object]], entries: int = PER_CALLER) -> Self:
        return cls(facts, remembered(entries)(lambda *about: _members(facts(*about))))


def _of_function(function: str) -> dict[str, object]:
    return {"function": _short(function)}


def _of_route(shape: str, api: str, stage: str, method: str) -> dict[str, object]:
    return {"shape": shape, "api": _short(api), "stage": _short(stage), "method": _short(method)}


def _of_claims(claims: Claims) -> dict[str, object]:
    return {
        "sub": _short(claims.sub),
        "issuer": _short(claims.issuer),
        "token_use": _short(claims.token_use),
        "machine": claims.machine,
        **({"actors": _list(claims.actors)} if claims.actors else {}),
    }


def _of_role(role: str, rule: str, scopes: frozenset[str]) -> dict[str, object]:
    return {"role": _short(role), "rule": _short(rule), "scopes": _list(sorted(scopes))}


def _of_routes(patterns: int, this_route: bool) -> dict[str, object]:
    return {"routes": patterns, "this_route": this_route}


def _of_policy(templates: tuple[str, ...], digest: str, characters: int) -> dict[str, object]:
    return {"templates": _list(templates), "policy": _short(digest), "policy_characters": characters}


def _of_session(  # noqa: PLR0917 - what it tells, and so what its text is remembered by; no secret is among it
    identity: Identity, name: str, access_key_id: str, expiration: float, packed: int | None, full: int | None
) -> dict[str, object]:
    template = identity.role.session_name
    parts = [value for claim, value in identity.claims.items() if f"{{{claim}}}" in template]
    return {
        "session_name": _short(name if all(value == identity.principal for value in parts) else template),
        "access_key_id": _short(access_key_id),
        "expiration": instant(expiration),
        "packed_policy_size": packed,
        "session_token_utilization": full,
    }


METRICS = Group.of(declared)
FUNCTION = Group.of(_of_function)
ROUTE = Group.of(
    _of_route, FEW
)  # few are asked for, and each is a stranger's: long ones must not fill the memory
CLAIMS = Group.of(_of_claims)
ROLE = Group.of(_of_role)
ROUTES = Group.of(_of_routes)
POLICY = Group.of(_of_policy)
SESSION = Group.of(_of_session)

_write = json.JSONEncoder(separators=(",", ":")).encode


def _members(told: dict[str, object]) -> str:
    return _write(told)[1:-1]


def _list(texts: Sequence[str]) -> list[str]:
    if len(texts) > MAX_LISTED:
        texts = [*texts[: MAX_LISTED - 1], f"and {len(texts) - MAX_LISTED + 1:,} more"]
    return [_short(text) for text in texts]


def _short(text: str, longest: int = MAX_TEXT) -> str:
    """A text that is short and printable, so that neither a log nor the terminal that shows it is at its mercy."""
    if len(text) > longest:
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        text = f"{text[: longest - 17]}…{digest}"
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )
    return text
