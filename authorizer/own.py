"""`GET /credentials`: the caller's own credentials, in the shape that AWS's SDKs read.

What a caller gets is never what a backend gets: `callers.roles` of `access.toml` names, role by role, another role that
is handed out, with templates of its own. The token is verified here again, whatever stands in front.

The body is that of a container's credentials endpoint (SDKs and Tools Reference Guide, "Container credential provider";
`Version` as `credential_process` has it). A refusal is `{"code", "message"}` with the status of its family.
"""

import json
from typing import Any, Final

from authorizer.errors import EventUnknown, TooManySessions
from authorizer.gateway.calls import call_of
from authorizer.pipeline import hand_out
from authorizer.runtime import Authorizer, LambdaContext
from authorizer.settings.schema import Access

METHOD: Final = "GET"
STATUS: Final = {"unauthorized": 401, "deny": 403, "failure": 500}
"""Of a refusal, by verdict."""
TOO_MANY: Final = 429
RETRY_AFTER: Final = "60"
"""Seconds after which it is worth asking again: a seat is free when its session is in its last minutes."""
MESSAGES: Final = {
    # All that a stranger is told. The record has the rest.
    "unauthorized": "the token is absent, or is not taken",
    "deny": "no credentials of their own are for this caller",
    "failure": "no credentials can be made at the moment",
}
ALWAYS: Final = {
    # A response that a proxy or a browser keeps is a secret on a disk (RFC 9111 §5.2.2.5).
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
}


class OwnCredentials:
    """`own(event, context)` answers one call, as Lambda calls it, whatever the integration's payload format."""

    def __init__(self, access: Access, **options: Any) -> None:
        """`options` are those of `Authorizer`."""
        self.authorizer = Authorizer(access, flow=hand_out, **options)

    def __call__(self, event: object, context: LambdaContext | None = None) -> dict[str, object]:
        """The response of a proxy integration. Never raises an `Exception`."""
        try:
            call = call_of(event)
        except EventUnknown:
            call = None
        headers = {**ALWAYS, **self._cors(call.origin if call else None)}
        if call and call.method == "OPTIONS":
            return {"statusCode": 204, "headers": headers}
        if call and call.method != METHOD:
            return _answer(
                405, {**headers, "Allow": METHOD}, {"code": "method_refused", "message": "expected GET"}
            )
        decision, _ = self.authorizer.decide(event, context)
        if decision.verdict == "allow":
            return _answer(200, headers, decision.response)
        status = TOO_MANY if decision.code == TooManySessions.code else STATUS[decision.verdict]
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"  # RFC 6750 §3
        if status == TOO_MANY:
            headers["Retry-After"] = RETRY_AFTER  # RFC 6585 §4
        return _answer(status, headers, {"code": decision.code, "message": MESSAGES[decision.verdict]})

    def _cors(self, origin: str | None) -> dict[str, str]:
        """What lets a listed origin's page read the answer (Fetch Standard, "CORS protocol"). Never `*`, and no
        cookies: there are none."""
        if origin not in self.authorizer.settings.callers.origins:
            return {}
        role_header = self.authorizer.settings.resolution.role_header
        return {
            "Access-Control-Allow-Origin": str(origin),
            "Access-Control-Allow-Methods": METHOD,
            "Access-Control-Allow-Headers": ", ".join(filter(None, ("authorization", role_header))),
            "Access-Control-Expose-Headers": "Retry-After",
            "Access-Control-Max-Age": "600",
        }


def _answer(status: int, headers: dict[str, str], body: object) -> dict[str, object]:
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
