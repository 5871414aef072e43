"""The stream of decisions: one record a request, newest last, for whoever watches: the command's log, a console."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from authorizer.local_aws import Line
from authorizer.local_gateway.verdicts import Answer
from authorizer.local_gateway.written import Written
from authorizer.record import Record

LENGTH: Final = 10_000
"""Decisions that are remembered."""
CALLS: Final = 2_000
"""Calls of the local AWS among which those of a request are looked for."""
MASK: Final = "****"
SECRETS: Final = frozenset(
    (
        *("secretaccesskey", "sessiontoken", "credentials", "usageidentifierkey", "apikey", "x-api-key"),
        *("authorization", "authorizationtoken", "identitysource", "cookie", "cookies", "token"),
        *("sec-websocket-protocol", "x-vended-credentials", "x-vended-secret-access-key", "renewal"),
        *("x-vended-session-token", "rawquerystring"),
    )
)
"""Members of events and answers, in lower case, that are shown to nobody who did not ask for them."""

Outcome = Literal["allow", "deny", "unauthorized", "failure", "open", "preflight", "no route", "refused"]
"""`open`: a route without an authorizer. `refused`: turned away by the gateway's own limits, or for an API key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One request and what became of it. What may hold a secret has no `repr`; `shown` masks it."""

    number: int
    """From 1, in the order in which requests ended."""
    time: float
    """Seconds since 1970, when it came."""
    request_id: str
    kind: str
    """`rest-token`, `websocket`, …; of a route without an authorizer the API's: `REST`."""
    method: str
    path: str
    route: str | None
    """As configured: `GET /files/{proxy+}`."""
    arn: str | None
    outcome: Outcome
    code: str
    """Why: the authorizer's own code, or the gateway's."""
    status: int
    """What the client got. Of a WebSocket's message 200 or an error's."""
    principal: str | None
    cache: Literal["hit", "miss"] | None
    """None: nothing is cached there, or nobody came so far."""
    age: float | None
    """Seconds since the answer was given, where it came from the cache."""
    milliseconds: Mapping[str, float]
    """By stage of the gateway: `identity`, `authorizer`, `policy`, `backend`, and `total`."""
    why: tuple[str, ...]
    """How the policy was judged for this route, statement by statement; or what was wrong."""
    calls: tuple[Line, ...] = field(default=(), repr=False)
    """What the backend asked AWS for meanwhile."""
    event: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the authorizer was asked; None where it was not."""
    response: Mapping[str, Any] | None = field(default=None, repr=False)
    """What it said."""
    record: Record | None = field(default=None, repr=False)
    """How it came to that, stage by stage."""
    answer: Answer | None = field(default=None, repr=False)
    """The very answer: of a request from the cache that of another request, as a message's is its connection's."""
    written: Written | None = field(default=None, repr=False)
    """What the authorizer decided by; None where it was not asked."""

    def shown(self) -> dict[str, Any]:
        """All of it that may be shown, as JSON has it, secrets masked."""
        return {
            **{
                name: getattr(self, name)
                for name in self.__slots__
                if name not in ("calls", "event", "response", "record", "answer", "written", "path")
            },
            "path": self.path,
            "event": masked(self.event),
            "response": masked(self.response),
            "calls": [
                {name: getattr(call, name) for name in Line.__slots__ if name != "trace"}
                for call in self.calls
            ],
            "stages": {} if self.record is None else dict(self.record.milliseconds),
        }


def masked(value: Any, name: str = "") -> Any:
    """A copy without what `SECRETS` names; whoever stands below such a name is masked, too."""
    if isinstance(value, Mapping):
        return {key: masked(item, f"{key}".lower()) for key, item in value.items()}
    if isinstance(value, list) and name not in SECRETS:
        return [masked(item) for item in value]
    return MASK if name in SECRETS and value else value


class Stream:
    """Bounded. `listen` hears each decision as it comes, on the server's own loop."""

    def __init__(self, listen: Callable[[Served], None] | None = None) -> None:
        self._kept: deque[Served] = deque(maxlen=LENGTH)
        self._calls: deque[Line] = deque(maxlen=CALLS)
        self._lock = threading.Lock()
        self._listeners = [] if listen is None else [listen]
        self.count = 0
        """Decisions since the beginning."""

    def listen(self, listener: Callable[[Served], None]) -> Callable[[], None]:
        """One more who hears; what is returned ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, made: Callable[[int], Served]) -> None:
        """Number a decision, keep it, tell it."""
        self.count += 1
        served = made(self.count)
        self._kept.append(served)
        for listener in tuple(self._listeners):
            listener(served)

    def called(self, line: Line) -> None:
        """The local AWS was asked for something. From any thread."""
        with self._lock:
            self._calls.append(line)

    def calls_of(self, trace: str, session: str | None, begun: float, ended: float) -> tuple[Line, ...]:
        """What was asked for one request: by its trace, which functions send along; of a server that does not, by the
        session, as long as the request lasted."""
        with self._lock:
            recent = tuple(self._calls)
        return tuple(
            line
            for line in recent
            if (line.trace == trace if line.trace else line.who == session and begun <= line.time <= ended)
        )

    @property
    def decisions(self) -> tuple[Served, ...]:
        """All that are remembered, oldest first."""
        return tuple(self._kept)
