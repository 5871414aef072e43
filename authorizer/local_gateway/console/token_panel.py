"""Panel 3: the token: header, claims with their declared types and verdicts, time to expiry, the check that will fail
next."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from authorizer.engine import ValueRefused
from authorizer.identity.claims import said
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.sources import in_access
from authorizer.local_gateway.console.token_parts import token_of
from authorizer.model import Claims
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Claim, Issuer, Settings
from authorizer.syntax.claim_path import ABSENT, path_of, value_at
from authorizer.tokens.checks import TIMED
from authorizer.tokens.claims_set import MAX_DATE, parse_claims_set

MOST: Final = 512
"""Characters of a claim's value that are shown."""
LATER: Final = 0.001
"""Seconds after a boundary at which it has surely passed."""


def token(shown: Shown, now: float) -> dict[str, Any] | None:
    """None where the request had no token, or more than one. `now` is seconds since the epoch."""
    parts = token_of(shown)
    if parts is None:
        return None
    settings, claims = shown.written.access.settings, shown.record.claims
    exp = parts.payload.get("exp")
    return {
        "verified": claims is not None,
        "header": _rows(parts.header),
        "claims": [_claim(name, value, parts.payload, shown) for name, value in parts.payload.items()],
        "absent": [_row(shown, declared, parts.payload) for declared in _absent(settings, parts.payload)],
        "expires_in": _seconds(exp, now),
        "next": None if claims is None else next_failure(claims, settings.issuers[claims.issuer], now),
    }


def next_failure(claims: Claims, issuer: Issuer, now: float) -> dict[str, Any]:
    """Of the checks that depend on the time the first that will refuse this token, and when: from now on, or at the
    earliest boundary that lies ahead. There is one: every token expires."""
    kind = KINDS[issuer.kind]
    typ = min(kind.typ[claims.token_use])
    known = parse_claims_set(dict(claims.values), typ, kind)
    boundaries = [known.exp + issuer.leeway]
    if issuer.max_auth_age is not None and known.auth_time is not None:
        boundaries.append(known.auth_time + issuer.max_auth_age + issuer.leeway + LATER)
    moments = [now, *sorted(boundary for boundary in boundaries if boundary > now)]
    asked = ((check, at, check(known, issuer, at)) for at in moments for check in TIMED)
    check, at, refusal = next(found for found in asked if found[2] is not None)
    code = "" if refusal is None else refusal.code
    return {"check": check.__name__.replace("_", " "), "code": code, "in": at - now}


def _seconds(exp: object, now: float) -> float | None:
    """None for what is no time at all: of a token that nobody has verified, anything may be there."""
    if not isinstance(exp, int | float) or isinstance(exp, bool) or not 0 <= exp <= MAX_DATE:
        return None
    return exp - now


def _claim(name: str, value: object, payload: Mapping[str, object], shown: Shown) -> dict[str, Any]:
    settings = shown.written.access.settings
    declared = [claim for claim in settings.claims.values() if path_of(claim.claim)[0] == name]
    return {
        "claim": name,
        "value": _text(value),
        "checked": name in _CHECKED,
        "declared": [_row(shown, claim, payload) for claim in declared],
    }


def _row(shown: Shown, declared: Claim, payload: Mapping[str, object]) -> dict[str, Any]:
    settings, identity = shown.written.access.settings, shown.record.identity
    return {
        "name": declared.name,
        "claim": declared.claim,
        "type": declared.type.name,
        "expected": declared.type.expected,
        "user_writable": declared.user_writable,
        "used": identity is not None and declared.name in identity.claims,
        **_verdict(declared, payload, settings.issuers.get(str(payload.get("iss")))),
        "lines": in_access(shown.written, ("claims", declared.name)),
    }


def _verdict(declared: Claim, payload: Mapping[str, object], issuer: Issuer | None) -> dict[str, str]:
    """`ok`, `refused` or `absent`, and why."""
    if issuer is not None and declared.name in issuer.fixed_claims:
        return {"verdict": "ok", "why": f"fixed by its issuer: {issuer.fixed_claims[declared.name]}"}
    try:
        value = said(payload, declared)
    except ValueRefused as refused:
        return {"verdict": "refused", "why": str(refused)}
    if value_at(payload, declared.claim) is ABSENT:
        return {
            "verdict": "absent",
            "why": "there is no fallback" if value is None else f"the fallback counts: {value}",
        }
    return {"verdict": "ok", "why": ""}


def _absent(settings: Settings, payload: Mapping[str, object]) -> Iterator[Claim]:
    return (claim for claim in settings.claims.values() if path_of(claim.claim)[0] not in payload)


def _rows(members: Mapping[str, object]) -> list[dict[str, str]]:
    return [{"name": name, "value": _text(value)} for name, value in members.items()]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST else f"{text[:MOST]}… ({len(text):,} characters)"


_CHECKED: Final = frozenset(
    (
        *("iss", "sub", "aud", "client_id", "exp", "iat", "nbf", "auth_time", "token_use", "jti", "act"),
        *("scope", "username", "cognito:username", "preferred_username"),
        *("groups", "cognito:groups", "cognito:roles", "cognito:preferred_role"),
    )
)
"""Claims that `authorizer.tokens` reads, whatever [claims] declares."""
