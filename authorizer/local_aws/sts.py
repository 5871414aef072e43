"""The local STS: AssumeRole with all that AWS checks, GetCallerIdentity, and nothing else.

Sources: STS API Reference, "AssumeRole"; IAM User Guide, "Pass session tags in AWS STS", "Monitor and control actions
taken with assumed roles", "IAM and AWS STS quotas". Errors are STS's own, in its order: parameters, the session policy,
trust, durations.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from authorizer.local_aws import state
from authorizer.local_aws.needs import Call, Need, Service
from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.sessions import Principal, Role, new_keys
from authorizer.local_aws.sts_parameters import (
    DEFAULT,
    POLICY_CHARACTERS,
    check_parameters,
    session_policy,
    tags_of,
)

CHAINED: Final = 3600
"""Longest session, in seconds, that another session may ask for: role chaining."""

# ── what IAM is asked ────────────────────────────────────────────────────────────────────────────────────────────────


def _needs_to_assume(call: Call) -> list[Need]:
    """Assuming, and tagging and naming the source where the request does: each of them the trust policy must allow."""
    asked = call.parameters
    check_parameters(asked)
    role = state.role(asked["RoleArn"])
    tags = tags_of(asked)
    said = {name.lower() for name in tags}
    inherited = {
        name: value for name, value in _inherited(call.principal).items() if name.lower() not in said
    }
    keys: dict[str, str | tuple[str, ...]] = {
        "sts:RoleSessionName": asked["RoleSessionName"],
        "sts:DurationSeconds": str(asked.get("DurationSeconds", DEFAULT)),
    }
    keys |= {key: asked[name] for key, name in _KEYS.items() if name in asked}
    source = asked.get("SourceIdentity") or call.principal.source_identity
    if source is not None:
        keys["sts:SourceIdentity"] = source
    for name, value in {**inherited, **tags}.items():
        keys[f"aws:RequestTag/{name}"] = value
    if tags or inherited:
        keys["aws:TagKeys"] = (*inherited, *tags)
    if asked.get("TransitiveTagKeys"):
        keys["sts:TransitiveTagKeys"] = tuple(asked["TransitiveTagKeys"])
    for name, value in ({} if role is None else role.tags).items():
        keys[f"aws:ResourceTag/{name}"] = value
        keys[f"iam:ResourceTag/{name}"] = value
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] if tags or inherited else []
    actions += ["sts:SetSourceIdentity"] if source is not None else []
    # Nobody is told whether a role is not there or does not trust them.
    trust = _NOBODY if role is None else role.trust
    return [Need(action=action, resource=asked["RoleArn"], keys=keys, policy=trust) for action in actions]


_KEYS: Final = {"sts:ExternalId": "ExternalId"}
_NOBODY: Final = json.dumps({"Version": "2012-10-17", "Statement": []})

SERVICE = Service(
    operations={
        "AssumeRole": _needs_to_assume,
        # "No permissions are required to perform this operation", not even without a Deny.
        "GetCallerIdentity": lambda _: [],
    },
    keys=frozenset(
        {
            *("sts:rolesessionname", "sts:externalid", "sts:sourceidentity", "sts:transitivetagkeys"),
            "sts:durationseconds",
            *("aws:requesttag/", "aws:tagkeys", "aws:resourcetag/", "iam:resourcetag/"),
        }
    ),
    delegates=True,
)


# ── the session ──────────────────────────────────────────────────────────────────────────────────────────────────────


def assume(call: Call, now: float) -> tuple[Principal, Mapping[str, Any]]:
    """The session that a request which was allowed makes, and STS's answer. Raises `Refused` for a duration, and for a
    tag or a source identity that the caller's own session forbids."""
    asked, caller = call.parameters, call.principal
    role = state.role(asked["RoleArn"])
    if role is None:
        raise Refused("AccessDenied", "the role is gone", status=403)
    _check_chain(asked, caller, role)
    session = replace(
        plain_session(role, asked["RoleSessionName"], now, asked.get("DurationSeconds", DEFAULT)),
        session=session_policy(asked),
        tags={**_inherited(caller), **tags_of(asked)},
        transitive=caller.transitive | {each.lower() for each in asked.get("TransitiveTagKeys", ())},
        source_identity=asked.get("SourceIdentity") or caller.source_identity,
    )
    return session, _answer(asked, session)


def _inherited(caller: Principal) -> dict[str, str]:
    return {name: value for name, value in caller.tags.items() if name.lower() in caller.transitive}


def plain_session(role: Role, name: str, now: float, seconds: int = DEFAULT) -> Principal:
    """A session of a role without policies of its own: what a service of AWS, such as Lambda, runs with."""
    key, secret, token = new_keys()
    return Principal(
        access_key_id=key,
        secret_access_key=secret,
        session_token=token,
        account=role.account,
        partition=role.partition,
        arn=f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/{name}",
        user_id=f"{role.id}:{name}",
        role_arn=role.arn,
        role_id=role.id,
        issued=now,
        expires=int(now) + seconds,
    )


def _check_chain(asked: Mapping[str, Any], caller: Principal, role: Role) -> None:
    """Durations in STS's order, and what the calling session has fixed."""
    seconds = asked.get("DurationSeconds", DEFAULT)
    if seconds > role.max_duration:
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    if not caller.is_owner and seconds > CHAINED:
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if (
        caller.source_identity
        and asked.get("SourceIdentity", caller.source_identity) != caller.source_identity
    ):
        raise Refused("ValidationError", "The source identity is already set for this assume role session")
    if any(name.lower() in caller.transitive for name in tags_of(asked)):
        raise Refused(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session.",
        )


def _answer(asked: Mapping[str, Any], session: Principal) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": datetime.fromtimestamp(session.expires or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    size = sum(len(each.get("arn", "")) for each in asked.get("PolicyArns", ())) + len(
        asked.get("Policy", "")
    )
    size += sum(len(name) + len(value) for name, value in tags_of(asked).items())
    if size:
        # AWS's own packing is not public: characters of those that there may be are what can be said of it here.
        made["PackedPolicySize"] = min(100, math.ceil(100 * size / POLICY_CHARACTERS))
    if session.source_identity:
        made["SourceIdentity"] = session.source_identity
    return made


def identity(caller: Principal) -> Mapping[str, Any]:
    """What GetCallerIdentity says."""
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def written(operation: str, result: Mapping[str, Any]) -> bytes:
    """STS's XML around a result."""
    text = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{_xml(result)}</{operation}Result>"
        f"<ResponseMetadata><RequestId>door</RequestId></ResponseMetadata></{operation}Response>"
    )
    return text.encode()


def _xml(value: object) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(each)}</{name}>" for name, each in value.items())
    return escape(str(value))
