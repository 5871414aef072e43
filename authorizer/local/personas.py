"""`personas.toml`: who the sample events speak for, and the deployment they live in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authorizer.errors import SettingsError
from authorizer.settings.load import read_toml
from authorizer.settings.reader import Problems, Section

FILE = "personas.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Someone, or for a machine some app client, whose tokens the local issuer mints."""

    name: str
    machine: bool
    sub: str
    username: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    """Names of roles in access.toml."""
    preferred_role: str | None
    scopes: tuple[str, ...]
    """The `scope` of an access token."""
    claims: Mapping[str, object] = field(repr=False)
    """Further claims of the ID token."""
    access_claims: Mapping[str, object] = field(repr=False)
    """Further claims of the access token, as a pre-token-generation trigger would add them."""
    issued_ago: int
    """How long ago the token was issued, in seconds; it lives one hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personas:
    """The whole file."""

    place: str
    environment: Mapping[str, str]
    """What the `env:` names of access.toml mean on a laptop."""
    people: Mapping[str, Persona]


def load_personas(path: Path) -> Personas:
    """Read `path`. Raises `SettingsError` with every problem."""
    tables, source = read_toml(path)
    problems = Problems(str(path), source)
    environment, people = read_personas(Section(tables, path=(), problems=problems, environment={}))
    if problems.found:
        raise SettingsError(problems.found)
    return Personas(place=str(path), environment=environment, people=people)


def read_personas(root: Section) -> tuple[dict[str, str], dict[str, Persona]]:
    """What the whole table says: the environment, and the people."""
    environment = root.mapping("environment")
    people = {name: _persona(name, root.section(name)) for name in root.names() if name != "environment"}
    root.done()
    return environment, people


def _persona(name: str, section: Section) -> Persona:
    machine = section.flag("machine")
    claims, access_claims = section.section("claims"), section.section("access_claims")
    persona = Persona(
        name=name,
        machine=machine,
        sub="" if machine else section.text("sub"),
        username="" if machine else section.text("username"),
        groups=section.texts("groups", ()),
        roles=section.texts("roles", ()),
        preferred_role=section.optional_text("preferred_role"),
        scopes=section.texts("scopes", ()),
        claims=claims.rest(),
        access_claims=access_claims.rest(),
        issued_ago=section.integer("issued_ago", least=0, most=10**9) or 0,
    )
    section.done()
    return persona
