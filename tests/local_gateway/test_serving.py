"""Changes that are taken over, changes that are not, and everything put together as the command does."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from authorizer.errors import SettingsError
from authorizer.local_gateway import serving as serving_module
from authorizer.local_gateway.api import Cors
from authorizer.local_gateway.backends import FunctionBackend
from authorizer.local_gateway.configured import Options, configured
from authorizer.local_gateway.from_access import api_of, default_kind, path_of, place_of, websocket_api_of
from authorizer.local_gateway.kinds import HTTP_1, HTTP_SIMPLE, REST_TOKEN
from authorizer.local_gateway.serving import outermost
from authorizer.local_gateway.start import Started, running, sample_folder, started
from authorizer.settings.schema import Route
from tests.make import ROOT, make_settings, sample_settings

pytestmark = pytest.mark.slow

HANDLER = "def f(event, context):\n    return {'statusCode': 200, 'body': 'one'}\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@contextmanager
def project(tmp_path: Path, home: Path, **more: Any) -> Iterator[tuple[Started, list[str]]]:
    """A copy of the sample that may be changed, served with a handler of its own."""
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text(HANDLER)
    told: list[str] = []
    options = Options(access=tmp_path / "policies" / "access.toml", **more)
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend=f"{tmp_path}/code/mine.py:f", port=0, told=told.append, folder=home) as made,
    ):
        yield made, told


def token(url: str, name: str = "editor") -> dict[str, str]:
    said = httpx.post(f"{url}/_local/token", data={"persona": name}, trust_env=False).json()
    return {"Authorization": f"Bearer {said['id_token']}"}


def test_changes_are_taken_over_and_bad_ones_are_not(tmp_path: Path, home: Path) -> None:
    with project(tmp_path, home) as (made, told), running(made) as url:
        client = httpx.Client(base_url=url, trust_env=False, timeout=20)
        with client:
            assert client.get("/data", headers=token(url)).text == "one"

            access = tmp_path / "policies" / "access.toml"
            good = access.read_text()
            access.write_text(good + "[nonsense]\n")
            _until(lambda: any("not taken over" in line and "nonsense" in line for line in told))
            assert client.get("/data", headers=token(url)).status_code == 200

            access.write_text(good.replace('"GET /data", "GET /data/*"', '"GET /figures"'))
            _until(lambda: any(line.startswith("taken over: the configuration") for line in told))
            assert client.get("/data", headers=token(url)).status_code == 403
            assert client.get("/figures", headers=token(url)).text == "one"

            people = tmp_path / "events" / "personas.toml"
            people.write_text(
                people.read_text()
                + '\n[somebody]\nsub = "%s"\nusername = "s"\n' % ("8" * 8 + "-1111-4111-8111-" + "8" * 12)
            )
            _until(lambda: "somebody" in client.get("/_local/").text)

            (tmp_path / "code" / "mine.py").write_text(HANDLER.replace("one", "two!"))
            _until(lambda: "taken over: the backend's code" in told)
            assert client.get("/figures", headers=token(url)).text == "two!"


def _until(holds: Callable[[], bool]) -> None:
    import time

    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


async def test_what_was_not_foreseen_changes_nothing_either(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project(tmp_path, home) as (made, told):
        before = made.serving.configured

        def broken(*_: object) -> None:
            raise OSError("disk")

        monkeypatch.setattr(serving_module, "configured", broken)
        assert not await made.serving.reload()
        assert made.serving.configured is before
        assert "OSError: disk" in told[-1]
        await made.serving.changed([tmp_path / "notes.txt"])
        assert len(told) == 1
        await made.serving.close()


async def test_the_sample_backend_reads_the_callers_own(home: Path) -> None:
    """With the caller's credentials from the local AWS: and the decision tells what it asked for."""
    options = Options(access=ROOT / "policies" / "access.toml")
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend=None, port=0, told=lambda _: None) as made,
        running(made) as url,
    ):
        files = sorted(path.name for path in (home / "cognito-authorizer").glob("serve-*.env"))
        assert [oct(path.stat().st_mode & 0o777) for path in made.owner_file.parent.glob("serve-*.env")] == [
            "0o600"
        ] * 2
        assert len(files) == 2
        assert "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI" in made.backend_file.read_text()
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            said = await client.get("/files", headers=await asyncio.to_thread(token, url))
            assert said.json() == {"files": ["home/11111111-1111-4111-8111-111111111111/notes.txt"]}
            other = await client.get("/data", headers=await asyncio.to_thread(token, url, "admin"))
            assert other.json() == {"data": ["tenants/acme/figures.txt"]}
        [call] = made.stream.decisions[-1].calls
        assert (call.operation, call.status, call.refused) == ("ListObjectsV2", 200, None)
    assert not made.owner_file.exists()


def test_a_server_as_backend_is_told_what_it_needs(tmp_path: Path, home: Path) -> None:
    options = Options(
        access=ROOT / "policies" / "access.toml", kind="http-2", origins=("https://app.example.com",)
    )
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend="http://127.0.0.1:1", port=0, told=lambda _: None, folder=tmp_path) as made,
        running(made) as url,
    ):
        answer = httpx.get(
            f"{url}/data", headers={**token(url), "X-Role": "default"}, trust_env=False, timeout=30
        )
        assert answer.status_code == 503
        lines = made.backend_file.read_text().splitlines()
        said = dict(
            line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export ")
        )
        assert (said["API_ID"], said["STAGE"]) == ("localhttp0", "'$default'")
        http = made.serving.configured.http
        assert http is not None
        assert http.cors.headers == ("authorization", "x-role", "content-type")


def test_of_two_on_one_port_the_second_is_told_and_takes_nothing_from_the_first(
    tmp_path: Path, home: Path
) -> None:
    options = Options(access=ROOT / "policies" / "access.toml")
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend=None, port=0, told=print, folder=tmp_path) as made,
    ):
        port = made.server.port
        with (
            pytest.raises(SettingsError, match=f"--port {port}: cannot listen there"),
            started(options, backend=None, port=port, told=print, folder=tmp_path),
        ):
            pass
        assert made.owner_file.exists()
        assert made.backend_file.exists()
        # Of another machine, in a folder that both share.
        made.backend_file.unlink()
        made.backend_file.write_text("of another")
        asyncio.run(made.serving.close())
    assert not made.owner_file.exists()
    assert made.backend_file.read_text() == "of another"


ASTRAY = {
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_SECURITY_TOKEN": "of another account",
}
"""What a developer's shell may say, each of which comes before what the local AWS hands out."""
ENVIRONMENT = """
import json, os

def f(event, context):
    return {"statusCode": 200, "body": json.dumps(dict(os.environ))}
"""


def test_nothing_of_the_developers_shell_leads_the_function_or_the_server_elsewhere(
    tmp_path: Path, home: Path
) -> None:
    """Else the function would read from a server that judges nothing, and isolation seem to hold or to break."""
    with (
        mock.patch.dict(os.environ, ASTRAY),
        project(tmp_path, home) as (made, _),
    ):
        assert not ASTRAY.keys() & os.environ.keys()
        (tmp_path / "code" / "mine.py").write_text(ENVIRONMENT)
        # And what is there when a process is begun: whoever writes to it later is not asked.
        with mock.patch.dict(os.environ, ASTRAY), running(made) as url:
            seen = httpx.get(f"{url}/data", headers=token(url), trust_env=False, timeout=30).json()
    assert not ASTRAY.keys() & seen.keys()
    assert seen["AWS_ENDPOINT_URL"] == made.aws.environment["AWS_ENDPOINT_URL"]


def test_what_the_personas_file_says_leads_no_function_elsewhere(tmp_path: Path, home: Path) -> None:
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    personas = tmp_path / "events" / "personas.toml"
    personas.write_text(
        personas.read_text().replace("[environment]", '[environment]\nAWS_PROFILE = "nobody"\n', 1)
    )
    options = Options(access=tmp_path / "policies" / "access.toml")
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend=None, port=0, told=print, folder=home) as made,
    ):
        assert made.serving.configured.environment["AWS_PROFILE"] == "nobody"
        assert isinstance(made.serving.gateway.backend, FunctionBackend)
        assert "AWS_PROFILE" not in made.serving.gateway.backend.workers._environment
        asyncio.run(made.serving.close())


def test_a_shell_that_reads_a_file_forgets_what_led_it_elsewhere(tmp_path: Path, home: Path) -> None:
    options = Options(access=ROOT / "policies" / "access.toml")
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend="http://127.0.0.1:1", port=0, told=lambda _: None, folder=tmp_path) as made,
    ):
        for file in (made.owner_file, made.backend_file):
            done = subprocess.run(
                ["sh", "-euc", '. "$1"; env', "sh", file],
                env={"PATH": os.environ["PATH"], "KEPT": "1", **ASTRAY},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            names = {line.partition("=")[0] for line in done.stdout.splitlines()}
            assert not ASTRAY.keys() & names
            assert {"KEPT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_SESSION_TOKEN"} <= names
        asyncio.run(made.serving.close())


def test_a_persona_without_a_bucket_is_fine(tmp_path: Path, home: Path) -> None:
    """Where there are no personas, nothing is put down for them."""
    options = Options(access=ROOT / "policies" / "access.toml", real_tokens=True)
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        started(options, backend=None, port=0, told=lambda _: None, folder=tmp_path) as made,
    ):
        assert made.serving.configured.local is None
        issuer = next(iter(made.serving.configured.access.settings.issuers.values()))
        assert issuer.jwks_uri.startswith("https://cognito-idp.")
        asyncio.run(made.serving.close())


def test_it_never_runs_in_a_lambda() -> None:
    options = Options(access=ROOT / "policies" / "access.toml")
    with (
        pytest.raises(SettingsError, match="never runs in a Lambda"),
        started(options, backend=None, port=0, told=print, environment={"AWS_LAMBDA_FUNCTION_NAME": "x"}),
    ):
        pass


def test_what_cannot_start_leaves_nothing_open(tmp_path: Path, home: Path) -> None:
    options = Options(access=ROOT / "policies" / "access.toml")
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        pytest.raises(SettingsError, match="there is no file"),
        started(options, backend="not/there.py:f", port=0, told=print, folder=tmp_path),
    ):
        pass


@pytest.mark.parametrize("kind", ["http-simple", "http-2"])
def test_an_api_and_settings_that_expect_different_answers_are_refused(kind: str, home: Path) -> None:
    environment = {} if kind == "http-simple" else {"RESPONSE": "simple", "RESULT_TTL": "0s"}
    options = Options(access=ROOT / "policies" / "access.toml", kind=kind)
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(home)}),
        pytest.raises(SettingsError, match=rf"--kind: {kind} expects a (simple|policy) response"),
    ):
        configured(options, environment)


def test_the_api_is_that_of_access_toml() -> None:
    settings = sample_settings()
    assert default_kind(settings) is REST_TOKEN
    api = api_of(settings, HTTP_1, "eu-west-1", cors=Cors(), with_keys=False)
    assert (api.payload, api.stage, api.key_source) == ("1.0", "$default", "HEADER")
    keys = {route.key for route in api.routes}
    assert {"GET /data/{proxy+}", "GET /tenants/{tenant}/reports/{proxy+}", "ANY /users"} <= keys
    assert place_of(settings, "eu-west-1") == {
        "partition": "aws",
        "account": "123456789012",
        "region": "eu-west-1",
    }
    simple = make_settings(gateway={"response": "simple", "result_ttl": "0s"})
    assert default_kind(simple) is HTTP_SIMPLE
    assert websocket_api_of(make_settings(scopes={"data:read": ["GET /a"]}), "eu-west-1", cors=Cors()) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a", "/a"), ("/a/*", "/a/{proxy+}"), ("/a/b*/c", "/a/{proxy+}"), ("/{t}/x", "/{t}/x")],
)
def test_an_entry_is_a_resource(path: str, expected: str) -> None:
    assert path_of(Route(method="GET", path=path)) == expected


def test_folders_inside_others_are_watched_with_them() -> None:
    assert outermost([Path("/a"), Path("/a/b"), Path("/c")]) == {Path("/a"), Path("/c")}


def test_the_sample_stands_in_the_package_or_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (sample_folder() / "files.py").is_file()
    monkeypatch.setattr("authorizer.local_gateway.start.__file__", str(tmp_path / "a" / "b" / "start.py"))
    (tmp_path / "a" / "starter" / "backend").mkdir(parents=True)
    assert sample_folder() == tmp_path / "a" / "starter" / "backend"
