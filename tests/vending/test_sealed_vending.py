"""Vending with seals: what the context carries, where keys come from, and when they change."""

from dataclasses import replace
from typing import Any

import pytest

from authorizer.deadline import Deadline
from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.settings.schema import Sealing, Session, Settings
from authorizer.vending.keys import parse_keys
from authorizer.vending.seal import Seal
from authorizer.vending.sealer import KEYS_MAX_AGE
from authorizer.vending.vendor import Vendor
from tests.make import PATIENT
from tests.vending.conftest import SESSION
from tests.vending.factories import (
    NOW,
    ROUTE,
    SUB,
    jwk_set,
    make_identity,
    make_jwk,
    make_policy,
    make_settings,
)
from tests.vending.fake_sts import FakeSts


class Secrets:
    """Secrets Manager, holding one secret that a test changes, or None while it is out of order."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0

    def __call__(self, service: str) -> "Secrets":
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        self.reads += 1
        return {} if self.text is None else {"SecretString": self.text}


def sealed_settings(**changes: Any) -> Settings:
    sealing = Sealing(source="environment", keys=jwk_set())
    return make_settings(**{"session": Session(context="sealed"), "sealing": sealing, **changes})


FROM_SECRETS = Sealing(source="secretsmanager", keys="seal")


async def context_of(vendor: Vendor) -> dict[str, str]:
    credentials = await vendor.vend(make_identity(), make_policy(), NOW, Deadline.after(8))
    return await vendor.context(credentials, make_identity(), ROUTE, PATIENT)


async def test_the_context_carries_one_sealed_text(sts: FakeSts) -> None:
    vendor = Vendor(sealed_settings(), session=SESSION)
    await vendor.warm()
    context = await context_of(vendor)
    await vendor.close()
    assert sorted(context) == ["credentials", "expiration", "roleArn"]
    assert "canary" not in str(context)
    opened = Seal(parse_keys(jwk_set())).open(
        context["credentials"], audience="abcdef1234/prod", principal=SUB, now=NOW
    )
    assert opened.secret_access_key == "canary-secret/1+="


async def test_without_keys_nothing_is_handed_over(sts: FakeSts) -> None:
    vendor = Vendor(sealed_settings(sealing=None), session=SESSION)
    with pytest.raises(SealingKeysUnavailable, match="no `\\[sealing\\]` keys"):
        await context_of(vendor)
    await vendor.close()


async def test_malformed_keys_fail_where_the_function_starts(sts: FakeSts) -> None:
    vendor = Vendor(sealed_settings(sealing=Sealing(source="environment", keys="{}")), session=SESSION)
    with pytest.raises(SettingsError):
        await vendor.warm()
    await vendor.close()


async def test_keys_that_are_not_to_be_had_yet_are_asked_for_again(sts: FakeSts) -> None:
    secrets = Secrets(None)
    vendor = Vendor(sealed_settings(sealing=FROM_SECRETS), session=SESSION, clients=secrets)
    await vendor.warm()
    with pytest.raises(SealingKeysUnavailable):
        await context_of(vendor)
    secrets.text = jwk_set()
    assert "credentials" in await context_of(vendor)
    await vendor.close()


async def test_a_new_key_seals_within_five_minutes_and_a_broken_secret_changes_nothing(sts: FakeSts) -> None:
    secrets = Secrets(jwk_set(make_jwk("old", 1)))
    vendor = Vendor(sealed_settings(sealing=FROM_SECRETS), session=SESSION, clients=secrets)
    await vendor.warm()
    await vendor.maintain(NOW)
    reads = secrets.reads
    secrets.text = jwk_set(make_jwk("new", 2), make_jwk("old", 1))
    await vendor.maintain(NOW + KEYS_MAX_AGE - 1)
    assert secrets.reads == reads
    await vendor.maintain(NOW + KEYS_MAX_AGE)
    new = Seal(parse_keys(jwk_set(make_jwk("new", 2))))
    opened = new.open(
        (await context_of(vendor))["credentials"], audience="abcdef1234/prod", principal=SUB, now=NOW
    )
    assert opened.session_name == SUB
    for broken in (None, "{}"):
        secrets.text = broken
        await vendor.maintain(NOW + 10 * KEYS_MAX_AGE)
        assert "credentials" in await context_of(vendor)
    await vendor.close()


async def test_keys_of_the_environment_are_read_once(sts: FakeSts) -> None:
    vendor = Vendor(sealed_settings(), session=SESSION, clients=Secrets(None))
    await vendor.maintain(NOW)
    await context_of(vendor)
    await vendor.maintain(NOW + 10 * KEYS_MAX_AGE)
    await vendor.close()


async def test_a_missing_library_is_named(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "authorizer.vending.seal", None)
    vendor = Vendor(sealed_settings(), session=SESSION)
    with pytest.raises(SettingsError, match="install the extra `sealed`"):
        await vendor.warm()
    await vendor.close()


def test_the_settings_never_show_the_keys() -> None:
    assert make_jwk()["k"] not in repr(replace(sealed_settings()))
