"""What imports compile, compiled when the bundle is made: the same code, all of it, and never another's."""

import ast
import dataclasses
import json
import marshal
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from re import _compiler  # type: ignore[attr-defined]

import pytest
from click.testing import CliRunner

from authorizer.bundle import compiler, recorder
from authorizer.bundle.ahead import IMPORTED, asked
from authorizer.bundle.build import Bundle
from authorizer.bundle.reach import ENTRIES, file_of
from authorizer.bundle.wheels import Runtime
from authorizer.cli.bundle import bundle as bundle_command
from authorizer.startup import AHEAD, HEAD, compiled_ahead, compiling
from tests.bundle.conftest import RUNTIME, make_bundle, one_library
from tests.make import ACCESS, ROOT

TEXTS = ["def __create_fn__():\n def __repr__(self):\n  return 'as written'\n return (__repr__,)"]
PATTERNS: list[tuple[str | bytes, int]] = [
    ("a", 0),
    ("a", int(re.IGNORECASE)),
    (b"a", 0),
    ("(?i:é)[^à-ü]", int(re.DOTALL)),
    (r"(?P<year>\d{4})(-)(?P<month>\d\d)?", int(re.ASCII | re.VERBOSE)),
    (b"[\x80-\xff]+?(?P<rest>.*)", int(re.LOCALE)),
    (r"(?s)(a|b)*+(?!\1)$", int(re.MULTILINE)),
]
LOADED = """
import sys
import authorizer.startup as startup

class Told(dict):
    def get(self, key, default=None):
        (found if key in self else missed).append(key)
        return super().get(key, default)

found, missed, compiling = [], [], startup.compiling
startup.compiling = lambda texts, patterns: compiling(Told(texts), Told(patterns))
with startup.compiled_ahead():
    import authorizer.runtime, authorizer.settings.load, authorizer.own
print((len(found), missed))
"""


def table(file: Path, texts: list[str], patterns: list[tuple[str | bytes, int]]) -> Path:
    file.write_bytes(compiler.ahead(texts, patterns))
    return file


@pytest.mark.parametrize(("text", "flags"), PATTERNS, ids=repr)
def test_a_pattern_is_the_one_that_re_would_have_compiled(
    text: str | bytes, flags: int, tmp_path: Path
) -> None:
    re.purge()
    with compiled_ahead(table(tmp_path / "ahead.bin", [], PATTERNS)):
        found = re.compile(text, flags)
    re.purge()
    ours = re.compile(text, flags)
    assert found is not ours
    assert found == ours  # its code too
    assert (found.groups, found.groupindex, found.flags) == (ours.groups, ours.groupindex, ours.flags)


def test_what_is_there_is_not_compiled_again_and_what_is_not_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []
    original = _compiler.compile

    def compiling_one(text: str, flags: int) -> object:
        compiled.append(text)
        return original(text, flags)

    monkeypatch.setattr(_compiler, "compile", compiling_one)
    re.purge()
    with compiled_ahead(table(tmp_path / "ahead.bin", [], [("there", 0)])):
        assert re.fullmatch("there", "there")
        assert re.fullmatch("not there", "not there")
        assert re.fullmatch("there", "THERE", re.IGNORECASE)
    assert compiled == ["not there", "there"]


def test_the_methods_of_a_dataclass_are_taken_from_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = recorder._Asked()
    with compiling(texts, {}):
        first = dataclasses.make_dataclass("Point", [("x", int), ("y", int, 2)], frozen=True)
    assert texts
    ready = {text: compile(text, "<ahead>", "exec") for text in texts}
    with compiling(ready, {}):
        second = dataclasses.make_dataclass("Point", [("x", int), ("y", int, 2)], frozen=True)
        other = dataclasses.make_dataclass("Point", [("x", int), ("z", int, 3)], frozen=True)
    files = [vars(made)["__init__"].__code__.co_filename for made in (first, second, other)]
    assert files == ["<string>", "<ahead>", "<string>"]
    assert (repr(first(1)), repr(second(1)), repr(other(1))) == (
        "Point(x=1, y=2)", "Point(x=1, y=2)", "Point(x=1, z=3)",
    )  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        second(1).x = 5


def test_a_scanner_that_an_import_makes_is_compiled_as_ever(tmp_path: Path) -> None:
    with compiled_ahead(table(tmp_path / "ahead.bin", [], [("a", 0)])):
        scanner = re.Scanner([("a+", lambda _, found: found)])  # type: ignore[attr-defined]
    assert scanner.scan("aa") == (["aa"], "")


def test_afterwards_nothing_is_in_anybodys_place(tmp_path: Path) -> None:
    before = _compiler.compile
    seen = []

    def failing() -> None:
        with compiled_ahead(tmp_path / "ahead.bin"):
            seen.append((_compiler.compile is before, "exec" in vars(dataclasses)))
            raise ModuleNotFoundError("an import failed")

    with pytest.raises(ModuleNotFoundError):
        failing()
    assert seen == [(False, True)]
    assert _compiler.compile is before
    assert "exec" not in vars(dataclasses)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="none"),
        pytest.param(b"\0" + HEAD[1:], id="another Python's byte code"),
        pytest.param(HEAD[:-1] + b"\xff", id="another Python's patterns"),
    ],
)
def test_a_table_that_another_python_has_made_is_left_alone(head: bytes, tmp_path: Path) -> None:
    found = table(tmp_path / "ahead.bin", [], [("a", 0)])
    [text, *_] = TEXTS
    wrong = compile("def __create_fn__(): raise AssertionError", "<another>", "exec")
    found.write_bytes(head + marshal.dumps(({text: wrong}, {})))
    scope: dict[str, object] = {}
    with compiled_ahead(found):
        vars(dataclasses)["exec"](text, scope)
    assert scope["__create_fn__"].__code__.co_filename == "<string>"  # type: ignore[attr-defined]
    assert not AHEAD.exists(), "here, nothing is compiled ahead"


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_asked_for_is_what_the_entries_import_while_they_have_the_table(entry: str) -> None:
    file = file_of(entry, ROOT / "authorizer")
    assert file is not None
    [block] = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.With)]
    names = {node.module for node in block.body if isinstance(node, ast.ImportFrom)}
    assert names - {"authorizer.errors"} <= {*IMPORTED}
    assert {ast.unparse(item.context_expr) for item in block.items} == {
        "without_default_cas()",
        "compiled_ahead()",
    }


@pytest.mark.slow
def test_in_a_bundle_next_to_nothing_is_compiled_while_it_is_imported(
    bundle: Bundle, task_root: Path, bare_python: Path
) -> None:
    assert bundle.ahead
    ran = subprocess.run(
        [bare_python, "-c", LOADED], cwd=task_root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found, missed = ast.literal_eval(ran.stdout)
    assert found > 250
    assert [key for key in missed if isinstance(key, str)] == [], "texts of dataclasses"
    # What the Python that finds it out has loaded by then, and this one has not: a few of the standard library's.
    assert len(missed) < 10


def test_a_library_that_the_bundle_lacks_is_not_found_here_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in ("inside", "outside"):
        (tmp_path / f"ahead_{name}.py").write_text(f"import re\nre.compile('{name} it, and nowhere else')\n")
    (tmp_path / "ahead_start.py").write_text(
        "import dataclasses\nimport ahead_inside\n"
        "try:\n import ahead_outside\nexcept ModuleNotFoundError:\n other = None\n"
        "@dataclasses.dataclass\nclass Held:\n one: int\n"
    )
    monkeypatch.setattr(sys, "argv", ["recorder", "ahead_inside,ahead_start", "ahead_start"])
    runpy.run_path(recorder.__file__, run_name="__main__")
    texts, patterns = ast.literal_eval(capsys.readouterr().out)
    assert patterns == [("inside it, and nowhere else", 0)]
    assert any("one" in text for text in texts)
    assert texts == sorted(texts)
    assert sys.modules["ahead_start"].other is None


def test_the_file_is_the_same_every_time_and_of_the_same_code() -> None:
    one, two = (compiler.ahead(TEXTS, PATTERNS) for _ in range(2))
    assert one == two
    texts, patterns = marshal.loads(one[len(HEAD) :])
    assert one.startswith(HEAD)
    assert list(texts) == TEXTS
    assert list(patterns) == PATTERNS
    assert texts[TEXTS[0]] == compile(TEXTS[0], "<string>", "exec")


def test_a_python_that_is_not_the_runtimes_finds_nothing_out(tmp_path: Path) -> None:
    other = Runtime(python=(3, 99), architecture="x86_64", interpreter=sys.executable)
    assert asked(tmp_path, other) == ""


def test_a_bundle_whose_libraries_are_not_here_is_made_without_and_says_so(tmp_path: Path) -> None:
    made = make_bundle(tmp_path, install=one_library)
    assert made.byte_code
    assert not made.ahead


@pytest.mark.slow
def test_a_bundle_for_another_processor_has_it_too(task_root: Path) -> None:
    """Nothing is run of the bundle: what is compiled is found out with the libraries that are here."""
    found = asked(task_root, replace(RUNTIME, architecture="arm64"))
    assert found == asked(task_root, RUNTIME) != ""


@pytest.mark.parametrize("ahead", [True, False])
def test_a_function_that_starts_more_slowly_than_it_could_is_said_aloud(
    ahead: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "authorizer.cli.bundle.build", lambda *_, **__: Bundle(zips={}, parts=(), dropped={}, ahead=ahead)
    )
    done = CliRunner().invoke(
        bundle_command, ["--access", str(ACCESS), "--sample", "--json", "--python", "3.13"]
    )
    assert done.exit_code == 0, done.output
    assert ("run this command with python3.13" in done.stderr) == (not ahead)
    assert json.loads(done.stdout)["compiled_ahead"] is ahead
