"""The kinds of issuers, and where each puts what the verifier needs. A new kind is one row here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Names of claims, for one kind of issuer. None: this kind has no such claim. Mappings are by token use."""

    algorithms: tuple[str, ...]
    """Signature algorithms that an issuer of this kind may pin, its usual one first: rows of
    `authorizer.tokens.algorithms`."""
    token_use: str | None
    """The claim that says `id` or `access`. None: the header's `typ` decides."""
    typ: Mapping[str, frozenset[str]]
    """The media types a token of this use may have, "" for none. Others of the same issuer are no tokens for an API:
    a logout token, signed with the same keys for the same client, is `logout+jwt` (RFC 8725 §3.11)."""
    client: Mapping[str, str]
    requester: str | None
    """The claim that says which app client asked for an ID token, where that is another than it is for."""
    username: Mapping[str, str]
    groups: str | None
    roles: str | None
    preferred_role: str | None
    scope: str
    names_api: bool
    """Whether each access token says in `aud` for which API it is, so that `audiences` is required (RFC 9068 §4)."""


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        # Amazon Cognito user pools: Developer Guide, "Understanding the identity (ID) token", "… the access
        # token".
        "cognito": Kind(
            algorithms=("RS256",),  # all that a user pool signs with
            token_use="token_use",  # noqa: S106 — no password
            typ={"id": frozenset({"", "jwt"}), "access": frozenset({"", "jwt", "at+jwt"})},
            # `aud` of an access token is the API it was asked for (RFC 8707; `audiences`), or absent: it
            # names no app client.
            client={"id": "aud", "access": "client_id"},
            requester=None,
            username={"id": "cognito:username", "access": "username"},
            groups="cognito:groups",
            roles="cognito:roles",
            preferred_role="cognito:preferred_role",
            scope="scope",
            names_api=False,
        ),
        # OpenID Connect Core 1.0 §2 for ID tokens; RFC 9068 §2 for access tokens, which must say `at+jwt`
        # (§4).
        "oidc": Kind(
            algorithms=("RS256", "ES256", "EdDSA"),
            token_use=None,
            typ={"id": frozenset({"", "jwt"}), "access": frozenset({"at+jwt"})},
            client={"id": "aud", "access": "client_id"},
            # Many providers write an access token as `JWT`, too: another client's, for this API, has our `aud`.
            requester="azp",
            username={"id": "preferred_username", "access": "preferred_username"},
            groups="groups",
            roles=None,
            preferred_role=None,
            scope="scope",
            names_api=True,
        ),
    }
)
