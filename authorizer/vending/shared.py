"""The shared second level: role sessions in a DynamoDB table, so that thousands of environments need not each
call STS.

STS takes 600 calls a second from a whole account and Region (IAM quotas), and every Lambda environment starts
with an empty memory. A table that is slow, absent or lying costs a call of STS, never an answer: every failure is
counted and none is raised.

Both ways happen inside the request that needs them, since Lambda freezes the process between requests: it reads
before it asks STS, and writes what STS gave before it answers. Each is a round trip and 1.5 ms of one core, most of it
botocore's (300 users, dynalite on loopback). The last writer wins: two entries of one request are
equally good, and a condition on the write would let one forged item with a late `expires` keep all others out.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from authorizer.aws.https import CheckedSession
from authorizer.errors import SealTooLarge
from authorizer.model import Credentials
from authorizer.settings.schema import CLOCK_SKEW, MAX_CHAINED_DURATION, SharedCache
from authorizer.vending import entry
from authorizer.vending.cache import Counts
from authorizer.vending.lifetime import CALLERS, Lifetime
from authorizer.vending.request import AssumeRoleRequest
from authorizer.vending.seats import AllTaken
from authorizer.waiting.cooldown import Cooldown
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.client import DynamoDBClient

    from authorizer.sealing.seal import Seal

PATIENCE = 0.25
"""Seconds for one read or write, a new connection included. DynamoDB answers in milliseconds; past this, STS itself is
the faster way."""
FIRST_PATIENCE = 1.0
"""The same for the first exchange, before which CAs are read: in Lambda's init phase, unless that was skipped."""
KEYS_PATIENCE = 1.0
"""Seconds for reading the keys where there are none yet."""
OUTLIVED = 60.0
"""Seconds after which a holder's next session may have the seat of the last. Those that one holder's requests make at
the same moment, each in an environment of its own, are as many as they are."""
MAKING = 20.0
"""Seconds after its request began for which a session is in the making at most, by anybody's clock: its request has
nine of them (`runtime.MAX_SECONDS`), and clocks differ by `CLOCK_SKEW`. What is left of a request's time when it takes
its seat is no measure: STS may be asked late."""
CONNECTIONS = 256
KEEP_ALIVE = 10.0
"""Seconds after which an idle connection is not used again. One that the other end has closed costs no more than a
second try; one that a NAT gateway has dropped in silence, after 350 s (VPC User Guide, "Troubleshoot NAT gateways"),
would cost `PATIENCE`."""

NOBODY = {"id": {"S": "nobody"}}
"""A key that no request has: theirs are 64 hex digits."""
SEAT: Final = ("holder", "made", "expires", "making", "beside")
"""What the item of a seat says beside its `id`: who has it, since when, until when; until when a session of theirs is
in the making, where one is; until when another lives on beside it, where one does. In seconds since the epoch."""


class Place(NamedTuple):
    """A seat of the table that is taken for a session in the making."""

    item: dict[str, Any]
    """As it is written meanwhile. Its `holder` and `making` tell this taking from every other, of the same token in
    another environment, too: who thaws late must neither keep nor give back what is another's by now."""
    before: dict[str, Any]
    """The item of the session that lives on; empty: none does."""
    beside: float
    """When the session ends that lives on beside this one; 0: none does."""
    is_last: bool
    """Whether it is that of another holder, whose session is in its last minutes."""


class _TakenMeanwhile(Exception):
    """Somebody else was faster."""


class SharedLevel:
    """Reads before STS is asked, writes before the answer. `seal` gives the seal that no backend can open."""

    def __init__(
        self,
        settings: SharedCache,
        session: aioboto3.Session,
        counts: Counts,
        *,
        seal: "Callable[[float, Deadline], Awaitable[Seal]]",
    ) -> None:
        self._settings = settings
        self._session = session
        self._counts = counts
        self._seal = seal
        self._resources = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: DynamoDBClient | None = None
        self._was_used = False
        self._reads = Cooldown()
        self._writes = Cooldown()

    async def find(
        self, request: AssumeRoleRequest, lifetime: Lifetime, now: float, deadline: Deadline, *, ahead: bool
    ) -> Credentials | None:
        """The session that another environment has vended for the same request, if it is there and serves. `ahead` of
        need, one that is itself due does not."""
        if not self._reads.is_over(now) or self._is_short(deadline):
            return None
        try:
            seal = await self._seal(now, deadline.within(KEYS_PATIENCE))
            reply = await self._read(entry.key_of(request), deadline)
        except Exception:  # botocore's own, and whatever its parsers make of a reply that is none
            self._counts.shared_failures += 1
            self._reads.failed(now)
            return None
        self._reads.succeeded()
        try:
            found = entry.opened(reply, request, seal, now)
        except Exception:  # refused, or too hostile for a JOSE library: about this item, not about the table
            self._counts.shared_failures += 1
            return None
        if found is None or not lifetime.serves(found, now):
            self._counts.shared_misses += 1
            return None
        if ahead and lifetime.is_due(found, now):
            self._counts.shared_misses += 1
            return None
        self._counts.shared_hits += 1
        return found

    async def publish(
        self, request: AssumeRoleRequest, credentials: Credentials, now: float, deadline: Deadline
    ) -> None:
        """Write what STS gave for `request`. A table that cannot be read is not written either."""
        if not self._reads.is_over(now) or not self._writes.is_over(now) or self._is_short(deadline):
            return
        try:
            seal = await self._seal(now, deadline.within(KEYS_PATIENCE))
            item = entry.sealed(request, credentials, seal)
            await self._exchange(
                lambda client: client.put_item(TableName=self._settings.table, Item=item), deadline
            )
        except SealTooLarge:
            self._counts.shared_failures += 1
        except Exception:  # as above
            self._counts.shared_failures += 1
            self._writes.failed(now)
        else:
            self._writes.succeeded()

    async def seat(self, seats: Sequence[str], holder: str, now: float, deadline: Deadline) -> Place | None:
        """The first of these seats that is free, or this holder's from `OUTLIVED` seconds ago, or else one whose
        session is in its last minutes, taken for as long as a session may be in the making; None where the table does
        not answer: whom it concerns is counted elsewhere too. Raises `AllTaken`.

        Each is read, judged, and written on the condition that it still is as it was read: who finds all taken has
        written nothing, since a write that is refused costs as much as one that is not.
        """
        # A request that is ended, or an environment that is frozen or stopped, gives nothing back.
        until = now + MAKING
        looked_at = [(name, False) for name in seats]
        if not self._may_write(now, deadline):
            return None
        try:
            for name, again in looked_at:
                if self._is_short(deadline):
                    break  # all that the table had time to tell of are taken
                seen = await self._seen(name, deadline)
                place = _place(name, seen, holder, now, until)
                if place and place.is_last and not again:
                    looked_at.append((name, True))  # only after all the others, as it is by then
                elif place:
                    with suppress(_TakenMeanwhile):
                        await self._take(place, seen, deadline)
                        return place
        except Exception:  # as above
            self._counts.shared_failures += 1
            self._writes.failed(now)
            return None
        raise AllTaken

    async def keep_seat(self, place: Place, ends: float, now: float, deadline: Deadline) -> None:
        """Take a seat that `seat` gave until `ends`: its session is made. One that cannot be kept is free before that,
        and still counted where the session was made."""
        name, holder = place.item["id"]["S"], place.item["holder"]["S"]
        await self._settle(place, _seat(name, holder, made=now, expires=ends, beside=place.beside), deadline)

    async def unseat(self, place: Place, deadline: Deadline) -> None:
        """Give a seat back, to the session that lives on where one does. One that cannot be is theirs, or free, once no
        session can be in the making any more."""
        await self._settle(place, place.before, deadline)

    async def _seen(self, name: str, deadline: Deadline) -> dict[str, Any]:
        """What the table says of a seat: some of `SEAT`, or nothing."""
        key = {"id": {"S": name}}
        reply: object = await self._exchange(
            lambda client: client.get_item(TableName=self._settings.table, Key=key, ConsistentRead=True),
            deadline,
        )
        match reply:
            case {"Item": dict(item)}:
                return {name: item[name] for name in SEAT if name in item}
            case _:
                return {}

    async def _take(self, place: Place, seen: dict[str, Any], deadline: Deadline) -> None:
        """Raises `_TakenMeanwhile` where the seat is not as it was `seen`."""
        as_seen = [f"{name} = :{name}" if name in seen else f"attribute_not_exists({name})" for name in SEAT]
        request: Any = {"ConditionExpression": " AND ".join(as_seen)}
        if seen:  # DynamoDB takes no empty map of values
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in seen.items()}
        try:
            await self._exchange(
                lambda client: client.put_item(TableName=self._settings.table, Item=place.item, **request),
                deadline,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise _TakenMeanwhile from None
            raise
        self._writes.succeeded()

    async def _settle(self, place: Place, item: dict[str, Any], deadline: Deadline) -> None:
        """Write `item`, or where it is empty nothing, in place of what was written for the time of the making, if that
        is still there."""
        request: Any = {
            "TableName": self._settings.table,
            "ConditionExpression": "holder = :holder AND making = :making",
            "ExpressionAttributeValues": {f":{name}": place.item[name] for name in ("holder", "making")},
        }

        def settle(client: "DynamoDBClient") -> Awaitable[object]:
            if item:
                return client.put_item(Item=item, **request)
            return client.delete_item(Key={"id": place.item["id"]}, **request)

        try:
            await self._exchange(settle, deadline)
        except Exception:  # as above; or it took so long that another has it
            self._counts.shared_failures += 1

    def _may_write(self, now: float, deadline: Deadline) -> bool:
        return self._writes.is_over(now) and not self._is_short(deadline)

    async def open(self) -> None:
        """Make the client and its connection ahead of the first request, which has less patience."""
        try:
            await self._read(NOBODY, Deadline.after(FIRST_PATIENCE))
        except Exception:  # the first request tries again
            self._counts.shared_failures += 1

    async def close(self) -> None:
        self._client = None
        await self._resources.aclose()

    def _is_short(self, deadline: Deadline) -> bool:
        """Whether the time is needed for STS and the answer: that is no fault of the table's."""
        return deadline.remaining() < 2 * self._patience()

    def _patience(self) -> float:
        return PATIENCE if self._was_used else FIRST_PATIENCE

    async def _read(self, key: dict[str, Any], deadline: Deadline) -> Any:
        return await self._exchange(
            lambda client: client.get_item(TableName=self._settings.table, Key=key), deadline
        )

    async def _exchange(self, call: "Callable[[DynamoDBClient], Awaitable[Any]]", deadline: Deadline) -> Any:
        """What DynamoDB answers to `call`, asked once more if the connection was dead: kept ones are closed by the
        other end while the environment is frozen."""
        async with asyncio.timeout(deadline.within(FIRST_PATIENCE).remaining()):
            client = await self._open()
        patience, self._was_used = self._patience(), True
        async with asyncio.timeout(deadline.within(patience).remaining()):
            try:
                return await call(client)
            except (HTTPClientError, NotConnected):
                return await call(client)

    async def _open(self) -> "DynamoDBClient":
        """The client, made on first use, once for all who ask at the same time."""
        async with self._opening:
            if self._client is None:
                self._client = await self._make()
            return self._client

    async def _make(self) -> "DynamoDBClient":
        config = AioConfig(
            connector_args={"keepalive_timeout": KEEP_ALIVE},
            http_session_cls=CheckedSession,
            # `_exchange` ends what takes too long, and asks again.
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
        )
        # It may have to ask for the function's own credentials: who is out of time meanwhile leaves nothing behind.
        async with AsyncExitStack() as made:
            client: DynamoDBClient = await made.enter_async_context(
                self._session.client("dynamodb", region_name=self._settings.region, config=config)
            )
            self._resources = made.pop_all()
        return client


def _place(name: str, seen: dict[str, Any], holder: str, now: float, until: float) -> Place | None:
    """How a seat of which the table says `seen` is taken for a session in the making up to `until`; None: it is
    another's, or was this holder's a moment ago.

    A seat that says it is taken for longer than any session lives is free, as is one that does not say until when:
    DynamoDB takes what a forger writes. Whoever can write can delete, too, and must not keep a user out for ever.
    """
    made, ends, making, beside = (_number(seen, key) for key in ("made", "expires", "making", "beside"))
    if not now < beside <= now + CALLERS.need + CLOCK_SKEW:
        beside = 0.0
    before = {"id": {"S": name}, **seen}
    if not now < ends <= now + MAX_CHAINED_DURATION + 60:
        item = _seat(name, holder, made=now, expires=until, making=until, beside=beside)
        return Place(item, before if beside else {}, beside, is_last=False)
    if making > now:
        return None
    if seen.get("holder") == {"S": holder}:
        if made > now - OUTLIVED:
            return None
        # The last session lives on where this one is never made. Its seat is not free any earlier then, whatever
        # becomes of this request and its environment: else each slow answer of STS would bring a thief a session more.
        item = _seat(name, holder, made=max(0, made), expires=max(ends, until), making=until, beside=beside)
        return Place(item, before, beside, is_last=False)
    if ends > now + CALLERS.need or beside:
        return None
    item = _seat(name, holder, made=now, expires=until, making=until, beside=ends)
    return Place(item, before, beside=ends, is_last=True)


def _number(item: dict[str, Any], key: str) -> float:
    return float(item.get(key, {}).get("N", 0))


def _seat(
    name: str, holder: str, *, made: float, expires: float, making: float = 0.0, beside: float = 0.0
) -> dict[str, Any]:
    """The table's item of a seat, which says nothing of who the user is."""
    times = {"making": making, "beside": beside}
    return {
        "id": {"S": name},
        "expires": {"N": str(math.ceil(expires))},
        "holder": {"S": holder},
        "made": {"N": str(int(made))},
        **{key: {"N": str(math.ceil(time))} for key, time in times.items() if time},
    }
