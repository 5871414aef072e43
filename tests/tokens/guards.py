"""Which tests guard each check of the verification code: break the check, run the tests, note which turn red.

``python -m tests.tokens.guards [MODULE …]`` (`make guards`) tries every mutant below against every test and prints
the list; with ``--record`` (`make guards RECORD=1`) it writes `guards.json`. `test_guards.py` then holds that to the
code: each check has its line, and the first test named there does turn red.

A mutant is one change of one place:

* ``if X: raise`` or ``return`` that never happens; one operand of an ``and`` or ``or`` left out
* ``<`` for ``<=`` and back, so that a limit is off by one
* a row left out of a table of checks
* a security option of the HTTP client turned round
"""

import argparse
import ast
import asyncio
import gc
import importlib
import inspect
import itertools
import json
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, Final, cast

import pytest
from rich.console import Console
from rich.progress import track
from rich.table import Table

import authorizer
from authorizer import tokens

GUARDS: Final = Path(__file__).with_name("guards.json")
PACKAGE: Final = "authorizer.tokens"
SOURCES: Final = Path(tokens.__file__).parent
CHECKED: Final = (
    "base64url", "checks", "claims_set", "compact", "fetch", "jwk", "keystore", "memory", "proxy", "strict_json",
    "verifier",
)  # fmt: skip
TESTS: Final = (
    "test_compact",
    "test_claims",
    "test_jwk",
    "test_verifier",
    "test_keystore",
    "test_fetch",
    "test_proxies",
)
TABLES: Final = frozenset({"LASTING", "TIMED", "_FAULTS", "_WEAKNESSES"})
LIMIT: Final = 5.0
"""Seconds after which a test is given up: a mutant may wait for ever."""
BOUNDARY: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
NO_KEY: Final = "None is no name in a JSON object: the operand is there for the type checker"
EQUIVALENT: Final[Mapping[str, str]] = {
    "claims_set._text: no `name is None` in `name is None or name not in payload`": NO_KEY,
    "claims_set._texts: no `name is None` in `name is None or name not in payload`": NO_KEY,
    "claims_set._roles: no `name is None` in `name is None or not isinstance(payload.get(name), str)`": NO_KEY,
    'proxy.is_loopback: no `""` in `parts.hostname or ""`': "`ip_address` refuses None as it refuses an empty text",
}
"""Mutants that change nothing that anybody could see, each with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change of one module."""

    key: str
    """`module.function: what is changed`, without line numbers, so that the list survives edits."""
    module: str
    number: int
    """Its place among the changes of its module."""

    def code(self) -> types.CodeType:
        """The changed module, compiled."""
        source = (SOURCES / f"{self.module}.py").read_text()
        tree = ast.parse(source)
        _, _, change = list(_changes(tree, source))[self.number]
        change()
        return compile(ast.fix_missing_locations(tree), f"<{self.key}>", "exec")


def mutants() -> dict[str, Mutant]:
    """Every mutant of the checked modules, by key, in the order of the source."""
    found: dict[str, Mutant] = {}
    for module in CHECKED:
        source = (SOURCES / f"{module}.py").read_text()
        for number, (place, what, _) in enumerate(_changes(ast.parse(source), source)):
            key = f"{module}.{place}: {what}"
            while key in found:
                key += " (again)"
            found[key] = Mutant(key=key, module=module, number=number)
    return found


def _changes(tree: ast.Module, source: str) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """(function or table, description, the change itself), for each place in the tree."""

    octets = source.encode()
    lines = [0, *itertools.accumulate(len(line) for line in octets.splitlines(keepends=True))]

    def text(node: ast.expr) -> str:  # `ast.get_source_segment` splits the whole source each time
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = (
            lines[node.lineno - 1] + node.col_offset,
            lines[node.end_lineno - 1] + node.end_col_offset,
        )
        return " ".join(octets[start:end].decode().split())

    for place, node in _places(tree):
        if isinstance(node, ast.If):
            if isinstance(node.body[-1], ast.Raise | ast.Return):
                yield place, f"never `if {text(node.test)}`", _setting(node, "test", ast.Constant(False))
        elif isinstance(node, ast.BoolOp):
            for operand in list(node.values):
                what = f"no `{text(operand)}` in `{text(node)}`"
                yield place, what, _repeating_another(node.values, operand)
        elif isinstance(node, ast.Compare):
            for index, operator in enumerate(node.ops):
                if type(operator) in BOUNDARY:
                    other = BOUNDARY[type(operator)]()
                    yield place, f"limit {index + 1} of `{text(node)}`", _replacing(node.ops, index, other)
        elif isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            if isinstance(node.value.value, bool) and place.startswith("HttpFetch"):
                turned = ast.Constant(not node.value.value)
                yield place, f"`{node.arg}` turned round", _setting(node, "value", turned)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Tuple) and place in TABLES:
            for row in list(node.value.elts):
                name = row.elts[0] if isinstance(row, ast.Tuple) else row
                yield place, f"no row {text(name)}", _leaving_out(node.value.elts, row)


def _places(node: ast.AST, place: str = "") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inner = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{place}.{child.name}".lstrip(".")
        elif isinstance(child, ast.AnnAssign) and not place and isinstance(child.target, ast.Name):
            inner = child.target.id
        yield place or inner, child
        yield from _places(child, inner)


def _setting(node: ast.AST, name: str, value: ast.AST) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _leaving_out(nodes: list[ast.expr], node: ast.expr) -> Callable[[], None]:
    return lambda: nodes.remove(node)


def _repeating_another(operands: list[ast.expr], operand: ast.expr) -> Callable[[], None]:
    """In an `and` or `or`, one operand twice is as good as the other one left out."""
    at = operands.index(operand)
    return lambda: operands.__setitem__(at, operands[at - 1])


def _replacing(operators: list[ast.cmpop], index: int, other: ast.cmpop) -> Callable[[], None]:
    return lambda: operators.__setitem__(index, other)


class _Mutated:
    """Imports one module from a changed tree."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = f"{PACKAGE}.{mutant.module}"
        self._code = mutant.code()

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, cast(Any, self)) if fullname == self._name else None

    def create_module(self, spec: ModuleSpec) -> None:
        """None: an ordinary module."""

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._code, module.__dict__)


@contextmanager
def broken(mutant: Mutant | None) -> Iterator[None]:
    """While this lasts, the token package and its tests are imported afresh, with the mutant in place."""
    kept = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    for name in kept:
        del sys.modules[name]
    finder = [] if mutant is None else [_Mutated(mutant)]
    sys.meta_path[:0] = finder
    gc.freeze()  # so that the collection below looks only at what the mutant has left behind
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a broken verifier may leave anything behind
            yield
            gc.collect()
    finally:
        gc.unfreeze()
        for found in finder:
            sys.meta_path.remove(found)
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        authorizer.tokens = tokens


def _is_ours(name: str) -> bool:
    tests = name.startswith("tests.tokens.") and name not in ("tests.tokens.rsa_keys", __name__)
    return tests or name == PACKAGE or name.startswith(f"{PACKAGE}.")


def cases(module: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The tests of a module as pytest would name them, each as something to call."""
    loaded = importlib.import_module(f"tests.tokens.{module}")
    for name, function in list(vars(loaded).items()):
        if not name.startswith("test_") or "thousand" in name:  # those take a second or two each
            continue
        rows: list[tuple[str, dict[str, Any]]] = [(name, {})]
        for mark in getattr(function, "pytestmark", ()):
            if mark.name == "parametrize":
                rows = list(_rows(name, *mark.args))
        for title, values in rows:
            yield f"{module}::{title}", _calling(loaded, function, values)


def _rows(name: str, names: str | tuple[str, ...], rows: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    arguments = (names,) if isinstance(names, str) else names
    for number, row in enumerate(rows):
        values = row.values if hasattr(row, "values") else row
        title = getattr(row, "id", None) or number
        yield f"{name}[{title}]", dict(zip(arguments, values, strict=True))


def _calling(loaded: types.ModuleType, function: Any, values: Mapping[str, Any]) -> Callable[[], Any]:
    def call() -> None:
        with pytest.MonkeyPatch.context() as patch:
            given = dict(values)
            for name in inspect.signature(function).parameters:
                if name not in given:
                    given[name] = patch if name == "monkeypatch" else loaded.counted(patch)
            result = function(**given)
            if inspect.iscoroutine(result):
                asyncio.run(asyncio.wait_for(result, LIMIT))

    return call


def is_red(case: Callable[[], Any]) -> bool:
    """Whether the test fails. One that hangs is left aside: it would guard, but at the price of its patience."""
    try:
        case()
    except TimeoutError:
        return False
    except (Exception, asyncio.CancelledError, pytest.fail.Exception):
        return True
    return False


def guarding(mutant: Mutant | None, only: str | None = None) -> list[str]:
    """The tests that turn red under the mutant; of one test module, or of all that can meet it."""
    with broken(mutant):
        red: list[str] = []
        for module in TESTS:
            if only is not None and only.split("::")[0] != module:
                continue
            if module == "test_fetch" and mutant is not None and mutant.module != "fetch":
                continue  # it uses nothing else of the package, and sockets take time
            try:
                found = dict(cases(module))
            except Exception:  # a mutant under which the tests cannot even be collected
                red.append(f"{module}::")
                continue
            chosen = found if only is None else {only: found[only]} if only in found else {}
            red += [name for name, case in chosen.items() if is_red(case)]
        return red


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Break each check in turn, and write down which tests turn red."
    )
    parser.add_argument(
        "modules", nargs="*", choices=[[], *CHECKED], help="only these; the others stay as listed"
    )
    parser.add_argument("--record", action="store_true", help=f"write {GUARDS.name}")
    chosen = parser.parse_args()
    modules = chosen.modules or CHECKED
    console = Console()
    already = guarding(None)
    if already:
        console.print(f"red without any mutant: {', '.join(already)}")
        return 1
    found = mutants()
    listed = json.loads(GUARDS.read_text()) if GUARDS.exists() else {}
    guards: dict[str, list[str]] = {}
    table = Table("check", "tests that turn red", "the first of them", show_lines=True)
    for key, mutant in track(found.items(), "breaking", len(found), console=console):
        red = guarding(mutant) if mutant.module in modules or key not in listed else listed[key]
        guards[key] = red[:5]
        table.add_row(
            key, str(len(red)), red[0] if red else f"[red]none[/]: {EQUIVALENT.get(key, 'unguarded')}"
        )
    console.print(table)
    unguarded = [key for key, red in guards.items() if not red and key not in EQUIVALENT]
    if chosen.record:
        GUARDS.write_text(json.dumps(guards, indent=1, ensure_ascii=False) + "\n")
    console.print(f"{len(guards)} mutants, {len(unguarded)} unguarded")
    return 1 if unguarded else 0


if __name__ == "__main__":
    sys.exit(main())
