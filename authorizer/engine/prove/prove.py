"""Do two users' policies ever meet? PROVEN, LEAK with a witness, or UNKNOWN, for all values of the isolating claim.

Isolated means: there are no two users whose isolating claims differ, and nothing that both may touch,
whatever their other claims and scopes. Every branch of every template is explored, with loops over one, two
and three items, or more where that is not enough (`authorizer.engine.template.loops`). A user without the claim
differs from every user with one.

A proof holds because each pair of Allow statements is apart (`authorizer.engine.prove.separation`). A leak is only
called one after the evaluator has allowed both requests on the two really rendered policies. What is neither
is UNKNOWN, and counts as a failure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Final, TypeAlias

from authorizer.engine.document import Sharing
from authorizer.engine.language import ClaimType, Language, plain
from authorizer.engine.prove.allows import Allow, Templates, allows_of
from authorizer.engine.prove.confirmation import Confirmation
from authorizer.engine.prove.crowd import Crowd
from authorizer.engine.prove.proof import RESTS_ON, VERSION, Finding, Promise, Proof, Verdict
from authorizer.engine.prove.reasons import why_unknown
from authorizer.engine.prove.separation import Apart, Key, Meeting, compare
from authorizer.engine.prove.shared import Common, Pair
from authorizer.engine.prove.symbolic import SymbolicStatement
from authorizer.engine.prove.tags import Tags

MAX_MEETINGS: Final = 4
"""Most parts of two statements that are tried for a witness, where Denies leave several of each."""
_MEET: Final = "both users may touch the same thing"


def prove(
    templates: Templates,
    *,
    subject: str,
    names: Sequence[str],
    claims: Mapping[str, ClaimType],
    promises: Mapping[str, Promise],
    policies: Sequence[Sequence[str]] = (),
    tags: Mapping[str, Tags] = MappingProxyType({}),
    doubts: Sequence[str] = (),
) -> Proof:
    """The verdict on templates that users may have: one alone, all of a role, or those of every role.

    What a template gives one user, no template of `names` may give another. `policies` are the lists of
    templates that are rendered together, for witnesses: by default all of `names`. `tags`: template → the session
    tags that every session with it has. `doubts` are reasons from outside the templates why nothing about them can be
    proven. Raises ValueError for a promise about a claim that is not declared.
    """
    return _Prover(
        templates, subject, policies or [names], claims=claims, promises=promises, tags=tags
    ).proof(doubts)


Parts: TypeAlias = tuple[SymbolicStatement, SymbolicStatement]


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two statements, or what Denies leave of them, beside one another."""

    parts: Parts
    left_out: Mapping[tuple[int, int], Pair]
    result: Apart | Meeting


class _Prover:
    def __init__(
        self,
        templates: Templates,
        subject: str,
        policies: Sequence[Sequence[str]],
        *,
        claims: Mapping[str, ClaimType],
        promises: Mapping[str, Promise],
        tags: Mapping[str, Tags],
    ) -> None:
        self._tags = tags
        self._templates = templates
        self._subject = subject
        self._names = tuple(dict.fromkeys(name for names in policies for name in names))
        self._claims = claims
        self._promises = promises
        self._confirmation = Confirmation(templates, policies, claims)
        self._branches = {name: tuple(templates.branches([name])) for name in self._names}
        self._findings: list[Finding] = []
        self._keys: dict[Key, None] = {}
        self._shared: dict[tuple[str, Sharing], None] = {}
        self._pairs = 0
        self._crowds: dict[tuple[str, str | None], Crowd] = {}

    def proof(self, doubts: Sequence[str]) -> Proof:
        promised = [(name, claim) for name in self._names for claim in self._promises[name].isolates]
        for name, claim in promised:
            if claim not in self._claims:
                raise ValueError(
                    f"policy {name!r} isolates claim {claim!r}: declared are {', '.join(self._claims)}"
                )
            self._template(name, claim)
            if self._claims[claim].fallback is not None and self._claims[claim].sayable:
                self._silent(name, claim, str(self._claims[claim].fallback))
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
        return Proof(
            subject=self._subject,
            verdict=self._verdict(promised),
            isolates=tuple(promised),
            findings=tuple(self._findings),
            ways=sum(map(len, self._branches.values())),
            pairs=self._pairs,
            rests_on=(
                *RESTS_ON,
                *self._merged(promised),
                *(key.rests_on for key in self._keys),
                f"version {VERSION} of the prover",
            ),
            shared=tuple(sharing for _, sharing in self._shared),
        )

    def _verdict(self, promised: Sequence[object]) -> Verdict:
        if not promised:
            return "NOT CLAIMED"
        if any(finding.witness for finding in self._findings):
            return "LEAK"
        return "UNKNOWN" if self._findings or not self._pairs else "PROVEN"

    def _template(self, name: str, claim: str) -> None:
        crowd = self._crowd(claim)
        own = crowd.of(name)
        for at, one in enumerate(own):
            self._pairs += crowd.differing(one) - sum(map(one.differs, own[:at]))
            for other_name, other_at, other in crowd.near(one):
                if one.differs(other) and not (other_name == name and other_at < at):
                    self._pair(claim, one, other, self._common(claim, name, other_name))

    def _crowd(self, claim: str, *, silent: str | None = None) -> Crowd:
        """Of all templates; with `silent`, those statements that users with this one value of the claim may come by."""
        if (claim, silent) not in self._crowds:
            self._crowds[claim, silent] = Crowd(
                {name: self._allows(name, claim, silent=silent) for name in self._names}
            )
        return self._crowds[claim, silent]

    def _common(self, claim: str, name: str, other_name: str) -> Common:
        return Common(self._templates, self._promises[name], self._promises[other_name], claim=claim)

    def _silent(self, name: str, claim: str, value: str) -> None:
        """Users who say nothing of the claim, beside those who say its fallback: they differ, and have one value."""
        crowd = self._crowd(claim, silent=value)
        for one in crowd.of(name):
            self._pairs += crowd.size
            for other_name, _, other in crowd.near(one):
                self._pair(claim, one, other, self._common(claim, name, other_name), silent=value)

    def _merged(self, promised: Sequence[tuple[str, str]]) -> Iterator[str]:
        """What different tokens mean alike, of the claims by which users are kept apart."""
        for claim in dict.fromkeys(claim for _, claim in promised):
            kind = self._claims[claim]
            if kind.lower_case:
                yield f"`{claim}` is read in lower case: tokens that differ there in case alone mean one value"
            if kind.fallback is not None:
                yield f"`{claim}` is {kind.fallback!r} where a token says nothing: all of those users have one value"

    def _allows(self, name: str, claim: str, *, silent: str | None) -> list[Allow]:
        """With `silent`, those of two users who both have this value of the claim."""
        claims = self._claims
        if silent is not None:
            claims = {**claims, claim: replace(claims[claim], language=Language((plain(silent),)))}
        found = allows_of(
            self._templates,
            name,
            self._branches[name],
            claim=claim,
            claims=claims,
            tags=self._tags.get(name, {}),
            apart=silent is None,
        )
        return [allow for allow in found if silent is None or allow.is_held_by(silent)]

    def _pair(
        self, claim: str, one: Allow, other: Allow, common: Common, *, silent: str | None = None
    ) -> None:
        """`silent`: the value of both, which the first user has as the fallback."""
        compared = self._compared(one, other, common, silent)
        self._shared |= {
            (template, sharing): None
            for each in compared
            for pair in each.left_out.values()
            for template, sharing in zip((one.template, other.template), pair, strict=True)
            if sharing is not None
        }
        met = [(each, each.result) for each in compared if isinstance(each.result, Meeting)]
        if not met:
            keys = [each.result.key for each in compared if isinstance(each.result, Apart)]
            self._keys |= {key: None for key in keys if key is not None}
            return
        witnesses = (
            self._confirmation.witness(
                claim, one, other, each.parts, meeting, left_out=each.left_out, silent=silent
            )
            for each, meeting in met[:MAX_MEETINGS]
        )
        witness = next(filter(None, witnesses), None)
        first, meeting = met[0]
        self._findings.append(
            Finding(
                isolates=claim,
                one=one.place.describe(),
                other=other.place.describe(),
                witness=witness,
                reason=(_MEET if witness else why_unknown(*first.parts, meeting))
                + (f"; a token may say the fallback {silent!r} too" if silent is not None else ""),
            )
        )

    def _compared(self, one: Allow, other: Allow, common: Common, silent: str | None) -> list[_Compared]:
        """The two as they stand, which often is enough; else each part of the one that Denies leave of it with each of
        the other."""
        whole = one.statement, other.statement
        compared = [self._compare(one, other, whole, common, silent)]
        parts = [*product(one.left, other.left)]
        if isinstance(compared[0].result, Apart) or parts == [whole]:
            return compared
        return [self._compare(one, other, each, common, silent) for each in parts]

    def _compare(
        self, one: Allow, other: Allow, parts: Parts, common: Common, silent: str | None
    ) -> _Compared:
        left_out = common.between(*parts)
        mine, theirs = (
            parts if silent is not None else (one.beside(other, parts[0]), other.beside(one, parts[1]))
        )
        return _Compared(parts, left_out, compare(mine, theirs, left_out=left_out))
