"""Panel 2: one decision as the stages of `authorizer.pipeline`: what came in, what went out, how long it took, and the
lines that decided."""

from collections.abc import Callable
from typing import Any, Final

from authorizer.errors import RouteClosed
from authorizer.local_gateway.console.deciding import deciding_lines
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.token_parts import token_of
from authorizer.record import STAGES, Record

NOTED: Final = ("request", "claims", "identity", "routes", "policy", "credentials", "secrets", "response")
"""What each stage leaves in the record, in the order of `STAGES`."""


def stages(shown: Shown) -> list[dict[str, Any]]:
    """A row for each stage: `passed`, `stopped` or `not reached`. Where the authorizer was not asked none was."""
    record = shown.record
    spent = record.milliseconds
    stopped = _stopped(record)
    return [
        {
            "stage": stage,
            "state": _state(record, stage, noted, stopped),
            "in": _IN[stage](shown),
            "out": _OUT[stage](shown) if getattr(record, noted) is not None else [],
            "milliseconds": spent.get(stage),
            "lines": deciding_lines(shown, stage)
            if stage == stopped or getattr(record, noted) is not None
            else [],
            "refusal": _refusal(record) if stage == stopped else None,
        }
        for stage, noted in zip(STAGES, NOTED, strict=True)
    ]


def _stopped(record: Record) -> str | None:
    """Where it ended: at the first stage that left nothing, or, of a route that is closed while others are open, where
    routes are decided."""
    if record.refusal is None:
        return None
    if isinstance(record.refusal, RouteClosed):
        return "permit"
    missing = (
        stage for stage, noted in zip(STAGES, NOTED, strict=True) if getattr(record, noted, None) is None
    )
    return next(missing, STAGES[-1])


def _state(record: Record, stage: str, noted: str, stopped: str | None) -> str:
    if stage == stopped:
        return "stopped"
    return "not reached" if getattr(record, noted) is None else "passed"


def _refusal(record: Record) -> dict[str, str]:
    return {"code": record.refusal.code, "why": str(record.refusal)} if record.refusal else {}


# ── what came in ────────────────────────────────────────────────────────────────────────────────────────────


def _event(shown: Shown) -> list[str]:
    sources = ", ".join(shown.written.access.settings.gateway.token_sources)
    return [f"an event of kind {shown.served.kind}", f"a token in {sources}"]


def _token(shown: Shown) -> list[str]:
    parts = token_of(shown)
    if parts is None:
        return []
    header = ", ".join(f"{name} {parts.header[name]}" for name in ("alg", "kid") if name in parts.header)
    return [f"a token with {header or 'no header'}", f"iss {parts.payload.get('iss')}"]


def _claims(shown: Shown) -> list[str]:
    claims = shown.record.claims
    if claims is None:
        return []
    asked = shown.record.request.requested_role if shown.record.request else None
    return [
        f"groups {', '.join(claims.groups) or 'none'}",
        f"roles {', '.join(claims.roles) or 'none'}",
        f"preferred role {claims.preferred_role or 'none'}",
        *([f"asks for the role {asked}"] if asked else []),
    ]


def _scopes(shown: Shown) -> list[str]:
    identity = shown.record.identity
    return [] if identity is None else [f"scopes {', '.join(sorted(identity.scopes)) or 'none'}"]


def _typed(shown: Shown) -> list[str]:
    identity = shown.record.identity
    if identity is None:
        return []
    return [f"{name} = {_said(value)}" for name, value in identity.claims.items()] or ["no claims"]


def _policy(shown: Shown) -> list[str]:
    policy = shown.record.policy
    return [] if policy is None else [f"{len(policy.text):,} characters, {policy.digest}"]


def _session(shown: Shown) -> list[str]:
    credentials = shown.record.credentials
    return [] if credentials is None else [f"the session {credentials.session_name}"]


def _context(shown: Shown) -> list[str]:
    secrets = shown.record.secrets
    return [] if secrets is None else [f"routes and a context of {len(secrets)} fields"]


_IN: Final[dict[str, Callable[[Shown], list[str]]]] = {
    "parse": _event,
    "verify": _token,
    "resolve": _claims,
    "permit": _scopes,
    "render": _typed,
    "vend": _policy,
    "seal": _session,
    "respond": _context,
}


# ── what went out ───────────────────────────────────────────────────────────────────────────────────────────


def _request(shown: Shown) -> list[str]:
    request = shown.record.request
    assert request is not None  # noqa: S101 - asked of stages that left it alone, here and below; for the type checker
    return [f"{request.shape}: {request.route.method} {request.route.path}", request.route.stage_arn]


def _verified(shown: Shown) -> list[str]:
    claims = shown.record.claims
    assert claims is not None  # noqa: S101
    who = claims.username or claims.client_id or "nobody by name"
    return [f"{claims.token_use} token of {claims.issuer}", f"for {who} ({claims.sub})"]


def _resolved(shown: Shown) -> list[str]:
    identity = shown.record.identity
    assert identity is not None  # noqa: S101
    return [f"role {identity.role.name} by {identity.rule}", identity.role.arn, *_scopes(shown)]


def _permitted(shown: Shown) -> list[str]:
    routes = shown.record.routes
    assert routes is not None  # noqa: S101
    open_ones = [pattern.partition("/")[2].partition("/")[2] for pattern in routes.patterns]
    this = f"this route is open by {routes.matched}" if routes.matched else "this route is closed"
    return [this, *open_ones]


def _rendered(shown: Shown) -> list[str]:
    policy = shown.record.policy
    assert policy is not None  # noqa: S101
    return [f"{', '.join(policy.templates)}: {len(policy.text):,} of 2,048 characters"]


def _vended(shown: Shown) -> list[str]:
    credentials = shown.record.credentials
    assert credentials is not None  # noqa: S101
    left = credentials.expiration - shown.record.now
    fresh = "from memory" if credentials.issued_at < shown.record.now else "fresh"
    return [
        f"{credentials.access_key_id} as session {credentials.session_name}",
        f"{fresh}, good for {left:.0f} s",
    ]


def _sealed(shown: Shown) -> list[str]:
    secrets = shown.record.secrets
    how = shown.written.access.settings.session.context
    return [f"{how}: {', '.join(secrets or ()) or 'no credentials'}"]


def _answer(shown: Shown) -> list[str]:
    response = shown.record.response
    return [f"members {', '.join(response or ())}"]


_OUT: Final[dict[str, Callable[[Shown], list[str]]]] = {
    "parse": _request,
    "verify": _verified,
    "resolve": _resolved,
    "permit": _permitted,
    "render": _rendered,
    "vend": _vended,
    "seal": _sealed,
    "respond": _answer,
}


def _said(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
