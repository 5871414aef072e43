"""`docs/login.md` tells the truth: its commands run, and its numbers are those of the code."""

import configparser
import json
import re
import shlex
import subprocess
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from authorizer.signin.listener import PORTS
from authorizer.signin.session import AHEAD
from tests.make import ROOT
from tests.servers.authorization_server import CLIENT
from tests.servers.serving import QuietHandler, serve
from tests.signin.conftest import Machine

PAGE = (ROOT / "docs" / "login.md").read_text()
URL = "https://api.example.com/credentials"
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
AWS = str(Path(sys.executable).parent / "aws")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", "").splitlines()
]


def test_the_app_client_is_one_that_aws_s_own_command_asks_for_and_knows_each_port() -> None:
    [line] = [line for line in LINES if line.startswith("aws cognito-idp")]
    asked: list[dict[str, Any]] = []

    class Cognito(QuietHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.body()))
            self.reply(200, b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Cognito)
    stop = serve(server)
    elsewhere = ("--region", "eu-west-1", "--no-sign-request", "--endpoint-url")
    done = subprocess.run(
        [AWS, *shlex.split(line)[1:], *elsewhere, f"http://127.0.0.1:{server.server_port}"],
        capture_output=True,
        text=True,
        check=False,
    )
    stop()
    assert done.returncode == 0, done.stderr
    [client] = asked
    assert client["CallbackURLs"] == [f"http://127.0.0.1:{port}/callback" for port in PORTS]
    assert client["GenerateSecret"] is False
    assert (client["AllowedOAuthFlows"], client["AllowedOAuthScopes"]) == (["code"], ["openid"])
    assert client["EnableTokenRevocation"] is True


def test_the_page_tells_the_numbers_of_the_code() -> None:
    assert AHEAD == 20 * 60
    assert "renewed twenty minutes\nahead of their end" in PAGE


def test_the_commands_of_each_day_run(machine: Machine, tmp_path: Path) -> None:
    written = [shlex.split(line)[1:] for line in LINES if line.startswith("authorizer ")]
    assert [command[0] for command in written] == ["login", "exec", "logout"]
    [login, child, logout] = written
    here = {URL: machine.api.url, ISSUER: machine.server.issuer}
    assert [login[login.index(name) + 1] for name in ("--url", "--client-id", "--issuer")] == [
        URL,
        CLIENT,
        ISSUER,
    ]
    done = machine.run_alone(*(here.get(word, word) for word in login))
    assert done.returncode == 0, done.stderr

    [profile] = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    config = configparser.RawConfigParser()
    config.read_string(profile)
    process = config["profile me"]["credential_process"]
    assert done.stdout == f"credential_process = {process.replace(URL, machine.api.url)}\n"
    assert machine.run_alone(*shlex.split(process.replace(URL, machine.api.url))[1:]).returncode == 0

    assert child == ["exec", "--", "terraform", "plan"]
    assert machine.run("exec", "--", str(tmp_path / "terraform"), "plan").returncode == 127
    assert f"export AUTHORIZER_URL={URL} AUTHORIZER_CLIENT_ID={CLIENT}" in LINES
    variables = {"AUTHORIZER_URL": machine.api.url, "AUTHORIZER_CLIENT_ID": CLIENT}
    assert "signed out" in machine.run_alone(*logout, **variables).stderr
