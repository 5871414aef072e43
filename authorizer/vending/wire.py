"""AssumeRole on the wire: STS's query protocol, with the endpoint, credentials and time-outs of an aioboto3
client.

`client.assume_role` builds each request from the service's model, through some forty hooks: 1.3 times the CPU
of boto3, and 256 new users at once wait for it. This writes the one request and reads the one reply that this
project needs, over aiohttp as aiobotocore does. Behind a proxy, or where a future aiobotocore keeps its HTTP
session elsewhere, `Wire.of` is None and the client itself is called: the same request, slower.

Source: STS API reference, AssumeRole, and "Making query requests".
"""

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlsplit

import aioboto3
import aiohttp
from botocore.exceptions import NoCredentialsError

from authorizer import tls
from authorizer.vending.request import AssumeRoleRequest
from authorizer.vending.signing import signed_headers

VERSION = "2011-06-15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One client's road to STS."""

    http: aiohttp.ClientSession
    url: str
    host: str
    """As the `Host` header has it: without a port that is the scheme's own."""
    path: str
    region: str
    user_agent: str
    credentials: Any = field(repr=False)
    """aiobotocore's credentials, which renew themselves."""

    @classmethod
    async def of(cls, client: Any, session: aioboto3.Session) -> Self | None:
        """None where `client` is not built as this class knows it, or goes through a proxy.

        Raises `NoCredentialsError` where the function has none.
        """
        try:
            own = client._endpoint.http_session
            proxied = own._proxy_config.proxy_url_for(client.meta.endpoint_url)
            verify = own._verify
        except AttributeError:
            return None
        if proxied or not verify:
            return None
        credentials = await session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        url = urlsplit(client.meta.endpoint_url)
        # `verify` is a file where AWS_CA_BUNDLE or the profile's ca_bundle names one.
        bundle = verify if isinstance(verify, str) else None
        connector = aiohttp.TCPConnector(
            limit=client.meta.config.max_pool_connections,
            ssl=tls.context(bundle) if url.scheme == "https" else True,
        )
        http = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                sock_connect=client.meta.config.connect_timeout, sock_read=client.meta.config.read_timeout
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return cls(
            http=http,
            url=f"{url.scheme}://{url.netloc}{url.path or '/'}",
            host=url.netloc.removesuffix({"http": ":80", "https": ":443"}[url.scheme]),
            path=url.path or "/",
            region=client.meta.region_name,
            user_agent=client.meta.config.user_agent,
            credentials=credentials,
        )

    async def assume_role(self, request: AssumeRoleRequest) -> tuple[int, dict[str, Any]]:
        """The HTTP status, and the reply in the form that botocore gives it.

        Raises `aiohttp.ClientError`, `TimeoutError`, and botocore's errors for credentials that cannot be renewed.
        """
        frozen = await self.credentials.get_frozen_credentials()
        body = encoded(form(request.parameters()))
        headers = signed_headers(
            *(body, self.host, self.path, self.region),
            *(frozen.access_key, frozen.secret_key, frozen.token),
            now=time.time(),
        )
        headers["User-Agent"] = self.user_agent
        headers["Accept-Encoding"] = "identity"
        async with self.http.post(self.url, data=body, headers=headers, allow_redirects=False) as reply:
            return reply.status, parsed(await reply.read())

    async def close(self) -> None:
        await self.http.close()


def form(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as the query protocol flattens them: `Tags.member.1.Key`, and so on."""
    flat = {"Action": "AssumeRole", "Version": VERSION}
    for name, value in parameters.items():
        if isinstance(value, list):
            for number, item in enumerate(value, start=1):
                member = f"{name}.member.{number}"
                flat |= (
                    {f"{member}.{key}": text for key, text in item.items()}
                    if isinstance(item, dict)
                    else {member: item}
                )
        else:
            flat[name] = str(value)
    return flat


_RESERVED = re.compile("[^A-Za-z0-9._~-]+")
_QUOTED = tuple(f"%{octet:02X}" for octet in range(256))
"""Each octet as RFC 3986 §2.1 writes one that is reserved. A space is `%20`: Ceph's gateway does not read `+`."""


def encoded(flat: Mapping[str, str]) -> bytes:
    """A form's body. A policy is mostly quotes and braces, which `urllib` takes five times as long for."""
    return "&".join([f"{name}={_RESERVED.sub(_quoted, text)}" for name, text in flat.items()]).encode()


def _quoted(found: re.Match[str]) -> str:
    return _quoted_run(found[0])


@lru_cache(maxsize=512)  # such as `":"` and `","`: the punctuation of JSON and ARNs comes again and again
def _quoted_run(text: str) -> str:
    return "".join([_QUOTED[octet] for octet in text.encode()])


def parsed(body: bytes) -> dict[str, Any]:
    """A reply of STS. One that is no XML document of its kind is an empty one: nothing is granted by it."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - as above
    except ET.ParseError:
        return {}
    texts = {
        element.tag.rpartition("}")[2]: element.text or "" for element in root.iter() if len(element) == 0
    }
    if "AccessKeyId" not in texts:
        return {"Error": {"Code": texts.get("Code", ""), "Message": texts.get("Message", "")}}
    packed = texts.get("PackedPolicySize", "")
    return {
        "Credentials": {
            "AccessKeyId": texts["AccessKeyId"],
            "SecretAccessKey": texts.get("SecretAccessKey"),
            "SessionToken": texts.get("SessionToken"),
            "Expiration": _time(texts.get("Expiration", "")),
        },
        "PackedPolicySize": int(packed) if packed.isdecimal() else None,
    }


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
