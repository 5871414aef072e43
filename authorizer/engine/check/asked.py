"""Whether there is such a request at all: an action that AWS has, and the whole name of something that it works on."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from authorizer.engine.check import reference
from authorizer.engine.check.actions import MOST
from authorizer.engine.check.conditions import unknown_key, without_key
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


def resource_problems(actions: Sequence[str], resources: Sequence[str], *, known: bool) -> Iterator[str]:
    """Why nobody can ask for these actions on these resources, so that any policy would deny it. `known`: whether there
    is a reference to ask; else their form alone is judged.

    Each action is asked of each resource. One that none of them works on is a problem, unless it is of the services
    and others are worked on: what is tried beside them may be more than is needed. `*` is left alone, and so is what
    has no resource level. A `*` or `?` inside is a character of the name, as in the evaluator.
    """
    named = [each for each in dict.fromkeys(resources) if each != "*"]
    meant = [found for action in actions if (found := _meant(action))] if known else []
    arns = _arns(meant)
    wrong = {each: problem for each in named if (problem := _form(each, arns) or _partition(each))}
    yield from wrong.values()
    if not arns or len(meant) < len(actions):
        return
    whole = [each for each in named if each not in wrong]
    odd = [each for each in whole if not any(may_be(each, arn) for arn in arns)]
    if len(odd) < len(whole) or "*" in resources or not all(map(_arns, zip(meant))):
        theirs = [*arns, *(arn for action in actions for arn in _types(action))]
        # A path above the names of a type is asked for, too.
        odd = [
            each for each in odd if not any(may_be(each + end, arn) for arn in theirs for end in ("", "/*"))
        ]
    for each in odd:
        yield f"{' or '.join(map(repr, actions[:MOST]))} never works on {each!r}: expected {_named(arns)}"


def key_problems(actions: Sequence[str], key: str) -> Iterator[str]:
    """Why requests for one of these actions never have the condition key; for no actions, why none has it."""
    if (near := unknown_key(key)) is not None:
        yield f"there is no condition key {key!r}{near}: expected one that AWS has"
    elif without := list(without_key(key, actions)):
        had = sorted({each for action in without for row in _meant(action) for each in row.keys})
        such = f" such as {', '.join(had[:MOST])}" if had else " that is global"
        yield f"{key} is absent from requests for {', '.join(without)}: expected a key{such}"


def _meant(action: str) -> tuple[Action, ...]:
    service = reference.service(action.partition(":")[0])
    return service.matched(action) if service else ()


def _types(action: str) -> Collection[str]:
    """The ARNs of all that the action's service has."""
    service = reference.service(action.partition(":")[0])
    return service.types.values() if service else ()


def _arns(meant: Iterable[Iterable[Action]]) -> list[str]:
    return list(dict.fromkeys(arn for matched in meant for each in matched for arn in each.arns))


def _form(resource: str, arns: list[str]) -> str | None:
    """Why it is no ARN at all; None if it is one, of whatever."""
    fields = resource.split(":", 5)
    if len(fields) < 6 or fields[0] != "arn" or not fields[2] or not fields[5]:
        return f"{resource!r} is no ARN: expected {_FORM}" + (f", such as {_named(arns)}" if arns else "")
    return None


def _partition(resource: str) -> str | None:
    """Why the ARN is of no partition; None if it is of one."""
    found = resource.split(":", 2)[1]
    if found in PARTITIONS:
        return None
    return f"{resource!r} is of no partition: expected one of {', '.join(PARTITIONS)}, found {found!r}"


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
    arns = _arns([known])
    if resource == "*":
        if arns:
            yield f"'*' is every resource: expected one of {_named(arns)}"
        return
    if wrong := _form(resource, arns):
        yield wrong
        return
    if wrong := _partition(resource):
        yield wrong
    if re.search(r"[*?]|\$\{", resource):
        yield f"{resource!r} is a pattern: expected the name of one resource"
    elif known and not arns:
        yield f"{action!r} has no resource level: expected '*', found {resource!r}"
    elif known and not any(may_be(resource, arn) for arn in arns):
        yield f"{action!r} never works on {resource!r}: expected {_named(arns)}"


def _named(arns: list[str]) -> str:
    return " or ".join(arns[:MOST]) + (" and others" if len(arns) > MOST else "")
