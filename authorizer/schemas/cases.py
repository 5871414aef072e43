"""The schema of the files in `policies/cases/`, of the tables of their reader."""

import re
from collections.abc import Mapping
from typing import Final

from authorizer.engine.check import CASE_FILE, CASE_FILE_EXAMPLE, EXPECTED, Form
from authorizer.identity.permit import METHODS
from authorizer.schemas.shapes import DRAFT, Json, described, table

_TEXT: Final[Json] = {"type": "string"}
_NAMED: Final[Json] = {"type": "string", "minLength": 1}
_TEXTS: Final[Json] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_FORMS: Final[Mapping[str, Json]] = {
    "text": _TEXT,
    "text or texts": _TEXTS,
    "table": table({}, others=_TEXTS),
}
_METHOD: Final[Json] = {"enum": list(METHODS)}


def cases_schema() -> Json:
    """JSON Schema, draft 7, of the shape of a case file."""
    words = _words(CASE_FILE_EXAMPLE)
    user = _table(CASE_FILE["users"], words["users"], {"claims": table({}, others=True)})
    expectation: dict[str, Json] = {"name": _NAMED, "expect": {"enum": list(EXPECTED)}}
    case = _table(CASE_FILE["cases"], words["cases"], expectation, ("name", "user", "expect"))
    case |= {
        "if": {"properties": {"expect": {"const": "refused"}}},
        "then": {"properties": {"statement": False}},
        "else": {"required": ["action", "resource"]},
    }
    asked: Json = {"anyOf": [_METHOD, {"type": "array", "items": _METHOD}]}
    route = _table(
        CASE_FILE["routes"],
        words["routes"],
        {**expectation, "method": asked},
        ("name", "user", "expect", "path"),
    )
    route |= {"if": {"properties": {"expect": {"const": "allow"}}}, "else": {"properties": {"route": False}}}
    inner = {
        "users": table({}, others=user),
        "cases": {"type": "array", "items": case},
        "routes": {"type": "array", "items": route},
    }
    return {
        "$schema": DRAFT,
        "title": "A file of policies/cases/",
        **_table(CASE_FILE[""], words[""], inner),
        "anyOf": [
            {
                "properties": {"cases": {"minItems": 1}},
                "required": ["cases"],
                "oneOf": [{"required": ["templates"]}, {"required": ["role"]}],
            },
            {"properties": {"cases": {"maxItems": 0}, "routes": {"minItems": 1}}, "required": ["routes"]},
        ],
    }


def _table(
    keys: Mapping[str, Form],
    words: Mapping[str, str],
    own: Mapping[str, Json],
    required: tuple[str, ...] = (),
) -> Json:
    shapes = {key: own[key] if key in own else _FORMS[form] for key, form in keys.items()}
    return table({key: described(shape, words.get(key)) for key, shape in shapes.items()}, required)


def _words(text: str) -> dict[str, dict[str, str]]:
    """Of each table in the example: key → what is said beside it."""
    found: dict[str, dict[str, str]] = {"": {}, "users": {}, "cases": {}, "routes": {}}
    into = found[""]
    for line in text.splitlines():
        if heading := re.match(r"\s+\[+(\w+)", line):
            into = found[heading[1]]
        elif row := re.match(r"\s+(\w+)\s*= .*?\s# (.+)", line):
            into[row[1]] = f"{row[2][0].upper()}{row[2][1:]}."
    return found
