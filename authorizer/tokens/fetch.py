"""One HTTP GET of a key set, with every limit set. aiohttp comes with aioboto3; here is its only direct
use."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import aiohttp

from authorizer import tls

Fetch = Callable[[str, float], Awaitable[bytes]]
"""(URI, seconds) → the body. Raises `FetchFailed`."""

MAX_DOCUMENT = 262_144
"""Longest key set, in bytes. Cognito's has about 900, a set of 100 keys of 4,096 bits with certificates about
250,000."""


_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
"""RFC 1122 §3.2.1.3 and RFC 4291 §2.5.3. What `is_loopback` says of `::ffff:127.0.0.1` depends on Python's version."""


class FetchFailed(Exception):
    """No document came back. The text says why."""


class HttpFetch:
    """Fetches over HTTPS; over plain HTTP only from this machine. Keeps its connections: one for each event
    loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, uri: str, timeout: float) -> bytes:  # noqa: ASYNC109 — aiohttp keeps it
        """The body of a 200 answer, at most `MAX_DOCUMENT` bytes, within `timeout` seconds in all."""
        if not is_safe(uri):
            raise FetchFailed(f"'{uri}' is neither https nor on this machine")
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=tls.context()) if uri.startswith("https:") else None
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,  # a small compressed answer can be a large document
                cookie_jar=aiohttp.DummyCookieJar(),
                raise_for_status=False,
                trust_env=False,  # no proxy, no .netrc: keys come from where the settings say
            )
        try:
            async with self._session.get(
                uri,
                allow_redirects=False,  # else another host, or plain HTTP, could say which keys to trust
                headers={
                    "Accept": "application/jwk-set+json, application/json",
                    "Accept-Encoding": "identity",
                },
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                if response.status != HTTPStatus.OK:
                    raise FetchFailed(f"'{uri}' answered with status {response.status}")
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MAX_DOCUMENT:
                        raise FetchFailed(f"'{uri}' answered with more than {MAX_DOCUMENT} bytes")
                return bytes(body)
        except TimeoutError as error:
            raise FetchFailed(f"'{uri}' did not answer within {timeout:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchFailed(f"'{uri}' cannot be fetched: {type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


def is_safe(uri: str) -> bool:
    """Whether keys may come from there: over HTTPS, or from this machine."""
    try:
        parts = urlsplit(uri)
        if parts.scheme == "http":
            return parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _is_loopback(host: str) -> bool:
    address = ip_address(host)
    return any(address in network for network in _LOOPBACK)
