"""What a signed token must say, one check a row. A check returns None, or the refusal.

Two tables, because a token that is remembered keeps the answers of the first and is asked the second again
each time.
"""

from collections.abc import Callable
from typing import Final

from authorizer.errors import (
    AudienceRefused,
    AuthenticationTooOld,
    ClientRefused,
    DelegationRefused,
    TokenClaimMissing,
    TokenExpired,
    TokenLifetimeTooLong,
    TokenNotYetValid,
    TokenUseRefused,
    Unauthorized,
)
from authorizer.settings.schema import Issuer
from authorizer.tokens.claims_set import ClaimsSet


def token_use_is_taken(said: ClaimsSet, issuer: Issuer) -> Unauthorized | None:
    """An ID token is not an access token: each API says which it takes."""
    if said.token_use not in issuer.token_use:
        taken = " or ".join(sorted(issuer.token_use))
        return TokenUseRefused(
            f"this is an {said.token_use} token: of '{issuer.issuer}' only {taken} is taken (`token_use`)"
        )
    return None


def client_is_taken(said: ClaimsSet, issuer: Issuer) -> Unauthorized | None:
    """Every audience must be ours: one that is not was never meant for this API alone (OpenID Connect Core
    1.0 §3.1.3.7, step 3, "if it contains additional audiences not trusted by the Client")."""
    if issuer.client_ids is None:
        return None
    if not said.clients:
        return TokenClaimMissing(
            "the token names no app client: expected one of `client_ids` in `aud` of an ID token, `client_id` of an "
            "access token"
        )
    if not issuer.client_ids.issuperset(said.clients):
        return ClientRefused(
            f"the token is for an app client that `client_ids` of '{issuer.issuer}' does not list: list it there if "
            "this API is for it"
        )
    return None


def audience_is_taken(said: ClaimsSet, issuer: Issuer) -> Unauthorized | None:
    """A token that was asked for another API (RFC 8707) is no token for this one, though its client is ours: that API
    could send it here (RFC 9068 §4, "MUST be rejected if 'aud' does not contain a resource indicator of the current
    resource server")."""
    if said.token_use != "access" or (not said.audiences and not issuer.audiences):
        return None
    if issuer.audiences.isdisjoint(said.audiences):
        return AudienceRefused(
            f"the access token's `aud` names no API that `audiences` of '{issuer.issuer}' lists: it is for another"
            if said.audiences
            else f"the access token has no `aud`, and '{issuer.issuer}' has `audiences`: expected one of them"
        )
    return None


def delegation_is_taken(said: ClaimsSet, issuer: Issuer) -> Unauthorized | None:
    """Whoever acts for the user is listed, and so is everyone before them: RFC 8693 §4.1 lets earlier actors decide
    nothing, and here none of them adds anything either (`identity.authority`)."""
    if not said.actors:
        return None
    if not issuer.actors:
        return DelegationRefused(
            "the token is delegated (`act`), and its issuer lists no `actors` in access.toml"
        )
    if not set(said.actors) <= issuer.actors.keys():
        return DelegationRefused("the token's `act` names an actor that `actors` of its issuer does not list")
    return None


def lifetime_is_bounded(said: ClaimsSet, issuer: Issuer) -> Unauthorized | None:
    """A token that lives for years is a mistake of the issuer's, or a key in the wrong hands."""
    if issuer.max_lifetime is not None and said.exp - said.iat > issuer.max_lifetime:
        return TokenLifetimeTooLong(
            f"the token lives {said.exp - said.iat:.0f} s from `iat` to `exp`, and at most "
            f"{issuer.max_lifetime:.0f} s are taken: shorten it at '{issuer.issuer}', or raise `max_lifetime`"
        )
    return None


def not_expired(said: ClaimsSet, issuer: Issuer, now: float) -> Unauthorized | None:
    """RFC 7519 §4.1.4: not accepted "on or after" `exp`."""
    if now >= said.exp + issuer.leeway:
        return TokenExpired(f"the token expired {now - said.exp:.0f} s ago: a fresh one is needed")
    return None


def already_valid(said: ClaimsSet, issuer: Issuer, now: float) -> Unauthorized | None:
    """RFC 7519 §4.1.5: not accepted before `nbf`."""
    if said.nbf is not None and now < said.nbf - issuer.leeway:
        return TokenNotYetValid(
            f"the token is valid only in {said.nbf - now:.0f} s (`nbf`): compare the clocks"
        )
    return None


def issued_in_the_past(said: ClaimsSet, issuer: Issuer, now: float) -> Unauthorized | None:
    """A token from the future: the issuer's clock or ours is wrong, and `exp` means nothing then."""
    if now < said.iat - issuer.leeway:
        return TokenNotYetValid(
            f"the token is issued only in {said.iat - now:.0f} s (`iat`): compare the clocks"
        )
    return None


def authenticated_lately(said: ClaimsSet, issuer: Issuer, now: float) -> Unauthorized | None:
    """`auth_time` is when the user last proved who they are; refreshing a token does not change it."""
    if issuer.max_auth_age is None:
        return None
    if said.auth_time is None:
        return TokenClaimMissing(
            f"the token has no `auth_time`, and '{issuer.issuer}' has a `max_auth_age`: expected when they signed in"
        )
    if now < said.auth_time - issuer.leeway:
        return TokenNotYetValid(
            f"the user signs in only in {said.auth_time - now:.0f} s (`auth_time`): compare the clocks"
        )
    if now > said.auth_time + issuer.max_auth_age + issuer.leeway:
        return AuthenticationTooOld(
            f"the user signed in {now - said.auth_time:.0f} s ago, and at most {issuer.max_auth_age:.0f} s are taken: "
            "they must sign in again"
        )
    return None


LASTING: Final[tuple[Callable[[ClaimsSet, Issuer], Unauthorized | None], ...]] = (
    token_use_is_taken,
    client_is_taken,
    audience_is_taken,
    delegation_is_taken,
    lifetime_is_bounded,
)
"""Checks whose answer never changes for one token."""

TIMED: Final[tuple[Callable[[ClaimsSet, Issuer, float], Unauthorized | None], ...]] = (
    not_expired,
    already_valid,
    issued_in_the_past,
    authenticated_lately,
)
"""Checks that depend on the time."""


def check_lasting(said: ClaimsSet, issuer: Issuer) -> None:
    """Raise the first refusal of `LASTING`."""
    for check in LASTING:
        refusal = check(said, issuer)
        if refusal is not None:
            raise refusal


def check_timed(said: ClaimsSet, issuer: Issuer, now: float) -> None:
    """Raise the first refusal of `TIMED`."""
    for check in TIMED:
        refusal = check(said, issuer, now)
        if refusal is not None:
            raise refusal
