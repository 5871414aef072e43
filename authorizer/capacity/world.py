"""Users, API Gateway and environments on a virtual clock, around vendors that are the real ones.

A session asks, thinks and asks again. Whatever API Gateway has cached for its token is answered there; the rest goes
to an environment that is free, one request at a time, taken at random: Lambda promises no order. What a session asks
while its answer is cached is counted by its mean, since requests come without memory: the next one behind the cache's
end is as far away from there as any.
"""

import gc
import random
from collections import Counter, deque
from itertools import accumulate
from typing import Final, NamedTuple

from authorizer import memory
from authorizer.capacity.clock import VirtualLoop
from authorizer.capacity.environment import Environment, Fleet
from authorizer.capacity.facts import fact
from authorizer.capacity.load import Load, settings_with
from authorizer.capacity.measured import Measured, Tenant
from authorizer.capacity.surroundings import StsModel, TableModel
from authorizer.errors import Refusal
from authorizer.settings.schema import Settings

EPOCH: Final = 1_800_000_000.0
"""2027-01-15T08:00:00Z: when every run begins."""
STEPS: Final = 20
"""How often in a run the table drops what is over."""
LIMIT: Final = 9.0
"""Seconds that a decision may take, as in `authorizer.runtime`."""


class Session(NamedTuple):
    """One token in use."""

    user: int
    tenant: int
    ends: float


def simulated(
    settings: Settings,
    load: Load,
    *,
    ttl: float,
    shared: bool,
    seed: int = 1,
) -> Measured:
    """`load` on `settings` with this TTL, with the shared level or without. The same seed gives the same answer.

    Raises `ValueError` for a TTL that would not load.
    """
    world = World(settings, load, ttl=ttl, shared=shared, seed=seed)
    world.begin()
    world.run(EPOCH + load.lead)
    world.measure()
    world.run(EPOCH + load.lead + load.window)
    return world.ended()


def spread(settings: Settings, load: Load, *, ttl: float, shared: bool, seed: int = 1) -> dict[int, int]:
    """AssumeRole calls by the minute where all sessions begin in the first minute, `begun` a second, and last:
    how renewals are spread."""
    world = World(settings, load, ttl=ttl, shared=shared, seed=seed)
    world.rush(60.0)
    world.run(EPOCH + load.window)
    first = int(EPOCH // 60)
    found = {minute: world.sts.by_minute[first + minute] for minute in range(int(load.window // 60))}
    world.ended()
    return found


class World:
    """One run."""

    def __init__(self, settings: Settings, load: Load, *, ttl: float, shared: bool, seed: int) -> None:
        self._load = load
        self._ttl = ttl
        self._chance = random.Random(seed)  # noqa: S311 - chance
        # Of its own, so that the same people come whatever becomes of them.
        self._people = random.Random(seed)  # noqa: S311 - as above
        random.seed(seed)  # the vendors' own, for pauses
        self.loop = VirtualLoop(EPOCH)
        self.sts = StsModel(self.loop, self._chance, load.share)
        self.table = TableModel(self.loop, self._chance, load.share)
        wanted = settings_with(settings, ttl=ttl, shared=shared, share=load.share)
        self.fleet = Fleet(wanted, self.loop, self._chance, sts=self.sts, table=self.table)
        self._idle = [self.fleet.environment() for _ in range(load.environments)]
        self._free = max(1, int(load.environments / load.share))
        self._waiting: deque[tuple[Session, float]] = deque()
        self._each = max(1, load.users // load.tenants)
        self._modelled = load.modelled or load.tenants
        self._ranks = list(accumulate(1 / rank for rank in range(1, self._each + 1)))
        self._tenants = list(accumulate([load.noisy, *([1.0] * (self._modelled - 1))]))
        self._measuring = self._over = False
        self.measured = Measured(load=load, ttl=ttl, shared=shared)
        self._before: Counter[str] = Counter()

    def begin(self) -> None:
        """Sessions begin, for as long as anybody runs this; as many as there are at any moment have begun before."""
        load = self._load
        for _ in range(round(load.begun / load.share * load.session)):
            session = self._somebody(self.loop.now + self._people.expovariate(1 / load.session))
            asks = self.loop.now + self._people.uniform(0, self._ttl + load.think)
            if asks < session.ends:
                self.loop.call_at(asks, self._ask, session)
        self.loop.call_later(self._next(), self._session)

    def rush(self, seconds: float) -> None:
        """All sessions begin within so many seconds, and none later."""
        for _ in range(int(self._load.begun / self._load.share * seconds)):
            session = self._somebody(self.loop.now + 1e9)
            self.loop.call_later(self._chance.uniform(0, seconds), self._ask, session)

    def run(self, until: float) -> None:
        """Let time pass."""
        gc.collect()
        gc.disable()  # a million small values that live: each pass would look at all of them
        try:
            begun = self.loop.now
            for number in range(1, STEPS + 1):
                self.loop.run_until(begun + (until - begun) * number / STEPS)
                self.table.sweep()
        finally:
            gc.enable()

    def measure(self) -> None:
        """The window begins."""
        self._measuring = True
        self._before = self._so_far()

    def ended(self) -> Measured:
        """What was measured, once what is under way has ended. The pure stages forget who came."""
        counted = self._so_far()
        self._over = True
        self.loop.run_until(self.loop.now + 2 * LIMIT)
        counted.subtract(self._before)
        measured = self.measured
        measured.counts = counted
        measured.calls, measured.throttled = counted["calls"], counted["sts_throttled"]
        measured.read_units, measured.write_units = counted["read_units"], counted["write_units"]
        memory.forget()
        return measured

    def _so_far(self) -> Counter[str]:
        counted = self.fleet.counted()
        counted.update(
            {
                "sts_throttled": self.sts.throttled,
                "read_units": self.table.read_units,
                "write_units": self.table.write_units,
            }
        )
        return counted

    def _next(self) -> float:
        return self._people.expovariate(self._load.begun / self._load.share)

    def _session(self) -> None:
        if self._over:
            return
        self.loop.call_later(self._next(), self._session)
        self._ask(self._somebody(self.loop.now + self._people.expovariate(1 / self._load.session)))

    def _somebody(self, ends: float) -> Session:
        [tenant] = self._people.choices(range(self._modelled), cum_weights=self._tenants)
        [rank] = self._people.choices(range(self._each), cum_weights=self._ranks)
        return Session(rank * self._load.tenants + tenant, tenant, ends)

    def _ask(self, session: Session) -> None:
        """A request that API Gateway has no answer for."""
        if self._over:
            return
        if self._free:
            self._invoke(self._taken(), session, self.loop.now)
        else:
            if self._measuring:
                self.measured.queued += 1
            self._waiting.append((session, self.loop.now))

    def _taken(self) -> Environment:
        self._free -= 1
        idle = self._idle
        number = self._chance.randrange(len(idle))
        idle[number], idle[-1] = idle[-1], idle[number]
        return idle.pop()

    def _invoke(self, environment: Environment, session: Session, asked: float) -> None:
        begun = self.loop.now
        if environment.started:
            self._decide(environment, session, asked, begun)
            return
        environment.started = True
        if self._chance.random() * self._load.share >= 1:
            # Of all shares, this is not the one whose request comes first.
            self._decide(environment, session, asked, begun)
            return
        if self._measuring:
            self.measured.cold += 1
        self.loop.call_later(fact("start"), self._decide, environment, session, asked, begun)

    def _decide(self, environment: Environment, session: Session, asked: float, begun: float) -> None:
        """As `authorizer.waiting.running.run` has it: without a task where nothing is waited for."""
        coroutine = self.fleet.vend(environment, session.user, session.tenant, LIMIT)
        try:
            coroutine.send(None)
        except StopIteration:
            self._decided(environment, session, asked, begun, None)
        else:
            task = self.loop.create_task(coroutine)
            task.add_done_callback(
                lambda task: self._decided(environment, session, asked, begun, task.exception())
            )

    def _decided(
        self,
        environment: Environment,
        session: Session,
        asked: float,
        begun: float,
        error: BaseException | None,
    ) -> None:
        if error is not None and not isinstance(error, Refusal):
            raise error
        self.loop.call_later(fact("own"), self._answered, environment, session, asked, begun, error is None)

    def _answered(
        self, environment: Environment, session: Session, asked: float, begun: float, allowed: bool
    ) -> None:
        now = self.loop.now
        if self._measuring and not self._over:
            self._note(session, now - asked, now - begun, allowed)
        think = self._load.think
        cached = min(self._ttl, session.ends - now) if allowed and session.ends > now else 0.0
        if self._measuring and not self._over and cached:
            self.measured.repeated += cached / think
        again = now + (self._ttl if allowed else 0.0) + self._chance.expovariate(1 / think)
        if again < session.ends:
            self.loop.call_at(again, self._ask, session)
        self._idle.append(self.fleet.after(environment))
        self._free += 1
        if self._waiting:
            self._invoke(self._taken(), *self._waiting.popleft())

    def _note(self, session: Session, took: float, busy: float, allowed: bool) -> None:
        measured = self.measured
        measured.reached += 1
        measured.failed += not allowed
        measured.busy += busy
        measured.took.append(took)
        tenant = measured.tenants.setdefault(session.tenant, Tenant())
        tenant.reached += 1
        tenant.failed += not allowed
