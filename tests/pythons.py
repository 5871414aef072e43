"""The default suite on every Python that is installed, each in an environment of its own: `make test-pythons`.

The machine's own comes first, with the tests that take seconds and with coverage; once is enough for these. At the end
a table says on which the suite has run, and which are not here.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from authorizer.bundle.pythons import HERE, VERSIONS, installed

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The default suite on one Python."""

    version: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    suite: Suite
    passed: bool
    seconds: float


def suites(found: Mapping[str, Path]) -> Iterator[Suite]:
    """What to run: this Python's, then the others' in order. `found` is version → executable."""
    make = os.environ.get("MAKE", "make")
    yield Suite(version=HERE, command=(make, "test-all"))
    for version, executable in found.items():
        if version != HERE:
            yield Suite(version=version, command=(make, "test", f"PYTHON={executable}"))


def run(suite: Suite) -> Outcome:
    """Its output goes where ours goes."""
    begun = time.monotonic()
    done = subprocess.run(suite.command, cwd=ROOT, check=False)
    return Outcome(suite=suite, passed=done.returncode == 0, seconds=time.monotonic() - begun)


def show(outcomes: list[Outcome], console: Console) -> None:
    """One line for each Python, those that are not installed included."""
    table = Table(
        "Python", "the default suite", "seconds", title="the suite on each Python", title_justify="left"
    )
    ran = {outcome.suite.version: outcome for outcome in outcomes}
    for version in sorted({*ran, *VERSIONS}, key=lambda text: [int(part) for part in text.split(".")]):
        if version in ran:
            said = "passed" if ran[version].passed else "[red]failed[/]: see above"
            table.add_row(version, said, f"{ran[version].seconds:.0f}")
        else:
            table.add_row(version, "not run: not installed here", "")
    console.print(table)


def main() -> int:
    console = Console()
    outcomes = []
    for suite in suites(installed()):
        console.rule(f"Python {suite.version}")
        outcomes.append(run(suite))
    show(outcomes, console)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
