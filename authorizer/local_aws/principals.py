"""Whom a policy with a `Principal` means: those of its statements that are about one caller, by how they name it.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "Identity-based policies and resource-based policies".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from authorizer.engine import Document, EngineError, parse_identity
from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.sessions import Principal
from authorizer.syntax.json_text import JsonInvalid, parse_json

Reach: TypeAlias = Literal["session", "role", "account"]
"""How a statement names the caller: its session (or everybody), which no session policy limits; its role, which the
session's policies and boundary limit; its account, which hands the question to the role's own policies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A resource's policy as one caller sees it: the statements about them, without `Principal`."""

    by: Mapping[Reach, Document] = field(repr=False)

    def document(self, reach: Reach) -> tuple[Document, ...]:
        """None, or one document of the statements that reach them so."""
        found = self.by.get(reach)
        return () if found is None else (found,)


def meant(policy: str | None, principal: Principal, *, what: str) -> Meant:
    """The statements of `policy` that are about `principal`. Raises `Refused` where they cannot be read; `what` says
    whose policy it is."""
    if policy is None:
        return Meant(by={})
    kept: dict[Reach, list[Mapping[str, Any]]] = {}
    try:
        for statement in _statements(policy):
            if (reach := _reach(statement, principal)) is not None:
                kept.setdefault(reach, []).append(statement)
        return Meant(
            by={reach: _document(tuple(map(_without_principal, each))) for reach, each in kept.items()}
        )
    except (EngineError, JsonInvalid, ValueError) as error:
        raise Refused("MalformedPolicy", f"{what} cannot be judged: {error}", status=403) from None


@lru_cache(maxsize=1024)
def _statements(policy: str) -> tuple[Mapping[str, Any], ...]:
    tree = parse_json(policy)
    statements = tree.get("Statement") if isinstance(tree, dict) else None
    found = [statements] if isinstance(statements, dict) else statements
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("it has no statements")
    if tree.get("Version") != "2012-10-17" and "${" in policy:
        raise ValueError("it has variables, which only policies of Version 2012-10-17 have")
    return tuple(found)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Document:
    return parse_identity(text)


def _document(statements: tuple[str, ...]) -> Document:
    return _parsed(f'{{"Version":"2012-10-17","Statement":[{",".join(statements)}]}}')


def _without_principal(statement: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in statement.items() if name not in ("Principal", "NotPrincipal")}
    if "Resource" not in kept and "NotResource" not in kept:
        kept["Resource"] = "*"  # a trust policy is about the role that it is on
    return json.dumps(kept)


def _reach(statement: Mapping[str, Any], principal: Principal) -> Reach | None:
    """How the statement names the caller; None if it does not. A Deny reaches whoever it names in any way."""
    if "NotPrincipal" in statement:
        if statement.get("Effect") == "Deny":
            named = any(_names(each, principal) for each in _listed(statement["NotPrincipal"]))
            return None if named else "session"
        raise ValueError("NotPrincipal with Allow opens it to the world")
    if "Principal" not in statement:
        raise ValueError("a statement has no Principal")
    found = {_names(each, principal) for each in _listed(statement["Principal"])}
    return next((reach for reach in _WIDEST if reach in found), None)


_WIDEST: Sequence[Reach] = ("session", "role", "account")


def _listed(principals: object) -> Iterator[str]:
    """The texts of AWS principals; others (services, federations) are never a caller here."""
    if principals == "*":
        yield "*"
    elif isinstance(principals, dict):
        of_aws = principals.get("AWS", [])
        yield from (of_aws,) if isinstance(of_aws, str) else of_aws
    else:
        raise ValueError("Principal is neither `*` nor an object")


def _names(text: str, principal: Principal) -> Reach | None:
    root = f"arn:{principal.partition}:iam::{principal.account}:root"
    ways: Mapping[str, Reach] = {
        "*": "session",
        principal.account: "account",
        root: "account",
        **({principal.role_arn: "role"} if principal.role_arn else {}),
        principal.arn: "session" if principal.role_arn else "account",
    }
    return ways.get(text)
