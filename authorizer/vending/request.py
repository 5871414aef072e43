"""What is asked of STS, decided and checked before the call.

The limits of the API are those of `authorizer.settings.limits`. What a role says for everybody has been judged by them
when the settings were loaded, and is again here, so that there is no way around them; what comes of one caller is
judged here alone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from authorizer.errors import ClaimAbsent, PolicyInvalid, PolicyTooLarge, RequestInvalid
from authorizer.memory import PER_CALLER, remembered
from authorizer.model import Identity, Role, SessionPolicy, instant
from authorizer.settings.limits import LIMITS, breaches
from authorizer.vending import session_name


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRoleRequest:
    """One AssumeRole call, every parameter within the limits of STS. Made by `assume_role_request` alone."""

    role_arn: str
    session_name: str
    policy: str = field(repr=False)
    policy_arns: tuple[str, ...]
    duration: int
    tags: tuple[tuple[str, str], ...] = field(repr=False)
    transitive_tags: tuple[str, ...]
    source_identity: str | None
    external_id: str | None = field(repr=False)
    key: str
    """SHA-256, in hex, of everything above and of whom it is for: equal keys are the same person with the
    same rights."""

    def parameters(self) -> dict[str, Any]:
        """The keyword arguments of boto3's and aioboto3's `assume_role`. `Policy` is always among them."""
        parameters: dict[str, Any] = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name,
            "Policy": self.policy,
            "DurationSeconds": self.duration,
        }
        if self.policy_arns:
            parameters["PolicyArns"] = [{"arn": arn} for arn in self.policy_arns]
        if self.tags:
            parameters["Tags"] = [{"Key": key, "Value": value} for key, value in self.tags]
        if self.transitive_tags:
            parameters["TransitiveTagKeys"] = list(self.transitive_tags)
        if self.source_identity is not None:
            parameters["SourceIdentity"] = self.source_identity
        if self.external_id is not None:
            parameters["ExternalId"] = self.external_id
        return parameters


def assume_role_request(
    identity: Identity, policy: SessionPolicy, *, end_with_token: bool = False, address: str | None = None
) -> AssumeRoleRequest:
    """The AssumeRole call that gives `identity` its role, narrowed by `policy`.

    `end_with_token` also ends every permission when the token expires, whatever the session's own length; `address`
    refuses every request from another IP address.

    Raises `RequestInvalid` naming the parameter, `PolicyTooLarge`, `PolicyInvalid`, or `ClaimAbsent` for a
    tag or a name whose claim is not there.
    """
    limits: tuple[Limit, ...] = ()
    if end_with_token:
        limits += (Limit("DateLessThan", "aws:CurrentTime", instant(end_of_token(identity))),)
    if address is not None:
        limits += (Limit("IpAddress", "aws:SourceIp", address),)
    claims = tuple(identity.claims.items())
    return _request(
        identity.issuer, identity.principal, identity.actors, identity.role, claims, policy.text, limits
    )


def end_of_token(identity: Identity) -> float:
    """When a session ends that ends with its token: at the whole second that its policy tells, whatever the `leeway`
    for which the token itself is taken."""
    return float(int(identity.expires_at))


class Limit(NamedTuple):
    """What AWS compares at each request with the session, whatever its policy allows otherwise.

    A session cannot be shorter than 15 minutes: a date is the only way to end one with its token (IAM User Guide, "AWS
    global condition context keys", aws:CurrentTime, aws:SourceIp).
    """

    operator: str
    key: str
    value: str


@remembered(PER_CALLER)  # about 4 KB each
def _request(  # noqa: PLR0917 - what it reads, and so what its outcome is remembered by
    issuer: str,
    principal: str,
    actors: tuple[str, ...],
    role: Role,
    claim_items: tuple[tuple[str, str | tuple[str, ...]], ...],
    policy: str,
    limits: tuple[Limit, ...],
) -> AssumeRoleRequest:
    claims = dict(claim_items)
    text = _limited(policy, limits) if limits else policy
    tags = tuple((key, _tag_value(key, claim, claims)) for key, claim in role.session_tags.items())
    for breach in breaches(role):
        raise RequestInvalid(breach.parameter, breach.text)
    _check_policy(role.arn, text, role.managed_policies)
    _check_values(tags)
    name = session_name.fill(role.session_name, claims, parameter="RoleSessionName")
    source = _source_identity(role, claims, actors)
    parts = [
        *(issuer, principal, actors, role.arn, name, text, sorted(role.managed_policies)),
        *(role.duration, sorted(tags), sorted(role.transitive_tags), source, role.external_id),
    ]
    return AssumeRoleRequest(
        role_arn=role.arn,
        session_name=name,
        policy=text,
        policy_arns=role.managed_policies,
        duration=role.duration,
        tags=tags,
        transitive_tags=role.transitive_tags,
        source_identity=source,
        external_id=role.external_id,
        # JSON keeps the parts apart: ("ab", "c") and ("a", "bc") never meet.
        key=hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
    )


def _source_identity(
    role: Role, claims: Mapping[str, str | tuple[str, ...]], actors: tuple[str, ...]
) -> str | None:
    """Who stands behind the session in CloudTrail, whatever it goes on to assume (IAM User Guide, "Monitor and control
    actions taken with assumed roles"). Where somebody acts for the user, they do too."""
    if role.source_identity is None:
        if actors:
            raise RequestInvalid("SourceIdentity", "is not set by the role, and the actor must stand in it")
        return None
    user = session_name.fill(role.source_identity, claims, parameter="SourceIdentity")
    return session_name.delegated(user, actors[0]) if actors else user


def _check_policy(role_arn: str, text: str, arns: tuple[str, ...]) -> None:
    limit = LIMITS["Policy"]
    if not text.strip():
        # AssumeRole without a Policy, or with an empty one, means the whole role.
        raise RequestInvalid(
            "Policy", f"of role {role_arn!r} is empty: without one, it would be the whole role's"
        )
    if not limit.form.fullmatch(text):
        raise RequestInvalid(
            "Policy", f"of role {role_arn!r} holds a character outside tab, LF, CR and U+0020 to U+00FF"
        )
    total = len(text) + sum(map(len, arns))
    if total > limit.most:
        raise PolicyTooLarge(
            f"the session policy of role {role_arn!r} has {total} characters, managed policy ARNs included: "
            f"STS takes {limit.most}; move what is the same for everybody into the role's own policy"
        )


def _check_values(tags: tuple[tuple[str, str], ...]) -> None:
    limit = LIMITS["Tags.Value"]
    for key, value in tags:
        if not limit.takes(value):
            raise RequestInvalid(
                "Tags",
                f"has a value of {len(value)} characters that STS does not take under {key!r}: expected at most "
                f"{limit.most} letters, digits, spaces and _ . : / = + - @",
            )


def _tag_value(key: str, claim: str, claims: Mapping[str, str | tuple[str, ...]]) -> str:
    value = claims.get(claim)
    if value is None:
        raise ClaimAbsent(
            f"the session tag {key!r} needs the claim {claim!r}, which the token does not carry: let the pool write "
            "it, or drop the tag from session_tags"
        )
    if not isinstance(value, str):
        raise RequestInvalid("Tags", f"has {key!r} from the list claim {claim!r}: a tag holds one value")
    return value


def _limited(text: str, limits: tuple[Limit, ...]) -> str:
    """The policy with these limits on every Allow."""
    document = json.loads(text)
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] != "Allow":
            continue
        for operator, key, value in limits:
            values = statement.setdefault("Condition", {}).setdefault(operator, {})
            if any(name.casefold() == key.casefold() for name in values):
                # Two values of one key are alternatives: the wider of them would win.
                raise PolicyInvalid(
                    f"a template limits `{key}` itself, where the session's own limit belongs: expected one of the two"
                )
            values[key] = value
    return json.dumps(document, separators=(",", ":"))
