"""The cost of a decision as the configuration grows."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scene import Scene, write_events
from benchmarks.table import Row, best_of
from benchmarks.worker import Worker

SMALL, LARGE = 10, 1000
USERS = 20
TOKENS = 1600
BATCH = 50


def rows(scene: Scene, rounds: int) -> Iterator[Row]:
    events = [scene.event(40_000 + number % USERS, number // USERS) for number in range(TOKENS)]
    file = write_events(scene.folder / "scaling.json", events)
    small, large = (_grown(scene, count) for count in (SMALL, LARGE))
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
    yield Row(
        key="scaling",
        what=f"a decision with {LARGE:,} scopes, groups and routes, new token",
        peer=f"itself with {SMALL}",
        unit="µs",
        ours=many_seconds * 1e6,
        theirs=few_seconds * 1e6,
        target=1.5,
    )


def _grown(scene: Scene, count: int) -> Path:
    """A configuration with `count` more scopes, groups and routes."""
    folder = scene.folder / f"policies-{count}"
    shutil.copytree(scene.policies, folder)
    access = folder / "access.toml"
    scopes = "\n".join(f'"more:{number}" = ["GET /more/{number}"]' for number in range(count))
    groups = "\n".join(
        f'[groups.more-{number}]\nrole = "viewer"\nscopes = ["more:{number}"]' for number in range(count)
    )
    text = access.read_text().replace("[scopes]\n", f"[scopes]\n{scopes}\n")
    access.write_text(f"{text}\n{groups}\n")
    return access
