"""Who gets which role, now and before: groups, rules, and what is done where several fit.

The authorizer's own code is asked (`authorizer.identity.roles`), for few callers that stand for all. Of groups, those
with the same role and precedence on both sides do alike, and where some set of groups gains a role, one of at most
three of them does: the group that brings it, one that kept it away before, and one more where two are ambiguous. Of
rules, a caller is known by the first that matches now, and the first that did: every pair that the order of both lists
allows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, cast

from authorizer.errors import Forbidden
from authorizer.gate.steps import Step, Steps
from authorizer.identity.roles import choose
from authorizer.model import Claims
from authorizer.settings.schema import Access, Rule, Settings

MAX_SETS: Final = 100_000
"""Most sets of groups that are asked about, some seconds of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What the choice of a role looks at."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)


def reach(caller: Caller, settings: Settings) -> frozenset[str]:
    """Every role that a caller may have, asking for it or not."""
    asked = [None, *(settings.roles if settings.resolution.role_header else ())]
    return frozenset(
        role for requested in asked if (role := _chosen(caller, requested, settings)) is not None
    )


def _chosen(caller: Caller, requested: str | None, settings: Settings) -> str | None:
    try:
        role = choose(cast(Claims, caller), requested, settings).role
    except Forbidden:
        return None
    return None if role is None else role.name


def roles_of_groups(old: Access, new: Access) -> Steps:
    """What the members of groups may be."""
    before, now = old.settings, new.settings
    told = set[tuple[str, str, str]]()
    for number, names in enumerate(_sets(before, now)):
        if number == MAX_SETS:
            yield Step(direction="UNKNOWN", what=f"more than {MAX_SETS} sets of groups to compare")
            return
        caller = Caller(groups=names)
        could, can = reach(caller, before), reach(caller, now)
        for direction, roles in (("WIDER", can - could), ("NARROWER", could - can)):
            for role in sorted(roles):
                if any((direction, name, role) in told for name in names):
                    continue  # fewer groups do it, too
                told |= {(direction, name, role) for name in names[:1]}
                yield Step(
                    direction="WIDER" if direction == "WIDER" else "NARROWER",
                    what=f"role {role!r}",
                    whom=f"group {' and '.join(names)}",
                    identity={"groups": list(names)},
                    request={"role": role},
                )


def _grant(name: str, settings: Settings) -> tuple[str, int | None] | None:
    group = settings.groups.get(name)
    return None if group is None or group.role is None else (group.role, group.precedence)


def _sets(before: Settings, now: Settings) -> Iterator[tuple[str, ...]]:
    """Each group whose grant changed, then those that do alike once, with one or two others."""
    names = dict.fromkeys([*now.groups, *before.groups])
    yield from ((name,) for name in names if _grant(name, before) != _grant(name, now))
    alike = {(_grant(name, before), _grant(name, now)): name for name in reversed(names)}
    for size in (1, 2):
        for (was, is_), name in alike.items():
            rest = [other for other in alike.values() if other != name]
            yield from ((name, *others) for others in combinations(rest, size) if was != is_)


_Key = tuple[str, str, str]
_VALUES: Final = {
    "Equals": "{}",
    "StartsWith": "{}",
    "Contains": "{}",
    "NotEqual": "other-than-{}",
}
"""Match → a value that it takes."""


def rules(old: Access, new: Access) -> Steps:
    """What callers may be by `[[rules]]`."""
    before, now = old.settings, new.settings
    if [(_key(rule), rule.role) for rule in before.rules] == [(_key(rule), rule.role) for rule in now.rules]:
        return
    steps: dict[tuple[str, str], Step] = {}
    for was, matched_before in _firsts(before.rules):
        for is_, matched_now in _firsts(now.rules):
            if _contradicts(was, is_, matched_before | matched_now):
                continue
            for step in _by_rules(was, is_, before, now):
                steps.setdefault((step.direction, step.what), step)
    yield from steps.values()


def _key(rule: Rule) -> _Key:
    return rule.claim, rule.match, rule.value


def _firsts(found: tuple[Rule, ...]) -> Iterator[tuple[Rule | None, set[_Key]]]:
    """Each rule that may be the first to match, or none, with those that do not match then."""
    for number, rule in enumerate(found):
        yield rule, set(map(_key, found[:number]))
    yield None, set(map(_key, found))


def _contradicts(was: Rule | None, is_: Rule | None, not_matching: set[_Key]) -> bool:
    matching = [rule for rule in (was, is_) if rule is not None]
    if any(_key(rule) in not_matching for rule in matching):
        return True
    return (
        was is not None
        and is_ is not None
        and was.claim == is_.claim
        and was.match == is_.match == "Equals"
        and was.value != is_.value
    )


def _by_rules(was: Rule | None, is_: Rule | None, before: Settings, now: Settings) -> Steps:
    if (was and was.role) == (is_ and is_.role):
        return
    values = {rule.claim: _VALUES[rule.match].format(rule.value) for rule in (was, is_) if rule is not None}
    told = " and ".join(
        f"{rule.claim} {rule.match} {rule.value!r}" for rule in (was, is_) if rule is not None
    )
    if was is not None:
        yield Step(
            direction="NARROWER", what=f"role {was.role!r} by the rule {was.claim} {was.match} {was.value!r}"
        )
    if is_ is not None:
        confirmed = is_.role in reach(Caller(values=values), now) - reach(Caller(values=values), before)
        yield Step(
            direction="WIDER" if confirmed else "UNKNOWN",
            what=f"role {is_.role!r} for who has {told}",
            identity={"claims": values},
            request={"role": is_.role},
        )
    elif not _asks_anyway(before, now):
        yield _fallen(was, values, before, now)


def _asks_anyway(before: Settings, now: Settings) -> bool:
    """Whether a caller whom no rule matches any more gets only what they could have asked for: a role of their own."""
    asks = before.resolution.role_header and now.resolution.role_header
    return bool(asks) and now.resolution.ambiguous is None


def _fallen(was: Rule | None, values: Mapping[str, object], before: Settings, now: Settings) -> Step:
    rule = "" if was is None else f"{was.claim} {was.match} {was.value!r}"
    for group in now.groups:
        caller = Caller(groups=(group,), values=values)
        for role in sorted(reach(caller, now) - reach(caller, before)):
            return Step(
                direction="WIDER",
                what=f"role {role!r} for who is in {group!r} and has {rule}, which no rule asks for any more",
                identity={"groups": [group], "claims": dict(values)},
                request={"role": role},
            )
    return Step(direction="UNKNOWN", what=f"the role of the token or its groups, for who has {rule}")


def ambiguous(old: str | None, new: str | None) -> Steps:
    """The role of callers with several equally good ones; None denies."""
    if old == new:
        return
    if new is not None:
        yield Step(direction="WIDER", what=f"role {new!r}", request={"role": new})
    if old is not None:
        yield Step(direction="NARROWER", what=f"role {old!r}")


def asking(old: str | None, new: str | None) -> Steps:
    """The header that asks for a role. Its name changes nothing."""
    if (old is None) != (new is None):
        yield Step(
            direction="WIDER" if old is None else "NARROWER", what="any role of their own, by asking for it"
        )
