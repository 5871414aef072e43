"""A WebSocket's backend asks for fresh credentials: through the real handler, over a real Invoke of Lambda's API."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from authorizer import backend
from authorizer.backend import opening, renewing
from authorizer.connections import Connections
from authorizer.errors import ConnectionOver, ConnectionRefused, CredentialsExpired, Refusal, RenewalFailed
from authorizer.model import Shape, instant
from authorizer.runtime import VerdictError
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from authorizer.settings.schema import Route, Sealing, Settings
from authorizer.waiting.deadline import Deadline
from tests.make import NOW, SUB, make_claims, make_request, sample_settings
from tests.servers.serving import QuietHandler, serve
from tests.vending.factories import jwk_set, make_jwk
from tests.world import World, running, sample_event

pytestmark = pytest.mark.slow

PRIVATE = Sealing(source="environment", keys=jwk_set(make_jwk("private", 7)))
Change = Callable[[Settings], Settings]
TWO_HOURS = 7200
"""As long as API Gateway keeps a connection (API Gateway quotas)."""


def renewing_settings(settings: Settings, **session: Any) -> Settings:
    return replace(
        settings,
        gateway=replace(settings.gateway, renew_connections=True),
        session=replace(settings.session, **session),
        private_sealing=PRIVATE,
    )


@contextmanager
def connected(keys: Path, change: Change = renewing_settings) -> Iterator[World]:
    with running(keys, change=change) as world:
        yield world


@pytest.fixture
def world(key_folder: Path) -> Iterator[World]:
    with connected(key_folder) as here:
        yield here


def connect(world: World, **changes: Any) -> dict[str, str]:
    """The context of `$connect`'s answer."""
    event = sample_event("websocket-allow")
    event["requestContext"] |= changes
    decision, _ = world.decide(event)
    assert decision.verdict == "allow"
    assert decision.response is not None
    context = decision.response["context"]
    assert isinstance(context, dict)
    return context


def message(context: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A message of the connection, as the backend gets it."""
    here = sample_event("websocket-allow")["requestContext"]
    request = {"apiId": here["apiId"], "stage": here["stage"], "connectionId": here["connectionId"]}
    request |= {"routeKey": "$default", "eventType": "MESSAGE", "authorizer": {"principalId": "x", **context}}
    return {"requestContext": request | changes, "body": "hello"}


def ask(context: dict[str, str], **changes: Any) -> dict[str, Any]:
    here = message(context)["requestContext"]
    event = {"type": "RENEW", "connection": context["connection"], "requestId": "r1"}
    return event | {name: here[name] for name in ("connectionId", "apiId", "stage")} | changes


class Lambda(QuietHandler):
    """Lambda's Invoke, with the authorizer's handler behind it."""

    world: World
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        event = json.loads(self.body())
        self.asked.append(event)
        headers = {}
        try:
            answer: Any = self.world.authorizer(event)
        except VerdictError as error:
            headers["X-Amz-Function-Error"] = "Unhandled"
            answer = {"errorMessage": str(error), "errorType": type(error).__name__}
        self.reply(200, json.dumps(answer).encode(), headers)


@pytest.fixture
def function(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Lambda]]:
    """The authorizer as a function that the backend may invoke."""
    handler = type("Here", (Lambda,), {"world": world, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stop = serve(server)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv(renewing.FUNCTION, "arn:aws:lambda:eu-west-1:123456789012:function:authorizer:live")
    renewing._remembered.clear()
    renewing._client.cache_clear()
    yield handler
    stop()


def end(context: dict[str, str], now: float) -> None:
    """What `$connect` was answered is over."""
    context["expiration"] = "2026-01-01T00:00:00Z"


def test_a_message_of_a_long_connection_gets_fresh_credentials_of_its_caller(
    world: World, function: type[Lambda]
) -> None:
    context = connect(world)
    first = backend.credentials(message(context))
    assert function.asked == []
    world.sts.requests.clear()
    end(context, 0)
    fresh = backend.credentials(message(context))
    assert fresh.expiration > first.expiration - 60
    assert backend.credentials(message(context)).session_token == fresh.session_token
    assert len(function.asked) == 1
    assert world.last["verdict"] == "allow"
    assert world.last["shape"] == "WebSocket"
    assert world.last["sub"] == context["sub"]


def left(context: dict[str, str], seconds: float) -> float:
    """The moment at which what `$connect` was answered lives `seconds` more."""
    return datetime.fromisoformat(context["expiration"]).timestamp() - seconds


def silent(_: object) -> object:
    raise VerdictError("authorizer failure: sts_unavailable")


def denying(_: object) -> object:
    return {"principalId": "x", "policyDocument": {}, "context": {"code": "no_role"}}


@pytest.mark.parametrize(("seconds", "asked"), [(61, 0), (60, 1), (1, 1)])
def test_credentials_are_renewed_while_a_request_can_still_be_made_with_the_old_ones(
    world: World, function: type[Lambda], seconds: float, asked: int
) -> None:
    context = connect(world)
    now = float(int(time.time()))
    context["expiration"] = instant(now + seconds)
    got = {backend.credentials(message(context), now=now).expiration > now + 600 for _ in range(3)}
    assert got == {bool(asked)}
    assert len(function.asked) == asked


@pytest.mark.parametrize(
    "failing", [pytest.param(silent, id="it is down"), pytest.param(denying, id="it gives no others")]
)
def test_while_the_old_ones_live_a_renewal_that_fails_is_nobodys_error_and_is_not_tried_by_every_message(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch, failing: Callable[[object], object]
) -> None:
    context = connect(world)
    monkeypatch.setattr(function, "world", type("Other", (), {"authorizer": staticmethod(failing)}))
    for seconds, asked in ((50, 1), (49.5, 1), (48.9, 2), (47.5, 2), (46, 3)):
        got = backend.credentials(message(context), now=left(context, seconds))
        assert got.access_key_id == context["accessKeyId"]
        assert len(function.asked) == asked
    with pytest.raises((RenewalFailed, CredentialsExpired)):
        backend.credentials(message(context), now=left(context, 0))
    assert len(function.asked) == 4


def test_fresh_ones_that_last_no_longer_are_not_asked_for_by_every_message(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last minute of a token with which sessions end."""
    context = connect(world)
    answer = {"context": {**context, "accessKeyId": "ASIAFRESH"}}
    monkeypatch.setattr(function, "world", type("Other", (), {"authorizer": staticmethod(lambda _: answer)}))
    for _ in range(5):
        backend.credentials(message(context), now=left(context, 30))
    assert len(function.asked) == 1


def test_the_answer_holds_the_context_alone_and_no_policy_of_the_api(world: World) -> None:
    context = connect(world)
    decision, _ = world.authorizer.decide(ask(context))
    assert decision.response is not None
    assert set(decision.response) == {"context"}
    fields = decision.response["context"]
    assert isinstance(fields, dict)
    assert set(fields) == set(context) - {"connection"}


@pytest.mark.parametrize(
    "left",
    [
        pytest.param((), id="$connect is open no longer"),
        pytest.param(
            (Route(method="", path="$default"),), id="what is open is the catch-all route of an HTTP API"
        ),
    ],
)
def test_the_access_toml_of_the_moment_decides(
    world: World, key_folder: Path, left: tuple[Route, ...]
) -> None:
    context = connect(world)
    settings = world.authorizer.settings
    closed = {
        name: (*(r for r in routes if r.path != "$connect"), *left)
        for name, routes in settings.scopes.items()
    }
    later = replace(settings, scopes=closed)
    with connected(key_folder, lambda _: later) as then:
        decision, _ = then.authorizer.decide(ask(context))
        assert (decision.verdict, decision.code) == ("deny", "no_route")


def test_an_issuer_that_is_configured_no_longer_speaks_for_no_connection(
    world: World, key_folder: Path
) -> None:
    context = connect(world)
    settings = world.authorizer.settings
    others = {
        name: issuer for name, issuer in settings.issuers.items() if issuer.issuer != world.last["issuer"]
    }
    assert len(others) == 1, "the other form of the user pool's name"
    later = replace(settings, issuers=others)
    with connected(key_folder, lambda _: later) as then:
        decision, _ = then.authorizer.decide(ask(context))
        assert (decision.verdict, decision.code) == ("unauthorized", "connection_refused")
        assert "configured no longer" in then.last["reason"]
        assert then.sts.requests == []


@pytest.mark.parametrize(
    ("number", "told"),
    [
        pytest.param("r1", "r1", id="a text"),
        pytest.param(7, None, id="a number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_the_record_tells_the_request_in_which_a_backend_asked(
    world: World, number: object, told: str | None
) -> None:
    decision, _ = world.authorizer.decide(ask(connect(world), requestId=number))
    assert decision.verdict == "allow"
    assert world.last["request_id"] == told


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="nothing"),
        pytest.param("RENEW", id="a text"),
        pytest.param([["type", "RENEW"]], id="a list"),
    ],
)
def test_what_is_no_object_is_an_event_that_nobody_knows(world: World, event: object) -> None:
    decision, _ = world.authorizer.decide(event)
    assert (decision.verdict, decision.code) == ("failure", "event_unknown")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param(
            {"client_ids": frozenset({"another"})}, "client_refused", id="its app client is taken no more"
        ),
        pytest.param(
            {"token_use": frozenset({"access"})}, "token_use_refused", id="its use is taken no more"
        ),
        pytest.param({"max_lifetime": 1.0}, "token_lifetime_too_long", id="it lives too long by now"),
        pytest.param(
            {"max_auth_age": 1.0}, "authentication_too_old", id="the sign-in is too long ago by now"
        ),
    ],
)
def test_a_token_that_would_be_refused_today_renews_nothing(
    world: World, key_folder: Path, changes: dict[str, Any], code: str
) -> None:
    context = connect(world)
    settings = world.authorizer.settings
    issuers = {name: replace(issuer, **changes) for name, issuer in settings.issuers.items()}
    with connected(key_folder, lambda _: replace(settings, issuers=issuers)) as then:
        at(then, 60)
        decision, _ = then.authorizer.decide(ask(context))
        assert (decision.verdict, decision.code) == ("unauthorized", code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"connectionId": "another="}, "connection_refused", id="another connection"),
        pytest.param({"apiId": "otherapi00"}, "connection_refused", id="another API"),
        pytest.param({"stage": "test"}, "connection_refused", id="another stage"),
        pytest.param({"connection": "a.b.c.d.e"}, "connection_refused", id="what nobody sealed"),
    ],
)
def test_what_was_kept_counts_for_this_connection_alone(
    world: World, changes: dict[str, str], code: str
) -> None:
    decision, _ = world.authorizer.decide(ask(connect(world), **changes))
    assert (decision.verdict, decision.code, decision.response) == ("unauthorized", code, None)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"connection": None}, id="nothing that was kept"),
        pytest.param({"connectionId": 7}, id="a connection that is no text"),
        pytest.param({"apiId": ""}, id="an empty API"),
        pytest.param({"stage": ["prod"]}, id="a stage that is no text"),
    ],
)
def test_a_malformed_question_is_refused(world: World, changes: dict[str, Any]) -> None:
    decision, _ = world.authorizer.decide(ask(connect(world), **changes))
    assert (decision.verdict, decision.code) == ("failure", "event_unknown")


def test_sealed_credentials_of_a_backend_are_no_connection(key_folder: Path) -> None:
    """Both are JWEs of this project: keys and purpose tell them apart."""

    def sealing(settings: Settings) -> Settings:
        sealed = renewing_settings(settings, context="sealed")
        return replace(sealed, sealing=Sealing(source="environment", keys=jwk_set(make_jwk("private", 8))))

    with connected(key_folder, sealing) as world:
        context = connect(world)
        decision, _ = world.authorizer.decide(ask(context, connection=context["credentials"]))
        assert decision.code == "connection_refused"


def test_nobody_can_ask_where_the_settings_do_not_say_so(world: World, key_folder: Path) -> None:
    context = connect(world)
    with connected(key_folder, lambda settings: replace(settings, private_sealing=PRIVATE)) as closed:
        assert "connection" not in connect(closed)
        decision, _ = closed.authorizer.decide(ask(context))
        assert (decision.verdict, decision.code) == ("failure", "event_unknown")


def test_other_answers_carry_nothing_of_a_connection(world: World) -> None:
    for sample in ("rest-request-allow", "http-2-allow", "rest-token-allow"):
        decision, _ = world.sample(sample)
        assert decision.response is not None
        context = decision.response["context"]
        assert isinstance(context, dict)
        assert "connection" not in context


def test_nothing_of_the_token_shows_in_what_is_kept(world: World) -> None:
    context = connect(world)
    visible = b"".join(base64.urlsafe_b64decode(part + "==") for part in context["connection"].split("."))
    assert context["sub"].encode() not in visible


@pytest.mark.parametrize(
    ("later", "dropped", "refusal"),
    [
        pytest.param(TWO_HOURS - 1, False, None, id="within two hours"),
        pytest.param(TWO_HOURS, False, ConnectionOver, id="after two hours"),
        pytest.param(1, True, ConnectionRefused, id="by an issuer that is configured no longer"),
    ],
)
async def test_a_caller_is_taken_up_again(later: float, dropped: bool, refusal: type[Refusal] | None) -> None:
    async def seal(*_: object) -> Seal:
        return Seal(parse_keys(jwk_set(make_jwk("private", 7))))

    settings = renewing_settings(sample_settings())
    said = {"sub": SUB, "aud": "1example23456789app", "token_use": "id", "iat": NOW - 60, "exp": NOW + 3600}
    claims, deadline = make_claims(values=said), Deadline.after(9)
    request = make_request(shape=Shape.WEBSOCKET, connection_id="c1=")
    context = await Connections(settings, seal).keep(claims, request, NOW, deadline)
    if dropped:
        others = {name: entry for name, entry in settings.issuers.items() if name != claims.issuer}
        settings = replace(settings, issuers=others)
    event = {**context, "connectionId": "c1=", "apiId": request.route.api_id, "stage": request.route.stage}
    taking_up = Connections(settings, seal).take_up(event, NOW + later, deadline)
    if refusal:
        with pytest.raises(refusal):
            await taking_up
    else:
        kept = await taking_up
        assert (kept.claims.sub, kept.request.route) == (claims.sub, request.route)


def at(world: World, seconds: float) -> None:
    """Let the authorizer's clock run ahead."""
    clock = world.authorizer._clock
    world.authorizer._clock = lambda: clock() + seconds


def test_a_connection_lasts_two_hours_and_no_longer(world: World) -> None:
    context = connect(world)
    at(world, TWO_HOURS - 60)
    decision, _ = world.authorizer.decide(ask(context))
    assert decision.code != "connection_over"
    at(world, 61)
    decision, _ = world.authorizer.decide(ask(context))
    assert (decision.verdict, decision.code) == ("unauthorized", "connection_over")


def test_where_sessions_end_with_the_token_so_does_the_connection(key_folder: Path) -> None:
    with connected(key_folder, lambda settings: renewing_settings(settings, end_with_token=True)) as world:
        context = connect(world)
        at(world, 3601)
        decision, _ = world.authorizer.decide(ask(context))
        assert (decision.verdict, decision.code) == ("unauthorized", "connection_over")


def test_the_backend_says_that_a_connection_is_over(world: World, function: type[Lambda]) -> None:
    context = connect(world)
    end(context, 0)
    at(world, TWO_HOURS + 1)
    with pytest.raises(CredentialsExpired, match="and so is the connection"):
        backend.credentials(message(context))


def test_the_backend_says_that_the_caller_may_do_nothing_any_more(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = connect(world)
    end(context, 0)
    denial = {"principalId": "x", "policyDocument": {}, "context": {"code": "no_role"}}
    monkeypatch.setattr(
        function, "world", type("Denying", (), {"authorizer": staticmethod(lambda _: denial)})
    )
    with pytest.raises(CredentialsExpired, match="no_role"):
        backend.credentials(message(context))


@pytest.mark.parametrize(
    "answer",
    [pytest.param(["x"], id="a list"), pytest.param({"context": {"sub": "mallory"}}, id="another caller")],
)
def test_an_answer_that_is_not_the_callers_is_refused(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    context = connect(world)
    end(context, 0)
    monkeypatch.setattr(function, "world", type("Other", (), {"authorizer": staticmethod(lambda _: answer)}))
    with pytest.raises(RenewalFailed):
        backend.credentials(message(context))


def test_an_authorizer_that_fails_is_told_apart_from_one_that_refuses(
    world: World, function: type[Lambda]
) -> None:
    context = connect(world)
    end(context, 0)
    context["connection"] = ""
    with pytest.raises(CredentialsExpired, match="renew_connections"):
        backend.credentials(message(context))
    context["connection"] = "x" * 8000
    with pytest.raises(CredentialsExpired, match="so is the connection"):
        backend.credentials(message(context))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("authorizer failure: sts_unavailable", id="in its own words"),
        pytest.param("a line\nand more " + "x" * 9000, id="in words that belong in no log"),
    ],
)
def test_what_a_failing_authorizer_says_is_quoted_and_cut(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    context = connect(world)
    end(context, 0)

    def failing(_: object) -> object:
        raise VerdictError(said)

    monkeypatch.setattr(function, "world", type("Other", (), {"authorizer": staticmethod(failing)}))
    with pytest.raises(RenewalFailed) as refused:
        backend.credentials(message(context))
    assert repr(said)[: renewing.MOST_QUOTED] in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_the_code_of_an_answer_without_credentials_is_quoted_and_cut(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = connect(world)
    end(context, 0)
    answer = {"policyDocument": {}, "context": {"code": "no_role\n" + "x" * 9000}}
    monkeypatch.setattr(function, "world", type("Other", (), {"authorizer": staticmethod(lambda _: answer)}))
    with pytest.raises(CredentialsExpired, match=r"\('no_role\\nx+\): close the connection$") as refused:
        backend.credentials(message(context))
    assert len(str(refused.value)) < 400


def test_a_backend_that_may_not_ask_says_so(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = connect(world)
    end(context, 0)
    monkeypatch.delenv(renewing.FUNCTION)
    with pytest.raises(CredentialsExpired, match="renew_connections"):
        backend.credentials(message(context))
    monkeypatch.setenv(renewing.FUNCTION, "authorizer")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    renewing._client.cache_clear()
    with pytest.raises(RenewalFailed, match="cannot be asked: EndpointConnectionError"):
        backend.credentials(message(context))


def test_one_environment_remembers_a_thousand_connections(
    world: World, function: type[Lambda], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewing, "MAX_REMEMBERED", 2)
    for number in (1, 2, 3, 1):
        context = connect(world, connectionId=f"c{number}=")
        end(context, 0)
        backend.credentials(message(context, connectionId=f"c{number}="))
    assert len(function.asked) == 4
    assert len(renewing._remembered) == 2
    assert opening.is_sealing() is False
