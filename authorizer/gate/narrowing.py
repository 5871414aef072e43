"""The values of claims that an issuer's users may have, and types of claims with no others."""

from collections.abc import Mapping
from dataclasses import replace

from authorizer.engine import ClaimType, Equals, Language, Segment
from authorizer.engine.prove import Literals
from authorizer.gate.acting import names_actor
from authorizer.gate.issuers import Sayable, sayable
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Issuer, Settings


def may_be(issuer: Issuer, claim: str, settings: Settings) -> Sayable:
    """The values of a claim that the issuer's users may have; None: any of its type. The app client's id is one of
    those whose tokens are taken, and so is who acts for a user."""
    values = sayable(issuer, claim)
    source = settings.claims[claim].claim
    if names_actor(source):
        known = frozenset(issuer.actors)
        return known if values is None else values & known
    if source == KINDS[issuer.kind].client["access"] and issuer.client_ids is not None:
        return issuer.client_ids if values is None else values & issuer.client_ids
    return values


def narrowed(kind: ClaimType, values: Sayable) -> ClaimType:
    """The type with these values alone."""
    if values is None:
        return kind
    texts = (tuple(Segment(frozenset(char), 1, 1) for char in text) for text in sorted(values))
    return replace(kind, language=Language(tuple(texts)))


def none_left(way: Literals, claims: Mapping[str, ClaimType]) -> bool:
    """Whether a claim of few values has none that the choices leave."""
    for name, kind in claims.items():
        texts = _texts(kind.language)
        refused = {
            atom.value
            for atom, chosen in way
            if isinstance(atom, Equals) and atom.claim == name and not chosen
        }
        if texts is not None and not kind.is_list and texts <= refused:
            return True
    return False


def _texts(language: Language) -> frozenset[str] | None:
    """All texts of a language that lists them; None for any other."""
    segments = [segment for sequence in language.alternatives for segment in sequence]
    if any(len(each.chars) != 1 or each.min != each.max for each in segments):
        return None
    return frozenset(
        "".join(next(iter(each.chars)) * each.min for each in sequence) for sequence in language.alternatives
    )
