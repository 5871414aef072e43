"""Bytecode as the bundle has it: ours beside its source, libraries without."""

import importlib.util
import marshal
import runpy
import sys
from io import StringIO
from pathlib import Path

import pytest

from authorizer.bundle import compiler
from authorizer.bundle.compiler import UNCHECKED_HASH, main
from authorizer.startup import HEAD

SOURCE = '''"""A module."""


def told():
    """A function."""
    assert True
    return __doc__


def empty():
    """Nothing but this."""
'''


def test_libraries_lose_their_sources_and_docstrings_and_ours_keeps_both(tmp_path: Path) -> None:
    for package in ("ours", "theirs"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "part.py").write_text(SOURCE)
    main(tmp_path, "/var/task", "ours")
    cached = Path(importlib.util.cache_from_source(str(tmp_path / "ours" / "part.py")))
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        path.relative_to(tmp_path)
        for path in (cached, tmp_path / "ours" / "part.py", tmp_path / "theirs" / "part.pyc")
    )
    found = {}
    for name, file in {"ours": cached, "theirs": tmp_path / "theirs" / "part.pyc"}.items():
        assert file.read_bytes()[4] == UNCHECKED_HASH, "Lambda's clock and ours need not agree"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        found[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    assert (found["ours"].told(), found["theirs"].told()) == ("A module.", None)
    assert (found["ours"].told.__doc__, found["theirs"].told.__doc__) == ("A function.", None)
    assert found["theirs"].empty() is None
    assert found["theirs"].told.__code__.co_filename == "/var/task/theirs/part.py"


@pytest.mark.parametrize("asked", ["", "(['x = 1'], [('a', 0)])"], ids=["nothing besides", "more besides"])
def test_as_a_script_it_takes_the_folder_what_tracebacks_show_and_the_package_that_is_ours(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "part.py").write_text(SOURCE)
    (tmp_path / "ours").mkdir()
    monkeypatch.setattr(sys, "argv", ["compiler.py", str(tmp_path), "/var/task", "ours"])
    monkeypatch.setattr(sys, "stdin", StringIO(asked))
    runpy.run_path(compiler.__file__, run_name="__main__")
    assert b"/var/task/part.py" in (tmp_path / "part.pyc").read_bytes()
    made = tmp_path / "ours" / "ahead.bin"
    assert made.exists() == bool(asked)
    if asked:
        expected = compiler.ahead(["x = 1"], [("a", 0)])
        assert marshal.loads(made.read_bytes()[len(HEAD) :]) == marshal.loads(expected[len(HEAD) :])
