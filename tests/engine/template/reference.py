"""The same templates rendered by Jinja itself: sandbox, StrictUndefined, and a `finalize` gate that escapes.

Slow and independent of the programs that `TemplateSet` runs: what it renders is the meaning of a template.
"""

from collections.abc import Mapping
from typing import NewType

from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from authorizer.engine.document.document import parse_session
from authorizer.engine.document.statement import Document
from authorizer.engine.language.claims import ClaimValue

Trusted = NewType("Trusted", str)


class Claim(str):
    """Text of a claim: what `finalize` escapes."""

    __slots__ = ()


def finalize(value: object) -> str:
    if isinstance(value, Claim):
        escaped = "".join(f"${{{char}}}" if char in "$*?" else char for char in value)
        return escaped.replace("\\", "\\\\").replace('"', '\\"')
    if type(value) is str:
        return value.replace("\\", "\\\\").replace('"', '\\"')
    raise TypeError(f"a hole rendered {type(value).__name__}")


def render(
    source: str,
    sources: Mapping[str, str],
    *,
    values: Mapping[str, ClaimValue],
    variables: Mapping[str, str],
    scopes: frozenset[str],
) -> str:
    """The text that Jinja makes of a template."""
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=finalize,
        loader=DictLoader({f"{name}.json.j2": text for name, text in sources.items()}),
    )
    claims: dict[str, object] = {
        name: Claim(value) if isinstance(value, str) else [Claim(item) for item in value]
        for name, value in values.items()
    }
    return environment.from_string(source).render({**variables, **claims, "scopes": scopes})


def session(source: str, sources: Mapping[str, str], **rest: object) -> Document:
    return parse_session(render(source, sources, **rest))  # type: ignore[arg-type] # the arguments of render
