"""Connections to STS that died while Lambda had the environment frozen: the loop stands still, the world does not."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from authorizer.errors import StsUnavailable
from authorizer.model import Shape
from authorizer.vending import sts as module
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.servers.sts import RecordingSts
from tests.vending.conftest import CALLER, SESSION
from tests.vending.factories import NOW, make_identity, make_policy, make_settings
from tests.vending.fake_sts import HANG_UP, FakeSts


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
        self.made = 0
        self.left = 0

    @asynccontextmanager
    async def client(self, *arguments: object, **changes: object) -> AsyncIterator[object]:
        self.made += 1
        await asyncio.sleep(0)
        async with SESSION.client(*arguments, **changes) as client:
            try:
                yield client
            finally:
                self.left += 1

    async def get_credentials(self) -> object:
        await asyncio.sleep(self.wait)
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
