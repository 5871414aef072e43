"""The cost of a decision, and of loading, as the configuration grows."""

import itertools
import shutil
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from authorizer.settings.load import load
from authorizer.tokens.verifier import Verifier
from benchmarks.scene import Scene, write_events
from benchmarks.table import Row, best_of
from benchmarks.worker import Worker

SMALL, LARGE = 10, 1000
TENANTS = 1000
USERS = 20
TOKENS = 1600
BATCH = 50
MARKER = 'token_use  = ["id", "access"]\n'
"""The end of the bundled [[issuers]] table."""


def rows(scene: Scene, rounds: int) -> Iterator[Row]:
    events = [scene.event(40_000 + number % USERS, number // USERS) for number in range(TOKENS)]
    file = write_events(scene.folder / "scaling.json", events)
    few, many = _seconds(scene, file, rounds, _grown(scene, SMALL), _grown(scene, LARGE))
    yield Row(
        key="scaling",
        what=f"a decision with {LARGE:,} scopes, groups and routes, new token",
        peer=f"itself with {SMALL}",
        unit="µs",
        ours=many * 1e6,
        theirs=few * 1e6,
        target=1.5,
    )
    one, thousand = scene.policies / "access.toml", _with_tenants(scene, TENANTS)
    few, many = _seconds(scene, file, rounds, one, thousand)
    yield Row(
        key="issuers",
        what=f"a decision with {TENANTS:,} tenants' user pools, new token",
        peer="itself with one issuer",
        unit="µs",
        ours=many * 1e6,
        theirs=few * 1e6,
        target=1.1,
    )
    yield Row(
        key="issuers-load",
        what=f"loading {TENANTS:,} tenants' user pools, wall clock",
        peer="a second",
        unit="ms",
        ours=min(_loading(scene, thousand) for _ in range(min(rounds, 5))) * 1e3,
        theirs=1e3,
        target=1.0,
    )
    yield Row(
        key="issuers-memory",
        what=f"what {TENANTS:,} tenants' user pools take in memory, key sets not yet fetched",
        peer="one issuer",
        unit="KiB",
        ours=_bytes(scene, thousand) / 1024,
        theirs=_bytes(scene, one) / 1024,
        target=None,
    )


def _seconds(scene: Scene, file: Path, rounds: int, small: Path, large: Path) -> tuple[float, float]:
    """CPU of one decision under the one configuration and the other, measured by turns."""
    with (
        Worker("ours", file, scene, {"AUTHORIZER_ACCESS": str(small)}) as few,
        Worker("ours", file, scene, {"AUTHORIZER_ACCESS": str(large)}) as many,
    ):

        def measured(worker: Worker) -> float:
            start = next(starts[worker])
            return worker.tell("run", start, start + BATCH)["cpu"] / BATCH

        starts = {worker: itertools.cycle(range(USERS, TOKENS - BATCH, BATCH)) for worker in (few, many)}
        for worker in (few, many):
            worker.tell("run", 0, USERS)
        few_seconds, many_seconds = best_of(rounds, lambda: measured(few), lambda: measured(many))
    return few_seconds, many_seconds


def _loading(scene: Scene, access: Path) -> float:
    begun = time.perf_counter()
    settings = load(access, scene.environment).settings
    Verifier(settings.issuers, settings.keys)
    return time.perf_counter() - begun


def _bytes(scene: Scene, access: Path) -> int:
    tracemalloc.start()
    try:
        settings = load(access, scene.environment).settings
        verifier = Verifier(settings.issuers, settings.keys)
        held = tracemalloc.get_traced_memory()[0]
        del settings, verifier
        return held
    finally:
        tracemalloc.stop()


def _grown(scene: Scene, count: int) -> Path:
    """A configuration with `count` more scopes, groups and routes."""
    access = _copied(scene, f"policies-{count}")
    scopes = "\n".join(f'"more:{number}" = ["GET /more/{number}"]' for number in range(count))
    groups = "\n".join(
        f'[groups.more-{number}]\nrole = "viewer"\nscopes = ["more:{number}"]' for number in range(count)
    )
    text = access.read_text().replace("[scopes]\n", f"[scopes]\n{scopes}\n")
    access.write_text(f"{text}\n{groups}\n")
    return access


def _with_tenants(scene: Scene, count: int) -> Path:
    """A configuration with a user pool for each of `count` tenants, beside its own."""
    access = _copied(scene, f"tenants-{count}")
    pools = "\n".join(
        f'  {{ user_pool = "eu-west-1_Tenant{number:04}", client_ids = ["client{number:04}"], '
        f'fixed_claims = {{ tenant = "tenant-{number:04}" }} }},'
        for number in range(count)
    )
    may = '{ roles = ["viewer"], groups = ["viewers"], scopes = ["data:read"], claims = { client = "any" } }'
    tenants = f'[[issuers]]\ntoken_use = ["access"]\nspeaks_for = {may}\npools = [\n{pools}\n]\n'
    text = access.read_text()
    assert MARKER in text
    access.write_text(text.replace(MARKER, f'{MARKER}speaks_for = "any"\n{tenants}', 1))
    return access


def _copied(scene: Scene, name: str) -> Path:
    folder = scene.folder / name
    shutil.copytree(scene.policies, folder)
    return folder / "access.toml"
