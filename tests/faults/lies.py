"""What may come from outside at each place where the request path waits for it, and is not what was asked for."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from tests.faults.edges import Later, chunks

DEEP: Final = b'{"keys":' + b"[" * 100_000
EMPTY: Final = b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"/>'
HALF: Final = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId></Credentials>"
    b"</AssumeRoleResult></AssumeRoleResponse>"
)
BODIES: Final = (b"", b"<html>", b"\xff\xfe", EMPTY, HALF, HALF.replace(b"ASIA", b""))


def _reply(status: int, body: bytes) -> Any:
    """As aiobotocore's HTTP session gives one."""
    return SimpleNamespace(status_code=status, content=Later(body))


def _response(status: int, body: bytes) -> Any:
    """As aiohttp gives one."""
    return SimpleNamespace(status=status, content=SimpleNamespace(iter_any=lambda: chunks(body)))


ITEMS: Final[tuple[Any, ...]] = (
    {},
    {"Item": {}},
    {"Item": {"sealed": {}}},
    {"Item": {"sealed": {"N": "7"}}},
    {"Item": {"sealed": {"S": ""}}},
    {"Item": {"sealed": {"S": "e30.e30.e30.e30.e30"}}},
    {"Item": {"sealed": {"S": "\ud800"}}},
    {"Item": {"sealed": {"S": "." * 500_000}}},
    {"Item": {"sealed": {"S": 7}}},
    {"Item": {"sealed": "text"}},
    {"Item": "text"},
)
"""Replies of DynamoDB, to a reading or to a writing."""

LIES: Final[Mapping[str, tuple[Any, ...]]] = {
    "tokens/fetch: HttpFetch.__call__: self._session.get": (
        _response(302, b""),
        _response(200, b""),
        _response(200, b'{"keys": []}'),
        _response(200, b'{"keys": [{"kty": "oct", "kid": "k1", "k": "AAAA"}]}'),
        _response(200, DEEP),
        _response(200, b" " * 300_000),
    ),
    "tokens/fetch: HttpFetch.__call__: response.content.iter_any": (b"", b"\xff\xfe", DEEP),
    "vending/query: QueryClient.assume_role: self.http.send": (
        *(_reply(200, body) for body in BODIES),
        *(_reply(status, b"") for status in (100, 302, 404, 500, 999)),
    ),
    "vending/query: QueryClient.assume_role: reply.content": BODIES,
    "vending/shared: SharedLevel._exchange: call": ITEMS,
    "vending/shared: SharedLevel._exchange: call (2)": ITEMS,
    # From here on it is a library that gives what its types say: it can fail or be slow, and no more.
    "vending/shared: SharedLevel._open: self._opening": (),
    "vending/shared: SharedLevel._make: AsyncExitStack": (),
    "vending/shared: SharedLevel._make: made.enter_async_context": (),
    "vending/shared: SharedLevel.close: self._resources.aclose": (),
    "vending/sts: Sts.open: self._opening": (),
    "vending/sts: Sts._open: AsyncExitStack": (),
    "vending/sts: Sts._open: made.enter_async_context": (),
    "vending/sts: Sts.close: self._resources.aclose": (),
    "vending/query: QueryClient.of: session.get_credentials": (),
    "vending/query: QueryClient.assume_role: self.credentials.get_frozen_credentials": (),
}
"""Place where somebody else's function is awaited → what it may give, besides what it should. A test holds the table to
the code: every such place has a row."""

GIVES_UP: Final[Mapping[str, float]] = {
    "tokens/fetch: HttpFetch.__call__: self._session.get": 2.0,
    "tokens/fetch: HttpFetch.__call__: response.content.iter_any": 2.0,
}
"""Place → seconds after which the library itself ends the wait: aiohttp's `ClientTimeout(total=…)`, body and all."""
