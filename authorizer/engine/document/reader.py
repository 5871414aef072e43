"""Reading one text as a policy document by IAM's grammar: what it says, and every problem of it.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
from collections.abc import Container, Mapping
from difflib import get_close_matches
from typing import Any

from authorizer.engine.document.dates import is_loose_date
from authorizer.engine.document.names import wrong_with_action, wrong_with_resource
from authorizer.engine.document.operators import parse_operator
from authorizer.engine.document.statement import VERSION, Condition, Document, Effect, Problem, Statement
from authorizer.syntax.json_text import JsonInvalid, parse_json, strict_decoder

_DOCUMENT_NAMES = ("Version", "Id", "Statement")
_STATEMENT_NAMES = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")


class _Number(str):
    """A JSON number, as it was written: a value of a condition, and nothing else."""

    __slots__ = ()


def _kind(value: object) -> str:
    """What a JSON value is, in words: the value itself may be of any size."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, _Number):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "an object"


def _kind_of(tree: Mapping[str, object], name: str) -> str:
    return _kind(tree[name]) if name in tree else "missing"


class Reader:
    """One reading of one text; collects every problem."""

    def __init__(self, fragment: bool, holes: Container[str]) -> None:
        self.problems: list[Problem] = []
        self._fragment = fragment
        self._holes = holes
        self._index: int | None = None

    def document(self, text: str) -> Document:
        """What could be read of the text; what could not is among `problems`."""
        try:
            tree = parse_json(text, strict_decoder(self._object, parse_int=_Number, parse_float=_Number))
        except JsonInvalid as invalid:
            self._problem(str(invalid))
            return Document(statements=())
        if not isinstance(tree, dict):
            self._problem(f"not a JSON object, but {_kind(tree)}")
            return Document(statements=())
        for name in [name for name in tree if name not in _DOCUMENT_NAMES]:
            self._problem(f"unknown element {name!r}: expected {', '.join(_DOCUMENT_NAMES)}")
        if tree.get("Version") != VERSION:
            found = repr(tree["Version"]) if type(tree.get("Version")) is str else _kind_of(tree, "Version")
            self._problem(
                f'`Version` is {found}: expected "{VERSION}", since older versions have no policy variables'
            )
        if "Id" in tree:
            if type(tree["Id"]) is str:
                self._problem("`Id` is refused: it has no use in a session policy", rule="id")
            else:
                self._problem(f"`Id` is {_kind_of(tree, 'Id')}: expected text")
        statements = tree.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list) or not (statements or self._fragment):
            self._problem(f"`Statement` is {_kind_of(tree, 'Statement')}: expected at least one statement")
            return Document(statements=())
        read: list[Statement] = []
        for self._index, statement in enumerate(statements):
            if isinstance(statement, dict):
                read.append(self._statement(statement))
            else:
                self._problem(f"not a JSON object, but {_kind(statement)}")
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
        meant = dict(tree)
        for name in [name for name in tree if name not in _STATEMENT_NAMES]:
            close = get_close_matches(name, _STATEMENT_NAMES, n=1)
            if "Principal" in name:
                said = "has no place here: a session policy is about the one who carries it; take it out"
            elif close and close[0] not in meant:
                meant[close[0]] = tree[name]  # read as what was meant: one misspelt name is one problem
                said = f"is unknown: did you mean {close[0]!r}?"
            else:
                said = f"is unknown: expected {', '.join(_STATEMENT_NAMES)}"
            self._problem(f"element {name!r} {said}")
        tree = meant
        sid = tree.get("Sid")
        if sid is not None and type(sid) is not str:
            self._problem(f"`Sid` is {_kind(sid)}: expected text")
            sid = None
        effect: Effect = "Deny"
        if tree.get("Effect") in ("Allow", "Deny"):  # no set: what stands there may be a list
            effect = tree["Effect"]
        else:
            found = repr(tree["Effect"]) if type(tree.get("Effect")) is str else _kind_of(tree, "Effect")
            self._problem(f'`Effect` is {found}: expected "Allow" or "Deny"')
        actions, not_actions = self._either(tree, "Action", "NotAction")
        resources, not_resources = self._either(tree, "Resource", "NotResource")
        wrong = [
            *map(wrong_with_action, (*actions, *not_actions)),
            *map(wrong_with_resource, (*resources, *not_resources)),
        ]
        for text in filter(None, wrong):
            self._problem(text)
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
            self._problem(f"`{name}` is {_kind(values)}: expected text or a list of texts")
            return ()
        texts: list[str] = []
        for value in values:
            if type(value) is str:
                self._characters(value)
                texts.append(value)
            elif value is None and name in {"Resource", "NotResource"} and len(values) > 1:
                self._problem(f"`{name}` has `null`", rule="null-resource")
            else:
                self._problem(f"`{name}` has {_kind(value)} in it: expected texts alone")
        return tuple(texts)

    def _characters(self, text: str) -> None:
        for char in text:
            if not " " <= char <= "ÿ" and char not in self._holes:
                self._problem(f"{text!r} holds {char!r}: STS takes U+0020 to U+00FF", rule="character")
                return

    def _conditions(self, tree: object) -> tuple[Condition, ...]:
        if not isinstance(tree, dict):
            self._problem(f"`Condition` is {_kind(tree)}: expected an object of operators")
            return ()
        conditions: list[Condition] = []
        for name, keys in tree.items():
            if not isinstance(keys, dict):
                self._problem(f"condition operator {name!r} has {_kind(keys)}: expected an object of keys")
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
                            self._problem(f"`{name}` has value {text!r}: expected a date")
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
                    f"condition operator {operator!r} has {_kind(value)} as a value: expected text, number or boolean"
                )
        return tuple(texts)
