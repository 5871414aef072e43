"""The model beside the real thing: ``python -m tests.capacity.real``.

Fifty processes are fifty environments, each a vendor with its own clients, which ask an STS and a DynamoDB on loopback
over HTTP, in real time. The same users come to both by the same code, with the same seed; what is compared is what the
model makes of the clock, the wire and the environments. Times of STS and DynamoDB are twenty times those of the model's
facts, in both, so that what loopback and a crowded machine add stays small beside them. Some minutes.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final
from unittest import mock
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from rich.console import Console
from rich.table import Table

from authorizer.capacity import FACTS, Load, Measured
from authorizer.capacity.environment import role_of, whoever
from authorizer.capacity.load import settings_with
from authorizer.capacity.surroundings import SESSION_TOKEN, lognormal
from authorizer.capacity.world import EPOCH, World
from authorizer.errors import Refusal
from authorizer.model import Shape
from authorizer.settings.schema import Settings
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import make_settings
from tests.servers.sts import ERROR

PROCESSES: Final = 50
SLOWER: Final = 20
QUOTA: Final = 22.0
"""Calls a second that this STS takes: so few that some are throttled."""
MOST: Final = 0.10
LOAD: Final = Load(
    users=400, rps=60, environments=PROCESSES, tenants=4, session=20, think=2, lead=20, window=150
)
TTL: Final = 4.0
FIGURES: Final[dict[str, Callable[[Measured], float]]] = {
    "requests that reach the authorizer, a second": lambda found: found.reached / found.load.window,
    "STS calls a second": lambda found: found.calls_per_second,
    "answered from memory": lambda found: found.memory_rate,
    "answered from the table": lambda found: found.shared_rate,
    "p50 of the wait, s": lambda found: found.quantile(0.5),
    "p99 of the wait, s": lambda found: found.quantile(0.99),
}


class WallLoop:
    """The model's clock as real time: as much of it as a world asks for."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._begun = self.loop.time()

    @property
    def now(self) -> float:
        return EPOCH + self.loop.time() - self._begun

    def time(self) -> float:
        return self.now

    def run_until(self, end: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(max(0.0, end - self.now)))

    def call_later(self, delay: float, callback: Any, *args: Any) -> None:
        self.loop.call_later(delay, callback, *args)

    def call_at(self, when: float, callback: Any, *args: Any) -> None:
        self.loop.call_later(max(0.0, when - self.now), callback, *args)

    def create_task(self, coroutine: Any) -> Any:
        return self.loop.create_task(coroutine)


class Process:
    """One environment: a process that a line each asks."""

    def __init__(self, child: Any, pipe: Any) -> None:
        self.child = child
        self.pipe = pipe
        self.started = True
        self.counts: Counter[str] = Counter()


class Processes:
    """A fleet of them, in place of the model's."""

    def __init__(self, settings: Settings, loop: WallLoop, ports: tuple[int, int], count: int) -> None:
        self._loop = loop
        context = multiprocessing.get_context("fork")
        self._all: list[Process] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            child = context.Process(target=_environment, args=(settings, ports, theirs), daemon=True)
            child.start()
            theirs.close()
            self._all.append(Process(child, ours))
        self._unused = list(self._all)
        for each in self._all:
            assert each.pipe.recv() == "ready"

    def environment(self) -> Process:
        return self._unused.pop()

    def after(self, environment: Process) -> Process:
        return environment

    def counted(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for each in self._all:
            counted.update(each.counts)
        return counted

    async def vend(self, environment: Process, user: int, tenant: int, limit: float) -> None:
        await asyncio.sleep(0)
        environment.pipe.send((user, tenant, limit))
        answered: asyncio.Future[None] = self._loop.loop.create_future()
        self._loop.loop.add_reader(environment.pipe.fileno(), partial(_settle, answered))
        await answered
        self._loop.loop.remove_reader(environment.pipe.fileno())
        environment.counts, code = environment.pipe.recv()
        if code is not None:
            raise Refused(code)

    def close(self) -> None:
        for each in self._all:
            each.pipe.send(None)
        for each in self._all:
            each.child.join(10)


def _settle(answered: "asyncio.Future[None]") -> None:
    if not answered.done():
        answered.set_result(None)


class Refused(Refusal):
    """What a process refused."""


def _environment(settings: Settings, ports: tuple[int, int], pipe: Any) -> None:
    """A process: real clients, real sockets."""
    os.environ |= {
        "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{ports[0]}",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{ports[1]}",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    loop = asyncio.new_event_loop()
    random.seed(os.getpid())
    vendor = Vendor(settings)
    role = role_of(settings)
    loop.run_until_complete(vendor.warm())
    loop.run_until_complete(vendor.sealers.warm(time.time()))
    pipe.send("ready")
    while True:
        asked = pipe.recv()
        if asked is None:
            loop.run_until_complete(vendor.close())
            return
        user, tenant, limit = asked
        now, code = time.time(), None
        identity, policy = whoever(user, tenant, role, now)
        try:
            loop.run_until_complete(
                vendor.vend(identity, policy, Shape.REST_REQUEST, now, Deadline.after(limit))
            )
        except Refusal as refused:
            code = refused.code
        pipe.send((Counter(vars(vendor.counts)), code))


# ── STS and DynamoDB on loopback, in a process of their own ──────────────────────────────────────────────────────────


def _serve(pipe: Any) -> None:
    asyncio.run(_served(pipe))


async def _served(pipe: Any) -> None:
    loop = asyncio.get_running_loop()
    chance, left, at = random.Random(1), QUOTA, loop.time()
    items: dict[str, Any] = {}

    async def sts(_: str, body: bytes) -> tuple[int, str]:
        nonlocal left, at
        now = loop.time()
        left, at = min(QUOTA, left + (now - at) * QUOTA), now
        within = left >= 1
        left -= within
        await asyncio.sleep(lognormal(chance, "sts"))
        if not within:
            return 400, ERROR.format(code="Throttling", message="Rate exceeded")
        form = dict(parse_qsl(body.decode()))
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(form["DurationSeconds"])))
        return 200, (
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
            f"<AccessKeyId>ASIA{chance.randrange(10**15):016d}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>{escape(SESSION_TOKEN)}</SessionToken><Expiration>{ends}</Expiration>"
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    async def table(target: str, body: bytes) -> tuple[int, str]:
        await asyncio.sleep(lognormal(chance, "table"))
        asked = json.loads(body)
        if target.endswith("getitem"):
            item = items.get(asked["Key"]["id"]["S"])
            return 200, json.dumps({"Item": item} if item else {})
        items[asked["Item"]["id"]["S"]] = asked["Item"]
        return 200, "{}"

    servers = [
        await asyncio.start_server(_talking(answer), "127.0.0.1", 0, backlog=512) for answer in (sts, table)
    ]
    pipe.send(tuple(server.sockets[0].getsockname()[1] for server in servers))
    await asyncio.Event().wait()


def _talking(answer: Any) -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                status, text = await answer(fields.get("x-amz-target", ""), body)
                told = f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(text)}"
                writer.write(f"HTTP/1.1 {status} OK\r\n{told}\r\n\r\n{text}".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return talk


@contextmanager
def serving() -> Iterator[tuple[int, int]]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_serve, args=(theirs,), daemon=True)
    child.start()
    try:
        yield ours.recv()
    finally:
        child.terminate()
        child.join()


# ── Both, side by side ───────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def slower() -> Iterator[None]:
    """STS and DynamoDB that take longer, and an STS that takes less, for model and servers alike."""
    changed = {
        name: FACTS[name]._replace(value=FACTS[name].value * SLOWER)
        for name in ("sts_median", "table_median")
    }
    changed |= {
        "sts_quota": FACTS["sts_quota"]._replace(value=QUOTA),
        "life": FACTS["life"]._replace(value=1e9),
        "start": FACTS["start"]._replace(value=0.0),
        "sts_spread": FACTS["sts_spread"]._replace(value=0.3),
        "table_spread": FACTS["table_spread"]._replace(value=0.3),
    }
    patience = mock.patch.multiple("authorizer.vending.shared", PATIENCE=2.0)
    with mock.patch.dict(FACTS, changed), patience:
        yield


def modelled(load: Load, *, shared: bool, seed: int) -> Measured:
    world = World(make_settings(), load, ttl=TTL, shared=shared, seed=seed)
    return _ran(world, load)


def really(load: Load, *, shared: bool, seed: int) -> Measured:
    """The same world, with the clock and the environments of reality."""
    wanted = settings_with(make_settings(), ttl=TTL, shared=shared)
    with serving() as ports:
        loop = WallLoop()
        fleet = Processes(wanted, loop, ports, load.environments)
        try:
            with (
                mock.patch("authorizer.capacity.world.VirtualLoop", return_value=loop),
                mock.patch("authorizer.capacity.world.Fleet", return_value=fleet),
            ):
                loop._begun = loop.loop.time()
                world = World(make_settings(), load, ttl=TTL, shared=shared, seed=seed)
                return _ran(world, load)
        finally:
            fleet.close()


def _ran(world: World, load: Load) -> Measured:
    world.begin()
    world.run(EPOCH + load.lead)
    world.measure()
    world.run(EPOCH + load.lead + load.window)
    return world.ended()


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.capacity.real", description=__doc__)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--seconds", type=float, default=LOAD.window, help="that are measured, of each run")
    arguments = parser.parse_args()
    load = replace(LOAD, window=arguments.seconds, environments=arguments.processes)
    console, wrong = Console(width=None if sys.stdout.isatty() else 120), 0
    with slower():
        for shared in (False, True):
            real = really(load, shared=shared, seed=1)
            model = modelled(load, shared=shared, seed=1)
            title = f"{load.environments} processes, {'with' if shared else 'without'} the shared level"
            table = Table("figure", "real", "model", "apart", title=title)
            for name, of in FIGURES.items():
                one, other = of(real), of(model)
                apart = abs(one - other) / max(one, other) if max(one, other) > 0.005 else 0.0
                wrong += apart > MOST
                table.add_row(
                    name, f"{one:.3f}", f"{other:.3f}", f"{apart:.1%}{' ✗' if apart > MOST else ''}"
                )
            console.print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
