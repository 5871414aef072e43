"""One decision as the panels look at it: itself, the one whose answer it was given, and what decided then."""

from collections.abc import Sequence
from dataclasses import dataclass

from authorizer.local.personas import Persona
from authorizer.local.world import Local
from authorizer.local_gateway.configured import Configured
from authorizer.local_gateway.decisions import Served
from authorizer.local_gateway.written import Written
from authorizer.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`origin` is the decision itself where the authorizer was asked, and None where that one is not kept any more."""

    served: Served
    origin: Served | None
    written: Written
    """What decided then; of what never came to the authorizer, what is served now."""
    local: Local | None

    @property
    def record(self) -> Record:
        """Stage by stage; an empty one where the authorizer was not asked."""
        found = self.origin.record if self.origin else None
        return found or Record(self.served.time)


def shown(served: Served, decisions: Sequence[Served], configured: Configured) -> Shown:
    """`decisions` are all that are kept, oldest first."""
    origin = origin_of(served, decisions)
    written = (origin.written if origin else None) or configured.written
    return Shown(served=served, origin=origin, written=written, local=configured.local)


def origin_of(served: Served, decisions: Sequence[Served]) -> Served | None:
    """The decision for which the authorizer gave this answer: another one where it came from the cache, or where a
    WebSocket's message has that of its connection."""
    if served.record is not None or served.answer is None:
        return served
    given = (each for each in decisions if each.answer is served.answer and each.record is not None)
    return next(given, None)


def numbered(number: int, decisions: Sequence[Served]) -> Served | None:
    """Numbers follow one another; the oldest decisions are forgotten."""
    at = number - decisions[0].number if decisions else -1
    return decisions[at] if 0 <= at < len(decisions) else None


def persona_of(principal: str | None, local: Local | None) -> str | None:
    """The first persona that has this `sub`, or, of an app client, the first machine."""
    if principal is None or local is None:
        return None
    machine = local.issuer.machine_client_id

    def is_theirs(who: Persona) -> bool:
        return principal == (machine if who.machine else who.sub)

    return next((name for name, who in local.personas.people.items() if is_theirs(who)), None)
