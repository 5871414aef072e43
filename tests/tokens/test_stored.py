"""Claims that are put down and taken up again say what they said before, and nothing that was not wanted."""

import json
from dataclasses import fields
from typing import Any

import pytest

from authorizer.model import Claims
from authorizer.tokens.stored import restored, stored
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import (
    KEYS,
    NOW,
    access_token,
    id_token,
    issuer,
    issuers,
    machine_claims,
    mint,
    no_network,
)


def members(claims: Claims) -> dict[str, Any]:
    return {field.name: getattr(claims, field.name) for field in fields(claims)}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(id_token(), id="a user's ID token"),
        pytest.param(access_token(), id="a user's access token"),
        pytest.param(mint(machine_claims()), id="a machine's access token"),
    ],
)
async def test_claims_come_back_from_json_as_they_were(token: str) -> None:
    claims = await Verifier(issuers(issuer()), KEYS, fetch=no_network).verify(token, NOW, PATIENT)
    kept = json.loads(json.dumps(stored(claims, claims.values)))
    assert members(restored(kept)) == members(claims)


async def test_of_the_payload_only_what_is_wanted_is_put_down() -> None:
    """What is kept travels with the connection: the less of a person is in it, the better."""
    claims = await Verifier(issuers(issuer()), KEYS, fetch=no_network).verify(id_token(), NOW, PATIENT)
    kept = stored(claims, {"custom:tenant_id", "custom:absent"})
    assert kept["values"] == {"custom:tenant_id": "t-1"}
    assert "ana@example.com" not in json.dumps(kept)
    assert restored(kept).values == {"custom:tenant_id": "t-1"}
