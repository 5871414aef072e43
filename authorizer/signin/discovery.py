"""What an authorization server says of itself (OpenID Connect Discovery 1.0 §4, RFC 8414 §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authorizer.errors import SignInFailed
from authorizer.signin.web import ask, checked, is_loopback

PATH: Final = "/.well-known/openid-configuration"
METHOD: Final = "S256"
"""The one method of PKCE that is used (RFC 7636 §4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An authorization server, by its metadata."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    revocation_endpoint: str | None
    """None where tokens cannot be revoked."""
    tells_issuer: bool
    """Its answers carry `iss` (RFC 9207 §3)."""


def discover(issuer: str) -> Server:
    """Ask `issuer`. Raises `SignInFailed`."""
    answer = ask(checked(issuer, "the issuer").removesuffix("/") + PATH, "the issuer")
    if answer.status != 200:
        raise SignInFailed(
            f"{answer.place} answers {answer.status}: expected the issuer of a user pool, such as "
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
        )
    said = answer.members()
    if said.get("issuer") != issuer:
        # OpenID Connect Discovery 1.0 §4.3: else one issuer could speak for another.
        raise SignInFailed(f"{answer.place} is not about {issuer}: expected this very text as its issuer")
    methods = said.get("code_challenge_methods_supported")
    if methods is not None and not (isinstance(methods, list) and METHOD in methods):
        raise SignInFailed(f"{issuer} does not take PKCE with {METHOD}: nobody can sign in there safely")
    return Server(
        issuer=issuer,
        authorization_endpoint=_endpoint(said, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(said, "token_endpoint", issuer),
        jwks_uri=_endpoint(said, "jwks_uri", issuer),
        revocation_endpoint=_endpoint(said, "revocation_endpoint", issuer)
        if "revocation_endpoint" in said
        else None,
        tells_issuer=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(said: Mapping[str, Any], name: str, issuer: str) -> str:
    url = said.get(name)
    if not isinstance(url, str):
        raise SignInFailed(f"{issuer} tells no {name}: it has no sign-in of its own; has the pool a domain?")
    if is_loopback(checked(url, f"the {name} of {issuer}")) and not is_loopback(issuer):
        raise SignInFailed(f"the {name} of {issuer} is on this machine: expected one of the issuer's own")
    return url
