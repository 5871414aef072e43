"""Runs tests against one mutant, in a process that is forked for it from one that has the libraries loaded.

A child imports the project afresh, with the changed module in place, and runs pytest over the tests that it is given:
those that `make test` runs, fixtures and all. It ends with the first that turns red. So a mutant costs a third of a
second of a processor.
"""

import contextlib
import gc
import importlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.guards.mutants import Mutant, imported_as

ROOT: Final = Path(__file__).parent.parent.parent
KEPT: Final = ROOT / "build" / "guards"
"""Untracked: what was measured and found."""
LIMIT: Final = 10.0
"""Seconds after which a test is given up: a mutant may wait for ever."""
PATIENCE: Final = 90.0
"""Seconds after which a whole trial is: a mutant may also swallow what ends a test."""
MEMORY: Final = 3 * 1024**3
"""Bytes that a trial may have, of which what is preloaded takes a quarter: a mutant may also collect for ever, and must
not take the machine with it."""
ENDLESS: Final = " (without end)"
"""Behind the name of a test that was given up."""
UNSTARTED: Final = "tests/conftest.py"
"""What turns red under a mutant without which nothing of the project can be imported."""
OURS: Final = ("authorizer", "tests")
OPTIONS: Final = (
    *(
        "-m",
        "not s3 and not package and not page and not deploy and not nightly",
    ),  # as `make test-all` has them
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "-p", "no:hypothesispytest"),
    # Broken code may leave anything behind.
    *("-p", "no:unraisableexception", "-p", "no:threadexception", "-W", "ignore::ResourceWarning"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins are loaded before pytest starts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A mutant, and the tests to try it with: their names as pytest writes them, or whole files."""

    mutant: Mutant
    tests: Sequence[str]


def preload(tests: Iterable[str]) -> None:
    """Import what the files of these tests import and is not of this project, and nothing of it: each child imports its
    own."""
    with tempfile.NamedTemporaryFile("r") as names:
        files = sorted({test.split("::")[0] for test in tests})
        listing = f"print(*sys.modules, sep='\\n', file=open({names.name!r}, 'w'))"
        collecting = (
            f"pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', '-p', 'no:cov', *{files}])"
        )
        subprocess.run(
            [sys.executable, "-c", f"import sys, pytest; {collecting}; {listing}"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found = names.read().split()
    for name in found:
        if name.split(".")[0] not in (*OURS, "__main__", "_hypothesis_pytestplugin"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    # Hypothesis keeps what it finds out about Unicode and about our sources; here too, and not among its examples.
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(KEPT / "hypothesis")
    st.text().validate()
    # The same examples each time, none kept and none shrunk: a mutant is found or it is not.
    hypothesis.settings.register_profile(
        "guards",
        deadline=None,
        max_examples=50,
        database=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    gc.collect()
    gc.freeze()  # no child needs to look through what all of them have


def reds(trials: Iterable[Trial], *, workers: int) -> Iterator[tuple[Mutant, str | None]]:
    """For each trial, in whatever order they end: the first test that turned red, or None."""
    waiting = deque(trials)
    running = selectors.DefaultSelector()
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        try:
            while waiting or running.get_map():
                while waiting and len(running.get_map()) < workers:
                    child = _Child.start(waiting.popleft(), Path(folder))
                    running.register(child.pipe, selectors.EVENT_READ, child)
                ended = [key.data for key, _ in running.select(timeout=1.0)]
                late = [
                    key.data for key in running.get_map().values() if time.monotonic() > key.data.deadline
                ]
                for child in dict.fromkeys([*ended, *late]):
                    running.unregister(child.pipe)
                    yield child.trial.mutant, child.end()
        finally:
            for key in list(running.get_map().values()):
                key.data.end()
            running.close()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Child:
    trial: Trial
    process: int
    pipe: int
    folder: Path
    deadline: float

    @classmethod
    def start(cls, trial: Trial, folder: Path) -> "_Child":
        temporary = Path(tempfile.mkdtemp(dir=folder))
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            os.close(reading)
            _try(trial, temporary, lambda red: os.write(writing, red.encode()))
        os.close(writing)
        return cls(
            trial=trial,
            process=process,
            pipe=reading,
            folder=temporary,
            deadline=time.monotonic() + PATIENCE,
        )

    def end(self) -> str | None:
        """What it found. Ends it where it has not ended."""
        if time.monotonic() > self.deadline:
            found = f"{self.trial.tests[0]}{ENDLESS}"
        else:
            found = os.read(self.pipe, 65_536).decode()
        os.close(self.pipe)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)  # its own group: what its tests have started too
        os.waitpid(self.process, 0)
        shutil.rmtree(self.folder, ignore_errors=True)
        return found or None


def _try(trial: Trial, temporary: Path, tell: Callable[[str], object]) -> NoReturn:
    """In the child. Never returns: whatever happens, it ends here."""
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(PATIENCE), int(PATIENCE)))
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(quiet, descriptor)
        status = tested(trial.mutant, trial.tests, temporary, _Watch(trial.tests, tell))
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            tell(UNSTARTED)  # else the first red test would have ended this process
    except BaseException:  # whatever it is: the child ends here, and its parent goes on
        tell(UNSTARTED)
    os._exit(0)


def tested(mutant: Mutant | None, tests: Sequence[str], temporary: Path, watch: object) -> int:
    """pytest's exit code over the files of `tests`, with `mutant` in place. Imports the project."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    os.environ["HYPOTHESIS_PROFILE"] = "guards"
    if mutant is not None:
        sys.meta_path.insert(0, cast(Any, _Mutated(mutant)))
    files = dict.fromkeys(test.split("::")[0] for test in tests)
    return pytest.main([*OPTIONS, f"--basetemp={temporary / 'base'}", *files], plugins=[watch])


class _Mutated:
    """Imports one module from a changed tree."""

    def __init__(self, mutant: Mutant) -> None:
        package, _, last = mutant.module.rpartition("/")
        self._is_package = last == "__init__"
        self._name = imported_as(mutant.module)
        self._folder = str(ROOT / "authorizer" / package)
        self._code = mutant.code()

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = ModuleSpec(name, cast(Any, self), origin=self._code.co_filename, is_package=self._is_package)
        spec.has_location = True
        if self._is_package:
            spec.submodule_search_locations = [self._folder]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """None: an ordinary module."""

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._code, module.__dict__)


class _Endless(BaseException):
    """A test takes longer than any does. No `Exception`: nothing of ours may take it for one of its own."""


class _Watch:
    """Keeps to the chosen tests, in their order, and ends the process at the first that is red."""

    def __init__(self, tests: Sequence[str], tell: Callable[[str], object]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}
        self._tell = tell
        self._late = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [
            (self._places.get(item.nodeid, self._places.get(item.nodeid.split("::")[0])), item)
            for item in items
        ]
        items[:] = [
            item for _, item in sorted(((p, i) for p, i in chosen if p is not None), key=lambda row: row[0])
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        def give_up(*_: object) -> NoReturn:
            self._late = True
            raise _Endless

        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, LIMIT, 1.0)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look(report)

    def _look(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._tell(f"{report.nodeid}{ENDLESS}" if self._late else report.nodeid)
            os._exit(0)
