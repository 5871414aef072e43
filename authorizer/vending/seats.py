"""How many role sessions of one user are alive at once: each takes a seat until it ends.

For sessions that callers hold themselves. The same session is answered while it serves; a new one is made for a new
token, another address or another role, so that a stolen token, or a loop in a page, could become hundreds. One that is
made in place of another, for the same token, address and role, has its seat: else whoever has all seats taken would be
refused for the last minutes of each.

A seat is first taken for the seconds that a session may be in the making, and until the session ends once it is made:
while STS is silent, requests that end with nothing leave no seats behind that nobody has.

Seats are counted in this environment, and in the shared table where there is one. There each seat is an item that is
written on the condition that nobody has it, so that environments never give one away twice; a table that fails leaves
the environment's own count. The table says nothing of who the user is.
"""

import hashlib
import json
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from authorizer.errors import TooManySessions
from authorizer.model import Identity
from authorizer.settings.schema import Issuer
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from authorizer.vending.shared import SharedLevel

MOST_USERS = 10_000
"""Users whose seats one environment remembers, about 300 bytes each; the least recently seated leaves first."""


class AllTaken(Exception):
    """All seats of a user are taken in the shared table."""


class Seat(NamedTuple):
    """A seat, taken for as long as a session may be in the making."""

    keep: Callable[[], Awaitable[None]]
    """Its session is made, and has it until it ends."""
    leave: Callable[[], None]
    """No session came of it: here it is free at once, and elsewhere soon."""
    give_back: Callable[[], Awaitable[None]]
    """After `leave`: elsewhere too, at once."""


class Seats:
    """The seats of every user."""

    def __init__(self, most: int, shared: "SharedLevel | None", issuers: Mapping[str, Issuer]) -> None:
        self._most = most
        self._shared = shared
        self._issuers = issuers
        self._taken: OrderedDict[str, dict[str, float]] = OrderedDict()
        """User → who has the seat → until when."""

    async def take(
        self, identity: Identity, holder: str, ends: float, now: float, deadline: Deadline
    ) -> Seat:
        """A seat for a session that lives until `ends`, in seconds since the epoch. `holder` is the key of the request
        that it is made for, whose last session leaves it its seat.

        Raises `TooManySessions`.
        """
        user = self._key(identity)
        taken = {key: end for key, end in self._taken.get(user, {}).items() if end > now}
        before = taken.get(holder)
        if before is None and len(taken) >= self._most:
            raise self._refused(min(taken.values()) - now)
        # Taken before anything is waited for, so that nobody else gets it meanwhile.
        self._taken[user] = {**taken, holder: ends}
        self._taken.move_to_end(user)
        while len(self._taken) > MOST_USERS:
            self._taken.popitem(last=False)
        name = None
        if self._shared:
            # In the same order for the same holder, so that it comes by its own seat in another environment, too.
            numbers = random.Random(holder).sample(range(self._most), self._most)  # noqa: S311 - an order
            names = [f"seat/{user}/{number}" for number in numbers]
            try:
                name = await self._shared.seat(names, holder, now, deadline)
            except BaseException as error:
                self._free(user, holder, before)
                if isinstance(error, AllTaken):
                    raise self._refused(None) from None
                raise

        async def keep() -> None:
            if self._shared and name:
                await self._shared.keep_seat(name, holder, ends, now, deadline)

        async def give_back() -> None:
            if self._shared and name:
                await self._shared.unseat(name, deadline)

        return Seat(keep=keep, leave=lambda: self._free(user, holder, before), give_back=give_back)

    def clear(self) -> None:
        self._taken.clear()

    def _free(self, user: str, holder: str, before: float | None) -> None:
        taken = self._taken.get(user, {})
        if before is None:
            taken.pop(holder, None)
        else:
            taken[holder] = before  # the last session lives on, and is counted here

    def _refused(self, seconds: float | None) -> TooManySessions:
        until = "" if seconds is None else f"; the first of them ends in {seconds:.0f} s"
        return TooManySessions(
            f"{self._most} role sessions of this user are alive, as many as callers.sessions allows{until}"
        )

    def _key(self, identity: Identity) -> str:
        """Whose seats they are: a person at an issuer, under whichever of its URLs and whatever role or claims a token
        gives them. Whoever acts for a person has seats of their own: else they could take all of the person's."""
        issuer = self._issuers[identity.issuer].name
        whose = [issuer, identity.principal, *identity.actors]
        return hashlib.sha256(json.dumps(whose).encode()).hexdigest()
