"""One bundle a run, made of the libraries that are installed here, and unpacked as Lambda unpacks it."""

import os
import stat
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from authorizer.bundle.build import Bundle, build
from authorizer.bundle.pins import read_pins
from authorizer.bundle.pythons import HERE, interpreter
from authorizer.bundle.wheels import Runtime, copy_distribution, copy_installed
from authorizer.settings.load import load
from tests.make import ACCESS, ROOT, sample_environment

RUNTIME = Runtime(python=sys.version_info[:2], architecture="x86_64", interpreter=sys.executable)
REQUIREMENTS = Path(os.environ.get("LAMBDA_PINS", ROOT / "requirements" / "lambda.txt"))
"""`python -m tests.newest` has pins of its own: those of what it has installed."""
RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")


def as_installed(folder: Path) -> None:
    copy_installed(read_pins([REQUIREMENTS]), RUNTIME, folder)


def one_library(folder: Path) -> None:
    """No more than every bundle is looked through for."""
    data = folder / "botocore" / "data"
    data.mkdir(parents=True)
    (data / "endpoints.json").write_text('{"partitions": []}')
    (folder / "botocore" / "client.py").write_text("")


def make_bundle(
    folder: Path,
    *,
    access: Path = ACCESS,
    layer: bool = False,
    install: Callable[[Path], None] = as_installed,
    **environment: str,
) -> Bundle:
    return build(
        load(access, {**sample_environment(), **environment}),
        access,
        install=install,
        runtime=RUNTIME,
        output=folder / "authorizer.zip",
        layer=layer,
    )


def unpacked(file: Path, folder: Path) -> Path:
    with ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def task_root(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/var/task, after Lambda has unpacked the zip."""
    [file] = bundle.zips
    return unpacked(file, tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that knows AWS's runtime client and no other library: what the bundle lacks is not found elsewhere."""
    folder = tmp_path_factory.mktemp("python")
    for name in RUNTIME_CLIENT:
        copy_distribution(distribution(name), folder / "runtime")
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={folder / "runtime"} exec {interpreter(HERE)} -S -s "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return script
