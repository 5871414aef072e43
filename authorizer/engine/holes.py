"""Where a claim's value may stand in a document, judged on symbolic text: values are placeholder
characters."""

import re
from collections.abc import Iterator
from itertools import pairwise

from authorizer.engine.document import Document, Problem, examine
from authorizer.engine.operators import TAKES_VARIABLES, parse_operator
from authorizer.engine.program import FIRST_PLACEHOLDER

_HIGH_ESCAPE = re.compile(r"\\u(?!00)", re.IGNORECASE)


def examine_symbolic(text: str) -> tuple[Document, list[Problem]]:
    """The document of one template's symbolic text, and all that is wrong with it. Its statements may be
    none: several templates are joined into one policy."""
    if _HIGH_ESCAPE.search(text):  # such an escape could spell a placeholder
        said = r"an escape \u… beyond U+00FF: STS takes only U+0020 to U+00FF"
        return Document(statements=()), [Problem(statement=None, text=said, rule=None)]
    document, problems = examine(text, session=True, fragment=True, holes=_Placeholders())
    return document, problems or list(_misplaced(document))


class _Placeholders:
    """The set of all placeholder characters."""

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and char >= chr(FIRST_PLACEHOLDER)


def _has_hole(text: str) -> bool:
    return not text.isascii() and max(text) > "ÿ"


def _has_dollar_hole(text: str) -> bool:
    """`${{ tenant }}`: with a value in braces it would be a policy variable of the caller's choice."""
    return any(before == "$" and char > "ÿ" for before, char in pairwise(text))


def _misplaced(document: Document) -> Iterator[Problem]:
    """Holes where IAM resolves no variable: escapes would not be read as such there, and a value could reach
    further than itself. (Elsewhere than in resources and conditions the stricter rules have refused them
    already.)"""
    for index, statement in enumerate(document.statements):
        plain = [statement.sid or "", *statement.actions]
        for resource in statement.resources:
            plain += resource.split(":", 5)[:5]
        for condition in statement.conditions:
            plain += [condition.operator, condition.key]
            operator = parse_operator(condition.operator)
            if operator is None or operator.kind not in TAKES_VARIABLES:
                plain += condition.values
        if any(map(_has_hole, plain)):
            text = (
                "a claim where IAM resolves no variable: it may stand in a resource after its fifth colon, "
                "and in values of String and Arn operators"
            )
            yield Problem(statement=index, text=text, rule=None)
        values = [value for condition in statement.conditions for value in condition.values]
        if any(map(_has_dollar_hole, (*statement.resources, *values))):
            yield Problem(
                statement=index, text="a claim right behind `$`: write `${$}` for a dollar", rule=None
            )
