"""A pytest plugin: the cases in `policies/cases/` as tests of a team's own run.

In the project's `conftest.py`, with `policies` among the paths that pytest is given::

    pytest_plugins = ["authorizer.cli.pytest_plugin"]

Every `cases/*.toml` that has an `access.toml` in the folder above it is collected, each case a test. A case that fails
is a failure; one that could not be judged, an error.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

if TYPE_CHECKING:
    from authorizer.engine import TemplateSet
    from authorizer.engine.check import Case, CaseResult, RouteCase, RouteResult
    from authorizer.settings.schema import Access

_LOADED = pytest.StashKey[dict[Path, "Access"]]()


class CaseFailed(Exception):
    """A case that did not come out as expected, or could not be judged."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CaseFile | None":
    """A file of cases, where it is one."""
    access = file_path.parent.parent / "access.toml"
    if file_path.suffix != ".toml" or file_path.parent.name != "cases" or not access.is_file():
        return None
    return CaseFile.from_parent(parent, path=file_path)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Which values are the sample's: a line for each configuration."""
    from authorizer.cli.options import sample_notice

    return [notice for access in config.stash.get(_LOADED, {}) if (notice := sample_notice(access))]


class CaseFile(pytest.File):
    """One file of cases."""

    @override
    def collect(self) -> Iterator["CaseItem"]:
        from authorizer.cli.case_files import read_cases
        from authorizer.cli.options import environment_of
        from authorizer.engine import CaseInvalid
        from authorizer.errors import SettingsError
        from authorizer.settings.load import load

        access = self.path.parent.parent / "access.toml"
        loaded = self.config.stash.setdefault(_LOADED, {})
        try:
            if access not in loaded:
                loaded[access] = load(access, environment_of(access, aws=False))
            cases = read_cases(loaded[access], [self.path])
        except (CaseInvalid, SettingsError) as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            yield CaseItem.from_parent(self, name=case.name, case=case, templates=loaded[access].templates)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: "Case | RouteCase", templates: "TemplateSet", **rest: Any) -> None:
        super().__init__(**rest)
        self._case = case
        self._templates = templates
        self._result: CaseResult | RouteResult | None = None

    @override
    def setup(self) -> None:
        """Judge the case here: what is raised in `setup` is an error for pytest, and no failure."""
        from authorizer.cli.case_files import run_any

        self._result = run_any(self._case, self._templates)
        if self._result.status == "ERROR":
            raise CaseFailed("\n".join(self._result.reasons))

    @override
    def runtest(self) -> None:
        if self._result is None or self._result.status != "PASS":
            raise CaseFailed("\n".join(self._result.reasons if self._result else ["the case was not judged"]))

    @override
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    @override
    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"
