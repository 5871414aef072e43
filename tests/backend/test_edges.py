"""A WebSocket's message is renewed to its edges: who may ask, what is waited for, and what an answer has to say. The
whole way, with the authorizer behind it, is walked in `tests/test_connections.py`."""

import io
import json
from base64 import urlsafe_b64encode
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from authorizer import backend
from authorizer.backend import opening, renewing
from authorizer.backend.event import context_of_event
from authorizer.errors import CredentialsAbsent, CredentialsExpired, RenewalFailed, SealRefused
from authorizer.sealing import context
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from tests.vending.factories import NOW, ROUTE, SUB, make_credentials

OTHER_SUB = "22222222-2222-4222-8222-222222222222"

OVER = {**context.plain(make_credentials(expiration=NOW - 5)), "sub": SUB, "connection": "sealed"}
FRESH = {**context.plain(make_credentials(expiration=NOW + 900)), "sub": SUB}


class Lambda:
    """Its client: answers with `answer`, or raises it."""

    def __init__(self) -> None:
        self.answer: Any = {"context": FRESH}
        self.asked: list[str] = []
        self.config: Any = None

    def made(self, service: str, config: Any = None) -> "Lambda":
        assert service == "lambda"
        self.config = config
        return self

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.asked.append(json.loads(Payload)["connectionId"])
        if isinstance(self.answer, Exception):
            raise self.answer
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return {"Payload": io.BytesIO(body)}


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    there = Lambda()
    monkeypatch.setattr(boto3.Session, "client", lambda _, *named, **options: there.made(*named, **options))
    monkeypatch.setenv(renewing.FUNCTION, "authorizer")
    renewing._client.cache_clear()
    renewing._remembered.clear()
    monkeypatch.setattr(opening, "_keys", opening._Keys())
    return there


@pytest.fixture(autouse=True)
def no_client_of_ours_afterwards() -> Any:
    yield
    renewing._client.cache_clear()
    renewing._remembered.clear()


def message(connection_id: object = "c1", **fields: str) -> dict[str, Any]:
    request = {
        "apiId": "abcdef1234",
        "stage": "prod",
        "connectionId": connection_id,
        "authorizer": {**OVER, **fields},
    }
    return {"requestContext": {name: value for name, value in request.items() if value is not None}}


def test_a_message_waits_ten_seconds_for_each_of_two_answers_at_most(function: Lambda) -> None:
    assert backend.credentials(message(), now=NOW).expiration == NOW + 900
    assert (function.config.connect_timeout, function.config.read_timeout) == (1, 10)
    assert function.config.retries == {"mode": "standard", "total_max_attempts": 2}


@pytest.mark.parametrize("connection_id", [None, "", 7, ["c1"]])
def test_what_is_of_no_connection_is_never_renewed(connection_id: object, function: Lambda) -> None:
    event = message(connection_id)
    with pytest.raises(CredentialsExpired, match="expired 5 s ago"):
        backend.credentials(event, now=NOW)
    assert function.asked == []
    assert not context_of_event(event).connection_id


@pytest.mark.parametrize(
    ("answer", "refusal", "problem"),
    [
        pytest.param({}, CredentialsExpired, "gives no others", id="no context"),
        pytest.param({"context": "x"}, CredentialsExpired, "gives no others", id="a context that is a text"),
        pytest.param({"context": {**FRESH, "sessionToken": 7}}, CredentialsAbsent, "no sessionToken", id="a number"),
        pytest.param(b"{", RenewalFailed, "cannot be asked: JsonInvalid", id="half of an answer"),
        pytest.param(b"\xff", RenewalFailed, "cannot be asked: UnicodeDecodeError", id="an answer that is no text"),
        pytest.param(
            ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke"),
            RenewalFailed,
            "cannot be asked: AccessDeniedException",
            id="a role that may not ask",
        ),
    ],
)  # fmt: skip
def test_an_answer_without_credentials_says_why(
    answer: object, refusal: type[Exception], problem: str, function: Lambda
) -> None:
    function.answer = answer
    with pytest.raises(refusal, match=problem):
        backend.credentials(message(), now=NOW)


@pytest.mark.parametrize("theirs", [{"sub": OTHER_SUB}, {"connection": "garbage"}], ids=str)
def test_what_was_renewed_for_one_caller_is_never_anothers(theirs: dict[str, str], function: Lambda) -> None:
    """Who reaches a backend past the gateway may name the connection of anybody."""
    backend.credentials(message(), now=NOW)
    function.answer = {"context": {"code": "connection_refused"}, "policyDocument": {}}
    with pytest.raises(CredentialsExpired, match="connection_refused"):
        backend.credentials(message(**theirs), now=NOW)
    assert backend.credentials(message(), now=NOW).expiration == NOW + 900


def ring(*numbers: int) -> str:
    keys = [(number, urlsafe_b64encode(bytes([number]) * 32).decode().rstrip("=")) for number in numbers]
    return json.dumps({"keys": [{"kty": "oct", "kid": str(number), "k": key} for number, key in keys]})


def sealed_at(now: float, keys: str, sub: str = SUB) -> dict[str, str]:
    held = make_credentials(issued_at=now, expiration=now + 3600)
    fields = context.sealed(held, seal=Seal(parse_keys(keys)), route=ROUTE, principal=sub)
    return {**fields, "sub": sub, "connection": "sealed"}


def test_a_connection_outlives_the_key_that_its_credentials_were_sealed_with(
    function: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_connect = sealed_at(NOW, ring(1))
    for minute, keys, asked in (
        (1, ring(1), 0),
        (12, ring(2, 1), 0),
        (61, ring(2, 1), 1),  # the session of $connect is over
        (73, ring(2), 1),  # the first key is dropped, as documented
        (110, ring(3), 2),  # so is the second, in haste
        (112, ring(3), 2),
    ):
        now = NOW + 60 * minute
        monkeypatch.setenv("AUTHORIZER_SEALING_KEYS", keys)
        function.answer = {"context": sealed_at(now, keys)}
        assert backend.credentials(message(**at_connect), now=now).expiration > now, minute
        assert len(function.asked) == asked, minute


def test_without_a_connection_an_unknown_key_is_a_refusal(
    function: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHORIZER_SEALING_KEYS", ring(2))
    with pytest.raises(SealRefused, match="key"):
        backend.credentials(message(None, **sealed_at(NOW, ring(1))), now=NOW + 60)
    assert function.asked == []


def test_what_is_sealed_for_another_api_is_not_renewed(
    function: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHORIZER_SEALING_KEYS", ring(1))
    event = message(**sealed_at(NOW, ring(1)))
    event["requestContext"]["stage"] = "another"
    with pytest.raises(SealRefused):
        backend.credentials(event, now=NOW + 60)
    assert function.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"sub": SUB}, id="no credentials"),
        pytest.param({**FRESH, "expiration": "soon"}, id="an end that is no time"),
    ],
)
def test_an_answer_that_does_not_open_is_not_kept_in_place_of_credentials_that_live(
    answer: dict[str, str], function: Lambda
) -> None:
    function.answer = {"context": answer}
    old = context.plain(make_credentials(expiration=NOW + 30))
    for later in (0, 0.2, 1.2):
        assert backend.credentials(message("c1", **old), now=NOW + later).expiration == NOW + 30
    assert len(function.asked) == 2
    function.answer = {"context": FRESH}
    assert backend.credentials(message("c1", **old), now=NOW + 5).expiration == NOW + 900


def test_credentials_that_live_make_nobody_forgotten(function: Lambda) -> None:
    """A thousand connections that are young would else take the place of those that were renewed."""
    backend.credentials(message("old"), now=NOW)
    young = {**context.plain(make_credentials(expiration=NOW + 900)), "sub": SUB, "connection": "sealed"}
    for number in range(renewing.MAX_REMEMBERED + 1):
        backend.credentials(message(f"c{number}", **young), now=NOW)
    backend.credentials(message("old"), now=NOW)
    assert function.asked == ["old"]


@pytest.mark.parametrize(
    ("lasts", "asked"),
    [pytest.param(60.0, 1, id="as long as it is due"), pytest.param(60.5, 2, id="half a second longer")],
)
def test_the_pause_after_a_renewal_is_for_what_is_due_at_once(
    lasts: float, asked: int, function: Lambda
) -> None:
    function.answer = {"context": {**context.plain(make_credentials(expiration=NOW + 60)), "sub": SUB}}
    old = context.plain(make_credentials(expiration=NOW + 30))
    first = NOW + 60 - lasts
    for later in (0, 0.7):
        backend.credentials(message("c1", **old), now=first + later)
    assert len(function.asked) == asked


def test_the_thousand_connections_that_were_renewed_last_are_remembered(function: Lambda) -> None:
    for number in range(1000):
        backend.credentials(message(f"c{number}"), now=NOW)
    function.answer = {"context": {**FRESH, "expiration": "2028-01-01T00:00:00Z"}}
    later = NOW + 1000
    backend.credentials(message("c0"), now=later)  # its fresh credentials are over, too
    backend.credentials(message("another"), now=later)
    function.asked.clear()
    backend.credentials(message("c0"), now=later)
    backend.credentials(message("another"), now=later)
    assert function.asked == []
    backend.credentials(message("c2"), now=NOW)
    assert function.asked == []
    backend.credentials(message("c1"), now=NOW)
    assert function.asked == ["c1"]
