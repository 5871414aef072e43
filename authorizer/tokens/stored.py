"""Claims that were verified, put down, and taken up again: for a WebSocket, whose messages bring no token.

What is put down is not signed by its issuer any more. It counts only where nobody else could have written it:
`authorizer.connections` seals it with keys that the authorizer alone holds. And only for as long as the settings of the
moment take such a token: it is read and checked again by the code that read and checked the token itself.
"""

from collections.abc import Collection, Mapping
from typing import Any

from authorizer.errors import ConnectionRefused
from authorizer.model import Claims
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Issuer
from authorizer.tokens.checks import authenticated_lately, check_lasting
from authorizer.tokens.claims_set import claims_of, names_read, parse_claims_set


def stored(claims: Claims, issuer: Issuer, wanted: Collection[str]) -> dict[str, Any]:
    """What the token said, as JSON: the claims that reading and checking it takes, and those that are `wanted`."""
    names = names_read(KINDS[issuer.kind], claims.token_use).union(wanted)
    payload = {name: value for name, value in claims.values.items() if name in names}
    return {"issuer": claims.issuer, "tokenUse": claims.token_use, "payload": payload}


def restored(kept: Any, issuers: Mapping[str, Issuer], now: float) -> Claims:
    """The claims that `stored` was given, less what it left out.

    Raises `ConnectionRefused` where the issuer is configured no longer or `kept` is of another version, and the
    `Unauthorized` that the token would meet today: its app client, use, audience, lifetime or sign-in. Its end is no
    reason: a connection may outlive its token.
    """
    match kept:
        case {"issuer": str(name), "tokenUse": str(token_use), "payload": dict(payload)} if name in issuers:
            issuer = issuers[name]
        case {"payload": _}:
            raise ConnectionRefused(
                "the issuer of the connection's token is configured no longer: list it under [[issuers]], or let the "
                "caller connect anew"
            )
        case _:
            raise ConnectionRefused("what was kept of the connection is of another version: open a new one")
    kind = KINDS[issuer.kind]
    # The header's `typ` was checked and is not kept: any that a token of this use may have.
    said = parse_claims_set({"iss": name, **payload}, min(kind.typ[token_use]), kind)
    check_lasting(said, issuer)
    if refusal := authenticated_lately(said, issuer, now):
        raise refusal
    return claims_of(said, issuer)
