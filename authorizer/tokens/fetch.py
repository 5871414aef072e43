"""One HTTP GET of a key set, with every limit set. aiohttp comes with aioboto3."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from authorizer import tls
from authorizer.tokens.proxy import Proxies, is_loopback

Fetch = Callable[[str, float], Awaitable[bytes]]
"""(URI, seconds) → the body. Raises `FetchFailed`."""

MAX_DOCUMENT = 262_144
"""Longest key set, in bytes. Cognito's has about 900, a set of 100 keys of 4,096 bits with certificates about
250,000."""


class FetchFailed(Exception):
    """No document came back. The text says why."""


class HttpFetch:
    """Fetches over HTTPS, through the proxy that the environment names; over plain HTTP only from this machine.

    No connection is kept: fetches are rare, and one that died while Lambda had the environment frozen would be
    the next fetch's first surprise.
    """

    def __init__(self) -> None:
        self.proxies = Proxies.of_environment()
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, uri: str, timeout: float) -> bytes:  # noqa: ASYNC109 — aiohttp keeps it
        """The body of a 200 answer, at most `MAX_DOCUMENT` bytes, within `timeout` seconds in all."""
        if not is_safe(uri):
            raise FetchFailed(f"'{uri}' is neither https nor on this machine: expected an https URI")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls.context(), force_close=True),
                auto_decompress=False,  # a small compressed answer can be a large document
                cookie_jar=aiohttp.DummyCookieJar(),
                raise_for_status=False,
                trust_env=False,  # no .netrc: its passwords are for others
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
                proxy=self.proxies.on_the_way_to(uri),
            ) as response:
                if response.status != HTTPStatus.OK:
                    raise FetchFailed(f"'{uri}' answered with status {response.status}: expected 200")
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MAX_DOCUMENT:
                        raise FetchFailed(
                            f"'{uri}' answered with more than {MAX_DOCUMENT} bytes, where a key set was expected"
                        )
                return bytes(body)
        except TimeoutError as error:
            raise FetchFailed(f"'{uri}' did not answer within {timeout:g} s") from error
        except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as error:
            # Nothing of its own text: the proxy's URL may have a password in it.
            status = f": status {error.status}" if isinstance(error, aiohttp.ClientHttpProxyError) else ""
            raise FetchFailed(
                f"'{uri}' cannot be fetched: the proxy that HTTPS_PROXY names does not connect{status}"
            ) from None
        except (aiohttp.ClientError, ValueError) as error:
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
    except ValueError:
        return False
    return is_loopback(parts) if parts.scheme == "http" else parts.scheme == "https" and bool(parts.hostname)
