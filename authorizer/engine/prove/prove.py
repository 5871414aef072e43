"""Do two users' policies ever meet? PROVEN, LEAK with a witness, or UNKNOWN, for all values of the isolating claim.

Isolated means: there are no two users whose isolating claims differ, and nothing that both may touch,
whatever their other claims and scopes. Every branch of every template is explored, with loops over one, two
and three items, or more where that is not enough (`authorizer.engine.template.loops`). A user without the claim
differs from every user with one.

A proof holds because each pair of Allow statements is apart (`authorizer.engine.prove.separation`). A leak is only
called one after the evaluator has allowed both requests on the two really rendered policies. What is neither
is UNKNOWN, and counts as a failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal, Protocol, TypeAlias

from authorizer.engine.document import Statement, parse_identity
from authorizer.engine.evaluate import AccessRequest, Concrete, Variable, evaluate, parse_resource
from authorizer.engine.language import ClaimType, ClaimValue, EngineError
from authorizer.engine.prove.separation import Apart, Key, Meeting, Shared, compare, find_key
from authorizer.engine.prove.solve import meet
from authorizer.engine.prove.symbolic import SymbolicStatement, read_allows
from authorizer.engine.prove.users import User, fill_in, find_user, placeholders_of
from authorizer.engine.prove.witness import Party, Witness, assignments, samples
from authorizer.engine.template import Atom, Branch, Equals, IsDefined, Place

VERSION: Final = 1
"""Of the prover: a verdict is worth what its prover is."""
MAX_ATTEMPTS: Final = 120
"""Most pairs of users tried to confirm that two statements meet."""
MAX_WAYS: Final = 12
"""Most ways of reaching one statement that are tried for a witness; proofs look at all of them."""

Verdict: TypeAlias = Literal["PROVEN", "LEAK", "UNKNOWN", "NOT CLAIMED"]

RESTS_ON: Final = (
    "a claim's value has its declared type, or no policy is rendered",
    "a value stands in a policy as itself: two different values are never rendered alike",
    "users cannot choose the isolating claim: its issuer sets it",
    "each role's trust policy lets only the authorizer assume it",
    "no resource policy grants the session's ARN, or everyone: such a grant is not limited by a session policy",
    "each resource is reached under one ARN: access points, aliases and replicas are other resources here",
)
"""What every proof assumes, and cannot see."""


class Templates(Protocol):
    """What the prover asks of a set of templates: `authorizer.engine.template.template.TemplateSet` is one."""

    def branches(self, names: Sequence[str]) -> Iterable[Branch]: ...

    def origin(self, placeholder: str) -> tuple[str, int]: ...

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the author of a template says about it."""

    isolates: str | None
    """The claim whose distinct values must never share a permission."""
    shared: tuple[str, ...] = ()
    """Resource patterns that are common to all, and do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Two statements that meet, or could not be shown to be apart."""

    isolates: str
    one: str
    """Where the first user's statement stands: `s3-home.json.j2:4`."""
    other: str
    witness: Witness | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The verdict on one template, or on the templates of one role joined."""

    subject: str
    verdict: Verdict
    isolates: tuple[tuple[str, str], ...]
    """Each template that promises isolation, and the claim."""
    findings: tuple[Finding, ...]
    ways: int
    """Branches explored."""
    pairs: int
    """Pairs of statements compared."""
    rests_on: tuple[str, ...]
    shared: tuple[str, ...]
    """Resource patterns that were left out because the author declared them shared."""


@dataclass(slots=True)
class _Origin:
    """A statement, and how a user comes by it."""

    template: str
    statement: SymbolicStatement
    place: Place
    ways: list[Mapping[Atom, bool | int]]
    held_by: set[str | None]
    """What the isolating claim is on these ways: `_ANY`, a value that a test asks for, or None if it is absent."""
    items: Mapping[str, int]
    """Of each list that it mentions, which item."""

    @property
    def asked_for(self) -> tuple[str, ...]:
        """Values of the isolating claim that tests ask for."""
        return tuple(sorted(value for value in self.held_by if value not in (None, _ANY)))

    def differs(self, other: "_Origin") -> bool:
        """Whether two users whose isolating claims differ may come by these two statements."""
        return any(one != another or one == _ANY for one in self.held_by for another in other.held_by)


_ANY: Final = "*"
"""Any value of the isolating claim. No claim can be a star."""


def prove(
    templates: Templates,
    *,
    subject: str,
    names: Sequence[str],
    claims: Mapping[str, ClaimType],
    promises: Mapping[str, Promise],
    policies: Sequence[Sequence[str]] = (),
    doubts: Sequence[str] = (),
) -> Proof:
    """The verdict on templates that users may have: one alone, all of a role, or those of every role.

    What a template gives one user, no template of `names` may give another. `policies` are the lists of
    templates that are rendered together, for witnesses: by default all of `names`. `doubts` are reasons from
    outside the templates why nothing about them can be proven. Raises ValueError for a promise about a claim
    that is not declared.
    """
    return _Prover(templates, subject, policies or [names], claims, promises).proof(doubts)


class _Prover:
    def __init__(
        self,
        templates: Templates,
        subject: str,
        policies: Sequence[Sequence[str]],
        claims: Mapping[str, ClaimType],
        promises: Mapping[str, Promise],
    ) -> None:
        self._templates = templates
        self._subject = subject
        self._names = tuple(dict.fromkeys(name for names in policies for name in names))
        self._claims = claims
        self._promises = promises
        self._policies = policies
        self._branches = {name: tuple(templates.branches([name])) for name in self._names}
        self._findings: list[Finding] = []
        self._keys: dict[Key, None] = {}
        self._pairs = 0

    def proof(self, doubts: Sequence[str]) -> Proof:
        promised = [(name, claim) for name in self._names if (claim := self._promises[name].isolates)]
        for name, claim in promised:
            if claim not in self._claims:
                raise ValueError(f"policy {name!r} isolates claim {claim!r}, which is not declared")
            self._template(name, claim)
        if promised:
            self._findings += [
                Finding(
                    isolates=promised[0][1],
                    one=self._subject,
                    other=self._subject,
                    witness=None,
                    reason=doubt,
                )
                for doubt in doubts
            ]
        shared = [text for name in self._names for text in self._promises[name].shared]
        return Proof(
            subject=self._subject,
            verdict=self._verdict(promised),
            isolates=tuple(promised),
            findings=tuple(self._findings),
            ways=sum(map(len, self._branches.values())),
            pairs=self._pairs,
            rests_on=(*RESTS_ON, *(key.rests_on for key in self._keys), f"version {VERSION} of the prover"),
            shared=tuple(dict.fromkeys(shared)),
        )

    def _verdict(self, promised: Sequence[object]) -> Verdict:
        if not promised:
            return "NOT CLAIMED"
        if any(finding.witness for finding in self._findings):
            return "LEAK"
        return "UNKNOWN" if self._findings or not self._pairs else "PROVEN"

    def _template(self, name: str, claim: str) -> None:
        mine = self._origins(name, claim)
        for other_name in self._names:
            theirs = mine if other_name == name else self._origins(other_name, claim)
            shared = [
                _shared_pattern(text)
                for text in {*self._promises[name].shared, *self._promises[other_name].shared}
            ]
            for at, one in enumerate(mine):
                for other in theirs[at:] if theirs is mine else theirs:
                    if one.differs(other):
                        self._pair(claim, one, other, shared)

    def _origins(self, name: str, claim: str) -> list[_Origin]:
        """Every Allow statement that the template may render to, each once."""
        found: dict[Statement, _Origin] = {}
        for branch in self._branches[name]:
            characters = {
                char for statement in branch.document.statements for char in placeholders_of(statement)
            }
            statements = read_allows(
                branch.document,
                holes={char: self._templates.origin(char)[0] for char in characters},
                claims=self._claims,
                isolates=claim,
            )
            allows = [
                place
                for place, statement in zip(branch.places, branch.document.statements, strict=True)
                if statement.effect == "Allow"
            ]
            held_by = _held_by(claim, branch.chosen)
            for statement, place in zip(statements, allows, strict=True):
                origin = found.setdefault(
                    replace(statement.statement, sid=None),
                    _Origin(
                        template=name,
                        statement=statement,
                        place=place,
                        ways=[],
                        held_by=set(),
                        items=dict(map(self._templates.origin, placeholders_of(statement.statement))),
                    ),
                )
                origin.held_by.add(held_by)
                if len(origin.ways) < MAX_WAYS:
                    origin.ways.append(branch.chosen)
        return list(found.values())

    def _pair(self, claim: str, one: _Origin, other: _Origin, shared: Shared) -> None:
        self._pairs += 1
        result = compare(one.statement, other.statement, shared=shared)
        if isinstance(result, Apart):
            if result.key is not None:
                self._keys[result.key] = None
            return
        witness = self._witness(claim, one, other, result, shared)
        self._findings.append(
            Finding(
                isolates=claim,
                one=one.place.describe(),
                other=other.place.describe(),
                witness=witness,
                reason=_reason(one.statement, other.statement, witness),
            )
        )

    def _witness(
        self, claim: str, one: _Origin, other: _Origin, meeting: Meeting, shared: Shared
    ) -> Witness | None:
        language = self._claims[claim].language
        guesses = assignments(
            meeting,
            isolates=claim,
            ones=(*one.asked_for, *samples(language)),
            others=(*other.asked_for, *samples(language)),
        )
        attempts = (
            (left_user, right_user)
            for left, right in guesses
            for left_way in one.ways
            for right_way in other.ways
            if (left_user := find_user(self._claims, left_way, left, one.items))
            and (right_user := find_user(self._claims, right_way, right, other.items, spare=-1))
        )
        for left_user, right_user in islice(attempts, MAX_ATTEMPTS):
            if left_user[0].get(claim) == right_user[0].get(claim):
                continue
            requests = meet(
                fill_in(one.statement.statement, left_user[0], self._templates.origin),
                fill_in(other.statement.statement, right_user[0], self._templates.origin),
                shared=shared,
            )
            if requests is None:
                continue
            parties = [
                self._party(origin.template, user, request)
                for origin, user, request in zip((one, other), (left_user, right_user), requests, strict=True)
            ]
            if parties[0] and parties[1]:
                return Witness(one=self._trim(parties[0], claim), other=self._trim(parties[1], claim))
        return None

    def _party(self, template: str, user: User, request: AccessRequest) -> Party | None:
        """The user with the first policy that the template is part of and that allows the request."""
        parties = (
            Party(claims=user[0], scopes=user[1], request=request, templates=tuple(names))
            for names in self._policies
            if template in names
        )
        return next(filter(self._allowed, parties), None)

    def _allowed(self, party: Party) -> bool:
        try:
            text = self._templates.render(party.templates, party.claims, scopes=party.scopes)
        except EngineError:
            return False
        return evaluate(
            identity=None, session=parse_identity(text), boundary=None, request=party.request
        ).allowed

    def _trim(self, party: Party, isolates: str) -> Party:
        """The party with only the claims that its policy needs."""
        claims = dict(party.claims)
        for name in party.claims:
            without = {other: value for other, value in claims.items() if other != name}
            if name != isolates and self._allowed(replace(party, claims=without)):
                claims = without
        return replace(party, claims=claims)


def _shared_pattern(text: str) -> Concrete:
    parts = parse_resource(text)
    pattern = tuple(part for part in parts if not isinstance(part, Variable))
    if len(pattern) != len(parts):
        raise ValueError(f"shared pattern {text!r} has a policy variable: it is not the same for all")
    return pattern


def _held_by(claim: str, way: Mapping[Atom, bool | int]) -> str | None:
    if way.get(IsDefined(claim)) is False:
        return None
    asked = (
        atom.value
        for atom, chosen in way.items()
        if isinstance(atom, Equals) and atom.claim == claim and chosen
    )
    return next(asked, _ANY)


def _reason(one: SymbolicStatement, other: SymbolicStatement, witness: Witness | None) -> str:
    if witness is not None:
        return "both users may touch the same thing"
    keys = {
        each.condition.key for side in (one, other) for each in side.conditions if find_key(each.key) is None
    }
    reason = "not shown to be apart, and no two users found who meet"
    if keys:
        listed = ", ".join(f"`{key}`" for key in sorted(keys))
        reason += f"; {listed} may tell callers apart, but not what they touch"
    return reason
