"""Who is asked about, where that is a user of a certain issuer: what the issuer fixes for them, and whether it may
speak for them at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from authorizer.engine import ClaimValue
from authorizer.errors import IssuerNotEntitled
from authorizer.identity.authority import check_granted, check_said
from authorizer.settings.schema import Issuer, Settings
from authorizer.syntax.claim_path import path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the user's token would say."""

    issuer: str
    groups: tuple[str, ...]
    scopes: tuple[str, ...]
    values: Mapping[str, object]
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None


def issuer_of(name: str, settings: Settings) -> Issuer:
    """By its `iss`, or by the user pool's id. Raises ValueError, which names those that there are."""
    for issuer in settings.issuers.values():
        if name in (issuer.issuer, issuer.name):
            return issuer
    known = ", ".join(dict.fromkeys(issuer.name for issuer in settings.issuers.values()))
    raise ValueError(f"there is no issuer {name!r}: expected one of {known}")


def signed(
    issuer: Issuer,
    claims: Mapping[str, ClaimValue],
    *,
    role: str | None,
    groups: Collection[str],
    scopes: Collection[str],
    settings: Settings,
) -> tuple[dict[str, ClaimValue], str | None]:
    """The claims of a user of this issuer, those among them that it fixes; and why the authorizer would refuse the
    token, by the same code, where it would. `scopes` are those that the groups bring, too."""
    known = {name: value for name, value in claims.items() if name in settings.claims}
    asked = _Asked(
        issuer=issuer.issuer, groups=tuple(groups), scopes=tuple(scopes), values=token_of(known, settings)
    )
    try:
        check_said(asked, settings)
        check_granted(asked, settings.roles.get(role or ""), scopes, settings)
    except IssuerNotEntitled as refused:
        return dict(claims), str(refused)
    return {**claims, **issuer.fixed_claims}, None


def token_of(claims: Mapping[str, ClaimValue], settings: Settings) -> dict[str, object]:
    """The claims under the names and in the objects that access.toml reads them from."""
    token: dict[str, object] = {}
    for name, value in claims.items():
        declared = settings.claims[name]
        *around, last = path_of(declared.claim)
        inside = token
        for step in around:
            inside = cast(dict[str, object], inside.setdefault(step, {}))
        inside[last] = declared.type.spelled(value)
    return token
