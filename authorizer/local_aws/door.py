"""The way of a request through the door, on one page: whose it is, what it asks, whether IAM allows it, what moto says.

Whatever cannot be told is refused, and what moto gets is written anew from what was judged.
"""

from collections.abc import Callable, Sequence
from typing import Final

from authorizer.local_aws import batch, reading, state, sts
from authorizer.local_aws.journal import Journal, Line
from authorizer.local_aws.judging import Verdict, judge, sentence
from authorizer.local_aws.keys import common
from authorizer.local_aws.needs import Call, Need, Service
from authorizer.local_aws.refusals import Refused, refusal, rendered
from authorizer.local_aws.rewriting import Canonical, Moto
from authorizer.local_aws.services import SERVICES
from authorizer.local_aws.sessions import Principal, Principals, Role
from authorizer.local_aws.signature import peek, verify
from authorizer.local_aws.wire import Answer, Received

_PLAIN: Final = Service(operations={}, keys=frozenset())
"""For a service that has no table: the owner's alone."""


class Door:
    """Judges every request before moto sees it. `clock` gives the time in seconds since 1970."""

    def __init__(
        self, moto: Moto, principals: Principals, journal: Journal, clock: Callable[[], float]
    ) -> None:
        self._moto = moto
        self._principals = principals
        self._journal = journal
        self._clock = clock

    def answer(self, request: Received) -> Answer:
        """The answer to one request; never raises."""
        seen = _Seen()
        try:
            made = self._answer(request, seen)
        except Refused as refused:
            made = _refusal(request, seen, refused)
        except Exception as error:
            # Whatever was not foreseen, of moto's too, is nobody's permission.
            failed = Refused("InternalFailure", f"the door failed: {type(error).__name__}", status=500)
            made = _refusal(request, seen, failed)
        self._journal.add(seen.line(made, self._clock(), request.headers.get("x-amzn-trace-id")))
        return made

    def _answer(self, request: Received, seen: "_Seen") -> Answer:
        scope = peek(request)
        seen.protocol = "rest-xml" if scope is None else reading.protocol_of(scope.service, request)
        if scope is None:
            raise refusal(
                "anonymous", seen.protocol, "the request is not signed: the door serves nobody without a name"
            )
        seen.service = scope.service
        principal, body = verify(request, scope, self._principals, protocol=seen.protocol, now=self._clock())
        seen.principal = principal
        service = SERVICES.get(scope.service, _PLAIN)
        asked, written = reading.read(
            request, body, service=scope.service, region=scope.region,
            normal=lambda asked: service.normal(Call(asked=asked, principal=principal)),
        )  # fmt: skip
        seen.operation = asked.operation
        call = Call(asked=asked, principal=principal)
        role = self._role(principal, seen.protocol)
        context = common(
            principal, role, region=scope.region, address=request.address, agent=request.headers.get("user-agent"),
            now=self._clock(),
        )  # fmt: skip
        seen.verdicts = [
            judge(need, principal, role, context, service) for need in self._needs(call, service)
        ]
        if (made := batch.partly(call, seen.verdicts, self._ask)) is not None:
            return made
        if denied := [verdict for verdict in seen.verdicts if not verdict.allowed]:
            raise refusal("denied", seen.protocol, sentence(denied[0], principal), why=denied[0].why)
        service.check(call)
        if asked.service == "sts":
            return self._sts(call)
        made = self._ask(call, written)
        if made.status == 404 and (need := service.hidden_by(call)) is not None:
            verdict = judge(need, principal, role, context, service)
            if not verdict.allowed:
                raise refusal("denied", seen.protocol, sentence(verdict, principal), why=verdict.why)
        return made

    def _needs(self, call: Call, service: Service) -> list[Need]:
        """Raises `Refused` for an operation without a row: only the owner, whom nothing narrows, may ask for that."""
        needs = service.operations.get(call.asked.operation)
        if needs is None and call.principal.is_owner:
            return []
        if needs is None:
            raise Refused(
                "NotImplemented",
                f"the door does not translate {call.asked.service}:{call.asked.operation} into what IAM judges",
                status=501,
            )
        return needs(call)

    def _role(self, principal: Principal, protocol: str) -> Role | None:
        """The session's role as it is now. Raises `Refused` where it is gone, or was made anew."""
        if principal.role_arn is None:
            return None
        role = state.role(principal.role_arn)
        if role is None or role.id != principal.role_id:
            raise refusal("unknown key", protocol, "The security token included in the request is invalid.")
        return role

    def _sts(self, call: Call) -> Answer:
        if call.asked.operation == "GetCallerIdentity":
            result = sts.identity(call.principal)
        else:
            session, result = sts.assume(call, self._clock())
            self._principals.add(session, self._clock())
        return Answer(
            status=200,
            headers=(("Content-Type", "text/xml"),),
            body=sts.written(call.asked.operation, result),
        )

    def _ask(self, call: Call, written: Canonical) -> Answer:
        who = call.principal
        return self._moto.answer(
            written,
            service=call.asked.service,
            region=call.asked.region,
            account=who.account,
            key=who.access_key_id,
        )


class _Seen:
    """What became known of one request so far: for the journal, and for the form of a refusal."""

    def __init__(self) -> None:
        self.protocol = "rest-xml"
        self.principal: Principal | None = None
        self.service = ""
        self.operation = ""
        self.verdicts: Sequence[Verdict] = ()
        self.refused: Refused | None = None

    def line(self, made: Answer, now: float, trace: str | None) -> Line:
        last = next(
            (each for each in self.verdicts if not each.allowed), self.verdicts[-1] if self.verdicts else None
        )
        why = (
            self.refused.why
            if self.refused is not None and self.refused.why
            else ()
            if last is None
            else last.why
        )
        return Line(
            time=now,
            who="" if self.principal is None else self.principal.arn,
            service=self.service,
            operation=self.operation,
            status=made.status,
            refused=None if self.refused is None else self.refused.code,
            actions=tuple((each.need.action, each.need.resource, each.allowed) for each in self.verdicts),
            why=why or (() if self.refused is None else (str(self.refused),)),
            trace=trace,
        )


def _refusal(request: Received, seen: _Seen, refused: Refused) -> Answer:
    if seen.service == "sqs" and refused.code == "AccessDeniedException":
        # SQS says it as it did when it spoke the query protocol.
        refused = Refused("AccessDenied", str(refused), status=403, why=refused.why)
    seen.refused = refused
    status, content_type, body = rendered(refused, seen.protocol)
    headers = [("Content-Type", content_type)]
    if seen.protocol in ("json", "rest-json"):
        headers.append(("x-amzn-ErrorType", refused.code))
    return Answer(status=status, headers=tuple(headers), body=b"" if request.method == "HEAD" else body)
