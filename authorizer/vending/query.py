"""AssumeRole on the wire: STS's query protocol, over the HTTP session, endpoint and credentials of an
aioboto3 client.

`client.assume_role` builds each request from the service's model, through some forty hooks: 1.3 times the CPU
of boto3, and 256 new users at once wait for it. This writes the one request and reads the one reply that this
project needs, and leaves the signature to botocore, and connections, proxies, time-outs and their errors to
aiobotocore, with a TLS that checks (`authorizer.aws.https`): security is a library's work, and a signer and an HTTP
session of our own saved a fifth. All of it is what these libraries hand out: `AioConfig(http_session_cls=…)`,
`client.meta`, `SigV4Auth`.

Source: STS API reference, AssumeRole, and "Making query requests".
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

import aioboto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import NoCredentialsError

from authorizer.aws.https import CheckedSession
from authorizer.vending.request import AssumeRoleRequest

VERSION = "2011-06-15"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryClient:
    """One client's road to STS."""

    http: Any
    """A `CheckedSession`, whose inherited types ask for a request of another class than it takes."""
    url: str
    region: str
    user_agent: str
    credentials: Any = field(repr=False)
    """aiobotocore's credentials, which renew themselves."""

    @classmethod
    async def of(cls, client: Any, session: aioboto3.Session, made: Sequence[CheckedSession]) -> Self:
        """`made` are the HTTP sessions that came with `client`: one.

        Raises `NoCredentialsError` where the function has none.
        """
        [http] = made
        credentials = await session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        url = urlsplit(client.meta.endpoint_url)
        return cls(
            http=http,
            url=f"{url.scheme}://{url.netloc}{url.path or '/'}",
            region=client.meta.region_name,
            user_agent=client.meta.config.user_agent,
            credentials=credentials,
        )

    async def assume_role(self, request: AssumeRoleRequest) -> tuple[int, dict[str, Any]]:
        """The HTTP status, and the reply in the form that botocore gives it. Raises botocore's `HTTPClientError`."""
        frozen = await self.credentials.get_frozen_credentials()
        body = encoded(form(request.parameters()))
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": self.user_agent}
        signed = AWSRequest("POST", self.url, headers=headers, data=body)
        SigV4Auth(frozen, "sts", self.region).add_auth(signed)
        prepared = AWSPreparedRequest("POST", self.url, signed.headers, body, stream_output=False)
        reply = await self.http.send(prepared)
        return reply.status_code, parsed(await reply.content)


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


_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_QUOTED = [chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in range(256)]
"""Each octet as RFC 3986 §2.1 writes it. A space is `%20`: Ceph's gateway does not read `+`."""


def encoded(flat: Mapping[str, str]) -> bytes:
    """A form's body. A policy is mostly quotes and braces, which `urllib` takes twice as long for."""
    return "&".join(
        [f"{name}={''.join([_QUOTED[octet] for octet in text.encode()])}" for name, text in flat.items()]
    ).encode()


def parsed(body: bytes) -> dict[str, Any]:
    """A reply of STS. One that is no XML document of its kind is an empty one: nothing is granted by it."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - as above
    except ET.ParseError:
        return {}
    texts = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
    if "AccessKeyId" not in texts:
        return {"Error": {"Code": texts.get("Code", ""), "Message": texts.get("Message", "")}}
    return {
        "Credentials": {
            "AccessKeyId": texts["AccessKeyId"],
            "SecretAccessKey": texts.get("SecretAccessKey"),
            "SessionToken": texts.get("SessionToken"),
            "Expiration": _time(texts.get("Expiration", "")),
        },
        "PackedPolicySize": _percent(texts.get("PackedPolicySize", "")),
        "SessionTokenUtilization": _percent(texts.get("SessionTokenUtilization", "")),
    }


def _percent(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else None


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
