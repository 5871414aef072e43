"""The house: imports run one way, `Claims` has one maker, and no path assumes a role without a policy."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.make import ROOT

PACKAGE = ROOT / "authorizer"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    # Room or file → what it may import of ours, besides itself.
    "deadline": set(),
    "syntax": set(),
    "engine": {"syntax"},
    "errors": set(),
    "flights": set(),
    "metrics": set(),
    "startup": set(),
    "tls": set(),
    "settings": {"engine", "errors", "syntax"},
    "model": {"settings"},
    "gateway": {"errors", "model", "settings"},
    "identity": {"engine", "errors", "model", "settings"},
    "render": {"engine", "errors", "model", "settings"},
    "tokens": {"deadline", "errors", "flights", "model", "settings", "syntax", "tls"},
    "vending": {"deadline", "errors", "flights", "model", "settings", "syntax", "tls"},
    "connections": {"deadline", "errors", "model", "settings", "tokens", "vending"},
    "record": {"errors", "gateway", "metrics", "model"},
    "pipeline": {
        "connections", "deadline", "gateway", "identity", "model", "record", "render", "settings", "tokens", "vending",
    },
    "runtime": {
        "connections", "deadline", "errors", "gateway", "metrics", "model", "pipeline", "record", "settings", "tokens",
        "vending",
    },
    "handler": {"runtime", "settings", "startup"},
    # The leaves: nobody imports them, they import what they need.
    "local": {"errors", "model", "settings", "syntax", "tokens", "vending", "engine"},
    "backend": {
        "deadline", "errors", "model", "settings", "engine", "identity", "render", "syntax", "vending", "tokens",
    },
    "bundle": {"engine", "errors", "settings", "syntax"},
    "cli": {
        "backend", "bundle", "engine", "errors", "gateway", "identity", "local", "model", "record", "render", "runtime",
        "settings", "syntax", "tokens", "vending",
    },
    "__main__": {"cli"},
    "__init__": set(),
}  # fmt: skip

FOREIGN: dict[str, set[str]] = {
    # Library → the rooms that may import it.
    "jwt": {"tokens", "local"},
    "aioboto3": {"vending", "backend", "local"},
    "botocore": {"vending", "backend", "local"},
    "boto3": {"vending", "backend", "local"},
    "jinja2": {"engine"},
    "moto": {"local"},
    "rich": {"cli"},
    "click": {"cli"},
}


def room(file: Path) -> str:
    inside = file.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "authorizer")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_run_one_way(file: Path) -> None:
    here = room(file)
    assert here in LAYERS, f"{here} has no place in the house: add a row"
    for name in imports(file):
        head, *rest = name.split(".")
        if head == "authorizer" and rest:
            assert rest[0] in LAYERS[here] | {here}, f"{file.relative_to(ROOT)} imports {name}"
        if head in FOREIGN:
            assert here in FOREIGN[head], f"{file.relative_to(ROOT)} imports {name}"


def test_nothing_but_the_verification_makes_claims() -> None:
    makers = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Claims":
                makers.add(room(file))
    assert makers <= {"tokens", "backend"}
    assert "tokens" in makers


def test_the_pipeline_has_neither_branch_nor_handler() -> None:
    tree = ast.parse((PACKAGE / "pipeline.py").read_text())
    branches = (ast.If, ast.IfExp, ast.Try, ast.For, ast.While, ast.Match, ast.BoolOp)
    assert not [node for node in ast.walk(tree) if isinstance(node, branches)]


def test_no_handler_passes_over_an_exception_in_silence() -> None:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ExceptHandler):
                assert not all(isinstance(statement, ast.Pass) for statement in node.body), file
