"""Which of our own modules the handlers can reach, found by reading their imports: the rest stays at home."""

import ast
from collections.abc import Iterator
from pathlib import Path

ENTRIES = ("authorizer.handler", "authorizer.own_handler")
"""What functions with this zip are pointed at."""
NEVER = frozenset(
    {
        # Compiles templates, which a bundle brings compiled: neither this file nor Jinja goes to Lambda.
        "authorizer.engine.template.jinja",
    }
)


def reached(package: Path) -> tuple[str, ...]:
    """The modules that `ENTRIES` import, directly or through others, in functions too; sorted.

    `package` is the folder of the package `authorizer`.
    """
    found: set[str] = set()
    todo = [*ENTRIES]
    while todo:
        name = todo.pop()
        file = file_of(name, package)
        if name in found or name in NEVER or file is None:
            continue
        found.add(name)
        todo += _imports(file)
        todo += [name.rpartition(".")[0]] if "." in name else []
    return tuple(sorted(found))


def file_of(name: str, package: Path) -> Path | None:
    """The file of a module of ours; None where there is none, as for a name imported from a module."""
    head, *rest = name.split(".")
    if head != package.name:
        return None
    place = package.joinpath(*rest)
    for file in (place.with_name(f"{place.name}.py") if rest else None, place / "__init__.py"):
        if file is not None and file.is_file():
            return file
    return None


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
