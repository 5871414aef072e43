"""Session tags that are claims: `${aws:PrincipalTag/tenant}` where every session has the tag, and its value is a claim.

A session that is made with a tag has it, and no other value of it (IAM User Guide, "Pass session tags in AWS STS": they
take precedence over the role's own tags of the same key).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from authorizer.engine.document import Condition, Statement
from authorizer.engine.evaluate import judge, known_operator
from authorizer.engine.language import ClaimType, ClaimValue, Placeholders
from authorizer.engine.prove.variables import variables_of, with_values

Tags: TypeAlias = Mapping[str, str]
"""Condition key, `aws:PrincipalTag/tenant` → the claim that is its value."""


class Claims(Protocol):
    """Templates, as far as they know what claims there are."""

    @property
    def claims(self) -> Mapping[str, ClaimType]: ...


def tagged(statements: Sequence[Statement], tags: Tags, templates: Claims) -> tuple[Statement, ...]:
    """The statements with claims in place of the variables that stand for tags, and without the conditions that only
    say that a tag is what it is."""
    codes = Placeholders(templates.claims).codes
    holes = {key.lower(): chr(codes[claim]) for key, claim in tags.items()}
    return tuple(_without_its_own(with_values(each, holes), holes) for each in statements)


def _without_its_own(statement: Statement, holes: Mapping[str, str]) -> Statement:
    kept = tuple(each for each in statement.conditions if not _is_its_own(each, holes))
    return replace(statement, conditions=kept)


def _is_its_own(condition: Condition, holes: Mapping[str, str]) -> bool:
    operator = known_operator(condition.operator)
    return (
        operator.kind == "string"
        and not operator.negated
        and holes.get(condition.key.lower()) in condition.values
    )


def asked_for(statements: Sequence[Statement], tags: Tags) -> Tags:
    """Those of the tags that the statements ask about."""
    keys = {*variables_of(statements), *(each.key.lower() for one in statements for each in one.conditions)}
    return {key: claim for key, claim in tags.items() if key.lower() in keys}


def with_tags(statement: Statement, tags: Mapping[str, str]) -> Statement | None:
    """The statement without its conditions on these tags, each with its value; None where one of them is not fulfilled.

    `values`: condition key → text."""
    values = {key.lower(): value for key, value in tags.items()}
    left = []
    for condition in statement.conditions:
        value = values.get(condition.key.lower())
        if value is None:
            left.append(condition)
        elif judge(condition.operator, condition.values, (value,), values.get) is not True:
            return None
    return replace(statement, conditions=tuple(left))


def values_of(tags: Tags, claims: Mapping[str, ClaimValue]) -> dict[str, str]:
    """The tags of a session of a user with these claims: condition key → text."""
    return {key: str(claims[claim]) for key, claim in tags.items()}
