"""The life of an issuer's keys through every kind of outage: how many fetches, and who is answered."""

import asyncio
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authorizer.errors import KeysUnavailable, KeyUnknown
from authorizer.tokens.jwk import parse_key_set
from authorizer.tokens.keystore import FetchCounts, KeyStore
from tests.tokens.endpoints import DOWN, SLOW, Endpoint
from tests.tokens.minting import KEYS, NOW, jwk, key_set
from tests.tokens.rsa_keys import private_key

URI = "https://issuer.example/jwks.json"
OLD_SET = key_set(jwk("genuine", kid="old"))
ROTATED_SET = key_set(jwk("genuine", kid="old"), jwk("next", kid="new"))
AFTER_SET = key_set(jwk("next", kid="new"))
USELESS = [
    pytest.param(DOWN, "connection refused", id="down"),
    pytest.param(SLOW, "did not answer", id="slow"),
    pytest.param(
        RuntimeError("s3cret"), "unforeseen RuntimeError", id="failing in a way that nobody planned for"
    ),
    pytest.param(b"<html>busy</html>", "not JSON", id="garbage"),
    pytest.param(OLD_SET[: len(OLD_SET) // 2], "not JSON", id="half a document"),
    pytest.param(b"", "not JSON", id="nothing"),
    pytest.param(b"{}", "no `keys`", id="an object without keys"),
    pytest.param(b'{"keys":[]}', "it is empty", id="an empty set"),
    pytest.param(key_set(jwk(kid="old", use="enc")), "`use`", id="a set without a usable key"),
]


def public(name: str) -> RSAPublicKey:
    return private_key(name).public_key()


def store(endpoint: Endpoint, pinned: bytes | None = None, counts: FetchCounts | None = None) -> KeyStore:
    return KeyStore(URI, KEYS, endpoint, parse_key_set(pinned) if pinned else None, counts=counts)


async def test_a_first_request_fetches_and_the_next_thousand_do_not() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    for request in range(1_000):
        assert await keys.key("old", NOW + request) == public("genuine")
    assert endpoint.fetches == 1


async def test_concurrent_misses_share_one_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    waiting = [asyncio.create_task(keys.key("old", NOW + i / 1_000)) for i in range(100)]
    late = [asyncio.create_task(keys.key("old", NOW - i / 1_000)) for i in range(100)]
    await endpoint.asked.wait()
    endpoint.open.set()
    assert await asyncio.gather(*waiting, *late) == [public("genuine")] * 200
    assert endpoint.fetches == 1


async def test_a_request_that_is_cancelled_does_not_take_the_fetch_from_the_others() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    first, second = (asyncio.create_task(keys.key("old", NOW)) for _ in range(2))
    await endpoint.asked.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    endpoint.open.set()
    assert await second == public("genuine")
    assert endpoint.fetches == 1


@pytest.mark.parametrize(("answer", "text"), USELESS)
async def test_without_keys_a_useless_answer_is_our_failure_once_a_cooldown(
    answer: bytes | Exception, text: str
) -> None:
    endpoint = Endpoint(answer)
    keys = store(endpoint)
    for later in (0, 1, 9.9):
        with pytest.raises(KeysUnavailable) as raised:
            await keys.key("old", NOW + later)
        assert text in str(raised.value)
        assert "s3cret" not in str(raised.value)
    assert endpoint.fetches == 1
    endpoint.answer = OLD_SET
    assert await keys.key("old", NOW + 10) == public("genuine")
    assert endpoint.fetches == 2


@pytest.mark.parametrize(("answer", "text"), USELESS)
async def test_good_keys_outlive_a_useless_answer_until_the_grace_ends(
    answer: bytes | Exception, text: str
) -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = answer
    ends = NOW + KEYS.max_age + KEYS.grace
    for now in (NOW + KEYS.max_age, NOW + KEYS.max_age + KEYS.cooldown, ends):
        await keys.maintain(now)
        assert await keys.key("old", now) == public("genuine")
    assert endpoint.fetches == 4
    with pytest.raises(KeysUnavailable) as raised:
        await keys.key("old", ends + 0.1)
    assert text in str(raised.value)
    assert endpoint.fetches == 4, "too early after the attempt at the grace's end"
    with pytest.raises(KeysUnavailable):
        await keys.key("old", ends + KEYS.cooldown)
    assert endpoint.fetches == 5
    endpoint.answer = OLD_SET
    assert await keys.key("old", ends + 2 * KEYS.cooldown) == public("genuine")


async def test_a_refresh_is_due_after_the_maximum_age_and_not_before() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    await keys.maintain(NOW + KEYS.max_age - 0.1)
    assert endpoint.fetches == 1
    await keys.maintain(NOW + KEYS.max_age)
    assert endpoint.fetches == 2
    await keys.maintain(NOW + 2 * KEYS.max_age - 0.1)
    assert endpoint.fetches == 2


async def test_a_refresh_is_never_in_the_way_of_an_answer() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.open.clear()
    refresh = asyncio.create_task(keys.maintain(NOW + KEYS.max_age))
    await endpoint.asked.wait()
    assert await keys.key("old", NOW + KEYS.max_age) == public("genuine"), "while the refresh waits"
    endpoint.open.set()
    await refresh
    assert endpoint.fetches == 2


async def test_nobody_fetches_for_a_request_whose_key_is_held() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    await keys.key("old", NOW + KEYS.max_age + 1)
    assert endpoint.fetches == 1


async def test_a_rotated_key_is_found_at_its_first_token() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = ROTATED_SET
    assert await keys.key("new", NOW + 600) == public("next")
    assert await keys.key("old", NOW + 600) == public("genuine")
    assert endpoint.fetches == 2


async def test_a_withdrawn_key_is_gone_after_the_next_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = AFTER_SET
    await keys.maintain(NOW + KEYS.max_age)
    assert keys.held("old", NOW + KEYS.max_age) is None
    with pytest.raises(KeyUnknown, match=r"is not in the key set at .*, which has '"):
        await keys.key("old", NOW + KEYS.max_age)
    assert endpoint.fetches == 2


async def test_a_key_that_changes_under_its_name_is_another_key() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    before = await keys.key("old", NOW)
    await keys.maintain(NOW + KEYS.max_age)
    assert keys.held("old", NOW) is before, "unchanged, so the same object"
    endpoint.answer = key_set(jwk("next", kid="old"))
    await keys.maintain(NOW + 2 * KEYS.max_age)
    assert keys.held("old", NOW) == public("next")


async def test_a_rotation_during_an_outage_is_our_failure_and_is_found_when_it_ends() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = DOWN
    with pytest.raises(KeysUnavailable, match="connection refused"):
        await keys.key("new", NOW + 600)
    assert await keys.key("old", NOW + 600) == public("genuine")
    endpoint.answer = AFTER_SET
    with pytest.raises(KeysUnavailable):
        await keys.key("new", NOW + 600 + KEYS.cooldown - 0.1)
    assert endpoint.fetches == 2
    assert await keys.key("new", NOW + 600 + KEYS.cooldown) == public("next")
    assert endpoint.fetches == 3


async def test_ten_thousand_unknown_kids_cost_one_fetch_a_cooldown() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    refused = 0
    for i in range(10_000):
        with pytest.raises(KeyUnknown):
            await keys.key(f"random {i}", NOW + 100 + i / 100)
        refused += 1
    assert (endpoint.fetches, refused) == (1 + 10, 10_000), "100 s of attack, one fetch in each 10 s"


async def test_ten_thousand_unknown_kids_at_once_cost_one_fetch_and_block_no_answer() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.open.clear()
    wave = [asyncio.create_task(keys.key(f"random {i}", NOW + 100)) for i in range(10_000)]
    await endpoint.asked.wait()
    assert await keys.key("old", NOW + 100) == public("genuine")
    endpoint.answer = ROTATED_SET
    genuine = asyncio.create_task(keys.key("new", NOW + 100))
    endpoint.open.set()
    assert await genuine == public("next")
    outcomes = await asyncio.gather(*wave, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {KeyUnknown}
    assert endpoint.fetches == 2


async def test_an_attack_delays_a_rotation_by_one_cooldown_at_most() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    with pytest.raises(KeyUnknown):
        await keys.key("random", NOW + 100)
    endpoint.answer = ROTATED_SET
    with pytest.raises(KeyUnknown):
        await keys.key("new", NOW + 101)
    with pytest.raises(KeyUnknown):
        await keys.key("random again", NOW + 110)
    assert await keys.key("new", NOW + 110.1) == public("next"), "found by the attacker's own request"
    assert endpoint.fetches == 3


async def test_an_attempt_that_waits_counts_as_one() -> None:
    """A slow endpoint: the cool-down runs from the attempt, not from its end."""
    endpoint = Endpoint(SLOW)
    endpoint.open.clear()
    keys = store(endpoint)
    first = asyncio.create_task(keys.key("old", NOW))
    await endpoint.asked.wait()
    second = asyncio.create_task(keys.key("old", NOW + 5))
    await asyncio.sleep(0)
    assert endpoint.fetches == 1
    endpoint.open.set()
    for request in (first, second):
        with pytest.raises(KeysUnavailable, match="did not answer"):
            await request
    assert endpoint.fetches == 1


async def test_a_fetch_that_was_frozen_with_its_environment_is_overtaken() -> None:
    """Lambda stops an environment between requests, in the middle of whatever it does."""
    begun, frozen, endpoint = asyncio.Event(), asyncio.Event(), Endpoint(OLD_SET)
    calls: list[bytes] = []

    async def fetch(uri: str, limit: float) -> bytes:
        calls.append(b"")
        if len(calls) == 1:
            begun.set()
            await frozen.wait()
            return ROTATED_SET
        return await endpoint(uri, limit)

    keys = KeyStore(URI, KEYS, fetch)
    first = asyncio.create_task(keys.key("old", NOW))
    await begun.wait()
    second = asyncio.create_task(keys.key("old", NOW + 3600))
    done, _ = await asyncio.wait({second}, timeout=1)
    assert done, "it does not wait for the frozen one"
    assert second.result() == public("genuine")
    frozen.set()
    await first
    assert keys.held("new", NOW + 3600) is None, "the overtaken answer changes nothing"
    assert len(calls) == 2


async def test_a_clock_that_is_set_back_stops_neither_answers_nor_fetches() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    before = NOW - 86_400
    assert await keys.key("old", before) == public("genuine")
    with pytest.raises(KeyUnknown):
        await keys.key("new", before)
    assert endpoint.fetches == 2
    await keys.maintain(before - 100)
    assert endpoint.fetches == 3


async def test_pinned_keys_serve_a_cold_start_without_any_fetch() -> None:
    endpoint = Endpoint(DOWN)
    keys = store(endpoint, pinned=OLD_SET)
    await keys.warm(NOW)
    assert await keys.key("old", NOW) == public("genuine")
    assert endpoint.fetches == 0


async def test_pinned_keys_serve_through_any_outage() -> None:
    endpoint = Endpoint(DOWN)
    keys = store(endpoint, pinned=OLD_SET)
    for age in (0, KEYS.max_age, KEYS.max_age + KEYS.grace + 1, 10 * KEYS.max_age):
        await keys.maintain(NOW + age)
        assert await keys.key("old", NOW + age) == public("genuine")
    assert endpoint.fetches == 4


async def test_fetched_keys_replace_pinned_ones_after_the_first_answer() -> None:
    endpoint = Endpoint(AFTER_SET)
    keys = store(endpoint, pinned=OLD_SET)
    assert await keys.key("old", NOW) == public("genuine")
    await keys.maintain(NOW)
    assert keys.held("old", NOW) is None, "withdrawn by the issuer since the bundle was made"
    assert keys.held("new", NOW) == public("next")
    endpoint.answer = DOWN
    with pytest.raises(KeysUnavailable):
        await keys.key("new", NOW + KEYS.max_age + KEYS.grace + 1)


async def test_an_unknown_kid_beside_pinned_keys_fetches() -> None:
    endpoint = Endpoint(ROTATED_SET)
    keys = store(endpoint, pinned=OLD_SET)
    assert await keys.key("new", NOW) == public("next")
    assert endpoint.fetches == 1


async def test_a_store_without_keys_is_not_maintained() -> None:
    """Of a pool's two issuer URLs one may never be used: it must not be asked after each answer."""
    endpoint = Endpoint(DOWN)
    keys = store(endpoint)
    await keys.warm(NOW)
    await keys.maintain(NOW + KEYS.cooldown)
    assert endpoint.fetches == 1


async def test_a_cooldown_longer_than_the_keys_live_is_no_reason_to_blame_the_caller() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = KeyStore(URI, replace(KEYS, max_age=1, grace=1), endpoint)
    await keys.warm(NOW)
    with pytest.raises(KeyUnknown):
        await keys.key("new", NOW + 2)
    with pytest.raises(KeysUnavailable):
        await keys.key("old", NOW + 2.1)
    assert endpoint.fetches == 1


async def test_without_a_cooldown_each_unknown_kid_fetches() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = KeyStore(URI, replace(KEYS, cooldown=0), endpoint)
    for fetches in (1, 2, 3):
        with pytest.raises(KeyUnknown):
            await keys.key("new", NOW)
        assert endpoint.fetches == fetches
    await keys.maintain(NOW)
    assert endpoint.fetches == 3, "and no refresh is due at the very time of a fetch"


async def test_without_a_cooldown_concurrent_misses_still_share_one_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = KeyStore(URI, replace(KEYS, cooldown=0), endpoint)
    waiting = [asyncio.create_task(keys.key("old", NOW)) for _ in range(10)]
    await endpoint.asked.wait()
    endpoint.open.set()
    assert await asyncio.gather(*waiting) == [public("genuine")] * 10
    assert endpoint.fetches == 1


async def test_a_fetch_that_was_cancelled_cancels_no_later_request() -> None:
    """As when an event loop is closed under it."""
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    first = asyncio.create_task(keys.key("old", NOW))
    await endpoint.asked.wait()
    (fetch,) = (task for task in asyncio.all_tasks() if "_fetch_once" in repr(task.get_coro()))
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(KeysUnavailable, match="no fetch has ended"):
        await keys.key("old", NOW + 1)
    endpoint.open.set()
    assert await keys.key("old", NOW + KEYS.cooldown) == public("genuine")


async def test_fetches_and_their_failures_are_counted_once_and_taken_once() -> None:
    endpoint, counts = Endpoint(DOWN), FetchCounts()
    keys = store(endpoint, counts=counts)
    assert counts.take() == {}
    waiting = [keys.key("old", NOW) for _ in range(100)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {KeysUnavailable}
    assert counts.take() == {"key_fetches": 1, "key_fetch_failures": 1}
    assert counts.take() == {}
    endpoint.answer = OLD_SET
    await keys.key("old", NOW + KEYS.cooldown)
    assert counts.take() == {"key_fetches": 1}


async def test_who_waits_for_a_frozen_fetch_is_not_told_that_the_key_is_unknown() -> None:
    gates, both_asked = [asyncio.Event(), asyncio.Event()], asyncio.Event()
    waiting = iter(gates)

    async def fetch(uri: str, _: float) -> bytes:
        gate = next(waiting)
        if gate is gates[1]:
            both_asked.set()
        await gate.wait()
        return OLD_SET

    keys = KeyStore(URI, KEYS, fetch)
    first, second = (asyncio.create_task(keys.key("old", NOW + later)) for later in (0, 3600))
    await both_asked.wait()
    gates[0].set()
    with pytest.raises(KeysUnavailable, match="no fetch has ended"):
        await first
    gates[1].set()
    assert await second == public("genuine")
