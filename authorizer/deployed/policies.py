"""A policy document as a file has it → `Policy`: each statement by the engine's own reader, its principals beside it.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language", "Principal". What cannot be read is kept as a rule
with a problem: nobody may take it for a statement that says nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from authorizer.deployed.deployment import Policy, Principal, Rule
from authorizer.deployed.tree import place_of
from authorizer.engine import DocumentInvalid, DocumentRefused, Statement, parse_identity
from authorizer.syntax.json_text import JsonInvalid, parse_json

VERSION = "2012-10-17"
OLD_VERSIONS = ("2008-10-17", None)
"""In these `${…}` is plain text (IAM User Guide, "IAM JSON policy elements: Version")."""
KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_STATEMENT = re.compile(r'"Statement"\s*:')
_MEMBERS = {"Version", "Id", "Statement"}


def read_policy(document: object, place: str) -> Policy:
    """A document, as an object or as JSON text. Never raises: what is wrong with it is a problem of its rules."""
    if isinstance(document, str):
        try:
            document = parse_json(document)
        except JsonInvalid as invalid:
            return unreadable(place, f"the policy is {invalid}")
    if not isinstance(document, dict):
        return unreadable(place, "the policy is no object that could be read")
    place = place_of(document, place)
    unknown = sorted(map(str, document.keys() - _MEMBERS))
    statements = document.get("Statement")
    if unknown or not isinstance(statements, dict | list) or not statements:
        found = f"has {', '.join(unknown)}" if unknown else "has no Statement that could be read"
        return unreadable(place, f"the policy {found}")
    rows = statements if isinstance(statements, list) else [statements]
    return Policy(
        place=place,
        rules=tuple(_rule(row, document.get("Version"), place_of(row, place)) for row in rows),
    )


def has_statement(value: object) -> bool:
    """Whether a policy document stands anywhere in a value, as an object or as JSON text."""
    if isinstance(value, Mapping):
        return "Statement" in value or any(map(has_statement, value.values()))
    if isinstance(value, list):
        return any(map(has_statement, value))
    return isinstance(value, str) and bool(_STATEMENT.search(value))


def unreadable(place: str, why: str) -> Policy:
    """A policy of which nothing is known."""
    return Policy(place=place, rules=(Rule(place=place, statement=None, problem=why),))


def _rule(row: object, version: object, place: str) -> Rule:
    if not isinstance(row, dict):
        return Rule(place=place, statement=None, problem="the statement is no object that could be read")
    members = {key: value for key, value in row.items() if key not in ("Principal", "NotPrincipal")}
    if not {"Resource", "NotResource"} & members.keys():
        members["Resource"] = "*"  # of a policy on a resource: that resource, and of a trust policy the role
    for name in ("Resource", "NotResource"):
        if name in members:
            members[name] = _whole_arn(members[name])
    try:
        principals = tuple(
            principal
            for name in ("Principal", "NotPrincipal")
            if name in row
            for principal in _principals(row[name])
        )
        statement = _statement(members, version)
    except (DocumentInvalid, DocumentRefused, TypeError, ValueError) as error:
        return Rule(place=place, statement=None, problem=f"the statement could not be read: {error}")
    if "Principal" in row and "NotPrincipal" in row:
        return Rule(place=place, statement=None, problem="the statement has Principal and NotPrincipal")
    return Rule(
        place=place,
        statement=statement,
        principals=principals,
        not_principals="NotPrincipal" in row,
    )


def _whole_arn(resource: Any) -> Any:
    """An API's own policy may begin its resources with `execute-api:/`, for the API that it is on (API Gateway
    Developer Guide, "Access policy language overview for Amazon API Gateway")."""
    if isinstance(resource, list):
        return [_whole_arn(each) for each in resource]
    if isinstance(resource, str) and resource.startswith("execute-api:/"):
        return f"arn:*:execute-api:*:*:*{resource.removeprefix('execute-api:')}"
    return resource


def _statement(members: Mapping[str, Any], version: object) -> Statement:
    text = json.dumps({"Version": VERSION, "Statement": [members]})
    if version != VERSION:
        if version not in OLD_VERSIONS:
            raise ValueError(f"its Version is {version!r}, expected {VERSION!r}")
        if "${" in text:
            raise ValueError(
                f"it has policy variables, which its Version takes for plain text: write {VERSION!r}"
            )
    (statement,) = parse_identity(text).statements
    return statement


def _principals(value: object) -> Iterator[Principal]:
    if value == "*":
        yield Principal(kind="AWS", value="*")
        return
    if not isinstance(value, dict) or not value:
        raise ValueError("its principal is neither `*` nor an object of kinds")
    for kind, texts in value.items():
        if kind not in KINDS:
            raise ValueError(f"its principal is of the unknown kind {kind!r}")
        for text in texts if isinstance(texts, list) else [texts]:
            if not isinstance(text, str):
                raise ValueError("its principal is no text")  # noqa: TRY004 - one family, as the engine's
            yield Principal(kind=kind, value=text)
