"""The default suite against the newest release of each library, past our pins: `make test-newest`.

Pins keep what was tested, and say nothing of what is to come. This does: what is newer than they are, who holds back
what could be newer, and which tests break; what is red with the pins is red here too. Twice, in an environment of its
own: with what pip makes of `pyproject.toml` alone, and, where aioboto3 holds back the libraries below it, with those
moved past it, so that one sees what a move would cost. What follows the command is pytest's:
`python -m tests.newest tests/vending`.
"""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.make import ROOT

ENVIRONMENT = ROOT / ".venv-newest"
PINS = ROOT / "requirements" / "dev.txt"
SHIPPED = ROOT / "requirements" / "lambda.txt"
REPORTS = ROOT / "build" / "newest"
GROUP = "dev"
EXTRAS = ("sealed", "cli", "login", "local")
"""What the pins of the suite are made of, as `make pins` has it."""
HOLDER = "aioboto3"
PAST = ("aiobotocore", "boto3")
"""What is moved past `HOLDER`, together and with all that they ask for themselves: two libraries whose makers have not
tried them together would fail on their own account."""
UPGRADE = ("install", "-qq", "--upgrade", "--upgrade-strategy", "eager")
CAPS = frozenset({"<", "<=", "==", "===", "~="})
REASON = 90
"""Characters of what a test says that the table shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One test that is red, or a file that cannot be collected."""

    file: str
    test: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The suite on one set of libraries. `versions` and `held` are by name: who holds a library, if somebody does."""

    title: str
    versions: Mapping[str, Version]
    held: Mapping[str, Sequence[str]]
    failures: tuple[Failure, ...]
    tests: int
    code: int
    """pytest's: it may end before there is anything to report."""
    seconds: float


def asked(project: Mapping[str, Any]) -> list[str]:
    """What a `pyproject.toml` asks for, without the caps: as pip takes it."""
    own = project["project"]
    texts = [*own["dependencies"], *project["dependency-groups"][GROUP]]
    for extra in EXTRAS:
        texts += own["optional-dependencies"][extra]
    return [_uncapped(Requirement(text)) for text in texts]


def _uncapped(requirement: Requirement) -> str:
    requirement.specifier = SpecifierSet(
        ",".join(str(part) for part in requirement.specifier if part.operator not in CAPS)
    )
    return str(requirement)


def pinned(text: str) -> dict[str, Version]:
    """The versions in a file of pins, of those that are for this Python and this machine."""
    pins = [Requirement(line) for line in re.findall(r"^([\w.-]+==[^\\\n]+)", text, re.MULTILINE)]
    return {
        canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("=="))
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def repinned(text: str, versions: Mapping[str, Version]) -> str:
    """A file of pins, with the versions that are here and without hashes: what is shipped is made of them too."""
    pins = pinned(text)
    return "".join(f"{name}=={versions[name]}\n" for name in pins if name in versions)


def holders(newest: Mapping[str, Version], installed: Iterable[Distribution]) -> dict[str, list[str]]:
    """Library → those that do not let it be its newest. An extra counts if anybody here asks for it."""
    wanted: dict[str, list[Requirement]] = {
        canonicalize_name(each.name): [Requirement(text) for text in each.requires or ()]
        for each in installed
    }
    extras: dict[str, set[str]] = {}
    for requirements in wanted.values():
        for requirement in requirements:
            extras.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    found: dict[str, list[str]] = {}
    for holder, requirements in sorted(wanted.items()):
        for requirement in requirements:
            name, marker = canonicalize_name(requirement.name), requirement.marker
            chosen = ("", *sorted(extras.get(holder, ())))
            counts = marker is None or any(marker.evaluate({"extra": extra}) for extra in chosen)
            if counts and name in newest and not requirement.specifier.contains(newest[name]):
                found.setdefault(name, []).append(holder)
    return {name: list(dict.fromkeys(who)) for name, who in found.items()}


def failures(report: ET.Element) -> Iterator[Failure]:
    """What pytest's report (JUnit's form) tells of tests that did not pass."""
    for case in report.iter("testcase"):
        for kind in (*case.findall("failure"), *case.findall("error")):
            lines = kind.get("message", "").strip().splitlines() or ["without a word"]
            file = case.get("file") or f"{case.get('classname') or case.get('name', '')}".replace(".", "/")
            yield Failure(file=file, test=case.get("name", ""), reason=lines[0].strip())


def grouped(found: Iterable[Failure]) -> list[tuple[str, Counter[str]]]:
    """File → how often which reason, with the file that has the most first. A test that fails, and then in its
    teardown too, is one."""
    seen: set[tuple[str, str]] = set()
    files: dict[str, Counter[str]] = {}
    for failure in found:
        if (failure.file, failure.test) not in seen:
            seen.add((failure.file, failure.test))
            files.setdefault(failure.file, Counter())[failure.reason] += 1
    return sorted(files.items(), key=lambda item: (-item[1].total(), item[0]))


def versions_table(
    pins: Mapping[str, Version], newest: Mapping[str, Version], rounds: Sequence[Round]
) -> Table:
    """A row for each library that is not everywhere what the pins say, or that could be newer."""
    names = {name for each in rounds for name, version in each.versions.items() if version != pins.get(name)}
    names |= {name for name in newest if any(name in each.versions for each in rounds)}
    title = "what is newer than the pins"
    table = Table("library", "pinned", "newest", *(each.title for each in rounds), title=title)
    table.title_justify = "left"
    for name in sorted(names):
        latest = max(v for v in (newest.get(name), *(each.versions.get(name) for each in rounds)) if v)
        table.add_row(
            name,
            str(pins.get(name, "")),
            str(latest),
            *(_tested(name, pins, latest, each) for each in rounds),
        )
    same = len({name for each in rounds for name in each.versions} - names)
    table.caption = f"{same} more are pinned at their newest"
    return table


def _tested(name: str, pins: Mapping[str, Version], latest: Version, each: Round) -> str:
    version = each.versions.get(name)
    if version is None:
        return ""
    text = "as pinned" if version == pins.get(name) else str(version)
    held = name in each.held and version < latest  # past `HOLDER`, which would still hold it
    return f"{text}, held by {', '.join(each.held[name])}" if held else text


def breaks_table(each: Round) -> Table:
    """A row for each file of tests in which something breaks, with what most of it says."""
    table = Table("tests", "red", "most of them say", title=f"what breaks {each.title}", title_justify="left")
    for file, reasons in grouped(each.failures):
        reason, _ = reasons.most_common(1)[0]
        others = f" (and {len(reasons) - 1} other)" if len(reasons) > 1 else ""
        table.add_row(file, str(reasons.total()), escape(reason[:REASON]) + others)
    return table


def verdict(each: Round) -> str:
    if each.code == 0:
        return f"{each.title}: {each.tests} tests in {each.seconds:.0f} s, and nothing breaks"
    if not each.failures:
        return f"{each.title}: pytest ended with {each.code}, see above"
    files = grouped(each.failures)
    red = sum(reasons.total() for _, reasons in files)
    return f"{each.title}: {red} of {each.tests} tests break: {', '.join(file for file, _ in files)}"


def show(
    pins: Mapping[str, Version], newest: Mapping[str, Version], rounds: Sequence[Round], console: Console
) -> None:
    console.print(versions_table(pins, newest, rounds))
    for each in rounds:
        if each.failures:
            console.print(breaks_table(each))
    for each in rounds:
        console.print(verdict(each), style="" if each.code == 0 else "red")


def pip(*arguments: str) -> str:
    """What pip prints. Where it fails, the program ends with its reasons."""
    command = (str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", *arguments)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stderr}pip {arguments[0]} failed")
    return done.stdout


def installed() -> list[Distribution]:
    """What is in the environment, but for this project itself and what came with Python."""
    places = [str(place) for place in ENVIRONMENT.glob("lib/python*/site-packages")]
    own = {"cognito-authorizer", "pip", "setuptools"}
    return [each for each in distributions(path=places) if canonicalize_name(each.name) not in own]


def tested(title: str, newest: Mapping[str, Version], arguments: Sequence[str], console: Console) -> Round:
    """The suite on what is installed now."""
    console.rule(title)
    report = REPORTS / f"{title.replace(' ', '-')}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = (
        str(ENVIRONMENT / "bin" / "python"),
        "-m",
        "pytest",
        "-n",
        "auto",
        "--dist",
        "loadfile",
        "--max-worker-restart=0",
        "-q",
    )
    there = installed()
    versions: dict[str, Version] = {canonicalize_name(each.name): Version(each.version) for each in there}
    shipped = REPORTS / "lambda.txt"
    shipped.write_text(repinned(SHIPPED.read_text(), versions))
    begun = time.monotonic()
    done = subprocess.run(
        (*command, "-o", "junit_family=xunit1", f"--junit-xml={report}", *arguments),
        cwd=ROOT,
        env={**os.environ, "LAMBDA_PINS": str(shipped)},
        check=False,
    )
    root = ET.parse(report).getroot() if report.exists() else ET.Element("testsuites")
    return Round(
        title=title,
        versions=versions,
        held=holders(newest, there),
        failures=tuple(failures(root)),
        tests=sum(1 for _ in root.iter("testcase")),
        code=done.returncode,
        seconds=time.monotonic() - begun,
    )


def main(arguments: Sequence[str]) -> int:
    console = Console()
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pip(*UPGRADE, *asked(project))
    pip("install", "-qq", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    outdated = json.loads(pip("list", "--outdated", "--format=json"))
    newest: dict[str, Version] = {
        canonicalize_name(each["name"]): Version(each["latest_version"]) for each in outdated
    }
    rounds = [tested("as pyproject.toml asks", newest, arguments, console)]
    if any(HOLDER in rounds[0].held.get(name, ()) for name in PAST):
        pip(*UPGRADE, *PAST)
        rounds.append(tested(f"past {HOLDER}", newest, arguments, console))
    show(pinned(PINS.read_text()), newest, rounds, console)
    return 0 if all(each.code == 0 for each in rounds) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
