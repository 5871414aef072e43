"""Where in a TOML file a key stands: `tomllib` keeps no line numbers, and a problem needs its place."""

import re

from authorizer.syntax.toml_text import TomlInvalid, parse_toml

_HEADER = re.compile(r"\s*\[(?P<array>\[)?(?P<path>[^\[\]]+)\]\]?\s*(?:#.*)?$")
_ROW = re.compile(r"\s*\{")
"""One of several tables that an array has inside, a line each."""
_KEY = re.compile(r"""\s*(?P<key>"[^"]*"|'[^']*'|[\w-]+)\s*=""")

Path = tuple[str | int, ...]


def line_of(source: str, path: Path) -> int | None:
    """The 1-based line of the longest prefix of `path` that has one of its own; None where nothing matches.

    `path` is as a reader walks the parsed file: `("roles", "editor", "arn")`, `("issuers", 0, "user_pool")`.
    Only called for a file that has problems, so it reads the text again rather than keep an index.
    """
    last: dict[Path, int] = {}
    here: Path = ()
    row: Path = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(source.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = _within(_names(header["path"]), last)
            if header["array"]:
                last[here] = last.get(here, -1) + 1
                here = (*here, last[here])
            place = here
        elif key := _KEY.match(line):
            place = row = (*here, *_names(key["key"]))
        elif _ROW.match(line):
            last[row] = last.get(row, -1) + 1
            place = (*row, last[row])
        else:
            continue
        if path[: len(place)] == place and (best is None or len(place) > best[0]):
            best = (len(place), number)
    return best[1] if best else None


def _within(names: tuple[str, ...], last: dict[Path, int]) -> Path:
    """Where a header stands: inside the last table of each array that its name goes through."""
    path: Path = ()
    for at, name in enumerate(names, start=1):
        path = (*path, name)
        if path in last and at < len(names):
            path = (*path, last[path])
    return path


def dotted(path: Path) -> str:
    """`path` as a person writes it: `issuers[0].user_pool`, `scopes."files:read"`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if re.fullmatch(r"[\w-]+", step) else f'"{step}"'
            text += f".{name}" if text else name
    return text


def _names(text: str) -> tuple[str, ...]:
    """A dotted TOML key as its parts: TOML's own reader knows the quoting rules."""
    try:
        node: object = parse_toml(f"{text} = 0")
    except TomlInvalid:
        return (text,)
    names = []
    while isinstance(node, dict):
        [(name, node)] = node.items()
        names.append(name)
    return tuple(names)
