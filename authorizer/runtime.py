"""The Lambda entry point as an object: settings and templates in, a handler out. One event loop for its whole life."""

import asyncio
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from authorizer import memory
from authorizer.connections import Connections, is_renewal
from authorizer.errors import Forbidden, Refusal, RouteClosed, ServiceFailure, Unauthorized, Unforeseen
from authorizer.gateway.respond import Response, deny
from authorizer.metrics import LOCAL
from authorizer.model import Decision, Verdict
from authorizer.pipeline import Stages, authorize, renew
from authorizer.record import Record
from authorizer.sealing.sealers import Sealers
from authorizer.settings.schema import Access
from authorizer.settings.walks import why_closed
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from authorizer.waiting.running import run

MAX_SECONDS = 9.0
"""Longest a decision takes. HTTP APIs give up on an authorizer after 10 s (API Gateway quotas for HTTP APIs)."""
MARGIN_SECONDS = 0.25
"""What is kept of Lambda's own time-out for answering."""
LATE_SECONDS = 0.1
"""How long after its deadline a decision that still waits is stopped: every stage obeys the deadline, and this is for
the one that does not. It ends within `MARGIN_SECONDS`, so that the record leaves before Lambda ends the process."""
WARM_SECONDS = 5.0
"""Longest that `warm` waits for keys and credentials. Lambda ends an init phase, and a hook after a restore, after 10 s
(Developer Guide, "Lambda execution environment lifecycle"), most of which may go into loading on a small function."""


class LambdaContext(Protocol):
    """What this project uses of the context object that Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int: ...


class VerdictError(Exception):
    """The only exceptions that leave the handler. API Gateway reads nothing but the text: exactly `Unauthorized` is
    answered with 401, any other with 500."""


UNAUTHORIZED = "Unauthorized"


class Flow(Protocol):
    """One way through the stages: a function of `authorizer.pipeline`."""

    async def __call__(
        self, event: object, stages: Stages, *, now: float, deadline: Deadline, record: Record
    ) -> Response: ...


class Authorizer:
    """`authorizer(event, context)` answers one authorizer event, as Lambda calls it.

    It owns one event loop: HTTP clients belong to the loop they were made in, and a new loop for each invocation
    (`asyncio.run`) would strand the clients of the last one ("Event loop is closed").
    """

    def __init__(
        self,
        access: Access,
        *,
        flow: Flow | None = None,
        function: str | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        emit: Callable[[str], None] | None = None,
    ) -> None:
        """`flow` is the way of `authorizer.pipeline` that events take: that of their kind by default. `function` tells
        its metrics from those of another deployment: the Lambda function's name."""
        self.settings, self.templates = access
        self._flow = flow
        self._function = function or LOCAL
        self._clock = clock
        self._monotonic = monotonic
        self._emit = emit or _print_line
        self._turn = threading.Lock()
        self._stages = self._make_stages()
        self._loop = asyncio.new_event_loop()  # last: whatever is refused before it leaves nothing open

    def __call__(self, event: object, context: LambdaContext | None = None) -> Response:
        """The response for API Gateway. Raises `VerdictError` where only an exception gives the right status."""
        decision, _ = self.decide(event, context)
        if decision.response is None:
            # Raised outside every `except`, so that no cause hangs on it: Lambda prints what does.
            raise VerdictError(
                UNAUTHORIZED if decision.verdict == "unauthorized" else f"authorizer failure: {decision.code}"
            )
        return dict(decision.response)

    def decide(self, event: object, context: LambdaContext | None = None) -> tuple[Decision, Record]:
        """The decision and how it came about. Emits the decision record. Never raises an `Exception`.

        Nothing runs beside a decision or after it: Lambda freezes the process as soon as it has answered. Threads take
        turns, and what they wait is of their time; Lambda itself gives each request that is handled beside others a
        process (Developer Guide, "Python runtime for Lambda Managed Instances").
        """
        deadline = Deadline.after(_seconds_left(context), self._monotonic)
        with self._turn:
            return run(self._decide(event, deadline), self._loop, deadline=deadline, late=LATE_SECONDS)

    def warm(self) -> None:
        """Make clients and fetch keys before the first request, in Lambda's init phase. What fails or takes longer
        than `WARM_SECONDS` is tried again by the request that needs it: keys once their cool-down is over."""
        self._loop.run_until_complete(self._warm())

    def forget(self) -> None:
        """Drop every key, credential and connection, as before a snapshot (SnapStart): what it holds would be served
        by every environment that is restored from it. All is dropped, too, where a connection fails to close."""
        memory.forget()
        try:
            self._loop.run_until_complete(self._close())
        finally:
            self._stages = self._make_stages()

    def restart(self) -> None:
        """Begin anew with nothing of the past, as after a restore: neither with what was held nor with the dice of the
        snapshot, by which all its environments would try again at the same moments."""
        random.seed()  # from the system, whose numbers Lambda keeps apart (Developer Guide, "Handling uniqueness")
        self.forget()
        self.warm()

    def close(self) -> None:
        """Close connections and the loop. Lambda never calls this; laptops and tests do."""
        self._loop.run_until_complete(self._close())
        self._loop.close()

    def _make_stages(self) -> Stages:
        sealers = Sealers(self.settings)
        return Stages(
            settings=self.settings,
            templates=self.templates,
            verifier=Verifier(self.settings.issuers, self.settings.keys, wanted=self.settings.claims_read),
            vendor=Vendor(self.settings, sealers=sealers),
            sealers=sealers,
            connections=Connections(self.settings, sealers.private),
        )

    async def _decide(self, event: object, deadline: Deadline) -> tuple[Decision, Record]:
        now = self._clock()
        record = Record(now, function=self._function)
        try:
            flow = self._flow or (renew if is_renewal(event) else authorize)
            await flow(event, self._stages, now=now, deadline=deadline, record=record)
            if record.request is not None and not record.opens:
                record.refused(RouteClosed(why_closed(record.request.route.path)))
        except Refusal as error:
            record.refused(error)
        except asyncio.CancelledError:
            record.refused(Unforeseen("stopped: a stage did not end by the deadline"))
        except Exception as error:
            # Its text may quote anything, a token included: only its type and place are told.
            record.refused(Unforeseen(f"{type(error).__name__} {_place(error)}"))
        decision = _decision(record)
        self._emit(record.line(decision.verdict, self._stages.counted()))
        return decision, record

    async def _warm(self) -> None:
        stages, now = self._stages, self._clock()
        try:
            # A group, since what one failure leaves behind unfinished would hold locks that the first request needs.
            async with asyncio.timeout(WARM_SECONDS), asyncio.TaskGroup() as warming:
                for stage in (stages.verifier.warm(now), stages.sealers.warm(now), stages.vendor.warm()):
                    warming.create_task(stage)
        except TimeoutError:
            return
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _close(self) -> None:
        await self._stages.verifier.close()
        await self._stages.vendor.close()


FAMILIES: tuple[tuple[type[Refusal], Verdict], ...] = (
    (Unauthorized, "unauthorized"),
    (Forbidden, "deny"),
    (ServiceFailure, "failure"),
)


def _decision(record: Record) -> Decision:
    """The verdict. Allow has one way in: the last stage has answered, the answer opens the route that was asked for,
    and nothing was refused."""
    if record.refusal is None and record.response is not None and record.opens:
        return Decision(verdict="allow", code="allowed", response=record.response)
    refusal = record.refusal or Unforeseen("no stage answered")
    verdict: Verdict = next(
        (verdict for family, verdict in FAMILIES if isinstance(refusal, family)), "failure"
    )
    if isinstance(refusal, RouteClosed) and record.response is not None:
        # The answer opens the caller's other routes: the gateway may repeat it for them, and answers this one with 403.
        return Decision(verdict=verdict, code=refusal.code, response=record.response)
    if verdict == "deny" and record.request is not None:
        principal = record.claims.sub if record.claims else None
        answer = deny(record.request, principal, refusal.code)
        return Decision(verdict=verdict, code=refusal.code, response=answer)
    if verdict == "deny":
        verdict = "failure"  # a denial without a request to deny
    return Decision(verdict=verdict, code=refusal.code, response=None)


def _seconds_left(context: LambdaContext | None) -> float:
    if context is None:
        return MAX_SECONDS
    return min(MAX_SECONDS, max(0.0, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS))


def _place(error: BaseException) -> str:
    """`in FILE:LINE` of the innermost frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "somewhere"
    name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"in {name}:{trace.tb_lineno}"


def _print_line(line: str) -> None:
    """One write, so that Lambda's log keeps the record as one event."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
