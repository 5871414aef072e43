"""Route cases: who, method and path, and what must come of it; and which scopes and routes they exercise.

What a scope opens is the authorizer's to say, which this library knows nothing of: a `Router` is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from authorizer.engine.check.cases import Expected, Status, User
from authorizer.engine.language import ClaimValue, ValueRefused

Opening: TypeAlias = tuple[str, str]
"""A scope, and one of its entries: `("files:read", "GET /files/*")`."""
Asked: TypeAlias = tuple[tuple[str, str], ...]
"""Methods and paths. For `$connect` and `$default` the method is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes of one request for a route."""

    opened: frozenset[Opening]
    """All that open it to this user. Empty: it is closed."""
    kept: frozenset[Opening]
    """Where it is closed, what would open it to another user: one with the scope, or with another claim."""


class Router(Protocol):
    """Which routes are open to whom."""

    def problems(self, asked: Asked) -> Iterator[str]:
        """What is wrong with requests, whoever makes them."""

    def answer(
        self, claims: Mapping[str, ClaimValue], scopes: frozenset[str], method: str, path: str
    ) -> Answer:
        """Raises `ValueRefused` where a claim that some route of the user names is not of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCase:
    """One expectation about routes, with everything filled in."""

    file: str
    name: str
    user: User
    asked: Asked
    expect: Expected
    entry: str | None
    """The entry of [scopes] that must open it."""
    router: Router
    line: int = 0
    """Where it stands in its file, from 1; 0 where it stands in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteResult:
    """What came of a route case."""

    case: RouteCase
    status: Status
    reasons: tuple[str, ...] = ()
    """Empty for a PASS."""
    opened: frozenset[Opening] = frozenset()
    kept: frozenset[Opening] = frozenset()


def run_route(case: RouteCase) -> RouteResult:
    """Ask for the routes of a case, compare."""
    refused: str | None = case.user.refused
    answers: list[Answer] = []
    try:
        answers = [
            case.router.answer(case.user.claims, case.user.scopes, method, path)
            for method, path in case.asked
        ]
    except ValueRefused as error:
        refused = refused or str(error)
    if refused is not None:
        if case.expect == "refused":
            return RouteResult(case=case, status="PASS")
        return RouteResult(case=case, status="ERROR", reasons=(f"this user gets no answer: {refused}",))
    reasons = [
        reason
        for (method, path), answer in zip(case.asked, answers, strict=True)
        for reason in _disappointments(case, f"{method} {path}".lstrip(), answer)
    ]
    return RouteResult(
        case=case,
        status="FAIL" if reasons else "PASS",
        reasons=tuple(reasons),
        opened=frozenset().union(*(answer.opened for answer in answers)),
        kept=frozenset().union(*(answer.kept for answer in answers)),
    )


def _disappointments(case: RouteCase, asked: str, answer: Answer) -> Iterator[str]:
    by = ", ".join(f"{entry} of scope {scope}" for scope, entry in sorted(answer.opened))
    if case.expect == "refused":
        yield f"{asked}: expected this user to be refused, and it is {'open' if by else 'closed'}"
    elif bool(answer.opened) != (case.expect == "allow"):
        yield f"{asked}: expected {case.expect}, and " + (
            f"it is open by {by}"
            if by
            else f"none of the user's scopes opens it: {', '.join(sorted(case.user.scopes)) or 'there are none'}"
        )
    elif case.entry is not None and case.entry not in {entry for _, entry in answer.opened}:
        yield f"{asked}: expected `{case.entry}` to open it, but {by} does"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCoverage:
    """Coverage of one scope: its entries, each open to someone and closed to someone."""

    scope: str
    routes: int
    never_opened: tuple[str, ...]
    """Entries that open nothing in any case."""
    never_kept: tuple[str, ...]
    """Entries that keep nobody out in any case."""

    @property
    def percent(self) -> float:
        """Both sides of every entry, 0 to 100."""
        total = 2 * self.routes
        missed = len(self.never_opened) + len(self.never_kept)
        return 100 * (total - missed) / total if total else 100.0

    @property
    def missed(self) -> tuple[str, ...]:
        """`scope files:read: GET /files/* opens nothing in any case`"""
        return (
            *(f"scope {self.scope}: {entry} opens nothing in any case" for entry in self.never_opened),
            *(f"scope {self.scope}: {entry} keeps nobody out in any case" for entry in self.never_kept),
        )


def measure_routes(
    results: Iterable[object], scopes: Mapping[str, Sequence[str]]
) -> tuple[RouteCoverage, ...]:
    """The coverage of every scope, in the order given; of `results`, those of route cases. `scopes` are their entries.

    An entry is covered where it opens a path to some case's user, and where one is closed to a user whom it would be
    open to with the scope; of an entry with a claim in it, with another claim alone.
    """
    about = [result for result in results if isinstance(result, RouteResult)]
    opened = frozenset[Opening]().union(*(result.opened for result in about))
    kept = frozenset[Opening]().union(*(result.kept for result in about))
    return tuple(
        RouteCoverage(
            scope=scope,
            routes=len(entries),
            never_opened=tuple(entry for entry in entries if (scope, entry) not in opened),
            never_kept=tuple(entry for entry in entries if (scope, entry) not in kept),
        )
        for scope, entries in scopes.items()
    )
