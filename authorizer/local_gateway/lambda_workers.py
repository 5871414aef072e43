"""The processes of one function: as many as are asked at once, up to a bound, and new ones when its file changes."""

import asyncio
import json
import multiprocessing
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from authorizer.errors import SettingsError
from authorizer.local_gateway.kinds import QUOTAS
from authorizer.local_gateway.lambda_process import run

PROCESSES: Final = 4
INIT_SECONDS: Final = 10.0
"""Longest that loading the handler may take: Lambda's init phase (Developer Guide, "Lambda execution environment
lifecycle")."""


class EventTooLong(Exception):
    """Lambda would not take it."""


class _Worker:
    """One process. `ask` blocks."""

    def __init__(self, handler: str, environment: Mapping[str, str], generation: int) -> None:
        self.generation = generation
        spawning = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        self._process = spawning.Process(target=run, args=(theirs, handler, dict(environment)), daemon=True)
        self._process.start()
        theirs.close()
        self._ready = False

    def ask(self, event: str, trace: str, seconds: float) -> str:
        """What it returned, as JSON. Raises `TimeoutError`, and `RuntimeError` where the function failed."""
        if not self._ready:
            self._received(INIT_SECONDS, "it was not loaded")
            self._ready = True
        return self._received(seconds, "no answer", (event, trace, str(uuid.uuid4()), seconds))

    def _received(self, seconds: float, late: str, asked: object = None) -> str:
        try:
            if asked is not None:
                self._pipe.send(asked)
            kind, said = self._pipe.recv() if self._pipe.poll(seconds) else (None, late)
        except (EOFError, OSError):
            raise RuntimeError("its process ended") from None
        if kind is None:
            raise TimeoutError(f"{late} in {seconds:g} s")
        if kind == "failed":
            raise RuntimeError(said)
        return str(said)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


class Workers:
    """`handler` is `module:function`, found from the current folder, or `path/file.py:function`."""

    def __init__(self, handler: str, environment: Mapping[str, str], *, processes: int = PROCESSES) -> None:
        self.file = file_of(handler)
        self._handler = handler
        self._environment = environment
        self._idle: list[_Worker] = []
        self._alive: set[_Worker] = set()
        self._generation = 0
        self._free = asyncio.Semaphore(processes)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="function")

    async def call(
        self,
        event: Mapping[str, Any],
        trace: str,
        seconds: float,
        most_bytes: int = QUOTAS["REST"].payload_bytes,
    ) -> Any:
        """What the function returned. Raises `TimeoutError` and `RuntimeError`, which end its process, and
        `EventTooLong`."""
        loop = asyncio.get_running_loop()
        text = json.dumps(event)
        if _is_longer(text, most_bytes):
            raise EventTooLong(f"its event has more than {most_bytes:,} bytes, which Lambda refuses")
        async with self._free:
            worker = await loop.run_in_executor(self._threads, self._taken)
            try:
                said = await loop.run_in_executor(self._threads, worker.ask, text, trace, seconds)
            except BaseException:
                self._end(worker)
                raise
            if worker.generation == self._generation:
                self._idle.append(worker)
            else:
                self._end(worker)
        if _is_longer(said, most_bytes):
            raise RuntimeError(f"its answer has more than {most_bytes:,} bytes, which Lambda refuses")
        return json.loads(said)

    def _taken(self) -> _Worker:
        try:
            return self._idle.pop()
        except IndexError:
            worker = _Worker(self._handler, self._environment, self._generation)
            self._alive.add(worker)
            return worker

    def _end(self, worker: _Worker) -> None:
        self._alive.discard(worker)
        worker.kill()

    def reload(self) -> None:
        """What is asked from now on is asked of new processes."""
        self._generation += 1
        while self._idle:
            self._end(self._idle.pop())

    async def close(self) -> None:
        self._idle.clear()
        for worker in tuple(self._alive):
            self._end(worker)
        self._threads.shutdown(wait=False)


def _is_longer(text: str, most_bytes: int) -> bool:
    """JSON of ASCII alone is never shorter than the UTF-8 that Lambda counts."""
    if len(text) <= most_bytes:
        return False
    plain = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return len(plain.encode("utf-8", "surrogatepass")) > most_bytes


def file_of(handler: str) -> Path:
    """Where the handler stands, without running any of it. Raises `SettingsError`."""
    module, colon, name = handler.rpartition(":")
    if not colon or not module or not name:
        raise SettingsError(
            [f"{handler!r} is no handler: expected module:function, or path/file.py:function"]
        )
    if module.endswith(".py"):
        if not Path(module).is_file():
            raise SettingsError([f"{handler}: there is no file {module}"])
        return Path(module).resolve()
    folders: list[str] | None = [str(Path.cwd())]
    spec = None
    for at, part in enumerate(module.split(".")):
        spec = PathFinder.find_spec(part, folders) or (find_spec(part) if at == 0 else None)
        folders = list((spec.submodule_search_locations if spec else None) or ())
    if spec is None or spec.origin is None:
        raise SettingsError([f"{handler}: there is no module {module}, seen from {Path.cwd()}"])
    return Path(spec.origin)
