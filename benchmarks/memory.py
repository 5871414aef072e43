"""Resident memory: beside the twin, and as users come and come."""

from collections.abc import Iterator

from benchmarks.scene import Scene, write_events
from benchmarks.table import Row
from benchmarks.worker import Worker

DECISIONS = 1000
FEW, MANY = 10_000, 200_000
KILOBYTES_PER_MEGABYTE = 1000


def rows(scene: Scene, _: int) -> Iterator[Row]:
    events = [scene.event(user) for user in range(20_000, 20_000 + DECISIONS)]
    file = write_events(scene.folder / "memory.json", events)
    with Worker("ours", file, scene) as ours, Worker("twin", file, scene) as twin:
        yield Row(
            key="memory",
            what=f"resident memory after {DECISIONS:,} decisions",
            peer="sync twin",
            unit="MB",
            ours=ours.tell("run", 0, DECISIONS)["resident"] / KILOBYTES_PER_MEGABYTE,
            theirs=twin.tell("run", 0, DECISIONS)["resident"] / KILOBYTES_PER_MEGABYTE,
            target=1.15,
        )
    with Worker("ours", file, scene) as ours:
        few = ours.tell("many", 0, FEW)["resident"] / KILOBYTES_PER_MEGABYTE
        many = ours.tell("many", FEW, MANY)["resident"] / KILOBYTES_PER_MEGABYTE
    yield Row(
        key="memory_growth",
        what=f"resident memory after {MANY:,} users",
        peer=f"itself after {FEW:,}",
        unit="MB",
        ours=many,
        theirs=few,
        target=1.05,
    )
