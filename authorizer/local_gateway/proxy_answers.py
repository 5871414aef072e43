"""What a function returned → what the client gets.

Sources: API Gateway Developer Guide, "Output format of a Lambda function for proxy integration" (what is malformed is a
502), "Create AWS Lambda proxy integrations for HTTP APIs" (payload 2.0 takes any JSON for a body).
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authorizer.local_gateway.api import Api
from authorizer.local_gateway.responses import Reply

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token, as names of headers and sub-protocols are (RFC 9110 §5.6.2)."""
_NO_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that no header's value has (RFC 9110 §5.5)."""
_OWN = frozenset(("content-length", "transfer-encoding", "connection"))


def proxied(api: Api, said: object, *, accept: str | None = None) -> Reply | None:
    """None: malformed. A REST API decodes base64 for a client whose `Accept` asks for a binary media type, and hands
    it on as the text that it is to any other."""
    if (
        api.protocol == "HTTP"
        and api.payload == "2.0"
        and not (isinstance(said, Mapping) and "statusCode" in said)
    ):
        return Reply(
            status=200, headers=(("Content-Type", "application/json"),), body=json.dumps(said).encode()
        )
    if not isinstance(said, Mapping):
        return None
    status, body = _status(said.get("statusCode")), said.get("body")
    if status is None or not (body is None or isinstance(body, str)):
        return None
    try:
        headers = [*_headers(said, api), *_cookies(said, api)]
        content = (
            base64.b64decode(body or "", validate=True)
            if said.get("isBase64Encoded") is True and (api.protocol != "REST" or api.is_binary(accept))
            else (body or "").encode()
        )
    except (TypeError, ValueError):  # of binascii.Error, too, and of half a surrogate pair
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        plain = "text/plain;charset=utf-8" if api.protocol == "HTTP" else "application/json"
        headers.append(("Content-Type", plain))
    return Reply(status=status, headers=tuple(headers), body=content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of one event of a WebSocket."""

    status: int
    """Only `$connect` is decided by it. 200 where the backend says none."""
    body: str | None
    """For the client, where the route has a response."""
    protocol: str | None
    """The sub-protocol that `$connect` agrees to ("WebSocket APIs that require a subprotocol")."""


def unsendable(reply: Reply) -> str | None:
    """Why this answer cannot be sent over HTTP, whoever gave it; None where it can. The server would end the
    connection in the midst of it, and the decision tell of an answer that nobody got."""
    if not 200 <= reply.status <= 599:
        return f"an answer of status {reply.status}: expected one of 200 to 599"
    if any(not _NAME.fullmatch(name) or _NO_VALUE.search(value) for name, value in reply.headers):
        return "an answer with a header that cannot be sent"
    return None


def said_of(answer: object) -> Said:
    if not isinstance(answer, Mapping):
        return Said(status=200, body=None, protocol=None)
    body, headers = answer.get("body"), answer.get("headers")
    named = (
        {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, Mapping) else {}
    )
    protocol = named.get("sec-websocket-protocol")
    return Said(
        status=_status(answer.get("statusCode", 200)) or 502,
        body=body if isinstance(body, str) else None,
        protocol=protocol if isinstance(protocol, str) else None,
    )


def message_unsendable(said: Said) -> str | None:
    """The same for a WebSocket: half a surrogate pair is in no text, and a sub-protocol is a token."""
    if not 200 <= said.status <= 599:
        return f"an answer of status {said.status}: expected one of 200 to 599"
    if any("\ud800" <= char <= "\udfff" for char in said.body or ""):
        return "an answer that is no text: half a surrogate pair"
    if said.protocol is not None and not _NAME.fullmatch(said.protocol):
        return "an answer with a sub-protocol that cannot be sent"
    return None


def _status(said: object) -> int | None:
    """A number, or a text that is one."""
    try:
        status = int(str(said))
    except ValueError:
        return None
    return status if 200 <= status <= 599 else None


def _headers(said: Mapping[str, Any], api: Api) -> Iterator[tuple[str, str]]:
    """Both maps; what stands in both counts once."""
    seen = set()
    many = said.get("multiValueHeaders") or {}
    if api.protocol == "HTTP" and api.payload == "2.0":
        many = {}
    for name, values in _items(many):
        for value in values:
            seen.add((name.lower(), _plain(value)))
            if name.lower() not in _OWN:
                yield _checked(name, _plain(value))
    for name, value in _items(said.get("headers") or {}):
        if (name.lower(), _plain(value)) not in seen and name.lower() not in _OWN:
            yield _checked(name, _plain(value))


def _cookies(said: Mapping[str, Any], api: Api) -> Iterator[tuple[str, str]]:
    if api.protocol == "HTTP" and api.payload == "2.0":
        for value in said.get("cookies") or ():
            yield _checked("Set-Cookie", _plain(value))


def _items(map_: object) -> Iterator[tuple[str, Any]]:
    if not isinstance(map_, Mapping):
        raise TypeError("headers are no object")
    yield from map_.items()


def _plain(value: object) -> str:
    if isinstance(value, Mapping | list):
        raise TypeError("a header's value is no text")
    return value if isinstance(value, str) else json.dumps(value)


def _checked(name: str, value: str) -> tuple[str, str]:
    """Neither may end its line: what follows would be another header."""
    if not _NAME.fullmatch(name) or _NO_VALUE.search(value):
        raise TypeError("a header that cannot be sent")
    return name, value.encode("latin-1", "replace").decode("latin-1")
