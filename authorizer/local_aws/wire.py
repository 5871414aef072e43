"""A request as it came over the wire, read strictly: what two programs could read in two ways is refused here.

The door and moto must never see different requests. So there is one reading: no header twice, no bytes that are
not UTF-8, no `+` in a query (a space to some, a plus to others), no second way to say how long the body is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote

from authorizer.local_aws.refusals import Refused

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A header's name (RFC 9110 §5.6.2)."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET = re.compile(r"/[!$%&'()*+,\-./0-9:;=@A-Z_a-z~]*(\?[!$%&'()*,\-./0-9:;=?@A-Z_a-z~]*)?")
"""A path and a query as RFC 3986 has them, but for a `+` in the query."""
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
MAX_BODY = 64 * 1024 * 1024
"""Most bytes of a body that the door takes: it holds each in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request. `headers` are in lower case; `path` is as it was sent, percent-encoded; `query` is decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    address: str = "127.0.0.1"

    def parameter(self, name: str) -> str | None:
        """A query parameter's value; None if there is none."""
        return dict(self.query).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


def read_head(
    method: str, target: str, headers: Iterable[tuple[str, str]], hosts: frozenset[str]
) -> tuple[str, tuple[tuple[str, str], ...], Mapping[str, str]]:
    """Path, query and headers of a request. Raises `Refused` for what could be read in two ways, and for a `Host`
    that is not among `hosts`: a page in a browser must not reach the door under a name of its own."""
    if method not in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        raise Refused("MethodNotAllowed", f"the method {method} is no method of these services", status=405)
    if not _TARGET.fullmatch(target) or _BAD_ESCAPE.search(target):
        raise Refused(
            "InvalidURI",
            "the path or query is not percent-encoded, or has a `+` that should be `%2B` or `%20`",
        )
    path, _, query = target.partition("?")
    read: dict[str, str] = {}
    for name, value in headers:
        if not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise Refused("InvalidRequest", "a header has a name or a value that HTTP does not allow")
        if name.lower() in read:
            raise Refused("InvalidRequest", f"the header {name.lower()} is there twice")
        read[name.lower()] = value.strip(" \t")
    if read.get("host") not in hosts:
        raise Refused(
            "InvalidRequest",
            f"the Host is not one of {', '.join(sorted(hosts))}: this door takes path-style requests to itself alone",
        )
    if "transfer-encoding" in read:
        raise Refused("MissingContentLength", "the door reads a body by its Content-Length alone", status=411)
    if read.get("content-encoding", "aws-chunked") not in ("aws-chunked", "identity", ""):
        raise Refused("InvalidRequest", "the body is compressed: it would be judged by what it does not say")
    _utf8(path)
    return path, tuple(_pairs(query)), MappingProxyType(read)


def body_length(headers: Mapping[str, str]) -> int:
    """Bytes of the body to come. Raises `Refused`."""
    text = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,12}", text) or int(text) > MAX_BODY:
        raise Refused("EntityTooLarge", f"the Content-Length is no number up to {MAX_BODY}", status=413)
    return int(text)


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    seen = set()
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        name, value = _utf8(name), _utf8(value)
        if name in seen and name:
            raise Refused("InvalidRequest", f"the query parameter {name!r} is there twice")
        seen.add(name)
        yield name, value


def _utf8(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Refused("InvalidURI", "the path or query has bytes that are not UTF-8") from None
