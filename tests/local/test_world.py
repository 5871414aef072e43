"""The laptop's issuer and people: what they are made of, and what is refused."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from authorizer.errors import SettingsError
from authorizer.local.issuer import TOKEN_USES, keys_on_disk
from tests.world import World


def test_keys_are_made_once_and_found_again(tmp_path: Path) -> None:
    made = keys_on_disk(tmp_path)
    assert set(made) == set(TOKEN_USES)
    again = keys_on_disk(tmp_path)
    assert all(made[use].private_numbers() == again[use].private_numbers() for use in TOKEN_USES)


def test_a_file_with_a_key_of_another_kind_is_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "local-id.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, pkcs8, serialization.NoEncryption())
    )
    key = keys_on_disk(tmp_path)["id"]
    assert isinstance(key, rsa.RSAPrivateKey)
    assert keys_on_disk(tmp_path)["id"].private_numbers() == key.private_numbers()


def test_a_persona_with_a_role_that_is_not_there_is_refused_by_both_names(world: World) -> None:
    people = world.local.personas.people
    editor = replace(people["editor"], roles=("editor", "publisher"), preferred_role="author")
    personas = replace(world.local.personas, people={**people, "editor": editor})
    with pytest.raises(SettingsError) as refused:
        replace(world.local, personas=personas).mint("editor")
    assert [problem.partition(": ")[2] for problem in refused.value.problems] == [
        f"editor: there is no role {name!r} in {world.local.access.settings.place}"
        for name in ("author", "publisher")
    ]


@pytest.mark.parametrize(
    "text",
    ["local:editor:refresh", "Bearer local:editor:refresh", "bearer  local:", "a,Bearer local:ed itor"],
)
def test_what_begins_as_a_persona_and_is_none_is_no_real_token(text: str, world: World) -> None:
    with pytest.raises(SettingsError, match="expected local:NAME, local:NAME:id or local:NAME:access"):
        world.local.sign_in({"authorizationToken": text})


@pytest.mark.parametrize("text", ["a local:editor", "https://local:8400/", "Bearer eyJ"])
def test_what_only_holds_the_word_stays_as_it_is(text: str, world: World) -> None:
    assert world.local.sign_in([text]) == [text]


def test_a_token_of_a_persona_lives_for_an_hour(world: World) -> None:
    before = time.time()
    decision, record = world.decide(
        {
            "type": "TOKEN",
            "authorizationToken": f"Bearer {world.local.mint('editor')}",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/GET/data",
        }
    )
    assert decision.verdict == "allow"
    assert record.claims is not None
    assert 3500 < record.claims.expires_at - before <= 3601
