"""Do the users of two issuers ever meet? What one issuer's token proves about a `sub`, another's may write just so.

The prover (`authorizer.engine.prove`) knows users by their claims alone. Here the issuer is one more thing in which two
users differ. A policy that isolates by a claim which names somebody only together with its issuer
(`settings.authority.OF_ONE_ISSUER`) keeps the users of two issuers apart where it also isolates by a claim that no two
of them can both say: then their users differ in that claim. Where they can say alike, the prover is asked for two users
who differ in their issuer and may have everything else in common.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice, permutations
from typing import Final

from authorizer.engine import (
    ClaimType,
    ClaimValue,
    IsDefined,
    TemplateSet,
    declare,
)
from authorizer.engine.prove import Finding, Party, Promise, Proof, Verdict, Witness, may_request, prove
from authorizer.gate.asking import token_of
from authorizer.gate.session_tags import tags_of
from authorizer.settings.authority import OF_ONE_ISSUER
from authorizer.settings.schema import Access, Issuer, Policy, Settings
from authorizer.syntax.places import Path

ISSUER: Final = "the issuer"
"""What the prover is told that users differ in. No claim can be called so, and no template can name it."""
MAX_PAIRS: Final = 1_000_000
"""Most pairs of issuers compared one by one, some seconds of them."""
MAX_NAMED: Final = 4
"""Most pairs that one proof tells of: a thousand tenants' pools that all meet are one mistake."""
MAX_TRIED: Final = 8
"""Most values of one claim that are tried for two users who meet."""

Sayable = frozenset[str] | None
"""The values of a claim that an issuer's users may have; None: any of its type."""


def prove_issuers(access: Access, names: Collection[str] = ()) -> Iterator[Proof]:
    """One proof for each policy that isolates, and that users of more than one issuer may have: `issuers of NAME`, or
    `issuers of NAME by CLAIM` of one that isolates several; of those that `names` name, if it names any."""
    settings, templates = access
    for policy in settings.policies.values():
        if names and policy.name not in names:
            continue
        parties = _parties(policy.name, settings)
        for claim in policy.isolates if len({party.name for party in parties}) > 1 else ():
            yield _Issuers(settings, templates, policy, claim, parties).proof()


def sayable(issuer: Issuer, claim: str) -> Sayable:
    """What the users of an issuer may have as a claim of access.toml."""
    if claim in issuer.fixed_claims:
        return frozenset((issuer.fixed_claims[claim],))
    return issuer.speaks_for.claims.get(claim)


def payload(party: Party, settings: Settings) -> dict[str, object]:
    """The claims that a user's token has. What the issuer fixes is not among them: the token need not say it."""
    issuer = settings.issuers.get(party.issuer or "")
    if issuer is None:
        return token_of(party.claims, settings)
    own = {name: value for name, value in party.claims.items() if name not in issuer.fixed_claims}
    return {"iss": issuer.issuer, **token_of(own, settings)}


def _parties(policy: str, settings: Settings) -> list[Issuer]:
    """The issuers whose users may have a role with this policy, one for all forms of its `iss` that one table gives."""
    parties: dict[tuple[str, Path], Issuer] = {}
    for issuer in settings.issuers.values():
        parties.setdefault((issuer.name, issuer.place), issuer)
    return [
        issuer for issuer in parties.values() if any(policy in names for names in _policies(issuer, settings))
    ]


def _policies(issuer: Issuer, settings: Settings) -> list[tuple[str, ...]]:
    """The lists of policies that its users' sessions are rendered from."""
    may = issuer.speaks_for.roles
    return [role.policies for role in settings.roles.values() if may is None or role.name in may]


class _Issuers:
    def __init__(
        self,
        settings: Settings,
        templates: TemplateSet,
        policy: Policy,
        isolates: str,
        parties: Sequence[Issuer],
    ) -> None:
        self._settings, self._templates = settings, templates
        self._policy, self._isolates, self._parties = policy, isolates, parties
        self._types = {name: claim.type for name, claim in settings.claims.items()}
        self._subject = f"issuers of {policy.name}" + (f" by {isolates}" if len(policy.isolates) > 1 else "")
        self._separating: dict[str, bool] = {}

    def proof(self) -> Proof:
        if self._settings.claims[self._isolates].claim in OF_ONE_ISSUER:
            return self._of_one_issuer()
        return self._of_all_issuers()

    def _of_all_issuers(self) -> Proof:
        """Two users of one tenant share what is the tenant's, whoever signs for them. Who may sign for it is told."""
        said = [(party, sayable(party, self._isolates)) for party in self._parties]
        meet = [
            f"{one.name} and {other.name} may both say `{self._isolates}` = {_shown(mine, theirs)}: their users share "
            "what that isolates"
            for (one, mine), (other, theirs) in islice(combinations(said, 2), MAX_PAIRS)
            if one.name != other.name and not _disjoint(mine, theirs)
        ]
        more = [f"and {len(meet) - MAX_NAMED} more pairs of issuers"] if len(meet) > MAX_NAMED else []
        proof = self._prove(self._isolates)
        return replace(proof, rests_on=(*proof.rests_on, *meet[:MAX_NAMED], *more))

    def _of_one_issuer(self) -> Proof:
        apart = self._apart_by()
        pairs = len(self._parties) * (len(self._parties) - 1) // 2
        together = [
            (one, other)
            for one, other in (islice(combinations(self._parties, 2), MAX_PAIRS) if apart is None else ())
            if one.name != other.name and not any(self._are_apart(one, other, claim) for claim in self._types)
        ]
        proof = self._prove(self._isolates)
        findings = [finding for pair in together[:MAX_NAMED] for finding in self._met(*pair)]
        if len(together) > MAX_NAMED:
            findings.append(
                self._unknown(f"{len(together) - MAX_NAMED} more pairs of issuers are not shown to be apart")
            )
        if apart is None and pairs > MAX_PAIRS:
            findings.append(
                self._unknown(f"{pairs} pairs of issuers are too many: fix a claim for each of them")
            )
        separating = [claim for claim, separates in self._separating.items() if separates]
        return replace(
            proof,
            findings=tuple(findings),
            pairs=proof.pairs + pairs,
            rests_on=(*proof.rests_on, *(f"issuers' users are apart by `{claim}`" for claim in separating)),
            verdict=_verdict(findings),
        )

    def _apart_by(self) -> str | None:
        """A claim that keeps the users of all issuers apart, found without looking at each pair."""
        for claim in self._types:
            said = [sayable(party, claim) for party in self._parties]
            texts = [values for values in said if values is not None]
            distinct = len(frozenset[str]().union(*texts))
            if len(texts) == len(said) and sum(map(len, texts)) == distinct and self._separates(claim):
                return claim
        return None

    def _are_apart(self, one: Issuer, other: Issuer, claim: str) -> bool:
        return _disjoint(sayable(one, claim), sayable(other, claim)) and self._separates(claim)

    def _separates(self, claim: str) -> bool:
        """Whether users who differ in this claim are kept apart by this policy, and none has the policy without the
        claim: two users without it would not differ."""
        if claim not in self._separating:
            # Two issuers' users differ in the value itself: who has it by saying nothing is no matter here.
            types = {**self._types, claim: replace(self._types[claim], fallback=None)}
            self._separating[claim] = (
                not self._may_lack(claim) and self._prove(claim, types).verdict == "PROVEN"
            )
        return self._separating[claim]

    def _may_lack(self, claim: str) -> bool:
        if all(claim in party.fixed_claims for party in self._parties):
            return False
        return any(
            branch.chosen.get(IsDefined(claim)) is False
            for branch in self._templates.branches([self._policy.name])
        )

    def _met(self, one: Issuer, other: Issuer) -> Iterator[Finding]:
        """What two users meet in who differ in their issuer, and whose other claims both issuers can say."""
        types = {ISSUER: declare({"type": "enum", "values": ["one", "other"]})}
        for name, kind in self._types.items():
            both = [values for party in (one, other) if (values := sayable(party, name)) is not None]
            tried = sorted(frozenset.intersection(*both) or both[0])[:MAX_TRIED] if both else []
            types[name] = _one_of(kind, tried) if tried else kind
        proof = self._prove(
            ISSUER, types, [*_policies(one, self._settings), *_policies(other, self._settings)]
        )
        for finding in proof.findings:
            witness = finding.witness and self._signed(finding.witness, one, other)
            reason = (
                finding.reason
                if witness
                else f"the users of {one.name} and {other.name} are not shown to be apart"
            )
            yield replace(finding, isolates=self._isolates, witness=witness, reason=reason)
        if not proof.findings:
            yield self._unknown(f"the users of {one.name} and {other.name} are not shown to be apart")

    def _signed(self, witness: Witness, *issuers: Issuer) -> Witness | None:
        """The witness with its issuers, if each can sign what its user is said to have."""
        for one, other in permutations(issuers):
            mine, theirs = self._by(one, witness.one), self._by(other, witness.other)
            if mine is not None and theirs is not None:
                return Witness(one=mine, other=theirs)
        return None

    def _by(self, issuer: Issuer, party: Party) -> Party | None:
        """The user with this issuer and what it fixes, if the issuer can say the rest, and the user may still make the
        request."""
        claims = {name: value for name, value in party.claims.items() if name != ISSUER}
        scopes = issuer.speaks_for.scopes
        can_sign = (
            party.templates in _policies(issuer, self._settings)
            and (scopes is None or party.scopes <= scopes)
            and all(
                (values := sayable(issuer, name)) is None or values.issuperset(_texts(value))
                for name, value in (*self._unsaid(claims), *claims.items())
            )
        )
        signed = replace(party, claims={**claims, **issuer.fixed_claims}, issuer=issuer.issuer)
        return signed if can_sign and may_request(self._templates, signed) else None

    def _unsaid(self, claims: Mapping[str, ClaimValue]) -> Iterator[tuple[str, ClaimValue]]:
        """What the user has without saying it."""
        for name, kind in self._types.items():
            if name not in claims and kind.fallback is not None:
                yield name, kind.fallback

    def _prove(
        self,
        claim: str,
        types: Mapping[str, ClaimType] | None = None,
        policies: Sequence[tuple[str, ...]] | None = None,
    ) -> Proof:
        return prove(
            self._templates,
            subject=self._subject,
            names=self._templates.names,
            claims=types or self._types,
            promises={
                name: Promise(
                    isolates=(claim,) if name == self._policy.name else (),
                    shared=row.shared if (row := self._settings.policies.get(name)) is not None else (),
                    own=frozenset(row.isolates if row is not None else ()),
                )
                for name in self._templates.names
            },
            policies=list(
                dict.fromkeys(policies or [role.policies for role in self._settings.roles.values()])
            ),
            tags=tags_of(self._settings.roles.values(), self._templates.names),
        )

    def _unknown(self, reason: str) -> Finding:
        name = self._policy.name
        return Finding(isolates=self._isolates, one=name, other=name, witness=None, reason=reason)


def _disjoint(one: Sayable, other: Sayable) -> bool:
    return one is not None and other is not None and one.isdisjoint(other)


def _one_of(kind: ClaimType, values: Sequence[str]) -> ClaimType:
    spec: dict[str, object] = {"type": "enum", "values": list(values)}
    return declare({**spec, "list": True, "max_items": kind.max_items} if kind.is_list else spec)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    if any(finding.witness for finding in findings):
        return "LEAK"
    return "UNKNOWN" if findings else "PROVEN"


def _texts(value: ClaimValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _shown(mine: Sayable, theirs: Sayable) -> str:
    values = mine & theirs if mine is not None and theirs is not None else mine or theirs
    if values is None:
        return "anything"
    listed = sorted(values)
    return ", ".join(listed[:MAX_NAMED]) + (
        f" and {len(listed) - MAX_NAMED} more" if len(listed) > MAX_NAMED else ""
    )
