"""Session tags that are claims: `${aws:PrincipalTag/tenant}` becomes the claim that every session has as this tag.

Sources: IAM User Guide, "IAM policy elements: Variables and tags", and "Pass session tags in AWS STS".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from authorizer.engine.document import Condition, Statement, parse_operator

_VARIABLE: Final = re.compile(r"\$\{(?P<key>[^{}$*?,'\"]+?)(?:,\s*'[^'{}$]*')?\}")


def with_tags(statement: Statement, holes: Mapping[str, str]) -> Statement:
    """The statement with a placeholder for each variable that stands for a tag, and without the conditions that only
    say that a tag is what it is. `holes`: condition key in lower case → placeholder."""

    def filled(text: str) -> str:
        return _VARIABLE.sub(lambda found: holes.get(found["key"].strip().lower(), found[0]), text)

    return replace(
        statement,
        resources=tuple(_behind_the_head(text, filled) for text in statement.resources),
        not_resources=tuple(_behind_the_head(text, filled) for text in statement.not_resources),
        conditions=tuple(
            each
            for condition in statement.conditions
            if not _says_nothing(
                each := replace(condition, values=tuple(map(filled, condition.values))), holes
            )
        ),
    )


def _behind_the_head(resource: str, filled: Callable[[str], str]) -> str:
    """Before the fifth colon of an ARN nothing is a variable."""
    fields = resource.split(":", 5)
    return resource if len(fields) < 6 else ":".join((*fields[:5], filled(fields[5])))


def _says_nothing(condition: Condition, holes: Mapping[str, str]) -> bool:
    operator = parse_operator(condition.operator)
    return (
        operator is not None
        and operator.kind == "string"
        and not operator.negated
        and holes.get(condition.key.lower()) in condition.values
    )
