"""Where the time of a request goes, as the decision records themselves tell it."""

from collections.abc import Iterator

from benchmarks.scene import Scene, write_events
from benchmarks.table import Profile
from benchmarks.worker import Worker

USERS = 20
REQUESTS = 200


def rows(scene: Scene, _: int) -> Iterator[Profile]:
    known = [scene.event(50_000 + number % USERS, number // USERS) for number in range(USERS + REQUESTS)]
    events = [*known, *(scene.event(60_000 + user) for user in range(REQUESTS))]
    file = write_events(scene.folder / "profile.json", events)
    with Worker("ours", file, scene) as ours:
        ours.tell("run", 0, USERS)
        for key, what, first, last in (
            ("new_token", "a new token of a known user", USERS, USERS + REQUESTS),
            ("repeated_token", "a repeated token", USERS, USERS + REQUESTS),
            ("new_user", "a new user, STS without latency", USERS + REQUESTS, len(events)),
        ):
            told = ours.tell("stages", first, last)
            stages = {name: time for name, time in told.items() if name not in ("cpu", "wall", "resident")}
            whole = sum(stages.values())
            yield Profile(key=key, what=what, shares={name: time / whole for name, time in stages.items()})
