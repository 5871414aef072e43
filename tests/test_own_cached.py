"""`GET /credentials` behind a real proxy that caches by nothing but the path, as careless ones do: nobody is answered
with what another was answered."""

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from authorizer.own import OwnCredentials
from tests.servers.serving import QuietHandler, serve
from tests.test_own import ORIGIN, event, handing, minted
from tests.world import World, running

CONFIGURATION = """
daemon off;
master_process off;
error_log stderr;
pid {folder}/pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache keys_zone=kept:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_cache kept;
      proxy_cache_key $uri;
      proxy_cache_valid any 10m;
      {more}
    }}
  }}
}}
"""
OTHER = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("keys"), change=handing) as world:
        yield world


@pytest.fixture
def upstream(world: World) -> Iterator[int]:
    """The function behind an API, on a port."""
    own = OwnCredentials(world.local.access, emit=lambda _: None)
    turn = threading.Lock()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            with turn:
                answer: Any = own(event("2.0", headers=headers))
            self.reply(answer["statusCode"], answer["body"].encode(), answer["headers"])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stop = serve(server)
    yield server.server_port
    stop()
    own.authorizer.close()


class Proxy:
    """nginx on a free loopback port."""

    def __init__(self, folder: Path, upstream: int, more: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, upstream=upstream, more=more)
        )
        with (folder / "said").open("w") as said:
            command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
            self.process = subprocess.Popen(command, stderr=said)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError((folder / "said").read_text())

    def ask(self, token: str, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/credentials", headers={"Authorization": f"Bearer {token}", **headers})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read()), dict(reply.getheaders())
        finally:
            connection.close()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def proxied(request: pytest.FixtureRequest, upstream: int, tmp_path: Path) -> Iterator[Proxy]:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed: apt-get install --no-install-recommends nginx-light")
    proxy = Proxy(tmp_path, upstream, getattr(request, "param", ""))
    yield proxy
    proxy.close()


def test_a_proxy_that_would_keep_everything_keeps_no_answer(proxied: Proxy, world: World) -> None:
    erin = world.local.personas.people["editor"]
    status, mine, headers = proxied.ask(minted(world, erin), Origin=ORIGIN)
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    status, theirs, _ = proxied.ask(minted(world, replace(erin, sub=OTHER)))
    assert status == 200
    assert mine["AccessKeyId"] != theirs["AccessKeyId"]
    status, refused, headers = proxied.ask("a.b.c")
    assert (status, refused["code"], headers["Cache-Control"]) == (401, "token_malformed", "no-store")
    assert proxied.ask(minted(world, erin))[0] == 200  # a refusal is nobody else's either


@pytest.mark.parametrize("proxied", ["proxy_ignore_headers Cache-Control Vary;"], indirect=True)
def test_the_test_bites_a_proxy_that_does_not_listen_hands_out_another_s(
    proxied: Proxy, world: World
) -> None:
    """Which is why no gateway's own cache may be on for this route: it asks the response nothing."""
    erin = world.local.personas.people["editor"]
    mine = proxied.ask(minted(world, erin))[1]
    assert proxied.ask(minted(world, replace(erin, sub=OTHER)))[1] == mine
