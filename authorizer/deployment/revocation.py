"""The Deny that ends live role sessions. Pure.

A role session cannot be taken back; its role can deny it (IAM User Guide, "Revoke IAM role temporary security
credentials"): by when it was issued, and by what in it names the caller: a session tag, the source identity, or the
session name, which is the end of `aws:userid`.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from authorizer.deployment.trust import VERSION
from authorizer.model import Role, instant
from authorizer.settings.format_text import holes
from authorizer.settings.schema import MAX_CHAINED_DURATION, Settings
from authorizer.vending.session_name import delegated, fill

PREFIX = "RevokedSessions-"
_DIGITS = 32
"""128 bits of the policy's digest. A value may be of a user's own choice: with few bits, two could be found whose
revocations have one name, and the second would lift the first."""
_ONE_CALLER = frozenset({"sub", "username", "cognito:username", "email", "client_id", "azp"})
"""Claims of the token that name one user or one app client: never a tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """One inline policy for one role."""

    role: Role
    policy: dict[str, Any]

    @property
    def text(self) -> str:
        """The policy as JSON, minified."""
        return json.dumps(self.policy, separators=(",", ":"))

    @property
    def name(self) -> str:
        """Its name on the role, made of what it says: two revocations stand side by side, and the same one twice is
        one. At most 128 of `[\\w+=,.@-]` (IAM API reference, PutRolePolicy, PolicyName)."""
        return PREFIX + hashlib.sha256(self.text.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What to put on each role, and which roles cannot tell the caller from others."""

    denies: tuple[Deny, ...]
    unreachable: tuple[str, ...]
    """Names of roles whose sessions carry nothing of the claim."""
    removable: float | None
    """When everything that it denies has ended by itself; None: it denies sessions yet to come, too."""


def revoke(settings: Settings, *, claim: str | None, value: str | None, before: float | None) -> Revocation:
    """Deny every role session in which `claim` is `value`, or all of them, that was issued before `before`.

    Without `before` the Deny holds for sessions yet to come too. `value` has its claim type's form: the caller has
    checked it, so no wildcard is in it.
    """
    # `aws:TokenIssueTime` has whole seconds. The second in which `before` lies is denied whole, to its end.
    end = None if before is None else float(math.floor(before) + 1)
    actors = sorted({actor for issuer in settings.issuers.values() for actor in issuer.actors})
    denies = []
    unreachable = []
    for role in settings.roles.values():
        condition = _who(role, claim, value, actors) if claim is not None and value is not None else {}
        if condition is None:
            unreachable.append(role.name)
            continue
        if end is not None:
            condition |= {"DateLessThan": {"aws:TokenIssueTime": instant(end)}}
        statement: dict[str, Any] = {
            "Sid": "RevokedSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
        }
        policy = {"Version": VERSION, "Statement": [statement | {"Condition": condition}]}
        denies.append(Deny(role=role, policy=policy))
    return Revocation(
        denies=tuple(denies),
        unreachable=tuple(unreachable),
        removable=None if end is None else end + MAX_CHAINED_DURATION,
    )


def user_claim(settings: Settings) -> str | None:
    """The declared claim that is the token's `sub`."""
    return next((claim.name for claim in settings.claims.values() if claim.claim == "sub"), None)


def tenant_claims(settings: Settings) -> tuple[str, ...]:
    """The claims by which templates keep more than single callers apart: one of them is the tenant."""
    rendered = {name for role in settings.roles.values() for name in role.policies}
    isolating = {
        claim for policy in settings.policies.values() if policy.name in rendered for claim in policy.isolates
    }
    return tuple(
        claim.name
        for claim in settings.claims.values()
        if claim.name in isolating and claim.claim not in _ONE_CALLER
    )


def _who(role: Role, claim: str, value: str, actors: Sequence[str]) -> dict[str, Any] | None:
    """The condition that holds for sessions of this caller alone, by the first thing in them that says so exactly: for
    those, too, in which one of `actors` acts for the caller."""
    for key, tagged in role.session_tags.items():
        if tagged == claim:
            return {"StringEquals": {f"aws:PrincipalTag/{key}": value}}
    if role.source_identity is not None and holes(role.source_identity) == (claim,):
        name = fill(role.source_identity, {claim: value}, parameter="SourceIdentity")
        names = [name, *(delegated(name, actor) for actor in actors)]
        return {"StringEquals": {"aws:SourceIdentity": names if actors else name}}
    if holes(role.session_name) == (claim,):
        # A session name holds neither `*` nor `?`, nor the colon in front of it.
        name = fill(role.session_name, {claim: value}, parameter="RoleSessionName")
        return {"StringLike": {"aws:userid": f"*:{name}"}}
    return None
