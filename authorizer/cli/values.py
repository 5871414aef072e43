"""The deployment's values that a judgement rests on: a file of them, and saying which they are.

A proof of templates is one of the text that they render to, and `[variables]` are part of that text: with another
bucket's name two users may meet who do not with this one's.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import click

from authorizer.cli.encoding import BYTE_ORDER_MARK, marked, not_utf_8

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"(['\"])(.*)\1")


def read_env(path: Path) -> dict[str, str]:
    """What a file of a deployment's environment says. Raises `click.BadParameter`, which quotes no value."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.BadParameter(
            f"{not_utf_8(str(path), error)}: expected lines NAME=VALUE, or TOML where its name ends with .toml"
        ) from None
    if text.startswith(BYTE_ORDER_MARK):
        raise click.BadParameter(marked(str(path)))
    found = _of_toml(path, text) if path.suffix == ".toml" else _of_lines(path, text)
    if not found and path.is_file():  # /dev/null says nothing on purpose
        raise click.BadParameter(
            f"{path}: names no variable: expected lines NAME=VALUE, or TOML where its name ends with .toml"
        )
    return found


def _of_toml(path: Path, text: str) -> dict[str, str]:
    from authorizer.syntax.toml_text import TomlInvalid, parse_toml

    try:
        found = parse_toml(text).get("environment")
    except TomlInvalid as error:
        raise click.BadParameter(f"{path}: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise click.BadParameter(f"{path}: expected a table [environment] of texts")
    return found


def _of_lines(path: Path, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise click.BadParameter(f"{path}:{number}: expected NAME=VALUE, or a line that begins with #")
        quoted = _QUOTED.fullmatch(match[2])
        found[match[1]] = quoted[2] if quoted else match[2]
    return found


def told(values: Mapping[str, str], access: Path) -> list[str]:
    """Each value in words, with the name in the environment that it came by: `bucket = data-1 (DATA_BUCKET)`."""
    names = _names(access)
    return [
        f"{name} = {value} ({names[name]})" if name in names else f"{name} = {value}"
        for name, value in values.items()
    ]


def _names(access: Path) -> dict[str, str]:
    """Variable → the name in the environment that its value comes by."""
    from authorizer.settings.reader import ENVIRONMENT
    from authorizer.syntax.toml_text import parse_toml

    rows = parse_toml(access.read_text(encoding="utf-8")).get("variables", {})
    return {
        name: value.removeprefix(ENVIRONMENT)
        for name, value in (rows.items() if isinstance(rows, dict) else ())
        if isinstance(value, str) and value.startswith(ENVIRONMENT)
    }
