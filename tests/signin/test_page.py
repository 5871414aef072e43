"""`docs/login.md` tells the truth: its commands run, and its numbers are those of the code."""

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

from authorizer.signin.listener import PORTS
from authorizer.signin.session import AHEAD
from tests.make import ROOT
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import Machine

PAGE = (ROOT / "docs" / "login.md").read_text()
URL = "https://api.example.com/credentials"
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
JUDGING = ("--region", "eu-west-1", "--generate-cli-skeleton", "output")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.replace("\\\n", "").splitlines()
]


def test_the_app_client_is_one_that_aws_takes_and_knows_each_port() -> None:
    """AWS's own command judges its parameters, and sends nothing."""
    [line] = [line for line in LINES if line.startswith("aws cognito-idp")]
    words = shlex.split(line)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "aws"), *words[1:], *JUDGING],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    urls = [word for word in words if word.startswith("http:")]
    assert urls == [f"http://127.0.0.1:{port}/callback" for port in PORTS]
    assert AHEAD == 20 * 60
    assert "twenty minutes" in PAGE


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
