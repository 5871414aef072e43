"""STS and DynamoDB behind the wire: what they answer, how long they take, and when they have had enough.

Each stands where an environment's client does, and gives what the client gives: STS a status and a reply as botocore
parses one, DynamoDB a reply or botocore's error.
"""

import asyncio
import math
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from authorizer.capacity.clock import VirtualLoop
from authorizer.capacity.facts import fact

SESSION_TOKEN: Final = "t" * 800
"""About as long as STS's own: it decides what an entry of the table weighs."""
SECRET: Final = "s" * 40
THROTTLED: Final = (400, {"Error": {"Code": "Throttling", "Message": "Rate exceeded"}})
"""As STS says it (STS API reference, Common Errors)."""


class Quota:
    """A bucket that holds a second's worth of calls. `share`: what is left of the rate, and not of the bucket."""

    def __init__(self, rate: float, share: float, loop: VirtualLoop) -> None:
        self._loop = loop
        self._most = rate
        self._rate = rate / share
        self._left = rate
        self._at = loop.now

    def takes(self) -> bool:
        """Whether one more call is within it; if so, it is counted."""
        now = self._loop.now
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class StsModel:
    """Answers AssumeRole for every environment."""

    def __init__(self, loop: VirtualLoop, chance: random.Random, share: float) -> None:
        self._loop = loop
        self._chance = chance
        self._quota = Quota(fact("sts_quota"), share, loop)
        self.granted = 0
        self.throttled = 0
        self.by_minute: Counter[int] = Counter()
        """Calls, by the minute in which they came."""

    async def assume_role(self, request: Any) -> tuple[int, dict[str, Any]]:
        """What `QueryClient.assume_role` gives."""
        self.by_minute[int(self._loop.now // 60)] += 1
        within = self._quota.takes()
        await asyncio.sleep(lognormal(self._chance, "sts"))
        if not within:
            self.throttled += 1
            return THROTTLED
        self.granted += 1
        ends = datetime.fromtimestamp(int(self._loop.now) + request.duration, UTC)
        return 200, {
            "Credentials": {
                "AccessKeyId": f"ASIA{self.granted:016d}",
                "SecretAccessKey": SECRET,
                "SessionToken": SESSION_TOKEN,
                "Expiration": ends,
            }
        }


class TableModel:
    """Keeps the items of the shared table, and counts what they cost."""

    def __init__(self, loop: VirtualLoop, chance: random.Random, share: float) -> None:
        self._chance = chance
        self._loop = loop
        self._reads = Quota(fact("table_reads"), share, loop)
        self._writes = Quota(fact("table_writes"), share, loop)
        self._items: dict[str, dict[str, Any]] = {}
        self.read_units = 0.0
        self.write_units = 0.0

    async def get_item(self, *, TableName: str, Key: Any) -> Any:  # noqa: N803 - boto3's names
        """An eventually consistent read: half a unit for each 4 KB (DynamoDB Developer Guide, "read consistency")."""
        del TableName
        await self._through(self._reads, "GetItem")
        item = self._items.get(Key["id"]["S"])
        self.read_units += 0.5 * max(1, math.ceil(_size(item) / 4096)) if item else 0.5
        return {"Item": item} if item else {}

    async def put_item(self, *, TableName: str, Item: Any) -> Any:  # noqa: N803 - as above
        """A unit for each KB. What is over is not kept: nobody would be given it."""
        del TableName
        await self._through(self._writes, "PutItem")
        self.write_units += math.ceil(_size(Item) / 1024)
        self._items[Item["id"]["S"]] = Item
        return {}

    def sweep(self) -> None:
        """What the table's time to live takes away."""
        now = self._loop.now
        self._items = {key: item for key, item in self._items.items() if int(item["expires"]["N"]) > now}

    async def _through(self, quota: Quota, operation: str) -> None:
        within = quota.takes()
        await asyncio.sleep(lognormal(self._chance, "table"))
        if not within:
            code = "ThrottlingException"
            raise ClientError({"Error": {"Code": code, "Message": "Throughput exceeds"}}, operation)


def lognormal(chance: random.Random, of: str) -> float:
    """Seconds that a call takes this time."""
    return fact(f"{of}_median") * math.exp(chance.gauss(0.0, fact(f"{of}_spread")))


def _size(item: Any) -> int:
    """Bytes of names and values (DynamoDB Developer Guide, "item sizes and formats")."""
    return sum(len(name) + sum(map(len, value.values())) for name, value in item.items())
