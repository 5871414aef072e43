"""The schema of `personas.toml`, of its reader in `authorizer.local`."""

from authorizer.local.personas import Persona, Personas, read_personas
from authorizer.schemas.emit import emitted
from authorizer.schemas.prose import documented
from authorizer.schemas.recorder import recorded
from authorizer.schemas.shapes import DRAFT, Json, Shapes


def _words(path: tuple[str, ...]) -> str | None:
    return documented(Personas if len(path) == 1 else Persona).get(path[-1])


def personas_schema() -> Json:
    """JSON Schema, draft 7, of the shape of `personas.toml`."""
    made = emitted(recorded(read_personas, Shapes(environment=False)), _words)
    return {"$schema": DRAFT, "title": "personas.toml", **made}
