"""SnapStart through the runtime client's restore path: a snapshot is taken once and restored many times, days later,
so nothing that was true when it was taken may be believed after."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authorizer.local.issuer import LocalIssuer
from tests import needs
from tests.runtime.task_root import make_root
from tests.runtime.test_handler import environment
from tests.servers.jwks import Jwks
from tests.servers.runtime_api import ExecutionEnvironment
from tests.world import World, sample_event

needs.runtime_client()


@pytest.fixture
def jwks(world: World) -> Iterator[Jwks]:
    server = Jwks(world.local.issuer.jwks())
    yield server
    server.close()


@pytest.fixture
def snapshot(world: World, jwks: Jwks, tmp_path: Path) -> Iterator[ExecutionEnvironment]:
    """An environment that waits at its snapshot."""
    variables = {"JWKS_URI": jwks.uri}
    with environment(world, make_root(tmp_path), variables=variables, snap_start=True) as here:
        yield here


def asked(world: World, issuer: LocalIssuer) -> dict[str, Any]:
    """The editor's request with a token of `issuer`."""
    arns = {role.name: role.arn for role in world.local.access.settings.roles.values()}
    editor = world.local.personas.people["editor"]
    token = issuer.mint(editor, "id", role_arns=arns, now=time.time())
    return {**sample_event("rest-token-allow"), "authorizationToken": f"Bearer {token}"}


def test_keys_that_changed_while_the_snapshot_lay_are_fetched_anew(
    world: World, jwks: Jwks, snapshot: ExecutionEnvironment, later: LocalIssuer
) -> None:
    before = jwks.requests
    assert before >= 1  # the snapshot was taken with keys in hand
    jwks.document = later.jwks()
    assert snapshot.restore() is None
    assert jwks.requests > before
    assert snapshot.invoke(asked(world, later)).error is None, snapshot.log
    old = snapshot.invoke(asked(world, world.local.issuer)).error
    assert old is not None
    assert old["errorMessage"] == "Unauthorized"


def test_a_restore_without_a_network_succeeds_and_believes_no_key_of_the_snapshot(
    world: World, jwks: Jwks, snapshot: ExecutionEnvironment
) -> None:
    jwks.document = None
    assert snapshot.restore() is None
    refused = snapshot.invoke(asked(world, world.local.issuer)).error
    assert refused is not None
    assert refused["errorMessage"].startswith("authorizer failure: ")


def test_every_environment_that_is_restored_asks_sts_for_itself(
    world: World, snapshot: ExecutionEnvironment
) -> None:
    assert snapshot.restore() is None
    calls = len(world.sts.requests)
    first = snapshot.invoke(asked(world, world.local.issuer))
    again = snapshot.invoke(asked(world, world.local.issuer))
    assert len(world.sts.requests) == calls + 1
    assert first.response["context"]["accessKeyId"] == again.response["context"]["accessKeyId"]
