"""Policy documents: JSON text → `Document` → canonical JSON text.

Two readers. `parse_identity` takes what IAM takes (role policies, boundaries). `parse_session` also applies
the stricter rules of `authorizer.engine.document.rules`. What IAM calls malformed is `DocumentInvalid`; what only the
stricter rules refuse is its child `DocumentRefused`, with the names of the rules.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from collections.abc import Container

from authorizer.engine.document.reader import Reader
from authorizer.engine.document.rules import broken_rules
from authorizer.engine.document.statement import VERSION, Condition, Document, Problem, Statement
from authorizer.engine.language import DocumentInvalid, DocumentRefused, NothingAllowed

__all__ = [
    "Condition",
    "Document",
    "Problem",
    "Statement",
    "dump",
    "examine",
    "parse_identity",
    "parse_session",
]

_SESSION_ONLY = frozenset({"id", "condition-empty"})
"""Rules that the reader itself finds broken and that are no matter in a policy which IAM already took."""


def parse_identity(text: str) -> Document:
    """A policy as IAM takes it. Raises `DocumentInvalid`, or `DocumentRefused` for the little that IAM takes
    and that has no meaning here (`null` as a resource)."""
    document, problems = examine(text)
    _raise(problems)
    return document


def parse_session(text: str) -> Document:
    """A session policy of this engine. Raises `DocumentInvalid`, `DocumentRefused`, or `NothingAllowed`."""
    document, problems = examine(text, session=True)
    _raise(problems)
    if not any(statement.effect == "Allow" for statement in document.statements):
        raise NothingAllowed
    return document


def dump(document: Document) -> str:
    """Canonical JSON: minified, lists of one collapsed, elements in the order of the grammar, the author's
    order of statements, actions, resources and conditions."""
    statements: list[dict[str, object]] = []
    for statement in document.statements:
        members: dict[str, object] = {"Sid": statement.sid} if statement.sid is not None else {}
        members["Effect"] = statement.effect
        for name, values in (
            ("Action", statement.actions),
            ("NotAction", statement.not_actions),
            ("Resource", statement.resources),
            ("NotResource", statement.not_resources),
        ):
            if values:
                members[name] = _collapse(values)
        if statement.conditions:
            block: dict[str, dict[str, object]] = {}
            for condition in statement.conditions:
                block.setdefault(condition.operator, {})[condition.key] = _collapse(condition.values)
            members["Condition"] = block
        statements.append(members)
    return json.dumps(
        {"Version": VERSION, "Statement": statements if len(statements) != 1 else statements[0]},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def examine(
    text: str, *, session: bool = False, fragment: bool = False, holes: Container[str] = frozenset()
) -> tuple[Document, list[Problem]]:
    """The document and all that is wrong with it; with syntax problems the document holds what could be read.

    A `fragment`, one of several templates to be joined, may have an empty list of statements. `holes` are
    characters that stand for values to come: they alone may lie beyond U+00FF. Where they may stand is for
    `authorizer.engine.template.holes` to say.
    """
    reader = Reader(fragment, holes)
    document = reader.document(text)
    problems = reader.problems
    if session and not any(problem.rule is None for problem in problems):
        problems += broken_rules(document)
    elif not session:
        problems = [problem for problem in problems if problem.rule not in _SESSION_ONLY]
    return document, problems


def _raise(problems: list[Problem]) -> None:
    syntax = [problem.describe() for problem in problems if problem.rule is None]
    if syntax:
        raise DocumentInvalid(syntax)
    if problems:
        raise DocumentRefused(
            [problem.describe() for problem in problems],
            [problem.rule for problem in problems if problem.rule],
        )


def _collapse(values: tuple[str, ...]) -> object:
    return values[0] if len(values) == 1 else list(values)
