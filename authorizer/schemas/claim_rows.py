"""The schema of a row under `[claims]`, of the table of claim types."""

from typing import Final

from authorizer.engine.language import (
    ADDRESS_BITS,
    ALPHABETS,
    COMMON,
    MAX_ITEMS,
    MAX_LENGTH,
    MAX_NUMBER,
    MIN_ALPHABET,
    TYPES,
    WRITTEN,
    Kind,
)
from authorizer.schemas.shapes import Json

_WHOLE: Final[Json] = {"type": "integer", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
_OPTIONS: Final[dict[str, Json]] = {
    "max_length": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
    "exclude": {"type": "string"},
    "values": {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
        "minItems": 1,
    },
    "prefix": {"type": "string", "maxLength": MAX_LENGTH},
    "alphabet": {
        "anyOf": [
            {"enum": list(ALPHABETS)},
            {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{{MIN_ALPHABET},}}$"},
        ]
    },
    "length": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
    "min": _WHOLE,
    "max": _WHOLE,
    "widest": {"type": "integer", "minimum": 8, "maximum": ADDRESS_BITS},
    "list": {"anyOf": [{"type": "boolean"}, {"enum": list(WRITTEN)}]},
    "max_items": {"type": "integer", "minimum": 1, "maximum": MAX_ITEMS},
    "lower_case": {"type": "boolean"},
    "fallback": {"type": ["string", "integer", "boolean"], "minLength": 1},
}


def claim_row(read: Json) -> Json:
    """The row. `read` is what the readers of settings take of it themselves: its name in the token, who writes it."""
    own = {key: shape for key, shape in read["properties"].items() if key not in _OPTIONS}
    kinds = {"type": {"enum": list(TYPES), "description": "What its values look like."}}
    options = {key: dict(_OPTIONS[key]) for key in _names()}
    return {
        "type": "object",
        "properties": {**own, **kinds, **options},
        "required": ["type"],
        "additionalProperties": False,
        "if": {"properties": {"list": {"const": False}}},  # which holds of a row without it, too
        "then": {"properties": {"max_items": False}},
        "else": {"required": ["max_items"]},
        "allOf": [
            {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": _of_kind(row)}
            for name, row in TYPES.items()
        ],
    }


def _names() -> list[str]:
    """Every option of any type, each once."""
    return list(dict.fromkeys((*(option for row in TYPES.values() for option in row.options), *COMMON)))


def _of_kind(row: Kind) -> Json:
    own: dict[str, Json | bool] = {key: False for key in _names() if key not in (*row.options, *COMMON)}
    if not row.cased:
        own["lower_case"] = {"const": False}
    if "max_length" in row.options:
        own["max_length"] = {
            "type": "integer",
            "minimum": row.shortest,
            "maximum": MAX_LENGTH,
            "default": row.usual,
        }
    return {"properties": own, **({"required": list(row.required)} if row.required else {})}
