"""New users: what one costs, and how many can come at once, against the sync twin."""

from collections.abc import Iterator

from benchmarks.scene import Scene, write_events
from benchmarks.servers import serving
from benchmarks.table import Row
from benchmarks.worker import Worker

BATCH = 40
AT_ONCE = 256
LATENCY = 0.02
TWIN_USERS = 32


def rows(scene: Scene, rounds: int) -> Iterator[Row]:
    yield _alone(scene, rounds)
    yield _at_once(scene, max(2, rounds // 5))


def _alone(scene: Scene, rounds: int) -> Row:
    events = [scene.event(user) for user in range(1000, 1000 + BATCH * (rounds + 1))]
    file = write_events(scene.folder / "new.json", events)
    best: dict[str, float] = {}
    with (
        Worker("ours", file, scene) as ours,
        Worker("twin", file, scene) as twin,
    ):
        for start in range(0, len(events), BATCH):
            for name, worker in (("ours", ours), ("twin", twin)):
                cpu = worker.tell("run", start, start + BATCH)["cpu"] / BATCH
                if start:  # the first batch opens connections
                    best[name] = min(cpu, best.get(name, cpu))
    return Row(
        key="new_user",
        what="warm, new user, STS without latency: CPU",
        peer="sync twin",
        unit="ms",
        ours=best["ours"] * 1e3,
        theirs=best["twin"] * 1e3,
        target=0.5,
    )


def _at_once(scene: Scene, rounds: int) -> Row:
    events = [scene.event(user) for user in range(9000, 9000 + AT_ONCE * (rounds + 1))]
    file = write_events(scene.folder / "at-once.json", events)
    with serving(scene.folder / "jwks.json", seconds=LATENCY) as url:
        slow = {"AWS_ENDPOINT_URL_STS": url}
        ours_best = twin_best = 0.0
        with (
            Worker("ours", file, scene, slow) as ours,
            Worker("twin", file, scene, slow) as twin,
        ):
            for start in range(0, len(events), AT_ONCE):
                rate = AT_ONCE / ours.tell("together", start, start + AT_ONCE)["wall"]
                twin_rate = TWIN_USERS / twin.tell("run", start, start + TWIN_USERS)["wall"]
                ours_best, twin_best = max(ours_best, rate), max(twin_best, twin_rate)
    return Row(
        key="users_at_once",
        what=f"{AT_ONCE} new users at once, STS takes {LATENCY * 1000:.0f} ms, one loop",
        peer="sync twin, throughput",
        unit="/s",
        ours=ours_best,
        theirs=twin_best,
        target=40,
        more=True,
    )
