"""The decision record: one line of JSON a request, which is the log, the metrics and the audit trail at once.

It holds no token, no credential, and of claims only `sub`, which CloudTrail shows too. Of the path it tells the entry
of [scopes] that opens it: the path itself is a stranger's text. Messages of refusals are written not to quote what a
stranger sent. What the answer's context names too has its word and form: `sub` (AWS's `principalId`), `code`,
`expiration`.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from authorizer.errors import Refusal
from authorizer.gateway.respond import Response
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

NAMESPACE = "CognitoAuthorizer"
"""Namespace of the metrics in CloudWatch."""


STAGES = ("parse", "verify", "resolve", "permit", "render", "vend", "respond")
"""As the flow runs through them: `authorizer.pipeline`."""
TIMES = tuple(
    '"stages":{' + ",".join(f'"{stage}":%.3f' for stage in STAGES[:count]) + "}}"
    for count in range(len(STAGES) + 1)
)
"""The end of the line, by how many stages were passed."""
METRICS = (
    '"CloudWatchMetrics":[{"Namespace":"' + NAMESPACE + '","Dimensions":[["verdict"],["verdict","code"]],'
    '"Metrics":[{"Name":"decisions"},{"Name":"duration","Unit":"Milliseconds"}]}]'
)
"""What makes CloudWatch take metrics from the line (CloudWatch User Guide, "Embedded metric format specification")."""


class Record:
    """What one request became, stage by stage. Each method takes a stage's result, notes it and hands it back."""

    __slots__ = (
        *(
            "_begun",
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
        *("response", "routes"),
    )

    def __init__(self, now: float, *, tick: Callable[[], float] = time.perf_counter) -> None:
        self.request: Request | None = None
        self.claims: Claims | None = None
        self.identity: Identity | None = None
        self.routes: Routes | None = None
        self.policy: SessionPolicy | None = None
        self.credentials: Credentials | None = None
        self.response: Response | None = None
        self.refusal: Refusal | None = None
        self.now = now
        self._ticks: list[float] = []
        self._tick = tick
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

    def line(self, verdict: Verdict) -> str:
        """The record as one line of JSON. Written out rather than dumped: this is the longest step of a request that
        is answered from memory."""
        refusal = self.refusal
        parts = [
            f'{{"_aws":{{"Timestamp":{int(self.now * 1000)},{METRICS}}},"decisions":1,'
            f'"duration":{(self._tick() - self._begun) * 1000:.3f},"verdict":"{verdict}",'
            f'"code":"{refusal.code if refusal else "allowed"}"'
        ]
        if refusal:
            parts.append(f'"reason":{quoted(str(refusal))}')
        if request := self.request:
            route, number = request.route, request.request_id
            matched = self.routes.matched if self.routes else None
            parts.append(
                f'"shape":"{request.shape._value_}","api":{quoted(route.api_id)},"stage":{quoted(route.stage)},'
                f'"method":{quoted(route.method)},"route":{"null" if matched is None else quoted(matched)},'
                f'"request_id":{"null" if number is None else quoted(number)}'
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
        if credentials := self.credentials:
            packed = credentials.packed_policy_size
            parts.append(
                f'"session_name":{quoted(credentials.session_name)},"expiration":"{instant(credentials.expiration)}",'
                f'"packed_policy_size":{"null" if packed is None else packed},'
                f'"credentials_cached":{"true" if credentials.issued_at < self.now else "false"}'
            )
        parts.append(TIMES[len(self._ticks)] % self._took())
        return ",".join(parts)


@lru_cache(maxsize=1024)
def _of_claims(claims: Claims) -> str:
    return (
        f'"sub":{quoted(claims.sub)},"issuer":{quoted(claims.issuer)},'
        f'"token_use":{quoted(claims.token_use)},"machine":{"true" if claims.machine else "false"}'
    )


@lru_cache(maxsize=1024)
def _of_role(role: str, rule: str, scopes: frozenset[str]) -> str:
    return f'"role":{quoted(role)},"rule":{quoted(rule)},"scopes":{_list(sorted(scopes))}'


@lru_cache(maxsize=1024)
def _of_policy(templates: tuple[str, ...], digest: str, characters: int) -> str:
    return f'"templates":{_list(templates)},"policy":{quoted(digest)},"policy_characters":{characters}'


def _list(texts: Sequence[str]) -> str:
    return f"[{','.join(map(quoted, texts))}]"
