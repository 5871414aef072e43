"""Where a claim's value may stand in a document, judged on symbolic text: values are placeholder characters."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from authorizer.engine.document import TAKES_VARIABLES, Document, Problem, Statement, examine, parse_operator
from authorizer.engine.language import FIRST, PATTERN, is_placeholder

_HOLE_IN_VARIABLE = re.compile(r"\$\{[^}]*" + PATTERN)
_HIGH_ESCAPE = re.compile(r"\\u(?!00)")


def examine_symbolic(text: str) -> tuple[Document, list[Problem]]:
    """The document of one template's symbolic text, and all that is wrong with it. Its statements may be
    none: several templates are joined into one policy."""
    if _HIGH_ESCAPE.search(text):  # such an escape could spell a placeholder
        said = r"an escape \u… beyond U+00FF: STS takes only U+0020 to U+00FF"
        return Document(statements=()), [Problem(statement=None, text=said, rule=None)]
    document, problems = examine(text, session=True, fragment=True, holes=_Placeholders())
    return document, list(_misplaced(document)) or problems


class _Placeholders:
    """The set of all placeholder characters."""

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and char >= chr(FIRST)


def _has_hole(text: str) -> bool:
    return not text.isascii() and is_placeholder(max(text))


def _has_dollar_hole(text: str) -> bool:
    """`${{ tenant }}`: with a value in braces it would be a policy variable of the caller's choice."""
    return any(before == "$" and is_placeholder(char) for before, char in pairwise(text))


def _has_hole_in_variable(text: str) -> bool:
    """`${aws:PrincipalTag/x, '{{ tenant }}'}`: a quote in the value would end the default; no escape is read there."""
    return _HOLE_IN_VARIABLE.search(text) is not None


def _misplaced(document: Document) -> Iterator[Problem]:
    """Holes where IAM resolves no variable: escapes would not be read as such there, and a value could reach further
    than itself. (Elsewhere than in resources and conditions the stricter rules have refused them already.)"""
    for index, statement in enumerate(document.statements):
        for place, text in _plain(statement):
            if _has_hole(text):
                yield Problem(statement=index, text=f"{place}: IAM resolves no variable there", rule=None)
        values = [value for condition in statement.conditions for value in condition.values]
        texts = (*statement.resources, *statement.not_resources, *values)
        if any(map(_has_dollar_hole, texts)):
            yield Problem(
                statement=index, text="a claim right behind `$`: write `${$}` for a dollar", rule=None
            )
        if any(map(_has_hole_in_variable, texts)):
            yield Problem(statement=index, text="a claim inside a policy variable `${…}`", rule=None)


TYPED: Final[Mapping[str, str]] = MappingProxyType({"numeric": "integer", "ip": "ip", "bool": "boolean"})
"""Kind of operator → the claim type whose values are its values, to the letter: nothing in them would have to be
escaped, and no other type's would be understood."""


def mistyped(document: Document, type_of: Callable[[str], str]) -> Iterator[Problem]:
    """Claims that are the value of a condition of another type than theirs. `type_of` says a placeholder's."""
    for index, statement in enumerate(document.statements):
        for condition in statement.conditions:
            operator = parse_operator(condition.operator)
            wanted = TYPED.get(operator.kind) if operator is not None else None
            for value in condition.values if wanted is not None else ():
                if _has_hole(value) and type_of(value) != wanted:
                    said = f"a claim of type `{type_of(value)}` in a value of `{condition.operator}`"
                    yield Problem(statement=index, text=f"{said}: expected one of type `{wanted}`", rule=None)


def _plain(statement: Statement) -> Iterator[tuple[str, str]]:
    """Every text that takes no claim, with words for a claim in it."""
    yield "a claim in `Sid`", statement.sid or ""
    for action in (*statement.actions, *statement.not_actions):
        yield "a claim in an action", action
    for resource in (*statement.resources, *statement.not_resources):
        for field in resource.split(":", 5)[:5]:
            yield "a claim in a resource before its fifth colon", field
    for condition in statement.conditions:
        yield "a claim in a condition key", condition.key
        operator = parse_operator(condition.operator)
        if operator is None or operator.kind not in TAKES_VARIABLES:
            typed = operator is not None and operator.kind in TYPED
            for value in condition.values:
                if not (typed and len(value) == 1):
                    yield f"a claim in a value of `{condition.operator}`", value
