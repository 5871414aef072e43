"""What the verifier remembers, for how long, and what it asks again each time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from authorizer.errors import (
    AuthenticationTooOld,
    ClientRefused,
    IssuerUnknown,
    KeysUnavailable,
    KeyUnknown,
    SettingsError,
    SignatureInvalid,
    TokenExpired,
    TokenNotYetValid,
    Unauthorized,
)
from authorizer.tokens import verifier as module
from authorizer.tokens.algorithms import Algorithm
from authorizer.tokens.compact import Compact
from authorizer.tokens.memory import Memory
from authorizer.tokens.public_keys import PublicKey
from authorizer.tokens.signature import is_signed_by
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.endpoints import DOWN, Endpoint
from tests.tokens.minting import (
    KEYS,
    NOW,
    OIDC,
    POOL,
    access_token,
    base64url,
    id_claims,
    id_token,
    issuer,
    issuers,
    jwk,
    key_set,
    mint,
    no_network,
)


class Counting:
    """The signature check, and how often it was made."""

    def __init__(self) -> None:
        self.checks = 0

    def __call__(self, key: PublicKey, compact: Compact, algorithm: Algorithm) -> bool:
        self.checks += 1
        return is_signed_by(key, compact, algorithm)


def counted(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(module, "is_signed_by", counting)
    return counting


@pytest.fixture
def rs256(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return counted(monkeypatch)


def pinned(**changes: Any) -> Verifier:
    return Verifier(issuers(issuer(**changes)), KEYS, fetch=no_network)


def fetching(endpoint: Endpoint) -> Verifier:
    return Verifier(issuers(issuer(pinned_keys=None)), KEYS, fetch=endpoint)


async def test_a_good_token_costs_one_signature_check(rs256: Counting) -> None:
    verifier, token = pinned(), id_token()
    first = await verifier.verify(token, NOW, PATIENT)
    assert [await verifier.verify(token, NOW + i, PATIENT) for i in range(100)] == [first] * 100
    assert rs256.checks == 1


async def test_of_a_token_only_what_is_read_is_remembered() -> None:
    """An issuer writes what it likes into its tokens, and a thousand of them are remembered."""
    verifier = Verifier(issuers(issuer()), KEYS, wanted=("custom:tenant_id", "absent"), fetch=no_network)
    said = {"custom:tenant_id": "acme", "custom:other": "x", "much": [{}] * 1000}
    first = await verifier.verify(id_token(**said), NOW, PATIENT)
    assert first.values["custom:tenant_id"] == "acme"
    assert set(first.values) == {
        *("sub", "aud", "exp", "iat", "auth_time", "token_use", "custom:tenant_id"),
        *("cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role"),
    }
    second = await verifier.verify(id_token(**said, jti="another"), NOW, PATIENT)
    assert {id(name) for name in first.values} == {id(name) for name in second.values}, (
        "one text for all tokens"
    )
    access = await verifier.verify(access_token(**said), NOW, PATIENT)
    assert {"client_id", "scope", "username"} <= set(access.values)
    assert "much" not in access.values


BAD: list[Any] = [
    pytest.param(mint(id_claims(), key="stranger"), SignatureInvalid, id="of a stranger"),
    pytest.param(id_token(aud="another"), ClientRefused, id="for another client"),
    pytest.param(id_token(exp=NOW - 1), TokenExpired, id="that has expired"),
    pytest.param(id_token(nbf=NOW + 9), TokenNotYetValid, id="that is not valid yet"),
]


@pytest.mark.parametrize(("token", "refusal"), BAD)
async def test_a_bad_token_costs_one_signature_check(
    token: str, refusal: type[Unauthorized], rs256: Counting
) -> None:
    verifier = pinned()
    texts = set()
    for _ in range(100):
        with pytest.raises(refusal) as raised:
            await verifier.verify(token, NOW, PATIENT)
        assert type(raised.value) is refusal
        texts.add(str(raised.value))
    assert len(texts) == 1, "the same words each time"
    assert rs256.checks == 1


@pytest.mark.parametrize(
    ("token", "changes", "later", "refusal"),
    [
        pytest.param(id_token(exp=NOW + 10), {}, 10, TokenExpired, id="expires"),
        pytest.param(
            id_token(), {"max_auth_age": 100.0}, 41, AuthenticationTooOld, id="has too old a sign-in"
        ),
        pytest.param(id_token(nbf=NOW), {}, -1, TokenNotYetValid, id="is asked about at an earlier time"),
    ],
)
async def test_a_remembered_token_is_asked_the_time_again(
    token: str, changes: dict[str, Any], later: float, refusal: type[Unauthorized], rs256: Counting
) -> None:
    verifier = pinned(**changes)
    claims = await verifier.verify(token, NOW, PATIENT)
    with pytest.raises(refusal):
        await verifier.verify(token, NOW + later, PATIENT)
    assert await verifier.verify(token, NOW, PATIENT) is claims
    assert rs256.checks == 1


async def test_a_token_that_came_too_early_is_taken_in_its_time(rs256: Counting) -> None:
    verifier, token = pinned(), id_token(nbf=NOW + 9)
    with pytest.raises(TokenNotYetValid):
        await verifier.verify(token, NOW, PATIENT)
    assert (await verifier.verify(token, NOW + 9, PATIENT)).token_use == "id"
    assert rs256.checks == 1


async def test_a_remembered_token_falls_with_its_key() -> None:
    endpoint = Endpoint(key_set())
    verifier, token = fetching(endpoint), id_token(exp=NOW + 86_400)
    await verifier.verify(token, NOW, PATIENT)
    endpoint.answer = key_set(jwk("next", kid="next"))
    with pytest.raises(KeyUnknown):
        await verifier.verify(token, NOW + KEYS.max_age, PATIENT)


async def test_a_remembered_token_falls_with_a_key_that_is_replaced_under_its_own_name() -> None:
    endpoint = Endpoint(key_set())
    verifier, token = fetching(endpoint), id_token(exp=NOW + 86_400)
    await verifier.verify(token, NOW, PATIENT)
    endpoint.answer = key_set(jwk("next"))
    for later in (0, 1):
        with pytest.raises(SignatureInvalid):
            await verifier.verify(token, NOW + KEYS.max_age + later, PATIENT)


async def test_a_remembered_token_falls_when_the_grace_ends() -> None:
    endpoint = Endpoint(key_set())
    verifier, token = fetching(endpoint), id_token(exp=NOW + 86_400)
    await verifier.verify(token, NOW, PATIENT)
    endpoint.answer = DOWN
    ends = NOW + KEYS.max_age + KEYS.grace
    assert (await verifier.verify(token, ends - 0.1, PATIENT)).issuer == POOL
    with pytest.raises(KeysUnavailable):
        await verifier.verify(token, ends, PATIENT)


async def test_a_remembered_token_outlives_a_renewal_that_changes_nothing(rs256: Counting) -> None:
    verifier = fetching(Endpoint(key_set()))
    first, second = id_token(exp=NOW + 86_400), id_token(exp=NOW + 86_401)
    for token in (first, second):
        await verifier.verify(token, NOW, PATIENT)
    for token in (first, second) * 2:
        assert (await verifier.verify(token, NOW + KEYS.max_age, PATIENT)).issuer == POOL
    assert rs256.checks == 2


async def test_a_refusal_falls_with_the_key_that_refused() -> None:
    """A key that is replaced under its own `kid`: a local issuer that was started again."""
    endpoint = Endpoint(key_set())
    verifier, token = fetching(endpoint), mint(id_claims(exp=NOW + 86_400), key="next")
    with pytest.raises(SignatureInvalid):
        await verifier.verify(token, NOW, PATIENT)
    endpoint.answer = key_set(jwk("next"))
    assert (await verifier.verify(token, NOW + KEYS.max_age, PATIENT)).issuer == POOL


async def test_a_token_whose_key_was_unknown_is_taken_once_the_key_is_there() -> None:
    endpoint = Endpoint(key_set(jwk("next", kid="next")))
    verifier, token = fetching(endpoint), id_token()
    with pytest.raises(KeyUnknown):
        await verifier.verify(token, NOW, PATIENT)
    endpoint.answer = key_set()
    assert (await verifier.verify(token, NOW + KEYS.cooldown, PATIENT)).issuer == POOL


async def test_a_flood_of_bad_tokens_pushes_no_good_one_out(
    rs256: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_VERIFIED", 2)
    monkeypatch.setattr(module, "MAX_REFUSED", 2)
    verifier, token = pinned(), id_token()
    await verifier.verify(token, NOW, PATIENT)
    for i in range(10):
        with pytest.raises(ClientRefused):
            await verifier.verify(id_token(aud=f"another {i}"), NOW, PATIENT)
    await verifier.verify(token, NOW, PATIENT)
    assert rs256.checks == 11
    assert (len(verifier._verified), len(verifier._refused)) == (1, 2)


async def test_no_more_tokens_are_remembered_than_an_environment_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some 4 MB of good ones and 2 MB of bad ones. The first of one too many has to show its signature again."""
    checked: list[bytes] = []

    def good_if_one(key: PublicKey, compact: Compact, algorithm: Algorithm) -> bool:
        checked.append(compact.signature)
        return compact.signature[0] == 1

    monkeypatch.setattr(module, "is_signed_by", good_if_one)
    verifier = pinned()
    unsigned = id_token().rpartition(".")[0]

    async def asked(good: bool, number: int) -> bool:
        """Whether the signature was looked at."""
        before = len(checked)
        token = f"{unsigned}.{base64url(bytes((good,)) + number.to_bytes(3))}"
        if good:
            await verifier.verify(token, NOW, PATIENT)
        else:
            with pytest.raises(SignatureInvalid):
                await verifier.verify(token, NOW, PATIENT)
        return len(checked) > before

    for good, room in ((True, 1024), (False, 4096)):
        assert all([await asked(good, number) for number in range(room)])
        assert not await asked(good, 0), "there is room for all of them"
        assert await asked(good, room)
        assert await asked(good, 1), "and not for one more"


async def test_a_remembered_token_waits_for_no_renewal_that_another_request_makes() -> None:
    endpoint = Endpoint(key_set())
    verifier, token = fetching(endpoint), id_token(exp=NOW + 86_400)
    claims = await verifier.verify(token, NOW, PATIENT)
    endpoint.open.clear()
    first = asyncio.create_task(verifier.verify(token, NOW + KEYS.max_age, PATIENT))
    await endpoint.asked.wait()
    with pytest.raises(StopIteration) as answered:
        verifier.verify(token, NOW + KEYS.max_age, PATIENT).send(None)
    assert answered.value.value is claims
    endpoint.open.set()
    assert await first is claims


async def test_the_memory_holds_no_token() -> None:
    verifier, good, bad = pinned(), id_token(), mint(id_claims(), key="stranger")
    await verifier.verify(good, NOW, PATIENT)
    with pytest.raises(SignatureInvalid):
        await verifier.verify(bad, NOW, PATIENT)
    for memory in (verifier._verified, verifier._refused):
        shown = repr(memory.__dict__)
        for token in (good, bad):
            assert token not in shown
            assert token.rsplit(".", 1)[1] not in shown
        assert "ana@example.com" not in shown


async def test_claims_cannot_be_changed_for_the_next_request() -> None:
    claims = await pinned().verify(id_token(), NOW, PATIENT)
    with pytest.raises(TypeError):
        claims.values["sub"] = "x"  # type: ignore[index] # a mapping, not a dict: that is the point


async def test_each_pool_has_its_own_keys() -> None:
    other = POOL + "2"
    verifier = Verifier(
        issuers(issuer(), issuer(issuer=other, pinned_keys=key_set(jwk("next")).decode())),
        KEYS,
        fetch=no_network,
    )
    assert (await verifier.verify(id_token(), NOW, PATIENT)).issuer == POOL
    assert (await verifier.verify(mint(id_claims(iss=other), key="next"), NOW, PATIENT)).issuer == other
    for token in (mint(id_claims(iss=other)), mint(id_claims(), key="next")):
        with pytest.raises(SignatureInvalid):
            await verifier.verify(token, NOW, PATIENT)


@pytest.mark.parametrize(("pools", "fetches"), [(8, 8), (9, 0)])
async def test_a_few_key_sets_are_fetched_ahead_and_of_many_none(pools: int, fetches: int) -> None:
    endpoint = Endpoint(key_set())
    names = [f"{POOL}{number}" for number in range(pools)]
    several = (issuer(issuer=name, jwks_uri=f"{name}/jwks.json", pinned_keys=None) for name in names)
    verifier = Verifier(issuers(*several), KEYS, fetch=endpoint)
    await verifier.warm(NOW)
    assert endpoint.fetches == fetches
    assert (await verifier.verify(mint(id_claims(iss=names[0])), NOW, PATIENT)).issuer == names[0]


async def test_a_refusal_names_a_few_issuers_and_counts_the_rest() -> None:
    names = [f"{POOL}{number}" for number in range(1000)]
    verifier = Verifier(issuers(*(issuer(issuer=name) for name in names)), KEYS, fetch=no_network)
    with pytest.raises(IssuerUnknown) as refused:
        await verifier.verify(id_token(), NOW, PATIENT)
    assert str(refused.value).endswith(f"'{names[3]}' and 996 more")
    assert len(str(refused.value)) < 500


async def test_where_few_issuers_are_configured_a_refusal_names_them_all() -> None:
    names = [f"{POOL}{number}" for number in range(4)]
    verifier = Verifier(issuers(*(issuer(issuer=name) for name in names)), KEYS, fetch=no_network)
    with pytest.raises(IssuerUnknown) as refused:
        await verifier.verify(id_token(), NOW, PATIENT)
    assert str(refused.value).endswith(f"'{names[3]}'")


async def test_an_outage_of_one_pool_leaves_the_others_alone() -> None:
    other = POOL + "2"

    async def fetch(uri: str, _: float) -> bytes:
        if uri.startswith(other):
            raise DOWN
        return key_set()

    verifier = Verifier(
        issuers(
            issuer(pinned_keys=None),
            issuer(issuer=other, jwks_uri=f"{other}/.well-known/jwks.json", pinned_keys=None),
        ),
        KEYS,
        fetch=fetch,
    )
    await verifier.warm(NOW)
    assert (await verifier.verify(id_token(), NOW, PATIENT)).issuer == POOL
    with pytest.raises(KeysUnavailable):
        await verifier.verify(id_token(iss=other), NOW, PATIENT)


async def test_two_issuers_of_one_document_share_its_fetch() -> None:
    endpoint = Endpoint(key_set())
    uri = f"{POOL}/.well-known/jwks.json"
    verifier = Verifier(
        issuers(issuer(pinned_keys=None), issuer(issuer=POOL + "-new", jwks_uri=uri, pinned_keys=None)),
        KEYS,
        fetch=endpoint,
    )
    await verifier.warm(NOW)
    assert (await verifier.verify(id_token(iss=POOL + "-new"), NOW, PATIENT)).issuer == POOL + "-new"
    assert endpoint.fetches == 1


async def test_a_thousand_requests_at_once_share_one_fetch() -> None:
    endpoint = Endpoint(key_set())
    endpoint.open.clear()
    verifier = fetching(endpoint)
    tokens = [id_token(), access_token()] * 500
    waiting = [asyncio.create_task(verifier.verify(token, NOW, PATIENT)) for token in tokens]
    await endpoint.asked.wait()
    endpoint.open.set()
    assert {claims.token_use for claims in await asyncio.gather(*waiting)} == {"id", "access"}
    assert endpoint.fetches == 1


async def test_a_verifier_makes_its_own_connections_and_closes_them() -> None:
    verifier = Verifier(issuers(issuer(pinned_keys=None, jwks_uri="http://127.0.0.1:9/jwks.json")), KEYS)
    await verifier.warm(NOW)
    with pytest.raises(KeysUnavailable, match="ClientConnectorError"):
        await verifier.verify(id_token(), NOW, PATIENT)
    assert verifier._http._session is not None
    await verifier.close()
    assert verifier._http._session is None


async def test_a_request_that_is_stopped_leaves_no_fetch_behind() -> None:
    endpoint = Endpoint(key_set())
    endpoint.open.clear()
    verifier = fetching(endpoint)
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(verifier.verify(id_token(), NOW, PATIENT))
    await endpoint.asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    endpoint.open.set()
    assert (await verifier.verify(id_token(), NOW + KEYS.cooldown, PATIENT)).issuer == POOL


async def test_fetches_of_all_issuers_are_counted_together() -> None:
    other = POOL + "2"
    verifier = Verifier(
        issuers(
            issuer(pinned_keys=None),
            issuer(issuer=other, jwks_uri=f"{other}/.well-known/jwks.json", pinned_keys=None),
        ),
        KEYS,
        fetch=Endpoint(DOWN),
    )
    await verifier.warm(NOW)
    assert verifier.counts.take() == {"key_fetches": 2, "key_fetch_failures": 2}


def test_closing_outlives_the_event_loop_that_fetched() -> None:
    verifier = fetching(Endpoint(key_set()))
    asyncio.run(verifier.close())
    assert asyncio.run(verifier.verify(id_token(), NOW, PATIENT)).issuer == POOL
    asyncio.run(verifier.close())


def test_every_problem_of_the_settings_is_told_at_once() -> None:
    listed = {
        "https://renamed.example": issuer(),
        OIDC: issuer(issuer=OIDC, kind="saml", jwks_uri="http://login.example.com/keys", pinned_keys="{}"),
    }
    with pytest.raises(SettingsError) as raised:
        Verifier(listed, KEYS, fetch=no_network)
    problems = raised.value.problems
    expected = ["under another name", "of the kind 'saml'", "neither https", "pinned keys"]
    assert [next(e for e in expected if e in problem) for problem in problems] == expected


def test_an_algorithm_that_nobody_has_is_told_though_keys_are_pinned_for_it() -> None:
    listed = {OIDC: issuer(issuer=OIDC, kind="oidc", algorithm="HS256", pinned_keys=key_set().decode())}
    with pytest.raises(SettingsError, match="has the algorithm 'HS256'"):
        Verifier(listed, KEYS, fetch=no_network)


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        pytest.param(lambda m: None, [b"1", b"2"], id="as many as fit"),
        pytest.param(lambda m: m.put(b"3", 3), [b"2", b"3"], id="the oldest goes first"),
        pytest.param(lambda m: (m.get(b"1"), m.put(b"3", 3)), [b"1", b"3"], id="asking makes young"),
        pytest.param(lambda m: m.put(b"1", 1), [b"2", b"1"], id="putting again takes no more room"),
    ],
)
def test_memory(steps: Callable[[Memory[int]], object], kept: list[bytes]) -> None:
    memory: Memory[int] = Memory(2)
    memory.put(b"1", 1)
    memory.put(b"2", 2)
    steps(memory)
    assert list(memory._entries) == kept
    assert memory.get(b"nobody") is None
