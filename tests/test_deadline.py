"""One deadline: whatever is slow, the answer and its record leave before Lambda ends the function."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from authorizer import runtime
from authorizer.runtime import MARGIN_SECONDS
from authorizer.sealing import sealers
from authorizer.settings.schema import Sealing, Settings
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.servers.jwks import Jwks
from tests.world import World, running, sample_event

pytestmark = pytest.mark.slow

Jam = Callable[["Jammed"], None]
BUDGET = 0.5
"""Seconds that a decision has here."""
MAKING_CLIENTS = 1.0
"""Where it makes AWS clients: half a second of reading botocore's service files, which nothing can interrupt."""
TWO_WAITS = 1.0
"""Where nine tenths are used up by the first of two."""
SLACK = 0.5
"""Seconds for a machine that runs other tests as well."""


class Lambda:
    """The context of an invocation of which `seconds` are left."""

    def __init__(self, seconds: float) -> None:
        self.get_remaining_time_in_millis = lambda: int(seconds * 1000)


class Jammed:
    """A world that has served a caller, and what a test needs to stop in it."""

    def __init__(self, world: World, jwks: Jwks, silence: int, patch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.jwks = jwks
        self.silence = silence
        """A port where connections are taken, and nothing is ever said."""
        self.patch = patch
        self.released = threading.Event()

    @property
    def settings(self) -> Settings:
        return self.world.local.access.settings

    def without_keys(self, uri: str) -> None:
        """From here on the verifier has no key, and `uri` is where they are."""
        issuers = {name: replace(entry, jwks_uri=uri) for name, entry in self.settings.issuers.items()}
        keys = replace(self.settings.keys, timeout=9.0)
        self._replace(verifier=Verifier(issuers, keys))

    def without_clients(self, **changes: Any) -> None:
        """From here on the vendor has to make its clients, and the sealers have to read their keys, anew."""
        vendor = Vendor(replace(self.settings, **changes))
        self._replace(vendor=vendor, sealers=vendor.sealers)

    def _replace(self, **stage: Any) -> None:
        authorizer = self.world.authorizer
        authorizer._stages = replace(authorizer._stages, **stage)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("keys")) as world:
        yield world


@pytest.fixture
def jammed(served: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jammed]:
    jwks = Jwks(served.local.issuer.jwks())
    stages = served.authorizer._stages
    stages.vendor.forget()
    assert served.sample("rest-token-allow")[0].verdict == "allow"
    served.lines.clear()
    with silent_port() as silence:
        jam = Jammed(served, jwks, silence, monkeypatch)
        yield jam
        jam.released.set()
    jwks.close()
    served.sts.open.set()
    served.sts.refusal = None
    jammed, served.authorizer._stages = served.authorizer._stages, stages
    if jammed.verifier is not stages.verifier:
        served.authorizer._loop.run_until_complete(jammed.verifier.close())
    if jammed.vendor is not stages.vendor:
        served.authorizer._loop.run_until_complete(jammed.vendor.close())


@contextmanager
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def slow_keys_and_a_silent_sts(jam: Jammed) -> None:
    jam.without_keys(jam.jwks.uri)
    jam.jwks.open.clear()
    threading.Timer(0.9 * TWO_WAITS, jam.jwks.open.set).start()
    jam.world.sts.open.clear()


def silent_keys(jam: Jammed) -> None:
    jam.without_keys(jam.jwks.uri)
    jam.jwks.open.clear()


def keys_behind_a_handshake_that_never_ends(jam: Jammed) -> None:
    jam.without_keys(f"https://127.0.0.1:{jam.silence}/jwks.json")


def keys_behind_a_silent_proxy(jam: Jammed) -> None:
    jam.patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{jam.silence}")
    jam.patch.setenv("NO_PROXY", "")
    jam.without_keys("https://issuer.example/jwks.json")


def keys_behind_a_silent_name_server(jam: Jammed) -> None:
    jam.without_keys("https://issuer.example/jwks.json")

    def resolve(*_: object, **__: object) -> list[Any]:
        jam.released.wait()
        return []

    jam.patch.setattr(socket, "getaddrinfo", resolve)


def a_silent_sts(jam: Jammed) -> None:
    jam.world.sts.open.clear()


def an_sts_that_throttles(jam: Jammed) -> None:
    jam.patch.setattr("authorizer.vending.sts.FIRST_PAUSE", 0.2)
    jam.world.sts.refuse(400, "Throttling", "Rate exceeded")


def an_sts_behind_a_handshake_that_never_ends(jam: Jammed) -> None:
    jam.patch.setenv("AWS_ENDPOINT_URL_STS", f"https://127.0.0.1:{jam.silence}")
    jam.without_clients()


def credentials_of_our_own_that_never_come(jam: Jammed) -> None:
    """As a container's or, after a restored snapshot, Lambda's own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        jam.patch.delenv(name)
    jam.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{jam.silence}/")
    jam.without_clients()


def sealing_keys_that_never_come(jam: Jammed) -> None:
    class Secrets:
        def get_secret_value(self, **_: object) -> dict[str, str]:
            jam.released.wait()
            raise AssertionError("nobody waits for it")

    jam.patch.setattr(sealers, "blocking_client", lambda _: Secrets())
    jam.without_clients(
        session=replace(jam.settings.session, context="sealed"),
        sealing=Sealing(source="secretsmanager", keys="arn:aws:secretsmanager:eu-west-1:1:secret:x"),
    )


def a_stage_that_minds_no_deadline(jam: Jammed) -> None:
    async def vend(*_: object) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(10)

    jam.patch.setattr(jam.world.authorizer._stages.vendor, "vend", vend)


@pytest.mark.parametrize(
    ("jam", "code", "budget"),
    [
        pytest.param(
            slow_keys_and_a_silent_sts, "sts_unavailable", TWO_WAITS, id="slow keys and a silent STS"
        ),
        pytest.param(silent_keys, "keys_unavailable", BUDGET, id="silent keys"),
        pytest.param(
            keys_behind_a_handshake_that_never_ends, "keys_unavailable", BUDGET, id="TLS to the keys"
        ),
        pytest.param(keys_behind_a_silent_proxy, "keys_unavailable", BUDGET, id="a silent proxy"),
        pytest.param(keys_behind_a_silent_name_server, "keys_unavailable", BUDGET, id="a silent name server"),
        pytest.param(a_silent_sts, "sts_unavailable", BUDGET, id="a silent STS"),
        pytest.param(an_sts_that_throttles, "sts_throttled", BUDGET, id="an STS that throttles"),
        pytest.param(
            an_sts_behind_a_handshake_that_never_ends, "sts_unavailable", MAKING_CLIENTS, id="TLS to STS"
        ),
        pytest.param(
            credentials_of_our_own_that_never_come,
            "sts_unavailable",
            MAKING_CLIENTS,
            id="the function's own credentials",
        ),
        pytest.param(
            sealing_keys_that_never_come, "sealing_keys_unavailable", MAKING_CLIENTS, id="sealing keys"
        ),
        pytest.param(
            a_stage_that_minds_no_deadline, "unforeseen", BUDGET, id="a stage that minds no deadline"
        ),
    ],
)
def test_what_is_slow_is_refused_with_its_own_code_before_lambda_ends_the_function(
    jam: Jam, code: str, budget: float, jammed: Jammed
) -> None:
    jam(jammed)
    event = jammed.world.local.sign_in(sample_event("http-1-allow"))
    left = budget + MARGIN_SECONDS
    began = time.monotonic()
    decision, _ = jammed.world.authorizer.decide(event, Lambda(left))
    took = time.monotonic() - began
    assert took < left + SLACK
    assert (decision.verdict, decision.code) == ("failure", code)
    [line] = jammed.world.lines
    assert json.loads(line)["code"] == code
    if code == "unforeseen":
        assert took > budget, "the others may use all of it"
        assert json.loads(line)["reason"] == "stopped: a stage did not end by the deadline"


def test_who_was_served_before_is_served_while_all_else_is_silent(jammed: Jammed) -> None:
    jammed.world.sts.open.clear()
    silent = jammed.world.local.sign_in(sample_event("http-1-allow"))
    assert jammed.world.authorizer.decide(silent, Lambda(0.3))[0].code == "sts_unavailable"
    assert jammed.world.sample("rest-token-allow")[0].verdict == "allow"
    jammed.world.sts.open.set()
    assert jammed.world.authorizer.decide(silent, Lambda(5))[0].verdict == "allow"


@pytest.mark.parametrize(
    "jam",
    [
        pytest.param(silent_keys, id="silent keys"),
        pytest.param(credentials_of_our_own_that_never_come, id="the function's own credentials"),
        pytest.param(sealing_keys_that_never_come, id="sealing keys"),
    ],
)
def test_the_init_phase_ends_in_time_whatever_is_slow(
    jam: Jam, jammed: Jammed, monkeypatch: pytest.MonkeyPatch
) -> None:
    jam(jammed)
    monkeypatch.setattr(runtime, "WARM_SECONDS", 0.2)
    began = time.monotonic()
    jammed.world.authorizer.warm()
    assert time.monotonic() - began < 4, "in place of 9 s for keys, 10 s for credentials, 5 s for a seal"


def test_credentials_of_our_own_that_are_absent_are_the_request_s_to_report(
    jammed: Jammed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    jammed.without_clients()
    jammed.world.authorizer.warm()

    async def never(_: float) -> None:
        raise AssertionError("asking again would not help")

    monkeypatch.setattr(jammed.world.authorizer._stages.vendor._sts, "_pause", never)
    decision, _ = jammed.world.sample("http-1-allow")
    assert decision.code == "caller_credentials_refused"


def test_what_one_step_may_take_ends_with_the_deadline() -> None:
    now = 100.0
    deadline = Deadline.after(5.0, lambda: now)
    assert deadline.within(2.0).remaining() == 2.0
    assert deadline.within(9.0).remaining() == 5.0
    now = 104.0
    assert deadline.remaining() == 1.0
    assert deadline.within(2.0).remaining() == 1.0
    now = 106.0
    assert deadline.remaining() == 0.0
