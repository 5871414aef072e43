"""The shared second level: role sessions in a DynamoDB table, so that thousands of environments need not each
call STS.

STS takes 600 calls a second from a whole account and Region (IAM quotas), and every Lambda environment starts
with an empty memory. The table holds each session sealed, under its request's key, to which the seal is
bound: whoever can read or write the table can neither use an entry nor put one in another's place. A table
that is slow, absent or lying costs a call of STS, never an answer.

The table: partition key `id` (S), TTL attribute `expires` (N).
"""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aioboto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from authorizer.errors import SealRefused, SealTooLarge
from authorizer.model import Credentials
from authorizer.settings.schema import SharedCache
from authorizer.vending.cache import Counts
from authorizer.vending.request import AssumeRoleRequest
from authorizer.vending.seal import Seal

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.client import DynamoDBClient

PATIENCE = 0.4
"""Seconds for one read or write. DynamoDB answers in milliseconds; past this, STS itself is the faster
way."""
COOLDOWN = 10.0
"""Seconds without the table after it failed, so that a broken one does not cost `PATIENCE` at every miss."""
MAX_PENDING = 256
"""Entries that wait to be written after the answer."""


class SharedLevel:
    """Reads before STS is asked, writes after the answer. Every failure is counted and none is raised."""

    def __init__(self, settings: SharedCache, session: aioboto3.Session, counts: Counts) -> None:
        self._settings = settings
        self._session = session
        self._counts = counts
        self._resources = AsyncExitStack()
        self._client: DynamoDBClient | None = None
        self._pending: dict[str, tuple[AssumeRoleRequest, Credentials]] = {}
        self._asleep_until = 0.0

    async def find(self, request: AssumeRoleRequest, seal: Seal, now: float) -> Credentials | None:
        """The session that another environment has vended for the same request, if it is there and alive."""
        if asyncio.get_running_loop().time() < self._asleep_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                client = await self._open()
                reply = await client.get_item(TableName=self._settings.table, Key={"id": {"S": request.key}})
        except (BotoCoreError, ClientError, OSError, TimeoutError):
            self._failed()
            return None
        sealed = reply.get("Item", {}).get("sealed", {}).get("S")
        if sealed is None:
            self._counts.shared_misses += 1
            return None
        try:
            found = seal.open(sealed, audience=_audience(request), principal=request.session_name, now=now)
        except SealRefused as refused:
            # An expired entry is no fault: DynamoDB deletes within days of the TTL, not at it.
            if refused.reason == "expired":
                self._counts.shared_misses += 1
            else:
                self._counts.shared_failures += 1
            return None
        self._counts.shared_hits += 1
        return found

    def offer(self, request: AssumeRoleRequest, credentials: Credentials) -> None:
        """Remember to write `credentials` with the next `flush`."""
        if len(self._pending) < MAX_PENDING:
            self._pending[request.key] = (request, credentials)

    def is_due(self) -> bool:
        """Whether `flush` would write anything."""
        return bool(self._pending)

    async def flush(self, seal: Seal) -> None:
        """Write what was offered since the last time, all at once."""
        pending, self._pending = list(self._pending.values()), {}
        if pending and asyncio.get_running_loop().time() >= self._asleep_until:
            await asyncio.gather(
                *(self._write(request, credentials, seal) for request, credentials in pending)
            )

    async def _write(self, request: AssumeRoleRequest, credentials: Credentials, seal: Seal) -> None:
        try:
            sealed = seal.close(credentials, audience=_audience(request), principal=request.session_name)
        except SealTooLarge:
            self._counts.shared_failures += 1
            return
        item = {
            "id": {"S": request.key},
            "sealed": {"S": sealed},
            "expires": {"N": str(int(credentials.expiration))},
        }
        try:
            async with asyncio.timeout(PATIENCE):
                client = await self._open()
                await client.put_item(TableName=self._settings.table, Item=item)
        except (BotoCoreError, ClientError, OSError, TimeoutError):
            self._failed()

    def _failed(self) -> None:
        self._counts.shared_failures += 1
        self._asleep_until = asyncio.get_running_loop().time() + COOLDOWN

    async def open(self) -> None:
        """Make the client ahead of the first request."""
        await self._open()

    async def _open(self) -> "DynamoDBClient":
        if self._client is None:
            config = Config(
                connect_timeout=PATIENCE,
                read_timeout=PATIENCE,
                retries={"mode": "standard", "total_max_attempts": 1},
                max_pool_connections=MAX_PENDING,
            )
            client: DynamoDBClient = await self._resources.enter_async_context(
                self._session.client("dynamodb", region_name=self._settings.region, config=config)
            )
            self._client = client
        return self._client

    async def close(self) -> None:
        self._client = None
        await self._resources.aclose()


def _audience(request: AssumeRoleRequest) -> str:
    return f"shared-cache/{request.key}"
