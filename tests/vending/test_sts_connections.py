"""Connections to STS that died while Lambda had the environment frozen: the loop stands still, the world does not."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, PartialCredentialsError

from authorizer.errors import CallerCredentialsRefused, StsThrottled, StsUnavailable
from authorizer.model import Shape
from authorizer.vending import sts as module
from authorizer.vending.cache import Counts
from authorizer.vending.request import assume_role_request
from authorizer.vending.shared import CONNECTIONS
from authorizer.vending.sts import Sts, unanswered
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.servers.sts import RecordingSts
from tests.vending.conftest import CALLER, SESSION, no_pause
from tests.vending.factories import NOW, make_identity, make_policy, make_settings
from tests.vending.fake_sts import HANG_UP, Failure, FakeSts


class Environment:
    """A vendor on a loop that runs only while it is asked."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.vendor = Vendor(make_settings(), session=SESSION)

    def ask(self, *principals: str) -> float:
        """Credentials for them all at once; gives the seconds that it took."""
        began = time.monotonic()
        self.loop.run_until_complete(self._ask(principals))
        return time.monotonic() - began

    async def _ask(self, principals: tuple[str, ...]) -> None:
        now = time.time()
        await asyncio.gather(
            *(
                self.vendor.vend(
                    make_identity(principal=name), make_policy(), Shape.REST_REQUEST, now, Deadline.after(8.0)
                )
                for name in principals
            )
        )

    def close(self) -> None:
        self.loop.run_until_complete(self.vendor.close())
        self.loop.close()


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordingSts]:
    server = RecordingSts()
    for name, value in {**CALLER, "AWS_DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.endpoint)
    yield server
    server.close()


@pytest.fixture
def environment(recording: RecordingSts) -> Iterator[Environment]:
    here = Environment()
    yield here
    here.close()


def test_however_many_connections_have_died_the_next_request_is_served_without_a_pause(
    environment: Environment, recording: RecordingSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ask(*(f"user-{number}" for number in range(20)))
    assert recording.accepted > module.ATTEMPTS
    counts = environment.vendor.counts
    calls = counts.calls
    recording.hang_up()
    monkeypatch.setattr("random.random", lambda: 10.0)  # a pause would be a second
    assert environment.ask("another") < 0.8
    assert counts.calls - calls <= 2


def test_a_connection_is_used_again_while_requests_follow_each_other(
    environment: Environment, recording: RecordingSts
) -> None:
    for number in range(5):
        environment.ask(f"user-{number}")
    assert recording.accepted == 1


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    environment: Environment, recording: RecordingSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have died in silence, and then costs a request as long as it waits for an answer."""
    monkeypatch.setattr(module, "KEEP_ALIVE", 0.05)
    environment.ask("first")
    time.sleep(0.1)
    environment.ask("second")
    assert recording.accepted == 2


class Slow:
    """A session whose clients take their time: `wait` is what they wait for."""

    region_name = "eu-central-1"

    def __init__(self) -> None:
        self.wait = 0.0
        self.error: Exception | None = None
        """What comes of asking for the function's own credentials."""
        self.made = 0
        self.left = 0

    @asynccontextmanager
    async def client(self, *arguments: object, **changes: object) -> AsyncIterator[object]:
        self.made += 1
        await asyncio.sleep(0)
        async with SESSION.client(*arguments, **changes) as client:
            self.config: Any = client.meta.config
            try:
                yield client
            finally:
                self.left += 1

    async def get_credentials(self) -> object:
        await asyncio.sleep(self.wait)
        if self.error:
            raise self.error
        return await SESSION.get_credentials()


def test_who_asks_while_the_client_is_made_waits_for_it_and_makes_no_second_one(
    environment: Environment, recording: RecordingSts
) -> None:
    environment.vendor._sts._session = slow = Slow()
    environment.ask(*(f"user-{number}" for number in range(5)))
    assert slow.made == 1


def test_a_client_that_is_not_made_in_time_leaves_nothing_behind_and_is_made_by_the_next_request(
    environment: Environment, recording: RecordingSts
) -> None:
    environment.vendor._sts._session = slow = Slow()
    slow.wait = 30.0
    vend = environment.vendor.vend(
        make_identity(), make_policy(), Shape.REST_REQUEST, time.time(), Deadline.after(0.5)
    )
    with pytest.raises(StsUnavailable):
        environment.loop.run_until_complete(vend)
    assert (slow.made, slow.left) == (1, 1)
    slow.wait = 0.0
    environment.ask("another")
    assert (slow.made, slow.left) == (2, 1)


def test_closing_leaves_the_client_and_the_next_request_makes_another(
    environment: Environment, recording: RecordingSts
) -> None:
    environment.vendor._sts._session = slow = Slow()
    environment.ask("first")
    assert (slow.made, slow.left) == (1, 0)
    environment.loop.run_until_complete(environment.vendor.close())
    assert (slow.made, slow.left) == (1, 1)
    environment.ask("second")
    assert (slow.made, slow.left) == (2, 1)


async def test_a_client_lives_until_it_is_closed_and_the_next_one_is_another(sts: FakeSts) -> None:
    slow = Slow()
    made = Sts(slow, Counts())
    for number in (1, 2):
        await made.open()
        await made.open()
        assert (slow.made, slow.left) == (number, number - 1)
        await made.close()
        assert slow.left == number


async def test_a_client_is_short_of_patience_whatever_the_environment_says(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")  # which waits, and knows no deadline
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    slow = Slow()
    made = Sts(slow, Counts())
    assert await made.open() is await made.open(), "one for all requests"
    config = slow.config
    await made.close()
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert 2 * (config.connect_timeout + config.read_timeout) < 8, "a request has time for a second attempt"
    assert config.connector_args["keepalive_timeout"] <= 2
    assert 256 <= config.max_pool_connections < 1024 - CONNECTIONS, (
        "Lambda's file descriptors, less those of the table"
    )


async def test_requests_are_written_by_us(vendor: Vendor, sts: FakeSts) -> None:
    """The client's own method says more of itself, and takes longer."""
    await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8.0))
    assert "amz-sdk-request" not in sts.headers[0]


@pytest.mark.parametrize(("left", "calls"), [(0.1, 1), (0.11, 2)], ids=["just not in time", "just in time"])
async def test_a_pause_that_would_use_up_the_time_is_not_begun(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch, left: float, calls: int
) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    counts, times = Counts(), [left, left, 0.0, 0.0]  # asked before each call and behind it
    made = Sts(SESSION, counts, pause=no_pause)
    sts.failures = [Failure("Throttling")] * 2
    with pytest.raises(StsThrottled):
        await made.assume_role(
            assume_role_request(make_identity(), make_policy()), now=NOW, remaining=lambda: times.pop(0)
        )
    await made.close()
    assert counts.calls == calls


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        CredentialRetrievalError(provider="container-role", error_msg="canary"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_credentials_of_its_own_that_are_not_to_be_had_are_not_a_fault_of_sts(error: Exception) -> None:
    failure = unanswered(error)
    assert isinstance(failure, CallerCredentialsRefused)
    assert "canary" not in str(failure)


async def test_whatever_breaks_where_its_own_credentials_are_to_be_had_has_a_name(sts: FakeSts) -> None:
    slow, counts = Slow(), Counts()
    slow.error = ConnectionResetError("canary")
    made = Sts(slow, counts)
    request = assume_role_request(make_identity(), make_policy())
    with pytest.raises(StsUnavailable, match="ConnectionResetError") as failed:
        await made.assume_role(request, now=NOW, remaining=lambda: 0.0)
    assert "canary" not in str(failed.value)
    assert slow.made == slow.left == counts.calls == 1


async def test_a_host_that_is_not_there_is_a_reason_to_pause(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike a connection that was closed while nobody looked."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
    vendor = Vendor(make_settings(), session=SESSION, pause=pause)
    with pytest.raises(StsUnavailable, match="EndpointConnectionError"):
        await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8.0))
    await vendor.close()
    assert len(pauses) == 3
    assert all(seconds > 0 for seconds in pauses)


async def test_only_the_first_connection_that_breaks_is_no_reason_to_pause(sts: FakeSts) -> None:
    """It was closed while nobody looked; the second one breaks for another reason."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    sts.failures = [HANG_UP, HANG_UP]
    vendor = Vendor(make_settings(), session=SESSION, pause=pause)
    await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8.0))
    await vendor.close()
    first, second = pauses
    assert first == 0
    assert second > 0
