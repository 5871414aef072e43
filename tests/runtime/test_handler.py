"""`authorizer.handler.lambda_handler` under AWS's own runtime client: every shape, both forms of response."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.make import ROOT, sample_environment
from tests.runtime.task_root import make_root
from tests.servers.runtime_api import ExecutionEnvironment
from tests.test_events import ALLOWED, EVENTS, Refused
from tests.test_record import taken
from tests.world import AWS, World, running, sample_event

needs.runtime_client()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An issuer and an STS that outlive the environments of this module."""
    with running(tmp_path_factory.mktemp("keys")) as here:
        yield here


@contextmanager
def environment(world: World, root: Path, **changes: Any) -> Iterator[ExecutionEnvironment]:
    variables = {
        **sample_environment(),
        **AWS,
        "AWS_ENDPOINT_URL_STS": world.sts.endpoint,
        "JWKS_URI": next(iter(world.local.access.settings.issuers.values())).jwks_uri,
        "PYTHONPATH": str(ROOT),
        **changes.pop("variables", {}),
    }
    handler = changes.pop("handler", "authorizer.handler.lambda_handler")
    with ExecutionEnvironment(handler=handler, task_root=root, variables=variables, **changes) as here:
        yield here


@pytest.fixture(scope="module")
def warm(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExecutionEnvironment]:
    with environment(world, make_root(tmp_path_factory.mktemp("task"))) as here:
        yield here


def asked(world: World, name: str) -> object:
    return world.local.sign_in(sample_event(name))


def last_record(environment: ExecutionEnvironment) -> dict[str, Any]:
    """The last decision record in the log; below it stands the traceback of an exception, if one was raised."""
    record: dict[str, Any] = json.loads(
        [line for line in environment.log.splitlines() if line[:1] == "{"][-1]
    )
    return record


@pytest.mark.parametrize("name", EVENTS)
def test_every_sample_event_is_answered_as_api_gateway_expects(
    name: str, world: World, warm: ExecutionEnvironment
) -> None:
    outcome = warm.invoke(asked(world, name))
    expected = EVENTS[name]
    record = last_record(warm)
    if isinstance(expected, Refused) and expected.verdict != "deny":
        assert outcome.error is not None
        assert outcome.error["errorMessage"] == (
            "Unauthorized" if expected.verdict == "unauthorized" else f"authorizer failure: {expected.code}"
        )
        assert (record["verdict"], record["code"]) == expected
        return
    assert outcome.error is None, warm.log
    effect = "Deny" if isinstance(expected, Refused) else "Allow"
    assert outcome.response["policyDocument"]["Statement"][0]["Effect"] == effect
    assert (record["verdict"], record["code"]) == (
        expected if isinstance(expected, Refused) else expected.decided
    )


def test_a_simple_response_comes_where_the_settings_say_so(world: World, tmp_path: Path) -> None:
    simple = {"RESPONSE": "simple", "RESULT_TTL": "0s"}
    with environment(world, make_root(tmp_path), variables=simple) as here:
        allowed = here.invoke(asked(world, "http-2-allow")).response
        denied = here.invoke(asked(world, "no-role-deny")).response
        rest = here.invoke(asked(world, "rest-token-allow")).response
    assert allowed["isAuthorized"] is True
    assert allowed["context"]["sessionToken"].startswith("canary-session")
    assert denied == {"isAuthorized": False, "context": {"code": "no_role"}}
    assert rest["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def test_a_thousand_warm_calls_run_on_one_event_loop(world: World, warm: ExecutionEnvironment) -> None:
    events = [asked(world, name) for name in ALLOWED]
    calls = len(world.sts.requests)
    for number in range(1000):
        outcome = warm.invoke(events[number % len(events)])
        assert outcome.error is None, warm.log
    # One process, one loop, one cache: at most one AssumeRole for each caller, however often they come back.
    assert len(world.sts.requests) - calls <= len(events)
    assert "Event loop is closed" not in warm.log
    assert "Traceback" not in warm.log.split('"verdict":"allow"')[-1]


def test_the_log_is_one_line_of_json_a_request_and_holds_no_secret(
    world: World, warm: ExecutionEnvironment
) -> None:
    event: Any = asked(world, "rest-token-allow")
    outcome = warm.invoke(event)
    line = last_record(warm)
    assert line["verdict"] == "allow"
    assert ("decisions", "authorizer", "allow", "allowed") in taken(json.dumps(line))
    context = outcome.response["context"]
    for secret in (
        context["secretAccessKey"],
        context["sessionToken"],
        event["authorizationToken"].split(" ")[1],
    ):
        assert secret not in warm.log


def test_a_bad_configuration_fails_at_init_with_every_problem(world: World, tmp_path: Path) -> None:
    root = make_root(
        tmp_path, **{'"env:APP_CLIENT_ID"': '"env:NOBODY"', 'ambiguous   = "deny"': 'ambiguous = "x"'}
    )
    with environment(world, root) as here:
        assert here.init_error is not None
        message = here.init_error["errorMessage"]
    assert "2 problems" in message
    assert "the environment variable NOBODY is not set" in message
    assert "there is no role 'x'" in message


def test_a_restored_snapshot_serves_nothing_that_it_was_taken_with(world: World, tmp_path: Path) -> None:
    with environment(world, make_root(tmp_path), snap_start=True) as here:
        assert here.restore() is None, here.log
        assert here.invoke(asked(world, "rest-token-allow")).error is None
