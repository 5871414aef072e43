"""The shared level against two implementations of DynamoDB's API, which refuse, store and answer as they see fit."""

import asyncio
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from authorizer.errors import PolicyMalformed, StsUnavailable, TooManySessions
from authorizer.model import Shape
from authorizer.settings.callers import Callers
from authorizer.settings.schema import Sealing, SharedCache
from authorizer.vending import shared
from authorizer.vending.seats import Seat
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import ROOT
from tests.servers.dynamodb import REGION, SERVERS, Answer, Door, client, create_table, throttled
from tests.servers.sts import RecordingSts
from tests.vending.conftest import SESSION
from tests.vending.factories import NOW, SUB, jwk_set, make_identity, make_policy, make_settings
from tests.vending.fake_sts import Failure, FakeSts
from tests.world import AWS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The endpoint of one implementation after the other."""
    with SERVERS[request.param]() as endpoint:
        yield endpoint


class Table:
    """A table of its own for each test: what an earlier one has sent may arrive late."""

    def __init__(self, server: str) -> None:
        self.name = f"sessions-{uuid.uuid4().hex[:8]}"
        self.server = server
        self._client = client(server)

    def create(self) -> None:
        create_table(self.server, self.name)

    def put(self, key: str, **attributes: Any) -> None:
        self._client.put_item(TableName=self.name, Item={"id": {"S": key}, **attributes})

    def drop(self, key: str) -> None:
        self._client.delete_item(TableName=self.name, Key={"id": {"S": key}})

    @property
    def items(self) -> dict[str, Any]:
        return {item["id"]["S"]: item for item in self._client.scan(TableName=self.name)["Items"]}


@pytest.fixture
def missing(server: str) -> Table:
    """A table that is not there yet."""
    return Table(server)


@pytest.fixture
def table(missing: Table) -> Table:
    missing.create()
    return missing


@pytest.fixture
def door(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    with Door(server) as door:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", door.endpoint)
        yield door


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """A busy machine is no fault of the table's. Gives what the patience is otherwise."""
    usual = shared.PATIENCE
    monkeypatch.setattr(shared, "PATIENCE", 20.0)
    monkeypatch.setattr(shared, "FIRST_PATIENCE", 20.0)
    return usual


New = Callable[..., Vendor]


@pytest.fixture
async def environment(sts: FakeSts, door: Door, missing: Table) -> AsyncIterator[New]:
    """Makes environments that go through `door` to the one table, and closes them."""
    made = []

    def make(**changes: Any) -> Vendor:
        settings = make_settings(
            **changes,
            private_sealing=Sealing(source="environment", keys=jwk_set(), private=True),
            shared_cache=SharedCache(table=missing.name, region=REGION),
        )
        made.append(Vendor(settings, session=SESSION))
        return made[-1]

    yield make
    for vendor in made:
        await vendor.close()


async def vend(vendor: Vendor, *, now: float = NOW, principal: str = SUB) -> str:
    identity = make_identity(principal=principal)
    return (
        await vendor.vend(identity, make_policy(), Shape.REST_REQUEST, now, Deadline.after(60))
    ).access_key_id


async def test_one_call_of_sts_serves_every_environment(
    environment: New, sts: FakeSts, table: Table, door: Door
) -> None:
    first, second = environment(), environment()
    await first.warm()
    door.calls.clear()
    made = await vend(first)
    assert door.calls == ["GetItem", "PutItem"]
    assert await vend(second, now=NOW + 60) == made
    assert len(sts.requests) == 1
    assert (first.counts.shared_failures, second.counts.shared_hits) == (0, 1)
    [item] = table.items.values()
    assert sorted(item) == ["expires", "id", "sealed"]
    assert item["expires"] == {"N": str(int(NOW) + 3600)}


def as_forged(item: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Items that somebody who may write the table puts in place of `item`; `other` is another user's."""
    sealed = item["sealed"]["S"]
    deep: dict[str, Any] = {"S": sealed}
    for _ in range(29):
        deep = {"L": [deep]}
    return {
        "of another user": {"sealed": other["sealed"]},
        "without its end": {"sealed": {"S": sealed[:-4]}},
        "altered": {"sealed": {"S": sealed[:-30] + ("A" if sealed[-30] != "A" else "B") + sealed[-29:]}},
        "without a seal": {},
        "a number": {"sealed": {"N": "5"}},
        "bytes": {"sealed": {"B": sealed.encode()}},
        "nothing": {"sealed": {"NULL": True}},
        "a set of texts": {"sealed": {"SS": [sealed]}},
        "a map": {"sealed": {"M": {"S": {"S": sealed}}}},
        "as deep as DynamoDB takes": {"sealed": deep},
        "as large as DynamoDB takes": {"sealed": {"S": "x" * 390_000}},
        "an empty list": {"sealed": {"L": []}},
    }


async def test_a_forged_item_costs_a_call_and_is_replaced(
    environment: New, sts: FakeSts, table: Table
) -> None:
    vendor = environment()
    made = [await vend(vendor), await vend(vendor, principal="another")]
    key, other = items_key(SUB), items_key("another")
    for name, forged in as_forged(table.items[key], table.items[other]).items():
        table.put(key, expires={"N": "9999999999"}, **forged)
        vendor.forget()
        failures, hits = vendor.counts.shared_failures, vendor.counts.shared_hits
        new = await vend(vendor)
        assert new not in made, name
        assert (vendor.counts.shared_failures, vendor.counts.shared_hits) == (failures + 1, hits), name
        vendor.forget()
        assert await vend(vendor) == new, name
        made.append(new)
    assert len(sts.requests) == len(made)


def items_key(principal: str) -> str:
    from authorizer.vending.request import assume_role_request

    return assume_role_request(make_identity(principal=principal), make_policy()).key


async def test_a_stale_item_is_a_miss(environment: New, sts: FakeSts, table: Table) -> None:
    """DynamoDB deletes within days of the TTL; until then the table still hands it out."""
    await vend(environment())
    sts.clock = NOW + 3600
    vendor = environment()
    assert await vend(vendor, now=NOW + 3600) == "ASIA000000000002"
    assert (vendor.counts.shared_misses, vendor.counts.shared_failures) == (1, 0)
    [item] = table.items.values()
    assert item["expires"] == {"N": str(int(NOW) + 7200)}


async def test_a_table_that_is_missing_costs_calls_and_is_used_once_it_is_there(
    environment: New, sts: FakeSts, missing: Table
) -> None:
    vendor = environment()
    await vendor.warm()
    assert vendor.counts.shared_failures == 1
    assert await vend(vendor) == "ASIA000000000001"
    assert vendor.counts.shared_failures == 2
    missing.create()
    assert await vend(vendor, now=NOW + 2, principal="another") == "ASIA000000000002"
    assert await vend(environment(), now=NOW + 2, principal="another") == "ASIA000000000002"
    assert vendor.counts.shared_failures == 2


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
async def test_throttling_costs_calls_and_ends_with_it(
    environment: New, sts: FakeSts, table: Table, door: Door, operation: str
) -> None:
    door.answers[operation] = throttled()
    vendor = environment()
    for user in range(10):
        assert await vend(vendor, principal=f"user{user}", now=NOW + 0.6 * user)
    assert len(sts.requests) == 10
    # Tried at 0, 1.2 and 4.2 s (the pauses are 1, 2 and 4 s), and never twice.
    assert door.calls.count(operation) == vendor.counts.shared_failures == 3
    door.answers.clear()
    await vend(vendor, principal="mended", now=NOW + 9)
    assert items_key("mended") in table.items


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
async def test_a_slow_table_delays_one_request_and_briefly(
    environment: New,
    sts: FakeSts,
    table: Table,
    door: Door,
    operation: str,
    patience: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = environment()
    await vendor.warm()
    await vend(vendor, principal="earlier")
    monkeypatch.setattr(shared, "PATIENCE", patience)
    door.delays[operation] = 1.0
    began = time.monotonic()
    assert await vend(vendor) == "ASIA000000000002"
    assert patience < time.monotonic() - began < 2.0
    assert vendor.counts.shared_failures == 1
    tries = door.calls.count(operation)
    for user in range(5):
        await vend(vendor, principal=f"user{user}")
    assert door.calls.count(operation) == tries


async def test_connections_that_were_closed_meanwhile_are_made_anew(
    environment: New, sts: FakeSts, table: Table, door: Door
) -> None:
    vendor = environment()
    await vendor.warm()
    for user in range(5):
        door.hang_up()
        await vend(vendor, principal=f"user{user}")
    assert vendor.counts.shared_failures == 0
    assert len(table.items) == 5
    assert door.connections >= 6


NESTED = b'{"Item": {"sealed": ' + b'{"L": [' * 100_000
GARBAGE = {
    "nothing": Answer(200, b""),
    "a page": Answer(200, b"<html>"),
    "bytes that are no text": Answer(200, b"\xff\xfe"),
    "a list": Answer(200, b"[]"),
    "null": Answer(200, b"null"),
    "a text": Answer(200, b'"Item"'),
    "a number": Answer(200, b"5"),
    "an item that is a number": Answer(200, b'{"Item": 5}'),
    "an item that is a list": Answer(200, b'{"Item": ["sealed"]}'),
    "an attribute that is a number": Answer(200, b'{"Item": {"sealed": 5}}'),
    "a text that is a number": Answer(200, b'{"Item": {"sealed": {"S": 5}}}'),
    "a text that is a list": Answer(200, b'{"Item": {"sealed": {"S": ["x"]}}}'),
    "a text that is an object": Answer(200, b'{"Item": {"sealed": {"S": {"S": "x"}}}}'),
    "bytes that are no base64": Answer(200, b'{"Item": {"sealed": {"B": "%"}}}'),
    "a map of no attributes": Answer(200, b'{"Item": {"sealed": {"M": {"a": 1}}}}'),
    "a list that is a map": Answer(200, b'{"Item": {"sealed": {"L": {"a": 1}}}}'),
    "an item without a bottom": Answer(200, NESTED),
    "half a megabyte of brackets": Answer(200, b'{"Item":' + b"[" * 500_000),
    "half a character": Answer(200, b'{"Item": {"sealed": {"S": "\\ud800"}}}'),
    "a reply that breaks off": Answer(200, b'{"Item": {', length=500),
    "an error without a word": Answer(400, b""),
    "an error that is none": Answer(400, b'{"__type": 5, "message": []}'),
    "an error that is a list": Answer(400, b"[]"),
    "a fault of DynamoDB": Answer(500, b'{"__type": "InternalServerError"}'),
    "a proxy's page": Answer(503, b"<html>"),
    "a redirect to nowhere": Answer(301, b""),
}


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
async def test_whatever_is_answered_costs_a_call_and_no_answer(
    environment: New, sts: FakeSts, table: Table, door: Door, operation: str
) -> None:
    vendor = environment()
    for number, (name, answer) in enumerate(GARBAGE.items()):
        calls, failures, now = len(sts.requests), vendor.counts.shared_failures, NOW + 100 * number
        door.answers[operation] = answer
        assert await vend(vendor, principal=f"met{number}", now=now), name
        assert len(sts.requests) == calls + 1, name
        assert vendor.counts.shared_failures - failures <= 1, name
        door.answers.clear()
        assert await vend(vendor, principal=f"next{number}", now=now + 99), name
        assert items_key(f"next{number}") in table.items, name


# ── Several processes ───────────────────────────────────────────────────────────────────────────────────────


class Environment:
    """A process that vends; see tests/vending/environment.py."""

    def __init__(self, sts: RecordingSts) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.vending.environment"],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **AWS, "AWS_ENDPOINT_URL_STS": sts.endpoint},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def work(self, table: Table, principals: list[str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"endpoint": table.server, "table": table.name, "region": REGION, "principals": principals}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def recording_sts() -> Iterator[RecordingSts]:
    sts = RecordingSts()
    yield sts
    sts.close()


@pytest.fixture(scope="module")
def processes(recording_sts: RecordingSts) -> Iterator[list[Environment]]:
    made = [Environment(recording_sts) for _ in range(3)]
    yield made
    for process in made:
        process.close()


def test_processes_that_begin_together_vend_each_session_once_at_most_and_then_never_again(
    processes: list[Environment], recording_sts: RecordingSts, table: Table
) -> None:
    users = [f"user{number}" for number in range(20)]
    recording_sts.requests.clear()
    with ThreadPoolExecutor(len(processes)) as threads:
        told = list(threads.map(lambda process: process.work(table, users), processes))
    calls = [request["RoleSessionName"] for request in recording_sts.requests]
    for user in users:
        assert 1 <= calls.count(user) <= len(processes), (
            "a process asks for a user once, and only if nobody has before"
        )
    for process in told:
        assert process["counts"]["shared_failures"] == 0
        for user, key in process["vended"].items():
            assert calls[int(key.removeprefix("ASIAEXAMPLE")) - 1] == user, "nobody gets another's"
    assert len(table.items) == len(users)
    again = [process.work(table, users) for process in processes]
    assert [process["counts"]["shared_hits"] for process in again] == [len(users)] * len(processes)
    assert again[0]["vended"] == again[1]["vended"] == again[2]["vended"]
    assert len(recording_sts.requests) == len(calls)


def test_processes_that_begin_one_after_another_vend_each_session_once(
    processes: list[Environment], recording_sts: RecordingSts, table: Table
) -> None:
    users = [f"later{number}" for number in range(20)]
    recording_sts.requests.clear()
    vended = [process.work(table, users)["vended"] for process in processes]
    assert sorted(request["RoleSessionName"] for request in recording_sts.requests) == sorted(users)
    assert vended[0] == vended[1] == vended[2]


# ── Seats: how many sessions of one user are alive, in all environments together ─────────────────────────────────────


def holding(sessions: int) -> dict[str, Any]:
    """What makes the role of `make_identity` one that callers hold themselves."""
    return {"callers": Callers(roles={"editor": make_identity().role.name}, sessions=sessions)}


async def hold(vendor: Vendor, token: int, *, now: float = NOW, principal: str = SUB) -> str:
    """A session for the user's token of that number: each ends at another time, so that none is the same."""
    identity = make_identity(principal=principal, expires_at=NOW + 3600 + token)
    return (
        await vendor.vend(identity, make_policy(), Shape.REST_REQUEST, now, Deadline.after(60))
    ).access_key_id


def seats(table: Table) -> list[str]:
    return sorted(key.split("/")[-1] for key in table.items if key.startswith("seat/"))


async def test_environments_never_give_a_seat_away_twice(environment: New, table: Table) -> None:
    vendors = [environment(**holding(3)) for _ in range(4)]
    asked = [hold(vendor, number) for number, vendor in enumerate(vendors)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, str)] == [TooManySessions]
    assert seats(table) == ["0", "1", "2"]
    assert await hold(environment(**holding(3)), 9, principal="somebody-else")


async def test_a_seat_says_until_when_and_not_whose_it_is(environment: New, table: Table) -> None:
    await hold(environment(**holding(3)), 0)
    [(key, item)] = [(key, item) for key, item in table.items.items() if key.startswith("seat/")]
    holder = item["holder"]["S"]
    assert item == {
        "id": {"S": key},
        "expires": {"N": str(int(NOW) + 3600)},
        "holder": {"S": holder},
        "made": {"N": str(int(NOW))},
    }
    assert SUB not in key
    assert re.fullmatch("[0-9a-f]{64}", holder)


async def test_a_session_in_place_of_another_has_its_seat_in_every_environment(
    environment: New, table: Table, sts: FakeSts
) -> None:
    """The last 300 s of a session serve no caller: without its seat a user with all seats taken would be refused."""
    tokens = [7200, 7201]
    first = [await hold(environment(**holding(2)), token) for token in tokens]
    later = NOW + 3301
    sts.clock = later
    second = [await hold(environment(**holding(2)), token, now=later) for token in tokens]
    assert set(first).isdisjoint(second)
    assert seats(table) == ["0", "1"]
    with pytest.raises(TooManySessions):
        await hold(environment(**holding(2)), 7202, now=later)


async def test_sessions_of_one_moment_have_a_seat_each(environment: New, table: Table, sts: FakeSts) -> None:
    """A loop that meets many environments at once, none of which knows of the others' yet."""
    await hold(environment(**holding(1)), 7200)
    [session] = [key for key in table.items if not key.startswith("seat/")]
    for later in (0.0, 59.0):
        table.drop(session)
        sts.clock = NOW + later
        with pytest.raises(TooManySessions):
            await hold(environment(**holding(1)), 7200, now=NOW + later)
    sts.clock = NOW + 60
    assert await hold(environment(**holding(1)), 7200, now=NOW + 60)


async def test_a_seat_is_free_once_its_session_is_over(environment: New, table: Table, sts: FakeSts) -> None:
    await hold(environment(**holding(1)), 0)
    with pytest.raises(TooManySessions):
        await hold(environment(**holding(1)), 1, now=NOW + 3299)
    sts.clock = NOW + 3600
    assert await hold(environment(**holding(1)), 7200, now=NOW + 3600)


async def test_no_forger_keeps_a_user_out_for_longer_than_a_session_lives(
    environment: New, table: Table
) -> None:
    await hold(environment(**holding(1)), 0)
    [key] = [key for key in table.items if key.startswith("seat/")]
    table.put(key, expires={"N": str(int(NOW) + 86_400)})
    assert await hold(environment(**holding(1)), 1)


async def test_a_session_that_was_not_made_gives_its_seat_back(
    environment: New, table: Table, sts: FakeSts
) -> None:
    sts.always = Failure("MalformedPolicyDocument", status=400)
    with pytest.raises(PolicyMalformed):
        await hold(environment(**holding(1)), 0)
    assert not seats(table)


async def test_where_the_table_fails_each_environment_counts_its_own(
    environment: New, sts: FakeSts, missing: Table
) -> None:
    """The table is not there."""
    vendor = environment(**holding(2))
    assert len({await hold(vendor, number) for number in range(2)}) == 2
    with pytest.raises(TooManySessions):
        await hold(vendor, 2)


async def test_a_session_in_the_making_has_its_seat_for_seconds(
    environment: New, table: Table, sts: FakeSts
) -> None:
    """An environment that is frozen or stopped meanwhile gives nothing back."""
    sts.gate.clear()
    holding_one = asyncio.create_task(hold(environment(**holding(1)), 0))
    await asyncio.wait_for(sts.arrived.wait(), 10)
    [making] = [item for key, item in table.items.items() if key.startswith("seat/")]
    assert int(making["expires"]["N"]) == NOW + 20
    sts.gate.set()
    await holding_one
    [made] = [item for key, item in table.items.items() if key.startswith("seat/")]
    assert int(made["expires"]["N"]) == NOW + 3600


async def test_requests_that_a_silent_sts_ends_leave_no_seats_and_nothing_under_way(
    environment: New, table: Table, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("PATIENCE", "FIRST_PATIENCE"):
        monkeypatch.setattr(shared, patience, 0.5)
    vendor = environment(**holding(3))
    identity, before = make_identity(expires_at=NOW + 7200), asyncio.all_tasks()
    await vendor.warm()
    sts.gate.clear()
    for again in range(3):
        with pytest.raises(StsUnavailable):
            await vendor.vend(
                identity, make_policy(), Shape.REST_REQUEST, NOW + 9 * again, Deadline.after(1.5)
            )
        beside = {task for task in asyncio.all_tasks() - before if task.get_name().startswith("Task")}
        assert not [task for task in beside if "_assume" in repr(task)]
    sts.gate.set()
    later = sts.clock = NOW + 60
    others = [await hold(environment(**holding(3)), 7200 + number, now=later) for number in range(3)]
    assert len(set(others)) == 3


async def test_in_the_last_minutes_of_a_token_its_next_session_has_the_seat_of_the_last(
    environment: New, table: Table, sts: FakeSts
) -> None:
    """Both end with the token: the next one does not end later."""
    first = await hold(environment(**holding(1)), 0)
    later = sts.clock = NOW + 3301
    assert await hold(environment(**holding(1)), 0, now=later) != first
    assert seats(table) == ["0"]


# What follows takes seats as the vendor does, and reads the table in between.


async def take(at: Vendor, holder: str, *, ends: float, now: float = NOW) -> Seat:
    """A seat, in the table until its session is made for half a minute."""
    assert at._seats is not None
    return await at._seats.take(make_identity(), holder, NOW + ends, now, Deadline.after(60))


async def sit(at: Vendor, holder: str, *, ends: float, now: float = NOW) -> None:
    """A seat whose session is made."""
    await (await take(at, holder, ends=ends, now=now)).keep()


async def left(seat: Seat) -> None:
    """No session came of it."""
    seat.leave()
    await seat.give_back()


def taken(table: Table) -> list[tuple[str, float]]:
    """By whom, and for how many seconds from `NOW`."""
    items = [item for key, item in table.items.items() if key.startswith("seat/")]
    return sorted((item["holder"]["S"], float(item["expires"]["N"]) - NOW) for item in items)


async def test_a_renewal_that_sts_fails_leaves_the_session_that_lives_on_its_seat(
    environment: New, table: Table, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each fault of STS would bring a second session, in another environment, with another token."""
    monkeypatch.setattr("authorizer.vending.vendor.RENEWAL_BUDGET", 30.0)
    one = environment(**holding(1))
    first = await hold(one, 7200)
    sts.always = Failure("MalformedPolicyDocument", status=400)
    later = sts.clock = NOW + 3000
    asked = len(sts.requests)
    assert await hold(one, 7200, now=later) == first
    assert len(sts.requests) > asked
    sts.always = None
    [(_, ends)] = taken(table)
    assert ends == 3600
    with pytest.raises(TooManySessions):
        await hold(environment(**holding(1)), 7201, now=NOW + 3299)


async def test_an_environment_that_is_stopped_at_a_renewal_leaves_the_session_that_lives_on_its_seat(
    environment: New, table: Table
) -> None:
    """It gives nothing back. A slow STS is as good: a request that is cancelled does not either."""
    await sit(environment(**holding(1)), "laptop", ends=900)
    await take(environment(**holding(1)), "laptop", ends=1490, now=NOW + 590)
    assert taken(table) == [("laptop", 900.0)]
    with pytest.raises(TooManySessions):
        await take(environment(**holding(1)), "phone", ends=1499, now=NOW + 599)
    # Its own next try waits for no more than the one that was stopped could last.
    with pytest.raises(TooManySessions):
        await take(environment(**holding(1)), "laptop", ends=1509, now=NOW + 609)
    await sit(environment(**holding(1)), "laptop", ends=1510, now=NOW + 610)
    assert taken(table) == [("laptop", 1510.0)]


async def test_a_renewal_that_is_not_made_gives_back_the_seat_as_it_was(
    environment: New, table: Table
) -> None:
    one = environment(**holding(1))
    await sit(one, "laptop", ends=900)
    before = table.items
    await left(await take(environment(**holding(1)), "laptop", ends=1490, now=NOW + 590))
    assert table.items == before
    await sit(one, "laptop", ends=1491, now=NOW + 591)
    assert taken(table) == [("laptop", 1491.0)]


async def test_a_renewal_at_the_very_end_has_its_seat_for_as_long_as_it_is_in_the_making(
    environment: New, table: Table
) -> None:
    await sit(environment(**holding(1)), "laptop", ends=900)
    await take(environment(**holding(1)), "laptop", ends=1795, now=NOW + 895)
    assert taken(table) == [("laptop", 915.0)]


@pytest.mark.parametrize("holder", ["phone", "laptop"])
async def test_who_thaws_late_gives_back_and_keeps_nobody_elses_seat(
    environment: New, table: Table, holder: str
) -> None:
    """An environment was frozen while STS was asked. The same token in another one is another, too."""
    frozen = [
        await take(environment(**holding(1)), "laptop", ends=900),
        await take(environment(**holding(2)), "tablet", ends=900),
    ]
    now = NOW + 61
    for other in ("tablet", holder):  # whichever is first: both seats are free by now
        await sit(environment(**holding(2)), other, ends=961, now=now)
    before = table.items
    for seat in frozen:
        await seat.keep()
        assert table.items == before
        await left(seat)
        assert table.items == before


async def test_a_fresh_token_finds_the_seat_of_a_session_in_its_last_minutes_in_every_environment(
    environment: New, table: Table, sts: FakeSts
) -> None:
    """A session ends with its token, so that each refresh of it would else be refused until then."""
    first = await hold(environment(**holding(1)), 0)
    with pytest.raises(TooManySessions):
        await hold(environment(**holding(1)), 7200, now=NOW + 3299)
    later = sts.clock = NOW + 3300
    assert await hold(environment(**holding(1)), 7200, now=later) != first
    assert [ends for _, ends in taken(table)] == [3300 + 3600]


async def test_tokens_that_end_within_minutes_bring_a_seat_one_session_beside_its_own(
    environment: New, table: Table
) -> None:
    """Of a pool whose tokens live for five minutes all sessions are in their last: a loop must not become hundreds."""
    for holder in ("first", "second"):
        await sit(environment(**holding(1)), holder, ends=299)
    for moment in (0, 60, 298):
        with pytest.raises(TooManySessions):
            await take(environment(**holding(1)), f"third {moment}", ends=300, now=NOW + moment)
    # The second's own renewal is none, and forgets nobody who lives beside it.
    await sit(environment(**holding(1)), "second", ends=360, now=NOW + 61)
    with pytest.raises(TooManySessions):
        await take(environment(**holding(1)), "third", ends=900, now=NOW + 298)
    await sit(environment(**holding(1)), "third", ends=900, now=NOW + 299)
    assert taken(table) == [("third", 900.0)]


async def test_a_seat_in_the_making_is_not_that_of_a_session_in_its_last_minutes(
    environment: New, table: Table
) -> None:
    await sit(environment(**holding(1)), "laptop", ends=900)
    making = await take(environment(**holding(1)), "phone", ends=1600, now=NOW + 700)
    with pytest.raises(TooManySessions):
        await take(environment(**holding(1)), "tablet", ends=1601, now=NOW + 701)
    await left(making)
    assert taken(table) == [("laptop", 900.0)]
    await sit(environment(**holding(1)), "tablet", ends=1602, now=NOW + 702)
    assert taken(table) == [("tablet", 1602.0)]


async def test_what_nobody_makes_in_the_last_minutes_of_another_leaves_no_room_for_a_third(
    environment: New, table: Table
) -> None:
    """A request that is stopped leaves a seat that is free in half a minute, and the session beside it lives on."""
    await sit(environment(**holding(1)), "first", ends=299)
    await take(environment(**holding(1)), "stopped", ends=299, now=NOW + 1)
    await sit(environment(**holding(1)), "second", ends=299, now=NOW + 31)
    with pytest.raises(TooManySessions):
        await take(environment(**holding(1)), "third", ends=299, now=NOW + 32)


async def test_a_free_seat_is_taken_before_that_of_a_session_in_its_last_minutes(
    environment: New, table: Table
) -> None:
    await sit(environment(**holding(5)), "laptop", ends=900)
    for number in range(4):
        await sit(environment(**holding(5)), f"phone {number}", ends=1600, now=NOW + 700)
    assert ("laptop", 900.0) in taken(table)
    await sit(environment(**holding(5)), "tablet", ends=1600, now=NOW + 700)
    assert len(taken(table)) == 5
    assert "laptop" not in dict(taken(table))


async def test_environments_never_give_the_seat_of_a_session_in_its_last_minutes_away_twice(
    environment: New, table: Table
) -> None:
    for number in range(2):
        await sit(environment(**holding(2)), f"old {number}", ends=900)
    asked = [take(environment(**holding(2)), f"new {n}", ends=1600, now=NOW + 700) for n in range(4)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [type(outcome) for outcome in outcomes if not isinstance(outcome, Seat)]
    assert refused == [TooManySessions] * 2


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({}, id="no end"),
        pytest.param({"expires": {"S": "for ever"}}, id="an end that is no number"),
        pytest.param(
            {"expires": {"N": str(int(NOW) + 200)}, "beside": {"N": "9" * 20}}, id="for ever beside another"
        ),
    ],
)
async def test_a_forger_keeps_nobody_out_with_what_is_no_seat(
    environment: New, table: Table, forged: dict[str, Any]
) -> None:
    await sit(environment(**holding(1)), "laptop", ends=900)
    [key] = table.items
    table.put(key, **forged)
    await sit(environment(**holding(1)), "phone", ends=901)
    assert taken(table) == [("phone", 901.0)]


async def test_who_is_refused_has_written_nothing_and_is_not_looked_up_again_at_once(
    environment: New, table: Table, door: Door
) -> None:
    """A refusal asks the table for each seat: a loop must not become a load of writes, nor of reads."""
    await sit(environment(**holding(1)), "laptop", ends=900)
    other = environment(**holding(1))
    door.calls.clear()
    for moment in (0.0, 4.9, 5.0):
        with pytest.raises(TooManySessions):
            await take(other, "phone", ends=900, now=NOW + moment)
    assert door.calls == ["GetItem", "GetItem"]


async def test_a_table_that_reads_and_does_not_write_is_left_alone(
    environment: New, table: Table, door: Door
) -> None:
    door.answers["PutItem"] = throttled()
    one = environment(**holding(2))
    door.calls.clear()
    for number in range(2):
        await sit(one, f"laptop {number}", ends=900)
    assert door.calls == ["GetItem", "PutItem"]
    assert one.counts.shared_failures == 1
    with pytest.raises(TooManySessions):
        await take(one, "phone", ends=900)
