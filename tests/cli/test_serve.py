"""`authorizer serve`: what it prints, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from authorizer.cli import serve as command
from authorizer.local_aws import Line
from authorizer.local_gateway.decisions import Served
from authorizer.local_gateway.kinds import KINDS
from authorizer.local_gateway.server import Server
from tests.cli.test_commands import run
from tests.make import ROOT

pytestmark = pytest.mark.slow


def served(**more: object) -> Served:
    said: dict[str, object] = {
        "number": 1, "time": 0.0, "request_id": "r", "kind": "rest-token", "method": "GET", "path": "/a",
        "route": "GET /a", "arn": "", "outcome": "allow", "code": "allowed", "status": 200, "principal": "p",
        "cache": None, "age": None,
        "milliseconds": {"identity": 1.0, "total": 2.0}, "why": ("because",),
    }  # fmt: skip
    return Served(**{**said, **more})  # type: ignore[arg-type]


REFUSED = Line(
    time=0, who="a", service="s3", operation="GetObject", status=403, refused="AccessDenied", actions=(),
    why=("denied: nothing allows it", "statement 1"),
)  # fmt: skip


def test_its_kinds_are_those_that_are_served() -> None:
    assert tuple(KINDS) == command.KIND_NAMES


def test_without_the_extra_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "authorizer.local_gateway.server", raising=False)
    monkeypatch.delitem(sys.modules, "authorizer.local_gateway.start", raising=False)
    done = run("serve")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "authorizer serve: uvicorn is not installed: pip install 'cognito-authorizer[serve]'\n"
    )


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("app.example.com", id="without a scheme"),
        pytest.param("https://app.example.com/", id="with a path"),
        pytest.param("https://App.example.com", id="in capitals"),
        pytest.param("", id="empty"),
        pytest.param("*", id="any page"),
        pytest.param("https://*", id="any page of a scheme"),
    ],
)
def test_what_no_browser_sends_is_no_origin(origin: str) -> None:
    done = run("serve", "--allow-origin", origin, "--kind", "http-1", "--api", "pyproject.toml")
    assert done.returncode == 2
    assert f"{origin!r}: expected an origin such as https://app.example.com" in done.stderr


@pytest.mark.parametrize("origin", ["https://app.example.com", "http://localhost:5173", "http://[::1]:5173"])
def test_what_browsers_send_is_an_origin(origin: str) -> None:
    done = run("serve", "--allow-origin", origin, "--kind", "http-1", "--api", "pyproject.toml")
    assert "--kind is for routes of access.toml" in done.stderr


def test_a_name_of_an_api_without_its_template_is_refused() -> None:
    done = run("serve", "--api-name", "Mine")
    assert (
        done.returncode,
        "--api-name chooses among the APIs of a template: name that with --api" in done.stderr,
    ) == (
        2,
        True,
    )


@pytest.mark.parametrize("kind", ["http-1", "http-2"])
def test_a_key_of_an_http_api_is_refused(kind: str) -> None:
    done = run("serve", "--port", "0", "--kind", kind, "--api-key", "k")
    assert done.returncode == 2
    assert (
        "--api-key: an HTTP API has no API keys, and this is one: expected it beside a REST API"
        in done.stderr
    )


def test_a_module_of_ours_that_is_missing_is_a_mistake_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authorizer.local_gateway.start", None)
    with pytest.raises(ModuleNotFoundError):
        run("serve")


def test_in_a_lambda_it_is_refused() -> None:
    done = run("serve", "--port", "0", variables={"AWS_LAMBDA_FUNCTION_NAME": "x"})
    assert done.returncode == 2
    assert "never runs in a Lambda" in done.stderr


@pytest.mark.parametrize(
    ("one", "lines"),
    [
        (served(), ["    1 200 allow        GET /a  allowed  p  -  2 ms (identity 1)"]),
        (
            served(cache="hit", age=3.4),
            ["    1 200 allow        GET /a  allowed  p  hit 3s  2 ms (identity 1)"],
        ),
        (
            served(cache="miss", principal=None),
            ["    1 200 allow        GET /a  allowed  -  miss  2 ms (identity 1)"],
        ),
        (
            served(outcome="deny", status=403, code="route_closed", method="", path="/\x1b[31m"),
            [
                "    1 403 deny         /\ufffd[31m GET /a  route_closed  p  -  2 ms (identity 1)",
                "      because",
            ],
        ),
        (
            served(calls=(REFUSED,)),
            [
                "    1 200 allow        GET /a  allowed  p  -  2 ms (identity 1)",
                "      AWS 403 s3:GetObject AccessDenied: denied: nothing allows it",
            ],
        ),
    ],
    ids=[
        "allowed",
        "from the cache",
        "asked",
        "a denial, with an escape sequence in its path",
        "a refusal of AWS",
    ],
)
def test_each_request_is_a_line(one: Served, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command._tell(one)
    assert capsys.readouterr().out.splitlines() == lines


def test_it_prints_where_it_listens_and_ends_when_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, where its lines are measured."""
    serving = Server.run

    async def interrupted(self: Server) -> None:
        await serving(self, lambda: os.kill(os.getpid(), signal.SIGINT))

    monkeypatch.setattr(Server, "run", interrupted)
    done = run("serve", "--port", "0", home=tmp_path)
    assert (done.returncode, done.stderr) == (130, "")
    assert [line.split()[0] for line in done.stdout.splitlines()][:4] == [
        "API",
        "WebSocket",
        "sign",
        "console",
    ]
    document = tmp_path / "api.yaml"
    document.write_text(WEBSOCKET)
    alone = run("serve", "--port", "0", "--api", str(document), "--real-tokens", home=tmp_path)
    assert (alone.returncode, alone.stderr) == (130, "")
    assert [line.split()[0] for line in alone.stdout.splitlines()][:2] == ["WebSocket", "console"]


WEBSOCKET = """
Resources:
  W:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET}
"""


def test_it_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """As a person starts it: in a process of its own, with the sample behind it."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "authorizer", "serve", "--port", "0"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        banner = [process.stdout.readline() for _ in range(7)]
        url = banner[0].split()[1]
        assert "rest-token" in banner[0]
        assert banner[1].split() == ["WebSocket", url.replace("http", "ws")]
        said = httpx.post(
            f"{url}/_local/token", data={"persona": "viewer"}, trust_env=False, timeout=30
        ).json()
        headers = {"Authorization": f"Bearer {said['id_token']}"}
        assert httpx.get(f"{url}/data", headers=headers, trust_env=False, timeout=60).json() == {
            "data": ["tenants/globex/figures.txt"]
        }
        assert httpx.get(f"{url}/files", headers=headers, trust_env=False, timeout=30).status_code == 403
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "AWS 200 s3:ListObjectsV2 allowed" in rest
    assert "403 deny" in rest
    assert said["id_token"] not in rest
    assert "Traceback" not in rest
    assert json.dumps(banner).count("serve-") == 2
