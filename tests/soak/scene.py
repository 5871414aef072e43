"""One handler, everything around it, and what happens on the way: rotations, outages, hours that pass."""

import random
from collections.abc import Callable
from typing import Any, Final

from authorizer.connections import Connections
from authorizer.pipeline import Stages
from authorizer.settings.schema import Access
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor
from tests.faults.loop import AuthorizerOf, JumpingLoop
from tests.make import make_access
from tests.soak.outside import Issuers, WatchedSts, session_with
from tests.soak.traffic import OTHER_MACHINE, Traffic

EPOCH: Final = 1_795_251_600.0
PACE: Final = 0.1
"""Seconds between two requests, on average."""


def access() -> Access:
    """The bundled configuration with a second user pool, and a machine that no rule knows."""
    clients = ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID", OTHER_MACHINE]
    pools = ("env:USER_POOL_ID", "eu-west-1_EXAMPLE02")
    both = {"client_ids": clients, "token_use": ["id", "access"], "speaks_for": "any"}
    issuers = [{"user_pool": pool, **both} for pool in pools]
    return make_access(issuers=issuers)


class Scene:
    """The handler with its surroundings; `pass_time` before each request. With `haste` more happens in less time."""

    def __init__(self, seed: int, people: int, haste: float) -> None:
        self._haste = haste
        self.loop = JumpingLoop()
        self.access = access()
        self.settings = self.access.settings
        self.issuers = Issuers(self.clock)
        self.sts = WatchedSts(self.clock)
        self.lines: list[str] = []
        self.handler = AuthorizerOf(self)
        self.traffic = Traffic(seed, people, self.issuers, self.clock)
        self._random = random.Random(seed)
        self._until: float | None = None
        """When what is wrong just now is over."""

    def clock(self) -> float:
        return EPOCH + self.loop.time()

    def stages(self) -> Stages:
        verifier = Verifier(self.settings.issuers, self.settings.keys)
        verifier._http._session = self.issuers  # type: ignore[assignment]  # as much of it as is used
        vendor = Vendor(self.settings, session=session_with(self.sts))
        connections = Connections(self.settings, vendor.sealers.private)
        return Stages(
            settings=self.settings,
            templates=self.access.templates,
            verifier=verifier,
            vendor=vendor,
            sealers=vendor.sealers,
            connections=connections,
        )

    def pass_time(self) -> str | None:
        """A moment passes, and now and then something happens: its name."""
        self.loop.advance(self._random.expovariate(1 / PACE))
        if self._until is not None and self.loop.time() >= self._until:
            self._until = self.sts.wrong = None
            for issuer in self.issuers.all:
                issuer.wrong = None
        if self._random.random() >= self._haste / 400 or self._until is not None:
            return None
        name = self._random.choice(tuple(HAPPENINGS))
        HAPPENINGS[name](self)
        return name

    def go_wrong(self, edge: Any, how: str, seconds: float) -> None:
        edge.wrong = how
        self._until = self.loop.time() + self._random.uniform(seconds / 10, seconds) / self._haste

    def any_issuer(self) -> Any:
        return self._random.choice(self.issuers.all)


def _sts(how: str) -> Callable[[Scene], None]:
    return lambda scene: scene.go_wrong(scene.sts, how, 60)


def _issuer(how: str, seconds: float) -> Callable[[Scene], None]:
    return lambda scene: scene.go_wrong(scene.any_issuer(), how, seconds)


def _withdrawn(scene: Scene) -> None:
    """A key has leaked: nothing that it signed counts any more."""
    issuer = scene.any_issuer()
    issuer.rotate()
    issuer.withdraw()
    scene.traffic.forget_tokens()


def _long_outage(scene: Scene) -> None:
    """An issuer cannot be had for longer than its keys last, and nobody asks meanwhile."""
    scene.go_wrong(scene.any_issuer(), "down", 60)
    scene.loop.advance(26 * 3600)
    scene._until = scene.loop.time() + 30


RESTORED: Final = "the environment is restored from a snapshot"


def _restored(scene: Scene) -> None:
    """Nothing of the past may be believed or handed out any more."""
    for issuer in scene.issuers.all:
        issuer.seen.answers, issuer.seen.attempts = [], []
    scene.handler.restart()


HAPPENINGS: Final[dict[str, Callable[[Scene], None]]] = {
    "STS throttles": _sts("throttled"),
    "STS is down": _sts("down"),
    "STS is slow": _sts("slow"),
    "STS has a fault": _sts("fault"),
    "STS denies": _sts("denied"),
    "STS sends garbage": _sts("garbage"),
    "STS sends credentials that soon end": _sts("short"),
    "an issuer has a new key": lambda scene: scene.any_issuer().rotate(),
    "an issuer withdraws its old keys": lambda scene: scene.any_issuer().withdraw(),
    "an issuer's key has leaked": _withdrawn,
    "an issuer is down": _issuer("down", 120),
    "an issuer fails": _issuer("status", 120),
    "an issuer sends garbage": _issuer("garbage", 120),
    "half an hour passes": lambda scene: scene.loop.advance(1800),
    "the environment is frozen for hours": lambda scene: scene.loop.advance(3 * 3600),
    "an issuer is down for a day": _long_outage,
    RESTORED: _restored,
}
