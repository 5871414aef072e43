"""A quiet function: its process stands still between requests, and its keys and connections age all the same.

AWS's own runtime client, stopped with SIGSTOP whenever it waits for an invocation, and an issuer over HTTPS.
"""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from authorizer.local.issuer import LocalIssuer
from tests import needs
from tests.runtime.task_root import POOL, make_root
from tests.runtime.test_handler import environment, last_record
from tests.servers.jwks import Jwks
from tests.servers.runtime_api import ExecutionEnvironment, Outcome
from tests.world import World, sample_event

pytestmark = pytest.mark.slow

needs.runtime_client()

KEYS = {"timeout": 2.0, "cooldown": 0.6, "max_age": 1.2, "grace": 2.4}
"""Seconds: a day in the life of a key set, in four."""
SLACK = 1.5
"""Seconds that a busy machine may take for one request."""


@pytest.fixture
def jwks(world: World, tmp_path: Path) -> Iterator[Jwks]:
    (tmp_path / "issuer").mkdir()
    server = Jwks(world.local.issuer.jwks(), folder=tmp_path / "issuer")
    yield server
    server.close()


def quiet(
    world: World, jwks: Jwks, folder: Path, **changes: Any
) -> AbstractContextManager[ExecutionEnvironment]:
    """A frozen environment whose keys come from `jwks`; `pinned` is what it has pinned."""
    (folder / "task").mkdir()
    pinned = changes.pop("pinned", None)
    variables = {
        "JWKS_URI": jwks.uri,
        "SSL_CERT_FILE": str(jwks.certificate),
        "KEYS": json.dumps(KEYS | changes),
    }
    settings = {}
    if pinned is not None:
        variables["PINNED_KEYS"] = pinned
        settings[POOL] = f'{POOL}\npinned_keys = "env:PINNED_KEYS"'
    root = make_root(folder / "task", **settings)
    return environment(
        world, root, handler="tests.runtime.brief_keys.lambda_handler", variables=variables, freezes=True
    )


def asked(world: World, issuer: LocalIssuer, persona: str = "editor") -> dict[str, Any]:
    arns = {role.name: role.arn for role in world.local.access.settings.roles.values()}
    token = issuer.mint(world.local.personas.people[persona], "id", role_arns=arns, now=time.time())
    return {**sample_event("rest-token-allow"), "authorizationToken": f"Bearer {token}"}


def refused(outcome: Outcome) -> bool:
    if outcome.error is not None:
        assert outcome.error["errorMessage"] == "Unauthorized"
    return outcome.error is not None


@pytest.mark.parametrize("gap", [0.1, 0.6])
def test_a_withdrawn_key_is_believed_for_its_maximum_age_however_quiet_it_is(
    gap: float, world: World, later: LocalIssuer, jwks: Jwks, tmp_path: Path
) -> None:
    old, new = asked(world, world.local.issuer), asked(world, later)
    with quiet(world, jwks, tmp_path) as here:
        assert not refused(here.invoke(old)), here.log
        jwks.document = later.jwks()
        withdrawn = time.monotonic()
        while not refused(here.invoke(old)):
            assert time.monotonic() - withdrawn < KEYS["max_age"] + gap + SLACK, "still believed"
            time.sleep(gap)
        assert last_record(here)["code"] == "signature_invalid"
        assert not refused(here.invoke(new)), here.log


def test_a_pinned_key_that_was_withdrawn_is_believed_for_a_cooldown(
    world: World, later: LocalIssuer, jwks: Jwks, tmp_path: Path
) -> None:
    old, new = asked(world, world.local.issuer), asked(world, later)
    jwks.document = later.jwks()
    with quiet(world, jwks, tmp_path, pinned=world.local.issuer.jwks(), cooldown=2.0) as here:
        began = time.monotonic()
        assert not refused(here.invoke(old)), here.log
        assert jwks.requests == 0, "a cold start needs no network"
        time.sleep(began + 2.0 - time.monotonic())
        assert refused(here.invoke(old))
        assert not refused(here.invoke(new)), here.log


@pytest.mark.nightly  # the same without a process: tests/tokens/test_keystore.py
def test_a_pinned_key_is_believed_no_longer_than_the_grace_where_the_issuer_is_silent(
    world: World, jwks: Jwks, tmp_path: Path
) -> None:
    event = asked(world, world.local.issuer)
    jwks.open.clear()
    with quiet(world, jwks, tmp_path, pinned=world.local.issuer.jwks(), timeout=0.4, grace=1.0) as here:
        began = time.monotonic()
        while (outcome := here.invoke(event)).error is None:
            assert time.monotonic() - began < KEYS["cooldown"] + 1.0 + 0.3 + SLACK, "still believed"
            time.sleep(0.3)
        assert time.monotonic() - began > 1.0
        assert outcome.error["errorMessage"] == "authorizer failure: keys_unavailable"


def test_while_the_issuer_is_silent_one_request_a_cooldown_waits_and_none_is_refused(
    world: World, later: LocalIssuer, jwks: Jwks, tmp_path: Path
) -> None:
    event = asked(world, world.local.issuer)
    silence, cooldown = 0.5, KEYS["cooldown"]
    with quiet(world, jwks, tmp_path, timeout=silence, grace=60.0) as here:
        here.invoke(event)
        jwks.open.clear()
        before, began = jwks.requests, time.monotonic()
        outcomes = []
        while time.monotonic() - began < 3 * cooldown + silence:
            outcomes.append(here.invoke(event))
            time.sleep(0.1)
        lasted = time.monotonic() - began
        assert not [outcome.error for outcome in outcomes if outcome.error is not None]
        attempts = jwks.requests - before
        assert 1 <= attempts <= lasted / cooldown + 1
        slow = [outcome.seconds for outcome in outcomes if outcome.seconds > 0.8 * silence]
        assert len(slow) <= attempts + 1, "one more, on a busy machine"
        jwks.open.set()
        jwks.document = later.jwks()
        time.sleep(cooldown)
        assert refused(here.invoke(event)), "renewed as soon as it answers again"


def test_a_connection_to_sts_that_died_in_the_freeze_costs_the_next_request_nothing(
    world: World, jwks: Jwks, tmp_path: Path
) -> None:
    first, second = (asked(world, world.local.issuer, name) for name in ("editor", "viewer"))
    with quiet(world, jwks, tmp_path, max_age=60.0) as here:
        assert not refused(here.invoke(first)), here.log
        world.sts.hang_up()
        dead = here.invoke(second)
        assert dead.error is None, here.log
        assert dead.seconds < SLACK
