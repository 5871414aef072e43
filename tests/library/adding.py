"""The library's kinds as a repository would have them, without the files."""

import tomllib
from collections.abc import Mapping
from typing import Any

from authorizer.engine.prove import Proof
from authorizer.gate import prove_settings
from authorizer.library import KINDS, Kind
from authorizer.settings.schema import Access
from tests.make import make_access, sample_templates

EVERY: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
TYPES: Mapping[str, Mapping[str, Any]] = {
    "slug": {"type": "slug", "max_length": 32},
    "uuid": {"type": "uuid"},
    "email": {"type": "email"},
    "digits": {"type": "digits"},
    "enum": {"type": "enum", "values": ["acme", "acme-2"]},
    "opaque": {"type": "opaque", "max_length": 32},
}
"""Types that a tenant's claim may have. The library's rows say slug."""
LEAKS: Mapping[tuple[str, str], str] = {
    ("s3-vectors", "email"): "a dot",
    ("s3-vectors", "opaque"): "a dot",
    ("dynamodb", "opaque"): "a number sign",
    ("step-functions", "opaque"): "a colon",
    ("logs", "opaque"): "a colon",
}
"""Kind and type that do not go together, and what of the type's ends a tenant's name there."""


def with_kind(name: str, *, template: str | None = None, tenant: Mapping[str, Any] | None = None) -> Access:
    """The bundled configuration and one kind: with another template, or another type of the claim `tenant`."""
    kind = EVERY[name]
    rows = tomllib.loads(kind.rows)
    if tenant is not None:
        rows["claims"]["tenant"] = {"claim": "custom:tenant_id", "max_length": None, **tenant}
        rows["scopes"] = {"reports:read": ["GET /reports/*"]}  # no route takes every type
    return make_access(
        templates={**sample_templates(), name: kind.template if template is None else template}, **rows
    )


def proof_of(name: str, access: Access) -> Proof:
    """The verdict on the kind's policy alone."""
    [proof] = [proof for proof in prove_settings(access, [name]) if proof.subject == f"policy {name}"]
    return proof
