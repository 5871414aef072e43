"""Which tests run which line: only those can notice what is changed there.

Measured by running the default tests once, without a mutant, and kept in `build/` for as long as neither the code nor
the test file changes.
"""

import hashlib
import itertools
import json
import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

import coverage
import pytest
from rich.console import Console
from rich.progress import track

from tests.guards.mutants import SOURCES, Mutant
from tests.guards.rooms import FAR, NEAR, room_of
from tests.guards.trial import KEPT, ROOT, tested

SLOW: Final = 5.0
"""Seconds; a test that takes longer guards nothing here."""
NEAR_BUDGET, FAR_BUDGET, LONG_BUDGET = 10.0, 4.0, 60.0
"""Seconds of tests that a mutant is tried with, of its own room and of all others; and of each once more, where it has
survived both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the tests run, of the code as it is."""

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    """Module → line → tests."""
    seconds: Mapping[str, float]
    """Test → how long it takes."""
    red: Sequence[str]
    """Tests that fail without any mutant, and so can show nothing."""

    def tests(self, mutant: Mutant, *, near: bool, long: bool = False) -> list[str]:
        """The tests that can notice `mutant`: those of its own room, or all others; `long` gives those for which there
        was no time before. First come those of files that are about the module or name what is broken, and of them the
        quick ones."""
        about = {test for test in self.seconds if f"/test_{mutant.module.rpartition('/')[2]}.py::" in test}
        own = NEAR[room_of(mutant.module)]
        found = set() if mutant.at_import else self._of_lines(mutant.module, mutant.lines)
        if not found:
            # Run at import: whoever is about the module or runs a line that mentions it may notice; and where all such
            # lines are run at import too, whoever uses the module.
            found = self._that_mention(mutant.name) or self._of_lines(
                mutant.module, self.lines.get(mutant.module, {})
            )
            found = (found or {test for test in self.seconds if test.startswith(own)}) | about
        named = re.compile(rf"\b{re.escape(mutant.name)}\b")
        order = sorted(
            (test not in about and not _names(test.split("::")[0], named), self.seconds[test], test)
            for test in found.difference(self.red)
            if test.startswith(own) == near and self.seconds[test] <= SLOW
        )
        budget = NEAR_BUDGET if near else FAR_BUDGET
        spent = list(itertools.accumulate(seconds for _, seconds, _ in order))
        begins, ends = (budget, budget + LONG_BUDGET) if long else (0.0, budget)
        return [test for (_, _, test), total in zip(order, spent, strict=True) if begins < total <= ends]

    def _that_mention(self, name: str) -> set[str]:
        """The tests that run a line with this name in it."""
        found: set[str] = set()
        mentioned = re.compile(rf"\b{re.escape(name)}\b")
        for module, lines in self.lines.items():
            source = (SOURCES / f"{module}.py").read_text(encoding="utf-8").splitlines()
            found |= self._of_lines(
                module,
                # A line behind the last belongs to what a test has put in its place.
                (number for number in lines if mentioned.search("".join(source[number - 1 : number]))),
            )
        return found

    def _of_lines(self, module: str, lines: Iterable[int]) -> set[str]:
        by_line = self.lines.get(module, {})
        return {test for line in lines for test in by_line.get(line, ())}


@cache
def _names(file: str, name: re.Pattern[str]) -> bool:
    return name.search((ROOT / file).read_text(encoding="utf-8")) is not None


def measured(console: Console, workers: int) -> Reach:
    """The reach of every test file."""
    lines: dict[str, dict[int, list[str]]] = {}
    seconds: dict[str, float] = {}
    red: list[str] = []
    code = _digest([*sorted(SOURCES.rglob("*.py")), *sorted(ROOT.glob("policies/**/*.*"))])
    files = {
        file: (KEPT / f"{file.replace('/', '.')}.json", code + _digest([ROOT / file, *_shared(ROOT / file)]))
        for file in _test_files()
    }
    stale = [
        (file, kept, digest)
        for file, (kept, digest) in files.items()
        if not kept.exists() or json.loads(kept.read_text())["digest"] != digest
    ]
    for _ in track(_measure(stale, workers), "what each test runs", len(stale), console=console):
        continue
    for kept, _ in files.values():
        found = json.loads(kept.read_text())
        seconds |= found["seconds"]
        red += found["red"]
        for module, by_line in found["lines"].items():
            for line, tests in by_line.items():
                lines.setdefault(module, {}).setdefault(int(line), []).extend(tests)
    return Reach(lines=lines, seconds=seconds, red=red)


def _test_files() -> list[str]:
    files = (str(file.relative_to(ROOT)) for file in sorted(ROOT.glob("tests/**/test_*.py")))
    return [file for file in files if not file.startswith(FAR)]


def _shared(file: Path) -> list[Path]:
    """What a test file may import of other tests."""
    folders = {ROOT / "tests", ROOT / "tests" / "servers", file.parent}
    return [
        other
        for folder in sorted(folders)
        for other in sorted(folder.glob("*.py"))
        if other.name[:5] != "test_"
    ]


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _measure(stale: Iterable[tuple[str, Path, str]], workers: int) -> Iterator[str]:
    """Run each test file in a child of its own, write down what it reaches, and give the files as they end."""
    KEPT.mkdir(parents=True, exist_ok=True)
    waiting = deque(stale)
    running: dict[int, str] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            file, kept, digest = waiting.popleft()
            process = os.fork()
            if not process:
                _reached(file, kept, digest)
            running[process] = file
        process, status = os.wait()
        file = running.pop(process)
        assert status == 0, f"{file} could not be measured: see {KEPT}"
        yield file


def _reached(file: str, kept: Path, digest: str) -> NoReturn:
    """In the child: run one test file, and write down what it reaches."""
    status = 1
    try:
        log = os.open(kept.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        watch = _Watch()
        with tempfile.TemporaryDirectory(prefix="guards-") as folder:
            watch.cover.start()
            tested(None, [file], Path(folder), watch)
            watch.cover.stop()
        kept.write_text(json.dumps({"digest": digest, **watch.found()}))
        status = 0
    finally:
        os._exit(status)


class _Watch:
    """Tells coverage which test is running, and keeps how long each took."""

    def __init__(self) -> None:
        self.cover = coverage.Coverage(data_file=None, include=[f"{SOURCES}/*"], config_file=False)
        self._seconds: dict[str, float] = {}
        self._red: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.cover.switch_context(item.nodeid)
        begun = time.perf_counter()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = round(time.perf_counter() - begun, 4)
            self.cover.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._red.append(report.nodeid)

    def found(self) -> dict[str, object]:
        data = self.cover.get_data()
        lines: dict[str, dict[int, list[str]]] = {}
        for file in data.measured_files():
            module = str(Path(file).relative_to(SOURCES).with_suffix(""))
            by_line = {
                line: sorted(filter(None, tests)) for line, tests in data.contexts_by_lineno(file).items()
            }
            lines[module] = {line: tests for line, tests in by_line.items() if tests}
        return {"lines": lines, "seconds": self._seconds, "red": self._red}
