"""JSON Schemas of the files that people write, for their editors: made of what the readers of these files ask for.

A schema knows the shape of a file. What is in it and what it says of the rest, `authorizer check` knows.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from authorizer.schemas.access import access_schema
from authorizer.schemas.cases import cases_schema
from authorizer.schemas.personas import personas_schema
from authorizer.schemas.shapes import Json

__all__ = ["FIRST_LINES", "FOLDER", "SCHEMAS", "named", "schema_text"]

SCHEMAS: Final[Mapping[str, Callable[[], Json]]] = {
    "access": access_schema,
    "personas": personas_schema,
    "cases": cases_schema,
}
"""What there is a schema of."""
FOLDER: Final = "schemas"
"""Where they lie, in `policies/`: `access.json` and the rest."""
FIRST_LINES: Final[Mapping[str, str]] = {
    "access": "#:schema schemas/access.json",
    "personas": "#:schema ../policies/schemas/personas.json",
    "cases": "#:schema ../schemas/cases.json",
}
"""What an editor finds the schema by, in the first line of a file (Taplo, "Directives": a path beside the file)."""


def named(name: str, text: str) -> str:
    """The text of a file with the line that names its schema in front, unless it has one."""
    return text if text.startswith("#:schema ") else f"{FIRST_LINES[name]}\n{text}"


def schema_text(name: str) -> str:
    """A row of `SCHEMAS`, as a file."""
    return f"{json.dumps(SCHEMAS[name](), indent=1, ensure_ascii=False)}\n"
