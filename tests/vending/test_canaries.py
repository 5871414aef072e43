"""Marked secrets through success and every failure, at debug level: none of them shows where nobody asked for it."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authorizer import backend
from authorizer.aws.hush import LOUD
from authorizer.backend import opening
from authorizer.errors import AuthorizerError
from authorizer.settings.schema import Sealing, Session, Settings
from authorizer.vending.failures import CALLER, DENIED, MALFORMED, PACKED, REGION
from tests.vending.factories import jwk_set, make_jwk
from tests.world import World, running, sample_event

CALLER_TOKEN, CALLER_SECRET = "canary-caller-token", "canary-caller-secret"
CODES = sorted(
    DENIED
    | PACKED
    | MALFORMED
    | REGION
    | CALLER
    | {"Throttling", "InternalFailure", "ValidationError", "Other"}
)
"""What passes is tried again, with pauses: one of each kind says as much as all."""


class Watch:
    """Everything that was said, and what must not be in it."""

    def __init__(
        self, world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.world = world
        self.caplog = caplog
        self.capfd = capfd
        self.said: list[str] = []
        self.secrets = {"canary", make_jwk()["k"]}

    def decide(self, name: str) -> Any:
        event: Any = self.world.local.sign_in(sample_event(name))
        token = next(text for text in texts(event) if text.count(".") == 2 and "eyJ" in text)
        self.secrets |= {token.rpartition(" ")[2], token.rpartition(".")[2]}
        decision, record = self.world.authorizer.decide(event)
        self.said += [repr(decision), repr(record), str(record.refusal)]
        if record.refusal:
            self.said += traceback.format_exception(record.refusal)
        return decision

    def leaks(self) -> set[str]:
        out, err = self.capfd.readouterr()
        everything = "\n".join([*self.said, *self.world.lines, self.caplog.text, out, err])
        assert len(everything) > 500
        return {secret for secret in self.secrets if secret in everything}


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def sealed(settings: Settings) -> Settings:
    return replace(
        settings, session=Session(context="sealed"), sealing=Sealing(source="environment", keys=jwk_set())
    )


@pytest.fixture
def watch(
    key_folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Watch]:
    caplog.set_level(logging.DEBUG)
    for name in LOUD:
        monkeypatch.setattr(
            logging.getLogger(name), "__class__", logging.Logger
        )  # as before the first request
    with running(key_folder, change=getattr(request, "param", lambda settings: settings)) as world:
        monkeypatch.setenv("AWS_SESSION_TOKEN", CALLER_TOKEN)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CALLER_SECRET)
        yield Watch(world, caplog, capfd)


def test_the_watch_sees_what_is_said(watch: Watch) -> None:
    """The check itself: a secret that is logged is found."""
    watch.decide("rest-token-allow")
    logging.getLogger("anybody").debug("session %s", CALLER_TOKEN)
    assert watch.leaks() == {"canary"}


@pytest.mark.parametrize("watch", [lambda settings: settings, sealed], ids=["plain", "sealed"], indirect=True)
def test_nothing_shows_when_all_goes_well(watch: Watch) -> None:
    for name in ("rest-token-allow", "http-2-allow", "websocket-allow"):
        assert watch.decide(name).verdict == "allow"
    watch.said.append(repr(watch.world.authorizer.settings))
    assert watch.leaks() == set()


def test_nothing_shows_when_sts_refuses_in_any_way(watch: Watch) -> None:
    """STS echoes what it refuses: values, and in `SignatureDoesNotMatch` the function's own session token."""
    watch.decide("rest-token-allow")
    watch.world.authorizer._stages.vendor.forget()
    for code in CODES:
        watch.world.sts.refuse(400, code, f"Value '{CALLER_TOKEN}' at 'policy' {CALLER_SECRET}")
        decision = watch.decide("rest-request-allow")
        assert decision.verdict == "failure"
        watch.world.authorizer._stages.vendor.forget()  # a remembered denial would hide the next code
    assert watch.leaks() == set()


def test_nothing_shows_when_a_backend_opens_what_it_should_not(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = dict(watch.decide("http-2-allow").response["context"])
    monkeypatch.setattr(opening, "_keys", opening._Keys())
    broken: list[dict[str, str]] = [
        fields | {"expiration": "2020-01-01T00:00:00Z"},
        {name: value for name, value in fields.items() if name != "secretAccessKey"},
        fields | {"credentials": "canary.a.b.c.d"},
    ]
    for wrong in broken:
        request = {"apiId": "a", "stage": "b", "authorizer": {"lambda": wrong}}
        with pytest.raises(AuthorizerError) as refused:
            backend.credentials({"version": "2.0", "requestContext": request})
        watch.said += [*traceback.format_exception(refused.value), repr(refused.value)]
    good = {
        "version": "2.0",
        "requestContext": {"apiId": "a", "stage": "b", "authorizer": {"lambda": fields}},
    }
    watch.said += [
        repr(backend.credentials(good)),
        repr(backend.boto3_session(good)),
        repr(backend.session(good)),
    ]
    assert watch.leaks() == set()
