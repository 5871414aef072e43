"""`GET /credentials`: a caller's own credentials, and all that must not be had by asking for them."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authorizer.local.personas import Persona
from authorizer.own import OwnCredentials
from authorizer.settings.callers import Callers
from authorizer.settings.schema import Route, Settings
from tests.world import World, running

ORIGIN = "https://app.example.com"
ADDRESS = "203.0.113.7"
HANDED = "arn:aws:iam::123456789012:role/browser"


def handing(settings: Settings, **callers: Any) -> Settings:
    """The sample, where editors get the role `browser` themselves, at GET /credentials."""
    editor = settings.roles["editor"]
    browser = replace(
        editor, name="browser", arn=HANDED, duration=900, session_name="own-{sub}", policies=("s3-home",)
    )
    return replace(
        settings,
        roles={**settings.roles, "browser": browser},
        roles_by_arn={**settings.roles_by_arn, HANDED: browser},
        scopes={
            **settings.scopes,
            "files:read": (*settings.scopes["files:read"], Route(method="GET", path="/credentials")),
        },
        callers=Callers(**{"roles": {"editor": "browser"}, "origins": frozenset((ORIGIN,)), **callers}),
    )


class Api:
    """The API in front of it: makes the events that API Gateway does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[str] = []
        self.own = OwnCredentials(world.local.access, emit=self.lines.append)

    def ask(self, token: str | None = "", *, shape: str = "2.0", **changes: Any) -> dict[str, Any]:
        token = self.world.local.mint("editor") if token == "" else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.own(event(shape, headers={**headers, **changes.pop("headers", {})}, **changes))

    @property
    def last(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.lines[-1])
        return record


def event(
    shape: str,
    *,
    headers: Mapping[str, str],
    method: str = "GET",
    path: str = "/credentials",
    address: Any = ADDRESS,
) -> dict[str, Any]:
    common = {"accountId": "123456789012", "apiId": "abc123", "stage": "live", "requestId": "r-1"}
    if shape == "2.0":
        http = {"method": method, "path": path, "sourceIp": address}
        return {
            "version": "2.0",
            "headers": dict(headers),
            "rawPath": path,
            "requestContext": {**common, "routeKey": f"{method} {path}", "http": http},
        }
    context = {**common, "httpMethod": method, "resourcePath": path, "identity": {"sourceIp": address}}
    made: dict[str, Any] = {
        "httpMethod": method,
        "path": path,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": context,
    }
    return made if shape == "rest" else {"version": "1.0", **made}


@contextmanager
def serving(keys: Path, **callers: Any) -> Iterator[Api]:
    with running(keys, change=lambda settings: handing(settings, **callers)) as world:
        api = Api(world)
        try:
            yield api
        finally:
            api.own.authorizer.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("keys"), change=handing) as world:
        yield world


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    world.sts.requests.clear()
    world.sts.refusal = None
    api = Api(world)
    yield api
    api.own.authorizer.close()


def minted(world: World, persona: Persona, *, now: float | None = None) -> str:
    """A token of the local issuer for somebody whom personas.toml does not know."""
    arns = {name: role.arn for name, role in world.local.access.settings.roles.items()}
    return world.local.issuer.mint(persona, "id", role_arns=arns, now=time.time() if now is None else now)


def body(answer: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def policy(api: Api) -> list[dict[str, Any]]:
    """The statements of the last session policy that reached STS."""
    statements: list[dict[str, Any]] = json.loads(api.world.sts.requests[-1]["Policy"])["Statement"]
    return statements


# ── What comes of it ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", ["rest", "1.0", "2.0"])
def test_a_caller_gets_a_session_of_the_role_that_is_handed_out(api: Api, shape: str) -> None:
    answer = api.ask(shape=shape)
    assert answer["statusCode"] == 200
    assert set(body(answer)) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    asked = api.world.sts.requests[-1]
    sub = api.world.local.personas.people["editor"].sub
    assert (asked["RoleArn"], asked["RoleSessionName"]) == (HANDED, f"own-{sub}")
    assert asked["DurationSeconds"] == "900"
    assert all(f"/{sub}/" in json.dumps(s["Resource"]) or "Condition" in s for s in policy(api))


def test_sdks_read_it(api: Api) -> None:
    """botocore's own reader of what `credential_process` prints."""
    from botocore.credentials import ProcessProvider

    class Printed:
        returncode = 0

        def __init__(self, *_: object, **__: object) -> None: ...

        def communicate(self) -> tuple[bytes, bytes]:
            return text.encode(), b""

    text = api.ask()["body"]
    config = {"profiles": {"default": {"credential_process": "it"}}}
    found: Any = ProcessProvider("default", lambda: config, popen=Printed).load()
    assert found.access_key == json.loads(text)["AccessKeyId"]
    assert found.token == json.loads(text)["SessionToken"]


def test_every_permission_ends_with_the_token_and_so_does_what_is_answered(api: Api) -> None:
    answer = body(api.ask())
    ends = {s["Condition"]["DateLessThan"]["aws:CurrentTime"] for s in policy(api) if s["Effect"] == "Allow"}
    assert len(ends) == 1
    assert answer["Expiration"] <= ends.pop()


def test_nobody_keeps_the_answer(api: Api) -> None:
    for answer in (api.ask(), api.ask(None)):
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert answer["headers"]["Vary"] == "Origin"


def test_the_same_session_is_answered_while_it_lives(api: Api) -> None:
    token = api.world.local.mint("editor")
    first, second = body(api.ask(token)), body(api.ask(token))
    assert first == second
    assert len(api.world.sts.requests) == 1


def test_each_vend_is_in_the_record_and_no_secret_is(api: Api) -> None:
    answer = body(api.ask())
    assert api.last["verdict"] == "allow"
    assert api.last["role"] == "browser"
    assert api.last["route"] == "GET /credentials"
    assert api.last["access_key_id"] == answer["AccessKeyId"]
    assert answer["SecretAccessKey"] not in api.lines[-1]
    assert answer["SessionToken"] not in api.lines[-1]


# ── What must not come of it ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        pytest.param({"token": None}, 401, "token_missing", id="without a token"),
        pytest.param({"token": "a.b.c"}, 401, "token_malformed", id="with a forged token"),
        pytest.param(
            {"persona": "viewer"}, 403, "not_for_callers", id="by a user whose role is for backends alone"
        ),
        pytest.param(
            {"headers": {"origin": "https://evil.example"}},
            403,
            "origin_refused",
            id="by another origin's page",
        ),
        pytest.param(
            {"headers": {"origin": "null"}}, 403, "origin_refused", id="by a page without an origin"
        ),
        pytest.param(
            {"headers": {"origin": f"{ORIGIN}.evil.example"}},
            403,
            "origin_refused",
            id="by an origin that only begins so",
        ),
        pytest.param(
            {"headers": {"origin": ORIGIN, "Origin": "https://evil.example"}},
            403,
            "origin_refused",
            id="by two origins",
        ),
        pytest.param({"path": "/credentials/more"}, 403, "route_closed", id="on a route that no scope opens"),
        pytest.param({"method": "POST"}, 405, "method_refused", id="with another method"),
        pytest.param(
            {"headers": {"x-role": "browser"}}, 403, "requested_role_refused", id="for the role itself"
        ),
        pytest.param(
            {"headers": {"x-role": HANDED}},
            403,
            "requested_role_refused",
            id="for the ARN of the role itself",
        ),
    ],
)
def test_nothing_is_made(api: Api, ask: dict[str, Any], status: int, code: str) -> None:
    ask = dict(ask)
    if persona := ask.pop("persona", None):
        ask["token"] = api.world.local.mint(persona)
    answer = api.ask(**ask)
    assert (answer["statusCode"], body(answer)["code"]) == (status, code)
    assert not api.world.sts.requests
    assert "SecretAccessKey" not in answer["body"]


def test_a_token_elsewhere_than_in_its_header_counts_for_nothing(api: Api) -> None:
    token = api.world.local.mint("editor")
    sent = event("rest", headers={"cookie": f"token={token}", "x-token": token})
    sent["queryStringParameters"] = {"token": token, "access_token": token}
    assert api.own(sent)["statusCode"] == 401
    assert not api.world.sts.requests


def test_the_context_of_an_authorizer_counts_for_nothing(api: Api) -> None:
    sent = event("2.0", headers={})
    sent["requestContext"]["authorizer"] = {
        "lambda": {"sub": "somebody", "accessKeyId": "AKIA"},
        "jwt": {"claims": {"sub": "somebody"}},
    }
    assert api.own(sent)["statusCode"] == 401


def test_a_token_whose_time_is_over_brings_nothing(api: Api) -> None:
    editor = api.world.local.personas.people["editor"]
    answer = api.ask(minted(api.world, editor, now=time.time() - 2 * 3600))
    assert (answer["statusCode"], body(answer)["code"]) == (401, "token_expired")
    assert not api.world.sts.requests


def test_a_session_that_was_made_before_is_not_answered_to_its_token_when_that_is_over(
    key_folder: Path,
) -> None:
    with running(key_folder, change=handing) as world:
        clock = [time.time()]
        own = OwnCredentials(world.local.access, emit=lambda _: None, clock=lambda: clock[0])
        editor = world.local.personas.people["editor"]
        token = minted(world, editor, now=clock[0] - 3600 + 30)  # of an hour half a minute is left
        sent = event("2.0", headers={"authorization": f"Bearer {token}"})
        assert own(sent)["statusCode"] == 200
        clock[0] += 31 + 120  # and no leeway brings it back
        assert own(sent)["statusCode"] == 401
        own.authorizer.close()


@pytest.mark.parametrize("shape", ["rest", "1.0"])
def test_of_two_tokens_neither_counts(api: Api, shape: str) -> None:
    """Who puts a second one behind a proxy's or a browser's is refused, whichever of the two is read elsewhere."""
    token = api.world.local.mint("editor")
    sent = event(shape, headers={"authorization": f"Bearer {token}"})
    sent["multiValueHeaders"] = {
        "authorization": [f"Bearer {token}", f"Bearer {api.world.local.mint('viewer')}"]
    }
    assert api.own(sent)["statusCode"] == 401
    assert not api.world.sts.requests


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"role": "admin", "x-role": "admin"}, id="another role"),
        pytest.param({"duration": "43200", "DurationSeconds": "43200"}, id="a longer session"),
        pytest.param({"sub": "22222222-2222-4222-8222-222222222222"}, id="another user"),
        pytest.param({"Policy": "{}", "policy": "*"}, id="another policy"),
    ],
)
def test_a_query_changes_nothing(api: Api, query: dict[str, str]) -> None:
    sent = event("2.0", headers={"authorization": f"Bearer {api.world.local.mint('editor')}"})
    plain, asked = api.own(sent), api.own({**sent, "queryStringParameters": query, "rawQueryString": "x=1"})
    assert asked == plain
    assert len(api.world.sts.requests) == 1


@pytest.mark.parametrize(
    "header",
    [
        "x-forwarded-for",
        "x-forwarded-host",
        "host",
        "x-amzn-requestid",
        "x-http-method-override",
        "forwarded",
    ],
)
def test_a_header_of_a_proxy_s_changes_nothing(api: Api, header: str) -> None:
    token = api.world.local.mint("editor")
    plain = api.ask(token)
    assert api.ask(token, headers={header: "198.51.100.1"}) == plain
    assert len(api.world.sts.requests) == 1


def test_two_callers_behind_one_proxy_get_each_their_own(api: Api) -> None:
    """Nothing of what the function remembers is keyed by what a proxy makes the same for both."""
    editor = api.world.local.personas.people["editor"]
    other = replace(editor, sub="22222222-2222-4222-8222-222222222222")
    answers = [body(api.ask(minted(api.world, persona))) for persona in (editor, other, editor)]
    assert len({answer["AccessKeyId"] for answer in answers}) >= 2
    assert answers[0]["AccessKeyId"] != answers[1]["AccessKeyId"] != answers[2]["AccessKeyId"]
    policies = [request["Policy"] for request in api.world.sts.requests]
    assert other.sub in policies[1]
    assert other.sub not in policies[0]


def test_a_token_that_names_the_role_gets_it_nowhere(api: Api) -> None:
    editor = api.world.local.personas.people["editor"]
    token = minted(api.world, replace(editor, preferred_role="browser", roles=("browser", "editor")))
    assert body(api.ask(token))["code"] == "role_not_listed"
    asked = {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {token}",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/GET/files",
    }
    decision, _ = api.world.authorizer.decide(asked)
    assert decision.code == "role_not_listed"
    assert not api.world.sts.requests


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param({}, id="an empty object"),
        pytest.param({"requestContext": "x"}, id="a context that is a text"),
        pytest.param({"version": "3.0", "requestContext": {}}, id="another version"),
        pytest.param(
            {"version": "2.0", "requestContext": {"routeKey": "$default"}}, id="the catch-all route"
        ),
        pytest.param({"version": ["2.0"], "requestContext": {}}, id="a version that is a list"),
        pytest.param({"requestContext": {"connectionId": "c", "routeKey": "$connect"}}, id="a WebSocket's"),
        pytest.param(
            {"type": "REQUEST", "version": "2.0", "requestContext": {"routeKey": "GET /credentials"}},
            id="an authorizer's event",
        ),
        pytest.param(
            {
                "version": "2.0",
                "headers": {"authorization": "Bearer a.b.c"},
                "requestContext": {"routeKey": "GET /credentials"},
            },
            id="one without an account",
        ),
    ],
)
def test_an_event_of_another_kind_is_a_failure_and_no_crash(api: Api, sent: Any) -> None:
    answer = api.own(sent)
    assert (answer["statusCode"], body(answer)["code"]) == (500, "event_unknown")
    assert api.last["verdict"] == "failure"


def test_a_failure_tells_a_stranger_nothing_of_it(api: Api) -> None:
    api.world.sts.refuse(403, "AccessDenied", "User: arn:aws:sts::123456789012:x is not authorized")
    answer = api.ask()
    assert answer["statusCode"] == 500
    assert "arn:" not in answer["body"]


ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
}
CORS = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "authorization, x-role",
    "Access-Control-Expose-Headers": "Retry-After",
    "Access-Control-Max-Age": "600",
}


@pytest.mark.parametrize(
    ("asked", "status", "headers", "told"),
    [
        pytest.param({}, 200, {}, None, id="credentials"),
        pytest.param(
            {"token": None},
            401,
            {"WWW-Authenticate": "Bearer"},
            {"code": "token_missing", "message": "the token is absent, or is not taken"},
            id="no token",
        ),
        pytest.param(
            {"method": "POST"},
            405,
            {"Allow": "GET"},
            {"code": "method_refused", "message": "expected GET"},
            id="another method",
        ),
        pytest.param({"method": "OPTIONS"}, 204, {}, None, id="a preflight"),
    ],
)
@pytest.mark.parametrize("origin", [None, ORIGIN])
def test_an_answer_has_these_headers_and_no_others(
    api: Api,
    asked: dict[str, Any],
    status: int,
    headers: dict[str, str],
    told: dict[str, str] | None,
    origin: str | None,
) -> None:
    answer = api.ask(headers={"origin": origin} if origin else {}, **asked)
    assert answer["statusCode"] == status
    assert answer["headers"] == {**ALWAYS, **headers, **(CORS if origin == ORIGIN else {})}
    if told:
        assert body(answer) == told


@pytest.mark.parametrize(
    ("refusal", "status", "code", "message"),
    [
        pytest.param(
            None, 403, "not_for_callers", "no credentials of their own are for this caller", id="deny"
        ),
        pytest.param(
            (400, "MalformedPolicyDocument", "no"),
            500,
            "policy_malformed",
            "no credentials can be made at the moment",
            id="failure",
        ),
    ],
)
def test_a_refusal_has_the_words_of_its_family_and_asks_for_no_token(
    api: Api, refusal: tuple[int, str, str] | None, status: int, code: str, message: str
) -> None:
    if refusal:
        api.world.sts.refuse(*refusal)
    answer = api.ask(api.world.local.mint("editor" if refusal else "viewer"))
    assert (answer["statusCode"], answer["headers"]) == (status, ALWAYS)
    assert body(answer) == {"code": code, "message": message}


def test_a_token_that_is_taken_past_its_end_brings_nothing_that_has_ended(key_folder: Path) -> None:
    def lenient(settings: Settings) -> Settings:
        issuers = {name: replace(issuer, leeway=60.0) for name, issuer in settings.issuers.items()}
        return replace(handing(settings), issuers=issuers)

    with running(key_folder, change=lenient) as world:
        api = Api(world)
        token = minted(world, world.local.personas.people["editor"], now=time.time() - 3630)
        answer = api.ask(token)
        assert (answer["statusCode"], body(answer)["code"]) == (401, "token_expired")
        assert not world.sts.requests
        api.own.authorizer.close()


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", ["rest", "1.0", "2.0"])
def test_a_listed_page_may_read_the_answer_and_a_refusal(api: Api, shape: str) -> None:
    for token, status in (("", 200), (None, 401)):
        answer = api.ask(token, shape=shape, headers={"origin": ORIGIN})
        assert answer["statusCode"] == status
        assert answer["headers"]["Access-Control-Allow-Origin"] == ORIGIN
        assert answer["headers"]["Access-Control-Expose-Headers"] == "Retry-After"
        assert "Access-Control-Allow-Credentials" not in answer["headers"]


def test_a_preflight_is_answered_without_a_token_and_opens_nothing_for_other_pages(api: Api) -> None:
    answer = api.ask(None, method="OPTIONS", headers={"origin": ORIGIN})
    assert answer["statusCode"] == 204
    assert answer["headers"]["Access-Control-Allow-Headers"] == "authorization, x-role"
    answer = api.ask(None, method="OPTIONS", headers={"origin": "https://evil.example"})
    assert not [name for name in answer["headers"] if name.startswith("Access-Control")]
    assert not api.lines


# ── From one address ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", ["rest", "1.0", "2.0"])
def test_a_session_may_serve_from_the_address_alone_that_asked(key_folder: Path, shape: str) -> None:
    with serving(key_folder, same_address=True) as api:
        assert api.ask(shape=shape, headers={"x-forwarded-for": "198.51.100.1"})["statusCode"] == 200
        for statement in policy(api):
            assert statement["Condition"]["IpAddress"] == {"aws:SourceIp": ADDRESS}


def test_another_address_gets_another_session(key_folder: Path) -> None:
    with serving(key_folder, same_address=True) as api:
        token = api.world.local.mint("editor")
        first, second = body(api.ask(token)), body(api.ask(token, address="2001:db8::1"))
        assert first["AccessKeyId"] != second["AccessKeyId"]
        assert '"2001:db8::1"' in api.world.sts.requests[-1]["Policy"]


@pytest.mark.parametrize("address", [None, "", "somewhere", "203.0.113.7/0", "*", 7, ["203.0.113.7"]])
def test_an_event_without_an_address_makes_no_session_that_serves_everywhere(
    key_folder: Path, address: Any
) -> None:
    with serving(key_folder, same_address=True) as api:
        assert body(api.ask(address=address))["code"] == "event_unknown"
        assert not api.world.sts.requests


# ── How many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_stolen_token_becomes_no_more_sessions_than_callers_sessions_allows(key_folder: Path) -> None:
    with serving(key_folder, same_address=True, sessions=3) as api:
        token = api.world.local.mint("editor")
        answers = [api.ask(token, address=f"203.0.113.{number}") for number in range(6)]
        assert [answer["statusCode"] for answer in answers] == [200, 200, 200, 429, 429, 429]
        assert body(answers[-1])["code"] == "too_many_sessions"
        assert ["Retry-After" in answer["headers"] for answer in answers] == [False] * 3 + [True] * 3
        assert 0 < int(answers[-1]["headers"]["Retry-After"]) <= 900
        assert len(api.world.sts.requests) == 3
        # The sessions that there are still answer, and so do other users'.
        assert api.ask(token, address="203.0.113.1")["statusCode"] == 200


def test_a_session_that_was_not_made_takes_no_seat(key_folder: Path) -> None:
    with serving(key_folder, same_address=True, sessions=2) as api:
        token = api.world.local.mint("editor")
        api.world.sts.refuse(400, "MalformedPolicyDocument", "no")
        for number in range(4):
            assert api.ask(token, address=f"203.0.113.{number}")["statusCode"] == 500
        api.world.sts.refusal = None
        assert api.ask(token, address="203.0.113.9")["statusCode"] == 200


def test_a_seat_is_free_again_when_its_session_is_over(key_folder: Path) -> None:
    with running(
        key_folder, change=lambda settings: handing(settings, same_address=True, sessions=1)
    ) as world:
        begun = time.time() - 890  # what STS gives lives from now on
        clock = [begun]
        own = OwnCredentials(world.local.access, emit=lambda _: None, clock=lambda: clock[0])
        token = minted(world, world.local.personas.people["editor"], now=begun - 5)

        def ask(seconds: float, address: str) -> object:
            clock[0] = begun + seconds
            return own(event("2.0", headers={"authorization": f"Bearer {token}"}, address=address))[
                "statusCode"
            ]

        assert ask(0, "203.0.113.1") == 200
        assert [ask(seconds, "203.0.113.2") for seconds in (0, 599, 901)] == [429, 429, 200]
        own.authorizer.close()
