"""What stands behind: a function's processes, and a server that is asked over HTTP."""

import asyncio
import gzip
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from typing_extensions import override

from authorizer.errors import SettingsError
from authorizer.local_gateway import lambda_process
from authorizer.local_gateway.api import Route
from authorizer.local_gateway.backends import BackendFailed, FunctionBackend, ServerBackend
from authorizer.local_gateway.kinds import QUOTAS
from authorizer.local_gateway.lambda_workers import Workers, file_of
from tests.local_gateway.stage import Stage, policy, says

OPEN = ("Allow", "*")
FUNCTION = """
import os, sys, time

def handler(event, context):
    said = event.get("say")
    if said == "sleep":
        time.sleep(60)
    if said == "exit":
        os._exit(3)
    if said == "raise":
        raise ValueError("of the function")
    if said == "set":
        return {1, 2}
    return {
        "event": event, "name": os.environ["NAME"], "trace": os.environ["_X_AMZN_TRACE_ID"],
        "left": context.get_remaining_time_in_millis(), "version": 1, "id": context.aws_request_id, "pid": os.getpid(),
    }
"""


@pytest.fixture
def function(tmp_path: Path) -> Path:
    file = tmp_path / "my_function.py"
    file.write_text(FUNCTION)
    return file


def workers(function: Path, **more: Any) -> Workers:
    return Workers(f"{function}:handler", {"NAME": "mine"}, **more)


async def test_a_function_is_called_in_a_process_of_its_own_and_again_in_the_same(function: Path) -> None:
    pool = workers(function)
    first = await pool.call({"a": 1}, "Root=1", 20)
    second = await pool.call({"a": 1}, "Root=2", 20)
    await pool.close()
    assert (first["event"], first["name"], first["trace"]) == ({"a": 1}, "mine", "Root=1")
    assert 0 < first["left"] <= 20_000
    assert (second["pid"], second["trace"]) == (first["pid"], "Root=2")
    assert first["id"] != second["id"]


async def test_a_changed_file_is_loaded_anew(function: Path) -> None:
    pool = workers(function)
    slow = asyncio.create_task(pool.call({"say": "sleep"}, "", 0.5))
    assert (await pool.call({}, "", 20))["version"] == 1
    changed = FUNCTION.replace('"version": 1', '"version": 2')
    function.write_text(changed)  # noqa: ASYNC240 - nobody else waits
    pool.reload()
    assert (await pool.call({}, "", 20))["version"] == 2
    with pytest.raises(TimeoutError, match=r"no answer in 0\.5 s"):
        await slow
    await pool.close()


async def test_one_that_was_busy_while_its_file_changed_answers_and_ends(function: Path) -> None:
    pool = workers(function, processes=1)
    asked = asyncio.create_task(pool.call({}, "", 20))
    await asyncio.sleep(0)
    pool._generation += 1
    assert (await asked)["version"] == 1
    await pool.close()


@pytest.mark.parametrize(
    ("say", "why"),
    [("raise", "ValueError"), ("exit", "its process ended"), ("set", "TypeError")],
    ids=["an exception", "an exit", "what is no JSON"],
)
async def test_a_function_that_fails_is_a_bad_gateway(function: Path, say: str, why: str) -> None:
    backend = FunctionBackend(workers(function))
    with pytest.raises(BackendFailed, match=why) as failed:
        await backend.message({"say": say}, {}, "", 20)
    assert failed.value.reason == "BAD_GATEWAY"
    assert (await backend.message({}, {}, "", 20)).status == 200
    await backend.close()


async def test_a_function_that_is_late_is_ended(function: Path) -> None:
    backend = FunctionBackend(workers(function))
    await backend.message({}, {}, "", 20)
    with pytest.raises(BackendFailed) as failed:
        await backend.message({"say": "sleep"}, {}, "", 0.05)
    assert failed.value.reason == "INTEGRATION_TIMEOUT"
    await backend.close()


async def test_a_module_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('at import')")
    pool = workers(broken)
    with pytest.raises(RuntimeError, match="cannot be loaded: RuntimeError: at import"):
        await pool.call({}, "", 20)
    await pool.close()


def test_a_handler_is_found_without_running_any_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mine" / "inner"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("raise SystemExit")
    (package / "app.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert file_of("mine.inner.app:handler") == package / "app.py"
    assert file_of("json:loads").name == "__init__.py"
    assert file_of("mine/inner/app.py:handler") == package / "app.py"


async def test_an_event_that_lambda_would_not_take_is_too_large(function: Path) -> None:
    quotas = {name: replace(quota, payload_bytes=200) for name, quota in QUOTAS.items()}
    backend = FunctionBackend(workers(function), quotas=quotas)
    with pytest.raises(BackendFailed, match="its event has more than 200 bytes") as failed:
        await backend.message({"a": "x" * 200}, {}, "", 20)
    assert failed.value.reason == "REQUEST_TOO_LARGE"
    await backend.close()


async def test_an_answer_that_lambda_would_not_take_is_a_bad_gateway(function: Path) -> None:
    pool = workers(function)
    with pytest.raises(RuntimeError, match="its answer has more than 100 bytes"):
        await pool.call({"a": "x" * 50}, "", 20, 100)
    # As Lambda counts: two bytes of UTF-8 each, where JSON of ASCII has six.
    function.write_text("def handler(event, context):\n    return event\n")  # noqa: ASYNC240 - nobody else waits
    pool.reload()
    assert await pool.call({"a": "\u00e9" * 40}, "", 20, 100) == {"a": "\u00e9" * 40}
    await pool.close()


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        ("nothing", "is no handler"),
        (":f", "is no handler"),
        ("m:", "is no handler"),
        ("not_there_at_all:f", "there is no module"),
        ("json.not_there:f", "there is no module"),
        ("not/there.py:f", "there is no file"),
    ],
)
def test_what_is_no_handler_is_told(handler: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        file_of(handler)


def test_the_process_itself(function: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs over there, run here: nobody measures another process."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(os, "environ", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_PROFILE": "nobody"})
    ours, theirs = get_context("spawn").Pipe()
    Thread(
        target=lambda_process.run, args=(theirs, f"{function}:handler", {"NAME": "mine"}), daemon=True
    ).start()
    assert ours.recv() == ("ready", "")
    ours.send(('{"a": 1}', "Root=1", "id", 5.0))
    kind, said = ours.recv()
    assert (kind, json.loads(said)["event"]) == ("answer", {"a": 1})
    assert os.environ == {"NAME": "mine", "_X_AMZN_TRACE_ID": "Root=1"}
    ours.send(('{"say": "raise"}', "Root=1", "id", 5.0))
    assert ours.recv() == ("failed", "ValueError")
    ours.close()
    ours, theirs = get_context("spawn").Pipe()
    lambda_process.run(theirs, "json:__name__", {})
    assert ours.recv() == ("failed", "cannot be loaded: TypeError: '__name__' is not callable")
    assert lambda_process.load("json:JSONDecoder.decode") is json.JSONDecoder.decode


OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
RAW: dict[str, list[bytes]] = {
    "drip": [OK + b"Content-Length: 40\r\n\r\n", *[b"x"] * 40],
    "endless": [OK + b"\r\n", *[b"x" * 60] * 200],
    "utf8": [OK + b"X-Name: \xe2\x9c\x93\r\nContent-Length: 1\r\n\r\nx"],
    "encoded": [
        OK + b"Content-Encoding: gzip\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n" + gzip.compress(b"text")
    ],
    "switching": [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    "six": [b"HTTP/1.1 600 Six\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
    "escape": [OK + b"X: \x1b[31m\r\nContent-Length: 0\r\n\r\n"],
}
"""Path → an answer as it stands on the wire, in parts."""


class _Echo(BaseHTTPRequestHandler):
    """Says what it got; `/long` is long, `/late` is late, `/elsewhere` points away."""

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        pairs = [(name.lower(), value) for name, value in self.headers.items()]
        said = {
            "method": self.command,
            "path": self.path,
            "headers": pairs,
            "body": self.rfile.read(length).decode(),
        }
        body = json.dumps(said).encode()
        if self.path.startswith("/late"):
            time.sleep(0.5)
        if (raw := RAW.get(self.path.strip("/"))) is not None:
            with suppress(OSError):
                for part in raw:
                    self.wfile.write(part)
                    time.sleep(0.05)
            self.close_connection = True
            return
        if self.path.startswith("/data/long"):
            body = b"x" * 200
        self.send_response(302 if self.path.startswith("/data/elsewhere") else 200)
        self.send_header("content-length", str(len(body)))
        self.send_header("Location", "http://192.0.2.1/")
        self.send_header("Sec-WebSocket-Protocol", "mine")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the base class's names

    @override
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def behind() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def stage(stages: Callable[[str], Stage], behind: str) -> Iterator[Stage]:
    made = stages("http-2")
    kept = made.serving.gateway.backend
    made.serving.gateway.backend = ServerBackend(behind)
    yield made
    made.serving.gateway.backend = kept


def _headers(stage: Stage, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Authorization", stage.token("editor")), ("X-Role", "default"), *more]


def test_a_server_gets_the_request_with_the_context_in_headers(stage: Stage) -> None:
    answer = stage.client.get(
        "/data/a%20b?c=d&e", headers=_headers(stage, ("Connection", "x-hop"), ("X-Mine", "1"))
    )
    said = answer.json()
    headers = dict(said["headers"])
    assert said["path"] == "/data/a%20b?c=d&e"
    assert headers["x-vended-sub"] == "11111111-1111-4111-8111-111111111111"
    assert headers["x-vended-access-key-id"].startswith("ASIA")
    assert {"x-vended-secret-access-key", "x-vended-session-token", "x-vended-expiration"} <= set(headers)
    assert headers["x-mine"] == "1"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert "apigw-requestid" in answer.headers


@pytest.mark.parametrize("name", ["x-vended-sub", "X_Vended_Sub", "X-VENDED-SECRET-ACCESS-KEY"])
def test_what_a_client_sends_under_those_names_never_arrives(stage: Stage, name: str) -> None:
    said = stage.client.get("/open", headers=[(name, "mine"), ("X-Forwarded-For", "192.0.2.1")]).json()
    assert "mine" not in json.dumps(said["headers"])
    assert "192.0.2.1" not in json.dumps(said["headers"])


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/open/../data", id="dot segments"),
        pytest.param("/open/./x//y", id="a dot and two slashes"),
        pytest.param("/open/%2e%2E/data", id="dots that are encoded"),
        pytest.param("/open/a%2Fb%41?x=%41&y=a+b%20{c}|'", id="what need not be encoded, and what should be"),
        pytest.param("/open/caf\u00e9", id="a byte that is not ASCII"),
    ],
)
def test_a_server_gets_the_very_path_that_was_judged(stage: Stage, behind: str, target: str) -> None:
    """Else `/open/../data`, on an open route, would be asked for as `/data`, which is closed."""
    configured = stage.serving.configured
    assert configured.http is not None
    routes = (*configured.http.routes, Route(method="GET", path="/open/{proxy+}", door=None))
    stage.serving.configured = replace(configured, http=replace(configured.http, routes=routes))
    stage.serving.gateway.backend = ServerBackend(f"{behind}/base/")
    own = f"127.0.0.1:{stage.server.port}"
    try:
        with socket.create_connection(("127.0.0.1", stage.server.port)) as raw:
            raw.sendall(
                f"GET {target} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n".encode("latin-1")
            )
            said = b"".join(iter(partial(raw.recv, 65536), b""))
    finally:
        stage.serving.configured = configured
    if not target.isascii():
        assert b" 400 " in said.split(b"\r\n")[0] or b" 503 " in said.split(b"\r\n")[0]
        return
    assert stage.last.path == target.partition("?")[0]
    assert json.loads(said.partition(b"\r\n\r\n")[2])["path"] == f"/base{target}"


def test_a_server_is_told_nothing_in_the_gateways_name(stage: Stage) -> None:
    """WSGI takes `_` for `-`; what `Connection` names is of that connection alone (RFC 9110 §7.6.1); and what httpx
    would add nobody has sent."""
    sent = [
        ("X_Forwarded_For", "6.6.6.6"),
        ("x-amzn_trace-id", "Root=evil"),
        ("Transfer_Encoding", "chunked"),
        ("Connection", "keep-alive, X_Nominated , x-role"),
        ("X-Nominated", "1"),
        ("x-role", "default"),
        ("X-Mine", "1"),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent)
    own = f"127.0.0.1:{stage.server.port}"
    with socket.create_connection(("127.0.0.1", stage.server.port)) as raw:
        raw.sendall(f"GET /open HTTP/1.1\r\nHost: {own}\r\n{lines}Connection: close\r\n\r\n".encode())
        said = b"".join(iter(partial(raw.recv, 65536), b""))
    pairs = json.loads(said.partition(b"\r\n\r\n")[2])["headers"]
    names = sorted(name for name, _ in pairs)
    forwarded = ["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"]
    assert names == ["host", "x-amzn-trace-id", *forwarded, "x-mine"]
    assert dict(pairs)["x-forwarded-for"] == "127.0.0.1"


def test_values_that_are_no_text_are_mapped_as_json(stage: Stage) -> None:
    stage.told.says = says(policy(OPEN, context={"sub": 7, "roleArn": ["a"], "username": "x"}))
    headers = dict(stage.client.get("/data", headers=_headers(stage)).json()["headers"])
    assert (headers["x-vended-sub"], headers["x-vended-role-arn"]) == ("7", '["a"]')


def test_a_redirect_is_the_clients(stage: Stage) -> None:
    answer = stage.client.get("/data/elsewhere", headers=_headers(stage))
    assert (answer.status_code, answer.headers["location"]) == (302, "http://192.0.2.1/")


async def test_a_server_that_is_late_not_there_or_says_too_much(stage: Stage, behind: str) -> None:
    stage.client.get("/open")
    quick = replace(_call(stage), seconds=0.1, incoming=replace(_call(stage).incoming, path="/late"))
    backend = ServerBackend(behind, most_bytes=100)
    with pytest.raises(BackendFailed) as late:
        await backend.answer(quick)
    assert late.value.reason == "INTEGRATION_TIMEOUT"
    long = replace(quick, seconds=5, incoming=replace(quick.incoming, path="/data/long"))
    with pytest.raises(BackendFailed, match="more than 100 bytes"):
        await backend.answer(long)
    await backend.close()
    nobody = ServerBackend("http://127.0.0.1:1")
    with pytest.raises(BackendFailed) as missing:
        await nobody.answer(quick)
    assert missing.value.reason == "INTEGRATION_FAILURE"
    await nobody.close()


async def test_one_limit_of_time_is_for_all_of_an_answer(stage: Stage, behind: str) -> None:
    """A server that sends a byte now and then would never reach one of each read."""
    backend = ServerBackend(behind)
    call = replace(_call(stage), seconds=0.4)
    begun = time.monotonic()
    with pytest.raises(BackendFailed, match=r"no answer in 0\.4 s") as late:
        await backend.answer(replace(call, incoming=replace(call.incoming, path="/drip")))
    assert late.value.reason == "INTEGRATION_TIMEOUT"
    assert time.monotonic() - begun < 1.5
    await backend.close()


async def test_an_answer_that_is_too_long_is_read_no_further(stage: Stage, behind: str) -> None:
    backend = ServerBackend(behind, most_bytes=100)
    call = _call(stage)
    begun = time.monotonic()
    with pytest.raises(BackendFailed, match="more than 100 bytes"):
        await backend.answer(replace(call, incoming=replace(call.incoming, path="/endless")))
    assert time.monotonic() - begun < 2
    await backend.close()


async def test_an_answer_goes_on_in_its_encoding_and_without_what_its_connection_names(
    stage: Stage, behind: str
) -> None:
    """What nobody decodes needs no bound of what comes out of it."""
    backend = ServerBackend(behind)
    call = _call(stage)
    reply = await backend.answer(replace(call, incoming=replace(call.incoming, path="/encoded")))
    assert gzip.decompress(reply.body) == b"text"
    assert reply.headers == (("Content-Encoding", "gzip"),)
    await backend.close()


def test_a_header_in_utf_8_goes_on_as_it_is(stage: Stage) -> None:
    answer = _raw(stage, "/utf8")
    assert answer.status_code == 200
    assert (b"x-name", b"\xe2\x9c\x93") in answer.headers.raw


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/switching", 503, "RemoteProtocolError"),
        ("/six", 500, "an answer of status 600"),
        ("/escape", 500, "a header that cannot be sent"),
    ],
)
def test_an_answer_of_a_server_that_cannot_be_sent_is_told(
    stage: Stage, path: str, status: int, why: str
) -> None:
    assert _raw(stage, path).status_code == status
    assert (stage.last.status, stage.last.code) == (status, "backend")
    assert why in stage.last.why[0]


def _raw(stage: Stage, path: str) -> httpx.Response:
    """What comes of one of `RAW`, on an open route."""
    configured = stage.serving.configured
    assert configured.http is not None
    routes = (*configured.http.routes, Route(method="GET", path=path, door=None))
    stage.serving.configured = replace(configured, http=replace(configured.http, routes=routes))
    try:
        return stage.client.get(path)
    finally:
        stage.serving.configured = configured


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://x y",
        "http://",
        "http://h:99999",
        "http://h/?a=b",
        "http://h/#f",
        "https://h\x00",
    ],
)
def test_what_is_no_url_of_a_server_is_told(url: str) -> None:
    with pytest.raises(SettingsError, match="--backend http"):
        ServerBackend(url)


def _call(stage: Stage) -> Any:
    from authorizer.local_gateway.backends import Call
    from authorizer.local_gateway.incoming import Incoming, new_ids
    from authorizer.local_gateway.routing import match

    api = stage.serving.configured.http
    assert api is not None
    incoming = Incoming(method="GET", path="/open", time=0, **new_ids(0))
    matched = match(api, "GET", "/open")
    assert matched is not None
    return Call(api=api, incoming=incoming, matched=matched, authorizer=None, context={}, seconds=5)


async def test_a_message_is_a_post_with_its_route_and_connection(behind: str) -> None:
    backend = ServerBackend(behind)
    event = {"requestContext": {"routeKey": "$default", "connectionId": "abc="}, "body": "hello"}
    said = await backend.message(event, {"sub": "s"}, "Root=1", 5)
    await backend.close()
    assert (said.status, said.protocol) == (200, "mine")
    got = json.loads(said.body or "")
    headers = dict(got["headers"])
    assert (got["method"], got["body"], headers["connectionid"]) == ("POST", "hello", "abc=")
    assert (headers["routekey"], headers["x-vended-sub"]) == ("$default", "s")
