"""What would be deployed: our bundle, the same from a plain zip, the twin with what pip installs for it, and AWS's
reference with its own libraries.

The first three are put together from the libraries that are installed here, so that no version differs.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from authorizer.bundle.build import build
from authorizer.bundle.pins import read_pins
from authorizer.bundle.wheels import Runtime, copy_distribution, copy_installed
from authorizer.settings.load import load
from benchmarks.pythons import bare_python

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements" / "lambda.txt"
REFERENCES = ROOT / "requirements" / "bench.txt"
TWIN = (
    *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
    *("PyJWT", "cryptography", "cffi", "pycparser", "typing-extensions"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installs:
    """Folders as Lambda has them after it has unpacked a zip."""

    bundle: Path
    """`authorizer bundle`."""
    bundle_bytes: int
    """Of its zip."""
    plain: Path
    """The requirements and our package as they are: no byte code, no pruning, templates as text."""
    plain_bytes: int
    """Of a zip of what `pip install` makes of the requirements, byte code included."""
    twin: Path
    """The twin with its libraries, byte-compiled as pip does."""
    reference: Path | None
    """The reference's authorizer with the twin's libraries and its own; None where those could not be installed."""

    def folder(self, subject: str) -> Path:
        """Where a worker's subject lies. Raises `LookupError` for a reference that could not be installed."""
        if subject == "reference" and self.reference is None:
            raise LookupError("the reference's libraries could not be installed here: requirements/bench.txt")
        return {"ours": self.bundle, "reference": self.reference}.get(subject) or self.twin


def make(folder: Path, access: Path, environment: dict[str, str]) -> Installs:
    """Put all of them into `folder`."""
    runtime = Runtime(python=sys.version_info[:2], architecture="x86_64", interpreter=bare_python()[0])
    made = build(
        load(access, environment),
        access,
        install=partial(copy_installed, read_pins([REQUIREMENTS]), runtime),
        runtime=runtime,
        output=folder / "bundle.zip",
        layer=False,
    )
    [(file, size)] = made.zips.items()
    with ZipFile(file) as archive:
        archive.extractall(folder / "bundle")

    plain = folder / "plain"
    copy_installed(read_pins([REQUIREMENTS]), runtime, plain)
    whole = folder / "whole"
    shutil.copytree(plain, whole)
    _compile(whole)
    shutil.copytree(ROOT / "authorizer", plain / "authorizer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(access.parent, plain / "policies")

    twin = folder / "twin"
    for name in TWIN:
        copy_distribution(distribution(name), twin)
    (twin / "benchmarks").mkdir()
    shutil.copyfile(Path(__file__).parent / "twin.py", twin / "benchmarks" / "twin.py")
    _compile(twin)
    reference = folder / "reference"
    shutil.copytree(twin, reference)
    shutil.copyfile(Path(__file__).parent / "reference.py", reference / "benchmarks" / "reference.py")
    return Installs(
        bundle=folder / "bundle",
        bundle_bytes=size,
        plain=plain,
        plain_bytes=_zipped(whole, folder / "whole.zip"),
        twin=twin,
        reference=reference if _installed(REFERENCES, reference) else None,
    )


def _installed(requirements: Path, folder: Path) -> bool:
    """Whether pip could install the pins into the folder, byte code included."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    made = subprocess.run(
        [*pip, "--no-deps", "--require-hashes", "-r", str(requirements), "--target", str(folder)],
        capture_output=True,
        check=False,
    )
    return made.returncode == 0


def _compile(folder: Path) -> None:
    subprocess.run([*bare_python(), "-m", "compileall", "-q", str(folder)], check=True)


def _zipped(folder: Path, target: Path) -> int:
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return target.stat().st_size
