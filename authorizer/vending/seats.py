"""How many role sessions of one user are alive at once: each takes a seat until it ends.

For sessions that callers hold themselves. The same session is answered while it serves; a new one is made for a new
token, another address or another role, so that a stolen token, or a loop in a page, could become hundreds. One that is
made in place of another, for the same token, address and role, has its seat: else whoever has all seats taken would be
refused for the last minutes of each.

Seats are counted in this environment, and in the shared table where there is one. There each seat is an item that is
written on the condition that nobody has it, so that environments never give one away twice; a table that fails leaves
the environment's own count. The table says nothing of who the user is.
"""

import hashlib
import json
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from authorizer.errors import TooManySessions
from authorizer.model import Identity
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from authorizer.vending.shared import SharedLevel

MOST_USERS = 10_000
"""Users whose seats one environment remembers, about 300 bytes each; the least recently seated leaves first."""

Release = Callable[[], Awaitable[None]]


class AllTaken(Exception):
    """All seats of a user are taken in the shared table."""


class Seats:
    """The seats of every user."""

    def __init__(self, most: int, shared: "SharedLevel | None") -> None:
        self._most = most
        self._shared = shared
        self._taken: OrderedDict[str, dict[str, float]] = OrderedDict()
        """User → who has the seat → until when."""

    async def take(
        self, identity: Identity, holder: str, ends: float, now: float, deadline: Deadline
    ) -> Release:
        """A seat until `ends`, in seconds since the epoch. `holder` is the key of the request that the session is made
        for, whose last session leaves it its seat. What it returns gives it back, where no session came of it.

        Raises `TooManySessions`.
        """
        user = _key(identity)
        taken = {key: end for key, end in self._taken.get(user, {}).items() if end > now}
        before = taken.get(holder)
        if before is None and len(taken) >= self._most:
            raise self._refused(min(taken.values()) - now)
        # Taken before anything is waited for, so that nobody else gets it meanwhile.
        self._taken[user] = {**taken, holder: ends}
        self._taken.move_to_end(user)
        while len(self._taken) > MOST_USERS:
            self._taken.popitem(last=False)
        seat = None
        if self._shared:
            # In the same order for the same holder, so that it comes by its own seat in another environment, too.
            numbers = random.Random(holder).sample(range(self._most), self._most)  # noqa: S311 - an order
            seats = [f"seat/{user}/{number}" for number in numbers]
            try:
                seat = await self._shared.seat(seats, holder, ends, now, deadline)
            except BaseException as error:
                self._free(user, holder, before)
                if isinstance(error, AllTaken):
                    raise self._refused(None) from None
                raise

        async def release() -> None:
            self._free(user, holder, before)
            if self._shared and seat:
                await self._shared.unseat(seat, deadline)

        return release

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


def _key(identity: Identity) -> str:
    """Whose seats they are: a person at an issuer, whatever role or claims a token gives them."""
    return hashlib.sha256(json.dumps([identity.issuer, identity.principal]).encode()).hexdigest()
