"""What commands find, in one form: a place to the column, a code, the words, and what to do.

Whatever is told in sentences (`SettingsError`, `CaseInvalid`) or found by the lint becomes one of these, and
`authorizer.cli.formats` writes them as text or as a machine reads them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from authorizer.cli.carets import locate
from authorizer.cli.codes import CODES, Level, code_of

if TYPE_CHECKING:
    from authorizer.engine.check import Finding

_PLACED: Final = re.compile(
    r"(?P<file>.+?\.(?:toml|j2|json)|[^:\s]+/templates)(?::(?P<line>\d+)(?::(?P<column>\d+))?)?: (?P<text>.*)",
    re.DOTALL,
)
_KEYED: Final = re.compile(r"(?P<key>[\w-]+(?:\[\d+\]|\.[\w-]+|\.\"[^\"]+\")*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding. `line` and `column` are from 1, and 0 where there is none."""

    file: str
    code: str
    text: str
    line: int = 0
    column: int = 0
    length: int = 1
    """Characters that the caret underlines."""
    remedy: str = ""
    key: str = ""

    @property
    def level(self) -> Level:
        """How bad it is: what does not load or is shown to be wrong, or what is likely not meant."""
        return CODES[self.code].level

    @property
    def place(self) -> str:
        """`policies/access.toml:12:5`, with as much of it as is known."""
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])

    @property
    def excerpt(self) -> tuple[str, ...]:
        """The line, and a caret under what it is about; nothing where there is no line."""
        lines = lines_of(self.file)
        if not (self.column and 1 <= self.line <= len(lines)):
            return ()
        text, margin = lines[self.line - 1].replace("\t", " "), f"{self.line:>6} | "
        carets = "^" * max(1, min(self.length, len(text) - self.column + 1))
        return f"{margin}{text}", f"{' ' * (len(margin) - 2)}| {' ' * (self.column - 1)}{carets}"


def of_problems(problems: Iterable[str]) -> list[Found]:
    """Problems that are told in sentences, each with its place in front."""
    return [_of_problem(problem) for problem in problems]


def of_lint(findings: Iterable["Finding"], access: Path) -> list[Found]:
    """Findings of the lint about the configuration `access`, and the templates beside it."""
    return [
        at_line(*_split(each.place, access), code=each.code, text=each.text, remedy=each.remedy, key=each.key)
        for each in findings
    ]


def at_line(file: str, line: int, *, code: str, text: str, remedy: str = "", key: str = "") -> Found:
    """A finding at a line, with the column of what its words are about."""
    column, length = 0, 1
    if line:
        line, column, length = locate(lines_of(file), line, key, text)
    return Found(
        file=file, line=line, column=column, length=length, code=code, text=text, remedy=remedy, key=key
    )


def template_file(place: str, access: Path) -> tuple[str, int]:
    """`s3-home.json.j2:12` → the file beside the configuration, and its line."""
    return _split(place, access)


def sifted(found: Sequence[Found]) -> tuple[list[Found], list[tuple[Found, str]]]:
    """The findings that are left, and those that a comment beside the line suppresses, each with its reason.

    `# authorizer: ignore CODE: REASON` in TOML, `{# authorizer: ignore CODE: REASON #}` in a template, on the line or
    on the one above. Only what the lint advises can be suppressed; a comment without a reason is a finding itself.
    """
    left, suppressed = list[Found](), list[tuple[Found, str]]()
    for each in found:
        reason = _ignored(each)
        if reason is None:
            left.append(each)
        elif reason:
            suppressed.append((each, reason))
        else:
            row = CODES["reason"]
            left.append(replace(each, code=row.name, text=f"{each.code}: {row.meaning}", remedy=row.remedy))
    return left, suppressed


@lru_cache(maxsize=64)
def _read(file: str, _changed: int) -> tuple[str, ...]:
    return tuple(Path(file).read_text(encoding="utf-8").splitlines())


def lines_of(file: str) -> tuple[str, ...]:
    """The lines of a file; none where it cannot be read."""
    try:
        return _read(file, Path(file).stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError):
        return ()


_IGNORE: Final = re.compile(r"[#]\s*authorizer: ignore (?P<code>[\w-]+)(?::\s*(?P<reason>.*?))?\s*(?:#\}|\Z)")


def _ignored(found: Found) -> str | None:
    """The reason why it is suppressed beside its line; empty where none is given; None where it is not suppressed."""
    lines = lines_of(found.file)
    if found.level != "warning":
        return None
    for number in (found.line, found.line - 1):
        match = _IGNORE.search(lines[number - 1]) if 1 <= number <= len(lines) else None
        if match is not None and match["code"] == found.code:
            return match["reason"] or ""
    return None


def _of_problem(problem: str) -> Found:
    placed = _PLACED.fullmatch(problem)
    if placed is None:
        return Found(file="", code=code_of(problem, ""), text=problem)
    file, text = placed["file"], placed["text"]
    keyed = _KEYED.match(text) if file.endswith(".toml") else None
    key = keyed["key"] if keyed else ""
    code = code_of(text, file)
    if placed["column"]:
        return Found(file=file, line=int(placed["line"]), column=int(placed["column"]), code=code, text=text)
    return at_line(file, int(placed["line"] or 0), code=code, text=text, key=key)


def _split(place: str, access: Path) -> tuple[str, int]:
    file, _, number = place.rpartition(":")
    if not number.isdigit():
        return str(access), 0
    if file.endswith(".json.j2") and "/" not in file:
        file = str(access.parent / "templates" / file)
    return file, int(number)
