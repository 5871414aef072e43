"""The lines of the user's own files that a decision rests on, each with the text around it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final

from authorizer.engine import Place
from authorizer.local_gateway.console.masking import source_shown
from authorizer.local_gateway.written import Written
from authorizer.settings.load import SUFFIX
from authorizer.syntax.places import Path, dotted, line_of

_INCLUDE: Final = re.compile(r'\{%-?\s*include\s+["\']([^"\']+)')
AROUND: Final = 3
"""Lines before and after."""


def in_access(written: Written, *paths: Path) -> list[dict[str, Any]]:
    """The lines of access.toml where these keys stand; nothing of one that does not."""
    lines = ((path, line_of(written.source, path)) for path in paths)
    found = {line: path for path, line in reversed(list(lines)) if line is not None}
    place = written.access.settings.place
    source = source_shown(written.source)
    return [excerpt(place, source, line, dotted(path)) for line, path in reversed(found.items())]


def in_templates(written: Written, places: Iterable[Place]) -> list[dict[str, Any]]:
    """The lines of templates where these stand."""
    sources = written.access.settings.template_sources
    return [
        excerpt(template_file(written, place.template), sources[place.template], place.line, place.describe())
        for place in dict.fromkeys(places)
    ]


def mentions(written: Written, templates: Iterable[str], claim: str) -> list[Place]:
    """Where templates, and what they include, name a claim."""
    named = re.compile(rf"\{{[{{%][^}}]*\b{re.escape(claim)}\b")
    sources = written.access.settings.template_sources
    return [
        Place(name, number)
        for name in _with_includes(templates, sources)
        for number, line in enumerate(sources[name].splitlines(), start=1)
        if named.search(line)
    ]


def _with_includes(templates: Iterable[str], sources: Mapping[str, str]) -> list[str]:
    found: dict[str, None] = {}
    waiting = [*templates]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += (each.removesuffix(SUFFIX) for each in _INCLUDE.findall(sources[name]))
    return [*found]


def template_file(written: Written, name: str) -> str:
    return str(PurePath(written.access.settings.place).parent / "templates" / f"{name}{SUFFIX}")


def excerpt(file: str, text: str, line: int, what: str) -> dict[str, Any]:
    """`line` is counted from 1."""
    lines = text.splitlines()
    first = max(1, line - AROUND)
    return {
        "file": file,
        "line": line,
        "what": what,
        "text": [
            {"number": number, "text": lines[number - 1], "here": number == line}
            for number in range(first, min(len(lines), line + AROUND) + 1)
        ],
    }
