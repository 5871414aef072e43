"""The library's kinds as a repository would have them, without the files."""

import tomllib
from collections.abc import Mapping
from typing import Any

from authorizer.engine.prove.prove import Proof
from authorizer.gate.proof import prove_settings
from authorizer.library import KINDS, Kind
from authorizer.settings.schema import Settings
from tests.make import make_settings, merged, sample_templates

EVERY: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def with_kind(name: str, *, template: str | None = None, tenant: Mapping[str, Any] | None = None) -> Settings:
    """The bundled configuration and one kind: with another template, or another type of the claim `tenant`."""
    kind = EVERY[name]
    rows = tomllib.loads(kind.rows)
    if tenant is not None:
        rows["claims"]["tenant"] = {"claim": "custom:tenant_id", **tenant}
        # Several of the bundled tables rest on the slug that this replaces.
        rows = merged(rows, {"session": {"name": "{sub}"}})
    return make_settings(
        templates={**sample_templates(), name: kind.template if template is None else template}, **rows
    )


def proof_of(name: str, settings: Settings) -> Proof:
    """The verdict on the kind's policy alone."""
    [proof] = [proof for proof in prove_settings(settings, [name]) if proof.subject == f"policy {name}"]
    return proof
