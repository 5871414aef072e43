"""The interpreters of this machine that Lambda has a runtime for."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")


@cache
def pythons() -> Mapping[str, Path]:
    """Version → interpreter: the one that runs the tests (not its virtual environment), those on PATH, pyenv's."""
    found: dict[str, Path] = {}
    for candidate in _candidates():
        ran = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        version = ran.stdout.strip()
        if ran.returncode == 0 and version in VERSIONS:
            found.setdefault(version, candidate)
    return found


def _candidates() -> Iterator[Path]:
    yield Path(sys.base_prefix) / "bin" / "python3"
    for version in VERSIONS:
        if on_path := shutil.which(f"python{version}"):
            yield Path(on_path)
    for folder in sorted((Path.home() / ".pyenv" / "versions").glob("3.*"), reverse=True):
        if re.fullmatch(r"3\.\d+\.\d+", folder.name):
            yield folder / "bin" / "python3"
