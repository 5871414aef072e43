"""Vending in the backend itself, where API Gateway's own Cognito authorizer has verified the token.

The function's role may do nothing but assume the roles of `access.toml`; what each request may do is the
caller's role, narrowed by the caller's session policy. Who may call which route is the gateway's to say here:
`authorizationScopes`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from authorizer.backend.native import is_http, native_claims
from authorizer.backend.readings import check_certain
from authorizer.deadline import Deadline
from authorizer.identity.resolve import resolve
from authorizer.model import Credentials, Request, RouteArn, Shape
from authorizer.render import render
from authorizer.settings.load import load
from authorizer.settings.schema import Settings
from authorizer.vending.vendor import Vendor

ACCESS = "AUTHORIZER_ACCESS"
DEFAULT_ACCESS = "policies/access.toml"
BUDGET = 8.0
"""Seconds for one AssumeRole, retries included."""


class Assumer:
    """Settings and a vendor, for one event loop. `assume` keeps one for the process; tests make their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.vendor = Vendor(settings)

    async def assume(self, event: Mapping[str, Any], now: float) -> Credentials:
        """The caller's credentials. Raises a `Refusal` as the authorizer would, or `CredentialsAbsent`."""
        claims = native_claims(event, self._settings, now)
        request = _request(event, self._settings)
        check_certain(claims, request.requested_role, self._settings, http=is_http(event))
        identity = resolve(claims, request, self._settings)
        policy = render(identity, self._settings)
        return await self.vendor.vend(identity, policy, request.shape, now, Deadline.after(BUDGET))


_assumers: list[Assumer] = []


async def assume(event: Mapping[str, Any], now: float) -> Credentials:
    """The caller's credentials, by `access.toml` at `AUTHORIZER_ACCESS`, which is read once.

    All calls of one process must come from one event loop: a Lambda handler keeps one and uses
    `run_until_complete`.
    """
    if not _assumers:
        root = Path(os.environ.get("LAMBDA_TASK_ROOT", "."))
        _assumers.append(Assumer(load(root / os.environ.get(ACCESS, DEFAULT_ACCESS), os.environ)))
    return await _assumers[0].assume(event, now)


def _request(event: Mapping[str, Any], settings: Settings) -> Request:
    """The role that the event asks for. No stage that follows asks for anything else of a request: which route it is
    for has been decided by the gateway, and all shapes that stand behind a native authorizer need credentials for as
    long."""
    return Request(
        shape=Shape.REST_REQUEST,
        route=RouteArn(partition="", region="", account_id="", api_id="", stage="", method="", path=""),
        route_key=None,
        token="",
        requested_role=_requested_role(event, settings.resolution.role_header),
        request_id=None,
        simple_response=False,
    )


def _requested_role(event: Mapping[str, Any], header: str | None) -> str | None:
    """The value of the configured header. It names one of the caller's own roles, or `resolve` refuses it."""
    headers = event.get("headers") or {}
    values = [value for name, value in headers.items() if name.lower() == header]
    return str(values[0]) if values else None
