"""Does whoever acts for a user ever get more than the user? Fewer scopes are not always less: a template may say what
those without a scope may do."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from authorizer.engine import TemplateSet
from authorizer.engine.prove import (
    BY_ACTOR,
    Finding,
    Party,
    Proof,
    RoleDiff,
    Side,
    Verdict,
    Witness,
    diff_role,
)
from authorizer.model import Role
from authorizer.settings.schema import Access, Settings

ACT: Final = "act"
RESTS_ON: Final = (
    "a delegated session has the role, the claims and the tags of the user, and the scopes that both have",
)
_VERDICTS: Final[Mapping[str, Verdict]] = {"NO WIDER": "PROVEN", "WIDER": "LEAK", "UNKNOWN": "UNKNOWN"}


def prove_delegation(access: Access, names: Collection[str] = ()) -> Iterator[Proof]:
    """One proof for each role that users may have for whom somebody may act: `acting as NAME`; of those that `names`
    name, if it names any. For all scopes that an actor may have, listed or not."""
    settings, templates = access
    for role in settings.roles.values():
        if (not names or role.name in names) and _may_be_delegated(role, settings):
            yield _proof(role, templates)


def _may_be_delegated(role: Role, settings: Settings) -> bool:
    return any(
        issuer.actors and (issuer.speaks_for.roles is None or role.name in issuer.speaks_for.roles)
        for issuer in settings.issuers.values()
    )


def with_fewer_scopes(role: Role, templates: TemplateSet) -> RoleDiff:
    """What the role allows with any part of a user's scopes, beside what it allows with all of them."""
    own = Side(templates=templates, names=role.policies)
    return diff_role(role.name, old=own, new=replace(own, delegated=True))


def gained(result: RoleDiff) -> str:
    """What it allows beyond, in words."""
    return "; ".join(f"{change.action} on {change.resource}" for change in result.gained)


def _proof(role: Role, templates: TemplateSet) -> Proof:
    result = with_fewer_scopes(role, templates)
    findings = []
    if result.verdict != "NO WIDER":
        more = gained(result)
        findings.append(
            Finding(
                isolates=ACT,
                one=f"role {role.name}, somebody acting for the user",
                other=f"role {role.name}, the user alone",
                witness=None if result.witness is None else _witness(result.witness, role),
                reason=f"with fewer scopes the role may do more: {more}" if more else result.reason,
            )
        )
    return Proof(
        subject=f"acting as {role.name}",
        verdict=_VERDICTS[result.verdict],
        isolates=(),
        findings=tuple(findings),
        ways=sum(1 for _ in templates.branches(role.policies)),
        pairs=0,
        rests_on=RESTS_ON,
        shared=(),
    )


def _witness(party: Party, role: Role) -> Witness:
    mine = frozenset(scope for scope in party.scopes if not scope.startswith(BY_ACTOR))
    shared = frozenset(scope for scope in mine if BY_ACTOR + scope in party.scopes)
    user = replace(party, scopes=mine, templates=role.policies)
    return Witness(one=replace(user, scopes=shared), other=replace(user, allowed=False))
