"""Who may now reach what they could not before: two configurations beside one another, in every aspect.

Users whom the old configuration failed are not compared: whose policy was too long, or whose claim was malformed and is
not looked at any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from authorizer.engine.prove import RoleDiff, Side, diff_role
from authorizer.gate.aspect import EACH, Aspect, Of
from authorizer.gate.aspects import ASPECTS
from authorizer.gate.steps import Direction, Step
from authorizer.settings.schema import Access

_TOLD: Final = ("WIDER", "UNKNOWN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One difference in who may do what."""

    aspect: str
    """A row of `authorizer.gate.aspects.ASPECTS`."""
    whom: str
    """`group viewers`, `issuer eu-west-1_Own`, `role editor`, `claim tenant`, `scope data:read`, or "everybody"."""
    direction: Direction
    what: str
    identity: Mapping[str, object]
    """Somebody who may now make `request`, and could not; empty where it is narrower."""
    request: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of a configuration."""

    policies: tuple[RoleDiff, ...]
    """What the session policies of each role allow."""
    shifts: tuple[Shift, ...]
    """All else, the widest first."""

    @property
    def verdict(self) -> str:
        """`NO WIDER` if all of it is; `UNKNOWN` if anything could not be decided and nothing is `WIDER`."""
        found = {result.verdict for result in self.policies} | {shift.direction for shift in self.shifts}
        return next((verdict for verdict in _TOLD if verdict in found), "NO WIDER")


def compare(
    old: Access, new: Access, *, watch: Callable[[Sequence[str]], Iterable[str]] = iter
) -> Comparison:
    """What may now be done that could not be, and the other way. `watch` is given the names of what is compared, and
    hands on one after the other."""
    names = dict.fromkeys([*new.settings.roles, *old.settings.roles])
    policies = tuple(diff_role(name, old=_side(old, name), new=_side(new, name)) for name in watch([*names]))
    examples, aspects = _Examples(new), {aspect.name: aspect for aspect in ASPECTS}
    shifts = {
        (shift.aspect, shift.whom, shift.direction, shift.what): shift
        for name in watch([*aspects])
        for shift in _shifts(aspects[name], old, new, examples)
    }
    order: tuple[Direction, ...] = ("WIDER", "UNKNOWN", "NARROWER")
    return Comparison(
        policies=policies,
        shifts=tuple(sorted(shifts.values(), key=lambda shift: order.index(shift.direction))),
    )


def _side(access: Access, role: str) -> Side | None:
    settings, templates = access
    if role not in settings.roles:
        return None
    return Side(
        templates=templates,
        names=settings.roles[role].policies,
        sources={name: claim.claim for name, claim in settings.claims.items()},
    )


def _shifts(aspect: Aspect, old: Access, new: Access, examples: "_Examples") -> Iterator[Shift]:
    before, now = EACH[aspect.of](old), EACH[aspect.of](new)
    for name, thing in now.items():
        if name not in before:
            continue  # another row says what came, and what went
        label = new.settings.issuers[name].name if aspect.of == "issuer" else name
        for step in aspect.judge(aspect.read(before[name]), aspect.read(thing)):
            told = step.direction != "NARROWER"
            yield Shift(
                aspect=aspect.name,
                whom=step.whom or (f"{aspect.of} {label}" if name else "everybody"),
                direction=step.direction,
                what=aspect.says.format(step.what),
                identity={**({aspect.of: name} if name else {}), **_identity(aspect, step)} if told else {},
                request=examples.of(aspect, name, step) if told else {},
            )


def _identity(aspect: Aspect, step: Step) -> Mapping[str, object]:
    return step.identity or {aspect.name: step.what.strip("'")}


class _Examples:
    """Requests for who may now make any: a route that somebody has, and an action of their role."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._actions: dict[str, Mapping[str, object]] = {}

    def of(self, aspect: Aspect, name: str, step: Step) -> Mapping[str, object]:
        """What the step says, or of a role's what the role may do."""
        if step.request is not None and "role" not in step.request:
            return step.request
        role = self._role(aspect, name) if step.request is None else str(step.request["role"])
        if role not in self._actions:
            self._actions[role] = self._action(role)
        return {**({} if step.request else self._route()), "role": role, **self._actions[role]}

    def _role(self, aspect: Aspect, name: str) -> str:
        settings = self._access.settings
        found: dict[Of, list[str]] = {
            "role": [name],
            "claim": [role.name for role in settings.roles.values() if name in role.uses],
            "issuer": sorted(settings.issuers[name].speaks_for.roles or ())
            if name in settings.issuers
            else [],
        }
        return next(iter([*found.get(aspect.of, []), *settings.roles]))

    def _action(self, role: str) -> Mapping[str, object]:
        party = diff_role(role, old=None, new=_side(self._access, role)).witness
        return {} if party is None else {"action": party.request.action, "resource": party.request.resource}

    def _route(self) -> Mapping[str, object]:
        routes = (route for routes in self._access.settings.scopes.values() for route in routes)
        return next(({"route": route.entry} for route in routes), {})
