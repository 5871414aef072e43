"""Byte code of one folder. Run by the Python that will read it, as a script: `compiler.py FOLDER SHOWN OURS`.

It stands alone, since that Python has none of this project's libraries. SHOWN is the folder that tracebacks show. On
standard input comes what to compile besides, as `bundle.ahead` has it, or nothing.
"""

import ast
import importlib.util
import marshal
import sys
from pathlib import Path
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # as `startup` has it
from typing import Any

UNCHECKED_HASH = 0b01
"""Flags of a .pyc (PEP 552): hash-based, and not compared with its source."""


def main(folder: Path, shown: str, ours: str) -> None:
    """Compile every .py. The package `ours` keeps its sources and docstrings; libraries keep neither."""
    for file in sorted(folder.rglob("*.py")):
        path = file.relative_to(folder)
        if path.parts[0] == ours:
            target = Path(importlib.util.cache_from_source(str(file)))
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(compiled(file.read_bytes(), f"{shown}/{path.as_posix()}", docstrings=True))
        else:
            code = compiled(file.read_bytes(), f"{shown}/{path.as_posix()}", docstrings=False)
            file.with_suffix(".pyc").write_bytes(code)
            file.unlink()


def compiled(source: bytes, name: str, *, docstrings: bool) -> bytes:
    """The bytes of a .pyc. Asserts stay."""
    tree = ast.parse(source, name)
    if not docstrings:
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                _without_docstring(node)
    code = compile(tree, name, "exec", dont_inherit=True, optimize=0)
    head: bytes = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little")
    return head + importlib.util.source_hash(source) + marshal.dumps(code)


def _without_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body[:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), node.body[0])]


def ahead(texts: list[str], patterns: list[tuple[str | bytes, int]]) -> bytes:
    """The file of `startup.compiled_ahead`: both compiled."""
    codes = {text: compile(text, "<string>", "exec", dont_inherit=True) for text in texts}
    head: bytes = importlib.util.MAGIC_NUMBER + _constants.MAGIC.to_bytes(4, "little")
    return head + marshal.dumps((codes, {(text, flags): _pattern(text, flags) for text, flags in patterns}))


def _pattern(text: str | bytes, flags: int) -> tuple[Any, ...]:
    """What `re._compiler.compile` hands to the engine besides the pattern, in the same steps."""
    parsed = _parser.parse(text, flags)
    code = [int(word) for word in _compiler._code(parsed, flags)]  # noqa: SLF001 - there is no public door
    groups = dict(parsed.state.groupdict)
    names: list[str | None] = [None] * parsed.state.groups
    for name, number in groups.items():
        names[number] = name
    return flags | parsed.state.flags, code, parsed.state.groups - 1, groups, tuple(names)


if __name__ == "__main__":
    if asked := sys.stdin.read():
        Path(sys.argv[1], sys.argv[3], "ahead.bin").write_bytes(ahead(*ast.literal_eval(asked)))
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
