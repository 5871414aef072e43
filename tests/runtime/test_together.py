"""Several requests at once: processes, as Lambda Managed Instances have them, and threads, which take turns."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import needs
from tests.make import ROOT, sample_environment
from tests.runtime.task_root import make_root
from tests.servers.runtime_api import ExecutionEnvironment
from tests.test_events import EVENTS, Refused
from tests.world import AWS, World, sample_event

PROCESSES = 4
NAMES = [
    name
    for name, expected in EVENTS.items()
    if not isinstance(expected, Refused) or expected.verdict == "deny"
]


@pytest.fixture(scope="module")
def environment(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExecutionEnvironment]:
    needs.runtime_client()
    variables = {
        **sample_environment(),
        **AWS,
        "AWS_ENDPOINT_URL_STS": world.sts.endpoint,
        "JWKS_URI": next(iter(world.local.access.settings.issuers.values())).jwks_uri,
        "PYTHONPATH": str(ROOT),
    }
    with ExecutionEnvironment(
        handler="authorizer.handler.lambda_handler",
        task_root=make_root(tmp_path_factory.mktemp("task")),
        variables=variables,
        processes=PROCESSES,
    ) as here:
        yield here


@pytest.mark.slow
def test_processes_beside_each_other_answer_each_caller_with_their_own(
    world: World, environment: ExecutionEnvironment
) -> None:
    alone = {
        name: environment.invoke_together([world.local.sign_in(sample_event(name))])[0] for name in NAMES
    }
    outcomes = environment.invoke_together([world.local.sign_in(sample_event(name)) for name in NAMES * 8])
    for name, outcome in zip(NAMES * 8, outcomes, strict=True):
        assert outcome.error is None
        expected = alone[name].response
        assert outcome.response["principalId"] == expected["principalId"], name
        assert outcome.response["policyDocument"] == expected["policyDocument"], name
        assert outcome.response["context"].keys() == expected["context"].keys(), name


def test_threads_take_turns(world: World) -> None:
    """No runtime of Lambda's calls the handler like this; a test of somebody's own, or a server, may."""
    together = threading.Barrier(PROCESSES)

    def decide(number: int) -> tuple[str, str]:
        name = NAMES[number % len(NAMES)]
        together.wait(timeout=5)
        decision, _ = world.authorizer.decide(world.local.sign_in(sample_event(name)))
        return name, decision.code

    with ThreadPoolExecutor(PROCESSES) as threads:
        found = list(threads.map(decide, range(PROCESSES * 8)))
    for name, code in found:
        expected = EVENTS[name]
        assert code == (expected.code if isinstance(expected, Refused) else expected.decided[1]), name
