"""The other side of every connection, in this process and under control: the issuer, STS, DynamoDB, Secrets Manager."""

import asyncio
import base64
import json
from collections.abc import Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final
from urllib.parse import parse_qsl

import aiohttp
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from tests.servers.sts import ERROR

LONG: Final = 3600.0
"""Seconds: longer than any budget."""
GRANTED: Final = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>\
<AccessKeyId>ASIA{number:012d}</AccessKeyId><SecretAccessKey>canary-secret-{number}</SecretAccessKey><SessionToken>\
{token}</SessionToken><Expiration>{expiration}</Expiration></Credentials><PackedPolicySize>7</PackedPolicySize>\
</AssumeRoleResult></AssumeRoleResponse>"""


def granted_to(session_token: str) -> dict[str, str]:
    """The form of the AssumeRole call that made these credentials."""
    form: dict[str, str] = json.loads(base64.urlsafe_b64decode(session_token))
    return form


@dataclass
class Issuer:
    """An aiohttp session as `HttpFetch` uses one. Serves `document`, unless something is wrong."""

    document: bytes
    wrong: str | None = None
    """`down`, `slow`, `late`, `status`, `garbage`."""
    fetches: int = 0

    def get(self, uri: str, **options: Any) -> Any:
        self.fetches += 1
        return self._answer(options["timeout"].total)

    @asynccontextmanager
    async def _answer(self, seconds: float) -> Any:
        if self.wrong == "down":
            raise aiohttp.ClientConnectionError("refused")
        if self.wrong == "slow":
            await asyncio.sleep(seconds)
            raise TimeoutError
        if self.wrong == "late":
            await asyncio.sleep(seconds * 0.95)
        body = b"<html>" if self.wrong == "garbage" else self.document
        status = 503 if self.wrong == "status" else 200
        yield SimpleNamespace(status=status, content=SimpleNamespace(iter_any=lambda: chunks(body)))

    async def close(self) -> None:
        await asyncio.sleep(0)


async def chunks(body: bytes) -> Any:
    for start in range(0, len(body), 256):
        await asyncio.sleep(0)
        yield body[start : start + 256]


@dataclass
class Sts:
    """Answers AssumeRole over the client's HTTP session."""

    clock: Callable[[], float]
    wrong: str | None = None
    """`down`, `slow`, `throttled`, `denied`, `fault`, `garbage`, `short`."""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def send(self, prepared: Any) -> Any:
        """aiobotocore's HTTP session."""
        status, body = await self._answer(dict(parse_qsl(prepared.body.decode())))
        return SimpleNamespace(status_code=status, content=Later(body))

    def _end(self, form: dict[str, str]) -> float:
        return self.clock() + (60 if self.wrong == "short" else int(form["DurationSeconds"]))

    async def _answer(self, form: dict[str, str]) -> tuple[int, bytes]:
        await asyncio.sleep(0.02)
        if self.wrong == "down":
            raise EndpointConnectionError(endpoint_url="sts")
        if self.wrong == "slow":
            await asyncio.sleep(LONG)
        for wrong, status, code in (
            ("throttled", 400, "Throttling"),
            ("denied", 403, "AccessDenied"),
            ("fault", 500, "InternalFailure"),
        ):
            if self.wrong == wrong:
                return status, ERROR.format(code=code, message="canary").encode()
        if self.wrong == "garbage":
            return 200, b"<html>"
        self.asked.append(form)
        expiration = datetime.fromtimestamp(int(self._end(form)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = GRANTED.format(number=len(self.asked), token=_token(form), expiration=expiration)
        return 200, body.encode()


def _token(form: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(form).encode()).decode()


@dataclass(frozen=True)
class Later:
    """A body that is still to come. No coroutine: whoever never awaits it leaves nothing behind."""

    value: bytes

    def __await__(self) -> Generator[Any, None, bytes]:
        yield from asyncio.sleep(0).__await__()
        return self.value


@dataclass
class Table:
    """DynamoDB's part in the shared level."""

    items: dict[str, Any] = field(default_factory=dict)
    wrong: str | None = None
    """`absent`, `slow`, `garbage`, `swapped`: each item under another's key; `closed`: the connection, once."""

    async def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool = False) -> Any:
        await self._trouble()
        if self.wrong == "garbage":
            return {"Item": {"sealed": {"S": "e30.e30.e30.e30.e30"}}}
        key = Key["id"]["S"]
        if self.wrong == "swapped" and not key.startswith(
            "seat/"
        ):  # whoever forges a seat refuses it, and no more
            others = [item for other, item in self.items.items() if other != key]
            return {"Item": {**others[0], "id": {"S": key}}} if others else {}
        return {"Item": self.items[key]} if key in self.items else {}

    async def put_item(self, *, TableName: str, Item: Any, **condition: Any) -> Any:
        await self._trouble()
        self._check(Item["id"]["S"], **condition)
        self.items[Item["id"]["S"]] = Item
        return {}

    async def delete_item(self, *, TableName: str, Key: Any, **condition: Any) -> Any:
        await self._trouble()
        self._check(Key["id"]["S"], **condition)
        self.items.pop(Key["id"]["S"], None)
        return {}

    def _check(
        self, key: str, ConditionExpression: str = "", ExpressionAttributeValues: Any = MappingProxyType({})
    ) -> None:
        """Each term of the condition: an attribute is as it is said, or is not there."""
        item = self.items.get(key, {})
        for term in filter(None, ConditionExpression.split(" AND ")):
            name, _, value = term.removeprefix("attribute_not_exists(").rstrip(")").partition(" = ")
            if item.get(name) != (ExpressionAttributeValues[value] if value else None):
                code = "ConditionalCheckFailedException"
                raise ClientError({"Error": {"Code": code, "Message": ""}}, "PutItem")

    async def _trouble(self) -> None:
        await asyncio.sleep(0.005)
        if self.wrong == "closed":
            self.wrong = None
            raise ConnectionClosedError(endpoint_url="dynamodb")
        if self.wrong == "absent":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetItem")
        if self.wrong == "slow":
            await asyncio.sleep(LONG)


@dataclass
class Secret:
    """Secrets Manager's part in sealing."""

    text: str
    wrong: str | None = None
    """`denied`, `down`, `garbage`."""

    def get_secret_value(self, *, SecretId: str) -> Any:
        if self.wrong == "denied":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetSecretValue")
        if self.wrong == "down":
            raise EndpointConnectionError(endpoint_url="secretsmanager")
        return {"SecretString": "{}" if self.wrong == "garbage" else self.text}


@dataclass
class Session:
    """An aioboto3 session whose clients are the ones above."""

    sts: Sts
    table: Table
    region_name: str = "eu-west-1"

    @asynccontextmanager
    async def client(self, service: str, config: Any, **_: Any) -> Any:
        await asyncio.sleep(0)
        if service == "dynamodb":
            yield self.table
            return
        config.http_session_cls().send = self.sts.send
        yield SimpleNamespace(
            meta=SimpleNamespace(
                endpoint_url="https://sts.eu-west-1.amazonaws.com",
                region_name="eu-west-1",
                config=SimpleNamespace(user_agent="tests"),
            ),
        )

    async def get_credentials(self) -> Any:
        await asyncio.sleep(0)
        return SimpleNamespace(get_frozen_credentials=_frozen)


async def _frozen() -> ReadOnlyCredentials:
    await asyncio.sleep(0)
    return ReadOnlyCredentials("AKIACALLER", "canary-caller", "canary-caller-token")
