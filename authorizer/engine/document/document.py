"""Policy documents: JSON text → `Document` → canonical JSON text.

Two readers. `parse_identity` takes what IAM takes (role policies, boundaries). `parse_session` also applies
the stricter rules of `authorizer.engine.document.rules`. What IAM calls malformed is `DocumentInvalid`; what only the
stricter rules refuse is its child `DocumentRefused`, with the names of the rules.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Container, Mapping
from typing import Any

from authorizer.engine.document.dates import is_loose_date
from authorizer.engine.document.operators import parse_operator
from authorizer.engine.document.rules import broken_rules
from authorizer.engine.document.statement import Condition, Document, Effect, Problem, Statement
from authorizer.engine.language import PARTITIONS, DocumentInvalid, DocumentRefused, NothingAllowed
from authorizer.syntax.json_text import JsonInvalid, parse_json, strict_decoder

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

VERSION = "2012-10-17"
IAM_PATHS = (
    *("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/"),
    *("policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"),
)
"""What the resource of an ARN of service `iam` begins with (IAM's own error message names them)."""

_VENDOR = re.compile(r"[A-Za-z0-9.-]+")
_SESSION_ONLY = frozenset({"id", "condition-empty"})
"""Rules that the reader itself finds broken and that are no matter in a policy which IAM already took."""
_DOCUMENT_NAMES = frozenset({"Version", "Id", "Statement"})
_STATEMENT_NAMES = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})


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
    `authorizer.engine.template.template` to say.
    """
    reader = _Reader(fragment, holes)
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


class _Number(str):
    """A JSON number, as it was written: a value of a condition, and nothing else."""

    __slots__ = ()


class _Reader:
    """One reading of one text; collects every problem."""

    def __init__(self, fragment: bool, holes: Container[str]) -> None:
        self.problems: list[Problem] = []
        self._fragment = fragment
        self._holes = holes
        self._index: int | None = None

    def document(self, text: str) -> Document:
        try:
            tree = parse_json(text, strict_decoder(self._object, parse_int=_Number, parse_float=_Number))
        except JsonInvalid as invalid:
            self._problem(str(invalid))
            return Document(statements=())
        if not isinstance(tree, dict):
            self._problem("not a JSON object")
            return Document(statements=())
        for name in [name for name in tree if name not in _DOCUMENT_NAMES]:
            self._problem(f"unknown element {name!r}")
        if tree.get("Version") != VERSION:
            self._problem(f'`Version` must be "{VERSION}": older versions have no policy variables')
        if "Id" in tree:
            if type(tree["Id"]) is str:
                self._problem("`Id` is refused: it has no use in a session policy", rule="id")
            else:
                self._problem("`Id` is no text")
        statements = tree.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list) or not (statements or self._fragment):
            self._problem("`Statement` is missing, empty, or no list of statements")
            return Document(statements=())
        read: list[Statement] = []
        for self._index, statement in enumerate(statements):
            if isinstance(statement, dict):
                read.append(self._statement(statement))
            else:
                self._problem("not a JSON object")
        self._unique_sids(read)
        return Document(statements=tuple(read))

    def _problem(self, text: str, *, rule: str | None = None) -> None:
        self.problems.append(Problem(statement=self._index, text=text, rule=rule))

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Names twice in one object: `json` would keep the last and drop the other without a word."""
        members = dict(pairs)
        if len(members) != len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            self._problem(f"the same name twice in one object: {', '.join(map(repr, twice))}")
        return members

    def _unique_sids(self, statements: list[Statement]) -> None:
        seen: set[str | None] = set()
        for self._index, statement in enumerate(statements):
            if statement.sid and statement.sid in seen:
                self._problem(f"Sid {statement.sid!r} is not unique")
            seen.add(statement.sid)

    def _statement(self, tree: Mapping[str, Any]) -> Statement:
        for name in [name for name in tree if name not in _STATEMENT_NAMES]:
            said = (
                "has no principal: it is about the one who carries it"
                if "Principal" in name
                else "is unknown"
            )
            self._problem(f"element {name!r} {said}")
        sid = tree.get("Sid")
        if sid is not None and type(sid) is not str:
            self._problem("`Sid` is no text")
            sid = None
        effect: Effect = "Deny"
        if tree.get("Effect") in {"Allow", "Deny"}:
            effect = tree["Effect"]
        else:
            self._problem('`Effect` must be "Allow" or "Deny"')
        actions, not_actions = self._either(tree, "Action", "NotAction")
        resources, not_resources = self._either(tree, "Resource", "NotResource")
        for action in (*actions, *not_actions):
            self._action(action)
        for resource in (*resources, *not_resources):
            self._resource(resource)
        return Statement(
            sid=sid,
            effect=effect,
            actions=actions,
            not_actions=not_actions,
            resources=resources,
            not_resources=not_resources,
            conditions=self._conditions(tree.get("Condition", {})),
        )

    def _either(
        self, tree: Mapping[str, Any], name: str, negated: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if name in tree and negated in tree:
            self._problem(f"both `{name}` and `{negated}`")
        values, others = self._texts(tree, name), self._texts(tree, negated)
        if not values and not others:
            self._problem(f"no `{name}`")
        return values, others

    def _texts(self, tree: Mapping[str, Any], name: str) -> tuple[str, ...]:
        values = tree.get(name, [])
        if isinstance(values, str):
            values = [values]
        if not isinstance(values, list):
            self._problem(f"`{name}` is neither text nor a list of texts")
            return ()
        texts: list[str] = []
        for value in values:
            if type(value) is str:
                self._characters(value)
                texts.append(value)
            elif value is None and name in {"Resource", "NotResource"} and len(values) > 1:
                self._problem(f"`{name}` has `null`", rule="null-resource")
            else:
                self._problem(f"`{name}` has something that is no text")
        return tuple(texts)

    def _characters(self, text: str) -> None:
        for char in text:
            if not " " <= char <= "ÿ" and char not in self._holes:
                self._problem(f"{text!r} holds {char!r}: STS takes U+0020 to U+00FF", rule="character")
                return

    def _action(self, action: str) -> None:
        if action in {"*", "*:*"}:
            return
        vendor, *names = action.split(":")
        if len(names) != 1:
            self._problem(f"action {action!r} must be SERVICE:NAME, with one colon")
        elif not _VENDOR.fullmatch(vendor):
            self._problem(f"action {action!r} has no valid service: {vendor!r}")

    def _resource(self, resource: str) -> None:
        if resource == "*":
            return
        fields = resource.split(":", 5)
        if fields[0] != "arn":
            self._problem(f'resource {resource!r} is neither an ARN nor "*"')
        elif len(fields) < 3 or not fields[2] or re.search(r"[*?\s]", fields[2]):
            self._problem(f"resource {resource!r} names no service: wildcards are not allowed there")
        elif fields[1] not in {"*", *PARTITIONS}:
            self._problem(f"resource {resource!r} is in unknown partition {fields[1]!r}")
        elif len(fields) < 6:
            if "" in fields:
                self._problem(f"resource {resource!r} has too few fields: expected six")
        elif fields[2] == "iam" and fields[3]:
            self._problem(f"resource {resource!r} has a region, which `iam` has not")
        elif fields[2] == "iam" and not fields[5].startswith(("*", *IAM_PATHS)):
            self._problem(
                f"resource {resource!r} names nothing of `iam`: expected one of {' '.join(IAM_PATHS)}"
            )
        elif fields[2] == "s3" and fields[3].strip("*") and not fields[4]:
            self._problem(f"resource {resource!r} has a region, which a bucket's ARN has not")

    def _conditions(self, tree: object) -> tuple[Condition, ...]:
        if not isinstance(tree, dict):
            self._problem("`Condition` is no object")
            return ()
        conditions: list[Condition] = []
        for name, keys in tree.items():
            if not isinstance(keys, dict):
                self._problem(f"condition operator {name!r} has no object of keys")
                continue
            operator = parse_operator(name)
            if operator is None and keys:
                self._problem(f"unknown condition operator {name!r}")
                continue
            if not keys:
                self._problem(f"condition operator {name!r} has no key", rule="condition-empty")
            for key, values in keys.items():
                self._characters(key)
                texts = self._values(name, values)
                conditions.append(Condition(operator=name, key=key, values=texts))
                if operator is not None and operator.kind == "date":
                    for text in texts:
                        if not is_loose_date(text):
                            self._problem(f"`{name}` has value {text!r}, which is no date")
        return tuple(conditions)

    def _values(self, operator: str, values: object) -> tuple[str, ...]:
        texts: list[str] = []
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, bool):
                texts.append("true" if value else "false")
            elif isinstance(value, str):
                self._characters(value)
                texts.append(str(value))
            else:
                self._problem(
                    f"condition operator {operator!r} has a value that is no text, number or boolean"
                )
        return tuple(texts)
