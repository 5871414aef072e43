"""The Runtime API server and its driver, with handlers that have nothing to do with the authorizer."""

import os
import time
from pathlib import Path

import pytest

from tests import needs
from tests.servers.runtime_api import ExecutionEnvironment, RuntimeFailureError

needs.runtime_client()

ROOT = Path(__file__).parents[2]
HANDLER = "tests.runtime.sample_functions.answer"


def make_environment(handler: str = HANDLER, **changes: object) -> ExecutionEnvironment:
    return ExecutionEnvironment(**{"handler": handler, "task_root": ROOT} | changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def environment() -> object:
    with make_environment() as environment:
        yield environment


@pytest.mark.slow
def test_a_thousand_warm_calls_reach_one_process_in_order(environment: ExecutionEnvironment) -> None:
    outcomes = [environment.invoke({"n": n}) for n in range(1000)]
    counts = [outcome.response["count"] for outcome in outcomes]
    assert counts == list(range(counts[0], counts[0] + 1000))
    assert [outcome.response["event"] for outcome in outcomes] == [{"n": n} for n in range(1000)]
    # A delayed ACK costs 40 ms a call: half of that, as the median, shows that neither side waits for one.
    assert sorted(outcome.seconds for outcome in outcomes)[500] < 0.02


def test_an_event_loop_kept_by_the_module_serves_every_call(
    environment: ExecutionEnvironment,
) -> None:
    assert len({environment.invoke({"do": "loop"}).response for _ in range(3)}) == 1


def test_an_exception_arrives_with_its_exact_text(environment: ExecutionEnvironment) -> None:
    outcome = environment.invoke({"do": "unauthorized"})
    assert outcome.response is None
    assert outcome.error is not None
    assert outcome.error["errorMessage"] == "Unauthorized"
    assert outcome.error["errorType"] == "Exception"
    assert outcome.xray_cause is not None
    assert "Unauthorized" in outcome.xray_cause


def test_a_datetime_in_the_answer_is_a_marshalling_error(environment: ExecutionEnvironment) -> None:
    outcome = environment.invoke({"do": "datetime"})
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Runtime.MarshalError"


def test_what_the_handler_prints_is_in_the_log(environment: ExecutionEnvironment) -> None:
    assert environment.invoke({"do": "print"}).response is None
    assert "a line of the log\n" in environment.log


def test_nothing_of_the_persons_own_environment_reaches_the_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with make_environment(variables={"GIVEN": "1"}) as environment:
        names = environment.invoke({"do": "environment"}).response
    assert "GIVEN" in names
    assert "AWS_PROFILE" not in names


def test_a_large_event_and_a_large_answer_pass_whole(environment: ExecutionEnvironment) -> None:
    text = "x" * 5_000_000
    assert environment.invoke({"text": text}).response["event"] == {"text": text}


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        pytest.param("tests.runtime.absent.answer", "Runtime.ImportModuleError", id="an absent module"),
        pytest.param("tests.runtime.sample_functions.absent", "Runtime.HandlerNotFound", id="an absent name"),
    ],
)
def test_a_function_that_does_not_load_is_an_init_error(handler: str, kind: str) -> None:
    with make_environment(handler) as environment:
        assert environment.init_error is not None
        assert environment.init_error["errorType"] == kind
        assert environment.exit_code() == 1


def test_restore_runs_the_hooks_around_the_snapshot() -> None:
    with make_environment(snap_start=True) as environment:
        assert environment.restore() is None
        steps = environment.invoke({"do": "steps"}).response
    assert steps == ["loaded", "before snapshot", "after restore"]


def test_a_hook_that_raises_is_a_restore_error() -> None:
    with make_environment(snap_start=True, variables={"FAIL_RESTORE": "1"}) as environment:
        error = environment.restore()
        assert error is not None
        assert error["errorMessage"] == "no network after restore"
        assert environment.exit_code() == 65


def test_nothing_moves_between_invocations_where_the_environment_freezes() -> None:
    with make_environment(freezes=True) as environment:
        environment.invoke({"do": "tick"})
        frozen = time.time()
        time.sleep(0.3)
        thawed = time.time()
        for _ in range(1000):  # each may be over before the next tick
            ticks = environment.invoke({"do": "ticks"}).response
            if ticks and ticks[-1] >= thawed:
                break
    assert ticks[-1] >= thawed, "the thread goes on with the next invocations"
    assert not [tick for tick in ticks if frozen < tick < thawed]


def test_a_frozen_environment_is_stopped_too() -> None:
    with make_environment(freezes=True) as environment:
        pid = environment.pid
        state = Path(f"/proc/{pid}/stat")
        if state.exists():
            assert state.read_text().rpartition(")")[2].split()[0] == "T"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_dies_is_told_with_its_exit_code() -> None:
    with make_environment() as environment, pytest.raises(RuntimeFailureError, match="ended with 7"):
        environment.invoke({"do": "die"})


def test_leaving_stops_the_process() -> None:
    with make_environment() as environment:
        pid = environment.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
