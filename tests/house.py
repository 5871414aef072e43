"""The house as it is: its rooms, what each says of itself, and who imports whom, read from the source.

``python -m tests.house`` writes the picture and the table into `docs/architecture.md`; a test holds them to the code.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Final

from tests.make import ROOT

PACKAGE: Final = ROOT / "authorizer"
FILES: Final = sorted(PACKAGE.rglob("*.py"))
PAGE: Final = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by python -m tests.house -->", "<!-- until here -->"
LOADED: Final = "handler"
"""What Lambda loads."""


def room_of(parts: Sequence[str]) -> str:
    """The room of a module, by the parts of its name behind `authorizer`: a folder, a folder in `engine`, or a file."""
    inside = len(parts) > 1 and parts[0] == "engine" and (PACKAGE / "engine" / parts[1]).is_dir()
    return ".".join(parts[:2]) if inside else parts[0]


def room(file: Path) -> str:
    return room_of(file.relative_to(PACKAGE).with_suffix("").parts)


@cache
def imports(file: Path) -> tuple[tuple[str, Sequence[str]], ...]:
    """Each module that a file imports, and the names that it takes from there."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[tuple[str, Sequence[str]]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
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
def public(folder: Path) -> AbstractSet[str]:
    """`__all__` of a room's front door: a name in it may be that of a file, too."""
    door = folder / "__init__.py"
    for node in ast.parse(door.read_text(encoding="utf-8")).body if door.exists() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


@cache
def arrows() -> Mapping[str, AbstractSet[str]]:
    """Room → the other rooms that it imports."""
    found: dict[str, set[str]] = {room(file): set() for file in FILES}
    for file in FILES:
        for name, _ in imports(file):
            head, *rest = name.split(".")
            if head == "authorizer" and rest and room_of(rest) != room(file):
                found[room(file)].add(room_of(rest))
    return found


def below(name: str) -> AbstractSet[str]:
    """Every room that is loaded with this one."""
    met: set[str] = set()
    waiting = [name]
    while waiting:
        for other in arrows()[waiting.pop()] - met:
            met.add(other)
            waiting.append(other)
    return met


def floors() -> list[list[str]]:
    """Rooms from the ground up: each stands above all that it imports."""
    height: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in height:
            height[name] = 1 + max((of(other) for other in arrows()[name]), default=-1)
        return height[name]

    for name in arrows():
        of(name)
    return [
        sorted(name for name in height if height[name] == floor) for floor in range(max(height.values()) + 1)
    ]


def drawn() -> str:
    """The picture, as Mermaid draws it, and the table of rooms."""
    names = [name for name in arrows() if name not in {"__init__", "__main__"}]
    lines = ["```mermaid", "flowchart TD"]
    for name in names:
        # What a room comes by on another way is not drawn: the picture would be one of arrows.
        direct = arrows()[name] - {far for near in arrows()[name] for far in below(near)}
        lines += [f"    {_id(name)}[{name}] --> {_id(other)}[{other}]" for other in sorted(direct)]
    lines += [
        "```",
        "",
        "| floor | room | lines | loaded in Lambda | what it is |",
        "| --- | --- | --- | --- | --- |",
    ]
    loaded = below(LOADED) | {LOADED}
    for floor, rooms in reversed(list(enumerate(floors()))):
        for name in rooms:
            if name in names:
                answer = "yes" if name in loaded else "no"
                lines.append(f"| {floor} | `{name}` | {answer} | {_said(name)} |")
    return "\n".join(lines)


def _id(name: str) -> str:
    return name.replace(".", "_")


def _said(name: str) -> str:
    """The first sentence of a room's docstring."""
    place = PACKAGE / name.replace(".", "/")
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = " ".join(
        (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0].split()
    )
    end = text.find(". ")
    return (text if end < 0 else text[: end + 1]).replace("|", "\\|")


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n\n{drawn()}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
