"""Policy variables that have a value: what a request brings, written into the statements that ask for it.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from authorizer.engine.document import TAKES_VARIABLES, Condition, Statement
from authorizer.engine.evaluate import known_operator

_VARIABLE: Final = re.compile(r"\$\{(?P<key>[^{}$*?,'\"]+?)(?:,\s*'[^'{}$]*')?\}")


def variables_of(statements: Iterable[Statement]) -> Iterator[str]:
    """The keys, in lower case, of the variables in these statements."""
    for statement in statements:
        for text in (*statement.resources, *statement.not_resources):
            yield from map(_key, _VARIABLE.finditer(_halves(text)[1]))
        for condition in filter(_takes_variables, statement.conditions):
            for value in condition.values:
                yield from map(_key, _VARIABLE.finditer(value))


def with_values(statement: Statement, values: Mapping[str, str]) -> Statement:
    """The statement for requests in which these keys, in lower case, have these values. A value stands as it is given:
    escaping a literal is for the caller."""

    def filled(text: str) -> str:
        return _VARIABLE.sub(lambda variable: values.get(_key(variable), variable[0]), text)

    def resource(text: str) -> str:
        head, rest = _halves(text)
        return head + filled(rest)

    return replace(
        statement,
        resources=tuple(map(resource, statement.resources)),
        not_resources=tuple(map(resource, statement.not_resources)),
        conditions=tuple(
            replace(each, values=tuple(map(filled, each.values))) if _takes_variables(each) else each
            for each in statement.conditions
        ),
    )


def _key(variable: re.Match[str]) -> str:
    return variable["key"].strip().lower()


def _halves(resource: str) -> tuple[str, str]:
    """A resource up to its fifth colon, where nothing is a variable, and what follows."""
    *head, rest = resource.split(":", 5)
    return (":".join((*head, "")), rest) if len(head) == 5 else (resource, "")


def _takes_variables(condition: Condition) -> bool:
    return known_operator(condition.operator).kind in TAKES_VARIABLES
