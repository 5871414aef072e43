"""The Deny that ends live role sessions. Pure.

A role session cannot be taken back; its role can deny it (IAM User Guide, "Revoke IAM role temporary security
credentials"): by when it was issued, and by what in it names the caller: a session tag, the source identity, or the
session name, which is the end of `aws:userid`.
"""

from dataclasses import dataclass
from typing import Any

from authorizer.model import instant
from authorizer.settings.schema import Role, Settings
from authorizer.vending.papers import VERSION
from authorizer.vending.session_name import sanitise


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What to put on each role, and which roles cannot tell the caller from others."""

    policies: dict[str, dict[str, Any]]
    """Role name → an inline policy for it."""
    unreachable: tuple[str, ...]
    """Names of roles whose sessions carry nothing of the claim."""


def revoke(settings: Settings, *, claim: str | None, value: str | None, before: float | None) -> Revocation:
    """Deny every role session in which `claim` is `value`, or all of them, that was issued before `before`.

    Without `before` the Deny holds for sessions yet to come too. `value` has its claim type's form: the caller has
    checked it, so no wildcard is in it.
    """
    policies: dict[str, dict[str, Any]] = {}
    unreachable = []
    for role in settings.roles.values():
        condition = _who(role, claim, value) if claim is not None and value is not None else {}
        if condition is None:
            unreachable.append(role.name)
            continue
        if before is not None:
            condition |= {"DateLessThan": {"aws:TokenIssueTime": instant(before)}}
        statement: dict[str, Any] = {
            "Sid": "RevokedSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
        }
        policies[role.name] = {"Version": VERSION, "Statement": [statement | {"Condition": condition}]}
    return Revocation(policies=policies, unreachable=tuple(unreachable))


def _who(role: Role, claim: str, value: str) -> dict[str, Any] | None:
    """The condition that holds for sessions of this caller alone, by the first thing in them that says so exactly."""
    for key, tagged in role.session_tags.items():
        if tagged == claim:
            return {"StringEquals": {f"aws:PrincipalTag/{key}": value}}
    if role.source_identity == f"{{{claim}}}":
        return {"StringEquals": {"aws:SourceIdentity": sanitise(value)}}
    if role.session_name == f"{{{claim}}}":
        # A session name holds neither `*` nor `?`, nor the colon in front of it.
        return {"StringLike": {"aws:userid": f"*:{sanitise(value)}"}}
    return None
