"""AWS's own Python runtime, run as Lambda runs it, against a Runtime API on loopback.

`ExecutionEnvironment` is Lambda's word for one process that serves one request at a time (on Managed Instances,
several): it starts
`python -m awslambdaric MODULE.FUNCTION`, feeds it events, and tells what came back. Shapes and routes: AWS
Lambda Developer Guide, "Using the Lambda runtime API"; behaviour of the client: source of awslambdaric 4.2.

::

    with ExecutionEnvironment(handler="package.module.function", task_root=folder) as environment:
        outcome = environment.invoke({"type": "TOKEN"})

With `freezes=True` the process stands still (SIGSTOP) whenever it waits for an invocation, as Lambda has it: no thread,
no timer and no socket of it moves, while clocks and the rest of the world go on ("Lambda execution environment
lifecycle", Invoke phase: the environment is frozen once the runtime asks for the next invocation).
"""

import json
import os
import queue
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

from typing_extensions import override

from tests.servers.serving import QuietHandler, serve

ROUTES = "/2018-06-01/runtime"
POLL = 0.05
"""Seconds between two looks at whether the process still lives, while waiting for it to call."""

Kind = Literal["next", "response", "error", "init error", "snapshot", "restore error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One call that the runtime made."""

    kind: Kind
    at: float
    request_id: str = ""
    body: bytes = b""
    error_type: str | None = None
    xray_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one invocation came to: a response, or an error with the fields that API Gateway reads."""

    response: Any
    """The handler's answer after JSON, or None if it raised."""
    error: Mapping[str, Any] | None
    """`errorMessage`, `errorType`, `requestId`, `stackTrace`."""
    body: bytes = field(repr=False)
    """The answer as it was sent."""
    xray_cause: str | None = field(repr=False)
    """The fault document that goes to X-Ray beside an error; it repeats the exception's text."""
    seconds: float
    """From handing out the event to receiving the answer."""


class RuntimeFailureError(AssertionError):
    """The process did not do what was waited for. The message ends with its log."""


class ExecutionEnvironment:
    """One Lambda execution environment. A context manager; leaving it stops the process by its pid."""

    def __init__(
        self,
        *,
        handler: str,
        task_root: Path,
        variables: Mapping[str, str] | None = None,
        python: Path | str = sys.executable,
        snap_start: bool = False,
        freezes: bool = False,
        processes: int = 1,
        timeout: float = 30.0,
    ) -> None:
        """`processes` above one is an environment of Lambda Managed Instances: the runtime forks as many, and each
        serves one request at a time beside the others. `timeout` is the function's own, in seconds: the runtime is told
        it as the invocation's deadline."""
        self.handler = handler
        self.task_root = task_root
        self.variables = dict(variables or {})
        self.python = str(python)
        self.snap_start = snap_start
        self.freezes = freezes
        self.processes = processes
        self.timeout = timeout
        self.init_error: Mapping[str, Any] | None = None
        """The body of the init error, if the module could not be loaded."""
        self.init_seconds = 0.0
        """From starting the process to its first call."""

    def __enter__(self) -> Self:
        self._server = RuntimeApi()
        self._log = tempfile.TemporaryFile()
        host, port = self._server.address
        began = time.monotonic()
        self._process = subprocess.Popen(
            [self.python, "-m", "awslambdaric", self.handler],
            cwd=self.task_root,
            env=self._environment(f"{host}:{port}"),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # those that it forks end with it
        )
        try:
            for _ in range(self.processes - 1):
                self._wait("next")
            first = self._wait("next", "init error", "snapshot")
        except BaseException:
            self._stop()
            raise
        self.init_seconds = first.at - began
        if first.kind == "init error":
            self.init_error = json.loads(first.body)
        if first.kind == "next":
            self._freeze()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def log(self) -> str:
        """Everything the process has written to its output so far: what CloudWatch Logs would hold."""
        self._log.seek(0)
        return self._log.read().decode()

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, event: object) -> Outcome:
        """Hand out one event and wait for its answer. One that freezes is thawed for it, and frozen again after it."""
        request_id = str(uuid.uuid4())
        began = time.monotonic()
        self._thaw()
        self._server.invocations.put((request_id, json.dumps(event).encode(), self.timeout))
        report = self._wait("response", "error")
        if report.request_id != request_id:
            raise RuntimeFailureError(f"the runtime answered {report.request_id!r}, expected {request_id!r}")
        if self.freezes:
            self._wait("next")
            self._freeze()
        return _outcome(report, began)

    def invoke_together(self, events: Sequence[object]) -> list[Outcome]:
        """Hand out events to all processes at once, and wait for all answers; in the order of the events."""
        numbers = {str(uuid.uuid4()): number for number, _ in enumerate(events)}
        began = time.monotonic()
        for request_id, number in numbers.items():
            self._server.invocations.put((request_id, json.dumps(events[number]).encode(), self.timeout))
        outcomes: dict[int, Outcome] = {}
        while len(outcomes) < len(events):
            report = self._wait("response", "error")
            outcomes[numbers[report.request_id]] = _outcome(report, began)
        return [outcomes[number] for number in numbers.values()]

    def restore(self) -> Mapping[str, Any] | None:
        """Let a SnapStart environment go on; gives the error body if an after-restore hook raised."""
        self._server.restored.set()
        report = self._wait("next", "restore error")
        if report.kind == "restore error":
            return cast(Mapping[str, Any], json.loads(report.body))
        self._freeze()
        return None

    def exit_code(self) -> int:
        """Wait for the process to end by itself, as it does after an init or restore error."""
        return self._process.wait(self.timeout)

    def _environment(self, address: str) -> dict[str, str]:
        # Nothing is inherited but PATH: an AWS profile of the person who runs the tests must not leak in.
        return {
            "PATH": os.environ.get("PATH", ""),
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "authorizer",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": self._initialization(),
            **({"AWS_LAMBDA_MAX_CONCURRENCY": str(self.processes)} if self.processes > 1 else {}),
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "LAMBDA_TASK_ROOT": str(self.task_root),
            "_HANDLER": self.handler,
            **self.variables,
        }

    def _initialization(self) -> str:
        if self.processes > 1:
            return "lambda-managed-instances"
        return "snap-start" if self.snap_start else "on-demand"

    def _freeze(self) -> None:
        """Stop the process, and wait until it stands."""
        if self.freezes:
            os.kill(self._process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def _thaw(self) -> None:
        if self.freezes:
            os.kill(self._process.pid, signal.SIGCONT)

    def _wait(self, *kinds: Kind) -> Report:
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            try:
                report = self._server.reports.get(timeout=POLL)
            except queue.Empty:
                if self._process.poll() is not None and self._server.reports.empty():
                    code = self._process.returncode
                    raise RuntimeFailureError(
                        f"the runtime ended with {code}, expected {kinds}:\n{self.log}"
                    ) from None
                continue
            if report.kind in kinds:
                return report
            if report.kind != "next":
                raise RuntimeFailureError(
                    f"the runtime called {report.kind!r}, expected {kinds}:\n{self.log}"
                )
        raise RuntimeFailureError(f"no {kinds} within {self.timeout} s:\n{self.log}")

    def _stop(self) -> None:
        self._server.invocations.put(None)
        self._server.restored.set()
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._server.stop()
        self._log.close()


def _outcome(report: Report, began: float) -> Outcome:
    answer = json.loads(report.body)
    return Outcome(
        response=answer if report.kind == "response" else None,
        error=answer if report.kind == "error" else None,
        body=report.body,
        xray_cause=report.xray_cause,
        seconds=report.at - began,
    )


class RuntimeApi:
    """The five routes of the Runtime API on a free loopback port, served by threads."""

    def __init__(self) -> None:
        self.invocations: queue.Queue[tuple[str, bytes, float] | None] = queue.Queue()
        self.restored = threading.Event()
        self.reports: queue.Queue[Report] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _Routes)
        self._server.api = self
        self.stop = serve(self._server)

    @property
    def address(self) -> tuple[str, int]:
        host, port = cast(tuple[str, int], self._server.server_address)
        return host, port


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A runtime that is killed in the middle of a call is the ordinary end, not an error to print."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(cast(Any, request), cast(Any, client_address))


class _Routes(QuietHandler):
    server: _Server

    def do_GET(self) -> None:
        api = self.server.api
        match self.path.removeprefix(ROUTES):
            case "/invocation/next":
                api.reports.put(Report(kind="next", at=time.monotonic()))
                invocation = api.invocations.get()
                if invocation is None:
                    self.close_connection = True
                    return
                request_id, event, timeout = invocation
                deadline = int((time.time() + timeout) * 1000)
                self._reply(
                    200,
                    event,
                    {
                        "Lambda-Runtime-Aws-Request-Id": request_id,
                        "Lambda-Runtime-Deadline-Ms": str(deadline),
                        "Lambda-Runtime-Invoked-Function-Arn": (
                            "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"
                        ),
                        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                    },
                )
            case "/restore/next":
                api.reports.put(Report(kind="snapshot", at=time.monotonic()))
                api.restored.wait()
                self._reply(200, b"{}")
            case _:
                self._reply(404, b"{}")

    def do_POST(self) -> None:
        body = self.body()
        match self.path.removeprefix(ROUTES).split("/")[1:]:
            case ["invocation", request_id, ("response" | "error") as kind]:
                self._report(cast(Kind, kind), body, request_id)
            case ["init", "error"]:
                self._report("init error", body)
            case ["restore", "error"]:
                self._report("restore error", body)
            case _:
                self._reply(404, b"{}")
                return

    def _report(self, kind: Kind, body: bytes, request_id: str = "") -> None:
        # Answered first, reported second: the driver may stop the process as soon as it hears the report.
        at = time.monotonic()
        self._reply(202, b'{"status":"OK"}')
        self.wfile.flush()
        self.server.api.reports.put(
            Report(
                kind=kind,
                at=at,
                request_id=request_id,
                body=body,
                error_type=self.headers.get("Lambda-Runtime-Function-Error-Type"),
                xray_cause=self.headers.get("Lambda-Runtime-Function-XRay-Error-Cause"),
            )
        )

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.reply(status, body, {"Content-Type": "application/json", **(headers or {})})
