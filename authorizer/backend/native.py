"""Claims that API Gateway's own authorizers have verified, as the backend's event tells them: all of it text.

A REST API (`COGNITO_USER_POOLS`) writes a list as `a,b` and a time as `Sat Nov 21 08:29:23 UTC 2026`; an HTTP
API (JWT) writes `[a b]` and seconds. Either loses the difference between two groups and one whose name holds
the separator. Cognito lets no space into a group's name, but a comma: a user pool behind a REST authorizer
must have no such group.

The gateway checks the signature and the pool, but not always the app client, and never what an answer out of its
cache has turned into since. So everything but the signature is checked again, by the same code as in the authorizer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from authorizer.backend.readings import settled
from authorizer.errors import CredentialsAbsent, IssuerUnknown, TokenClaimMalformed, TokenUseRefused
from authorizer.model import Claims
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Settings
from authorizer.syntax.kinds import kind_of
from authorizer.tokens.checks import check_lasting, check_timed
from authorizer.tokens.claims_set import claims_of, parse_claims_set

LISTS = ("cognito:groups", "cognito:roles")
TIMES = ("exp", "iat", "nbf", "auth_time")
REST_TIME = "%a %b %d %H:%M:%S UTC %Y"
"""Java's `Date.toString`, in UTC (observed in events of REST APIs)."""


def native_claims(event: Mapping[str, Any], settings: Settings, now: float) -> Claims:
    """The claims of a backend's event behind a native authorizer: REST, HTTP API 1.0 and 2.0.

    Raises `CredentialsAbsent` if there are none, or an `Unauthorized` as verifying the token itself would.
    """
    said = _said(event)
    issuer = settings.issuers.get(str(said.get("iss")))
    if issuer is None:
        raise IssuerUnknown(
            "the claims' `iss` is no issuer of access.toml: is it the user pool of the API's authorizer?"
        )
    kind = KINDS[issuer.kind]
    if kind.token_use is None:
        # The header's `typ` tells, which is not in the event: an access token would pass for an ID token.
        raise TokenUseRefused(
            f"behind API Gateway's own authorizer it is unknown whether a token of '{issuer.issuer}' is an ID or an "
            "access token: use this project's authorizer for issuers of other kinds than cognito"
        )
    http = is_http(event)
    payload = settled(said, settings, http=http)
    for name in LISTS:
        if name in said:
            payload[name] = _items(name, said[name], http=http)
    for name in TIMES:
        if name in said:
            payload[name] = _seconds(name, said[name])
    # The header's `typ` is not in the event; none is a type that both uses of a Cognito token may have.
    typed = parse_claims_set(payload, "", kind)
    check_lasting(typed, issuer)
    check_timed(typed, issuer, now)
    return claims_of(typed, issuer)


def is_http(event: Mapping[str, Any]) -> bool:
    """Whether an HTTP API wrote the claims, and not a REST API."""
    return event.get("version") is not None


def _said(event: Mapping[str, Any]) -> Mapping[str, object]:
    try:
        authorizer = event["requestContext"]["authorizer"]
        said = authorizer["jwt"]["claims"] if event.get("version") == "2.0" else authorizer["claims"]
    except (KeyError, TypeError):
        said = None
    if not isinstance(said, Mapping) or not said:
        raise CredentialsAbsent(
            "the event has no claims under `requestContext.authorizer`: `assume` stands behind a native "
            "Cognito or JWT authorizer; behind this project's own, call `credentials`"
        )
    return said


def _items(name: str, value: object, *, http: bool) -> list[Any]:
    if isinstance(value, list):
        return value  # what its members are is looked at as in a token
    if isinstance(value, str):
        if not http:
            return value.split(",")
        if value.startswith("[") and value.endswith("]"):
            return value[1:-1].split(" ") if value != "[]" else []
        if not set(value) & set(" ,[]"):
            return [value]
    written = "`[a b]`" if http else "`a,b`"
    raise TokenClaimMalformed(
        f"the claim `{name}` is no list as API Gateway writes one: expected {written}, found {kind_of(value)}"
    )


def _seconds(name: str, value: object) -> float:
    try:
        if isinstance(value, str) and not value.isdecimal():
            return datetime.strptime(value, REST_TIME).replace(tzinfo=UTC).timestamp()
        return float(str(value))
    except ValueError:
        raise TokenClaimMalformed(
            f"the claim `{name}` is no time as API Gateway writes one: expected seconds, or `Sat Nov 21 08:29:23 UTC "
            f"2026`; found {kind_of(value)}"
        ) from None
