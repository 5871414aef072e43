"""Templates in order, of which a test states only the difference."""

import json

from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.template import TemplateSet

CLAIMS = {
    "sub": declare({"type": "uuid"}),
    "tenant": declare({"type": "slug", "max_length": 32}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
    "groups": declare({"type": "slug", "list": True, "max_items": 3}),
    "note": declare({"type": "opaque", "max_length": 1024}),
}
LISTS = {**CLAIMS, "teams": declare({"type": "slug", "list": True, "max_items": 5, "max_length": 9})}
VARIABLES = {"partition": "aws", "bucket": "data-1", "odd": 'a"b\\c'}


def template(resource: str = "home/{{ tenant }}/*", **changes: str) -> str:
    """A template in order; `changes` are raw JSON of further elements of its statement."""
    elements = {
        "Effect": '"Allow"',
        "Action": '"s3:GetObject"',
        "Resource": f'"arn:aws:s3:::data-1/{resource}"',
        **changes,
    }
    statement = ",\n".join(f'"{name}": {value}' for name, value in elements.items())
    return f'{{"Version": "2012-10-17",\n"Statement": [\n{{{statement}}}]}}'


def compile_set(**sources: str) -> TemplateSet:
    return TemplateSet.compile(sources, claims=CLAIMS, variables=VARIABLES)


def render(source: str, scopes: tuple[str, ...] = (), **values: ClaimValue) -> dict[str, object]:
    text = compile_set(t=source).render(["t"], values, scopes=frozenset(scopes))
    statement = json.loads(text)["Statement"]
    assert isinstance(statement, dict)
    return statement
