"""The schema of `access.toml`, of its readers in `authorizer.settings`."""

from authorizer.schemas.claim_rows import claim_row
from authorizer.schemas.emit import emitted
from authorizer.schemas.prose import documented, first
from authorizer.schemas.recorder import recorded
from authorizer.schemas.shapes import DRAFT, Json, Shapes, table
from authorizer.settings.readers import ENTRY, READERS, VALUES


def _words(path: tuple[str, ...]) -> str | None:
    if len(path) == 1:
        return first(READERS[path[0]][1])
    value = VALUES.get(path[:-1])
    return None if value is None else documented(value).get(path[-1])


def access_schema() -> Json:
    """JSON Schema, draft 7, of the shape of `access.toml`: which keys there are, and what each may hold. What the keys
    say of one another, such as that a group's role exists, only `authorizer check` knows."""
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, (reader, _) in READERS.items():
        made = emitted(recorded(reader, Shapes(environment=True)), _words)
        properties[name] = made["properties"][name]
        required += made.get("required", [])
    entries = properties["scopes"]["additionalProperties"]
    entries["items"] = Shapes(environment=True).text(ENTRY)
    claims = properties["claims"]
    claims["additionalProperties"] = claim_row(claims["additionalProperties"])
    return {"$schema": DRAFT, "title": "access.toml", **table(properties, required)}
