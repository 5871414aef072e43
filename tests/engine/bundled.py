"""The bundled templates, compiled with plain values for the deployment's variables."""

from pathlib import Path

from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.template import TemplateSet

FOLDER = Path(__file__).parents[2] / "policies" / "templates"
SOURCES = {path.name.removesuffix(".json.j2"): path.read_text() for path in sorted(FOLDER.glob("*.json.j2"))}
NAMES = tuple(name for name in SOURCES if not name.startswith("_"))
CLAIMS = {
    "sub": declare({"type": "uuid"}),
    "tenant": declare({"type": "slug", "max_length": 32}),
    "client": declare({"type": "slug", "max_length": 128}),
}
VARIABLES = {
    "partition": "aws",
    "region": "eu-west-1",
    "account": "111122223333",
    "bucket": "data-bucket",
    "table": "data-table",
}
PLAIN: dict[str, ClaimValue] = {
    "sub": "01234567-89ab-4cde-8f01-23456789abcd",
    "tenant": "acme",
    "client": "1h57kf5cpq17m0eml12EXAMPLE",
}
SCOPES = (frozenset[str](), frozenset({"data:write"}))


def compiled() -> TemplateSet:
    return TemplateSet.compile(SOURCES, claims=CLAIMS, variables=VARIABLES)
