"""The case files of a configuration, run: for `policy test`, `policy check` and the pytest plugin."""

from collections.abc import Iterable
from pathlib import Path

from authorizer.cli.encoding import not_utf_8
from authorizer.cli.folders import files_in
from authorizer.engine import CaseInvalid, TemplateSet
from authorizer.engine.check import (
    Case,
    CaseResult,
    RouteCase,
    RouteResult,
    parse_case_file,
    run_case,
    run_route,
)
from authorizer.settings.schema import Access


def case_files(access: Path) -> list[Path]:
    """The files of `cases/` beside the configuration. Raises `SettingsError` where they cannot be listed."""
    return files_in(access.parent / "cases", ".toml")


def read_cases(access: Access, paths: Iterable[Path]) -> tuple[Case | RouteCase, ...]:
    """The cases of several files. Raises `CaseInvalid` with every problem of all of them."""
    from authorizer.gate import surroundings

    around, problems, cases = surroundings(access), list[str](), list[Case | RouteCase]()
    for path in paths:
        try:
            cases += parse_case_file(path.read_text(encoding="utf-8"), file=str(path), around=around)
        except CaseInvalid as error:
            problems += error.problems
        except UnicodeDecodeError as error:
            problems.append(not_utf_8(str(path), error))
        except OSError as error:
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
