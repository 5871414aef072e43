"""Vending with seals: what the context carries, where keys come from, and when they change."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from authorizer.aws.blocking import blocking_client
from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.model import Shape
from authorizer.sealing import sealer
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal, peek_kid
from authorizer.sealing.sealer import KEYS_LAST, KEYS_MAX_AGE, SealingCounts
from authorizer.sealing.sealers import WARM_BUDGET, Sealers
from authorizer.settings.schema import Sealing, Session, Settings
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import PATIENT
from tests.vending.conftest import SESSION
from tests.vending.factories import (
    NOW,
    ROUTE,
    SUB,
    jwk_set,
    make_credentials,
    make_identity,
    make_jwk,
    make_policy,
    make_settings,
)
from tests.vending.fake_sts import FakeSts
from tests.world import AWS


class Secrets:
    """Secrets Manager, holding one secret that a test changes, or None while it is out of order. It answers while
    `gate` is open."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, service: str) -> "Secrets":
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        self.reads += 1
        self.gate.wait(10)
        return {} if self.text is None else {"SecretString": self.text}


def sealed_settings(**changes: Any) -> Settings:
    sealing = Sealing(source="environment", keys=jwk_set())
    return make_settings(**{"session": Session(context="sealed"), "sealing": sealing, **changes})


def vendor_with(secrets: "Callable[[str], Secrets]", settings: Settings) -> Vendor:
    return Vendor(settings, session=SESSION, sealers=Sealers(settings, clients=secrets))


FROM_SECRETS = Sealing(source="secretsmanager", keys="seal")


async def context_of(vendor: Vendor) -> dict[str, str]:
    credentials = await vendor.vend(
        make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8)
    )
    return await vendor.sealers.context(credentials, make_identity(), ROUTE, NOW, PATIENT)


async def test_the_context_carries_one_sealed_text(sts: FakeSts) -> None:
    vendor = Vendor(sealed_settings(), session=SESSION)
    await vendor.sealers.warm(NOW)
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
        await vendor.sealers.warm(NOW)
    await vendor.close()


async def test_keys_that_are_not_to_be_had_yet_are_asked_for_again(sts: FakeSts) -> None:
    secrets = Secrets(None)
    vendor = vendor_with(secrets, sealed_settings(sealing=FROM_SECRETS))
    await vendor.sealers.warm(NOW)
    with pytest.raises(SealingKeysUnavailable):
        await context_of(vendor)
    secrets.text = jwk_set()
    assert "credentials" in await context_of(vendor)
    await vendor.close()


async def kid_at(vendor: Vendor, now: float, *, deadline: Deadline = PATIENT) -> str:
    """Which key seals for a request at `now`."""
    context = await vendor.sealers.context(make_credentials(), make_identity(), ROUTE, now, deadline)
    return peek_kid(context["credentials"])


@pytest.fixture
async def rotating(sts: FakeSts) -> AsyncIterator[tuple[Vendor, Secrets]]:
    """An environment that was warmed at `NOW` with the key `old`, and its secret."""
    secrets = Secrets(jwk_set(make_jwk("old", 1)))
    vendor = vendor_with(secrets, sealed_settings(sealing=FROM_SECRETS))
    await vendor.sealers.warm(NOW)
    yield vendor, secrets
    await vendor.close()


Rotating = tuple[Vendor, Secrets]
NEW = jwk_set(make_jwk("new", 2), make_jwk("old", 1))


async def test_a_new_key_seals_the_first_request_after_five_minutes(rotating: Rotating) -> None:
    vendor, secrets = rotating
    secrets.text = NEW
    assert KEYS_MAX_AGE == 5 * 60
    assert await kid_at(vendor, NOW + KEYS_MAX_AGE - 0.1) == "old"
    assert secrets.reads == 1
    for later in (KEYS_MAX_AGE, KEYS_MAX_AGE, 2 * KEYS_MAX_AGE - 0.1):
        assert await kid_at(vendor, NOW + later) == "new"
    assert secrets.reads == 2


@pytest.mark.parametrize("frozen", [KEYS_MAX_AGE, KEYS_LAST, 86400.0])
async def test_a_key_that_was_dropped_while_the_environment_was_frozen_seals_nothing_more(
    rotating: Rotating, frozen: float
) -> None:
    vendor, secrets = rotating
    secrets.text = jwk_set(make_jwk("new", 2))
    assert await kid_at(vendor, NOW + frozen) == "new"


BROKEN = [
    pytest.param(None, id="a secret without text"),
    pytest.param("{}", id="a secret that holds no keys"),
    pytest.param("[" * 100_000, id="a secret that is nested too deeply"),
]


@pytest.mark.parametrize("text", BROKEN)
async def test_the_old_keys_serve_for_an_hour_while_they_cannot_be_read_again(
    rotating: Rotating, text: str | None
) -> None:
    vendor, secrets = rotating
    secrets.text = text
    assert KEYS_LAST == 60 * 60
    for age in (KEYS_MAX_AGE, KEYS_LAST - 0.1):
        assert await kid_at(vendor, NOW + age) == "old"
    assert vendor.sealers.counts.key_failures == 2
    with pytest.raises(SealingKeysUnavailable, match=r"\[sealing\] .*keys") as refused:
        await kid_at(vendor, NOW + KEYS_LAST)
    assert "\n" not in str(refused.value)
    secrets.text = NEW
    assert await kid_at(vendor, NOW + KEYS_LAST) == "new"


async def test_while_aws_is_down_one_of_many_requests_asks_again(rotating: Rotating) -> None:
    vendor, secrets = rotating
    secrets.text = None
    for second in range(20):
        assert await kid_at(vendor, NOW + KEYS_MAX_AGE + second) == "old"
    assert secrets.reads == 1 + 5  # at 0, 1, 3, 7 and 15 s
    secrets.text = NEW
    assert await kid_at(vendor, NOW + KEYS_MAX_AGE + 31) == "new"


async def test_a_reading_that_succeeds_makes_the_next_failure_a_first_one(rotating: Rotating) -> None:
    vendor, secrets = rotating
    secrets.text = None
    for second in (0, 1, 3):
        await kid_at(vendor, NOW + KEYS_MAX_AGE + second)
    secrets.text = jwk_set(make_jwk("old", 1))
    mended = NOW + KEYS_MAX_AGE + 7
    await kid_at(vendor, mended)
    secrets.text = None
    await kid_at(vendor, mended + KEYS_MAX_AGE)
    secrets.text = NEW
    assert await kid_at(vendor, mended + KEYS_MAX_AGE + 0.9) == "old"
    assert await kid_at(vendor, mended + KEYS_MAX_AGE + 1) == "new"


async def test_a_secret_that_does_not_answer_is_waited_for_briefly(
    rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor, secrets = rotating
    assert sealer.RENEWAL_BUDGET <= 1
    monkeypatch.setattr(sealer, "RENEWAL_BUDGET", 0.05)
    secrets.gate.clear()
    began = time.monotonic()
    for _ in range(20):
        assert await kid_at(vendor, NOW + KEYS_MAX_AGE) == "old"
    with pytest.raises(SealingKeysUnavailable, match="in time"):
        await kid_at(vendor, NOW + KEYS_LAST, deadline=Deadline.after(0.05))
    assert time.monotonic() - began < 0.9
    secrets.gate.set()


async def test_who_has_no_keys_yet_waits_for_them_as_long_as_there_is_time(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "RENEWAL_BUDGET", 0.01)
    secrets = Secrets(NEW)
    vendor = vendor_with(secrets, sealed_settings(sealing=FROM_SECRETS))
    secrets.gate.clear()
    asyncio.get_running_loop().call_later(0.1, secrets.gate.set)
    assert await kid_at(vendor, NOW) == "new"
    await vendor.close()


async def test_warming_leaves_half_of_lambda_s_init_phase_to_the_rest(rotating: Rotating) -> None:
    """It ends after 10 s, and another one begins, which is paid for."""
    assert WARM_BUDGET <= 5


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(RuntimeError("canary"), "the sealing keys could not be read: RuntimeError", id="any"),
        pytest.param(
            KeyError("canary"),
            "the sealing keys cannot be read from secretsmanager: KeyError; expected that the function may call "
            "secretsmanager:GetSecretValue, and reach it",
            id="a known one",
        ),
    ],
)
async def test_of_an_error_of_a_library_no_more_is_told_than_its_kind(
    sts: FakeSts, error: Exception, told: str
) -> None:
    """Its text may quote the secret."""

    def broken(_service: str) -> Secrets:
        raise error

    vendor = vendor_with(broken, sealed_settings(sealing=FROM_SECRETS))
    with pytest.raises(SealingKeysUnavailable) as refused:
        await kid_at(vendor, NOW)
    assert str(refused.value) == f"[sealing] {told}"
    await vendor.close()


async def test_keys_that_are_due_are_read_once_for_all_who_ask_at_once(rotating: Rotating) -> None:
    vendor, secrets = rotating
    await asyncio.gather(*(kid_at(vendor, NOW + KEYS_MAX_AGE) for _ in range(100)))
    assert secrets.reads == 2


async def test_a_clock_that_was_set_back_makes_keys_due_and_not_young(rotating: Rotating) -> None:
    vendor, secrets = rotating
    secrets.text = NEW
    assert await kid_at(vendor, NOW - 1) == "new"
    secrets.text = None
    assert await kid_at(vendor, NOW - 60) == "new"
    with pytest.raises(SealingKeysUnavailable):
        await kid_at(vendor, NOW - 1 - KEYS_LAST)


async def test_keys_of_the_environment_are_read_once_and_do_not_age(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = vendor_with(Secrets(None), sealed_settings())
    assert await kid_at(vendor, NOW) == "a"
    monkeypatch.setattr("authorizer.sealing.sealer.read_keys", None)
    assert await kid_at(vendor, NOW + 10 * KEYS_LAST) == "a"
    await vendor.close()


async def test_the_keys_of_each_table_are_told_by_its_name(sts: FakeSts) -> None:
    private = Sealing(source="secretsmanager", keys="own", private=True)
    vendor = vendor_with(Secrets("{}"), make_settings(private_sealing=private))
    with pytest.raises(SealingKeysUnavailable, match=r"^\[private_sealing\] the sealing keys must be"):
        await vendor.sealers.private(NOW, PATIENT)
    with pytest.raises(SettingsError) as refused:
        await vendor.sealers.warm(NOW)
    [problem] = refused.value.problems
    assert problem.startswith("[private_sealing] the sealing keys must be")
    await vendor.close()


async def test_the_thread_that_asks_for_keys_gives_up_soon_after_the_request(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be stopped: a deadline ends the waiting for it, its own time-outs end the thread."""
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")  # which waits without an end
    client = blocking_client("secretsmanager")
    config = client.meta.config
    assert config.retries["mode"] == "standard"
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < 9


async def test_aws_itself_is_asked_where_nobody_says_otherwise(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boto3.Session.client", lambda _, service, **__: Secrets(NEW)(service))
    vendor = Vendor(sealed_settings(sealing=FROM_SECRETS), session=SESSION)
    assert await kid_at(vendor, NOW) == "new"
    await vendor.close()


async def test_a_missing_library_is_named(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "authorizer.sealing.seal", None)
    vendor = Vendor(sealed_settings(), session=SESSION)
    with pytest.raises(SettingsError, match="install the extra `sealed`"):
        await vendor.sealers.warm(NOW)
    await vendor.close()


def test_the_settings_never_show_the_keys() -> None:
    assert make_jwk()["k"] not in repr(replace(sealed_settings()))


def test_failures_of_keys_are_told_once_and_only_where_there_are_some() -> None:
    counts = SealingCounts()
    assert counts.take() == {}
    counts.key_failures += 2
    assert counts.take() == {"key_failures": 2}
    assert counts.take() == {}


def test_a_blocking_client_leaves_no_session_behind_that_a_snapshot_would_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    assert blocking_client("secretsmanager").meta.service_model.service_name == "secretsmanager"
    assert boto3.DEFAULT_SESSION is None
