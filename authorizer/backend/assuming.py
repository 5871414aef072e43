"""Vending in the backend itself, where API Gateway's own Cognito authorizer has verified the token.

The function's role may do nothing but assume the roles of `access.toml`; what each request may do is the caller's
role, narrowed by the caller's session policy. Who may call which route is the gateway's to say here:
`authorizationScopes`.
"""

import os
from collections.abc import Mapping
from typing import Any

from authorizer.backend.native import is_http, native_claims
from authorizer.backend.readings import check_certain
from authorizer.model import Credentials
from authorizer.pipeline import assume as assume_for
from authorizer.settings.load import load_deployed
from authorizer.settings.schema import Access
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline

BUDGET = 8.0
"""Seconds for one AssumeRole, retries included."""


class Assumer:
    """What was loaded, and a vendor, for one event loop. `assume` keeps one for the process; tests make their own."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.vendor = Vendor(access.settings)

    async def assume(self, event: Mapping[str, Any], now: float) -> Credentials:
        """The caller's credentials. Raises a `Refusal` as the authorizer would, or `CredentialsAbsent`."""
        settings = self._access.settings
        claims = native_claims(event, settings, now)
        requested_role = _requested_role(event, settings.resolution.role_header)
        check_certain(claims, requested_role, settings, http=is_http(event))
        deadline = Deadline.after(BUDGET)
        return await assume_for(claims, requested_role, self._access, self.vendor, now=now, deadline=deadline)


_assumers: list[Assumer] = []


async def assume(event: Mapping[str, Any], now: float) -> Credentials:
    """The caller's credentials, by `access.toml` at `AUTHORIZER_ACCESS`, which is read once.

    All calls of one process must come from one event loop: a Lambda handler keeps one and uses `run_until_complete`.
    """
    if not _assumers:
        _assumers.append(Assumer(load_deployed(os.environ)))
    return await _assumers[0].assume(event, now)


def _requested_role(event: Mapping[str, Any], header: str | None) -> str | None:
    """The value of the configured header. It names one of the caller's own roles, or `resolve` refuses it."""
    headers = event.get("headers") or {}
    values = [value for name, value in headers.items() if name.lower() == header]
    return str(values[0]) if values else None
