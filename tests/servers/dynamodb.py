"""Two implementations of DynamoDB's API that know nothing of each other, and a door before them where a test stands.

moto's server is part of the development environment. `dynalite` comes from npm: `make dynalite` puts the version that
`dynalite/package.json` pins into `build/`.

::

    with dynalite() as endpoint, Door(endpoint) as door:
        create_table(endpoint, "sessions")
        door.answers["GetItem"] = throttled()
"""

import json
import logging
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from typing_extensions import override

from tests import needs
from tests.make import ROOT
from tests.servers.serving import QuietHandler, serve
from tests.world import AWS

REGION = AWS["AWS_REGION"]
DYNALITE = ROOT / "build" / "dynalite"
"""Where `make dynalite` puts it."""
LISTEN = (
    'require("dynalite")({createTableMs: 0, deleteTableMs: 0})'
    '.listen(0, "127.0.0.1", function () { console.log(this.address().port) })'
)


@contextmanager
def moto() -> Iterator[str]:
    """moto's server in this process, empty. Gives its endpoint."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with closing(HTTPConnection(host, port, timeout=10)) as connection:
            connection.request("POST", "/moto-api/reset")
            connection.getresponse().read()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def dynalite() -> Iterator[str]:
    """dynalite in a process of its own, in memory, empty. Gives its endpoint; skips the test where it is not
    installed."""
    node = needs.node()
    if not (DYNALITE / "node_modules" / "dynalite").is_dir():
        pytest.skip("dynalite is not installed: make dynalite")
    process = subprocess.Popen([node, "-e", LISTEN], cwd=DYNALITE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


SERVERS = {"moto": moto, "dynalite": dynalite}


@cache
def client(endpoint: str) -> Any:
    """A boto3 client of DynamoDB at `endpoint`."""
    import boto3

    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def create_table(endpoint: str, name: str) -> None:
    """A table as the guide asks for it."""
    client(endpoint).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


class Answer:
    """What the door says in place of the server: `length` lies about the size of `body`."""

    def __init__(self, status: int, body: bytes, *, length: int | None = None) -> None:
        self.status = status
        self.body = body
        self.length = len(body) if length is None else length


def throttled() -> Answer:
    """As DynamoDB says that a table's or a partition's capacity is used up (DynamoDB Developer Guide, "Error handling",
    ProvisionedThroughputExceededException)."""
    kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    return Answer(400, json.dumps({"__type": kind, "message": "exceeded"}).encode())


class Door:
    """A server on loopback that hands each call on, unless a test has something else in mind."""

    def __init__(self, endpoint: str) -> None:
        self._target = urlsplit(endpoint).netloc
        self.answers: dict[str, Answer] = {}
        """By operation, such as `GetItem`."""
        self.delays: dict[str, float] = {}
        """Seconds, by operation, before a call is handed on."""
        self.calls: list[str] = []
        self.connections = 0
        """How many were made so far."""
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.endpoint = f"http://127.0.0.1:{server.server_port}"
        self._stop = serve(server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection that clients have kept, as a load balancer does with those that lie idle."""
        for connection in list(self._open):
            with suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)

    def through(self, operation: str, headers: dict[str, str], body: bytes) -> Answer:
        self.calls.append(operation)
        time.sleep(self.delays.get(operation, 0.0))
        if answer := self.answers.get(operation):
            return answer
        with closing(HTTPConnection(self._target, timeout=10)) as server:
            server.request("POST", "/", body, headers)
            reply = server.getresponse()
            return Answer(reply.status, reply.read())


def _handler(door: Door) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        @override
        def setup(self) -> None:
            super().setup()
            door.connections += 1
            door._open.add(self.connection)

        @override
        def finish(self) -> None:
            door._open.discard(self.connection)
            with suppress(OSError):  # hung up
                super().finish()

        @override
        def handle(self) -> None:
            with suppress(ConnectionError):  # a client that ran out of patience
                super().handle()

        def do_POST(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = door.through(self.headers["X-Amz-Target"].rpartition(".")[2], headers, self.body())
            told = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(answer.length)}
            self.reply(answer.status, answer.body, told)
            self.close_connection = answer.length != len(answer.body)

    return Handler
