"""AssumeRole's parameters: what STS takes, and its own words for what it does not.

Sources: STS API Reference, "AssumeRole" and the model of botocore; IAM User Guide, "Pass session tags in AWS STS", "IAM
and AWS STS quotas".
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.engine import Document, EngineError, parse_identity
from authorizer.local_aws import state
from authorizer.local_aws.refusals import Refused

POLICY_CHARACTERS: Final = 2048
"""Of the inline policy and the ARNs of managed ones together."""
DEFAULT: Final = 3600
"""Seconds of a session that asks for none in particular."""
MAX_TAGS: Final = 50

_PATTERNS: Final[Mapping[str, tuple[str, re.Pattern[str], int, int]]] = {
    # Parameter → its name in messages, its pattern, its least and most characters (the model of botocore).
    "RoleArn": ("roleArn", re.compile(r"[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd]+"), 20, 2048),
    "RoleSessionName": ("roleSessionName", re.compile(r"[\w+=,.@-]*", re.ASCII), 2, 64),
    "Policy": ("policy", re.compile(r"[\t\n\r\x20-\xff]+"), 1, POLICY_CHARACTERS),
    "ExternalId": ("externalId", re.compile(r"[\w+=,.@:/-]*", re.ASCII), 2, 1224),
    "SourceIdentity": ("sourceIdentity", re.compile(r"[\w+=,.@-]*", re.ASCII), 2, 64),
}
_TAG_KEY: Final = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_TAG_VALUE: Final = re.compile(r"[\w\s.:/=+\-@]{0,256}")
_UNKNOWN: Final = ("SerialNumber", "TokenCode", "ProvidedContexts", "MinimumSessionTokenSize")


def check_parameters(asked: Mapping[str, Any]) -> None:
    """Whether AssumeRole's parameters are such as STS takes. Raises `Refused` with all that break a constraint."""
    broken = []
    for name, (shown, pattern, least, most) in _PATTERNS.items():
        value = asked.get(name)
        if value is None:
            continue
        if len(value) > most:
            broken.append(_broken(value, shown, f"Member must have length less than or equal to {most}"))
        if len(value) < least:
            broken.append(_broken(value, shown, f"Member must have length greater than or equal to {least}"))
        if not pattern.fullmatch(value):
            broken.append(
                _broken(value, shown, f"Member must satisfy regular expression pattern: {pattern.pattern}")
            )
    seconds = asked.get("DurationSeconds", DEFAULT)
    if seconds > 43200:
        broken.append(
            _broken(seconds, "durationSeconds", "Member must have value less than or equal to 43200")
        )
    if seconds < 900:
        broken.append(
            _broken(seconds, "durationSeconds", "Member must have value greater than or equal to 900")
        )
    arns = [each.get("arn", "") for each in asked.get("PolicyArns", ())]
    if len(asked.get("Policy", "")) <= POLICY_CHARACTERS < len(asked.get("Policy", "")) + sum(map(len, arns)):
        broken.append(
            _broken("", "policy", f"Member must have length less than or equal to {POLICY_CHARACTERS}")
        )
    broken += _broken_tags(asked)
    if broken:
        count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
        raise Refused("ValidationError", count + "; ".join(broken))
    if unknown := [name for name in _UNKNOWN if name in asked]:
        raise Refused("ValidationError", f"the local STS knows nothing of {', '.join(unknown)}")
    _check_tags(asked)
    session_policy(asked)


def _broken(value: object, name: str, constraint: str) -> str:
    return f"Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"


def _broken_tags(asked: Mapping[str, Any]) -> list[str]:
    broken = []
    if len(asked.get("Tags", ())) > MAX_TAGS:
        broken.append(_broken("", "tags", f"Member must have length less than or equal to {MAX_TAGS}"))
    for number, tag in enumerate(asked.get("Tags", ()), start=1):
        for part, pattern in (("Key", _TAG_KEY), ("Value", _TAG_VALUE)):
            if not pattern.fullmatch(tag.get(part, "")):
                must = f"Member must satisfy regular expression pattern: {pattern.pattern}"
                broken.append(_broken(tag.get(part, ""), f"tags.{number}.member.{part.lower()}", must))
    return broken


def _check_tags(asked: Mapping[str, Any]) -> None:
    names = [tag["Key"].lower() for tag in asked.get("Tags", ())]
    if len(set(names)) < len(names):
        raise Refused(
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    if any(name.startswith("aws:") for name in (*names, str(asked.get("SourceIdentity", "")).lower())):
        raise Refused(
            "ValidationError", "Keys of session tags and source identities must not begin with aws:"
        )
    if strangers := [name for name in asked.get("TransitiveTagKeys", ()) if name.lower() not in names]:
        raise Refused(
            "InvalidParameterValue",
            f"The specified transitive tag key must be included in the requested tags: {', '.join(strangers)}",
        )


def tags_of(asked: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in asked.get("Tags", ())}


def session_policy(asked: Mapping[str, Any]) -> Document | None:
    """The session policies, inline and managed ones joined: a session may do what any of them allows. None: the
    request has none. Raises `Refused`."""
    documents = []
    if (text := asked.get("Policy")) is not None:
        try:
            documents.append(parse_identity(text))
        except EngineError as error:
            raise Refused("MalformedPolicyDocument", f"Syntax errors in policy: {error}") from None
    for each in asked.get("PolicyArns", ()):
        fields = asked["RoleArn"].split(":", 5)
        arn = each.get("arn", "")
        found = state.managed_policy(arn, fields[4], fields[1])
        if found is None:
            raise Refused("MalformedPolicyDocument", f"The policy {arn} does not exist or is not attachable.")
        documents.append(found)
    return (
        Document(statements=tuple(one for each in documents for one in each.statements))
        if documents
        else None
    )
