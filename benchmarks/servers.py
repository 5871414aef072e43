"""JWKS and STS on loopback, in a process of their own, so that what they cost is not counted as the subject's.

`python -m benchmarks.servers JWKS_FILE SECONDS` prints its port and serves until its standard input closes. Any GET is
answered with the key set, any POST with the credentials of a role session, both SECONDS later.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen

from typing_extensions import override

ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROAEXAMPLEEXAMPLE123:someone</AssumedRoleId>
<Arn>arn:aws:sts::123456789012:assumed-role/someone/someone</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE12</AccessKeyId>
<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>{token}</SessionToken>
<Expiration>{expiration}</Expiration></Credentials><PackedPolicySize>12</PackedPolicySize></AssumeRoleResult>
<ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></AssumeRoleResponse>"""
SESSION_TOKEN = "FwoGZXIvYXdzE" + "x" * 900
"""Of the length that STS's are (about 0.9 KB with a session policy and a tag)."""


class _Http(asyncio.Protocol):
    """HTTP/1.1 with keep-alive: as little as two clients need, so that the server is never the slower side."""

    def __init__(self, jwks: bytes, seconds: float) -> None:
        self._jwks = jwks
        self._seconds = seconds
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            if len(rest) < length:
                return
            self._received = rest[length:]
            answer = self._give if head.startswith(b"GET") else self._grant
            if self._seconds:
                asyncio.get_running_loop().call_later(self._seconds, answer)
            else:
                answer()

    def _give(self) -> None:
        self._reply(b"application/json", self._jwks)

    def _grant(self) -> None:
        expiration = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._reply(b"text/xml", ANSWER.format(token=SESSION_TOKEN, expiration=expiration).encode())

    def _reply(self, kind: bytes, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)
        )


async def _serve(jwks: bytes, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(jwks, seconds), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def serving(jwks: Path, *, seconds: float = 0.0) -> Iterator[str]:
    """The URL of running servers, which answer after `seconds`."""
    with Popen(
        [sys.executable, "-m", "benchmarks.servers", str(jwks), str(seconds)],
        stdin=PIPE,
        stdout=PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).read_bytes(), float(sys.argv[2])))
