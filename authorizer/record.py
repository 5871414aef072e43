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

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted

from authorizer.errors import Refusal
from authorizer.gateway.respond import Response
from authorizer.memory import FEW, PER_CALLER, remembered
from authorizer.metrics import LOCAL, header
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
TIMES = tuple(
    '"stages":{' + ",".join(f'"{stage}":%.3f' for stage in STAGES[:count]) + "}}"
    for count in range(len(STAGES) + 1)
)
"""The end of the line, by how many stages were passed."""

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
            "request",
        ),
        *("response", "routes", "secrets"),
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

    @property
    def milliseconds(self) -> dict[str, float]:
        """Stage → time it took; the stage that refused has none."""
        return {
            stage: round(took, 3)
            for stage, took in zip(STAGES, self._took(), strict=False)  # as far as it came
        }

    def _took(self) -> tuple[float, ...]:
        before = self._begun
        took = []
        for tick in self._ticks:
            took.append((tick - before) * 1000)
            before = tick
        return tuple(took)

    def parsed(self, request: Request) -> Request:
        self.request = request
        self._ticks.append(self._tick())
        return request

    def verified(self, claims: Claims) -> Claims:
        self.claims = claims
        self._ticks.append(self._tick())
        return claims

    def resolved(self, identity: Identity) -> Identity:
        self.identity = identity
        self._ticks.append(self._tick())
        return identity

    def permitted(self, routes: Routes) -> Routes:
        self.routes = routes
        self._ticks.append(self._tick())
        return routes

    def rendered(self, policy: SessionPolicy) -> SessionPolicy:
        self.policy = policy
        self._ticks.append(self._tick())
        return policy

    def vended(self, credentials: Credentials) -> Credentials:
        self.credentials = credentials
        self._ticks.append(self._tick())
        return credentials

    def sealed(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        self.secrets = secrets
        self._ticks.append(self._tick())
        return secrets

    def responded(self, response: Response) -> Response:
        self.response = response
        self._ticks.append(self._tick())
        return response

    def refused(self, refusal: Refusal) -> None:
        self.refusal = refusal

    @property
    def opens(self) -> bool:
        """Whether the answer opens the route of this very request."""
        return self.routes is not None and self.routes.this_route

    def line(self, verdict: Verdict, counted: Mapping[str, int] = NOTHING) -> str:
        """The record as one line of JSON, with what was `counted` since the last one (`authorizer.metrics`). Written
        out rather than dumped: this is the longest step of a request that is answered from memory."""
        refusal = self.refusal
        parts = [
            f'{{"_aws":{{"Timestamp":{int(self.now * 1000)},{_of_function(self._function, tuple(counted))},'
            f'"duration":{(self._tick() - self._begun) * 1000:.3f},"verdict":"{verdict}",'
            f'"code":"{refusal.code if refusal else "allowed"}"'
        ]
        parts += [f'"{name}":{count}' for name, count in counted.items()]
        if refusal:
            parts.append(f'"reason":{_text(str(refusal), MAX_REASON)}')
        if request := self.request:
            route, number = request.route, request.request_id
            matched = self.routes.matched if self.routes else None
            parts.append(
                f"{_of_route(request.shape._value_, route.api_id, route.stage, route.method)},"
                f'"route":{"null" if matched is None else _text(matched)},'
                f'"request_id":{"null" if number is None else _text(number)}'
            )
        if claims := self.claims:
            parts.append(_of_claims(claims))
        if identity := self.identity:
            parts.append(_of_role(identity.role.name, identity.rule, identity.scopes))
        if routes := self.routes:
            parts.append(
                f'"routes":{len(routes.patterns)},"this_route":{"true" if routes.this_route else "false"}'
            )
        if policy := self.policy:
            parts.append(_of_policy(policy.templates, policy.digest, len(policy.text)))
        if identity and (credentials := self.credentials):
            packed, full = credentials.packed_policy_size, credentials.session_token_utilization
            parts.append(
                f"{_of_session(identity, credentials.session_name, credentials.access_key_id)},"
                f'"expiration":"{instant(credentials.expiration)}",'
                f'"packed_policy_size":{"null" if packed is None else packed},'
                f'"session_token_utilization":{"null" if full is None else full},'
                f'"credentials_cached":{"true" if credentials.issued_at < self.now else "false"}'
            )
        parts.append(TIMES[len(self._ticks)] % self._took())
        return ",".join(parts)


@remembered(PER_CALLER)
def _of_function(function: str, counted: tuple[str, ...]) -> str:
    return f'{header(counted)}}},"function":{_text(function)},"decisions":1'


@remembered(FEW)  # few are asked for, and each is a stranger's: long ones must not fill the memory
def _of_route(shape: str, api: str, stage: str, method: str) -> str:
    return f'"shape":"{shape}","api":{_text(api)},"stage":{_text(stage)},"method":{_text(method)}'


@remembered(PER_CALLER)
def _of_claims(claims: Claims) -> str:
    return (
        f'"sub":{_text(claims.sub)},"issuer":{_text(claims.issuer)},'
        f'"token_use":{_text(claims.token_use)},"machine":{"true" if claims.machine else "false"}'
    )


@remembered(PER_CALLER)
def _of_role(role: str, rule: str, scopes: frozenset[str]) -> str:
    return f'"role":{_text(role)},"rule":{_text(rule)},"scopes":{_list(sorted(scopes))}'


@remembered(PER_CALLER)
def _of_policy(templates: tuple[str, ...], digest: str, characters: int) -> str:
    return f'"templates":{_list(templates)},"policy":{_text(digest)},"policy_characters":{characters}'


@remembered(PER_CALLER)
def _of_session(identity: Identity, name: str, access_key_id: str) -> str:
    template = identity.role.session_name
    parts = [value for claim, value in identity.claims.items() if f"{{{claim}}}" in template]
    told = name if all(value == identity.principal for value in parts) else template
    return f'"session_name":{_text(told)},"access_key_id":{_text(access_key_id)}'


def _list(texts: Sequence[str]) -> str:
    if len(texts) > MAX_LISTED:
        texts = [*texts[: MAX_LISTED - 1], f"and {len(texts) - MAX_LISTED + 1:,} more"]
    return f"[{','.join(map(_text, texts))}]"


def _text(text: str, longest: int = MAX_TEXT) -> str:
    """A text as JSON, short and printable, so that neither a log nor the terminal that shows it is at its mercy."""
    if len(text) > longest:
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        text = f"{text[: longest - 17]}…{digest}"
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )
    return quoted(text)
