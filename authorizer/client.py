"""For whoever holds credentials of their own: an AWS session that asks `GET /credentials` again before they end.

::

    from authorizer.client import boto3_session

    s3 = boto3_session("https://api.example.com/credentials", token=lambda: sign_in.id_token).client("s3")

`token` is called for each renewal and gives a token that is still taken: what it returned the last time has ended with
the session that it brought. Nothing here prints or logs a token or a credential. HTTPS alone; plain HTTP on loopback.

Renewal is botocore's: once for all threads (or tasks) that ask at the same time, ahead of the end while what there is
still serves, and waited for in its last minute. Where that brings nothing that lasts longer, as in a token's last
minutes, or while the API does not answer, the next one is asked for after a pause: a second, twice as long each time, a
minute at most, and none across the end of what is held. Until then what is held serves, and where nothing is, the last
failure is told at once.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import CredentialRetrievalError

from authorizer.syntax.json_text import parse_json
from authorizer.waiting.cooldown import Cooldown

if TYPE_CHECKING:
    import aioboto3
    import boto3

PROVIDER: Final = "authorizer"
"""What botocore calls where these credentials come from."""
AHEAD: Final = 240
"""Seconds before the end at which fresh ones are asked for. What the server hands out lasts five minutes at least, or
until the token ends; botocore's own 15 minutes would ask again at each pause of a session that lives no longer."""
LAST: Final = 60
"""Seconds before the end at which requests wait for them."""
TIMEOUT: Final = 12.0
"""Seconds for one answer: the server gives up before that."""
MAX_ANSWER: Final = 65_536
"""Longest answer, in bytes: that of `GET /credentials` has some 2,000."""
Metadata = dict[str, str]
"""What botocore refreshes from: `access_key`, `secret_key`, `token` and `expiry_time`, which is ISO 8601."""
FIELDS: Final = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")


def boto3_session(
    url: str,
    *,
    token: Callable[[], str],
    headers: Mapping[str, str] | None = None,
    region: str | None = None,
) -> "boto3.Session":
    """A boto3 session with the caller's own credentials, and with no others. Its first request asks for them, and
    raises `CredentialRetrievalError` where none are to be had. `headers` are others that the API wants with each
    request, such as `{"x-role": "default"}` where its authorizer is keyed by that. Raises `ValueError` for a URL that
    is not HTTPS."""
    import boto3  # noqa: PLC0415 - for those who use it
    import urllib3  # noqa: PLC0415 - botocore's own
    from botocore.credentials import (  # noqa: PLC0415
        CredentialProvider,
        CredentialResolver,
        RefreshableCredentials,
    )
    from botocore.session import Session  # noqa: PLC0415

    address = _checked(url)
    pool = urllib3.PoolManager()  # `urllib3.request` is 2.x alone, and botocore takes 1.26
    renewal = Renewal()

    def fresh() -> Metadata:
        if renewal.is_due():
            with renewal.attempt():
                renewal.took(ask(token()))
        return renewal.serving()

    def ask(jwt: str) -> Metadata:
        try:
            reply = pool.request(
                "GET",
                address,
                headers=_headers(jwt, headers),
                timeout=TIMEOUT,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            with closing(reply):
                return _metadata(reply.status, reply.read(MAX_ANSWER + 1))
        except urllib3.exceptions.HTTPError as error:
            raise _failed(f"the server cannot be asked: {type(error).__name__}") from None

    class Provider(CredentialProvider):
        METHOD = CANONICAL_NAME = PROVIDER

        def load(self) -> RefreshableCredentials:  # type: ignore[explicit-override]  # Python 3.12 has it
            return RefreshableCredentials.create_from_metadata(
                fresh(), fresh, PROVIDER, advisory_timeout=AHEAD, mandatory_timeout=LAST
            )

    core = Session()
    core.register_component("credential_provider", CredentialResolver([Provider()]))
    return boto3.Session(botocore_session=core, region_name=region)


def session(
    url: str,
    *,
    token: Callable[[], Awaitable[str]],
    headers: Mapping[str, str] | None = None,
    region: str | None = None,
) -> "aioboto3.Session":
    """The same for aioboto3."""
    import aioboto3  # noqa: PLC0415 - for those who use it
    import aiohttp  # noqa: PLC0415 - aiobotocore's own
    from aiobotocore.credentials import AioCredentialResolver, AioRefreshableCredentials  # noqa: PLC0415
    from aiobotocore.session import AioSession  # noqa: PLC0415
    from botocore.credentials import CredentialProvider  # noqa: PLC0415

    address = _checked(url)
    renewal = Renewal()

    async def fresh() -> Metadata:
        if renewal.is_due():
            with renewal.attempt():
                renewal.took(await ask(await token()))
        return renewal.serving()

    async def ask(jwt: str) -> Metadata:
        sent = _headers(jwt, headers)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as http,
                http.get(address, headers=sent, allow_redirects=False) as reply,
            ):
                body = bytearray()
                async for part in reply.content.iter_any():
                    body += part
                    if len(body) > MAX_ANSWER:
                        break
                return _metadata(reply.status, bytes(body))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _failed(f"the server cannot be asked: {type(error).__name__}") from None

    class Provider(CredentialProvider):
        METHOD = CANONICAL_NAME = PROVIDER

        async def load(self) -> AioRefreshableCredentials:  # type: ignore[explicit-override]
            return AioRefreshableCredentials.create_from_metadata(
                await fresh(), fresh, PROVIDER, advisory_timeout=AHEAD, mandatory_timeout=LAST
            )

    core = AioSession()
    core.register_component("credential_provider", AioCredentialResolver([Provider()]))
    return aioboto3.Session(botocore_session=core, region_name=region)


class Renewal:
    """What one session holds, and when the API is asked again.

    botocore asks at every request from `AHEAD` seconds before the end on, whatever came of the last time: a program
    of a thousand calls would ask a thousand times in its token's last minutes, or wait `TIMEOUT` at each.
    """

    def __init__(self) -> None:
        self._held: Metadata | None = None
        self._ends = 0.0
        """Of what is held, in seconds since the epoch."""
        self._pause = Cooldown()
        self._failure = "none has been asked for"

    def is_due(self) -> bool:
        """Whether to ask now. What has ended is dropped, and its pause with it: the token that comes after may be had
        from that moment on."""
        now = _now()
        if self._held is not None and now >= self._ends:
            self._held = None
            self._pause.succeeded()
        return self._pause.is_over(now)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """One question. Its failure is raised where nothing that is held lives, and begins a pause."""
        try:
            yield
        except Exception as error:
            if isinstance(error, CredentialRetrievalError):
                self._failure = str(dict(error.kwargs)["error_msg"])
            else:  # `token`'s own: its kind alone, for its text and its frames may hold a token
                self._failure = f"`token` fails: {type(error).__name__}"
            now = _now()
            self._pause.failed(now)
            if self._held is None or now >= self._ends:
                raise

    def took(self, metadata: Metadata) -> None:
        """Hold what the API answers. Raises `CredentialRetrievalError` for what has ended, or ends who knows when."""
        try:
            expiry = datetime.fromisoformat(metadata["expiry_time"])
        except ValueError:
            expiry = None
        if expiry is None or expiry.tzinfo is None:
            raise _failed("the credentials' Expiration is no time: is the URL that of GET /credentials?")
        now, ends = _now(), expiry.timestamp()
        if ends <= now:
            raise _failed("the credentials ended before they came: is this machine's clock right?")
        self._held, self._ends = metadata, ends
        if ends - now > AHEAD:
            self._pause.succeeded()
        else:  # botocore asks again at once
            self._pause.failed(now)

    def serving(self) -> Metadata:
        """What is held. Raises `CredentialRetrievalError` with the last failure where nothing is."""
        if self._held is None:
            raise _failed(self._failure)
        return self._held


def _checked(url: str) -> str:
    """A token never travels in the clear, and never to whoever answers for a name on the way."""
    parts = urlsplit(url)
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in (("https", "http") if loopback else ("https",)):
        raise ValueError("expected the https URL of GET /credentials; plain HTTP is for loopback")
    return url


def _headers(token: str, more: Mapping[str, str] | None) -> dict[str, str]:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise _failed("`token` gave no token: expected a JWT as the issuer signed it")
    own = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    reserved = {name.lower() for name in own}
    return own | {name: value for name, value in (more or {}).items() if name.lower() not in reserved}


def _metadata(status: int, body: bytes) -> Metadata:
    """The credentials in an answer. A refusal is told by its code alone."""
    if len(body) > MAX_ANSWER:
        raise _failed(
            f"the server answers with more than {MAX_ANSWER:,} bytes: is the URL that of GET /credentials?"
        )
    try:
        said: Any = parse_json(body.decode())
    except ValueError:  # no UTF-8, or no JSON
        said = None
    said = said if isinstance(said, Mapping) else {}
    if status != 200:
        code = said.get("code")
        told = code if isinstance(code, str) and code.isidentifier() else "no code"
        raise _failed(f"the server answers {status} ({told}): its record says why")
    if not all(isinstance(said.get(name), str) and said[name] for name in FIELDS):
        raise _failed(
            f"the server's answer lacks one of {', '.join(FIELDS)}: is the URL that of GET /credentials?"
        )
    access_key, secret_key, session_token, expiry = (str(said[name]) for name in FIELDS)
    return {"access_key": access_key, "secret_key": secret_key, "token": session_token, "expiry_time": expiry}


def _now() -> float:
    return time.time()


def _failed(reason: str) -> CredentialRetrievalError:
    return CredentialRetrievalError(provider=PROVIDER, error_msg=reason)
