"""A WebSocket's caller, kept for as long as the connection lasts.

API Gateway asks the authorizer at `$connect` alone, and every message of the connection carries what it was answered:
credentials that live an hour at most, of a connection that may last two. So the answer also carries who the caller is,
sealed with keys that no backend holds and bound to this one connection. The backend hands it back when it needs fresh
credentials, and the authorizer decides again, by the `access.toml` of that moment.

What the backend sends, by invoking the function (API Gateway sends nothing of this form)::

    {"type": "RENEW", "connection": "eyJ…", "connectionId": "…", "apiId": "…", "stage": "…", "requestId": "…"}
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from authorizer.errors import ConnectionOver, ConnectionRefused, EventUnknown, SealRefused
from authorizer.model import Claims, Request, RouteArn, Shape
from authorizer.settings.schema import Settings
from authorizer.tokens.stored import restored, stored
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from authorizer.sealing.seal import Seal

LONGEST = 7200
"""Seconds that a WebSocket connection lasts at most (API Gateway quotas, "Connection duration for WebSocket API")."""
RENEW = "RENEW"
FIELDS = ("connection", "connectionId", "apiId", "stage")
ROUTE = ("partition", "region", "account_id", "api_id", "stage", "method", "path")


def is_renewal(event: object) -> bool:
    """Whether a backend asks, and not API Gateway."""
    return isinstance(event, dict) and event.get("type") == RENEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What opened a connection, taken up again."""

    request: Request
    claims: Claims


class Connections:
    """Keeps and takes up callers. `seal` gives the seal of `[private_sealing]`."""

    def __init__(self, settings: Settings, seal: "Callable[[float, Deadline], Awaitable[Seal]]") -> None:
        self._settings = settings
        self._seal = seal
        self._wanted = settings.claims_read

    async def keep(self, claims: Claims, request: Request, now: float, deadline: Deadline) -> dict[str, str]:
        """What the context of a WebSocket's answer says of the connection; nothing for other requests.

        Raises `SealTooLarge`, `SealingKeysUnavailable`.
        """
        if not self._settings.gateway.renew_connections or request.connection_id is None:
            return {}
        ends = now + LONGEST
        if self._settings.session.end_with_token:
            ends = min(ends, claims.expires_at)
        route = request.route
        seal = await self._seal(now, deadline)
        sealed = seal.close_claims(
            {
                "aud": _audience(route.api_id, route.stage, request.connection_id),
                "sub": claims.sub,
                "iat": int(now),
                "exp": int(ends),
                "claims": stored(claims, self._settings.issuers[claims.issuer], self._wanted),
                "requestedRole": request.requested_role,
                "route": {name: getattr(route, name) for name in ROUTE},
            }
        )
        return {"connection": sealed}

    async def take_up(self, event: Any, now: float, deadline: Deadline) -> "Kept":
        """The request that opened the connection, and what its token said.

        Raises `EventUnknown` for a malformed event, or where `gateway.renew_connections` is not set; `ConnectionOver`
        and `ConnectionRefused` for what was not sealed here, for this connection, within `LONGEST`; and an
        `Unauthorized` for a token that its issuer's settings take no longer.
        """
        if not self._settings.gateway.renew_connections:
            raise EventUnknown(
                "a backend asks for fresh credentials, and gateway.renew_connections is not set"
            )
        texts = [event.get(name) for name in FIELDS]
        if not all(isinstance(text, str) and text for text in texts):
            raise EventUnknown(f"the event of type {RENEW} needs the texts {', '.join(FIELDS)}")
        sealed, connection_id, api_id, stage = map(str, texts)
        audience = _audience(api_id, stage, connection_id)
        seal = await self._seal(now, deadline)
        try:
            kept = seal.open_claims(sealed, audience=audience, principal=None, now=now, max_life=LONGEST)
        except SealRefused as refused:
            if refused.reason == "expired":
                raise ConnectionOver(f"the connection is over, or its token is: {refused}") from None
            raise ConnectionRefused(f"what was kept of the connection is refused: {refused}") from None
        claims = restored(kept["claims"], self._settings.issuers, now)
        request_id = event.get("requestId")
        request = Request(
            shape=Shape.WEBSOCKET,
            route=RouteArn(**kept["route"]),
            route_key="$connect",
            token="",
            requested_role=kept["requestedRole"],
            request_id=request_id if isinstance(request_id, str) else None,
            simple_response=False,
        )
        return Kept(request=request, claims=claims)


def _audience(api_id: str, stage: str, connection_id: str) -> str:
    return f"connection/{api_id}/{stage}/{connection_id}"
