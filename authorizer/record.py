"""The decision record: one line of JSON a request, which is the log, the metrics and the audit trail at once.

It holds no token, no credential, and of claims only the principal (`sub`), which CloudTrail shows too. Messages of
refusals are written not to quote what a stranger sent.
"""

import json
import time
from collections.abc import Callable
from typing import TypeVar

from authorizer.errors import Refusal
from authorizer.gateway.respond import Response
from authorizer.model import Claims, Credentials, Identity, Request, Routes, SessionPolicy, Verdict

NAMESPACE = "CognitoAuthorizer"
"""Namespace of the metrics in CloudWatch."""

Noun = TypeVar("Noun")


class Record:
    """What one request became, stage by stage. Each method takes a stage's result, notes it and hands it back."""

    def __init__(self, now: float, *, tick: Callable[[], float] = time.perf_counter) -> None:
        self.request: Request | None = None
        self.claims: Claims | None = None
        self.identity: Identity | None = None
        self.routes: Routes | None = None
        self.policy: SessionPolicy | None = None
        self.credentials: Credentials | None = None
        self.response: Response | None = None
        self.refusal: Refusal | None = None
        self.milliseconds: dict[str, float] = {}
        """Stage → time it took; the stage that refused has none."""
        self.now = now
        self._tick = tick
        self._begun = self._last = tick()

    def parsed(self, request: Request) -> Request:
        self.request = request
        return self._took("parse", request)

    def verified(self, claims: Claims) -> Claims:
        self.claims = claims
        return self._took("verify", claims)

    def resolved(self, identity: Identity) -> Identity:
        self.identity = identity
        return self._took("resolve", identity)

    def permitted(self, routes: Routes) -> Routes:
        self.routes = routes
        return self._took("permit", routes)

    def rendered(self, policy: SessionPolicy) -> SessionPolicy:
        self.policy = policy
        return self._took("render", policy)

    def vended(self, credentials: Credentials) -> Credentials:
        self.credentials = credentials
        return self._took("vend", credentials)

    def responded(self, response: Response) -> Response:
        self.response = response
        return self._took("respond", response)

    def _took(self, stage: str, noun: Noun) -> Noun:
        now = self._tick()
        self.milliseconds[stage] = round((now - self._last) * 1000, 3)
        self._last = now
        return noun

    def refused(self, refusal: Refusal) -> None:
        self.refusal = refusal

    def line(self, verdict: Verdict) -> str:
        """The record as one line of JSON, with the header that makes CloudWatch take metrics from it
        (CloudWatch User Guide, "Embedded metric format specification")."""
        total = round((self._tick() - self._begun) * 1000, 3)
        entry: dict[str, object] = {
            "_aws": {
                "Timestamp": int(self.now * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [["verdict"], ["verdict", "code"]],
                        "Metrics": [{"Name": "decisions"}, {"Name": "duration", "Unit": "Milliseconds"}],
                    }
                ],
            },
            "decisions": 1,
            "duration": total,
            "verdict": verdict,
            "code": self.refusal.code if self.refusal else "allowed",
        }
        if self.refusal:
            entry["reason"] = str(self.refusal)
        if request := self.request:
            entry |= {
                "shape": request.shape,
                "api": request.route.api_id,
                "stage": request.route.stage,
                "method": request.route.method,
                "request_id": request.request_id,
            }
        if claims := self.claims:
            entry |= {
                "principal": claims.sub,
                "issuer": claims.issuer,
                "token_use": claims.token_use,
                "machine": claims.machine,
            }
        if identity := self.identity:
            entry |= {
                "role": identity.role.name,
                "rule": identity.rule,
                "scopes": sorted(identity.scopes),
            }
        if routes := self.routes:
            entry |= {"routes": len(routes.patterns), "this_route": routes.this_route}
        if policy := self.policy:
            entry |= {
                "templates": policy.templates,
                "policy": policy.digest,
                "policy_characters": len(policy.text),
            }
        if credentials := self.credentials:
            entry |= {
                "session_name": credentials.session_name,
                "expiration": int(credentials.expiration),
                "packed_policy_size": credentials.packed_policy_size,
                "credentials_cached": credentials.issued_at < self.now,
            }
        entry["stages"] = self.milliseconds
        return json.dumps(entry, separators=(",", ":"))
