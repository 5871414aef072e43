"""Every user of a case file against every request of it: what the evaluator makes of users and requests that no case
sets against one another.

A case says what one user may do. Here each request is asked of all users of the file, and one that a template gives to
a user whose claim it keeps apart, while another user with another value may make it too, has crossed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from authorizer.engine import EngineError, TemplateSet, ValueRefused
from authorizer.engine.check import Case, CaseResult, User
from authorizer.engine.evaluate import AccessRequest, Outcome, evaluate
from authorizer.settings.schema import Settings

Key = tuple[tuple[tuple[str, Any], ...], tuple[str, ...]]
"""A user, to be told from others: claims, and scopes."""


def matrix(
    results: Sequence[object], settings: Settings, templates: TemplateSet, name: Callable[[str], str]
) -> dict[str, Any]:
    """Counts of the checks by what came of them, and each crossing with its two users. `refused` are users whom no
    policy is rendered for. Of `results`, those about policies count. `name` says what a case file is called in the
    report."""
    files: dict[tuple[str, tuple[str, ...]], list[Case]] = {}
    for result in results:
        if not isinstance(result, CaseResult):
            continue
        files.setdefault((result.case.file, result.case.templates), []).append(result.case)
    counts = {"allowed": 0, "denied": 0, "refused": 0}
    users, requests, crossed = 0, 0, list[dict[str, Any]]()
    for (file, names), cases in files.items():
        table = _Table(names, cases, settings, templates)
        users += len(table.users)
        requests += len(table.requests)
        for outcome in table.outcomes():
            counts[outcome] += 1
        crossed += [{"file": name(file), **crossing} for crossing in table.crossings()]
    return {
        "users": users,
        "requests": requests,
        "checks": sum(counts.values()),
        **counts,
        "crossed": crossed,
    }


class _Table:
    """One file's users and requests, and what came of each pair."""

    def __init__(
        self, names: Sequence[str], cases: Sequence[Case], settings: Settings, templates: TemplateSet
    ) -> None:
        self._names, self._settings, self._templates = names, settings, templates
        self.users = list(
            {_key(case.user): case.user for case in cases if case.user.refused is None}.values()
        )
        self.requests = list(
            {_asked(request): request for case in cases for request in case.requests}.values()
        )
        self._joined = [self._answers(user, names) for user in self.users]

    def outcomes(self) -> Iterator[str]:
        for answers in self._joined:
            for outcome in answers:
                yield "refused" if outcome is None else "allowed" if outcome.allowed else "denied"

    def crossings(self) -> Iterator[dict[str, Any]]:
        """Each two users who meet, once for each request and each claim by which a policy says they do not."""
        for name in self._names:
            row = self._settings.policies.get(name)
            if row is None:
                continue
            shared = frozenset(sharing.statement for sharing in row.shared)
            for claim in row.isolates:
                yield from self._crossed(name, claim, shared)

    def _crossed(self, name: str, claim: str, shared: frozenset[str]) -> Iterator[dict[str, Any]]:
        told: set[tuple[int, frozenset[int]]] = set()
        for one, user in enumerate(self.users):
            for at, outcome in enumerate(self._answers(user, (name,))):
                if outcome is None or not outcome.allowed or not self._may(one, at):
                    continue
                if shared.issuperset(place.sid for place in outcome.deciding):
                    continue
                for other in self._others(user, claim, at):
                    if (at, frozenset((one, other))) not in told:
                        told.add((at, frozenset((one, other))))
                        yield self._crossing(name, claim, at, user, self.users[other])

    def _others(self, user: User, claim: str, at: int) -> Iterator[int]:
        """Those who may make the request too, and differ in the claim."""
        for number, other in enumerate(self.users):
            if self._may(number, at) and self._value(user, claim) != self._value(other, claim):
                yield number

    def _value(self, user: User, claim: str) -> object:
        """What they say of it, as its type reads it; as it is said, where that refuses it and no template asks for it.
        None: they say nothing."""
        said = user.claims.get(claim)
        try:
            return None if said is None else self._settings.claims[claim].type.check(said)
        except ValueRefused:
            return said

    def _may(self, user: int, at: int) -> bool:
        outcome = self._joined[user][at]
        return outcome is not None and outcome.allowed

    def _crossing(self, name: str, claim: str, at: int, one: User, other: User) -> dict[str, Any]:
        request = self.requests[at]
        return {
            "policy": name,
            "isolates": claim,
            "one": dict(one.claims),
            "other": dict(other.claims),
            "action": request.action,
            "resource": request.resource,
            "context": dict(request.context),
        }

    def _answers(self, user: User, names: Sequence[str]) -> list[Outcome | None]:
        """What becomes of each request; None where no policy is rendered for the user."""
        try:
            self._templates.render(names, user.claims, scopes=user.scopes)
            document = self._templates.trace(names, user.claims, scopes=user.scopes).document
        except EngineError:
            return [None] * len(self.requests)
        return [
            evaluate(identity=None, session=document, boundary=None, request=request)
            for request in self.requests
        ]


def _key(user: User) -> Key:
    return tuple(sorted(user.claims.items())), tuple(sorted(user.scopes))


def _asked(request: AccessRequest) -> tuple[str, str, tuple[tuple[str, Sequence[str]], ...]]:
    context: Mapping[str, Sequence[str]] = request.context
    return (
        request.action,
        request.resource,
        tuple(sorted((key, tuple(each)) for key, each in context.items())),
    )
