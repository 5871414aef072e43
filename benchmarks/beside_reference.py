"""Beside AWS's serverless-SaaS reference and the sync twin: a user who comes back, and a day's arrivals in short."""

import random
import statistics
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.scene import Scene, write_events
from benchmarks.servers import serving
from benchmarks.table import Row, Skipped, best_of
from benchmarks.worker import Worker

LATENCY: Final = 0.02
"""Seconds to keys and STS."""
BATCH = 20
USERS, REQUESTS = 1000, 10_000
SHOWN = 400
"""Requests that each subject really answers; how long they took is what the arrivals are laid over."""
BUSY: Final = 0.6
"""How much of the time the twin is at work: what comes while it works waits."""


def rows(scene: Scene, rounds: int) -> Iterator[Row | Skipped]:
    events = [scene.event(60_000 + number) for number in range(BATCH)]
    file = write_events(scene.folder / "again.json", events)
    with serving(scene.folder / "jwks.json", seconds=LATENCY) as url:
        away = {"AWS_ENDPOINT_URL_STS": url, "JWKS_URI": f"{url}/jwks.json"}
        yield _again(scene, file, rounds, away)
        yield _arrivals(scene, away)


def _again(scene: Scene, file: Path, rounds: int, away: dict[str, str]) -> Row | Skipped:
    what = "warm, known user: wall clock"
    if scene.installs.reference is None:
        return Skipped(key="known_user", what=what, reason="the reference cannot be installed here")
    with Worker("ours", file, scene, away) as ours, Worker("reference", file, scene, away) as reference:
        for worker in (ours, reference):
            worker.tell("run", 0, BATCH)
        mine, theirs = best_of(
            max(2, rounds // 5),
            lambda: ours.tell("run", 0, BATCH)["wall"] / BATCH,
            lambda: reference.tell("run", 0, BATCH)["wall"] / BATCH,
        )
    return Row(
        key="known_user",
        what=what,
        peer="the serverless-SaaS reference",
        unit="ms",
        ours=mine * 1e3,
        theirs=theirs * 1e3,
        target=0.05,
    )


def _arrivals(scene: Scene, away: dict[str, str]) -> Row:
    """Each request's wait and work in one environment: users come in bursts, and think between them."""
    order = visits(USERS, REQUESTS)[:SHOWN]
    events = [scene.event(70_000 + user, number % 5) for number, user in enumerate(order)]
    file = write_events(scene.folder / "arrivals.json", events)
    took = {}
    for subject in ("ours", "twin"):
        with Worker(subject, file, scene, away) as worker:
            worker.tell("run", 0, 1)
            took[subject] = [worker.tell("run", number, number + 1)["wall"] for number in range(len(events))]
    gaps = bursts(REQUESTS, mean=statistics.mean(took["twin"]) / BUSY)
    p99 = {subject: waits(gaps, seconds)[int(REQUESTS * 0.99)] for subject, seconds in took.items()}
    return Row(
        key="arrivals",
        what=f"{REQUESTS:,} requests of {USERS:,} users in bursts: p99 of wait and work",
        peer="sync twin",
        unit="ms",
        ours=p99["ours"] * 1e3,
        theirs=p99["twin"] * 1e3,
        target=0.5,
    )


def visits(users: int, requests: int) -> list[int]:
    """Who makes each request: few make most of them (Zipf), and one visit is several requests."""
    chance = random.Random(1)
    weights = [1 / (rank + 1) for rank in range(users)]
    made: list[int] = []
    while len(made) < requests:
        made += chance.choices(range(users), weights) * chance.randint(1, 8)
    return made[:requests]


def bursts(requests: int, *, mean: float) -> list[float]:
    """Seconds between arrivals: nine of ten follow at once, the tenth after a pause, `mean` on the whole."""
    chance = random.Random(2)
    gaps = [chance.expovariate(1) * (5.5 if chance.random() < 0.1 else 0.5) for _ in range(requests)]
    scale = mean / statistics.mean(gaps)
    return [gap * scale for gap in gaps]


def waits(gaps: list[float], took: list[float]) -> list[float]:
    """Sorted seconds from arrival to answer, of a queue that one serves (Lindley's recursion)."""
    work = [took[number % len(took)] for number in range(len(gaps))]
    wait, found = 0.0, [work[0]]
    for number, (before, now) in enumerate(pairwise(work), start=1):
        wait = max(0.0, wait + before - gaps[number])
        found.append(wait + now)
    return sorted(found)
