"""The shared second level: one environment's call serves another, and no fault of the table is an answer's fault."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from authorizer.errors import SealRefused, StsUnavailable
from authorizer.model import Shape
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from authorizer.sealing.sealers import Sealers
from authorizer.settings.schema import Sealing, Session, SharedCache
from authorizer.vending import entry, shared
from authorizer.vending import sts as sts_module
from authorizer.vending.cache import Counts
from authorizer.vending.lifetime import Lifetime
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from authorizer.vending.vendor import Vendor
from authorizer.waiting.cooldown import LONGEST_PAUSE
from authorizer.waiting.deadline import Deadline
from tests.make import PATIENT
from tests.vending.conftest import SESSION
from tests.vending.factories import (
    EDITOR,
    NOW,
    SUB,
    jwk_set,
    make_credentials,
    make_gateway,
    make_identity,
    make_jwk,
    make_policy,
    make_role,
    make_settings,
)
from tests.vending.fake_sts import Failure, FakeSts

THROTTLED = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem")
DEAD = ConnectionClosedError(endpoint_url="https://dynamodb")


class Table:
    """DynamoDB with one table, whose answers a test decides."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fails: dict[str, list[Exception]] = {"get": [], "put": []}
        """Raised by the next calls, one each."""
        self.hangs: set[str] = set()
        """Calls that never answer."""
        self.reply: Any = None
        """What every read is answered with, in place of an item."""

    async def get_item(self, *, TableName: str, Key: dict[str, Any]) -> Any:
        await self._called("get", TableName)
        item = self.items.get(Key["id"]["S"])
        return self.reply if self.reply is not None else {"Item": item} if item else {}

    async def put_item(self, *, TableName: str, Item: dict[str, Any]) -> None:
        await self._called("put", TableName)
        self.items[Item["id"]["S"]] = Item

    async def _called(self, name: str, table: str) -> None:
        assert table == "sessions"
        self.calls.append(name)
        if name in self.hangs:
            await asyncio.Event().wait()
        if self.fails[name]:
            raise self.fails[name].pop(0)


class Account:
    """An aioboto3 session: STS is the fake on loopback, DynamoDB is `Table`."""

    region_name = "eu-central-1"

    def __init__(self, table: Table) -> None:
        self.table = table
        self.clients = 0
        """Of DynamoDB, made so far."""
        self.closed = 0
        """Of those."""
        self.arguments: dict[str, Any] = {}
        """What the last one was made with."""
        self.gate = asyncio.Event()
        """They are made while it is open."""
        self.gate.set()

    def client(self, service: str, **arguments: Any) -> Any:
        if service != "dynamodb":
            return SESSION.client(service, **arguments)
        self.arguments = arguments
        return self._table()

    @asynccontextmanager
    async def _table(self) -> Any:
        self.clients += 1
        await self.gate.wait()
        yield self.table
        self.closed += 1

    async def get_credentials(self) -> Any:
        return await SESSION.get_credentials()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def account(table: Table) -> Account:
    return Account(table)


@pytest.fixture
async def environment(sts: FakeSts, account: Account) -> AsyncIterator[Callable[..., Vendor]]:
    """Makes environments that share `account`, and closes them."""
    made = []

    def make(
        *, keys: str | None = None, source: Any = "environment", clients: Any = None, **changes: Any
    ) -> Vendor:
        settings = make_settings(
            session=Session(),
            private_sealing=Sealing(source=source, keys=keys or jwk_set(), private=True),
            shared_cache=SharedCache(table="sessions", region="eu-west-3"),
            **changes,
        )
        vendor = Vendor(settings, session=account, sealers=Sealers(settings, clients=clients))
        made.append(vendor)
        return vendor

    yield make
    for vendor in made:
        await vendor.close()


New = Callable[..., Vendor]


async def vend(vendor: Vendor, *, now: float = NOW, principal: str = SUB, budget: float = 8) -> str:
    identity = make_identity(principal=principal)
    credentials = await vendor.vend(identity, make_policy(), Shape.REST_REQUEST, now, Deadline.after(budget))
    return credentials.access_key_id


def asked() -> AssumeRoleRequest:
    return assume_role_request(make_identity(), make_policy())


def item_with(**changes: Any) -> dict[str, Any]:
    """An entry for `asked()` that somebody with the keys has made, of credentials that differ so."""
    audience = changes.pop("audience", f"shared-cache/{asked().key}")
    principal = changes.pop("principal", SUB)
    keys = changes.pop("keys", jwk_set())
    seal = Seal(parse_keys(keys))
    text = seal.close(make_credentials(**changes), audience=audience, principal=principal)
    return {"id": {"S": asked().key}, "sealed": {"S": text}, "expires": {"N": "1800003600"}}


async def test_what_one_environment_vends_serves_another(
    environment: New, sts: FakeSts, table: Table
) -> None:
    first, second = environment(), environment()
    await first.warm()
    made = await vend(first)
    assert await vend(second, now=NOW + 60) == made
    assert len(sts.requests) == 1
    assert (first.counts.shared_misses, second.counts.shared_hits) == (1, 1)
    assert table.calls == ["get", "get", "put", "get"], "what was found is not written again"
    assert await vend(second, now=NOW + 61) == made
    assert table.calls[4:] == [], "and remembered"


async def test_a_session_is_shared_before_its_request_is_answered(environment: New, table: Table) -> None:
    """Lambda freezes the process as soon as it has answered: what is left for later may never happen."""
    await vend(environment())
    assert table.calls == ["get", "put"]
    assert len(table.items) == 1


async def test_a_request_leaves_nothing_to_be_done_after_it(
    environment: New, sts: FakeSts, table: Table
) -> None:
    def ours() -> list[str]:
        names = [str(getattr(task.get_coro(), "__qualname__", task)) for task in asyncio.all_tasks()]
        return sorted(name for name in names if not name.startswith("FakeSts."))

    before, vendor = ours(), environment()
    for now in (NOW, NOW + 60, NOW + 3000):
        await vend(vendor, now=now)
        assert ours() == before
    table.hangs = {"get", "put"}
    await vend(vendor, principal="another")
    assert ours() == before


async def test_entries_are_sealed_and_end_with_their_session(environment: New, table: Table) -> None:
    await vend(environment())
    [item] = table.items.values()
    assert item["expires"] == {"N": str(int(NOW) + 3600)}
    assert "canary" not in str(item)
    assert SUB not in str(item)


async def test_two_users_never_share_an_entry(environment: New) -> None:
    made = await vend(environment())
    assert await vend(environment(), principal="another") != made


async def test_an_entry_moved_under_another_key_is_not_believed(environment: New, table: Table) -> None:
    """Somebody may write the table: they cannot hand one user's session to another."""
    first, second = environment(), environment()
    made = await vend(first)
    other = await vend(first, principal="another")
    (one, item), (two, item_of_another) = table.items.items()
    table.items = {
        one: item | {"sealed": item_of_another["sealed"]},
        two: item_of_another | {"sealed": item["sealed"]},
    }
    assert await vend(second) not in {made, other}
    assert second.counts.shared_failures == 1


async def test_an_entry_of_the_same_user_with_other_rights_is_not_believed(
    environment: New, sts: FakeSts, table: Table
) -> None:
    first, second = environment(), environment()
    wide, narrow = make_policy("arn:aws:s3:::bucket/*"), make_policy("arn:aws:s3:::bucket/own/*")
    for policy in (wide, narrow):
        await first.vend(make_identity(), policy, Shape.REST_REQUEST, NOW, Deadline.after(8))
    (one, item), (two, other) = table.items.items()
    table.items = {one: item | {"sealed": other["sealed"]}, two: other | {"sealed": item["sealed"]}}
    await second.vend(make_identity(), narrow, Shape.REST_REQUEST, NOW, Deadline.after(8))
    assert second.counts.shared_failures == 1
    assert len(sts.requests) == 3


NESTED = "[" * 100_000
WHOLE = item_with()
NO_ENTRIES: list[Any] = [
    pytest.param({"Item": {"id": {"S": "x"}}}, id="an item without `sealed`"),
    pytest.param({"Item": {"sealed": None}}, id="nothing in place of an attribute"),
    pytest.param({"Item": {"sealed": "text"}}, id="a text in place of an attribute"),
    pytest.param({"Item": {"sealed": [1]}}, id="a list in place of an attribute"),
    pytest.param({"Item": {"sealed": {"N": "5"}}}, id="a number in place of a text"),
    pytest.param({"Item": {"sealed": {"S": 5}}}, id="a text that is a number"),
    pytest.param({"Item": {"sealed": {"S": None}}}, id="a text that is nothing"),
    pytest.param({"Item": {"sealed": {"B": b"x"}}}, id="bytes in place of a text"),
    pytest.param({"Item": {"sealed": {"M": {"S": {"S": "x"}}}}}, id="a map in place of a text"),
    pytest.param({"Item": "text"}, id="a text in place of an item"),
    pytest.param({"Item": {"sealed": {"S": ""}}}, id="an empty text"),
    pytest.param({"Item": {"sealed": {"S": "x" * 400_000}}}, id="the largest item that there is"),
    pytest.param({"Item": {"sealed": {"S": "...."}}}, id="five empty parts"),
    pytest.param({"Item": {"sealed": {"S": "\udcff\x00"}}}, id="text that is no text"),
    pytest.param({"Item": {"sealed": {"S": NESTED[:7000]}}}, id="thousands of brackets"),
    pytest.param({"Item": {"sealed": {"S": WHOLE["sealed"]["S"][:-1]}}}, id="a seal without its end"),
    pytest.param({"Item": {"sealed": {"S": WHOLE["sealed"]["S"] + "A"}}}, id="a seal that is too long"),
    pytest.param({"Item": item_with(keys=jwk_set(make_jwk("a", 9)))}, id="a key of the same name"),
    pytest.param({"Item": item_with(audience="shared-cache/x")}, id="sealed for another request"),
    pytest.param({"Item": item_with(audience="abcdef1234/prod")}, id="sealed for a backend"),
    pytest.param({"Item": item_with(audience="")}, id="sealed for nothing"),
    pytest.param({"Item": item_with(principal="another")}, id="sealed for another principal"),
    pytest.param({"Item": item_with(role_arn=EDITOR + "s")}, id="of another role"),
    pytest.param({"Item": item_with(session_name="another")}, id="of another session name"),
    pytest.param({"Item": item_with(expiration=NOW + 3661)}, id="of a session longer than asked"),
    pytest.param({"Item": item_with(expiration=1e300)}, id="of a session without an end"),
    pytest.param(
        {"Item": item_with(issued_at=NOW + 61, expiration=NOW + 3661)}, id="of a session made in the future"
    ),
    pytest.param({"Item": item_with(issued_at=-1e300)}, id="of a session made before all time"),
    pytest.param({"Item": item_with(session_token="")}, id="of an empty credential"),
]


@pytest.mark.parametrize("reply", NO_ENTRIES)
async def test_what_is_no_entry_of_this_request_costs_a_call_and_is_replaced(
    environment: New, sts: FakeSts, table: Table, reply: Any
) -> None:
    vendor = environment()
    table.reply = reply
    assert await vend(vendor) == "ASIA000000000001"
    assert vendor.counts.shared_failures == 1
    table.reply = None
    assert await vend(environment()) == "ASIA000000000001"
    assert len(sts.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param({}, id="no item"),
        pytest.param({"Item": {}}, id="an empty item"),
        pytest.param({"Item": None}, id="nothing"),
        pytest.param([], id="no mapping"),
        pytest.param({"Item": item_with(expiration=NOW, issued_at=NOW - 3600)}, id="a session that is over"),
        pytest.param({"Item": item_with(keys=jwk_set(make_jwk("b", 9)))}, id="one of a key that was dropped"),
        pytest.param(
            {"Item": item_with(expiration=NOW + 329, issued_at=NOW - 3271)}, id="one that serves no more"
        ),
    ],
)
async def test_what_is_not_there_or_over_is_a_miss(
    environment: New, sts: FakeSts, table: Table, reply: Any
) -> None:
    vendor = environment()
    table.reply = reply
    assert await vend(vendor) == "ASIA000000000001"
    assert (vendor.counts.shared_misses, vendor.counts.shared_failures) == (1, 0)


async def test_what_another_environment_made_by_a_faster_clock_serves_up_to_a_minute(
    environment: New, sts: FakeSts, table: Table
) -> None:
    table.reply = {"Item": item_with(issued_at=NOW + 60, expiration=NOW + 60 + 3660)}
    assert await vend(environment()) == "ASIACANARY"
    assert sts.requests == []


FAULTS = [
    pytest.param(THROTTLED, id="throttling"),
    pytest.param(ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetItem"), id="no table"),
    pytest.param(ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetItem"), id="no permission"),
    pytest.param(ClientError({}, "GetItem"), id="an error without a code"),
    pytest.param(OSError("no route"), id="no route"),
    pytest.param(ResponseParserError("no JSON"), id="a reply that is no JSON"),
    pytest.param(RecursionError(), id="a reply that is nested too deeply"),
    pytest.param(ZeroDivisionError(), id="what nobody foresaw"),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_read_costs_a_call_and_a_pause(
    environment: New, sts: FakeSts, table: Table, fault: Exception
) -> None:
    table.fails["get"] = [fault]
    vendor = environment()
    assert await vend(vendor) == "ASIA000000000001"
    assert await vend(vendor, principal="another") == "ASIA000000000002"
    assert vendor.counts.shared_failures == 1
    assert table.calls == ["get"]
    assert await vend(vendor, principal="third", now=NOW + 1) == "ASIA000000000003"
    assert table.calls == ["get", "get", "put"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_write_costs_a_pause_and_no_answer(
    environment: New, sts: FakeSts, table: Table, fault: Exception
) -> None:
    table.fails["put"] = [fault]
    vendor = environment()
    assert await vend(vendor) == "ASIA000000000001"
    assert vendor.counts.shared_failures == 1
    assert table.items == {}
    assert await vend(vendor, principal="another") == "ASIA000000000002"
    assert table.calls == ["get", "put", "get"]
    assert await vend(vendor, principal="third", now=NOW + 1) == "ASIA000000000003"
    assert table.calls[3:] == ["get", "put"]


@pytest.mark.parametrize(
    ("hangs", "calls"), [("get", ["get"]), ("put", ["get", "put", "get"])], ids=["the read", "the write"]
)
async def test_a_table_that_never_answers_is_waited_for_once_and_briefly(
    environment: New, sts: FakeSts, table: Table, hangs: str, calls: list[str]
) -> None:
    vendor = environment()
    await vendor.warm()
    table.calls.clear()
    table.hangs = {hangs}
    began = time.monotonic()
    assert await vend(vendor) == "ASIA000000000001"
    waited = time.monotonic() - began
    assert await vend(vendor, principal="another") == "ASIA000000000002"
    assert vendor.counts.shared_failures == 1
    assert table.calls == calls
    assert shared.PATIENCE <= waited < shared.FIRST_PATIENCE


async def test_the_first_exchange_has_more_time_for_it_reads_certificates(
    environment: New, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.01)
    monkeypatch.setattr(shared, "FIRST_PATIENCE", 0.2)
    table.hangs = {"get"}
    began = time.monotonic()
    vendor = environment()
    await vendor.warm()
    assert time.monotonic() - began > 0.15
    assert vendor.counts.shared_failures == 1


async def test_the_client_is_made_once_for_all_who_ask_at_the_same_time(
    environment: New, account: Account, table: Table
) -> None:
    vendor = environment()
    await asyncio.gather(*(vend(vendor, principal=f"user{number}") for number in range(20)))
    assert account.clients == 1
    assert len(table.items) == 20


async def test_closing_closes_the_client_and_nothing_earlier_does(environment: New, account: Account) -> None:
    vendor = environment()
    await vend(vendor)
    assert account.closed == 0
    await vendor.close()
    assert account.closed == 1
    await vend(vendor, principal="another")
    assert account.clients == 2


async def test_a_client_that_is_long_in_making_is_not_waited_for(
    environment: New, account: Account, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for the function's own credentials, which a container may have to give."""
    monkeypatch.setattr(shared, "FIRST_PATIENCE", 0.05)
    account.gate.clear()
    vendor = environment()
    began = time.monotonic()
    assert await vend(vendor) == "ASIA000000000001"
    assert time.monotonic() - began < 1
    assert vendor.counts.shared_failures == 1
    account.gate.set()
    assert await vend(vendor, principal="another", now=NOW + 1) == "ASIA000000000002"
    assert len(table.items) == 1


@pytest.mark.parametrize(
    "dead",
    [
        pytest.param(DEAD, id="closed"),
        pytest.param(EndpointConnectionError(endpoint_url="https://dynamodb"), id="not made"),
        pytest.param(ReadTimeoutError(endpoint_url="https://dynamodb"), id="silent"),
    ],
)
async def test_a_connection_that_died_while_the_environment_was_frozen_is_made_anew(
    environment: New, sts: FakeSts, table: Table, dead: Exception
) -> None:
    table.fails = {"get": [dead], "put": [dead]}
    vendor = environment()
    await vend(vendor)
    assert table.calls == ["get", "get", "put", "put"]
    assert (vendor.counts.shared_failures, len(table.items)) == (0, 1)


async def test_pauses_double_while_the_table_stays_broken_and_end_with_its_first_answer(
    environment: New, sts: FakeSts, table: Table
) -> None:
    vendor = environment()
    table.fails["get"] = [THROTTLED] * 10
    tried = []
    for second in range(200):
        before = len(table.calls)
        await vend(vendor, principal=f"user{second}", now=NOW + second)
        if len(table.calls) > before:
            tried.append(second)
    assert tried[:8] == [0, 1, 3, 7, 15, 31, 63, 123]
    assert LONGEST_PAUSE == 60
    table.fails["get"] = []
    await vend(vendor, principal="mended", now=NOW + 300)
    table.fails["get"] = [THROTTLED]
    await vend(vendor, principal="again", now=NOW + 301)
    assert await vend(vendor, principal="soon", now=NOW + 302)
    assert table.calls[-2:] == ["get", "put"]


async def test_pauses_of_the_write_are_its_own_and_end_with_its_first_success(
    environment: New, table: Table
) -> None:
    vendor = environment()
    for moment, fails in ((0, True), (1, True), (3, False), (10, True), (11, False)):
        table.fails["put"] = [THROTTLED] if fails else []
        before = len(table.items)
        await vend(vendor, principal=f"user{moment}", now=NOW + moment)
        assert len(table.items) - before == (0 if fails else 1), moment
    assert table.calls.count("put") == table.calls.count("get") == 5


async def test_a_short_deadline_leaves_the_table_alone_and_is_no_fault_of_it(
    environment: New, sts: FakeSts, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = environment()
    await vendor.warm()
    table.calls.clear()
    table.hangs = {"get", "put"}
    monkeypatch.setattr(shared, "PATIENCE", 5.0)
    assert await vend(vendor, budget=9.9) == "ASIA000000000001"
    assert (table.calls, vendor.counts.shared_failures) == ([], 0)


@pytest.mark.parametrize(
    ("warm", "left", "asked"),
    [
        pytest.param(False, 2.0, True, id="two seconds before the first exchange are enough"),
        pytest.param(False, 1.99, False, id="less are not"),
        pytest.param(True, 0.5, True, id="later half a second is enough"),
        pytest.param(True, 0.49, False, id="less is not"),
    ],
)
async def test_the_table_is_asked_while_there_is_twice_the_time_that_it_may_take(
    environment: New, sts: FakeSts, table: Table, warm: bool, left: float, asked: bool
) -> None:
    vendor = environment()
    if warm:
        await vendor.warm()
        table.calls.clear()
    deadline = Deadline.after(left, clock=lambda: 0.0)
    await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, deadline)
    assert table.calls == (["get", "put"] if asked else [])


async def test_the_table_s_client_fails_soon_and_leaves_descriptors_to_others(
    environment: New, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")  # which waits
    await vend(environment())
    assert account.arguments["region_name"] == "eu-west-3"
    config = account.arguments["config"]
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert config.connector_args["keepalive_timeout"] <= 10
    assert 10 < config.max_pool_connections < 1024 - sts_module.MAX_CONNECTIONS


async def test_keys_are_waited_for_a_second_before_sts_is_asked_instead(account: Account) -> None:
    waits: list[float] = []

    async def seal(_now: float, deadline: Deadline) -> Seal:
        waits.append(deadline.remaining())
        return Seal(parse_keys(jwk_set()))

    level = shared.SharedLevel(SharedCache(table="sessions", region=None), account, Counts(), seal=seal)
    deadline = Deadline.after(60, clock=lambda: 0.0)
    lifetime = Lifetime.of(make_gateway(), Shape.REST_REQUEST)
    await level.find(asked(), lifetime, NOW, deadline, ahead=False)
    await level.publish(asked(), make_credentials(), NOW, deadline)
    await level.close()
    assert waits == [1.0, 1.0]


async def test_what_would_be_shared_late_takes_nothing_from_the_answer(
    environment: New, sts: FakeSts, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS has used up the time: its credentials are the answer all the same."""
    vendor = environment()
    await vendor.warm()
    monkeypatch.setattr(shared, "PATIENCE", 4.0)
    sts.latency = 0.2
    assert await vend(vendor, budget=8.1) == "ASIA000000000001"
    assert (table.calls, vendor.counts.shared_failures) == (["get", "get"], 0)


async def test_sts_has_its_time_after_a_table_that_never_answers(
    environment: New, sts: FakeSts, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = environment()
    await vendor.warm()
    monkeypatch.setattr(shared, "PATIENCE", 0.1)
    table.hangs = {"get"}
    sts.gate.clear()
    with pytest.raises(StsUnavailable):
        await vend(vendor, budget=1.0)
    assert len(sts.requests) == 1


async def test_of_many_who_wait_for_one_session_one_shares_it(
    environment: New, sts: FakeSts, table: Table
) -> None:
    vendor = environment()
    sts.gate.clear()
    callers = [asyncio.ensure_future(vend(vendor)) for _ in range(50)]
    await sts.arrived.wait()
    sts.gate.set()
    assert set(await asyncio.gather(*callers)) == {"ASIA000000000001"}
    assert table.calls == ["get", "put"]


async def test_a_session_that_is_due_is_renewed_from_the_table_if_another_was_first(
    environment: New, sts: FakeSts, table: Table
) -> None:
    first, second = environment(), environment()
    await vend(first)
    await vend(second)
    later = sts.clock = NOW + 3000
    assert await vend(first, now=later) == "ASIA000000000002"
    assert await vend(second, now=later) == "ASIA000000000002"
    assert len(sts.requests) == 2
    assert (first.counts.refreshed, second.counts.refreshed) == (1, 1)
    assert (first.counts.shared_misses, second.counts.shared_hits) == (2, 2)


async def test_what_serves_on_where_no_fresh_ones_are_to_be_had_is_not_shared_again(
    environment: New, sts: FakeSts, table: Table
) -> None:
    vendor = environment()
    made = await vend(vendor)
    sts.always = Failure("AccessDenied", status=403)
    assert await vend(vendor, now=NOW + 3000) == made
    assert table.calls == ["get", "put", "get"]


async def test_a_new_environment_renews_what_is_due_in_the_table(
    environment: New, sts: FakeSts, table: Table
) -> None:
    """Else nobody would, where environments are many: hardly one of them meets a user twice."""
    await vend(environment())
    new = environment()
    later = sts.clock = NOW + 3000
    assert await vend(new, now=later) == "ASIA000000000002"
    assert (new.counts.refreshed, new.counts.shared_hits, new.counts.shared_misses) == (1, 1, 1)
    assert await vend(environment(), now=later) == "ASIA000000000002"
    assert len(sts.requests) == 2


async def test_a_new_environment_serves_what_is_due_in_the_table_while_sts_is_down(
    environment: New, sts: FakeSts, table: Table
) -> None:
    made = await vend(environment())
    sts.always = Failure("ServiceUnavailable", status=503)
    new = environment()
    assert await vend(new, now=NOW + 3000) == made
    assert new.counts.refresh_failures == 1
    asked = len(sts.requests)
    assert await vend(new, now=NOW + 3000.5) == made
    assert len(sts.requests) == asked, "a renewal that failed is left alone for a moment"


async def test_entries_of_another_key_are_not_believed(environment: New, sts: FakeSts) -> None:
    await vend(environment())
    assert await vend(environment(keys=jwk_set(make_jwk("b", 2)))) == "ASIA000000000002"


async def test_keys_are_changed_without_a_gap(environment: New, sts: FakeSts) -> None:
    """The new one behind the old one, then swapped, then alone: each set opens what the one before has sealed."""
    old, new = make_jwk("old", 1), make_jwk("new", 2)
    for step, keys in enumerate([[old], [old, new], [new, old], [new]], start=1):
        for principal in ("one", "two"):
            await vend(environment(keys=jwk_set(*keys)), principal=principal)
        assert len(sts.requests) == (2 if step < 4 else 4), step
    assert await vend(environment(keys=jwk_set(new)), principal="one") == "ASIA000000000003"


async def test_too_much_to_seal_is_counted_and_costs_no_pause(
    environment: New, sts: FakeSts, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authorizer.sealing.seal.MAX_SEALED", 100)
    vendor = environment()
    await vend(vendor)
    assert (vendor.counts.shared_failures, table.items) == (1, {})
    await vend(vendor, principal="another")
    assert table.calls == ["get", "get"]
    assert vendor.counts.shared_failures == 2


async def test_shared_sessions_need_sts_only_once_while_it_is_down(environment: New, sts: FakeSts) -> None:
    made = await vend(environment())
    sts.always = Failure("ServiceUnavailable", status=503)
    assert await vend(environment()) == made


async def test_another_duration_is_another_session(environment: New, sts: FakeSts) -> None:
    for duration in (3600, 900):
        identity = make_identity(role=make_role(duration=duration))
        await environment().vend(identity, make_policy(), Shape.REST_REQUEST, NOW, PATIENT)
    assert len(sts.requests) == 2


# ── Whose keys ──────────────────────────────────────────────────────────────────────────────────────────────


BACKENDS = jwk_set(make_jwk("backends", 7))


async def test_the_keys_of_the_backends_open_no_entry_and_seal_none(
    environment: New, sts: FakeSts, table: Table
) -> None:
    """A backend that can read and write the table has no use of it."""
    sealing = Sealing(source="environment", keys=BACKENDS)
    vendor = environment(sealing=sealing)
    made = await vend(vendor)
    [(key, item)] = table.items.items()
    backend = Seal(parse_keys(BACKENDS))
    with pytest.raises(Exception, match="a key that is not here"):
        backend.open(item["sealed"]["S"], audience=f"shared-cache/{key}", principal=None, now=NOW)
    forged = item_with(keys=BACKENDS, access_key_id="ASIAFORGED")
    table.items[key] = forged
    assert await vend(environment(sealing=sealing)) not in {made, "ASIAFORGED"}


def keys_under_other_names(*fills: int) -> str:
    return jwk_set(*[make_jwk(f"x{fill}", fill) for fill in fills])


@pytest.mark.parametrize("private", [keys_under_other_names(7), keys_under_other_names(1, 7)])
async def test_a_key_that_serves_both_purposes_keeps_the_function_from_starting(
    environment: New, private: str
) -> None:
    vendor = environment(keys=private, sealing=Sealing(source="environment", keys=BACKENDS))
    with pytest.raises(Exception, match="expected keys of the authorizer's own") as refused:
        await vendor.sealers.warm(NOW)
    assert make_jwk(fill=7)["k"] not in str(refused.value)


class Secrets:
    """Secrets Manager: secrets by name; None for one that is not handed out."""

    def __init__(self, **secrets: str | None) -> None:
        self.secrets = secrets

    def __call__(self, service: str) -> "Secrets":
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        text = self.secrets[SecretId]
        return {} if text is None else {"SecretString": text}


async def test_the_same_secret_reached_by_two_names_is_refused_when_it_is_read(
    environment: New, sts: FakeSts, table: Table
) -> None:
    """It is not seen where settings load: the names differ. And it may become so later."""
    secrets = Secrets(seal=BACKENDS, own=jwk_set(make_jwk("own", 3)))
    vendor = environment(
        keys="own",
        source="secretsmanager",
        clients=secrets,
        sealing=Sealing(source="secretsmanager", keys="seal"),
    )
    await vendor.sealers.warm(NOW)
    await vendor.warm()
    await vend(vendor)
    assert table.calls == ["get", "get", "put"]
    secrets.secrets["seal"] = jwk_set(make_jwk("theirs", 3))
    table.calls.clear()
    assert await vend(vendor, principal="another", now=NOW + 300) == "ASIA000000000002"
    assert table.calls == []
    assert vendor.counts.shared_failures == 1
    with pytest.raises(Exception, match="expected keys of the authorizer's own"):
        await vendor.sealers.private(NOW + 300, PATIENT)


async def test_nothing_is_shared_where_the_backends_keys_cannot_be_read_to_compare(
    environment: New, sts: FakeSts, table: Table
) -> None:
    secrets = Secrets(seal=None)
    vendor = environment(clients=secrets, sealing=Sealing(source="secretsmanager", keys="seal"))
    await vendor.sealers.warm(NOW)
    await vendor.warm()
    table.calls.clear()
    assert await vend(vendor) == "ASIA000000000001"
    assert (table.calls, vendor.counts.shared_failures) == ([], 1)


async def test_without_keys_the_table_is_left_alone(environment: New, sts: FakeSts, table: Table) -> None:
    vendor = environment(source="secretsmanager", keys="own", clients=Secrets(own=None))
    assert await vend(vendor) == "ASIA000000000001"
    assert await vend(vendor, principal="another") == "ASIA000000000002"
    assert (table.calls, vendor.counts.shared_failures) == ([], 1)


async def test_a_vendor_without_private_keys_says_so(vendor: Vendor) -> None:
    with pytest.raises(Exception, match="no `\\[private_sealing\\]` keys"):
        await vendor.sealers.private(NOW, PATIENT)


@pytest.mark.parametrize(("life", "believed"), [(960, True), (961, False)])
def test_an_entry_lives_a_minute_longer_than_was_asked_at_most(life: int, believed: bool) -> None:
    """STS's clock may be ahead by that. The seal alone would take an hour and a minute."""
    short = assume_role_request(make_identity(role=make_role(duration=900)), make_policy())
    seal = Seal(parse_keys(jwk_set()))
    credentials = make_credentials(expiration=NOW + life)
    reply = {"Item": entry.sealed(short, credentials, seal)}
    if believed:
        assert entry.opened(reply, short, seal, NOW) == credentials
        return
    with pytest.raises(SealRefused, match="lives longer than the 900 s"):
        entry.opened(reply, short, seal, NOW)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param({"id": {"S": "x"}}, "form", id="an item without a seal"),
        pytest.param({"sealed": {"S": WHOLE["sealed"]["S"][:-1]}}, "tampered", id="a seal without its end"),
        pytest.param(item_with(principal="another"), "principal", id="a seal of another principal"),
        pytest.param(item_with(session_name="another"), "principal", id="a session of another name"),
    ],
)
def test_what_is_no_entry_of_this_request_is_refused_with_the_reason(
    item: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SealRefused) as refused:
        entry.opened({"Item": item}, asked(), Seal(parse_keys(jwk_set())), NOW)
    assert refused.value.reason == reason


def test_an_entry_is_bound_to_its_request() -> None:
    seal = Seal(parse_keys(jwk_set()))
    item = entry.sealed(asked(), make_credentials(), seal)
    assert entry.opened({"Item": item}, asked(), seal, NOW) == make_credentials()
    assert item["id"] == {"S": asked().key}
    assert json.dumps(item).count(asked().key) == 1
