"""The Pythons of this machine, by version: each compiles its own byte code, and the tests run on each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""What the tests run on, as far as it is installed."""
ASK = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable); sys.exit(sys.prefix != sys.base_prefix)"
"""Answers with version and executable, and fails in a virtual environment."""
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@cache
def interpreter(version: str) -> Path | None:
    """The executable of Python `version` (`3.13`); None if it is not installed. Never a virtual environment's.

    Each candidate is asked: one on PATH may be a stand-in, for another version or for none.
    """
    for candidate in _candidates(version):
        if not os.access(candidate, os.X_OK):
            continue
        ran = subprocess.run([candidate, "-c", ASK], capture_output=True, text=True, check=False)  # noqa: S603
        found, _, executable = ran.stdout.strip().partition(" ")
        if ran.returncode == 0 and found == version:
            return Path(executable)
    return None


def installed() -> Mapping[str, Path]:
    """Version → executable, of `VERSIONS` those that are here."""
    return {version: found for version in VERSIONS if (found := interpreter(version)) is not None}


def _candidates(version: str) -> Iterator[Path]:
    """The one that runs this, those on PATH, pyenv's with the latest first."""
    if version == HERE:
        yield from (
            Path(sys.base_prefix) / "bin" / name for name in (f"python{version}", "python3", "python")
        )
    for folder in os.get_exec_path():
        if on_path := shutil.which(f"python{version}", path=folder):
            yield Path(on_path)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    patches = [folder.name.rpartition(".")[2] for folder in root.glob(f"versions/{version}.*")]
    for patch in sorted(
        (int(patch) for patch in patches if patch.isascii() and patch.isdecimal()), reverse=True
    ):
        yield root / "versions" / f"{version}.{patch}" / "bin" / f"python{version}"
