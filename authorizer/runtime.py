"""The Lambda entry point as an object: settings in, a handler out. One event loop for its whole life."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Protocol

from authorizer.errors import Forbidden, Refusal, ServiceFailure, Unauthorized, Unforeseen
from authorizer.gateway.respond import Response, deny
from authorizer.model import Decision, Verdict
from authorizer.pipeline import Stages, authorize
from authorizer.record import Record
from authorizer.settings.schema import Settings
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor

MAX_SECONDS = 9.0
"""Longest a decision takes. HTTP APIs give up on an authorizer after 10 s (API Gateway quotas for HTTP APIs)."""
MARGIN_SECONDS = 0.25
"""What is kept of Lambda's own time-out for answering."""


class LambdaContext(Protocol):
    """What this project uses of the context object that Lambda passes to a handler."""

    def get_remaining_time_in_millis(self) -> int: ...


class VerdictError(Exception):
    """The only exceptions that leave the handler. API Gateway reads nothing but the text: exactly `Unauthorized` is
    answered with 401, any other with 500."""


UNAUTHORIZED = "Unauthorized"


class Authorizer:
    """`authorizer(event, context)` answers one authorizer event, as Lambda calls it.

    It owns one event loop: HTTP clients belong to the loop they were made in, and a new loop for each invocation
    (`asyncio.run`) would strand the clients of the last one ("Event loop is closed").
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        emit: Callable[[str], None] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._emit = emit or _print_line
        self._loop = asyncio.new_event_loop()
        self._background: set[asyncio.Task[None]] = set()
        self._stages = self._make_stages()

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

        A decision that waits for nothing needs no event loop, and is made without starting it: that alone costs as
        much as verifying a signature. What waits begins with a bare yield (`asyncio.sleep(0)`), and from there on the
        loop has it; as it has all of it while work in the background wants to go on.
        """
        deciding = self._decide(event, context)
        if not self._background:
            try:
                deciding.send(None)
            except StopIteration as decided:
                decision: tuple[Decision, Record] = decided.value
                return decision
        return self._loop.run_until_complete(deciding)

    def warm(self) -> None:
        """Make clients and fetch keys before the first request, in Lambda's init phase. What fails is tried again by
        the request that needs it."""
        self._loop.run_until_complete(self._warm())

    def forget(self) -> None:
        """Drop every key, credential and connection, as before a snapshot (SnapStart): what it holds would be served
        by every environment that is restored from it. All is dropped, too, where a connection fails to close."""
        try:
            self._loop.run_until_complete(self._close())
        finally:
            self._stages = self._make_stages()

    def restart(self) -> None:
        """Begin anew with nothing of the past, as after a restore."""
        self.forget()
        self.warm()

    def close(self) -> None:
        """Close connections and the loop. Lambda never calls this; laptops and tests do."""
        self._loop.run_until_complete(self._close())
        self._loop.close()

    def _make_stages(self) -> Stages:
        return Stages(
            settings=self.settings,
            verifier=Verifier(self.settings.issuers, self.settings.keys),
            vendor=Vendor(self.settings),
        )

    async def _decide(self, event: object, context: LambdaContext | None) -> tuple[Decision, Record]:
        now = self._clock()
        record = Record(now)
        try:
            await authorize(
                event, self._stages, now=now, deadline=now + _seconds_left(context), record=record
            )
        except Refusal as error:
            record.refused(error)
        except (Exception, asyncio.CancelledError) as error:
            # Its text may quote anything, a token included: only its type and place are told. A fetch that others wait
            # for too can be cancelled under a request: that is no `Exception`, and no reason to leave it unanswered.
            record.refused(Unforeseen(f"{type(error).__name__} {_place(error)}"))
        decision = _decision(record)
        self._emit(record.line(decision.verdict))
        self._maintain(now)
        return decision, record

    def _maintain(self, now: float) -> None:
        """Refresh what will soon be due, beside the requests that follow and never in their way. Lambda freezes the
        environment between invocations, so the work goes on whenever the loop runs."""
        if self._background:
            return
        for stage in (self._stages.verifier, self._stages.vendor):
            if stage.is_due(now):
                task = self._loop.create_task(stage.maintain(now))
                self._background.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled():
            task.exception()  # seen: else asyncio prints it, and its text may quote anything

    async def _warm(self) -> None:
        await asyncio.gather(self._stages.verifier.warm(self._clock()), self._stages.vendor.warm())

    async def _close(self) -> None:
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._stages.verifier.close()
        await self._stages.vendor.close()


FAMILIES: tuple[tuple[type[Refusal], Verdict], ...] = (
    (Unauthorized, "unauthorized"),
    (Forbidden, "deny"),
    (ServiceFailure, "failure"),
)


def _decision(record: Record) -> Decision:
    """The verdict. Allow has one way in: the last stage has answered, and nothing was refused."""
    if record.refusal is None and record.response is not None:
        return Decision(verdict="allow", code="allowed", response=record.response)
    refusal = record.refusal or Unforeseen("no stage answered")
    verdict: Verdict = next(
        (verdict for family, verdict in FAMILIES if isinstance(refusal, family)), "failure"
    )
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
