"""Whom the server answers, and how somebody signs in there."""

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from authorizer.errors import SettingsError
from authorizer.local_gateway.api import Cors
from authorizer.local_gateway.server import bound
from tests.cli.test_commands import run
from tests.local_gateway.stage import ORIGIN, Stage

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def stage(stages: Callable[[str], Stage]) -> Stage:
    return stages("rest-token")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:8400", ""]
)
def test_another_host_is_refused(stage: Stage, host: str) -> None:
    answer = stage.client.get("/data", headers={"Host": host, "Authorization": stage.token("editor")})
    assert (answer.status_code, stage.told.asked) == (403, [])
    assert "the Host is not this server's" in answer.text


def test_localhost_is_its_own_name(stage: Stage) -> None:
    answer = stage.client.get("/_local/", headers={"Host": f"LOCALHOST:{stage.server.port}"})
    assert answer.status_code == 200


def test_two_hosts_are_refused(stage: Stage) -> None:
    with socket.create_connection(("127.0.0.1", stage.server.port)) as raw:
        own = f"127.0.0.1:{stage.server.port}"
        raw.sendall(
            f"GET /_local/ HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\nConnection: close\r\n\r\n".encode()
        )
        assert b"403" in raw.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://127.0.0.1:1", ORIGIN + ".evil.example"]
)
def test_pages_of_others_are_refused(stage: Stage, origin: str) -> None:
    answer = stage.client.get("/data", headers={"Origin": origin, "Authorization": stage.token("editor")})
    assert (answer.status_code, stage.told.asked) == (403, [])


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("destination", ["image", "iframe", "empty", None])
def test_what_a_page_of_others_asks_for_without_an_origin_is_refused(
    stage: Stage, site: str, destination: str | None
) -> None:
    """Browsers send none for an image, nor by fetch where the page has no need to read the answer."""
    headers = {"Sec-Fetch-Site": site, "Authorization": stage.token("editor")}
    if destination:
        headers["Sec-Fetch-Dest"] = destination
    answer = stage.client.get("/data", headers=headers)
    assert (answer.status_code, stage.told.asked) == (403, [])
    assert "ask by fetch, which CORS judges" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, id="a person follows a link"
        ),
        pytest.param(
            {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"}, id="a page of the API's own"
        ),
        pytest.param({"Sec-Fetch-Site": "none"}, id="a person types its address"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, id="a page that CORS allows"),
    ],
)
def test_a_browser_asks_for_its_user(stage: Stage, headers: dict[str, str]) -> None:
    headers = {**headers, "Authorization": stage.token("editor")}
    assert stage.client.get("/data", headers=headers).status_code == 200


def test_pages_that_cors_allows_may_call_the_api_and_nobody_signs_in_from_there(stage: Stage) -> None:
    allowed = {"Origin": ORIGIN, "Authorization": stage.token("editor")}
    assert stage.client.get("/data", headers=allowed).status_code == 200
    assert (
        stage.client.post("/_local/token", headers={"Origin": ORIGIN}, data={"persona": "editor"}).status_code
        == 403
    )
    assert stage.client.post("/local/@connections/x", headers={"Origin": ORIGIN}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_the_cors_of_a_document_opens_the_laptop_to_nobody(stage: Stage, origin: str) -> None:
    """Its `*` is for the deployment: it writes headers, and admits no page."""
    configured = stage.serving.configured
    assert configured.http is not None
    http = replace(configured.http, cors=Cors(origins=("*",), methods=("*",), headers=("*",)))
    stage.serving.configured = replace(configured, http=http)
    try:
        headers = {"Origin": origin, "Authorization": stage.token("editor")}
        assert stage.client.get("/data", headers=headers).status_code == 403
        asking = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        assert stage.client.options("/data", headers=asking).status_code == 403
        assert (stage.told.asked, stage.backend.calls) == ([], [])
        leave = stage.client.options("/data", headers={**asking, "Origin": ORIGIN})
        assert (leave.status_code, leave.headers["access-control-allow-origin"]) == (200, "*")
    finally:
        stage.serving.configured = configured


def test_a_persona_signs_in_by_a_post(stage: Stage) -> None:
    answer = stage.client.post("/_local/token", data={"persona": "editor"})
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert {**tokens, "id_token": 1, "access_token": 1} == {
        "id_token": 1, "access_token": 1, "token_type": "Bearer", "expires_in": 3600,
    }  # fmt: skip
    for token in (tokens["id_token"], tokens["access_token"]):
        assert stage.client.get("/files", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_machine_has_an_access_token_alone(stage: Stage) -> None:
    tokens = stage.client.post("/_local/token", json={"persona": "machine"}).json()
    assert set(tokens) == {"access_token", "token_type", "expires_in"}
    answer = stage.client.post("/imports", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 200, stage.last


@pytest.mark.parametrize(
    "body",
    [b"", b"persona=nobody", b"persona=editor&persona=admin", b"{", b'{"persona": 1}', b"{}", b"\xff"],
)
def test_whoever_is_not_there_does_not_sign_in(stage: Stage, body: bytes) -> None:
    answer = stage.client.post("/_local/token", content=body, headers=FORM)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_the_page_lists_everybody_and_runs_no_script(stage: Stage) -> None:
    page = stage.client.get("/_local/")
    assert "editor" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    signed = stage.client.post("/_local/sign-in", content=b"persona=editor", headers=FORM)
    assert "Signed in as editor" in signed.text
    assert "<script" not in page.text + signed.text
    refused = stage.client.post("/_local/sign-in", content=b"persona=%3Cscript%3E", headers=FORM)
    assert refused.status_code == 400
    assert "<script" not in refused.text


def test_there_is_nothing_else(stage: Stage) -> None:
    assert stage.client.get("/_local/token").status_code == 404
    assert stage.client.delete("/_local/").status_code == 404


def test_where_tokens_are_real_nobody_signs_in(stage: Stage) -> None:
    configured = stage.serving.configured
    stage.serving.configured = replace(configured, local=None)
    try:
        assert stage.client.post("/_local/token", data={"persona": "editor"}).status_code == 404
    finally:
        stage.serving.configured = configured


def test_where_there_is_only_a_websocket_api_nothing_else_is_served(stage: Stage) -> None:
    configured = stage.serving.configured
    stage.serving.configured = replace(configured, http=None)
    try:
        assert stage.client.get("/data").status_code == 404
    finally:
        stage.serving.configured = configured


def test_a_token_of_the_command_is_taken(stage: Stage) -> None:
    home = Path(stage.serving._environment["XDG_CACHE_HOME"])
    printed = run("token", "viewer", home=home)
    answer = stage.client.get("/data", headers={"Authorization": f"Bearer {printed.stdout.strip()}"})
    assert answer.status_code == 200


def test_what_is_shown_of_a_decision_has_no_secret(stage: Stage) -> None:
    token = stage.tokens["editor"]
    stage.client.get(
        f"/data?token={token}", headers={"Authorization": f"Bearer {token}", "Cookie": f"a={token}"}
    )
    stage.client.get("/data", headers={"Authorization": f"Bearer {token}"})
    for served in stage.stream.decisions[-2:]:
        shown = json.dumps(served.shown())
        for part in token.split("."):
            assert part not in shown + repr(served)
    assert served.cache == "hit"
    first = stage.stream.decisions[-2].shown()
    assert first["response"]["context"]["secretAccessKey"] == "****"
    assert first["stages"]["verify"] >= 0


def test_a_body_that_never_comes_ends_nothing(stage: Stage) -> None:
    own = f"127.0.0.1:{stage.server.port}"
    with socket.create_connection(("127.0.0.1", stage.server.port)) as raw:
        raw.sendall(f"POST /data HTTP/1.1\r\nHost: {own}\r\nContent-Length: 10\r\n\r\nx".encode())
    assert stage.client.get("/_local/").status_code == 200


def test_a_port_that_is_taken_is_told(stage: Stage) -> None:
    with pytest.raises(SettingsError, match=f"--port {stage.server.port}: cannot listen there"):
        bound(stage.server.port)


def test_a_port_is_taken_by_whoever_is_first_before_anybody_is_served() -> None:
    with bound(0) as listening, pytest.raises(SettingsError, match="cannot listen there"):
        bound(listening.getsockname()[1])


def test_it_listens_on_loopback_alone() -> None:
    with bound(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        socket.create_connection(listening.getsockname()).close()


def test_whoever_listens_hears_each_decision(stage: Stage) -> None:
    heard = []
    end = stage.stream.listen(lambda served: heard.append(served.outcome))
    stage.client.get("/open")
    end()
    stage.client.get("/open")
    assert heard == ["open"]
