"""Why a decision came out as it did: every statement of every policy, and what about it matched or did not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from authorizer.engine.document import TAKES_VARIABLES, Condition, Statement
from authorizer.engine.evaluate.conditions import Judgement, known_operator
from authorizer.engine.evaluate.evaluate import (
    AccessRequest,
    Context,
    Outcome,
    Place,
    action_matches,
    condition_holds,
    places,
    resource_matches,
)
from authorizer.engine.evaluate.patterns import Variable, parse_pattern, parse_resource, resolve, show

Element: TypeAlias = Literal["action", "resource", "condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One element of a statement against the request."""

    element: Element
    holds: Judgement
    """None: it cannot be told, and counts against the caller."""
    wanted: str
    """What the statement asks, with variables resolved."""
    got: str
    """What the request has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statement's part in the decision."""

    place: Place
    effect: str
    matched: bool
    decided: bool
    """Whether the outcome rests on this statement."""
    checks: tuple[Check, ...]
    """Action, resource, then every condition; all of them, also behind the first that failed."""

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks because of which the statement did not match."""
        return () if self.matched else tuple(check for check in self.checks if check.holds is not True)


def explain(outcome: Outcome) -> tuple[Finding, ...]:
    """Every statement that could have decided, in order."""
    request, context = outcome.request, Context(outcome.request.context)
    findings = []
    for place, statement in places(outcome.layers):
        checks = tuple(_checks(statement, request, context))
        unsure = statement.effect != "Allow"
        findings.append(
            Finding(
                place=place,
                effect=statement.effect,
                matched=all(unsure if check.holds is None else check.holds for check in checks),
                decided=place in outcome.deciding,
                checks=checks,
            )
        )
    return tuple(findings)


def describe(outcome: Outcome, written: Sequence[str] = ()) -> tuple[str, ...]:
    """The explanation as lines for a person: first the decision, then a line for each statement. `written` are the
    places of the session policy's statements in their templates, which then stand for their numbers."""

    def called(place: Place) -> str:
        if place.layer != "session" or place.statement >= len(written):
            return name(place)
        return written[place.statement] + (f" ({place.sid})" if place.sid else "")

    if outcome.verdict == "allow":
        heading = f"allowed by {' and '.join(map(called, outcome.deciding))}"
    elif outcome.verdict == "explicit deny":
        heading = f"denied by {' and '.join(map(called, outcome.deciding))}"
    elif outcome.missing:
        heading = f"denied: nothing in the {' or '.join(outcome.missing)} policy allows it"
    else:
        heading = "denied: there is no policy at all"
    return (heading, *(_line(finding, called(finding.place)) for finding in explain(outcome)))


def _checks(statement: Statement, request: AccessRequest, context: Context) -> Iterator[Check]:
    actions = statement.not_actions or statement.actions
    yield Check(
        element="action",
        holds=action_matches(statement, request.action),
        wanted=_list(actions, negated=bool(statement.not_actions)),
        got=request.action,
    )
    resources = [
        _resolved(parse_resource(text), context) for text in statement.not_resources or statement.resources
    ]
    yield Check(
        element="resource",
        holds=resource_matches(statement, request.resource, context),
        wanted=_list(resources, negated=bool(statement.not_resources)),
        got=request.resource,
    )
    for condition in statement.conditions:
        yield Check(
            element="condition",
            holds=condition_holds(condition, context),
            wanted=f"{condition.operator} {condition.key} {_list(_values(condition, context))}",
            got=_list(context.values(condition.key)) if context.values(condition.key) else "no such key",
        )


def _values(condition: Condition, context: Context) -> list[str]:
    operator = known_operator(condition.operator)
    if operator.kind not in TAKES_VARIABLES:
        return list(condition.values)
    return [
        _resolved(parse_pattern(text, wildcards=operator.takes_wildcards), context)
        for text in condition.values
    ]


def _resolved(parts: tuple[object, ...], context: Context) -> str:
    """The pattern with its variables resolved; those without a value stand as they are, and are named."""
    known = tuple(
        part if not isinstance(part, Variable) else (resolve((part,), context.single) or (part,))[0]
        for part in parts
    )
    missing = [part.key for part in known if isinstance(part, Variable)]
    note = f" ({', '.join(missing)} has no single value)" if missing else ""
    return show(known) + note  # type: ignore[arg-type]  # the parts of a pattern, as they came


def _list(texts: Sequence[str], *, negated: bool = False) -> str:
    return ("anything but " if negated else "") + ", ".join(repr(text) for text in texts)


def name(place: Place) -> str:
    """A statement's place in words: `statement 2 (Write) of the session policy`."""
    sid = f" ({place.sid})" if place.sid else ""
    number = f" {place.document + 1}" if place.layer == "identity" else ""
    return f"statement {place.statement + 1}{sid} of the {place.layer} policy{number}"


def _line(finding: Finding, called: str) -> str:
    head = f"{called}, {finding.effect}: "
    if finding.matched:
        return head + "matches" + (", and decides" if finding.decided else "")
    reasons = []
    for check in finding.failed:
        verb = "cannot be told" if check.holds is None else "does not match"
        reasons.append(f"{check.element} {verb}: wanted {check.wanted}, got {check.got}")
    return head + "; ".join(reasons)
