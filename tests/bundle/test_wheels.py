"""Where a bundle's libraries come from: pinned wheels for the runtime's own platform, or what is installed here."""

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

from authorizer.bundle.pins import Pin, read_pins
from authorizer.bundle.wheels import Runtime, copy_installed, download
from authorizer.cli.codes import code_of
from authorizer.errors import SettingsError

pytestmark = pytest.mark.slow

ARM = Runtime(python=(3, 12), architecture="arm64", interpreter=None)
HERE = Runtime(python=sys.version_info[:2], architecture="x86_64", interpreter=sys.executable)
TAG = "cp312-cp312-manylinux_2_28_aarch64"


def wheel(folder: Path, tag: str = TAG) -> str:
    """A library whose one module says its tag; its digest."""
    file = folder / f"tiny-1.0-{tag}.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("tiny.py", f"TAG = {tag!r}")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(autouse=True)
def pip_looks_here_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def pins(folder: Path, *digests: str, library: str = "tiny==1.0") -> tuple[Pin, ...]:
    file = folder / "requirements.txt"
    hashes = "".join(f" --hash=sha256:{digest}" for digest in digests)
    file.write_text(f"{library}{hashes}\n")
    return read_pins([file])


@pytest.mark.parametrize(
    ("python", "architecture", "newest"),
    [
        pytest.param((3, 11), "x86_64", "manylinux_2_26_x86_64", id="Python 3.11 runs on Amazon Linux 2"),
        pytest.param((3, 13), "arm64", "manylinux_2_34_aarch64", id="Python 3.13 runs on Amazon Linux 2023"),
    ],
)
def test_wheels_are_for_the_libc_of_the_runtime(
    python: tuple[int, int], architecture: str, newest: str
) -> None:
    runtime = Runtime(python=python, architecture=architecture, interpreter="python")
    assert runtime.platforms[0] == newest
    assert runtime.platforms[-1].startswith("manylinux2014_")


def test_the_wheel_of_the_runtime_is_taken_wherever_the_bundle_is_made(tmp_path: Path) -> None:
    tags = (TAG, TAG.replace("aarch64", "x86_64"), TAG.replace("312", "311"))
    download(pins(tmp_path, *(wheel(tmp_path, tag) for tag in tags)), ARM, tmp_path / "folder")
    assert (tmp_path / "folder" / "tiny.py").read_text() == f"TAG = {TAG!r}"


@pytest.mark.parametrize(
    ("tag", "digest", "said"),
    [
        pytest.param(
            TAG.replace("2_28", "2_35"), None, "No matching distribution", id="a wheel for a newer libc"
        ),
        pytest.param(
            TAG.replace("aarch64", "x86_64"), None, "No matching distribution", id="another processor"
        ),
        pytest.param(TAG, "0" * 64, "HASHES", id="a wheel that is not the pinned one"),
    ],
)
def test_what_is_no_pinned_wheel_for_the_runtime_is_refused(
    tag: str, digest: str | None, said: str, tmp_path: Path
) -> None:
    made = wheel(tmp_path, tag)
    requirements = pins(tmp_path, digest or made)
    with pytest.raises(SettingsError) as refused:
        download(requirements, ARM, tmp_path / "folder")
    assert all(
        problem.startswith(f"pip cannot install {tmp_path / 'requirements.txt'}: ")
        for problem in refused.value.problems
    )
    assert said in str(refused.value)


def test_where_no_index_is_reached_it_is_asked_whether_it_is(tmp_path: Path) -> None:
    """A library of which pip finds no version at all is one that this index does not have, or no index."""
    requirements = pins(tmp_path, "0" * 64, library="never-heard-of==1.0")
    with pytest.raises(SettingsError) as refused:
        download(requirements, ARM, tmp_path / "folder")
    assert "is the package index reachable? --installed takes what is here" in str(refused.value)
    assert {code_of(problem, "requirements.txt") for problem in refused.value.problems} == {"unreadable"}


def test_a_pin_without_a_hash_is_refused(tmp_path: Path) -> None:
    wheel(tmp_path)
    with pytest.raises(SettingsError, match="Hashes are required"):
        download(pins(tmp_path), ARM, tmp_path / "folder")


def test_without_pip_it_is_said_who_lacks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.bundle.wheels.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=f"{sys.executable} has no pip"):
        download(pins(tmp_path, wheel(tmp_path)), ARM, tmp_path / "folder")


def test_a_library_for_other_pythons_than_the_runtimes_is_not_asked_for(tmp_path: Path) -> None:
    """By the runtime's version, and not by that of the Python that pip runs on."""
    digest = wheel(tmp_path)
    for_others = pins(tmp_path, digest, library="tiny==1.0 ; python_version >= '3.13'")
    download(for_others, ARM, tmp_path / "without")
    assert not (tmp_path / "without" / "tiny.py").exists()
    for_it = pins(
        tmp_path, digest, library="tiny==1.0 ; python_version == '3.12' and platform_machine == 'aarch64'"
    )
    download(for_it, ARM, tmp_path / "with")
    assert (tmp_path / "with" / "tiny.py").exists()


def test_a_library_of_another_version_is_refused(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("aiohttp==0.0.1 \\\n    --hash=sha256:00\nabsent-library==1.0\n")
    with pytest.raises(SettingsError) as refused:
        copy_installed(read_pins([requirements]), HERE, tmp_path / "folder")
    assert [problem.split()[0] for problem in refused.value.problems] == ["absent-library", "aiohttp"]


def test_a_library_that_is_for_other_pythons_may_be_absent(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    here = f"PyJWT=={version('PyJWT')}"
    requirements.write_text(f"absent-library==1.0 ; python_full_version < '3.9'\n{here}\n")
    copy_installed(read_pins([requirements]), HERE, tmp_path / "folder")
    assert (tmp_path / "folder" / "jwt" / "__init__.py").is_file()
    assert not list((tmp_path / "folder").rglob("__pycache__"))
