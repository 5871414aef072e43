"""Do two users whose claims differ ever open the same route? `GET /orgs/{org}/*` says no; another scope may say yes.

For each claim that a route names, the routes with it are set beside every route that any scope opens: whoever has
which scopes. Two users differ in the claim, or the other one lacks it; of a list, in every member. The prover's
automaton looks for a path that both routes match then (`authorizer.engine.prove.automaton`: none found is a proof), and
the authorizer's own code confirms it, or it is no witness.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement, islice, product
from typing import Final

from authorizer.engine import ClaimValue, Sharing
from authorizer.engine.prove import (
    Finding,
    Hole,
    Overlap,
    Proof,
    SymbolicPattern,
    Verdict,
    Witness,
    find_overlap,
    samples,
)
from authorizer.engine.smt import PathQuestion
from authorizer.gate.route_issuers import shared_by_issuers
from authorizer.gate.route_patterns import is_open, methods, parts
from authorizer.gate.route_users import Entry, entries_of, party, typed
from authorizer.settings.schema import Access, Route, Settings

ROUTES_BY: Final = "routes by "
"""What the name of each of these proofs begins with; the claim follows."""
RESTS_ON: Final = (
    "a claim's value has its declared type, or the request is refused",
    "users cannot choose the isolating claim: its issuer sets it",
    "the backend takes two paths for the same only where they are: API Gateway compares them as they are, with case",
    "the authorizer stands before every route, and no resource policy of the API opens more",
)
"""What such a proof assumes, and cannot see."""
_TRIED: Final = 400
"""Most pairs of values that are tried for two users who meet."""


def prove_routes(access: Access) -> Iterator[Proof]:
    """One proof for each claim that some route names: `routes by CLAIM`."""
    for claim in _claims(access.settings):
        yield claim.proof()


def shared_by(claim: str, settings: Settings) -> tuple[Sharing, ...]:
    """The routes that the proof of a claim leaves out because they are declared shared, and that meet the claim's."""
    return _Claim(claim, entries_of(settings), settings).shared()


def path_questions(settings: Settings) -> Iterator[PathQuestion]:
    """Every pair of routes that the proofs of routes are about."""
    for claim in _claims(settings):
        for one, other in claim.pairs():
            yield PathQuestion(
                claim=claim.name,
                subject=claim.subject,
                paths=(one.route.path, other.route.path),
                places=(one.place, other.place),
                methods_in_common=bool(_common(one.route, other.route)),
            )


def _claims(settings: Settings) -> Iterator["_Claim"]:
    """Each claim that some route names."""
    entries = entries_of(settings)
    for name in dict.fromkeys(name for entry in entries for name in entry.route.holes):
        yield _Claim(name, entries, settings)


class _Claim:
    """One proof."""

    def __init__(self, claim: str, entries: Sequence[Entry], settings: Settings) -> None:
        self.name = claim
        self.subject = f"{ROUTES_BY}{claim}"
        self._settings = settings
        self._kind = settings.claims[claim].type
        shared = settings.shared_routes.get(claim, {})
        self._own = [entry for entry in entries if claim in entry.route.holes]
        self._others = [
            entry for entry in entries if claim not in entry.route.holes and entry.scope not in shared
        ]
        self._left_out = [
            entry for entry in entries if claim not in entry.route.holes and entry.scope in shared
        ]

    def pairs(self) -> list[tuple[Entry, Entry]]:
        """The routes with the claim, beside one another and beside each other route that is not declared shared."""
        return [*combinations_with_replacement(self._own, 2), *product(self._own, self._others)]

    def proof(self) -> Proof:
        pairs = self.pairs()
        findings = [finding for one, other in pairs if (finding := self._met(one, other)) is not None]
        findings += self._doubts()
        meeting, rests_on = shared_by_issuers(self.name, self._own, self._settings)
        findings += meeting
        lists = f"users whose `{self.name}` have a member in common share its routes"
        return Proof(
            subject=self.subject,
            verdict=_verdict(findings),
            isolates=tuple(dict.fromkeys((entry.scope, self.name) for entry in self._own)),
            findings=tuple(findings),
            ways=len(self._own) + len(self._others),
            pairs=len(pairs),
            rests_on=(*RESTS_ON, *([lists] if self._kind.is_list else ()), *rests_on),
            shared=self.shared(),
        )

    def shared(self) -> tuple[Sharing, ...]:
        return tuple(
            Sharing(statement=entry.scope, actions=(entry.route.method,), resources=(entry.route.path,))
            for entry in self._left_out
            if any(_overlap(own, entry, self.name, self._settings) for own in self._own)
        )

    def _met(self, one: Entry, other: Entry) -> Finding | None:
        overlap = _overlap(one, other, self.name, self._settings)
        if overlap is None:
            return None
        witness = self._witness(one, other, overlap)
        return Finding(
            isolates=self.name,
            one=one.place,
            other=other.place,
            witness=witness,
            reason=f"two users who differ in `{self.name}` open one path"
            if witness
            else f"not shown to be apart: keep the paths of `{self.name}` under a prefix of their own",
        )

    def _witness(self, one: Entry, other: Entry, overlap: Overlap) -> Witness | None:
        values = samples(self._kind.language)
        mine = dict.fromkeys((*_values(one, overlap.left, self.name), *values))
        theirs: dict[str | None, None] = dict.fromkeys((*_values(other, overlap.right, self.name), *values))
        # Of a type with one value, the other user has none.
        others = theirs if len(values) > 1 or self._kind.fallback is not None else (None,)
        pairs = (pair for pair in product(mine, others) if pair[0] != pair[1])
        for value, another in islice(pairs, _TRIED):
            # Something for every star first: `/x/*/y` with nothing in its place is a path that nobody may ask for.
            for star in ("?*", "*"):
                found = self._at(one, other, value, another, star)
                if found is not None:
                    return found
        return None

    def _at(self, one: Entry, other: Entry, mine: str, theirs: str | None, star: str) -> Witness | None:
        """Two users with these values, at a path that both open: asked of the authorizer's own code."""
        given = {self.name: mine}, {} if theirs is None else {self.name: theirs}
        if theirs is None and self.name in other.route.holes:
            return None
        patterns = [
            _pattern(entry.route.path.replace("*", star), values, self._settings)
            for entry, values in zip((one, other), given, strict=True)
        ]
        overlap = find_overlap(*patterns)
        if overlap is None:
            return None
        claims = [
            typed({**values, **_in_holes(pattern, texts)}, self._settings)
            for pattern, values, texts in zip(patterns, given, (overlap.left, overlap.right), strict=True)
        ]
        for method in _common(one.route, other.route):
            users = [
                party(entry, theirs, f"{method} {overlap.text}")
                for entry, theirs in zip((one, other), claims, strict=True)
            ]
            if all(
                is_open(entry.route, user.claims, method, overlap.text) and self._is_typed(user.claims)
                for entry, user in zip((one, other), users, strict=True)
            ):
                return Witness(one=users[0], other=users[1])
        return None

    def _is_typed(self, claims: Mapping[str, ClaimValue]) -> bool:
        return all(self._settings.claims[name].type.accepts(value) for name, value in claims.items())

    def _doubts(self) -> Iterator[Finding]:
        source = self._settings.claims[self.name].claim
        if any(claim.claim == source and claim.user_writable for claim in self._settings.claims.values()):
            yield self._without_witness(
                self._own[0],
                f"users can change `{self.name}` (user_writable): they choose whose routes they open",
            )

    def _without_witness(self, entry: Entry, reason: str) -> Finding:
        return Finding(isolates=self.name, one=entry.place, other=entry.place, witness=None, reason=reason)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    if any(finding.witness for finding in findings):
        return "LEAK"
    return "UNKNOWN" if findings else "PROVEN"


def _overlap(one: Entry, other: Entry, claim: str, settings: Settings) -> Overlap | None:
    """A path that both match while the claim differs; None proves that there is none."""
    if not _common(one.route, other.route):
        return None
    return find_overlap(
        *(_pattern(entry.route.path, {}, settings, isolating=claim) for entry in (one, other))
    )


def _values(entry: Entry, texts: Sequence[str], claim: str) -> list[str]:
    """What stands in the holes of the claim where two routes met."""
    return [text for name, text in zip(entry.route.holes, texts, strict=True) if name == claim]


def _common(one: Route, other: Route) -> list[str]:
    return [method for method in methods(one) if method in methods(other)]


def _pattern(
    path: str, values: Mapping[str, str], settings: Settings, isolating: str = ""
) -> SymbolicPattern:
    """The path with a hole for each claim that `values` do not fill."""

    def hole(name: str) -> str | Hole:
        if name in values:
            return values[name]
        return Hole(claim=name, language=settings.claims[name].type.language, isolating=name == isolating)

    return parts(path, hole)


def _in_holes(pattern: SymbolicPattern, texts: Sequence[str]) -> dict[str, str]:
    names = [part.claim for part in pattern if isinstance(part, Hole)]
    return dict(zip(names, texts, strict=True))
