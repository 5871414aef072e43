"""What the author of a template declares common to all users: of one statement, some actions on some resources.

A declaration says again what the statement says. Whoever widens the statement later does not widen the declaration,
and what is not declared is judged.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from authorizer.engine.document.rules import WITHOUT_RESOURCE_LEVEL

_SID = re.compile(r"[A-Za-z0-9]+")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """A row of `policies.NAME.shared`."""

    statement: str
    """Its `Sid`."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """Patterns, without claims and policy variables: what has one of these is not the same for all."""

    @property
    def told(self) -> str:
        """`ListQueues: sqs:ListQueues on *`"""
        return f"{self.statement}: {', '.join(self.actions)} on {', '.join(self.resources)}"


def sharing_problems(sharing: Sharing) -> Iterator[tuple[str, str]]:
    """What is wrong with a declaration by itself, each with the field that it is about."""
    if not _SID.fullmatch(sharing.statement):
        yield (
            "statement",
            f"expected the `Sid` of a statement, letters and digits, found {sharing.statement!r}",
        )
    for action in sharing.actions:
        if not _ACTION.fullmatch(action):
            yield "actions", f"expected SERVICE:NAME with letters, digits, * and ?, found {action!r}"
    for resource in sharing.resources:
        if "${" in resource:
            yield (
                "resources",
                f"{resource!r} has a policy variable: it is not the same for all; name what all may touch",
            )
        elif resource == "*":
            if not WITHOUT_RESOURCE_LEVEL.issuperset(map(str.lower, sharing.actions)):
                yield "resources", 'resource "*" would share everything: name the ARNs that all may touch'
        elif not _ARN.fullmatch(resource):
            yield "resources", f"expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, found {resource!r}"
