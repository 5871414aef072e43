"""The engine's errors on their way out of the renderer: each in this project's family, and in words about the role."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from authorizer.errors import ClaimAbsent, NothingGranted, PolicyInvalid, PolicyTooLarge, Refusal
from authorizer.model import Identity
from authorizer.render import render
from authorizer.settings.schema import Access
from tests.make import SUB, make_access, make_identity, sample_templates


def statements(*resources: str) -> str:
    return ",".join(
        json.dumps({"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b/{resource}"})
        for resource in resources
    )


def loaded(*parts: str) -> Access:
    """The bundled configuration, but for the editor's one template, whose statements these are."""
    source = f'{{"Version": "2012-10-17", "Statement": [{"".join(parts)}]}}'
    templates = {**sample_templates(), "it": source}
    return make_access(templates=templates, roles={"editor": {"policies": ["it"]}})


OWN = statements("{{ sub }}/{{ tenant }}/*")
LARGE = statements(*(f"{'a' * 80}/{number}/{{{{ sub }}}}/{{{{ tenant }}}}/*" for number in range(20)))
READS, WRITES = '{% if "files:read" in scopes %}', '{% elif "files:write" in scopes %}'
SETTINGS, TEMPLATES = loaded(READS, OWN, WRITES, LARGE, "{% endif %}")
"""Allows one place to read, nothing without a scope, and more than STS takes to write."""


def identity_of(scope: str, **changes: Any) -> Identity:
    return replace(make_identity(scopes=frozenset((scope,)), **changes), role=SETTINGS.roles["editor"])


def test_a_policy_names_what_it_was_made_of() -> None:
    policy = render(identity_of("files:read"), TEMPLATES, SETTINGS)
    assert json.loads(policy.text)["Statement"]["Resource"] == f"arn:aws:s3:::b/{SUB}/acme/*"
    assert policy.digest == hashlib.sha256(policy.text.encode()).hexdigest()[:16]
    assert policy.templates == ("it",)


@pytest.mark.parametrize(
    ("scope", "claims", "refusal", "said"),
    [
        pytest.param(
            "files:read", {"tenant": None}, ClaimAbsent, "need the claim 'custom:tenant_id'", id="a claim is missing"
        ),
        pytest.param("other", {}, NothingGranted, "allow nothing, so no session", id="no scope opens anything"),
        pytest.param("files:write", {}, PolicyTooLarge, "characters: STS takes 2048; shorten", id="too long"),
        pytest.param("files:read", {"tenant": "a*"}, PolicyInvalid, "holds one of * ?", id="a value that breaks out"),
    ],
)  # fmt: skip
def test_what_the_engine_refuses_is_refused_in_the_words_of_the_role(
    scope: str, claims: dict[str, str | None], refusal: type[Refusal], said: str
) -> None:
    values = {"sub": SUB, "tenant": "acme", **claims}
    claimed = {name: value for name, value in values.items() if value is not None}
    identity = identity_of(scope, claims=claimed)
    with pytest.raises(refusal) as caught:
        render(identity, TEMPLATES, SETTINGS)
    assert type(caught.value) is refusal
    assert str(caught.value).startswith("role 'editor': ")
    assert said in str(caught.value)
