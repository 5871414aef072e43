"""One subject in a process of its own, told what to do line by line.

`python -m benchmarks.worker (ours|twin) EVENTS.json` loads the handler, then reads commands from standard input, one a
line, and answers each with one line of JSON: seconds of CPU, seconds of wall clock, kilobytes resident.

    run FROM TO      the events of that range, one after the other
    repeat N TIMES   the Nth event, that many times
    together FROM TO the events of that range at once, on one event loop (ours alone)
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Self, TextIO

ALLOWED = "accessKeyId"


class Worker:
    """The driver's end of a worker process."""

    def __init__(self, subject: str, events: Path, environment: dict[str, str], folder: Path) -> None:
        self._process = Popen(
            [sys.executable, "-m", "benchmarks.worker", subject, str(events)],
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
    from benchmarks.twin import lambda_handler as twin

    return twin


def _check(answer: Any) -> None:
    # A fast refusal would look like a fast answer.
    if ALLOWED not in answer["context"]:
        raise RuntimeError(f"not allowed: {answer}")


def _together(handler: Any, events: Sequence[Any]) -> None:
    async def gathered() -> list[Any]:
        return await asyncio.gather(*(handler._decide(event, None) for event in events))

    for decision, _ in handler._loop.run_until_complete(gathered()):
        _check(decision.response)


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
        cpu, wall = time.process_time(), time.perf_counter()
        if command == "together":
            _together(handler, chosen)
        else:
            for event in chosen:
                answer = handler(event, None)
            _check(answer)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(json.dumps({"cpu": cpu, "wall": wall, "resident": _resident()}), file=answers, flush=True)
    if subject == "ours":
        handler.close()  # type: ignore[attr-defined] # ours alone has connections on an event loop


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as answers, open(os.devnull, "w") as sys.stdout:  # log lines cost, unseen
        _serve(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), answers)
