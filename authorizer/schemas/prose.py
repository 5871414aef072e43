"""What docstrings say, for whoever writes a file in an editor."""

import ast
import inspect
import re
from collections.abc import Mapping


def documented(value: type[object]) -> Mapping[str, str]:
    """Attributes of a class that have a docstring → its first paragraph."""
    body = ast.parse(inspect.getsource(value)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
    return {
        field.target.id: _paragraph(said.value.value)
        for field, said in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }


def first(thing: object) -> str | None:
    """The first paragraph of a docstring, without the name that it begins with: `[keys]`."""
    words = _paragraph(inspect.getdoc(thing) or "")
    return re.sub(r"\A(?:`\[[^`]*\]`|`[a-z.]+`): (\w)", lambda match: match[1].upper(), words) or None


def _paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
