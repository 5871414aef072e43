"""The 27 condition operators, and what a value of each may look like.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from authorizer.engine.document.dates import is_plain_date

Kind = Literal["string", "numeric", "date", "bool", "binary", "ip", "arn", "null"]

OPERATORS: Mapping[str, Kind] = {
    "StringEquals": "string",
    "StringNotEquals": "string",
    "StringEqualsIgnoreCase": "string",
    "StringNotEqualsIgnoreCase": "string",
    "StringLike": "string",
    "StringNotLike": "string",
    "NumericEquals": "numeric",
    "NumericNotEquals": "numeric",
    "NumericLessThan": "numeric",
    "NumericLessThanEquals": "numeric",
    "NumericGreaterThan": "numeric",
    "NumericGreaterThanEquals": "numeric",
    "DateEquals": "date",
    "DateNotEquals": "date",
    "DateLessThan": "date",
    "DateLessThanEquals": "date",
    "DateGreaterThan": "date",
    "DateGreaterThanEquals": "date",
    "Bool": "bool",
    "BinaryEquals": "binary",
    "IpAddress": "ip",
    "NotIpAddress": "ip",
    "ArnEquals": "arn",
    "ArnLike": "arn",
    "ArnNotEquals": "arn",
    "ArnNotLike": "arn",
    "Null": "null",
}
TAKES_VARIABLES = frozenset({"string", "arn"})
"""Kinds whose values may hold policy variables, and so a claim (IAM User Guide, "Variables and tags")."""

_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """An operator taken apart."""

    name: str
    kind: Kind
    qualifier: Literal["ForAllValues", "ForAnyValue"] | None
    if_exists: bool

    @property
    def negated(self) -> bool:
        """Whether it holds when the values do not match, and so when the key is absent."""
        return "Not" in self.name

    @property
    def takes_wildcards(self) -> bool:
        """Whether `*` and `?` in its values stand for other text."""
        return self.kind == "arn" or self.name.endswith("Like")

    @property
    def folds_case(self) -> bool:
        """Whether upper and lower case are one to it."""
        return self.name.endswith("IgnoreCase")


def parse_operator(text: str) -> Operator | None:
    """`ForAllValues:StringLikeIfExists` taken apart; None for what is no operator."""
    match = _OPERATOR.fullmatch(text)
    if match is None or match[2] not in OPERATORS or (match[2] == "Null" and match[3]):
        return None
    qualifier: Literal["ForAllValues", "ForAnyValue"] | None = None
    if match[1] is not None:
        qualifier = "ForAllValues" if match[1] == "ForAllValues" else "ForAnyValue"
    return Operator(
        name=match[2], kind=OPERATORS[match[2]], qualifier=qualifier, if_exists=match[3] is not None
    )


_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_BASE64 = re.compile(r"(?!\Z)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def expected_value(kind: Kind, text: str) -> str | None:
    """What was expected where `text` is no unambiguous value for an operator of this kind; None where it is one."""
    fits, expected = _FORMS[kind]
    return None if fits(text) else expected


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


_FORMS: Mapping[Kind, tuple[Callable[[str], object], str]] = {
    "string": (lambda text: True, "text"),  # noqa: ARG005 - every text is a string
    "arn": (lambda text: text.count(":") >= 5, "an ARN of six fields"),
    "numeric": (_NUMBER.fullmatch, "a decimal number"),
    "date": (is_plain_date, "YYYY-MM-DDThh:mm:ssZ, or seconds since 1970"),
    "bool": ({"true", "false"}.__contains__, '"true" or "false"'),
    "null": ({"true", "false"}.__contains__, '"true" or "false"'),
    "binary": (_BASE64.fullmatch, "base64 text"),
    "ip": (_is_network, "an address, or a CIDR block without host bits"),
}
