"""The states an environment can be in when a request comes, one row each."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.faults.scene import ERIN, PEOPLE, PLAIN, SEALED, Scene, keys, token


class State(NamedTuple):
    """What is true when the request comes, and what becomes of a good one if nothing else goes wrong."""

    name: str
    settings: dict[str, Any]
    prepare: Callable[[Scene], None]
    verdict: str = "allow"
    kid: str = "k1"
    """The key that a good token is signed with: `k2` is published later."""


def _wrong(edge: str, how: str) -> Callable[[Scene], None]:
    return lambda scene: setattr(getattr(scene, edge), "wrong", how)


def _nothing(_: Scene) -> None:
    """Cold, and nothing wrong."""


def _warm(scene: Scene) -> None:
    scene.authorizer.warm()


def _asked(scene: Scene, *, seconds: float = 1.0) -> None:
    """Warm, and everybody has been answered once."""
    scene.authorizer.warm()
    for person in PEOPLE:
        scene.ask(token(person))
    scene.own(token(ERIN))
    scene.rest(seconds)


def _half_over(scene: Scene) -> None:
    _asked(scene, seconds=2700)


def _over(scene: Scene) -> None:
    _asked(scene, seconds=3700)


def _rotated(scene: Scene) -> None:
    _asked(scene, seconds=60)
    scene.issuer.document = keys("genuine", "rotated")


def _long_ago(scene: Scene) -> None:
    """Keys are older than `max_age` and `grace` together."""
    _asked(scene, seconds=3600 * 26)


def _slow_threads(scene: Scene) -> None:
    scene.loop.thread_time = 60.0


def _fetching(scene: Scene) -> None:
    """Keys are being fetched beside the requests."""
    _over(scene)
    scene.issuer.wrong = "slow"
    scene.ask(token(ERIN))


def _and(*steps: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        for step in steps:
            step(scene)

    return run


def _shared(scene: Scene) -> None:
    """Another environment has answered everybody, and shared what it has."""
    _asked(scene)
    scene.ask(token(ERIN))
    scene.own(token(ERIN))
    scene.rest(1)
    scene.begin_anew()
    scene.sts.asked.clear()


STATES: Final = (
    State("cold", PLAIN, _nothing),
    State("warm", PLAIN, _warm),
    State("answered before", PLAIN, _asked),
    State("half of the credentials' life is over", PLAIN, _half_over),
    State("the credentials are over", PLAIN, _over),
    State("the key is new", PLAIN, _rotated, kid="k2"),
    State("the keys are over", PLAIN, _long_ago),
    State("the issuer is down, and its keys are not held", PLAIN, _wrong("issuer", "down"), "failure"),
    State("the issuer is slow, and its keys are not held", PLAIN, _wrong("issuer", "slow"), "failure"),
    State("the issuer fails, and its keys are not held", PLAIN, _wrong("issuer", "status"), "failure"),
    State("the issuer sends garbage", PLAIN, _wrong("issuer", "garbage"), "failure"),
    State("the issuer is down, and its keys are held", PLAIN, _and(_over, _wrong("issuer", "down"))),
    State("keys are being fetched, and the issuer is slow", PLAIN, _fetching),
    State("STS is down", PLAIN, _wrong("sts", "down"), "failure"),
    State("STS is down, and the credentials are held", PLAIN, _and(_half_over, _wrong("sts", "down"))),
    State("STS is slow", PLAIN, _wrong("sts", "slow"), "failure"),
    State("the issuer is late, STS is slow", PLAIN, _and(_wrong("issuer", "late"), _wrong("sts", "slow")), "failure"),
    State("STS throttles", PLAIN, _wrong("sts", "throttled"), "failure"),
    State("STS denies", PLAIN, _wrong("sts", "denied"), "failure"),
    State("STS has a fault", PLAIN, _wrong("sts", "fault"), "failure"),
    State("STS sends garbage", PLAIN, _wrong("sts", "garbage"), "failure"),
    State("STS sends credentials that soon end", PLAIN, _wrong("sts", "short"), "failure"),
    State("sealed, cold", SEALED, _nothing),
    State("sealed, answered before", SEALED, _asked),
    State("sealed, half of the credentials' life is over", SEALED, _half_over),
    State("sealed, the credentials are over", SEALED, _over),
    State("sealed, the keys are refused", SEALED, _wrong("secret", "denied"), "failure"),
    State("sealed, the keys cannot be had", SEALED, _wrong("secret", "down"), "failure"),
    State("sealed, the keys take long", SEALED, _slow_threads, "failure"),
    State("sealed, the keys are none", SEALED, _wrong("secret", "garbage"), "failure"),
    State("sealed, the keys are held and cannot be renewed", SEALED, _and(_half_over, _wrong("secret", "down"))),
    State("sealed, STS is down", SEALED, _wrong("sts", "down"), "failure"),
    State("shared by another environment", SEALED, _shared),
    State("shared by another, and STS is down", SEALED, _and(_shared, _wrong("sts", "down"))),
    State("the shared table is absent", SEALED, _and(_shared, _wrong("table", "absent"))),
    State("the shared table's connection was closed", SEALED, _and(_shared, _wrong("table", "closed"))),
    State("the shared table is slow", SEALED, _and(_shared, _wrong("table", "slow"))),
    State("the shared table holds garbage", SEALED, _and(_shared, _wrong("table", "garbage"))),
    State("the shared table holds each session under another's key", SEALED, _and(_shared, _wrong("table", "swapped"))),
)  # fmt: skip
