"""Panel 4: the role: every way to one, in the order in which they are asked, and why the others lost."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from authorizer.errors import Forbidden
from authorizer.identity.roles import RULES, Choice, matches
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.sources import in_access
from authorizer.model import Claims
from authorizer.settings.schema import Settings
from authorizer.syntax.claim_path import ABSENT, value_at
from authorizer.syntax.places import Path

Answer = tuple[str, str | None, str]
Candidate = tuple[str, str | None, str, Path]
"""What it is, the role that it leads to, why it counts or not, and where access.toml has it."""


def candidates(shown: Shown) -> dict[str, Any] | None:
    """None where nobody was verified. Of each way what it says of this caller, and of its candidates why."""
    record, settings = shown.record, shown.written.access.settings
    if record.claims is None or record.request is None:
        return None
    ways: list[dict[str, Any]] = []
    decided = ""
    caller = Caller(record.claims, record.request.requested_role, settings)
    for (title, candidates_of), rule in zip(WAYS, RULES, strict=True):
        state, role, why = _asked(rule, caller)
        if state != "nothing" and decided:
            state, why = "too late", f"{decided} decided before"
        elif state != "nothing":
            decided = title
        ways.append(
            {
                "way": title,
                "state": state,
                "role": role,
                "why": why,
                "candidates": [
                    {"what": what, "role": name, "why": lost, "lines": in_access(shown.written, path)}
                    for what, name, lost, path in candidates_of(caller)
                ],
            }
        )
    identity = record.identity
    return {
        "role": None if identity is None else identity.role.name,
        "arn": None if identity is None else identity.role.arn,
        "rule": None if identity is None else identity.rule,
        "refusal": str(record.refusal) if identity is None and record.refusal else None,
        "ways": ways,
    }


class Caller(NamedTuple):
    """Whom a rule of roles is asked about."""

    claims: Claims
    requested: str | None
    settings: Settings


def _asked(rule: Callable[[Claims, str | None, Settings], Choice | None], caller: Caller) -> Answer:
    """What the rule makes of the caller: its state, the role, and why."""
    try:
        choice = rule(*caller)
    except Forbidden as refused:
        return "refused", None, f"{refused.code}: {refused}"
    if choice is None:
        return "nothing", None, "says nothing of this caller"
    if choice.role is None:
        return "several", None, f"{choice.rule}: {choice.among}"
    return "decides", choice.role.name, choice.rule


def _requested(caller: Caller) -> Iterator[Candidate]:
    header = caller.settings.resolution.role_header or "no header is configured"
    yield (
        header,
        None,
        f"asks for {caller.requested}" if caller.requested else "was not sent",
        ("resolution", "role_header"),
    )


def _preferred(caller: Caller) -> Iterator[Candidate]:
    yield _of_arn(caller.claims.preferred_role, "cognito:preferred_role", caller.settings)


def _rules(caller: Caller) -> Iterator[Candidate]:
    before = None
    for number, rule in enumerate(caller.settings.rules, start=1):
        value = value_at(caller.claims.values, rule.claim)
        found = "is absent" if value is ABSENT else f"is {value!r}"
        why = f"{rule.claim} {found}: does not match"
        if matches(rule, caller.claims.values):
            why = f"rule {before} matched before" if before else "matches"
            before = before or number
        yield (
            f"rule {number}: {rule.claim} {rule.match} {rule.value!r}",
            rule.role,
            why,
            ("rules", number - 1),
        )


def _token_roles(caller: Caller) -> Iterator[Candidate]:
    for arn in dict.fromkeys(caller.claims.roles):
        yield _of_arn(arn, "cognito:roles", caller.settings)


def _group_map(caller: Caller) -> Iterator[Candidate]:
    """Best precedence first, as it decides."""
    groups = caller.settings.groups
    known = [groups[name] for name in dict.fromkeys(caller.claims.groups) if name in groups]
    ranks = {group.name: float("inf") if group.precedence is None else group.precedence for group in known}
    best = min((ranks[group.name] for group in known if group.role is not None), default=None)
    for group in sorted(known, key=lambda group: ranks[group.name]):
        precedence = "no precedence" if group.precedence is None else f"precedence {group.precedence}"
        if group.role is None:
            why = "has no role"
        elif ranks[group.name] == best:
            why = f"{precedence}: the best"
        else:
            why = f"{precedence}: another group's is better"
        yield f"group {group.name}", group.role, why, ("groups", group.name)
    for name in dict.fromkeys(caller.claims.groups):
        if name not in groups:
            yield f"group {name}", None, "access.toml does not have it", ()


def _of_arn(arn: str | None, claim: str, settings: Settings) -> Candidate:
    if arn is None:
        return claim, None, "the token has none", ()
    role = settings.roles_by_arn.get(arn)
    if role is None:
        return f"{claim}: {arn}", None, "access.toml lists no such role", ()
    return f"{claim}: {arn}", role.name, "is listed", ("roles", role.name, "arn")


WAYS: Final[tuple[tuple[str, Callable[[Caller], Iterator[Candidate]]], ...]] = (
    ("the role that the caller asks for", _requested),
    ("the token's preferred role", _preferred),
    ("[[rules]], the first that matches", _rules),
    ("the token's only role", _token_roles),
    ("the best of the groups", _group_map),
)
"""In the order of `authorizer.identity.roles.RULES`, each with its candidates."""
