"""The pinned libraries, put into a folder: from wheels for the chosen Python and architecture, or as installed here."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from authorizer.bundle.pins import Pin
from authorizer.errors import SettingsError

GLIBC: Final = {(3, 11): 26}
"""Python → glibc 2.x of its Lambda runtime: Amazon Linux 2 has 2.26, Amazon Linux 2023, from Python 3.12 on, 2.34
(Lambda Developer Guide, "Lambda runtimes")."""
LATEST_GLIBC = 34
ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's name of an architecture → the wheels' name (PEP 600)."""
OLDEST_GLIBC = 5
"""manylinux1, the first platform tag."""
PYTHON: Final = "3.13"
ARCHITECTURE: Final = "arm64"
"""What is bundled and deployed unless another runtime is named: one place, so that the two agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The Lambda runtime that a bundle is for."""

    python: tuple[int, int]
    architecture: str
    """`x86_64` or `arm64`, as Lambda calls them."""
    interpreter: str | None
    """A Python of that version on this machine: byte code is its own. None: there is none, and no byte code."""

    @property
    def platforms(self) -> list[str]:
        """Platform tags of wheels that run there, the newest first."""
        machine = ARCHITECTURES[self.architecture]
        newest = GLIBC.get(self.python, LATEST_GLIBC)
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{machine}"]

    @property
    def environment(self) -> dict[str, str]:
        """What markers of requirements are judged by there (PEP 508)."""
        version = ".".join(map(str, self.python))
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": ARCHITECTURES[self.architecture],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }


def download(pins: Iterable[Pin], runtime: Runtime, folder: Path) -> None:
    """Install what is pinned for `runtime`, hashes checked, wheels only: no Python of that version is needed here.

    Raises `SettingsError`.
    """
    if find_spec("pip") is None:
        raise SettingsError(
            [
                f"{sys.executable} has no pip, which fetches the libraries: expected it here; run `python -m ensurepip`"
            ]
        )
    chosen = [pin for pin in pins if pin.is_for(runtime.environment)]
    with TemporaryDirectory() as name:
        requirements = Path(name, "pins.txt")
        requirements.write_text("".join(f"{_without_marker(pin)}\n" for pin in chosen), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pip", "install"),
            *("--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--implementation", "cp"),
            *("--python-version", ".".join(map(str, runtime.python))),
            *(part for tag in runtime.platforms for part in ("--platform", tag)),
            *("--requirement", str(requirements), "--target", str(folder)),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - built above
    if ran.returncode:
        said = [
            line for line in ran.stderr.splitlines() if line.startswith("ERROR")
        ] or ran.stderr.splitlines()[-1:]
        places = ", ".join(sorted({pin.place for pin in chosen}))
        raise SettingsError([f"pip cannot install {places}: {line}{_what_to_do(line)}" for line in said])


def _what_to_do(line: str) -> str:
    """pip says the same of an index that has no such library and of one that it did not reach."""
    if "from versions: none" not in line:
        return ""
    return ": is the package index reachable? --installed takes what is here"


def _without_marker(pin: Pin) -> str:
    """pip would judge a marker by the Python that it runs on, which need not be the runtime's."""
    requirement, _, rest = pin.row.partition(";")
    return requirement + " ".join(["", *(part for part in rest.split() if part.startswith("--hash="))])


def copy_installed(pins: Iterable[Pin], runtime: Runtime, folder: Path) -> None:
    """Copy the same libraries as they are installed here, for bundles of this machine's own platform.

    Raises `SettingsError` where one is not installed, or in another version than is pinned.
    """
    problems = []
    for pin in pins:
        if not pin.is_for(runtime.environment):
            continue
        try:
            installed = distribution(pin.name)
        except PackageNotFoundError:
            problems.append(f"{pin.name} {pin.version} is pinned in {pin.place} and not installed here")
            continue
        if installed.version != pin.version:
            problems.append(f"{pin.name} {pin.version} is pinned in {pin.place}, {installed.version} is here")
            continue
        copy_distribution(installed, folder)
    if problems:
        raise SettingsError(problems)


def copy_distribution(installed: Distribution, folder: Path) -> None:
    """Copy the files of one installed library, commands and byte code left out."""
    for path in installed.files or ():
        # Commands and what else lies outside the folder of libraries.
        if PurePosixPath(path).parts[0] == ".." or "__pycache__" in path.parts:
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(path.locate()), target)
