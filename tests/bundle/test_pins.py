"""The pins that travel in the package, and a user's own beside them."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from authorizer.bundle.build import Bundle
from authorizer.bundle.pins import Pin, read_pins, replaced, shipped
from authorizer.bundle.wheels import Runtime
from authorizer.cli.bundle import bundle as bundle_command
from authorizer.errors import SettingsError
from tests.make import ACCESS, ROOT

DIGEST = "--hash=sha256:" + "0" * 64


def file_of(folder: Path, text: str, name: str = "own.txt") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_checkout_ships_what_make_pins_writes() -> None:
    assert shipped() == ROOT / "requirements" / "lambda.txt"
    assert not (ROOT / "authorizer" / "bundle" / "lambda.txt").exists()


def test_of_an_installed_package_its_own_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = file_of(tmp_path, "", "lambda.txt")
    monkeypatch.setattr("authorizer.bundle.pins.__file__", str(tmp_path / "pins.py"))
    assert shipped() == packed


def test_every_library_of_the_request_path_is_pinned_with_hashes() -> None:
    pins = {pin.name: pin for pin in read_pins([shipped()])}
    assert {"aioboto3", "cryptography", "jinja2", "pyjwt", "joserfc"} <= pins.keys()
    for pin in pins.values():
        assert pin.row.count("--hash=sha256:") >= 1, pin.name
    text = shipped().read_text()
    assert sum(pin.row.count("--hash=") for pin in pins.values()) == text.count("--hash=")


def test_a_users_rows_come_to_ours_and_win_where_both_pin_a_library(tmp_path: Path) -> None:
    ours = file_of(
        tmp_path, f"Py_JWT==1 {DIGEST}\nsix==1 ; python_version < '3' {DIGEST}\nsix==2 {DIGEST}\n", "ours.txt"
    )
    own = file_of(tmp_path, f"# why\nsix==3 \\\n    {DIGEST}  # newest\n\nextra[more]==1.0 {DIGEST}\n")
    pins = read_pins([ours, own])
    assert [(pin.name, pin.version, pin.place) for pin in pins] == [
        ("extra", "1.0", str(own)),
        ("py-jwt", "1", str(ours)),
        ("six", "3", str(own)),
    ]
    assert pins[2].row == f"six==3 {DIGEST}"
    assert replaced(pins, read_pins([ours])) == ("six 3 in place of 2",)


def test_the_same_version_twice_replaces_nothing(tmp_path: Path) -> None:
    ours = file_of(tmp_path, f"six==1 {DIGEST}\n", "ours.txt")
    own = file_of(tmp_path, f"six==1 {DIGEST}\n")
    assert replaced(read_pins([ours, own]), read_pins([ours])) == ()


def test_a_row_for_other_pythons_takes_no_single_versions_place(tmp_path: Path) -> None:
    ours = file_of(tmp_path, f"six==1 ; python_version < '3.12' {DIGEST}\n", "ours.txt")
    own = file_of(tmp_path, f"six==2 {DIGEST}\n")
    assert replaced(read_pins([ours, own]), read_pins([ours])) == ("six 2 in place of others",)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param("-i https://example.com/", "'-i https", id="another index"),
        pytest.param("-r others.txt", "'-r others.txt'", id="another file"),
        pytest.param("six @ file:///tmp/six.whl", "'six @ file", id="a file of one's own"),
        pytest.param("six>=1", "'six>=1'", id="no single version"),
        pytest.param("six===1", "'six===1'", id="an arbitrary version"),
        pytest.param(f"six==1 ; python is new {DIGEST}", "'six==1 ; python", id="a marker that is none"),
        pytest.param("six==1 --hash=sha256:0 --pre", "'six==1 --hash", id="an option behind it"),
    ],
)
def test_whatever_is_no_pin_is_refused_with_its_place(line: str, found: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"attrs==1 {DIGEST}\n{line}\n")
    with pytest.raises(SettingsError) as refused:
        read_pins([file])
    [problem] = refused.value.problems
    assert problem.startswith(f"{file}:2: expected NAME==VERSION --hash=sha256:…, found ")
    assert found in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=f"{file}: cannot be read"):
        read_pins([file])


@pytest.mark.parametrize(
    ("marker", "python", "expected"),
    [
        pytest.param("", (3, 13), True, id="none"),
        pytest.param("python_full_version < '3.13'", (3, 13), False, id="a newer Python"),
        pytest.param("python_full_version < '3.13'", (3, 12), True, id="an older Python"),
        pytest.param(
            "implementation_name != 'PyPy' and sys_platform == 'linux'", (3, 14), True, id="CPython on Linux"
        ),
        pytest.param("platform_machine == 'x86_64'", (3, 13), False, id="another processor"),
        pytest.param("os_name == 'nt' or platform_system == 'Windows'", (3, 13), False, id="Windows"),
    ],
)
def test_a_marker_is_judged_by_the_runtime(marker: str, python: tuple[int, int], expected: bool) -> None:
    runtime = Runtime(python=python, architecture="arm64", interpreter=None)
    pin = Pin(name="six", version="1", marker=marker, row="", place="")
    assert pin.is_for(runtime.environment) is expected


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Pin, ...]]:
    """The pins that the command would have fetched, and a bundle of nothing."""
    found: list[tuple[Pin, ...]] = []

    def build(*_: object, runtime: Runtime, install: object, **__: object) -> Bundle:
        install(Path())  # type: ignore[operator]
        return Bundle(zips={}, parts=(), dropped={}, byte_code=runtime.interpreter is not None)

    monkeypatch.setattr("authorizer.cli.bundle.download", lambda pins, *_: found.append(pins))
    monkeypatch.setattr("authorizer.cli.bundle.build", build)
    return found


def test_the_command_takes_own_pins_and_says_what_they_replace(
    tmp_path: Path, asked: list[tuple[Pin, ...]]
) -> None:
    own = file_of(tmp_path, f"cryptography==99.0.0 {DIGEST}\nmine==1.0 {DIGEST}\n")
    done = CliRunner().invoke(
        bundle_command, ["--access", str(ACCESS), "--sample", "--json", "--requirements", str(own)]
    )
    assert done.exit_code == 0, done.output
    versions = {pin.name: pin.version for pin in asked[0]}
    assert (versions["cryptography"], versions["mine"]) == ("99.0.0", "1.0")
    assert "pyjwt" in versions
    assert "cryptography 99.0.0 in place of " in done.stderr
    assert "mine" not in done.stderr


@pytest.mark.parametrize("python", ["3.13", "3.14"])
def test_byte_code_that_cannot_be_made_is_said_aloud(
    python: str, asked: list[tuple[Pin, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "authorizer.cli.bundle.interpreter", lambda v: Path("python3.13") if v == "3.13" else None
    )
    done = CliRunner().invoke(
        bundle_command, ["--access", str(ACCESS), "--sample", "--json", "--python", python]
    )
    assert done.exit_code == 0, done.output
    aloud = "no byte code: python3.14 is not installed here" in done.stderr
    assert aloud == (python == "3.14")
    assert f'"byte_code": {str(not aloud).lower()}' in done.stdout
    assert len(asked) == 1
