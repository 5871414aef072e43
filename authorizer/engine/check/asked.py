"""Whether there is such a request at all: an action that AWS has, and the whole name of something that it works on."""

import re
from collections.abc import Iterator

from authorizer.engine.check import reference
from authorizer.engine.check.actions import MOST
from authorizer.engine.check.overlap import may_be
from authorizer.engine.check.reference import Action
from authorizer.engine.language import PARTITIONS

_FORM = "arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME"


def request_problems(action: str, resource: str) -> Iterator[str]:
    """Everything because of which nobody can ask for this, each with what was expected."""
    known: tuple[Action, ...] = ()
    for problem, found in _action(action):
        known = found
        if problem:
            yield problem
    yield from _resource(action, resource, known)


def action_problems(action: str) -> Iterator[str]:
    """Why an action by itself is none that AWS has; nothing if it is one."""
    yield from (problem for problem, _ in _action(action) if problem)


def _action(action: str) -> Iterator[tuple[str, tuple[Action, ...]]]:
    prefix, colon, name = action.partition(":")
    if not colon or not prefix or not name:
        near = ", ".join(reference.named(action)[:MOST]) or "s3:GetObject"
        yield f"{action!r} is no action: expected SERVICE:NAME, such as {near}", ()
        return
    service = reference.service(prefix)
    if service is None:
        near = reference.closest(prefix, reference.services())
        yield f"{action!r}: AWS has no service {prefix!r}{near}", ()
        return
    matched = service.matched(action)
    if "*" in name or "?" in name:
        named = ", ".join(each.name for each in matched[:MOST])
        more = f" and {len(matched) - MOST} more" if len(matched) > MOST else ""
        yield f"{action!r} is a pattern: expected one action" + (f" of {named}{more}" if named else ""), ()
    elif not matched:
        near = reference.closest(action, [each.name for each in service.actions])
        yield f"{action!r} is no action of {prefix!r}{near}", ()
    else:
        yield "", matched


def _resource(action: str, resource: str, known: tuple[Action, ...]) -> Iterator[str]:
    arns = list(dict.fromkeys(arn for each in known for arn in each.arns))
    if resource == "*":
        if arns:
            yield f"'*' is every resource: expected one of {_named(arns)}"
        return
    fields = resource.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn" or not fields[2] or not fields[5]:
        yield f"{resource!r} is no ARN: expected {_FORM}" + (f", such as {_named(arns)}" if arns else "")
        return
    if fields[1] not in PARTITIONS:
        yield f"{resource!r} is of no partition: expected one of {', '.join(PARTITIONS)}, found {fields[1]!r}"
    if re.search(r"[*?]|\$\{", resource):
        yield f"{resource!r} is a pattern: expected the name of one resource"
    elif known and not arns:
        yield f"{action!r} has no resource level: expected '*', found {resource!r}"
    elif known and not any(may_be(resource, arn) for arn in arns):
        yield f"{action!r} never works on {resource!r}: expected {_named(arns)}"


def _named(arns: list[str]) -> str:
    return " or ".join(arns[:MOST]) + (" and others" if len(arns) > MOST else "")
