"""What is in the bundle, and that it is what it says: small, the same every time, and enough."""

import ast
import importlib.util
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from authorizer.bundle.archive import pack
from authorizer.bundle.build import SYMBOLS, Bundle, Part, build, services
from authorizer.bundle.bytecode import compile_all
from authorizer.bundle.compiler import compiled
from authorizer.bundle.pins import read_pins
from authorizer.bundle.prune import DROPPED, SEALED, dropped
from authorizer.bundle.reach import reached
from authorizer.bundle.symbols import stripped
from authorizer.bundle.wheels import Runtime, copy_installed
from authorizer.cli.bundle import bundle as bundle_command
from authorizer.errors import SettingsError
from authorizer.settings.load import load
from tests import needs
from tests.bundle.conftest import REQUIREMENTS, RUNTIME, make_bundle, one_library, unpacked
from tests.make import ACCESS, PERSONAS, ROOT, sample_environment
from tests.servers.runtime_api import ExecutionEnvironment
from tests.tokens.minting import jwk, key_set
from tests.world import AWS, World, running, sample_event

pytestmark = pytest.mark.slow

LIMIT = 10_000_000
"""Bytes zipped."""


def test_the_zip_is_small(bundle: Bundle) -> None:
    [size] = bundle.zips.values()
    assert size <= LIMIT


def test_compiled_modules_go_along_without_what_no_loader_reads(bundle: Bundle, task_root: Path) -> None:
    modules = [file.read_bytes() for file in task_root.rglob("*.so")]
    assert len(modules) > 5
    assert [stripped(module) for module in modules] == modules
    assert bundle.dropped[SYMBOLS] > 1_000_000


def test_only_what_the_handler_reaches_goes_along(task_root: Path) -> None:
    found = {path.relative_to(task_root).as_posix() for path in task_root.rglob("*.py")}
    assert "authorizer/handler.py" in found
    assert not [path for path in found if not path.startswith("authorizer/")]
    for room in ("cli", "library", "local", "backend", "bundle"):
        assert not (task_root / "authorizer" / room).exists()
    for name in ("jinja", "prove", "solve", "explain"):
        assert not (task_root / "authorizer" / "engine" / f"{name}.py").exists()
    assert not [path for path in task_root.rglob("*") if "test" in path.name]


def test_every_module_that_ours_import_is_there(task_root: Path) -> None:
    """Also those that functions import when they are called, which no single run would show."""
    missing = set()
    for file in (task_root / "authorizer").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                place = task_root.joinpath(*name.split("."))
                there = list(place.parent.glob(f"{place.name}.*")) or list(place.glob("__init__.*"))
                if not there and name.partition(".")[0] not in sys.stdlib_module_names:
                    missing.add(name)
    # Jinja compiles templates, which are compiled; joserfc seals, which this configuration does not; types are for
    # mypy; Lambda's own runtime brings the last.
    allowed = ("authorizer.engine.template.jinja", "joserfc", "types_aiobotocore", "snapshot_restore_py")
    assert not {name for name in missing if not name.startswith(allowed)}


def test_byte_code_is_taken_without_a_look_at_its_source(task_root: Path) -> None:
    files = list(task_root.rglob("*.pyc"))
    assert len(files) > 300
    for file in files:
        header = file.read_bytes()[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(header[4:], "little") == 1, f"{file}: PEP 552: hash-based and unchecked"


def test_byte_code_says_in_which_line_it_stands_and_not_in_which_columns(task_root: Path) -> None:
    for file in (task_root / "botocore" / "client.pyc", task_root / "aiohttp" / "client.pyc"):
        positions = list(marshal.loads(file.read_bytes()[16:]).co_positions())
        assert len({line for line, *_ in positions}) > 10
        assert {column for _, _, *columns in positions for column in columns} == {None}


def test_no_library_brings_the_c_library_of_another_language(task_root: Path) -> None:
    """It is 0.9 MB of every environment's memory."""
    for module in task_root.rglob("*.so"):
        assert b"libstdc++.so" not in module.read_bytes(), module


def test_files_are_compiled_and_packed_the_same_whatever_their_dates(tmp_path: Path) -> None:
    zips = []
    for name, date in (("one", 1e9), ("two", 1.5e9)):
        folder = tmp_path / name
        for module in ("ours", "theirs"):
            (folder / module).mkdir(parents=True)
            source = folder / module / "module.py"
            source.write_text('"""Says."""\ndef f(x):\n    return x in {"a", "b", "c", "d", "e"}\n')
            os.utime(source, (date, date))
        compile_all(folder, sys.executable, ours="ours")
        pack(folder, tmp_path / f"{name}.zip")
        zips.append((tmp_path / f"{name}.zip").read_bytes())
        assert (folder / "ours" / "module.py").exists()
        assert not (folder / "theirs" / "module.py").exists()
    assert zips[0] == zips[1]
    ours = (folder / "ours" / "__pycache__" / f"module.{sys.implementation.cache_tag}.pyc").read_bytes()
    assert b"Says." in ours
    assert b"Says." not in (folder / "theirs" / "module.pyc").read_bytes()


def test_a_function_of_nothing_but_its_docstring_still_compiles_and_asserts_stay() -> None:
    source = b'class A:\n    """Doc."""\ndef f():\n    "Doc."\n    assert False, "kept"\n'
    code = compiled(source, "name.py", docstrings=False)
    assert b"Doc." not in code
    assert b"kept" in code


def test_what_does_not_compile_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(SettingsError, match="cannot compile the bundle"):
        compile_all(tmp_path, sys.executable, ours="ours")


@pytest.mark.nightly
@pytest.mark.package
def test_the_same_input_gives_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    [first] = bundle.zips
    [second] = make_bundle(tmp_path, USER="somebody-else").zips
    assert first.read_bytes() == second.read_bytes()


def test_a_layer_holds_the_libraries_and_the_function_the_rest(tmp_path: Path) -> None:
    function, layer = make_bundle(tmp_path, layer=True, install=one_library).zips
    ours = unpacked(function, tmp_path / "function")
    libraries = unpacked(layer, tmp_path / "layer")
    assert sorted(path.name for path in ours.iterdir()) == ["authorizer", "policies"]
    assert [path.name for path in libraries.iterdir()] == ["python"]
    assert (libraries / "python" / "botocore" / "client.pyc").is_file()


PINNED = '[[issuers]]\npinned_keys = "pool.json"\n'


def pinning(folder: Path, document: bytes) -> Path:
    """The sample in a folder of its own, whose issuer pins `keys/pool.json`."""
    shutil.copytree(ACCESS.parent, folder / "policies")
    access = folder / "policies" / "access.toml"
    access.write_text(access.read_text().replace("[[issuers]]\n", PINNED, 1))
    (folder / "policies" / "keys").mkdir()
    (folder / "policies" / "keys" / "pool.json").write_bytes(document)
    return access


def packed(file: Path) -> list[str]:
    with ZipFile(file) as archive:
        return [name for name in archive.namelist() if name.startswith("policies/keys/")]


def test_pinned_key_sets_go_along(tmp_path: Path) -> None:
    [file] = make_bundle(tmp_path, access=pinning(tmp_path, key_set()), install=one_library).zips
    there = unpacked(file, tmp_path / "task") / "policies" / "keys" / "pool.json"
    assert there.read_bytes() == key_set()


def test_nothing_else_of_their_folder_goes_along_and_no_link_is_followed(tmp_path: Path) -> None:
    """Who makes a pull request could else take along what only the machine that makes the bundle can read."""
    access = pinning(tmp_path, key_set())
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "id.json").write_text('{"password": "of-this-machine"}')
    keys = access.parent / "keys"
    (keys / "signing.pem").write_text("of-this-machine")
    (keys / "unnamed.json").write_text('{"password": "of-this-machine"}')
    (keys / "linked.json").symlink_to(secret / "id.json")
    (keys / "folder").symlink_to(secret, target_is_directory=True)
    [file] = make_bundle(tmp_path, access=access, install=one_library).zips
    assert packed(file) == ["policies/keys/pool.json"]


def test_a_folder_of_keys_that_no_issuer_names_stays_where_it_is(tmp_path: Path) -> None:
    access = pinning(tmp_path, key_set())
    access.write_text(access.read_text().replace(PINNED, "[[issuers]]\n"))
    [file] = make_bundle(tmp_path, access=access, install=one_library).zips
    assert packed(file) == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b'{"auths": {"registry": {"auth": "of-this-machine"}}}', id="another file, by a link"),
        pytest.param(b"of-this-machine", id="no JSON"),
        pytest.param(b'["of-this-machine"]', id="no object"),
        pytest.param(b'{"keys": ["of-this-machine"]}', id="an entry that is no key"),
        pytest.param(key_set({**jwk("one"), "d": "of-this-machine"}), id="a private key"),
        pytest.param(key_set(jwk("one"), {"kty": "oct", "k": "of-this-machine"}), id="a shared secret"),
    ],
)
def test_what_is_named_and_is_no_set_of_public_keys_makes_no_bundle(tmp_path: Path, document: bytes) -> None:
    access = pinning(tmp_path, document)
    with pytest.raises(
        SettingsError, match=r"keys/pool\.json: .*expected a JWKS document of public keys"
    ) as refused:
        make_bundle(tmp_path, access=access, install=one_library)
    assert "of-this-machine" not in str(refused.value)
    assert not (tmp_path / "authorizer.zip").exists()


@pytest.fixture(scope="module")
def served(key_folder: Path) -> Iterator[World]:
    with running(key_folder) as here:
        yield here


def test_it_answers_under_the_runtime_of_aws(task_root: Path, bare_python: Path, served: World) -> None:
    needs.runtime_client()
    keys = next(iter(served.local.access.settings.issuers.values())).jwks_uri
    pool = 'user_pool  = "env:USER_POOL_ID"\n'
    access = task_root / "policies" / "access.toml"
    before = access.read_text()
    assert pool in before
    access.write_text(before.replace(pool, f'{pool}jwks_uri   = "{keys}"\n'))
    variables = {**sample_environment(), **AWS, "AWS_ENDPOINT_URL_STS": served.sts.endpoint}
    try:
        with ExecutionEnvironment(
            handler="authorizer.handler.lambda_handler",
            task_root=task_root,
            variables=variables,
            python=bare_python,
        ) as environment:
            assert environment.init_error is None, environment.init_error
            allowed = environment.invoke(served.local.sign_in(sample_event("rest-request-allow")))
            denied = environment.invoke(served.local.sign_in(sample_event("no-role-deny")))
            refused = environment.invoke(served.local.sign_in(sample_event("expired-unauthorized")))
    finally:
        access.write_text(before)
    assert allowed.response["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert allowed.response["context"]["accessKeyId"].startswith("ASIA")
    assert denied.response["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert refused.error is not None
    assert refused.error["errorMessage"] == "Unauthorized"


def test_nothing_of_the_environment_that_it_was_made_in_is_in_the_bundle(task_root: Path) -> None:
    told = [value for value in sample_environment().values() if len(value) > 8]
    assert len(told) > 8
    for file in (task_root / "policies").rglob("*"):
        assert not [value for value in told if file.is_file() and value.encode() in file.read_bytes()]


def test_templates_that_were_changed_after_the_bundle_was_made_are_refused(
    task_root: Path, bare_python: Path
) -> None:
    template = task_root / "policies" / "templates" / "s3-home.json.j2"
    before = template.read_text()
    template.write_text(before.replace("s3:GetObject", "s3:*"))
    try:
        ran = subprocess.run(
            [bare_python, "-c", "import authorizer.handler"],
            cwd=task_root,
            env={**sample_environment(), **AWS},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        template.write_text(before)
    assert ran.returncode != 0
    assert "SettingsError" in ran.stderr
    assert "compile again" in ran.stderr


@pytest.mark.package
def test_every_row_of_the_pruning_drops_something(tmp_path: Path) -> None:
    """A row that matches nothing is about a library that has moved on."""
    copy_installed(read_pins([REQUIREMENTS]), RUNTIME, tmp_path)
    paths = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    idle = {pattern for pattern, reason in (*DROPPED, *SEALED) if not dropped(paths, [(pattern, reason)])}
    # What pip's installer or another platform's wheel brings, and this one does not.
    assert idle <= {
        *("bin/*", "*/__pycache__/*", "*.dist-info/REQUESTED", "*.dist-info/direct_url.json"),
        *("*.dist-info/zip-safe", "*.dist-info/sboms/*", "*.pxi", "MarkupSafe*", "Jinja2*", "*/tests/*"),
    }


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param({}, {"sts"}, id="STS always"),
        pytest.param({"shared_cache": {}}, {"sts", "dynamodb"}, id="DynamoDB for a shared cache"),
        pytest.param({"sealing": {"source": "kms"}}, {"sts", "kms"}, id="KMS where it holds the keys"),
        pytest.param(
            {"private_sealing": {"source": "secretsmanager"}},
            {"sts", "secretsmanager"},
            id="Secrets Manager where it holds the private ones",
        ),
        pytest.param(
            {"sealing": {"source": "environment"}}, {"sts"}, id="nothing for keys of the environment"
        ),
    ],
)
def test_the_data_of_services_in_use_goes_along(tables: dict[str, object], expected: set[str]) -> None:
    assert services(tables) == expected


def test_the_handler_reaches_the_whole_flow_and_nothing_of_the_laptop() -> None:
    names = reached(ROOT / "authorizer")
    assert {"authorizer.handler", "authorizer.pipeline", "authorizer.vending.sts"} <= set(names)
    assert not [name for name in names if name.startswith(("authorizer.cli", "authorizer.local"))]


def test_the_command_says_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (
        Part(name="aiohttp", files=3, installed=2_500_000, kept=1_250_000),
        Part(name="pip", files=0, installed=10_000_000, kept=0),
    )
    made = Bundle(zips={tmp_path / "a.zip": 5}, parts=parts, dropped={"tests": 7})
    monkeypatch.setattr("authorizer.cli.bundle.build", lambda *_, **__: made)
    here = ".".join(map(str, RUNTIME.python))
    arguments = [
        *("--access", str(ACCESS), "--python", here, "--output", str(tmp_path / "a.zip"), "--sample")
    ]
    assert PERSONAS.exists()
    told = json.loads(CliRunner().invoke(bundle_command, [*arguments, "--json"]).stdout)
    assert told["zips"] == {str(tmp_path / "a.zip"): 5}
    assert told["parts"] == {"aiohttp": {"files": 3, "bytes": 1_250_000}}
    shown = CliRunner().invoke(bundle_command, arguments).stdout
    assert "0.00 MB zipped" in shown
    assert re.search(r"aiohttp .* 3 .* 2\.50 MB .* 1\.25 MB", shown)
    assert "pip" not in shown, "nothing of it is left"


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        pytest.param([], "download", id="wheels, unless it is told otherwise"),
        pytest.param(["--installed"], "copy_installed", id="what is installed here, where that is asked for"),
    ],
)
def test_the_command_takes_the_libraries_from_where_it_is_told(
    options: list[str], chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("download", "copy_installed"):
        monkeypatch.setattr(f"authorizer.cli.bundle.{name}", lambda *_, name=name: asked.append(name))

    def build(*_: object, install: Callable[[Path], None], **__: object) -> Bundle:
        install(tmp_path)
        return Bundle(zips={}, parts=(), dropped={})

    monkeypatch.setattr("authorizer.cli.bundle.build", build)
    monkeypatch.setattr("authorizer.cli.bundle._check_platform", lambda _: None)
    here = ".".join(map(str, RUNTIME.python))
    done = CliRunner().invoke(
        bundle_command, ["--access", str(ACCESS), "--python", here, "--sample", *options]
    )
    assert done.exit_code == 0, done.output
    assert asked == [chosen]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["--installed", "--arch", "arm64"], "Lambda needs Linux aarch64", id="another platform"),
    ],
)
def test_what_cannot_be_built_here_is_refused(arguments: list[str], expected: str) -> None:
    outcome = CliRunner().invoke(bundle_command, ["--access", str(ACCESS), *arguments])
    assert isinstance(outcome.exception, SettingsError)
    assert expected in str(outcome.exception)


def test_without_the_runtimes_python_sources_go_along_and_it_is_said(tmp_path: Path) -> None:
    runtime = Runtime(python=(3, 99), architecture="x86_64", interpreter=None)
    made = build(
        load(ACCESS, sample_environment()),
        ACCESS,
        install=one_library,
        runtime=runtime,
        output=tmp_path / "authorizer.zip",
        layer=False,
    )
    assert made.byte_code is False
    task = unpacked(tmp_path / "authorizer.zip", tmp_path / "task")
    assert (task / "botocore" / "client.py").is_file()
    assert not list(task.rglob("*.pyc"))
