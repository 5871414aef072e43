"""Tokens from the token endpoint: for a code, for a refresh token, and their end.

Sources: RFC 6749 §4.1.3, §5 and §6, RFC 7636 §4.5, RFC 7009 (revocation), OpenID Connect Core 1.0 §3.1.3.7 (what an
ID token must say) and §12.2 (the same after a renewal). The app client is a public one: it has no secret to send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from authorizer.errors import SignInFailed
from authorizer.signin.attempt import Attempt
from authorizer.signin.discovery import Server
from authorizer.signin.web import ask, told_code, told_name, told_text

Use = Literal["id", "access"]
"""Which of the two tokens the API takes."""
MAX_TOKEN: Final = 16_384
"""Longest token, in characters: a request's headers hold no more."""
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Of the ID token: what issuers sign with, by keys that are published. None with a shared secret."""
LEEWAY: Final = 60
"""Seconds by which two clocks may differ."""
LATEST: Final = 253_402_300_799
"""The last second of the year 9999, beyond which Python has no date."""
NAMES: Final = ("cognito:username", "email", "preferred_username", "sub")
"""Claims that tell a person whom they have signed in as; the first that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in or a renewal has brought."""

    token: str = field(repr=False)
    """The one that the API takes."""
    expires: float
    refresh_token: str | None = field(repr=False)
    """None where the server keeps to the one it gave, or gives none."""
    sub: str
    name: str
    """For a terminal."""


def redeem(attempt: Attempt, code: str, use: Use, now: float) -> Tokens:
    """The tokens for `code`. Raises `SignInFailed`."""
    said = _ask(
        attempt.server,
        {
            "grant_type": "authorization_code",
            "client_id": attempt.client_id,
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        },
    )
    claims = _id_claims(attempt.server, attempt.client_id, said)
    if claims.get("nonce") != attempt.nonce:
        raise SignInFailed(
            "the ID token is of another sign-in: its nonce is not the one that was sent; nothing is kept of it"
        )
    return _tokens(said, claims, use, now)


def refresh(server: Server, client_id: str, refresh_token: str, *, sub: str, use: Use, now: float) -> Tokens:
    """The next tokens of `sub`. Raises `SignInFailed`."""
    said = _ask(
        server, {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
    )
    claims = _id_claims(server, client_id, said)
    if claims["sub"] != sub:
        raise SignInFailed(f"{server.issuer} has renewed the token of somebody else: nothing is kept of it")
    return _tokens(said, claims, use, now)


def revoke(server: Server, client_id: str, refresh_token: str) -> None:
    """End the refresh token, and what came of it as far as the server ends that. Raises `SignInFailed`."""
    if server.revocation_endpoint is None:
        raise SignInFailed(f"{server.issuer} has no revocation endpoint")
    answer = ask(
        server.revocation_endpoint,
        "the revocation endpoint",
        form={"token": refresh_token, "token_type_hint": "refresh_token", "client_id": client_id},
    )
    if answer.status != 200:
        raise SignInFailed(f"{answer.place} answers {answer.status}")


def _ask(server: Server, form: Mapping[str, str]) -> Mapping[str, Any]:
    answer = ask(server.token_endpoint, "the token endpoint", form=form)
    said = answer.members()
    if answer.status != 200:
        raise SignInFailed(
            f"{answer.place} gives no token: {told_code(said.get('error'))}{told_text(said.get('error_description'))}"
        )
    if not str(said.get("token_type", "")).lower() == "bearer":
        raise SignInFailed(f"{answer.place} gives tokens that are no bearer tokens: they cannot be used here")
    return said


def _id_claims(server: Server, client_id: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the ID token says, once it is certain that `server` has signed it for `client_id`."""
    import jwt  # noqa: PLC0415 - half of the time that a renewed session takes to start

    published = ask(server.jwks_uri, "the key set").members()
    text = _text(said, "id_token")
    try:
        kid = jwt.get_unverified_header(text).get("kid")
        keys = [key for key in jwt.PyJWKSet.from_dict(dict(published)).keys if key.key_id == kid]
        if len(keys) != 1:
            raise SignInFailed("the ID token is signed with a key that its issuer does not publish")
        claims: dict[str, Any] = jwt.decode(
            text,
            keys[0],
            algorithms=ALGORITHMS,
            issuer=server.issuer,
            leeway=LEEWAY,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"],
                "verify_signature": True,
                "verify_exp": True,
                "verify_nbf": True,
                "verify_iat": True,
                "verify_iss": True,
                "verify_aud": False,  # below: for this client, and for nobody else beside it
            },
        )
    # A key set may be anything, and not all of it is told as an error of the library's own.
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, LookupError, RuntimeError) as error:
        raise SignInFailed(
            # The library quotes the token: an extension that it does not know (`crit`), by its name.
            f"the ID token is not taken: {type(error).__name__}{told_text(str(error))}; is this machine's clock right?"
        ) from None
    if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise SignInFailed("the ID token is for another app client: nothing is kept of it")
    if claims.get("token_use", "id") != "id":
        raise SignInFailed("the ID token is none by its `token_use`: nothing is kept of it")
    return claims


def _tokens(said: Mapping[str, Any], claims: Mapping[str, Any], use: Use, now: float) -> Tokens:
    name = next(claims[each] for each in NAMES if isinstance(claims.get(each), str))
    lasts = said.get("expires_in")
    if use == "access" and (type(lasts) is not int or lasts <= 0):
        raise SignInFailed("the token endpoint does not say how long the access token lasts (expires_in)")
    ends = int(now) + lasts if use == "access" and isinstance(lasts, int) else int(claims["exp"])
    check_end(ends)
    return Tokens(
        token=_text(said, f"{use}_token"),
        expires=float(ends),
        refresh_token=_text(said, "refresh_token") if "refresh_token" in said else None,
        sub=claims["sub"],
        name=told_name(name),
    )


def check_end(ends: float) -> None:
    """Before it is kept: no time can be told of a later one. Raises `SignInFailed`."""
    if ends > LATEST:
        raise SignInFailed("the token is said to live beyond the year 9999: expected seconds")


def _text(said: Mapping[str, Any], name: str) -> str:
    """One token of the answer."""
    token = said.get(name)
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN or not is_token(token):
        raise SignInFailed(f"the token endpoint's answer has no {name} that can be used")
    return token


def is_token(text: str) -> bool:
    """Whether it can stand in a header (RFC 6750 §2.1)."""
    return text.isascii() and text.isprintable() and " " not in text
