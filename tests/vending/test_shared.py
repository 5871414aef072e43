"""The shared second level: one environment's call serves another, and no fault of the table is an answer's fault."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.deadline import Deadline
from authorizer.settings.schema import Sealing, Session, SharedCache
from authorizer.vending import shared
from authorizer.vending.keys import parse_keys
from authorizer.vending.seal import Seal
from authorizer.vending.vendor import Vendor
from tests.vending.conftest import SESSION
from tests.vending.factories import (
    NOW,
    SUB,
    jwk_set,
    make_credentials,
    make_identity,
    make_jwk,
    make_policy,
    make_settings,
)
from tests.vending.fake_sts import Failure, FakeSts

THROTTLED = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem")


class Table:
    """DynamoDB with one table. `fails` is raised by the next calls; `hangs` lets them wait for ever."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fails: Exception | None = None
        self.hangs = False

    async def get_item(self, *, TableName: str, Key: dict[str, Any]) -> dict[str, Any]:
        await self._called("get", TableName)
        item = self.items.get(Key["id"]["S"])
        return {"Item": item} if item else {}

    async def put_item(self, *, TableName: str, Item: dict[str, Any]) -> None:
        await self._called("put", TableName)
        self.items[Item["id"]["S"]] = Item

    async def _called(self, name: str, table: str) -> None:
        assert table == "sessions"
        self.calls.append(name)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails


class Account:
    """An aioboto3 session: STS is the fake on loopback, DynamoDB is `Table`."""

    region_name = "eu-central-1"

    def __init__(self, table: Table) -> None:
        self.table = table

    def client(self, service: str, **arguments: Any) -> Any:
        return self._table() if service == "dynamodb" else SESSION.client(service, **arguments)

    @asynccontextmanager
    async def _table(self) -> Any:
        yield self.table

    async def get_credentials(self) -> Any:
        return await SESSION.get_credentials()


@pytest.fixture
def table() -> Table:
    return Table()


def environment(
    table: Table, *, keys: str | None = None, source: Any = "environment", clients: Any = None
) -> Vendor:
    settings = make_settings(
        session=Session(),
        private_sealing=Sealing(source=source, keys=keys or jwk_set()),
        shared_cache=SharedCache(table="sessions", region=None),
    )
    return Vendor(settings, session=Account(table), clients=clients)


async def vend(vendor: Vendor, *, now: float = NOW, principal: str = SUB) -> str:
    credentials = await vendor.vend(make_identity(principal=principal), make_policy(), now, Deadline.after(8))
    return credentials.access_key_id


async def test_what_one_environment_vends_serves_another(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table)
    await first.warm()
    made = await vend(first)
    await first.maintain(NOW)
    assert await vend(second, now=NOW + 60) == made
    assert len(sts.requests) == 1
    assert (first.counts.shared_misses, second.counts.shared_hits) == (1, 1)
    await first.close()
    await second.close()


async def test_entries_are_sealed_and_end_with_their_session(sts: FakeSts, table: Table) -> None:
    vendor = environment(table)
    await vend(vendor)
    await vendor.maintain(NOW)
    [item] = table.items.values()
    assert item["expires"] == {"N": str(int(NOW) + 3600)}
    assert "canary" not in str(item)
    assert SUB not in str(item)
    await vendor.close()


async def test_two_users_never_share_an_entry(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table)
    made = await vend(first)
    await first.maintain(NOW)
    assert await vend(second, principal="another") != made
    await first.close()
    await second.close()


async def test_an_entry_moved_under_another_key_is_not_believed(sts: FakeSts, table: Table) -> None:
    """Somebody may write the table: they cannot hand one user's session to another."""
    first, second = environment(table), environment(table)
    made = await vend(first)
    other = await vend(first, principal="another")
    await first.maintain(NOW)
    (one, item), (two, item_of_another) = table.items.items()
    table.items = {
        one: item | {"sealed": item_of_another["sealed"]},
        two: item_of_another | {"sealed": item["sealed"]},
    }
    assert await vend(second) not in {made, other}
    assert second.counts.shared_failures == 1
    await first.close()
    await second.close()


async def test_an_entry_of_the_same_user_with_other_rights_is_not_believed(
    sts: FakeSts, table: Table
) -> None:
    first, second = environment(table), environment(table)
    wide, narrow = make_policy("arn:aws:s3:::bucket/*"), make_policy("arn:aws:s3:::bucket/own/*")
    for policy in (wide, narrow):
        await first.vend(make_identity(), policy, NOW, Deadline.after(8))
    await first.maintain(NOW)
    (one, item), (two, other) = table.items.items()
    table.items = {one: item | {"sealed": other["sealed"]}, two: other | {"sealed": item["sealed"]}}
    await second.vend(make_identity(), narrow, NOW, Deadline.after(8))
    assert second.counts.shared_failures == 1
    assert len(sts.requests) == 3
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    ("fails", "hangs"),
    [
        pytest.param(THROTTLED, False, id="a table that throttles"),
        pytest.param(OSError("no route"), False, id="a table out of reach"),
        pytest.param(None, True, id="a table that never answers"),
    ],
)
async def test_a_broken_table_costs_a_call_and_no_answer(
    sts: FakeSts, table: Table, fails: Exception | None, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.02)
    table.fails, table.hangs = fails, hangs
    vendor = environment(table)
    assert await vend(vendor) == "ASIA000000000001"
    await vendor.maintain(NOW)
    assert vendor.counts.shared_failures == 1
    assert table.calls == ["get"]
    assert await vend(vendor, principal="another") == "ASIA000000000002"
    assert table.calls == ["get"]
    await vendor.close()


async def test_a_failed_write_is_counted_and_forgotten(sts: FakeSts, table: Table) -> None:
    vendor = environment(table)
    await vend(vendor)
    table.fails = THROTTLED
    await vendor.maintain(NOW)
    assert vendor.counts.shared_failures == 1
    assert table.items == {}
    await vendor.close()


async def test_an_entry_that_no_longer_serves_is_passed_over(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table)
    await vend(first)
    await first.maintain(NOW)
    for late in (NOW + 3300, NOW + 3600):
        sts.clock = late
        assert await vend(second, now=late) != "ASIA000000000001"
        second.forget()
    assert second.counts.shared_failures == 0
    await first.close()
    await second.close()


async def test_a_refresh_takes_a_younger_entry_and_no_older_one(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table)
    await vend(first)
    await first.maintain(NOW)
    await vend(second)
    later = sts.clock = NOW + 2000
    await vend(first, now=later)
    await first.maintain(later)
    assert len(sts.requests) == 2
    await vend(second, now=later)
    await second.maintain(later)
    assert len(sts.requests) == 2
    assert await vend(second, now=later) == await vend(first, now=later) == "ASIA000000000002"
    await first.close()
    await second.close()


async def test_entries_of_another_key_are_not_believed(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table, keys=jwk_set(make_jwk("b", 2)))
    await vend(first)
    await first.maintain(NOW)
    assert await vend(second) == "ASIA000000000002"
    await first.close()
    await second.close()


async def test_without_keys_the_table_is_left_alone(sts: FakeSts, table: Table) -> None:
    class Silent:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
            return {}

    vendor = environment(table, source="secretsmanager", keys="seal", clients=lambda _: Silent())
    await vend(vendor)
    await vendor.maintain(NOW)
    assert table.calls == []
    assert vendor.counts.shared_failures == 2
    await vendor.close()


async def test_too_much_to_seal_is_counted_and_not_shared(sts: FakeSts, table: Table) -> None:
    from authorizer.vending.cache import Counts
    from authorizer.vending.request import assume_role_request

    counts = Counts()
    level = shared.SharedLevel(SharedCache(table="sessions", region=None), Account(table), counts)
    level.offer(
        assume_role_request(make_identity(), make_policy()), make_credentials(session_token="x" * 9000)
    )
    await level.flush(Seal(parse_keys(jwk_set())))
    assert counts.shared_failures == 1
    assert table.items == {}


async def test_shared_sessions_need_sts_only_once_while_it_is_down(sts: FakeSts, table: Table) -> None:
    first, second = environment(table), environment(table)
    made = await vend(first)
    await first.maintain(NOW)
    sts.always = Failure("ServiceUnavailable", status=503)
    assert await vend(second) == made
    await first.close()
    await second.close()
