"""How many role sessions of one user are alive at once: each takes a seat until it ends.

For sessions that callers hold themselves. The same session is answered while it serves; a new one is made for a new
token, another address or another role, so that a stolen token, or a loop in a page, could become hundreds. One that is
made in place of another, for the same token, address and role, has its seat.

A session in its last minutes, the `CALLERS.need` seconds for which none is handed out any more, leaves its seat to any
other of the user: it ends with its token, so that the next one often comes with a fresh token, and whoever has all
seats taken would be refused at each refresh until the last is over. It lives on beside that other, and no seat has two
like it. So a stolen token, or a loop of tokens that all end within minutes, holds no more than `callers.sessions`
seats, and at most as many sessions beside them, each for the rest of its minutes.

The holder is not the sign-in, which would know the fresh token's session for the next of the last: tokens of machines
and of other issuers name none, and a fresh token would bring a session beside one that lives for long.

A seat is first taken for the seconds that a session may be in the making, and until the session ends once it is made:
while STS is silent, requests that end with nothing leave no seats behind that nobody has. The seat of a session that
lives on is not free any earlier for it.

Seats are counted in this environment, and in the shared table where there is one. There each seat is an item that is
written on the condition that it still is as it was judged, so that environments never give one away twice; a table that
fails leaves the environment's own count. The table says nothing of who the user is.
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
from authorizer.vending.cache import DENIAL_TTL
from authorizer.vending.lifetime import CALLERS
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from authorizer.vending.shared import SharedLevel

MOST_USERS = 10_000
"""Users whose seats one environment remembers, about 300 bytes each; the least recently seated leaves first."""
MOST_REFUSED = 10_000
"""Holders whom the table had no seat for that one environment remembers, about 200 bytes each; the least recently
refused leaves first."""


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
        self._refusals: OrderedDict[str, float] = OrderedDict()
        """Who has found all seats of the table taken → when."""

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
        if before is None:
            lasting = [end for end in taken.values() if end > now + CALLERS.need]
            if len(lasting) >= self._most:
                raise self._refused(min(lasting) - now)
            if len(taken) >= 2 * self._most:
                raise self._refused(min(taken.values()) - now)
        # For each holder of its own: a loop with one token must not keep the user's others from their own seats. A
        # clock that was set back prolongs none.
        if (since := self._refusals.get(holder)) is not None and since <= now < since + DENIAL_TTL:
            raise self._refused(None)
        # Taken before anything is waited for, so that nobody else gets it meanwhile.
        self._taken[user] = {**taken, holder: ends}
        self._taken.move_to_end(user)
        while len(self._taken) > MOST_USERS:
            self._taken.popitem(last=False)
        place = None
        if self._shared:
            # In the same order for the same holder, so that it comes by its own seat in another environment, too.
            numbers = random.Random(holder).sample(range(self._most), self._most)  # noqa: S311 - an order
            names = [f"seat/{user}/{number}" for number in numbers]
            try:
                place = await self._shared.seat(names, holder, now, deadline)
            except BaseException as error:
                self._free(user, holder, before)
                if isinstance(error, AllTaken):
                    self._refusals[holder] = now
                    self._refusals.move_to_end(holder)
                    while len(self._refusals) > MOST_REFUSED:
                        self._refusals.popitem(last=False)
                    raise self._refused(None) from None
                raise

        async def keep() -> None:
            if self._shared and place:
                await self._shared.keep_seat(place, ends, now, deadline)

        async def give_back() -> None:
            if self._shared and place:
                await self._shared.unseat(place, deadline)

        return Seat(keep=keep, leave=lambda: self._free(user, holder, before), give_back=give_back)

    def clear(self) -> None:
        self._taken.clear()
        self._refusals.clear()

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
