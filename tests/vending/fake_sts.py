"""An STS on loopback whose every reply a test decides, and whose every request a test reads."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from tests.vending.factories import NOW

REPLY = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>\
<Credentials><AccessKeyId>ASIA{number:012d}</AccessKeyId><SecretAccessKey>canary-secret/{number}+=</SecretAccessKey>\
<SessionToken>canary-session/{number}+==</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
<AssumedRoleUser><AssumedRoleId>AROA123:x</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/editor/x</Arn>\
</AssumedRoleUser><PackedPolicySize>{packed}</PackedPolicySize></AssumeRoleResult>\
<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></AssumeRoleResponse>"""

ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>\
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId>\
</ErrorResponse>"""


@dataclass(frozen=True)
class Failure:
    code: str
    message: str = ""
    status: int = 400
    body: str | None = None
    """The whole body, in place of an error document."""
    missing: int = 0
    """Octets that are promised and never come: the connection closes before them."""


HANG_UP = Failure("", status=0)
"""Close the connection without a word."""
CUT_OFF = Failure("", status=200, body="<AssumeRoleResponse>", missing=1000)
"""Close it in the middle of a reply."""


@dataclass
class FakeSts:
    """Answers AssumeRole with new credentials, unless `failures` has something else to say first."""

    clock: float = NOW
    latency: float = 0.0
    life: float | None = None
    """Seconds that credentials live whatever was asked; None: what was asked."""
    failures: list[Failure] = field(default_factory=list)
    always: Failure | None = None
    requests: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Replies wait for it; open unless a test clears it."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open_connections: int = 0
    most_connections: int = 0

    async def __aenter__(self) -> Self:
        self.gate.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=2048)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.gate.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.most_connections = max(self.most_connections, self.open_connections)
        try:
            while head := await self._head(reader):
                headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
                headers = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(headers["content-length"]))
                self.headers.append(headers)
                self.bodies.append(body)
                self.requests.append(
                    {key: values[0] for key, values in parse_qs(body.decode(), True).items()}
                )
                self.arrived.set()
                number = len(self.requests)
                await self.gate.wait()
                if self.latency:
                    await asyncio.sleep(self.latency)
                status, reply, missing = self._reply(number)
                if not status:
                    return
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\n"
                    f"Content-Length: {len(reply) + missing}\r\n\r\n".encode()
                    + reply
                )
                await writer.drain()
                if missing:
                    return
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self.open_connections -= 1
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""

    def _reply(self, number: int) -> tuple[int, bytes, int]:
        """Its status, its body, and how much of that will be missing."""
        failure = self.failures.pop(0) if self.failures else self.always
        if failure is not None:
            body = (
                failure.body
                if failure.body is not None
                else ERROR.format(code=failure.code, message=failure.message)
            )
            return failure.status, body.encode(), failure.missing
        life = self.life if self.life is not None else float(self.requests[number - 1]["DurationSeconds"])
        expiration = datetime.fromtimestamp(self.clock + life, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 200, REPLY.format(number=number, expiration=expiration, packed=12).encode(), 0
