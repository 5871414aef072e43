"""A request as it came over the wire, before anybody judged it."""

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """`headers` are pairs in the order and case that the client sent; `path` is as sent, percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    address: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    time: float
    request_id: str
    extended_id: str
    trace: str
    """`X-Amzn-Trace-Id`: leads from the request to the calls that a backend makes for it."""

    def header(self, name: str) -> str | None:
        """The last of that name, whatever its case."""
        found = self.values(name)
        return found[-1] if found else None

    def values(self, name: str) -> list[str]:
        """All of that name, whatever its case."""
        return [value for known, value in self.headers if known.lower() == name]

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Of the query, decoded, in order."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    @property
    def line_and_headers(self) -> int:
        """Bytes, as the quota counts them."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        return (
            len(self.method) + len(target) + 10 + sum(len(name) + len(value) for name, value in self.headers)
        )

    @property
    def clock(self) -> Mapping[str, object]:
        """Both forms in which REST and WebSocket events tell the time."""
        return {"requestTime": self.clf_time, "requestTimeEpoch": int(self.time * 1000)}

    @property
    def clf_time(self) -> str:
        """Common Log Format: `21/Nov/2026:09:00:00 +0000`."""
        return datetime.fromtimestamp(self.time, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


class Ids(TypedDict):
    """The fields of `Incoming` that name a request."""

    request_id: str
    extended_id: str
    trace: str


def new_ids(now: float) -> Ids:
    """In the forms of AWS's."""
    return {
        "request_id": str(uuid.uuid4()),
        "extended_id": short_id(),
        "trace": f"Root=1-{int(now):08x}-{secrets.token_hex(12)}",
    }


def short_id() -> str:
    """As extended request ids and connections are named: `WmQfhGzfliAFhQg=`."""
    return base64.b64encode(secrets.token_bytes(11)).decode().replace("+", "A").replace("/", "B")
