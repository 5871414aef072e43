"""For whoever holds credentials of their own: an AWS session that asks `GET /credentials` again before they end.

::

    from authorizer.client import boto3_session

    s3 = boto3_session("https://api.example.com/credentials", token=lambda: sign_in.id_token).client("s3")

`token` is called for each renewal and gives a token that is still taken: what it returned the last time has ended with
the session that it brought. Nothing here prints or logs a token or a credential. HTTPS alone; plain HTTP on loopback.

Renewal is botocore's: once for all threads (or tasks) that ask at the same time, ahead of the end while what there is
still serves, and waited for in its last minute.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import CredentialRetrievalError

from authorizer.syntax.json_text import parse_json

if TYPE_CHECKING:
    import aioboto3
    import boto3

PROVIDER: Final = "authorizer"
"""What botocore calls where these credentials come from."""
AHEAD: Final = 240
"""Seconds before the end at which fresh ones are asked for. The server hands out none that last less than five minutes;
botocore's own 15 minutes would ask again at each request of a session that lives no longer."""
LAST: Final = 60
"""Seconds before the end at which requests wait for them."""
TIMEOUT: Final = 12.0
"""Seconds for one answer: the server gives up before that."""
MAX_ANSWER: Final = 65_536
"""Longest answer, in bytes: that of `GET /credentials` has some 2,000."""
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

    def fresh() -> dict[str, str]:
        try:
            reply = urllib3.request(
                "GET",
                address,
                headers=_headers(token(), headers),
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

    async def fresh() -> dict[str, str]:
        sent = _headers(await token(), headers)
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


def _metadata(status: int, body: bytes) -> dict[str, str]:
    """What botocore refreshes from. A refusal is told by its code alone."""
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


def _failed(reason: str) -> CredentialRetrievalError:
    return CredentialRetrievalError(provider=PROVIDER, error_msg=reason)
