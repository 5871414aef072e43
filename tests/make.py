"""Factories: each makes a whole value, and a test states only what differs."""

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from authorizer.local.personas import load_personas
from authorizer.model import Claims, Identity, Request, RouteArn, Shape
from authorizer.settings.load import SUFFIX, read
from authorizer.settings.schema import Access, Settings
from authorizer.waiting.deadline import Deadline

ROOT = Path(__file__).parent.parent
ACCESS = ROOT / "policies" / "access.toml"
PERSONAS = ROOT / "events" / "personas.toml"
SUB = "11111111-1111-4111-8111-111111111111"
NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z, for every test that can choose what time it is."""
PATIENT = Deadline(at=math.inf)
"""For tests that are about something else than time."""


@cache
def sample_environment() -> Mapping[str, str]:
    """What the `env:` names of the bundled access.toml mean in tests."""
    return load_personas(PERSONAS).environment


@cache
def sample_templates() -> Mapping[str, str]:
    """The bundled templates."""
    return {
        file.name.removesuffix(SUFFIX): file.read_text()
        for file in sorted((ACCESS.parent / "templates").glob(f"*{SUFFIX}"))
    }


@cache
def sample_access() -> Access:
    """The bundled configuration and its templates, unchanged."""
    return make_access()


def sample_settings() -> Settings:
    """The bundled configuration, unchanged."""
    return sample_access().settings


def make_settings(**changes: Any) -> Settings:
    """The settings of `make_access`."""
    return make_access(**changes).settings


def make_access(
    *,
    environment: Mapping[str, str] | None = None,
    templates: Mapping[str, str] | None = None,
    **changes: object,
) -> Access:
    """The bundled configuration with `changes` merged into its tables; a value of None removes a key."""
    source = ACCESS.read_text()
    tables = merged(tomllib.loads(source), changes)
    return read(
        tables,
        source=source,
        place="policies/access.toml",
        templates=sample_templates() if templates is None else templates,
        environment={**sample_environment(), **(environment or {})},
    )


def merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`tables` with `changes` laid over them."""
    result = dict(tables)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def make_claims(**changes: Any) -> Claims:
    """Claims of an editor's ID token; `values` are laid over the payload's."""
    settings = sample_settings()
    editor = settings.roles["editor"].arn
    values = {"sub": SUB, "custom:tenant_id": "acme", **changes.pop("values", {})}
    fields: dict[str, Any] = {
        "issuer": next(iter(settings.issuers)),
        "token_use": "id",
        "sub": SUB,
        "client_id": "1example23456789app",
        "username": "erin",
        "machine": False,
        "groups": ("editors",),
        "roles": (editor,),
        "preferred_role": editor,
        "scopes": (),
        "issued_at": NOW - 60,
        "expires_at": NOW + 3540,
    }
    return Claims(**{**fields, **changes}, values=values)


def make_request(**changes: Any) -> Request:
    """GET /files/report.txt of a REST API with a REQUEST authorizer."""
    route = {
        "partition": "aws",
        "region": "eu-west-1",
        "account_id": "123456789012",
        "api_id": "rest0reqst",
        "stage": "prod",
        "method": "GET",
        "path": "/files/report.txt",
    }
    for name in route:
        if name in changes:
            route[name] = changes.pop(name)
    fields: dict[str, Any] = {
        "shape": Shape.REST_REQUEST,
        "route": RouteArn(**route),
        "route_key": None,
        "token": "a.b.c",
        "requested_role": None,
        "request_id": "request-1",
        "simple_response": False,
    }
    return Request(**{**fields, **changes})


def make_identity(**changes: Any) -> Identity:
    """An editor."""
    settings = sample_settings()
    role = settings.roles[changes.pop("role", "editor")]
    fields: dict[str, Any] = {
        "principal": SUB,
        "issuer": next(iter(settings.issuers)),
        "username": "erin",
        "machine": False,
        "token_use": "id",
        "role": role,
        "rule": "cognito:preferred_role",
        "groups": ("editors",),
        "scopes": frozenset(("data:read", "files:read")),
        "claims": {"sub": SUB, "tenant": "acme"},
        "expires_at": NOW + 3540,
    }
    return Identity(**{**fields, **changes})
