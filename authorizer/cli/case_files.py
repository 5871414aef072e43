"""The case files of a configuration, run: for `policy test`, `policy check` and the pytest plugin."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from authorizer.engine import CaseInvalid
from authorizer.engine.check import Case, CaseResult, Surroundings, parse_cases, run_case
from authorizer.settings.schema import Settings


def case_files(access: Path) -> list[Path]:
    """The files of `cases/` beside the configuration."""
    return sorted((access.parent / "cases").glob("*.toml"))


def surroundings(settings: Settings) -> Surroundings:
    """What the case files of this configuration may refer to."""
    return Surroundings(
        templates=settings.template_set,
        variables=settings.variables,
        roles={role.name: role.policies for role in settings.roles.values()},
        groups={group.name: group.scopes for group in settings.groups.values()},
    )


def read_cases(settings: Settings, paths: Iterable[Path]) -> tuple[Case, ...]:
    """The cases of several files. Raises `CaseInvalid` with every problem of all of them."""
    around, problems, cases = surroundings(settings), list[str](), list[Case]()
    for path in paths:
        try:
            cases += parse_cases(path.read_text(encoding="utf-8"), file=str(path), around=around)
        except CaseInvalid as error:
            problems += error.problems
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: cannot be read: {error}")
    if problems:
        raise CaseInvalid(problems)
    return tuple(cases)


def run_cases(settings: Settings, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
    """What comes of each case."""
    return tuple(run_case(case, settings.template_set) for case in cases)
