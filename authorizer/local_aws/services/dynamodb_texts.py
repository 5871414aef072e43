"""DynamoDB's texts: names of tables in one form, the values of partitions, the attributes that expressions name."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from authorizer.local_aws.needs import Call
from authorizer.local_aws.refusals import Refused

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_OLDER: Final = (
    *("KeyConditions", "QueryFilter", "ScanFilter", "AttributesToGet", "AttributeUpdates", "Expected"),
    "ConditionalOperator",
)
_EXPRESSIONS: Final = (
    *(
        "KeyConditionExpression",
        "FilterExpression",
        "ProjectionExpression",
        "ConditionExpression",
        "UpdateExpression",
    ),
)
_WORD: Final = re.compile(r"(?P<before>[.:]?)(?P<name>#?[A-Za-z0-9_]+)(?P<call>\s*\()?")
_LETTERS: Final = re.compile(r"[A-Za-z0-9_#:.,\[\]()=<>+\-\s]*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,38}(\.[0-9]{1,38})?([eE][+-]?[0-9]{1,2})?")
_KEYWORDS: Final = frozenset({"and", "or", "not", "between", "in", "set", "remove", "add", "delete"})


def normal(call: Call) -> dict[str, Any]:
    """Tables by their names alone, and nothing of 2011. Raises `Refused`."""
    return _renamed(call, call.parameters)


def _renamed(call: Call, value: Mapping[str, Any]) -> dict[str, Any]:
    if older := [name for name in _OLDER if name in value]:
        raise Refused("ValidationException", f"the door translates expressions, and not {', '.join(older)}")
    if "ReplicaUpdates" in value:
        raise Refused("ValidationException", "the door judges one Region, and no replicas")
    made = dict(value)
    if isinstance(made.get("TableName"), str):
        made["TableName"] = _name(call, made["TableName"])
    if isinstance(made.get("RequestItems"), dict):
        named = [(_name(call, name), about) for name, about in made["RequestItems"].items()]
        if len(dict(named)) != len(named):
            raise Refused("ValidationException", "a table is named twice")
        made["RequestItems"] = {
            name: {**about, **_no_older(about)} if isinstance(about, dict) else about for name, about in named
        }
    if isinstance(made.get("TransactItems"), list):
        made["TransactItems"] = [
            {kind: _renamed(call, about) for kind, about in item.items()} for item in made["TransactItems"]
        ]
    return made


def _no_older(about: Mapping[str, Any]) -> dict[str, Any]:
    if older := [name for name in _OLDER if name in about]:
        raise Refused("ValidationException", f"the door translates expressions, and not {', '.join(older)}")
    return {}


def _name(call: Call, text: str) -> str:
    prefix = call.arn("dynamodb", "table/")
    name = call.own(text, "dynamodb").removeprefix(prefix) if text.startswith("arn:") else text
    if not _NAME.fullmatch(name):
        raise Refused("ValidationException", "a table's name is 3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`")
    return name


def partition(value: object) -> str:
    """A partition's key as `dynamodb:LeadingKeys` has it. Raises `Refused` for a value that is read in two ways."""
    kind, text = next(iter(value.items())) if isinstance(value, Mapping) and len(value) == 1 else ("", None)
    if kind in ("S", "B") and isinstance(text, str):
        return text
    if kind == "N" and isinstance(text, str) and _NUMBER.fullmatch(text):
        return format(Decimal(text).normalize(), "f")
    raise Refused("ValidationException", "the partition key is not one value of type S, N or B")


def attributes(inputs: list[Mapping[str, Any]]) -> Iterator[str]:
    """The top-level attributes that expressions name; rather one too many than one too few. Raises `Refused`."""
    for about in inputs:
        names = about.get("ExpressionAttributeNames", {})
        for expression in (about[name] for name in _EXPRESSIONS if name in about):
            if not _LETTERS.fullmatch(expression):
                raise Refused("ValidationException", "an expression has a character that no expression has")
            for word in _WORD.finditer(expression):
                name = word["name"]
                if word["before"] or word["call"] or name.isdigit() or name.lower() in _KEYWORDS:
                    continue
                if name.startswith("#"):
                    if name not in names:
                        raise Refused(
                            "ValidationException", f"an expression names {name}, which is not defined"
                        )
                    name = names[name]
                yield name
