"""Where users of two issuers may have the same value of a claim that a route names. Of a claim that names somebody only
beside its issuer, that is a leak; of another, such as a tenant's id, something that the proof rests on."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from authorizer.engine.prove import Finding, Witness, samples
from authorizer.gate.issuers import MAX_NAMED, MAX_PAIRS, sayable
from authorizer.gate.route_patterns import methods
from authorizer.gate.route_users import Entry, party, typed
from authorizer.settings.authority import OF_ONE_ISSUER
from authorizer.settings.schema import Issuer, Settings


def shared_by_issuers(
    claim: str, own: Sequence[Entry], settings: Settings
) -> tuple[list[Finding], list[str]]:
    """Leaks between users of two issuers, and what the proof rests on; of each at most `MAX_NAMED`. `own` are the
    entries that name the claim."""
    findings: dict[str, Finding] = {}
    for entry, one, other, texts in islice(_meetings(own, settings), MAX_NAMED):
        said = f"{one.name} and {other.name} may both say `{claim}` = {texts[claim]!r}"
        findings.setdefault(
            said,
            Finding(
                isolates=claim,
                one=entry.place,
                other=entry.place,
                witness=_signed(entry, texts, (one, other), settings),
                reason=f"{said}, for two people: tie the route to a claim, too, that is one issuer's",
            ),
        )
    if settings.claims[claim].claim in OF_ONE_ISSUER:
        return list(findings.values()), []
    return [], [f"{said}: their users share its routes" for said in findings]


def _meetings(
    own: Sequence[Entry], settings: Settings
) -> Iterator[tuple[Entry, Issuer, Issuer, Mapping[str, str]]]:
    for entry in own:
        parties = {
            issuer.name: issuer
            for issuer in settings.issuers.values()
            if issuer.speaks_for.scopes is None or entry.scope in issuer.speaks_for.scopes
        }
        for one, other in islice(combinations(parties.values(), 2), MAX_PAIRS):
            texts = _both_say(one, other, entry, settings)
            if texts is not None:
                yield entry, one, other, texts


def _both_say(one: Issuer, other: Issuer, entry: Entry, settings: Settings) -> Mapping[str, str] | None:
    """A value of each claim in the route that users of both may have; None where there is none of some claim."""
    found = {}
    for name in entry.route.holes:
        said = [values for issuer in (one, other) if (values := sayable(issuer, name)) is not None]
        both = frozenset.intersection(*said) if said else None
        if both is not None and not both:
            return None
        found[name] = min(both) if both else samples(settings.claims[name].type.language)[0]
    return found


def _signed(
    entry: Entry, texts: Mapping[str, str], issuers: tuple[Issuer, Issuer], settings: Settings
) -> Witness:
    path = entry.route.path.replace("*", "a")
    for name, text in texts.items():
        path = path.replace(f"{{{name}}}", text)
    asked = f"{methods(entry.route)[0]} {path}"
    one, other = (party(entry, typed(texts, settings), asked, issuer.issuer) for issuer in issuers)
    return Witness(one=one, other=other)
