"""The life of an issuer's keys through every kind of outage: how many fetches, and who is answered."""

import asyncio
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authorizer.errors import KeysUnavailable, KeyUnknown
from authorizer.tokens.jwk import parse_key_set
from authorizer.tokens.keystore import FetchCounts, KeyStore
from authorizer.waiting.deadline import Deadline
from tests.make import PATIENT
from tests.tokens.endpoints import DOWN, SLOW, Endpoint
from tests.tokens.judge import RS256
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
    pytest.param(b"{}", "no list of `keys`", id="an object without keys"),
    pytest.param(b'{"keys":[]}', "it is empty", id="an empty set"),
    pytest.param(key_set(jwk(kid="old", use="enc")), "`use`", id="a set without a usable key"),
]


def public(name: str) -> RSAPublicKey:
    return private_key(name).public_key()


def store(endpoint: Endpoint, pinned: bytes | None = None, counts: FetchCounts | None = None) -> KeyStore:
    return KeyStore(
        URI, RS256, KEYS, endpoint, parse_key_set(pinned, RS256) if pinned else None, counts=counts
    )


DUE = NOW + KEYS.max_age
"""When a set that was fetched at `NOW` is due."""


async def test_a_first_request_fetches_and_the_next_thousand_do_not() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    for request in range(1_000):
        assert await keys.key("old", NOW + request, PATIENT) == public("genuine")
    assert endpoint.fetches == 1


async def test_concurrent_misses_share_one_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    waiting = [asyncio.create_task(keys.key("old", NOW + i / 1_000, PATIENT)) for i in range(100)]
    late = [asyncio.create_task(keys.key("old", NOW - i / 1_000, PATIENT)) for i in range(100)]
    await endpoint.asked.wait()
    endpoint.open.set()
    assert await asyncio.gather(*waiting, *late) == [public("genuine")] * 200
    assert endpoint.fetches == 1


async def test_a_request_that_is_cancelled_does_not_take_the_fetch_from_the_others() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    first, second = (asyncio.create_task(keys.key("old", NOW, PATIENT)) for _ in range(2))
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
            await keys.key("old", NOW + later, PATIENT)
        assert text in str(raised.value)
        assert "s3cret" not in str(raised.value)
    assert endpoint.fetches == 1
    endpoint.answer = OLD_SET
    assert await keys.key("old", NOW + 10, PATIENT) == public("genuine")
    assert endpoint.fetches == 2


@pytest.mark.parametrize(("answer", "text"), USELESS)
async def test_good_keys_outlive_a_useless_answer_until_the_grace_ends(
    answer: bytes | Exception, text: str
) -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = answer
    ends = DUE + KEYS.grace
    for now in (DUE, DUE + KEYS.cooldown, ends - 0.1):
        assert await keys.key("old", now, PATIENT) == public("genuine")
    assert endpoint.fetches == 4
    with pytest.raises(KeysUnavailable) as raised:
        await keys.key("old", ends, PATIENT)
    assert text in str(raised.value)
    assert endpoint.fetches == 4, "too early after the attempt before the grace's end"
    with pytest.raises(KeysUnavailable):
        await keys.key("old", ends + KEYS.cooldown, PATIENT)
    assert endpoint.fetches == 5
    endpoint.answer = OLD_SET
    assert await keys.key("old", ends + 2 * KEYS.cooldown, PATIENT) == public("genuine")


async def test_a_set_is_fetched_anew_at_its_maximum_age_and_not_before() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    for now, fetches in ((DUE - 0.1, 1), (DUE, 2), (DUE + KEYS.max_age - 0.1, 2), (DUE + KEYS.max_age, 3)):
        assert await keys.key("old", now, PATIENT) == public("genuine")
        assert endpoint.fetches == fetches


async def test_only_the_request_that_finds_a_set_due_waits_for_its_renewal() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.open.clear()
    first = asyncio.create_task(keys.key("old", DUE, PATIENT))
    await endpoint.asked.wait()
    assert keys.held("old", DUE) == public("genuine"), "while the first one waits"
    endpoint.open.set()
    assert await first == public("genuine")
    assert endpoint.fetches == 2


async def test_a_key_that_is_due_is_not_held_until_somebody_has_asked_for_it_anew() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    assert keys.held("old", DUE - 0.1) == public("genuine")
    assert keys.held("old", DUE) is None
    await keys.key("old", DUE, PATIENT)
    assert keys.held("old", DUE) == public("genuine")


@pytest.mark.parametrize(("answer", "_text"), USELESS)
async def test_while_the_renewal_fails_one_request_a_cooldown_waits_for_it(
    answer: bytes | Exception, _text: str
) -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = answer
    for attempt in range(3):
        began = DUE + attempt * KEYS.cooldown
        assert keys.held("old", began) is None
        assert await keys.key("old", began, PATIENT) == public("genuine")
        assert keys.held("old", began + KEYS.cooldown - 0.1) == public("genuine")
        assert endpoint.fetches == 2 + attempt


async def test_an_unknown_kid_that_finds_a_set_due_renews_it_for_all() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    with pytest.raises(KeyUnknown):
        await keys.key("random", DUE, PATIENT)
    assert keys.held("old", DUE + KEYS.max_age - 0.1) == public("genuine")
    assert endpoint.fetches == 2


async def test_renewing_what_still_serves_takes_half_of_the_time_at_most() -> None:
    endpoint = Endpoint(OLD_SET)
    counts = FetchCounts()
    keys = store(endpoint, counts=counts)
    await keys.warm(NOW)
    endpoint.open.clear()
    deadline = Deadline.after(0.2)
    assert await keys.key("old", DUE, deadline) == public("genuine")
    assert 0.05 < deadline.remaining() <= 0.1
    assert counts.take() == {"key_fetches": 2, "key_fetch_failures": 1}
    endpoint.open.set()
    assert await keys.key("old", DUE + KEYS.cooldown, PATIENT) == public("genuine")
    assert endpoint.fetches == 3


async def test_a_fetch_that_is_needed_takes_all_of_the_time_and_not_more() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys, before = store(endpoint), asyncio.all_tasks()
    deadline = Deadline.after(0.1)
    with pytest.raises(KeysUnavailable, match="no answer came in the time"):
        await keys.key("old", NOW, deadline)
    assert deadline.remaining() == 0
    assert asyncio.all_tasks() == before, "nothing goes on"


async def test_who_is_out_of_time_leaves_the_fetch_to_those_with_more() -> None:
    endpoint = Endpoint(ROTATED_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    patient = asyncio.create_task(keys.key("new", NOW, PATIENT))
    await endpoint.asked.wait()
    with pytest.raises(KeysUnavailable, match="no fetch has ended"):
        await keys.key("new", NOW, Deadline.after(0.01))
    endpoint.open.set()
    assert await patient == public("next")
    assert endpoint.fetches == 1


async def test_who_is_out_of_time_is_not_told_that_a_key_is_unknown() -> None:
    """The set is an hour old: the issuer may have published the key since."""
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.open.clear()
    with pytest.raises(KeysUnavailable):
        await keys.key("new", NOW + 600, Deadline.after(0))


@pytest.mark.parametrize(
    ("had", "held_off"), [pytest.param(0, 0, id="no time"), pytest.param(0.1, 0.25, id="some time")]
)
async def test_an_attempt_that_its_own_request_had_no_time_for_holds_nobody_off_for_longer_than_it_lasted(
    had: float, held_off: float
) -> None:
    """Else one caller whose request comes late in its time has all others of the environment refused."""
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    with pytest.raises(KeysUnavailable):
        await keys.key("old", NOW, Deadline.after(had))
    asked = endpoint.fetches
    endpoint.open.set()
    if had:
        with pytest.raises(KeysUnavailable, match="no answer came"):
            await keys.key("old", NOW + 0.15, PATIENT)
        assert endpoint.fetches == asked
    assert await keys.key("old", NOW + held_off, PATIENT) == public("genuine")
    assert endpoint.fetches == asked + 1


async def test_a_whole_attempt_after_one_that_was_cut_holds_off_for_a_cooldown() -> None:
    endpoint = Endpoint(DOWN)
    endpoint.open.clear()
    keys = store(endpoint)
    with pytest.raises(KeysUnavailable, match="no answer came"):
        await keys.key("old", NOW, Deadline.after(0.1))
    endpoint.open.set()
    for later in (0.25, 0.8, 0.25 + KEYS.cooldown - 0.1):
        with pytest.raises(KeysUnavailable, match="connection refused"):
            await keys.key("old", NOW + later, PATIENT)
    assert endpoint.fetches == 2


async def test_who_has_no_time_to_try_is_told_why_the_last_attempt_failed() -> None:
    keys = store(Endpoint(DOWN))
    for later, deadline in ((0, PATIENT), (KEYS.cooldown, Deadline.after(0))):
        with pytest.raises(KeysUnavailable, match="connection refused"):
            await keys.key("old", NOW + later, deadline)


async def test_an_attempt_that_is_cut_while_keys_serve_is_the_last_of_its_cooldown_for_who_has_them() -> None:
    """They lose nothing by it, and an issuer that is silent costs them no more than one wait."""
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = ROTATED_SET
    endpoint.open.clear()
    assert await keys.key("old", DUE, Deadline.after(0.02)) == public("genuine")
    endpoint.open.set()
    assert keys.held("old", DUE + KEYS.cooldown - 0.1) == public("genuine")
    assert await keys.key("old", DUE + 1, PATIENT) == public("genuine")
    assert endpoint.fetches == 2
    assert await keys.key("new", DUE + 1, PATIENT) == public("next")
    assert endpoint.fetches == 3


async def test_one_request_without_time_does_not_end_the_hold_off_that_a_failure_began() -> None:
    endpoint = Endpoint(DOWN)
    keys = store(endpoint)
    with pytest.raises(KeysUnavailable):
        await keys.key("old", NOW, PATIENT)
    for deadline in (Deadline.after(0), PATIENT):
        with pytest.raises(KeysUnavailable, match="connection refused"):
            await keys.key("old", NOW + KEYS.cooldown - 0.1, deadline)
    assert endpoint.fetches == 1


async def test_whoever_leaves_a_fetch_that_others_wait_for_has_not_cut_it() -> None:
    endpoint = Endpoint(DOWN)
    endpoint.open.clear()
    keys = store(endpoint)
    patient = asyncio.create_task(keys.key("old", NOW, PATIENT))
    await endpoint.asked.wait()
    with pytest.raises(KeysUnavailable):
        await keys.key("old", NOW, Deadline.after(0.01))
    endpoint.open.set()
    with pytest.raises(KeysUnavailable, match="connection refused"):
        await patient
    with pytest.raises(KeysUnavailable, match="connection refused"):
        await keys.key("old", NOW + KEYS.cooldown - 0.1, PATIENT)
    assert endpoint.fetches == 1


async def test_fetches_and_their_failures_are_counted_once_and_taken_once() -> None:
    endpoint, counts = Endpoint(DOWN), FetchCounts()
    keys = store(endpoint, counts=counts)
    assert counts.take() == {}
    waiting = [keys.key("old", NOW, PATIENT) for _ in range(100)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {KeysUnavailable}
    assert counts.take() == {"key_fetches": 1, "key_fetch_failures": 1}
    assert counts.take() == {}
    endpoint.answer = OLD_SET
    await keys.key("old", NOW + KEYS.cooldown, PATIENT)
    assert counts.take() == {"key_fetches": 1}
    counts.key_fetch_failures += 1  # of a fetch that was taken before it ended
    assert counts.take() == {"key_fetch_failures": 1}


async def test_who_comes_while_the_failed_fetch_of_another_ends_makes_no_second_one() -> None:
    endpoint = Endpoint(DOWN)
    keys = store(endpoint)
    asking = []
    for _ in range(10):  # one at each step of the others' way
        asking.append(asyncio.create_task(keys.key("old", NOW, PATIENT)))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {KeysUnavailable}
    assert endpoint.fetches == 1


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [pytest.param(OLD_SET, KeyUnknown, id="unknown"), pytest.param(DOWN, KeysUnavailable, id="unavailable")],
)
async def test_a_refusal_within_the_cooldown_waits_for_nothing(
    answer: bytes | Exception, refusal: type[Exception]
) -> None:
    """Not even for an event loop to start: strangers send such tokens."""
    keys = store(Endpoint(answer))
    await keys.warm(NOW)
    with pytest.raises(refusal):
        keys.key("random", NOW + KEYS.cooldown - 0.1, PATIENT).send(None)


async def test_a_rotated_key_is_found_at_its_first_token() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = ROTATED_SET
    assert await keys.key("new", NOW + 600, PATIENT) == public("next")
    assert await keys.key("old", NOW + 600, PATIENT) == public("genuine")
    assert endpoint.fetches == 2


async def test_a_withdrawn_key_is_believed_for_the_maximum_age_at_most() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = AFTER_SET
    assert await keys.key("old", DUE - 0.1, PATIENT) == public("genuine")
    with pytest.raises(KeyUnknown, match=r"is not in the key set at .*, which has 1: '"):
        await keys.key("old", DUE, PATIENT)
    assert keys.held("old", DUE) is None
    assert endpoint.fetches == 2


async def test_of_a_large_set_a_few_keys_are_named() -> None:
    """Whoever sends tokens with unknown keys must not fill the log with those that are known."""
    keys = store(Endpoint(key_set(*(jwk(kid=f"k{number}") for number in range(20)))))
    with pytest.raises(KeyUnknown) as refused:
        await keys.key("mallory", NOW, PATIENT)
    assert "which has 20: 'k0', 'k1', " in str(refused.value)
    assert str(refused.value).count("'k") == 8
    assert "mallory" not in str(refused.value)


async def test_a_key_that_changes_under_its_name_is_another_key() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    before = await keys.key("old", NOW, PATIENT)
    assert await keys.key("old", DUE, PATIENT) is before, "unchanged, so the same object"
    endpoint.answer = key_set(jwk("next", kid="old"))
    assert await keys.key("old", DUE + KEYS.max_age, PATIENT) == public("next")


async def test_a_rotation_during_an_outage_is_our_failure_and_is_found_when_it_ends() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = DOWN
    with pytest.raises(KeysUnavailable, match="connection refused"):
        await keys.key("new", NOW + 600, PATIENT)
    assert await keys.key("old", NOW + 600, PATIENT) == public("genuine")
    endpoint.answer = AFTER_SET
    with pytest.raises(KeysUnavailable):
        await keys.key("new", NOW + 600 + KEYS.cooldown - 0.1, PATIENT)
    assert endpoint.fetches == 2
    assert await keys.key("new", NOW + 600 + KEYS.cooldown, PATIENT) == public("next")
    assert endpoint.fetches == 3


async def test_ten_thousand_unknown_kids_cost_one_fetch_a_cooldown() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    refused = 0
    for i in range(10_000):
        with pytest.raises(KeyUnknown):
            await keys.key(f"random {i}", NOW + 100 + i / 100, PATIENT)
        refused += 1
    assert (endpoint.fetches, refused) == (1 + 10, 10_000), "100 s of attack, one fetch in each 10 s"


async def test_ten_thousand_unknown_kids_at_once_cost_one_fetch_and_block_no_answer() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.open.clear()
    wave = [asyncio.create_task(keys.key(f"random {i}", NOW + 100, PATIENT)) for i in range(10_000)]
    await endpoint.asked.wait()
    assert await keys.key("old", NOW + 100, PATIENT) == public("genuine")
    endpoint.answer = ROTATED_SET
    genuine = asyncio.create_task(keys.key("new", NOW + 100, PATIENT))
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
        await keys.key("random", NOW + 100, PATIENT)
    endpoint.answer = ROTATED_SET
    with pytest.raises(KeyUnknown):
        await keys.key("new", NOW + 101, PATIENT)
    with pytest.raises(KeyUnknown):
        await keys.key("random again", NOW + 110, PATIENT)
    assert await keys.key("new", NOW + 110.1, PATIENT) == public("next"), (
        "found by the attacker's own request"
    )
    assert endpoint.fetches == 3


async def test_an_attempt_that_waits_counts_as_one() -> None:
    """A slow endpoint: the cool-down runs from the attempt, not from its end."""
    endpoint = Endpoint(SLOW)
    endpoint.open.clear()
    keys = store(endpoint)
    first = asyncio.create_task(keys.key("old", NOW, PATIENT))
    await endpoint.asked.wait()
    second = asyncio.create_task(keys.key("old", NOW + 5, PATIENT))
    await asyncio.sleep(0)
    assert endpoint.fetches == 1
    endpoint.open.set()
    for request in (first, second):
        with pytest.raises(KeysUnavailable, match="did not answer"):
            await request
    assert endpoint.fetches == 1
    with pytest.raises(KeysUnavailable, match="did not answer"):
        await keys.key("old", NOW + KEYS.cooldown, PATIENT)
    assert endpoint.fetches == 2, "whoever joined a fetch has not put off the next one"


@pytest.mark.parametrize("pinned", [None, OLD_SET], ids=["none at all", "pinned ones"])
def test_no_key_is_held_before_anybody_has_asked_for_one(pinned: bytes | None) -> None:
    assert store(Endpoint(OLD_SET), pinned=pinned).held("old", NOW) is None


def test_the_first_step_towards_a_fetch_needs_no_event_loop() -> None:
    """The runtime starts one when a request has to wait, and only then."""
    asking = store(Endpoint(OLD_SET)).key("old", NOW, PATIENT)
    assert asking.send(None) is None
    asking.close()


async def test_a_clock_that_is_set_back_stops_neither_answers_nor_fetches() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    before = NOW - 86_400
    assert keys.held("old", before) is None
    assert await keys.key("old", before, PATIENT) == public("genuine")
    assert endpoint.fetches == 2, "their age is unknown"
    with pytest.raises(KeyUnknown):
        await keys.key("new", before + 1, PATIENT)
    assert endpoint.fetches == 2
    assert keys.held("old", before + KEYS.max_age - 0.1) == public("genuine")
    assert keys.held("old", before + KEYS.max_age) is None


async def test_keys_whose_age_is_unknown_do_not_outlive_the_grace() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    endpoint.answer = DOWN
    before = NOW - 86_400
    for now in (before, before + KEYS.grace - 0.1):
        assert await keys.key("old", now, PATIENT) == public("genuine")
    with pytest.raises(KeysUnavailable):
        await keys.key("old", before + KEYS.grace, PATIENT)


async def test_a_clock_that_is_a_little_slow_makes_nobody_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = store(endpoint)
    await keys.warm(NOW)
    for back in (0.1, KEYS.cooldown):
        assert await keys.key("old", NOW - back, PATIENT) == public("genuine")
    assert keys.held("old", DUE - 0.1) == public("genuine"), "nor is their age another"
    assert endpoint.fetches == 1
    await keys.key("old", NOW - KEYS.cooldown - 0.1, PATIENT)
    assert endpoint.fetches == 2


async def test_pinned_keys_serve_a_cold_start_without_any_fetch() -> None:
    endpoint = Endpoint(DOWN)
    keys = store(endpoint, pinned=OLD_SET)
    await keys.warm(NOW)
    assert await keys.key("old", NOW + KEYS.cooldown - 0.1, PATIENT) == public("genuine")
    assert endpoint.fetches == 0


@pytest.mark.parametrize("warmed", [pytest.param(True, id="warmed"), pytest.param(False, id="cold")])
async def test_pinned_keys_serve_for_the_grace_while_no_fetch_succeeds(warmed: bool) -> None:
    """However old they are: each environment would else believe for ever what was withdrawn years ago."""
    endpoint = Endpoint(DOWN)
    keys = store(endpoint, pinned=OLD_SET)
    if warmed:
        await keys.warm(NOW)
    ends = KEYS.cooldown + KEYS.grace
    looks = ((0, 0), (KEYS.cooldown - 0.1, 0), (KEYS.cooldown, 1), (ends - 0.1, 2))
    for age, fetches in looks[2:] if warmed else looks:
        assert await keys.key("old", NOW + age, PATIENT) == public("genuine")
        assert endpoint.fetches == fetches
    for age in (ends, ends + KEYS.cooldown):
        assert keys.held("old", NOW + age) is None
        with pytest.raises(KeysUnavailable, match="connection refused"):
            await keys.key("old", NOW + age, PATIENT)
    assert endpoint.fetches == 3


async def test_fetched_keys_replace_pinned_ones_after_a_cooldown() -> None:
    endpoint = Endpoint(AFTER_SET)
    keys = store(endpoint, pinned=OLD_SET)
    assert await keys.key("old", NOW, PATIENT) == public("genuine")
    now = NOW + KEYS.cooldown
    with pytest.raises(KeyUnknown):  # withdrawn by the issuer since the bundle was made
        await keys.key("old", now, PATIENT)
    assert keys.held("new", now) == public("next")
    endpoint.answer = DOWN
    ends = now + KEYS.max_age + KEYS.grace
    assert await keys.key("new", ends - 0.1, PATIENT) == public("next")
    with pytest.raises(KeysUnavailable):
        await keys.key("new", ends, PATIENT)


async def test_an_unknown_kid_beside_pinned_keys_fetches() -> None:
    endpoint = Endpoint(ROTATED_SET)
    keys = store(endpoint, pinned=OLD_SET)
    assert await keys.key("new", NOW, PATIENT) == public("next")
    assert endpoint.fetches == 1


async def test_a_store_that_nobody_asks_is_left_alone() -> None:
    """Of a pool's two issuer URLs one may never be used."""
    endpoint = Endpoint(DOWN)
    keys = store(endpoint)
    await keys.warm(NOW)
    assert endpoint.fetches == 1
    assert keys.held("old", NOW + KEYS.cooldown) is None
    assert endpoint.fetches == 1


async def test_a_cooldown_longer_than_the_keys_live_is_no_reason_to_blame_the_caller() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = KeyStore(URI, RS256, replace(KEYS, max_age=1, grace=1), endpoint)
    await keys.warm(NOW)
    with pytest.raises(KeyUnknown):
        await keys.key("new", NOW + 1.9, PATIENT)
    with pytest.raises(KeysUnavailable, match="too old"):
        await keys.key("old", NOW + 2, PATIENT)
    assert endpoint.fetches == 1


async def test_without_a_cooldown_each_unknown_kid_fetches() -> None:
    endpoint = Endpoint(OLD_SET)
    keys = KeyStore(URI, RS256, replace(KEYS, cooldown=0), endpoint)
    for fetches in (1, 2, 3):
        with pytest.raises(KeyUnknown):
            await keys.key("new", NOW, PATIENT)
        assert endpoint.fetches == fetches
    assert await keys.key("old", NOW, PATIENT) == public("genuine")
    assert endpoint.fetches == 3, "and no renewal is due at the very time of a fetch"


async def test_without_a_cooldown_concurrent_misses_still_share_one_fetch() -> None:
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = KeyStore(URI, RS256, replace(KEYS, cooldown=0), endpoint)
    waiting = [asyncio.create_task(keys.key("old", NOW, PATIENT)) for _ in range(10)]
    await endpoint.asked.wait()
    endpoint.open.set()
    assert await asyncio.gather(*waiting) == [public("genuine")] * 10
    assert endpoint.fetches == 1


async def test_a_fetch_that_was_cancelled_cancels_no_request() -> None:
    """As when an event loop is closed under it."""
    endpoint = Endpoint(OLD_SET)
    endpoint.open.clear()
    keys = store(endpoint)
    first = asyncio.create_task(keys.key("old", NOW, PATIENT))
    await endpoint.asked.wait()
    (fetch,) = (task for task in asyncio.all_tasks() if "_fetch_once" in repr(task.get_coro()))
    fetch.cancel()
    for later, asking in ((0, first), (1, keys.key("old", NOW + 1, PATIENT))):
        with pytest.raises(KeysUnavailable, match="no answer came"):
            await asking
        assert endpoint.fetches == 1, later
    endpoint.open.set()
    assert await keys.key("old", NOW + KEYS.cooldown, PATIENT) == public("genuine")
