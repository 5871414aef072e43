"""Somebody who acts for a user: by whom a session may be, and with which scopes it is then left.

A session has of the user's scopes those that everybody who acts for them may use, too. So whoever acts can be what no
user is: somebody without a scope that the user's own group brings.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from authorizer.model import MAX_ACTORS
from authorizer.settings.schema import Issuer, Settings
from authorizer.syntax.claim_path import path_of

ACT: Final = "act"


def actors(
    issuer: Issuer, *, wanted: Collection[str] = (), unwanted: Collection[str] = ()
) -> Iterator[tuple[str, ...]]:
    """Who may act for the issuer's users and leaves them the scopes `wanted`: each alone, and several in a row where
    together they take away more of those `unwanted` than any of them found so far."""
    takes = {
        name: frozenset(unwanted) - scopes
        for name, scopes in issuer.actors.items()
        if scopes.issuperset(wanted)
    }
    yield from ((name,) for name in takes)
    alone = {taken: name for name, taken in takes.items()}
    found: dict[frozenset[str], tuple[str, ...]] = {taken: (name,) for taken, name in alone.items()}
    for _ in range(1, MAX_ACTORS):
        longer = {
            before | taken: (*names, name)
            for before, names in found.items()
            for taken, name in alone.items()
            if before | taken not in found
        }
        yield from longer.values()
        found |= longer


def lost(issuers: Iterable[Issuer], settings: Settings) -> frozenset[str]:
    """Scopes that a session may lack because somebody acts for a user who has them."""
    return frozenset(
        scope
        for issuer in issuers
        for scopes in issuer.actors.values()
        for scope in settings.scopes.keys() - scopes
    )


def notes(issuers: Iterable[Issuer]) -> Iterator[str]:
    """What is said of issuers whose users somebody may act for."""
    for name in dict.fromkeys(issuer.name for issuer in issuers if issuer.actors):
        yield f"issuer {name}: whoever acts for a user has the scopes that both have, and may lack some of these"


def names_actor(claim: str) -> bool:
    """Whether a claim of a token is the name of somebody who acts: `act.sub`, `act.act.sub`."""
    *around, last = path_of(claim)
    return last == "sub" and set(around) == {ACT}


def delegated(payload: Mapping[str, object], names: Sequence[str]) -> dict[str, object]:
    """The token with these actors, outermost first, where it does not name others itself."""
    if not names:
        return dict(payload)
    said = payload.get(ACT)
    act = {"sub": names[0], **(said if isinstance(said, Mapping) else {})}
    return {**payload, ACT: delegated(act, names[1:])}


def actors_of(payload: Mapping[str, object]) -> tuple[str, ...] | None:
    """Who acts by this token, outermost first; None where it does not say so as it must."""
    act = payload.get(ACT)
    if act is None:
        return ()
    inner = actors_of(act) if isinstance(act, Mapping) else None
    if inner is None or not isinstance(act, Mapping) or not isinstance(act.get("sub"), str):
        return None
    return str(act["sub"]), *inner
