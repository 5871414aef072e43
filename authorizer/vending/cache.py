"""The role sessions of this environment, bounded, and its freshest denials. In memory; never shared, never written.

A key is `AssumeRoleRequest.key`: it holds all that changes authority, and whom it is for. Only `AccessDenied` is
remembered among failures, for a moment: a role whose trust policy is wrong fails for every caller, and each failure
would be a call out of the account's 600 a second. Everything else that fails is tried again at once.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from authorizer.errors import AssumeRoleDenied
from authorizer.model import Credentials
from authorizer.vending.lifetime import Lifetime
from authorizer.waiting.cooldown import Cooldown

DENIAL_TTL = 5.0
"""Seconds for which a denial answers in place of STS: short, since whoever mends the trust policy is waiting."""


@dataclass(kw_only=True)
class Counts:
    """What this environment's vendor has done since `take` was last asked."""

    hits: int = 0
    """Answered from memory."""
    misses: int = 0
    """Not in memory, or too old to hand out."""
    joined: int = 0
    """Misses that waited for another caller's fetch instead of starting one."""
    calls: int = 0
    """AssumeRole calls sent, retries included."""
    retries: int = 0
    refreshed: int = 0
    """Fetched while the old ones still served."""
    refresh_failures: int = 0
    """Not to be had then; the old ones served on."""
    denials_remembered: int = 0
    """Refused from memory."""
    shared_hits: int = 0
    shared_misses: int = 0
    shared_failures: int = 0
    """The shared cache could not be read, written, or believed; each cost a call at most."""
    evicted: int = 0

    def take(self) -> dict[str, int]:
        """What is not zero since the last time. Hits alone are no news, or every record would tell of one: they
        wait for the next record that has some."""
        counts = vars(self)
        if sum(counts.values()) == self.hits:
            return {}
        taken = {name: count for name, count in counts.items() if count}
        counts.update(dict.fromkeys(taken, 0))
        return taken


@dataclass(slots=True)
class CredentialCache:
    """At most `size` entries, the least recently used leaves first."""

    size: int
    counts: Counts
    _entries: OrderedDict[str, Credentials] = field(default_factory=OrderedDict, repr=False)
    _denials: OrderedDict[str, tuple[float, AssumeRoleDenied]] = field(
        default_factory=OrderedDict, repr=False
    )
    _put_off: OrderedDict[str, Cooldown] = field(default_factory=OrderedDict)

    def find(self, key: str, lifetime: Lifetime, now: float) -> Credentials | None:
        """Credentials that an answer given at `now` may carry. Raises a denial that is still fresh."""
        held = self._entries.get(key)
        if held is not None and lifetime.serves(held, now):
            self._entries.move_to_end(key)
            self.counts.hits += 1
            return held
        if denial := self._denials.get(key):
            since, error = denial
            # A clock that was set back prolongs none.
            if since <= now < since + DENIAL_TTL:
                self.counts.denials_remembered += 1
                raise AssumeRoleDenied(str(error), role_arn=error.role_arn)
        self.counts.misses += 1
        return None

    def keep(self, key: str, credentials: Credentials) -> None:
        """Remember fresh credentials; older ones never replace newer ones."""
        old = self._entries.get(key)
        if old is None or old.expiration < credentials.expiration:
            self._entries[key] = credentials
        self._entries.move_to_end(key)
        self._denials.pop(key, None)
        self._put_off.pop(key, None)
        self.counts.evicted += self._shed(self._entries)

    def deny(self, key: str, error: AssumeRoleDenied, now: float) -> None:
        self._denials[key] = (now, error)
        self._denials.move_to_end(key)
        self._shed(self._denials)

    def put_off(self, key: str, now: float) -> None:
        """The renewal of this entry alone was refused."""
        self._put_off.setdefault(key, Cooldown()).failed(now)
        self._put_off.move_to_end(key)
        self._shed(self._put_off)

    def is_put_off(self, key: str, now: float) -> bool:
        """Whether it was, lately."""
        return key in self._put_off and not self._put_off[key].is_over(now)

    def _shed(self, kept: OrderedDict[str, Any]) -> int:
        """Drop the least recently used beyond `size`; how many."""
        beyond = max(0, len(kept) - self.size)
        for _ in range(beyond):
            kept.popitem(last=False)
        return beyond

    def clear(self) -> None:
        """Forget everything, as after a restored snapshot: a snapshot must not hand out the sessions it was
        taken with."""
        self._entries.clear()
        self._denials.clear()
        self._put_off.clear()
