"""The sample backends run: each opens what the authorizer hands over and reaches S3 as the caller."""

import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from authorizer.backend import opening
from authorizer.backend.event import HEADERS
from authorizer.sealing import context
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from tests import needs
from tests.make import ACCESS, ROOT, sample_environment
from tests.servers.serving import QuietHandler, serve
from tests.vending.factories import ROUTE, SUB, jwk_set, make_credentials, make_jwk

BACKENDS = ROOT / "deploy" / "backends"


class S3(QuietHandler):
    """Answers ListObjectsV2 with one key, and notes who asked for what."""

    asked: ClassVar[list[tuple[str, str, str]]] = []
    refuses: ClassVar[str] = ""
    """The code of its refusal, if it refuses."""

    def do_GET(self) -> None:
        if self.refuses:
            self.reply(403, f"<Error><Code>{self.refuses}</Code></Error>".encode())
            return
        signer = self.headers["Authorization"].split("Credential=")[1].split("/")[0]
        self.asked.append((self.path, signer, self.headers["X-Amz-Security-Token"]))
        body = b"<ListBucketResult><Contents><Key>home/x/report.txt</Key></Contents></ListBucketResult>"
        self.reply(200, body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[S3]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
    stop = serve(server)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("DATA_BUCKET", "data")
    monkeypatch.setattr(opening, "_keys", opening._Keys())
    S3.asked.clear()
    monkeypatch.setattr(S3, "refuses", "")
    yield S3
    stop()


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BACKENDS / "python" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def handed(*, sealed: bool, expires_in: float = 3600, keys: str | None = None) -> dict[str, str]:
    """The authorizer's context."""
    credentials = make_credentials(issued_at=time.time() - 60, expiration=time.time() + expires_in)
    if sealed:
        seal = Seal(parse_keys(keys or jwk_set()))
        return {**context.sealed(credentials, seal=seal, route=ROUTE, principal=SUB), "sub": SUB}
    return {**context.plain(credentials), "sub": SUB}


def event(fields: dict[str, str]) -> dict[str, Any]:
    request = {"apiId": ROUTE.api_id, "stage": ROUTE.stage, "authorizer": {"lambda": fields}}
    return {"version": "2.0", "requestContext": request}


def asked_as_the_caller(s3: type[S3]) -> bool:
    [(path, signer, token)] = s3.asked
    return f"prefix=home%2F{SUB}%2F" in path and signer == "ASIACANARY" and token == "canary-session/+=="


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend holds the sealing keys."""
    monkeypatch.setenv(opening.KEYS, jwk_set())


@pytest.fixture(params=[False, True], ids=["plain", "sealed"])
def sealed(request: pytest.FixtureRequest) -> bool:
    """Whether credentials are sealed, for a backend that is set up the same way."""
    if request.param:
        request.getfixturevalue("keys")
    return bool(request.param)


def test_the_python_lambda_lists_the_callers_files(s3: type[S3], sealed: bool) -> None:
    answer = load("files").lambda_handler(event(handed(sealed=sealed)), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"files": ["home/x/report.txt"]})
    assert asked_as_the_caller(s3)


def test_the_python_lambda_tells_an_expired_caller_and_hides_our_own_faults(
    s3: type[S3], keys: None, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = load("files").lambda_handler
    assert handler(event(handed(sealed=True, expires_in=-5)), None)["statusCode"] == 401
    wrong = handler(event(handed(sealed=True, keys=jwk_set(make_jwk("other", 9)))), None)
    assert (wrong["statusCode"], json.loads(wrong["body"])) == (500, {"message": "Internal server error"})
    assert "SealRefused" in capsys.readouterr().out
    assert s3.asked == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        pytest.param({"rawPath": f"/{ROUTE.stage}/files"}, f"prefix=home%2F{SUB}%2F", id="one's own files"),
        pytest.param({"rawPath": "/data/x"}, "prefix=tenants%2Facme%2F", id="the tenant's data"),
        pytest.param(
            {"path": "/data", "version": "1.0"}, "prefix=tenants%2Facme%2F", id="the same of a REST API"
        ),
        pytest.param(
            {"rawPath": "/imports", "body": "{}"}, f"/data/clients/{SUB}/import.json", id="an import"
        ),
        pytest.param({"rawPath": "/imports"}, f"/data/clients/{SUB}/import.json", id="an empty import"),
    ],
)
def test_the_python_lambda_has_a_route_for_each_role_of_the_sample(
    more: dict[str, Any], path: str, s3: type[S3], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_ORIGIN", "https://app.example.com")
    sent = {**event({**handed(sealed=False), "tenant": "acme"}), **more}
    if sent["version"] == "1.0":
        sent["requestContext"]["authorizer"] = sent["requestContext"]["authorizer"]["lambda"]
    answer = load("files").lambda_handler(sent, None)
    assert answer["statusCode"] in (200, 201)
    assert answer["headers"]["access-control-allow-origin"] == "https://app.example.com"
    assert [path in asked for asked, _, _ in s3.asked] == [True]


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("NoSuchBucket", None)])
def test_what_s3_denies_the_caller_is_a_403_and_any_other_fault_stays_one(
    code: str, status: int | None, s3: type[S3], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "refuses", code)
    handler = load("files").lambda_handler
    if status is None:
        with pytest.raises(ClientError, match=code):
            handler(event(handed(sealed=False)), None)
    else:
        assert handler(event(handed(sealed=False)), None)["statusCode"] == status


@pytest.mark.parametrize(
    ("path", "tenant"), [("/nothing", {"tenant": "acme"}), ("/data", {})], ids=["no route", "no tenant"]
)
def test_a_path_that_is_none_is_a_404(path: str, tenant: dict[str, str], s3: type[S3]) -> None:
    sent = {**event({**handed(sealed=False), **tenant}), "rawPath": path}
    assert load("files").lambda_handler(sent, None)["statusCode"] == 404
    assert s3.asked == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        pytest.param("CONNECT", None, 200, id="it opens for whoever the authorizer lets in"),
        pytest.param("DISCONNECT", None, 200, id="it closes"),
        pytest.param("MESSAGE", '{"action": "data"}', 200, id="a message"),
        pytest.param("MESSAGE", "[]", 404, id="a message of another kind"),
        pytest.param("MESSAGE", "no JSON", 404, id="a message that is no JSON"),
    ],
)
def test_a_websocket_is_answered(kind: str, body: str | None, status: int, s3: type[S3]) -> None:
    fields = {**handed(sealed=False), "tenant": "acme"}
    context = {"apiId": "a", "stage": "live", "eventType": kind, "connectionId": "c", "authorizer": fields}
    sent = {"requestContext": context, "body": body}
    assert load("files").lambda_handler(sent, None)["statusCode"] == status
    assert len(s3.asked) == (kind == "MESSAGE" and status == 200)


@pytest.fixture
def server(s3: type[S3], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("API_ID", ROUTE.api_id)
    monkeypatch.setenv("STAGE", ROUTE.stage)
    made = ThreadingHTTPServer(("127.0.0.1", 0), load("server").Files)
    stop = serve(made)
    yield f"http://127.0.0.1:{made.server_port}/files"
    stop()


def test_the_http_server_lists_the_callers_files(s3: type[S3], server: str, sealed: bool) -> None:
    headers = {HEADERS[name]: value for name, value in handed(sealed=sealed).items() if name in HEADERS}
    with urllib.request.urlopen(urllib.request.Request(server, headers=headers)) as answer:
        assert json.load(answer) == {"files": ["home/x/report.txt"]}
    assert asked_as_the_caller(s3)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 403, id="no credentials"),
        pytest.param({HEADERS["credentials"]: "a.b.c.d.e", HEADERS["sub"]: SUB}, 403, id="forged ones"),
        pytest.param(
            {HEADERS["credentials"]: handed(sealed=True, expires_in=-5)["credentials"], HEADERS["sub"]: SUB},
            401,
            id="old ones",
        ),
        pytest.param(
            {HEADERS["credentials"]: handed(sealed=True)["credentials"], HEADERS["sub"]: "mallory"},
            403,
            id="another's",
        ),
        pytest.param(
            {HEADERS["credentials"]: handed(sealed=True)["credentials"]},
            403,
            id="those of nobody in particular",
        ),
        pytest.param(
            {HEADERS[name]: value for name, value in handed(sealed=False).items() if name in HEADERS},
            403,
            id="plain ones, which anybody can write",
        ),
    ],
)
def test_the_http_server_refuses_what_the_authorizer_did_not_make(
    s3: type[S3], server: str, keys: None, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(server, headers=headers))
    assert refused.value.code == status
    refused.value.close()
    assert s3.asked == []


@pytest.mark.parametrize("first", ["mine", "theirs"])
def test_the_http_server_refuses_a_header_that_comes_twice(s3: type[S3], server: str, first: str) -> None:
    """`append:` in the mapping: one of the two is the caller's own, and which one a server reads is anybody's guess."""
    host, _, port = server.removeprefix("http://").removesuffix("/files").partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    connection.putrequest("GET", "/files")
    for name, value in handed(sealed=False).items():
        if name in HEADERS:
            pair = [value, "mallory"] if first == "theirs" else ["mallory", value]
            for one in pair if name == "sub" else [value]:
                connection.putheader(HEADERS[name], one)
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()
    assert s3.asked == []


def test_the_native_backend_answers_without_credentials_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHORIZER_ACCESS", str(ACCESS))
    for name, value in sample_environment().items():
        monkeypatch.setenv(name, value)
    module = load("native")
    refused = module.lambda_handler({"requestContext": {"authorizer": {"claims": {}}}}, None)
    module._loop.close()
    assert refused["statusCode"] == 401


NODE = """
import { credentialsOf } from "./credentials.mjs";
const events = JSON.parse(process.argv[1]);
const told = [];
for (const event of events) {
  try { told.push(await credentialsOf(event)); } catch (error) { told.push({ refused: error.code ?? error.message }); }
}
console.log(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def node_backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Node backend with its one package, where npm can fetch it."""
    needs.node("npm")
    folder = tmp_path_factory.mktemp("node") / "backend"
    shutil.copytree(BACKENDS / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    installing = [
        "npm",
        "install",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        "--silent",
        "--prefer-offline",
    ]
    try:
        subprocess.run(installing, cwd=folder, check=True, capture_output=True, timeout=90)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(
            f"jose is not installed, and cannot be fetched ({type(error).__name__}): npm cache add jose"
        )
    return folder


def test_the_node_backend_opens_what_was_sealed_here_and_nothing_else(node_backend: Path) -> None:
    good = handed(sealed=True)
    head, key, nonce, ciphertext, tag = good["credentials"].split(".")
    altered = ".".join([head, key, nonce, ("B" if ciphertext[0] == "A" else "A") + ciphertext[1:], tag])
    elsewhere = event(good)
    elsewhere["requestContext"]["stage"] = "test"
    years = make_credentials(issued_at=time.time() - 60, expiration=time.time() + 86_400 * 365)
    eternal = context.sealed(years, seal=Seal(parse_keys(jwk_set())), route=ROUTE, principal=SUB)
    events = [
        event(good),
        event(handed(sealed=False)),
        event(eternal | {"sub": SUB}),
        elsewhere,
        event(good | {"sub": "mallory"}),
        event(handed(sealed=True, expires_in=-5)),
        event(good | {"credentials": good["credentials"][:-2]}),
        event(good | {"credentials": altered}),
        event(handed(sealed=True, keys=jwk_set(make_jwk("other", 9)))),
        event({"sub": SUB}),
    ]
    opened, *refused = told_by_node(node_backend, events, {"AUTHORIZER_SEALING_KEYS": jwk_set()})
    assert_canary(opened)
    assert [answer["refused"] for answer in refused] == [
        "the credentials are not sealed, and this backend has keys",
        "sealed for longer than any session lives, or not yet",
        "ERR_JWT_CLAIM_VALIDATION_FAILED",
        "ERR_JWT_CLAIM_VALIDATION_FAILED",
        "ERR_JWT_EXPIRED",
        "ERR_JWE_INVALID",
        "ERR_JWE_DECRYPTION_FAILED",
        "sealed with a key that is not here",
        "the credentials are not sealed, and this backend has keys",
    ]


def test_the_node_backend_without_keys_takes_plain_credentials(node_backend: Path) -> None:
    events = [event(handed(sealed=False)), event(handed(sealed=True)), event({"sub": SUB})]
    plain, *refused = told_by_node(node_backend, events, {})
    assert_canary(plain)
    assert [answer["refused"] for answer in refused] == [
        "no live credentials in the authorizer's context"
    ] * 2


def told_by_node(backend: Path, events: list[Any], environment: dict[str, str]) -> list[dict[str, str]]:
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", NODE, json.dumps(events)],
        cwd=backend,
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told: list[dict[str, str]] = json.loads(ran.stdout)
    return told


def assert_canary(found: dict[str, str]) -> None:
    assert (found["accessKeyId"], found["secretAccessKey"]) == ("ASIACANARY", "canary-secret/+=")
    assert found["sessionToken"] == "canary-session/+=="
