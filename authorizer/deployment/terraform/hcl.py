"""Values as HCL, laid out as `terraform fmt` leaves them. Pure.

Sources: Terraform language, "Strings and Templates" (what is escaped), "Style Conventions" (equals signs of consecutive
lines with one attribute each stand below each other).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authorizer.deployment.standins import Part, Reference

WIDTH: Final = 110
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that stands as it is: `var.name`."""

    text: str


@dataclass(frozen=True, slots=True)
class Json:
    """A document that AWS takes as JSON: `jsonencode(…)`."""

    document: Mapping[str, Any]


def quoted(value: str) -> str:
    """A literal text: `${` and `%{` mean themselves in it."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def writer(references: Mapping[Reference, str]) -> Callable[[tuple[Part, ...]], Code]:
    """How a text of literal parts and references is written: as the expression where it is one alone, else with it
    inside quotes."""

    def written(parts: tuple[Part, ...]) -> Code:
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return Code(references[parts[0]])
        inside = (
            quoted(part)[1:-1] if isinstance(part, str) else f"${{{references[part]}}}" for part in parts
        )
        return Code(f'"{"".join(inside)}"')

    return written


def block(head: str, body: Sequence[str], depth: int = 0) -> list[str]:
    """Lines of a block, such as `resource "aws_iam_role" "viewer"`; its body's lines are those of `attributes`."""
    pad = "  " * depth
    return [f"{pad}{head} {{", *body, f"{pad}}}"]


def attributes(values: Mapping[str, Any], depth: int = 1) -> list[str]:
    """Lines `name = value`, in the mapping's order."""
    pad = "  " * depth
    rows = [(_key(name), value) for name, value in values.items()]
    lines: list[str] = []
    short: list[tuple[str, str]] = []
    for name, value in (*rows, ("", None)):
        shown = expression(value, depth, len(name) + 3) if name else "\n"
        if "\n" not in shown:
            short.append((name, shown))
            continue
        width = max((len(other) for other, _ in short), default=0)
        lines += [f"{pad}{other:<{width}} = {one}" for other, one in short]
        short.clear()
        if name:
            lines.append(f"{pad}{name} = {shown}")
    return lines


def expression(value: Any, depth: int, before: int = 0) -> str:
    """A value that begins `before` characters into a line of `depth` steps: on that line where it is short, else over
    several."""
    pad = "  " * depth
    match value:
        case Json():
            return f"jsonencode({expression(value.document, depth, WIDTH)})"
        case Mapping() | list() | tuple() if _fits(flat := _flat(value), 2 * depth + before):
            return str(flat)
        case Mapping():
            return "\n".join(["{", *attributes(value, depth + 1), f"{pad}}}"])
        case list() | tuple():
            items = [f"{pad}  {expression(item, depth + 1, WIDTH)}," for item in value]
            return "\n".join(["[", *items, f"{pad}]"])
        case _:
            return _scalar(value)


def _fits(flat: str | None, before: int) -> bool:
    return flat is not None and before + len(flat) <= WIDTH


def _flat(value: Any) -> str | None:
    """A scalar, a list of scalars, or a single attribute of these, on one line; None for anything else."""
    if isinstance(value, Mapping) and len(value) <= 1:
        inner = [f"{_key(name)} = {flat}" for name, flat in ((n, _flat(v)) for n, v in value.items()) if flat]
        return "{ " + inner[0] + " }" if inner else None if value else "{}"
    if isinstance(value, list | tuple):
        parts = [_flat(item) for item in value]
        inner = [part for part in parts if part is not None]
        return f"[{', '.join(inner)}]" if len(inner) == len(value) else None
    return None if isinstance(value, Mapping | Json) else _scalar(value)


def _key(name: str) -> str:
    return name if _NAME.fullmatch(name) else quoted(name)


def _scalar(value: Any) -> str:
    if isinstance(value, Code):
        return value.text
    return quoted(value) if isinstance(value, str) else json.dumps(value)
