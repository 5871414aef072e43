"""Cases: who does what, and what must come of it. Tests of policies, written as data.

`authorizer.engine.check.case_file` says how they are written. What is judged is the session policy by itself: a role's
own policies can only take away from it, and what managed session policies add is not seen here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from authorizer.engine.document import parse_session
from authorizer.engine.evaluate import AccessRequest, Outcome, describe, evaluate
from authorizer.engine.language import (
    ClaimValue,
    EngineError,
    NothingAllowed,
    ValueMissing,
    ValueRefused,
)
from authorizer.engine.template import Branch, TemplateSet

Expected = Literal["allow", "deny", "refused"]
Status = Literal["PASS", "FAIL", "ERROR"]
EXPECTED: tuple[Expected, ...] = ("allow", "deny", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who acts in a case."""

    claims: Mapping[str, ClaimValue]
    scopes: frozenset[str]
    refused: str | None = None
    """Why their issuer's token is refused before any policy is rendered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One expectation, with everything filled in."""

    file: str
    name: str
    templates: tuple[str, ...]
    user: User
    requests: tuple[AccessRequest, ...]
    expect: Expected
    statement: str | None
    line: int = 0
    """Where it stands in its file, from 1; 0 where it stands in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of a case. ERROR: it could not be judged, which says nothing about the policy."""

    case: Case
    status: Status
    reasons: tuple[str, ...]
    """Empty for a PASS."""
    branch: Branch | None
    """What was rendered, for coverage."""
    decided: frozenset[int]
    """The statements of `branch` that decided some request."""


class TokenRefused(EngineError):
    """The authorizer would not take this user's token."""


def run_case(case: Case, templates: TemplateSet) -> CaseResult:
    """Render the policy of the case's user, ask its requests, compare."""
    branch: Branch | None = None
    try:
        _check_token(case.user)
        branch = templates.trace(case.templates, case.user.claims, scopes=case.user.scopes)
        packed = parse_session(templates.render(case.templates, case.user.claims, scopes=case.user.scopes))
    except (TokenRefused, ValueRefused, ValueMissing, NothingAllowed) as error:
        if case.expect == "refused":
            return _result(case, branch=branch)
        return _result(case, [f"no policy is rendered for this user: {error}"], error=True)
    except EngineError as error:
        return _result(case, [f"{type(error).__name__}: {error}"], error=True)
    if case.expect == "refused":
        return _result(case, ["expected no policy for this user, and one is rendered"], branch=branch)
    reasons: list[str] = []
    decided: set[int] = set()
    for request in case.requests:
        outcome = _ask(branch, request)
        decided |= {place.statement for place in outcome.deciding}
        reasons += _disappointments(case, outcome, [place.describe() for place in branch.places])
        repeated = evaluate(identity=None, session=packed, boundary=None, request=request)
        if repeated.verdict != outcome.verdict:
            said = f"packing changed the decision on {request.action} from {outcome.verdict} to {repeated.verdict}"
            return _result(case, [said], branch=branch, error=True)
    return _result(case, reasons, branch=branch, decided=decided)


def _check_token(user: User) -> None:
    if user.refused is not None:
        raise TokenRefused(user.refused)


def _ask(branch: Branch, request: AccessRequest) -> Outcome:
    return evaluate(identity=None, session=branch.document, boundary=None, request=request)


def _disappointments(case: Case, outcome: Outcome, written: Sequence[str]) -> Iterator[str]:
    what = f"{outcome.request.action} on {outcome.request.resource}"
    if outcome.allowed != (case.expect == "allow"):
        yield f"{what}: expected {case.expect}"
        yield from (f"  {line}" for line in describe(outcome, written))
    elif case.statement is not None and case.statement not in {place.sid for place in outcome.deciding}:
        deciders = ", ".join(place.sid or written[place.statement] for place in outcome.deciding)
        yield f"{what}: expected statement `{case.statement}` to decide, but {deciders or 'no statement'} did"


def _result(
    case: Case,
    reasons: Sequence[str] = (),
    *,
    branch: Branch | None = None,
    decided: set[int] | None = None,
    error: bool = False,
) -> CaseResult:
    status: Status = "ERROR" if error else "FAIL" if reasons else "PASS"
    return CaseResult(
        case=case, status=status, reasons=tuple(reasons), branch=branch, decided=frozenset(decided or ())
    )
