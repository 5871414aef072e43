"""Claims that are put down and taken up again say what they said before, and nothing that was not wanted."""

import json
from dataclasses import replace
from typing import Any

import pytest

from authorizer.errors import (
    AudienceRefused,
    AuthenticationTooOld,
    ClientRefused,
    ConnectionRefused,
    TokenLifetimeTooLong,
    TokenUseRefused,
    Unauthorized,
)
from authorizer.model import Claims
from authorizer.settings.schema import Issuer
from authorizer.tokens.stored import restored, stored
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import (
    KEYS,
    NOW,
    access_claims,
    access_token,
    id_claims,
    id_token,
    issuer,
    issuers,
    machine_claims,
    members,
    mint,
    no_network,
)


async def verified(token: str, by: Issuer) -> Claims:
    return await Verifier(issuers(by), KEYS, fetch=no_network).verify(token, NOW, PATIENT)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(id_token(), id="a user's ID token"),
        pytest.param(access_token(), id="a user's access token"),
        pytest.param(mint(machine_claims()), id="a machine's access token"),
    ],
)
async def test_claims_come_back_from_json_as_they_were(token: str) -> None:
    claims = await verified(token, issuer())
    kept = json.loads(json.dumps(stored(claims, issuer(), claims.values)))
    assert members(restored(kept, issuers(issuer()), NOW)) == members(claims)


async def test_of_the_payload_only_what_is_wanted_or_checked_is_put_down() -> None:
    """What is kept travels with the connection: the less of a person is in it, the better."""
    claims = await verified(id_token(), issuer())
    kept = stored(claims, issuer(), {"custom:tenant_id", "custom:absent"})
    assert set(kept["payload"]) == {
        *("sub", "aud", "exp", "iat", "auth_time", "token_use", "custom:tenant_id"),
        *("cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role"),
    }
    assert "ana@example.com" not in json.dumps(kept)
    again = restored(kept, issuers(issuer()), NOW)
    assert {**members(again), "values": None} == {**members(claims), "values": None}


@pytest.mark.parametrize("kind", ["cognito", "oidc"])
@pytest.mark.parametrize("token_use", ["id", "access"])
async def test_what_any_kind_of_issuer_said_is_read_again(kind: str, token_use: str) -> None:
    """The header's `typ`, which tells what an OIDC issuer's token is for, is not kept."""
    by = replace(issuer(), kind=kind)
    typ = "at+jwt" if token_use == "access" else "JWT"
    payload = access_claims() if token_use == "access" else id_claims()
    claims = await verified(mint(payload, header={"typ": typ}), by)
    assert restored(stored(claims, by, ()), issuers(by), NOW).token_use == claims.token_use == token_use


async def test_a_connection_may_outlive_its_token() -> None:
    claims = await verified(id_token(), issuer())
    assert restored(stored(claims, issuer(), ()), issuers(issuer()), NOW + 7200).sub == claims.sub


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"client_ids": frozenset({"another"})}, ClientRefused, id="its app client"),
        pytest.param({"token_use": frozenset({"access"})}, TokenUseRefused, id="its use"),
        pytest.param({"max_lifetime": 1.0}, TokenLifetimeTooLong, id="its life"),
        pytest.param({"max_auth_age": 60.0}, AuthenticationTooOld, id="its sign-in"),
    ],
)
async def test_what_the_settings_of_the_moment_do_not_take_is_refused(
    changes: dict[str, Any], refusal: type[Unauthorized]
) -> None:
    kept = stored(await verified(id_token(), issuer()), issuer(), ())
    with pytest.raises(refusal):
        restored(kept, issuers(replace(issuer(), **changes)), NOW + 3600)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        pytest.param(
            {"issuer": "https://gone.example", "tokenUse": "id", "payload": {}}, "no longer", id="gone"
        ),
        pytest.param({"sub": "s", "values": {}}, "another version", id="as it was kept before"),
        pytest.param(None, "another version", id="nothing"),
    ],
)
def test_what_cannot_be_read_any_more_ends_the_connection(kept: Any, said: str) -> None:
    with pytest.raises(ConnectionRefused, match=said):
        restored(kept, issuers(issuer()), NOW)


async def test_what_api_the_token_was_asked_for_is_asked_again() -> None:
    here, elsewhere = (replace(issuer(), audiences=frozenset({name})) for name in ("api", "another"))
    claims = await verified(mint(access_claims(aud="api")), here)
    kept = stored(claims, here, ())
    assert restored(kept, issuers(here), NOW).sub == claims.sub
    with pytest.raises(AudienceRefused):
        restored(kept, issuers(elsewhere), NOW)
