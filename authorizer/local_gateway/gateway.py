"""The way of a request through the gateway, on one page: what it is, whether it may, what the backend says.

Whatever ends it early is `Stopped`, with its row of `responses`. Order of the checks: API Gateway Developer Guide,
"API Gateway authorization flow", "Use API Gateway Lambda authorizers" (validation, cache, function, policy), "Usage
plans and API keys" (after the authorizer, which may bring the key).
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from authorizer.errors import RouteClosed
from authorizer.local_aws import Line
from authorizer.local_gateway import decisions
from authorizer.local_gateway.api import Api, Door
from authorizer.local_gateway.asking import UNAUTHORIZED_TEXT, Asked
from authorizer.local_gateway.backends import Backend, BackendFailed, Call
from authorizer.local_gateway.cache import Cache
from authorizer.local_gateway.decisions import Served, Stream
from authorizer.local_gateway.events import authorizer_event
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.kinds import QUOTAS, Protocol, Quotas
from authorizer.local_gateway.proxy_answers import unsendable
from authorizer.local_gateway.responses import (
    Reply,
    cors_headers,
    gateway_reply,
    preflight_reply,
    request_headers,
)
from authorizer.local_gateway.routing import Matched, match
from authorizer.local_gateway.sources import refused, values_of
from authorizer.local_gateway.verdicts import Answer, Malformed, judge, read_answer
from authorizer.local_gateway.written import Written
from authorizer.record import Record

_RETURNED = {"errorMessage": UNAUTHORIZED_TEXT}
"""What an HTTP API's authorizer may return in place of raising ("Control access to HTTP APIs with AWS Lambda
authorizers")."""


class Stopped(Exception):
    """The gateway answers by itself: `reason` is a row of `responses.ROWS`."""

    def __init__(
        self,
        reason: str,
        outcome: decisions.Outcome,
        code: str,
        why: tuple[str, ...] = (),
        *,
        explicit: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome = outcome
        self.code = code
        self.why = why
        self.explicit = explicit


@dataclass(slots=True, kw_only=True)
class Seen:
    """What became known of one request so far: for its decision."""

    begun: float
    """By the clock that measures."""
    route: str | None = None
    arn: str | None = None
    kind: str = ""
    outcome: decisions.Outcome = "failure"
    code: str = ""
    why: tuple[str, ...] = ()
    cache: Literal["hit", "miss"] | None = None
    age: float | None = None
    answer: Answer | None = field(default=None, repr=False)
    event: Mapping[str, Any] | None = field(default=None, repr=False)
    response: Mapping[str, Any] | None = field(default=None, repr=False)
    record: Record | None = field(default=None, repr=False)
    written: Written | None = field(default=None, repr=False)
    milliseconds: dict[str, float] = field(default_factory=dict)
    asked_backend: float | None = None

    def took(self, stage: str, since: float) -> float:
        """Note a stage's time; when it ended."""
        now = time.perf_counter()
        self.milliseconds[stage] = round((now - since) * 1000, 3)
        return now


class Gateway:
    """`keys` are the values of the API keys in the usage plan. `clock` is of the cache; time of day is `now`."""

    def __init__(
        self,
        *,
        asked: Asked,
        backend: Backend,
        stream: Stream,
        keys: frozenset[str] = frozenset(),
        quotas: Mapping[Protocol, Quotas] = QUOTAS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.asked = asked
        self.backend = backend
        self.stream = stream
        self.cache = Cache(clock)
        self.keys = keys
        self.quotas = quotas
        self.now = now

    async def serve(self, api: Api, incoming: Incoming) -> Reply:
        """The answer to one request; it is in the stream afterwards."""
        seen = Seen(begun=time.perf_counter(), kind=api.protocol)
        try:
            reply = await self._serve(api, incoming, seen)
        except Exception as error:
            stopped = stopped_by(error)
            seen.outcome, seen.code, seen.why = stopped.outcome, stopped.code, stopped.why or seen.why
            context = texts(seen.answer.context) if seen.answer else {}
            reply = gateway_reply(stopped.reason, api, incoming, explicit=stopped.explicit, context=context)
        if api.protocol == "HTTP":
            reply = _with_cors(reply, cors_headers(api, incoming))
        self.tell(seen, incoming, reply.status)
        return reply

    async def _serve(self, api: Api, incoming: Incoming, seen: Seen) -> Reply:
        quotas = self.quotas[api.protocol]
        if incoming.line_and_headers > quotas.header_bytes:
            raise Stopped("HEADERS_TOO_LARGE", "refused", "headers_too_large")
        if len(incoming.body) > quotas.body_bytes:
            raise Stopped("REQUEST_TOO_LARGE", "refused", "body_too_large")
        preflight = preflight_reply(api, incoming)
        if preflight is not None:
            seen.outcome, seen.code = "preflight", "preflight"
            return preflight
        matched = match(api, incoming.method, incoming.path)
        if matched is None:
            raise Stopped("MISSING_AUTHENTICATION_TOKEN", "no route", "no_route")
        seen.route = matched.route.key
        seen.arn = api.arn(incoming.method, incoming.path)
        if len(seen.arn.encode()) > quotas.arn_bytes:
            raise Stopped("URI_TOO_LONG", "refused", "uri_too_long")
        context = await self._authorized(api, incoming, matched, seen)
        self._check_key(api, incoming, matched, seen)
        begun = time.perf_counter()
        seen.asked_backend = self.now()
        call = Call(
            api=api,
            incoming=incoming,
            matched=matched,
            authorizer=context,
            context={} if seen.answer is None else texts(seen.answer.context),
            seconds=quotas.integration_seconds,
        )
        try:
            reply = await self.backend.answer(call)
        except BackendFailed as failed:
            raise Stopped(failed.reason, seen.outcome, "backend", (str(failed),)) from None
        finally:
            seen.took("backend", begun)
        if why := unsendable(reply):
            raise Stopped("BAD_GATEWAY", seen.outcome, "backend", (why,))
        return Reply(
            status=reply.status, headers=(*reply.headers, *request_headers(api, incoming)), body=reply.body
        )

    async def _authorized(
        self, api: Api, incoming: Incoming, matched: Matched, seen: Seen
    ) -> Mapping[str, Any] | None:
        """What the integration is told of the caller; None on an open route."""
        door = matched.route.door
        if door is None:
            seen.outcome, seen.code = "open", "no_authorizer"
            return None
        seen.kind = door.kind.name
        values = self.identified(door, values_of(door.sources, api, incoming, matched), seen)
        event = None
        found = self.cache.find(door, values) if door.ttl else None
        if found is None:
            arn = seen.arn or ""
            event = authorizer_event(door.kind.shape, api, incoming, matched, values=values, arn=arn)
        answer = await self.answered(door, values, event, found, seen)
        self.opened(answer, seen)
        if api.protocol == "HTTP":
            return answer.context
        latency = int(seen.milliseconds.get("authorizer", 0))
        return {"principalId": answer.principal, "integrationLatency": latency, **answer.context}

    def identified(self, door: Door, values: list[str | None], seen: Seen) -> list[str | None]:
        """The values of the identity sources. Raises `Stopped` where the gateway needs no authorizer to say 401."""
        if refused(door, values):
            seen.took("identity", seen.begun)
            raise Stopped(
                "UNAUTHORIZED", "unauthorized", "identity_source", ("an identity source is missing",)
            )
        seen.took("identity", seen.begun)
        return values

    async def answered(
        self,
        door: Door,
        values: list[str | None],
        event: Mapping[str, Any] | None,
        found: tuple[Answer, float] | None,
        seen: Seen,
    ) -> Answer:
        """The cached answer, or the authorizer's own to `event`. Raises `Stopped`."""
        if found is not None:
            seen.cache, (seen.answer, seen.age) = "hit", found
            return found[0]
        seen.cache, seen.event = ("miss" if door.ttl else None), event
        quotas, flushed = self.quotas[door.kind.protocol], self.cache.flushed
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(quotas.authorizer_seconds):
                outcome = await self.asked(event or {}, simple=door.kind.simple)
        except TimeoutError:
            seen.took("authorizer", begun)
            late = (f"the authorizer gave no answer in {quotas.authorizer_seconds:g} s",)
            raise Stopped("AUTHORIZER_FAILURE", "failure", "authorizer_timeout", late) from None
        seen.took("authorizer", begun)
        seen.record, seen.code, seen.written = outcome.record, outcome.code, outcome.written
        if outcome.error == UNAUTHORIZED_TEXT:
            raise Stopped("UNAUTHORIZED", "unauthorized", outcome.code, _refusal(outcome.record))
        if door.kind.protocol == "HTTP" and outcome.response == _RETURNED:
            raise Stopped("UNAUTHORIZED", "unauthorized", "unauthorized")
        if outcome.response is None:
            raise Stopped("AUTHORIZER_FAILURE", "failure", outcome.code, _refusal(outcome.record))
        seen.response = outcome.response
        try:
            answer = read_answer(outcome.response, door.kind, quotas, session=session_of(outcome.record))
        except Malformed as malformed:
            why = (f"the authorizer's answer is malformed: {malformed}",)
            raise Stopped("AUTHORIZER_CONFIGURATION_ERROR", "failure", "malformed_answer", why) from None
        self.cache.keep(door, values, answer, flushed=flushed)
        seen.answer = answer
        return answer

    def opened(self, answer: Answer, seen: Seen) -> None:
        """Raises `Stopped` where the answer does not open this route."""
        begun = time.perf_counter()
        judged = judge(answer, seen.arn or "")
        seen.took("policy", begun)
        seen.why = judged.why
        if not judged.allowed:
            code = (
                seen.code
                if seen.code not in ("", "allowed")
                else str(answer.context.get("code", RouteClosed.code))
            )
            why = (*_refusal(seen.record), *judged.why)
            raise Stopped("ACCESS_DENIED", "deny", code, why, explicit=judged.explicit)
        seen.outcome, seen.code = "allow", "allowed"

    def _check_key(self, api: Api, incoming: Incoming, matched: Matched, seen: Seen) -> None:
        if not matched.route.needs_key:
            return
        key = incoming.header("x-api-key")
        if api.key_source == "AUTHORIZER":
            key = seen.answer.usage_key if seen.answer else None
        if key is None or key not in self.keys:
            raise Stopped(
                "INVALID_API_KEY", "refused", "api_key", ("the API key is missing, or in no usage plan",)
            )

    def tell(self, seen: Seen, incoming: Incoming, status: int, *, method: str | None = None) -> None:
        """Into the stream."""
        ended = self.now()
        seen.took("total", seen.begun)
        calls: tuple[Line, ...] = ()
        if seen.asked_backend is not None:
            session = seen.answer.session if seen.answer else None
            calls = self.stream.calls_of(incoming.trace, session, seen.asked_backend, ended)
        self.stream.add(
            lambda number: Served(
                number=number,
                time=incoming.time,
                request_id=incoming.request_id,
                kind=seen.kind,
                method=incoming.method if method is None else method,
                path=incoming.path,
                route=seen.route,
                arn=seen.arn,
                outcome=seen.outcome,
                code=seen.code,
                status=status,
                principal=seen.answer.principal or seen.answer.context.get("sub") if seen.answer else None,
                cache=seen.cache,
                age=seen.age,
                milliseconds=dict(seen.milliseconds),
                why=seen.why,
                calls=calls,
                event=seen.event,
                response=seen.response,
                record=seen.record,
                answer=seen.answer,
                written=seen.written,
            )
        )


def stopped_by(error: Exception) -> Stopped:
    """Whatever was not foreseen is a 500. Its text may quote anything: only its type is told."""
    if isinstance(error, Stopped):
        return error
    return Stopped(
        "AUTHORIZER_FAILURE", "failure", "unforeseen", (f"the gateway failed: {type(error).__name__}",)
    )


def texts(context: Mapping[str, Any]) -> dict[str, str]:
    """As `$context.authorizer.NAME` gives it to a mapping."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in context.items()}


def session_of(record: Record | None) -> str | None:
    """ARN of the session that was vended, as the local AWS tells who asked."""
    credentials = record.credentials if record else None
    if credentials is None:
        return None
    _, partition, _, _, account, role = credentials.role_arn.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{credentials.session_name}"


def _refusal(record: Record | None) -> tuple[str, ...]:
    """Why this project's authorizer refused; nothing of another one's."""
    return () if record is None or record.refusal is None else (str(record.refusal),)


def _with_cors(reply: Reply, cors: tuple[tuple[str, str], ...]) -> Reply:
    """The API's CORS headers in place of the backend's."""
    if not cors:
        return reply
    kept = tuple(pair for pair in reply.headers if not pair[0].lower().startswith("access-control-"))
    preflight = tuple(
        pair
        for pair in reply.headers
        if pair[0].lower()
        in ("access-control-allow-methods", "access-control-allow-headers", "access-control-max-age")
    )
    return Reply(status=reply.status, headers=(*kept, *preflight, *cors), body=reply.body)
