"""One subject in a process of its own, told what to do line by line.

`python -m benchmarks.worker (ours|twin|reference) EVENTS.json` loads the handler, then reads commands from standard
input, one a line, and answers each with one line of JSON: seconds of CPU, seconds of wall clock, kilobytes resident.

    run FROM TO      the events of that range, one after the other
    repeat N TIMES   the Nth event, that many times
    stages FROM TO   the events of that range, and milliseconds by stage, as their records tell (ours)
    verify FROM TO   the tokens of that range, verified alone (ours)
    many FROM TO     users of those numbers, signed by nobody (ours alone; see `_strangers`)
    together FROM TO the events of that range at once, on one event loop (ours alone)
"""

import asyncio
import json
import os
import statistics
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any, Self, TextIO
from uuid import UUID

from benchmarks.pythons import bare_python

if TYPE_CHECKING:
    from benchmarks.scene import Scene

ROOT = Path(__file__).parent.parent


ALLOWED = "accessKeyId"


class Worker:
    """The driver's end of a worker process."""

    def __init__(
        self, subject: str, events: Path, scene: "Scene", changes: Mapping[str, str] | None = None
    ) -> None:
        """`changes` are laid over the scene's environment."""
        folder = scene.installs.folder(subject)
        environment = {
            **scene.environment,
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "LAMBDA_TASK_ROOT": str(folder),
            **(changes or {}),
        }
        self._process = Popen(
            [*bare_python(), "-m", "benchmarks.worker", subject, str(events)],
            stdin=PIPE,
            stdout=PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closes its input, on which it ends, and waits for it.
        self._process.__exit__(None, None, None)

    def tell(self, command: str, first: int, last: int) -> dict[str, float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command} {first} {last}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker has ended: see its messages above")
        answer: dict[str, float] = json.loads(line)
        return answer


def _load(subject: str) -> Callable[[Any, Any], Any]:
    if subject == "ours":
        from authorizer.handler import lambda_handler

        return lambda_handler
    if subject == "reference":
        from benchmarks.reference import lambda_handler as reference

        return reference
    from benchmarks.twin import lambda_handler as twin

    return twin


def _check(answer: Any) -> None:
    # A fast refusal would look like a fast answer.
    if ALLOWED not in answer["context"]:
        raise RuntimeError(f"not allowed: {answer}")


def _stages(handler: Any, events: Sequence[Any]) -> dict[str, float]:
    """Milliseconds of each stage, the median, and of what is in none: the record, and what holds all together."""
    lines: list[str] = []
    emit, handler._emit = handler._emit, lines.append
    took = []
    for event in events:
        began = time.perf_counter()
        _check(handler(event, None))
        took.append((time.perf_counter() - began) * 1000)
    handler._emit = emit
    records = [json.loads(line)["stages"] for line in lines]
    stages = {name: statistics.median(record[name] for record in records) for name in records[0]}
    return {**stages, "the rest": max(0.0, statistics.median(took) - sum(stages.values()))}


def _verify(handler: Any, events: Sequence[Any]) -> None:
    from authorizer.runtime import MAX_SECONDS
    from authorizer.waiting.deadline import Deadline

    async def verified() -> None:
        verifier, now, until = handler._stages.verifier, time.time(), Deadline.after(MAX_SECONDS)
        for event in events:
            await verifier.verify(event["authorizationToken"].removeprefix("Bearer "), now, until)

    handler._loop.run_until_complete(verified())


def _together(handler: Any, events: Sequence[Any]) -> None:
    from authorizer.runtime import MAX_SECONDS
    from authorizer.waiting.deadline import Deadline

    async def gathered() -> list[Any]:
        until = Deadline.after(MAX_SECONDS)
        return await asyncio.gather(*(handler._decide(event, until) for event in events))

    for decision, _ in handler._loop.run_until_complete(gathered()):
        _check(decision.response)


def _strangers(handler: Any, sample: str, users: range) -> Iterator[dict[str, str]]:
    """Events of that many users. What is measured is what their decisions leave behind, so nobody signs 200,000
    tokens and no STS is asked: the check of the signature and the call are stood in for, everything else runs."""
    import authorizer.tokens.verifier as verifier
    from authorizer.model import Credentials

    async def assume_role(request: Any, *, now: float, **_: Any) -> Credentials:
        return Credentials(
            access_key_id="ASIAEXAMPLEEXAMPLE12",
            secret_access_key="w" * 40,
            session_token=f"{request.session_name}{'x' * 900}",
            expiration=now + 3600,
            role_arn=request.role_arn,
            session_name=request.session_name,
            packed_policy_size=12,
            issued_at=now,
        )

    vars(verifier)["is_signed_by"] = lambda *_: True
    handler._stages.vendor._sts.assume_role = assume_role
    header, payload, signature = sample.removeprefix("Bearer ").split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    for user in users:
        changed = json.dumps({**claims, "sub": str(UUID(int=user)), "iat": claims["iat"] - user % 60})
        text = urlsafe_b64encode(changed.encode()).rstrip(b"=").decode()
        yield {"authorizationToken": f"Bearer {header}.{text}.{signature}"}


def _resident() -> int:
    """VmRSS, in KB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


def _serve(subject: str, events: list[Any], answers: TextIO) -> None:
    handler = _load(subject)
    for line in sys.stdin:
        command, first, last = line.split()
        repeat = command == "repeat"
        chosen = [events[int(first)]] * int(last) if repeat else events[int(first) : int(last)]
        stages: dict[str, float] = {}
        cpu, wall = time.process_time(), time.perf_counter()
        if command == "together":
            _together(handler, chosen)
        elif command == "verify":
            _verify(handler, chosen)
        elif command == "stages":
            stages = _stages(handler, chosen)
        elif command == "many":
            users = range(int(first), int(last))
            for change in _strangers(handler, events[0]["authorizationToken"], users):
                answer = handler({**events[0], **change}, None)
            _check(answer)
        else:
            for event in chosen:
                answer = handler(event, None)
            _check(answer)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        told = {"cpu": cpu, "wall": wall, "resident": _resident(), **stages}
        print(json.dumps(told), file=answers, flush=True)
    if subject == "ours":
        handler.close()  # type: ignore[attr-defined] # ours alone has connections on an event loop


if __name__ == "__main__":
    with (
        os.fdopen(os.dup(1), "w") as answers,
        Path(os.devnull).open("w") as sys.stdout,
    ):  # log lines cost, unseen
        _serve(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), answers)
