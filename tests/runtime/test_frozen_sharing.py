"""Sharing and renewing sessions in a process that stands still between its requests, as Lambda has it: what counts has
happened when the answer is there."""

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.make import ROOT, sample_environment
from tests.runtime.task_root import make_root
from tests.servers.dynamodb import Door, client, create_table, moto, throttled
from tests.servers.runtime_api import ExecutionEnvironment
from tests.vending.factories import jwk_set
from tests.world import AWS, World, running, sample_event

pytestmark = pytest.mark.slow

needs.runtime_client()

SHARED = """
[private_sealing]
keys = "env:PRIVATE_KEYS"

[shared_cache]
table  = "sessions"
region = "env:AWS_REGION"
"""
PATIENT = """
from authorizer.vending import shared

shared.PATIENCE = shared.FIRST_PATIENCE = 2.0  # a busy machine is no fault of the table's

from authorizer.handler import lambda_handler
"""


@dataclass
class Scene:
    """An account: an STS that records, a table behind a door, and functions that freeze."""

    world: World
    door: Door
    table: Any

    def environment(self, root: Path) -> ExecutionEnvironment:
        variables = {
            **sample_environment(),
            **AWS,
            "AWS_ENDPOINT_URL_STS": self.world.sts.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": self.door.endpoint,
            "JWKS_URI": str(next(iter(self.world.local.access.settings.issuers.values())).jwks_uri),
            "PRIVATE_KEYS": jwk_set(),
            "PYTHONPATH": f"{ROOT}:{root}",
        }
        return ExecutionEnvironment(
            handler="patient.lambda_handler", task_root=root, variables=variables, freezes=True
        )

    def users(self, count: int) -> list[dict[str, Any]]:
        """Requests of so many editors whom nobody has seen before."""
        local = self.world.local
        arns = {role.name: role.arn for role in local.access.settings.roles.values()}
        editor = local.personas.people["editor"]
        people = [replace(editor, sub=str(uuid.uuid4()), username=f"editor{n}") for n in range(count)]
        tokens = [local.issuer.mint(person, "id", role_arns=arns, now=time.time()) for person in people]
        return [
            {**sample_event("rest-token-allow"), "authorizationToken": f"Bearer {token}"} for token in tokens
        ]

    @property
    def calls(self) -> int:
        """How often STS was asked so far."""
        return len(self.world.sts.requests)

    @property
    def entries(self) -> int:
        return int(self.table.scan(TableName="sessions", Select="COUNT")["Count"])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        moto() as endpoint,
        Door(endpoint) as door,
        running(tmp_path_factory.mktemp("keys")) as world,
    ):
        create_table(endpoint, "sessions")
        yield Scene(world, door, client(endpoint))


def make_task(folder: Path, **gateway: str) -> Path:
    """A task root whose function shares its sessions."""
    root = make_root(folder, **gateway)
    file = root / "policies" / "access.toml"
    file.write_text(file.read_text() + SHARED)
    (root / "patient.py").write_text(PATIENT)
    return root


@pytest.fixture(scope="module")
def pair(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ExecutionEnvironment, ExecutionEnvironment]]:
    """Two environments of one function."""
    root = make_task(tmp_path_factory.mktemp("task"))
    with scene.environment(root) as first, scene.environment(root) as second:
        yield first, second


def key_of(environment: ExecutionEnvironment, event: object) -> str:
    outcome = environment.invoke(event)
    assert outcome.response is not None, environment.log
    return str(outcome.response["context"]["accessKeyId"])


SPACINGS = [
    0.1,
    0.6,
    pytest.param(3.0, marks=pytest.mark.nightly),
    pytest.param(60.0, marks=pytest.mark.nightly),
]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_every_session_is_shared_whatever_time_lies_between_requests(
    scene: Scene, pair: tuple[ExecutionEnvironment, ExecutionEnvironment], spacing: float
) -> None:
    first, second = pair
    entries, calls, made = scene.entries, scene.calls, []
    users = scene.users(5)
    for user in users:
        made.append(key_of(first, user))
        assert scene.entries == entries + len(made), "published before the answer, without a later request"
        scene.door.hang_up()  # as load balancers do with connections that lie idle
        time.sleep(spacing)
    assert [key_of(second, user) for user in users] == made
    assert scene.calls == calls + len(users)


def test_a_failure_does_not_silence_the_table_for_what_comes_after_a_freeze(
    scene: Scene, pair: tuple[ExecutionEnvironment, ExecutionEnvironment]
) -> None:
    function, _ = pair
    one, two = scene.users(2)
    entries = scene.entries
    scene.door.answers["PutItem"] = throttled()
    key_of(function, one)
    scene.door.answers.clear()
    assert scene.entries == entries
    time.sleep(1)  # what one failure costs, frozen or not
    key_of(function, two)
    assert scene.entries == entries + 1


def test_a_session_is_renewed_by_the_request_that_finds_it_due_or_over(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions of three seconds, of which two serve."""
    root = make_task(tmp_path / "task", **{'"env:RESULT_TTL"': '"0s"', '"30s"': '"1s"'})
    [user] = scene.users(1)
    monkeypatch.setattr(scene.world.sts, "life", 3.0)
    began = scene.calls
    with scene.environment(root) as function:
        for _ in range(10):
            before = scene.calls
            assert key_of(function, user) == f"ASIAEXAMPLE{scene.calls:09d}", "the newest that there is"
            assert scene.calls <= before + 1
            record = json.loads([line for line in function.log.splitlines() if line[:1] == "{"][-1])
            assert record["credentials_cached"] is (scene.calls == before)
            time.sleep(0.6)
    assert scene.calls - began >= 3
