"""The condition keys that a request has whatever its service, and the keys that nobody here can fill.

Source: IAM User Guide, "AWS global condition context keys". A laptop has no VPC, no organization and no other service
in between, so that the keys about those are absent, as they would be at AWS from there.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from authorizer.engine import Condition, Document
from authorizer.engine.check import OF_RESOURCES, supports
from authorizer.engine.evaluate import Variable, action_matches, parse_pattern
from authorizer.local_aws.sessions import Principal, Role

FILLED: Final = frozenset(
    {
        *(
            "aws:currenttime",
            "aws:epochtime",
            "aws:principalaccount",
            "aws:principalarn",
            "aws:principaltag/",
        ),
        *("aws:principaltype", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport"),
        *(
            "aws:sourceidentity",
            "aws:sourceip",
            "aws:tokenissuetime",
            "aws:useragent",
            "aws:userid",
            "aws:username",
            "aws:viaawsservice",
        ),
        *("aws:principalisawsservice", "aws:multifactorauthpresent"),
    }
)
"""Those that are filled where a request has them."""
ABSENT: Final = frozenset(
    {
        *(
            "aws:assumedroot",
            "aws:calledvia",
            "aws:calledviafirst",
            "aws:calledvialast",
            "aws:federatedprovider",
        ),
        *(
            "aws:multifactorauthage",
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:principalservicename",
        ),
        *("aws:principalservicenameslist", "aws:resourceorgid", "aws:resourceorgpaths", "aws:sourceaccount"),
        *("aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpcarn"),
        "aws:sourceowner",  # in a topic's default policy; SNS Developer Guide: services fill it, callers do not
        *("aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip"),
        *("aws:ec2instancesourcevpc", "aws:ec2instancesourceprivateipv4", "aws:chatbotsourcearn"),
    }
)
"""Those that no request from a laptop has."""


def common(
    principal: Principal, role: Role | None, *, region: str, address: str, agent: str | None, now: float
) -> dict[str, str | tuple[str, ...]]:
    """The global keys of one request.

    `aws:SecureTransport` is true: the door stands for an endpoint with TLS, and is reached on loopback alone.
    """
    keys: dict[str, str | tuple[str, ...]] = {
        "aws:CurrentTime": datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now)),
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalArn": principal.role_arn or principal.arn,
        "aws:PrincipalType": "AssumedRole" if principal.role_arn else "Account",
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": region,
        "aws:ResourceAccount": principal.account,
        "aws:SecureTransport": "true",
        "aws:SourceIp": address,
        "aws:userid": principal.user_id,
        "aws:ViaAWSService": "false",
    }
    if agent is not None:
        keys["aws:UserAgent"] = agent
    if principal.role_arn:
        keys["aws:MultiFactorAuthPresent"] = "false"
        keys["aws:TokenIssueTime"] = datetime.fromtimestamp(int(principal.issued), UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if principal.source_identity:
        keys["aws:SourceIdentity"] = principal.source_identity
    for name, value in principal_tags(principal, role).items():
        keys[f"aws:PrincipalTag/{name}"] = value
    return keys


def principal_tags(principal: Principal, role: Role | None) -> Mapping[str, str]:
    """The session's tags over the role's: one with the same name, in any case, takes its place."""
    mine = {name.lower() for name in principal.tags}
    below = {} if role is None else role.tags
    return {**{name: value for name, value in below.items() if name.lower() not in mine}, **principal.tags}


def unknown(documents: tuple[Document, ...], action: str, filled: frozenset[str]) -> str | None:
    """The first condition key on which the answer could depend and that the door does not fill for this action: absent
    here, at AWS perhaps not. None if there is none."""
    for document in documents:
        for key in _conditions(document, action):
            if not _known(key, action, filled):
                return key
    return None


@lru_cache(maxsize=4096)
def _conditions(document: Document, action: str) -> tuple[str, ...]:
    """The keys of the statements that are about the action, in lower case; those in variables as well."""
    return tuple(
        key
        for statement in document.statements
        if action_matches(statement, action)
        for key in (
            *(condition.key.lower() for condition in statement.conditions),
            *_variables(statement.resources, statement.not_resources, *map(_values, statement.conditions)),
        )
    )


def _values(condition: Condition) -> tuple[str, ...]:
    return condition.values


def _variables(*texts: tuple[str, ...]) -> Iterator[str]:
    for each in texts:
        for text in each:
            yield from (part.key for part in parse_pattern(text) if isinstance(part, Variable))


@lru_cache(maxsize=4096)
def _known(key: str, action: str, filled: frozenset[str]) -> bool:
    # A family has its members behind a slash; KMS's encryption contexts behind a second colon.
    family = f"{key.partition('/')[0]}/" if "/" in key else ":".join([*key.split(":", 2)[:2], ""])
    if not {key, family}.isdisjoint(FILLED | ABSENT | filled):
        return True
    # What the reference does not have for the action no request for it has at AWS either.
    return (not key.startswith("aws:") or family in OF_RESOURCES) and not supports(action, key)
