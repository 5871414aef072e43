"""The pinned libraries, put into a folder: from wheels for the chosen Python and architecture, or as installed here."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Final

from authorizer.errors import SettingsError

GLIBC: Final = {(3, 11): 26}
"""Python → glibc 2.x of its Lambda runtime: Amazon Linux 2 has 2.26, Amazon Linux 2023, from Python 3.12 on, 2.34
(Lambda Developer Guide, "Lambda runtimes")."""
LATEST_GLIBC = 34
ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's name of an architecture → the wheels' name (PEP 600)."""
OLDEST_GLIBC = 5
"""manylinux1, the first platform tag."""
_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?P<marker>;)?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The Lambda runtime that a bundle is for."""

    python: tuple[int, int]
    architecture: str
    """`x86_64` or `arm64`, as Lambda calls them."""
    interpreter: str
    """A Python of that version on this machine: byte code is its own."""

    @property
    def platforms(self) -> list[str]:
        """Platform tags of wheels that run there, the newest first."""
        machine = ARCHITECTURES[self.architecture]
        newest = GLIBC.get(self.python, LATEST_GLIBC)
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(newest, OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{machine}"]


def download(requirements: Path, runtime: Runtime, folder: Path) -> None:
    """Install what `requirements` pins, hashes checked, wheels only, for `runtime`. Raises `SettingsError`."""
    command = [
        *(sys.executable, "-m", "pip", "--python", runtime.interpreter, "install"),
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
        raise SettingsError([f"pip cannot install {requirements}: {line}" for line in said])


def copy_installed(requirements: Path, folder: Path) -> None:
    """Copy the same libraries as they are installed here, for bundles of this machine's own platform.

    Raises `SettingsError` where one is not installed, or in another version than is pinned.
    """
    problems = []
    for pin in _PIN.finditer(requirements.read_text(encoding="utf-8")):
        name, version = pin["name"], pin["version"]
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            if not pin["marker"]:  # a conditional one is for other Pythons
                problems.append(f"{name} {version} is pinned in {requirements} and not installed here")
            continue
        if installed.version != version:
            problems.append(f"{name} {version} is pinned in {requirements}, {installed.version} is here")
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
