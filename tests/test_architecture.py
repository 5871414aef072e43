"""The house: imports run one way, `Claims` has one maker, and no path assumes a role without a policy."""

import ast
from collections.abc import Iterator, Sequence, Set
from functools import cache
from pathlib import Path

import pytest

from tests.make import ROOT

PACKAGE = ROOT / "authorizer"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS: dict[str, set[str]] = {
    # Room or file → what it may import of ours, besides itself.
    "syntax": set(),
    "waiting": set(),
    "errors": set(),
    "memory": set(),
    "metrics": set(),
    "startup": set(),
    "tls": set(),
    "aws": {"tls"},
    # The engine's own rooms; whoever else needs the first three comes through `engine`.
    "engine.language": set(),
    "engine.document": {"engine.language", "syntax"},
    "engine.template": {"engine.document", "engine.language", "syntax"},
    "engine.evaluate": {"engine.document"},
    "engine.prove": {"engine.document", "engine.evaluate", "engine.language", "engine.template"},
    "engine.check": {"engine.document", "engine.evaluate", "engine.language", "engine.template", "syntax"},
    "engine": {"engine.document", "engine.language", "engine.template"},
    "model": {"memory"},
    "settings": {"engine", "errors", "model", "syntax"},
    "gate": {"engine", "engine.check", "engine.prove", "model", "settings"},
    "gateway": {"memory", "errors", "model", "settings"},
    "identity": {"memory", "engine", "errors", "model", "settings"},
    "render": {"memory", "engine", "errors", "model", "settings"},
    "tokens": {"memory", "errors", "model", "settings", "syntax", "tls", "waiting"},
    "sealing": {"errors", "model", "settings", "syntax", "vending", "waiting"},
    "vending": {"memory", "aws", "errors", "model", "sealing", "settings", "waiting"},
    "connections": {"errors", "model", "sealing", "settings", "tokens", "waiting"},
    "record": {"memory", "errors", "gateway", "metrics", "model"},
    "pipeline": {
        "connections", "gateway", "identity", "model", "record", "render", "settings", "tokens", "vending", "waiting",
    },
    "runtime": {"memory",
        "connections", "errors", "gateway", "metrics", "model", "pipeline", "record", "settings", "tokens", "vending",
        "waiting",
    },
    "handler": {"runtime", "settings", "startup"},
    # The leaves: nobody imports them, they import what they need.
    "deployment": {"model", "sealing", "settings", "vending"},
    "local": {"errors", "model", "settings", "syntax"},
    "backend": {
        "aws", "errors", "identity", "model", "pipeline", "sealing", "settings", "syntax", "tokens", "vending",
        "waiting",
    },
    "bundle": {"errors", "settings", "syntax"},
    "cli": {
        "bundle", "deployment", "engine", "engine.check", "engine.evaluate", "engine.prove", "errors",
        "gate", "local", "model", "record", "runtime", "settings", "syntax",
    },
    "__main__": {"cli"},
    "__init__": set(),
}  # fmt: skip

DOORS: dict[str, set[str]] = {
    # Room → the files in it that others may import, where the room's front door is not the package itself: Lambda, a
    # backend and a laptop each load only what they need. All else in it is the room's own.
    "aws": {"https", "hush"},
    "bundle": {"build", "pythons", "wheels"},
    "deployment": {"key_access", "revocation", "trust"},
    "gateway": {"parse", "respond"},
    "identity": {"permit", "resolve", "roles"},
    "local": {"aws", "personas", "world"},
    "sealing": {"context", "keys", "seal", "sealer"},
    "settings": {"format_text", "limits", "load", "places", "reader", "schema", "walks"},
    "syntax": {"json_text", "nesting", "toml_text"},
    "tokens": {"checks", "claims_set", "kinds", "stored", "verifier"},
    "vending": {"cache", "session_name", "vendor"},
    "waiting": {"cooldown", "deadline", "flights", "running"},
}

FOREIGN: dict[str, set[str]] = {
    # Library → the rooms that may import it.
    "jwt": {"tokens", "local"},
    "aioboto3": {"backend", "local", "vending"},
    "botocore": {"backend", "local", "vending", "sealing"},
    "boto3": {"backend", "local", "vending"},
    "aiobotocore": {"aws", "backend", "vending"},
    "jinja2": {"engine"},
    "moto": {"local"},
    "rich": {"cli"},
    "click": {"cli"},
}


def room_of(parts: Sequence[str]) -> str:
    """The room of a module, by the parts of its name behind `authorizer`."""
    return ".".join(parts[:2]) if ".".join(parts[:2]) in LAYERS else parts[0]


def room(file: Path) -> str:
    return room_of(file.relative_to(PACKAGE).with_suffix("").parts)


def imports(file: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Each module that a file imports, and the names that it takes from there."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: imports are absolute"
            folder = PACKAGE.parent / node.module.replace(".", "/")
            names = {alias.name for alias in node.names}
            below = {name for name in names - public(folder) if (folder / f"{name}.py").exists()}
            yield from ((f"{node.module}.{name}", ()) for name in sorted(below))
            if names - below:
                yield node.module, sorted(names - below)


@cache
def public(folder: Path) -> Set[str]:
    """`__all__` of a room's front door: a name in it may be that of a file, too."""
    door = folder / "__init__.py"
    for node in ast.parse(door.read_text()).body if door.exists() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_run_one_way(file: Path) -> None:
    here = room(file)
    assert here in LAYERS, f"{here} has no place in the house: add a row"
    for name, _ in imports(file):
        head, *rest = name.split(".")
        if head == "authorizer" and rest:
            there = room_of(rest)
            assert there in LAYERS[here] | {here}, f"{file.relative_to(ROOT)} imports {name}"
        if head in FOREIGN:
            assert here.partition(".")[0] in FOREIGN[head], f"{file.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_others_come_in_by_a_rooms_front_door(file: Path) -> None:
    here = room(file)
    for name, taken in imports(file):
        head, *rest = name.split(".")
        if head != "authorizer" or not rest or room_of(rest) == here:
            continue
        inside = rest[room_of(rest).count(".") + 1 :]
        door = f"{file.relative_to(ROOT)} imports {name}"
        if room_of(rest) in DOORS:
            assert not inside or inside[0] in DOORS[room_of(rest)], door
        else:
            assert not inside, door
            folder = PACKAGE.parent / name.replace(".", "/")
            assert not folder.is_dir() or set(taken) <= public(folder), f"{door}, and of it {taken}"


def test_no_row_of_the_house_is_idle() -> None:
    """Neither an arrow nor a door that nobody uses."""
    arrows = {room: set[str]() for room in LAYERS}
    doors = {room: set[str]() for room in DOORS}
    for file in FILES:
        for name, _ in imports(file):
            head, *rest = name.split(".")
            if head != "authorizer" or not rest or (there := room_of(rest)) == room(file):
                continue
            arrows[room(file)].add(there)
            if there in doors:
                doors[there] |= set(rest[there.count(".") + 1 :])
    for name, rooms in LAYERS.items():
        assert rooms - arrows[name] == set(), f"{name} imports none of these"
    assert doors == DOORS


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
    found = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, branches)]
    assert [text for text in found if not text.startswith("if TYPE_CHECKING:")] == []


def test_no_handler_passes_over_an_exception_in_silence() -> None:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ExceptHandler):
                assert not all(isinstance(statement, ast.Pass) for statement in node.body), file
