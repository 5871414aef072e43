"""A payload → `ClaimsSet` (RFC 7519 §4): every claim that a decision reads, under one name, of one type.

Absent and of the wrong type are told apart; `null` is a wrong type. Nothing is repaired.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from authorizer.errors import TokenClaimMalformed, TokenClaimMissing, TokenTypeRefused, TokenUseRefused
from authorizer.model import MAX_ACTORS, Claims
from authorizer.settings.kinds import Kind
from authorizer.settings.schema import Issuer
from authorizer.syntax.kinds import kind_of

MAX_SUB = 255
"""Longest `sub`, in characters (OpenID Connect Core 1.0 §2)."""
MAX_DATE = 253_402_300_799
"""Latest NumericDate: the end of the year 9999. Later ones are milliseconds, or an attack on arithmetic."""
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
"""RFC 6749 §3.3."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Ends a line, or does worse, wherever the gateway copies a name without escaping it: access logs, mapping templates,
headers of an integration. Cognito takes none in a username or a group's name; other issuers may."""


READ: Final = frozenset(("sub", "aud", "exp", "iat", "auth_time", "act"))
"""Claims that every kind of issuer has under these names (RFC 7519 §4.1; OpenID Connect Core 1.0 §2; RFC 8693 §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsSet:
    """What a token says, typed and not yet judged."""

    token_use: str
    sub: str
    clients: tuple[str, ...]
    """The app clients it is for: every `aud` of an ID token and the one that asked for it (`azp`), the `client_id` of
    an access token."""
    audiences: tuple[str, ...]
    """Its `aud`, where it has one: the APIs that an access token is for."""
    username: str | None
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    preferred_role: str | None
    scopes: tuple[str, ...]
    exp: float
    iat: float
    nbf: float | None
    auth_time: float | None
    actors: tuple[str, ...] = ()
    """`Claims.actors`."""
    values: dict[str, object] = field(repr=False)


def names_read(kind: Kind, token_use: str) -> frozenset[str]:
    """The claims that reading a token of this kind and use takes, and checking it again later."""
    names = (kind.token_use, kind.requester, kind.groups, kind.roles, kind.preferred_role, kind.scope)
    return READ.union((kind.client[token_use], kind.username[token_use]), filter(None, names))


def parse_claims_set(
    payload: dict[str, object], typ: str, kind: Kind, kept: Mapping[str, Collection[str]] | None = None
) -> ClaimsSet:
    """Read a payload as a token of this kind of issuer. Of a token for some use `kept` names what `values` is to have
    of it; None: all.

    Raises `TokenClaimMissing`, `TokenClaimMalformed`, `TokenUseRefused`, `TokenTypeRefused`.
    """
    token_use = _token_use(payload, typ, kind)
    scopes = _scopes(payload, kind.scope)
    audiences = _audience(payload)
    _text(
        payload, "jti"
    )  # of the right type, and read nowhere: an issuer that gets it wrong is not one we know
    return ClaimsSet(
        token_use=token_use,
        sub=_sub(payload),
        clients=_clients(payload, token_use, kind),
        audiences=audiences,
        username=_text(payload, kind.username[token_use]),
        groups=_texts(payload, kind.groups),
        roles=_roles(payload, kind.roles),
        preferred_role=_text(payload, kind.preferred_role),
        scopes=scopes if token_use == "access" else (),
        exp=_required_date(payload, "exp"),
        iat=_required_date(payload, "iat"),
        nbf=_date(payload, "nbf"),
        auth_time=_date(payload, "auth_time"),
        actors=_actors(payload),
        # Under the names of `kept`, so that a thousand remembered tokens share their names.
        values=payload
        if kept is None
        else {name: payload[name] for name in kept[token_use] if name in payload},
    )


def claims_of(said: ClaimsSet, issuer: Issuer) -> Claims:
    """What `issuer` says about the caller. Only for a set whose signature and every check have passed."""
    return Claims(
        issuer=issuer.issuer,
        token_use=said.token_use,
        sub=said.sub,
        client_id=said.clients[0] if said.clients else None,
        username=said.username,
        # A client-credentials token speaks for the client itself (observed of Cognito; RFC 9068 §2.2).
        machine=said.token_use == "access" and said.username is None and said.clients == (said.sub,),
        groups=said.groups,
        roles=said.roles,
        preferred_role=said.preferred_role,
        scopes=said.scopes,
        issued_at=said.iat,
        expires_at=said.exp,
        actors=said.actors,
        values=MappingProxyType(said.values),
    )


def _token_use(payload: Mapping[str, object], typ: str, kind: Kind) -> str:
    if kind.token_use is None:
        for token_use, types in kind.typ.items():
            if typ in types:
                return token_use
        expected = _types(frozenset().union(*kind.typ.values()))
        raise TokenTypeRefused(
            f"the token's `typ` is not one of an ID token or an access token: expected {expected}"
        )
    use = payload.get(kind.token_use)
    if use is None:
        raise TokenClaimMissing(f"the token has no `{kind.token_use}`: expected `id` or `access`")
    if not isinstance(use, str) or use not in kind.typ:
        raise TokenUseRefused(
            f"the token's `{kind.token_use}` is neither `id` nor `access`, but {kind_of(use)}"
        )
    if typ not in kind.typ[use]:
        raise TokenTypeRefused(
            f"the token's `typ` is not one of an {use} token: expected {_types(kind.typ[use])}"
        )
    return use


def _types(taken: frozenset[str]) -> str:
    return ", ".join(f"`{typ}`" if typ else "none" for typ in sorted(taken))


def _sub(payload: Mapping[str, object]) -> str:
    sub = _text(payload, "sub")
    if sub is None:
        raise TokenClaimMissing("the token has no `sub`: expected the user's or the client's id")
    if len(sub) > MAX_SUB:
        raise TokenClaimMalformed(f"the token's `sub` has {len(sub)} characters: expected {MAX_SUB} at most")
    return sub


def _clients(payload: Mapping[str, object], token_use: str, kind: Kind) -> tuple[str, ...]:
    if token_use == "id":
        requester = _text(payload, kind.requester)
        return (*_audience(payload), *filter(None, (requester,)))
    client = _text(payload, kind.client[token_use])
    return () if client is None else (client,)


def _audience(payload: Mapping[str, object]) -> tuple[str, ...]:
    """A text or an array of texts (RFC 7519 §4.1.3)."""
    if isinstance(payload.get("aud"), list):
        return _texts(payload, "aud")
    audience = _text(payload, "aud")
    return () if audience is None else (audience,)


def _actors(payload: Mapping[str, object]) -> tuple[str, ...]:
    """Who acts for the user, outermost first (RFC 8693 §4.1): each an object with a `sub`, of this very issuer, for a
    name means nothing without whose it is."""
    found: list[str] = []
    around = payload
    while "act" in around:
        act = around["act"]
        if not isinstance(act, dict):
            raise TokenClaimMalformed("the token's `act` is not an object")
        sub = _text(act, "sub")
        if sub is None:
            raise TokenClaimMalformed("the token's `act` has no `sub`: nobody can tell who acts")
        if act.get("iss", payload.get("iss")) != payload.get("iss"):
            raise TokenClaimMalformed("the token's `act` is of another issuer than the token")
        found.append(sub)
        if len(found) > MAX_ACTORS:
            raise TokenClaimMalformed(f"the token's `act` names more than {MAX_ACTORS} actors in a row")
        around = act
    return tuple(found)


def _text(payload: Mapping[str, object], name: str | None) -> str | None:
    if name is None or name not in payload:
        return None
    text = payload[name]
    if not isinstance(text, str) or not text:
        raise TokenClaimMalformed(
            f"the token's `{name}` is not a text of at least one character: found {kind_of(text)}"
        )
    _check_controls(name, text)
    return text


def _texts(payload: Mapping[str, object], name: str | None) -> tuple[str, ...]:
    if name is None or name not in payload:
        return ()
    texts = payload[name]
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise TokenClaimMalformed(
            f"the token's `{name}` is not an array of texts of at least one character: found {kind_of(texts)}"
        )
    _check_controls(name, "".join(texts))
    return tuple(texts)


def _check_controls(name: str, text: str) -> None:
    if found := _CONTROL.search(text):
        raise TokenClaimMalformed(
            f"the token's `{name}` holds a control character: found U+{ord(found[0]):04X}"
        )


def _roles(payload: Mapping[str, object], name: str | None) -> tuple[str, ...]:
    """An array, or one text with commas: the Developer Guide shows the first and describes the second ("Using
    role-based access control": "a comma-separated string containing a set of allowed role ARNs")."""
    if name is None or not isinstance(payload.get(name), str):
        return _texts(payload, name)
    roles = tuple(role.strip(" ") for role in str(payload[name]).split(","))
    if not all(roles):
        raise TokenClaimMalformed(
            f"the token's `{name}` has an empty role between commas: expected role ARNs"
        )
    return roles


def _scopes(payload: Mapping[str, object], name: str) -> tuple[str, ...]:
    scope = payload.get(name, "")
    if scope == "":
        return ()
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
        raise TokenClaimMalformed(
            f"the token's `{name}` is not a text of scopes with one space between them: found {kind_of(scope)}"
        )
    return tuple(scope.split(" "))


def _required_date(payload: Mapping[str, object], name: str) -> float:
    date = _date(payload, name)
    if date is None:
        raise TokenClaimMissing(f"the token has no `{name}`: expected a time in seconds")
    return date


def _date(payload: Mapping[str, object], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2). `true` is no number here, though Python's `bool` is an `int`."""
    if name not in payload:
        return None
    date = payload[name]
    if type(date) not in (int, float):
        raise TokenClaimMalformed(f"the token's `{name}` is not a number of seconds: found {kind_of(date)}")
    if not 0 <= date <= MAX_DATE:  # type: ignore[operator] # int or float, by the line above
        raise TokenClaimMalformed(f"the token's `{name}` is not a date in seconds between 1970 and 9999")
    return float(date)  # type: ignore[arg-type] # the same
