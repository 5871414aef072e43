"""Text with `*`, `?` and `${…}` in it, as IAM writes it: read once into parts, matched without blow-up.

Sources: IAM User Guide, "IAM policy elements: Variables and tags" and "IAM JSON policy elements: Resource".

`*` stands for any run of characters, `?` for one. `${key}` and `${key, 'default'}` stand for a value of the
request; `${*}`, `${?}` and `${$}` for the literal character. What a variable brings is literal: a `*` inside
it is no wildcard.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias


class Wild(Enum):
    """A wildcard. Members of an enumeration, so that no text can be mistaken for one."""

    ONE = "?"
    MANY = "*"


ONE: Final = Wild.ONE
MANY: Final = Wild.MANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`${key}`, or `${key, 'default'}`. The key is kept in lower case: condition keys have no case."""

    key: str
    default: str | None


Concrete: TypeAlias = tuple[str | Wild, ...]
"""A pattern without variables."""
Parts: TypeAlias = tuple[str | Wild | Variable, ...]
Lookup: TypeAlias = Callable[[str], str | None]
"""From a lower-case key to its single value; None if the request has none, or several."""

_SPECIAL = re.compile(
    r"(?P<many>\*+)|(?P<one>\?)|\$\{(?P<literal>[*?$])\}"
    r"|\$\{(?P<key>[^{}$*?,'\"]+?)(?:,\s*'(?P<default>[^'{}$]*)')?\}"
)
"""`${…}` that is none of these, such as an unclosed one, is literal text."""
_WILD = re.compile(r"(?P<many>\*+)|(?P<one>\?)")


@lru_cache(maxsize=8192)
def parse_pattern(text: str, *, wildcards: bool = True, variables: bool = True) -> Parts:
    """The parts of one Action, Resource or condition value; adjacent literals are joined, and so are stars."""
    parts: list[str | Wild | Variable] = []
    literal = ""
    end = 0
    for special in (_SPECIAL if variables else _WILD).finditer(text):
        literal += text[end : special.start()]
        end = special.end()
        kind = special.lastgroup
        if kind in ("many", "one"):
            if not wildcards:
                literal += special[0]
                continue
            part: str | Wild | Variable = MANY if kind == "many" else ONE
        elif kind == "literal":
            literal += special["literal"]
            continue
        else:
            part = Variable(key=special["key"].strip().lower(), default=special["default"])
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(part)
    literal += text[end:]
    if literal:
        parts.append(literal)
    return tuple(parts)


@lru_cache(maxsize=8192)
def parse_resource(text: str) -> Parts:
    """A Resource. Variables count only after the fifth colon; a missing ARN field is `*`, as IAM completes it."""
    fields = text.split(":", 5)
    if len(fields) < 6:
        return parse_pattern(text if text == "*" else text + ":*" * (6 - len(fields)), variables=False)
    head = parse_pattern(":".join(fields[:5]) + ":", variables=False)
    return join((*head, *parse_pattern(fields[5])))


@lru_cache(maxsize=8192)
def parse_action(text: str) -> Concrete:
    """An Action, in lower case: actions have no case, and know no variables."""
    return tuple(
        part for part in parse_pattern(text.lower(), variables=False) if not isinstance(part, Variable)
    )


def join(parts: Parts) -> Parts:
    """The same pattern with adjacent literals and adjacent stars made one."""
    joined: list[str | Wild | Variable] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        elif not (part is MANY and last is MANY) and part != "":
            joined.append(part)
    return tuple(joined)


def resolve(parts: Parts, lookup: Lookup) -> Concrete | None:
    """Every variable replaced by its value, literally. None if one has no single value and no default."""
    resolved: list[str | Wild] = []
    for part in parts:
        if isinstance(part, Variable):
            value = lookup(part.key)
            if value is None:
                value = part.default
            if value is None:
                return None
            resolved.append(value)
        else:
            resolved.append(part)
    return tuple(resolved)


def show(parts: Parts) -> str:
    """The pattern as IAM would write it, with literal `*`, `?` and `$` escaped."""
    return "".join(
        re.sub(r"[*?$]", r"${\g<0>}", part)
        if isinstance(part, str)
        else part.value
        if isinstance(part, Wild)
        else f"${{{part.key}}}"
        for part in parts
    )


# ── matching ────────────────────────────────────────────────────────────────────────────────────────────────
#
# Between two stars the leftmost fit is always the best one, so nothing is ever tried twice: `a*a*a*…` against
# `aaaa…b` costs one pass. Translating to a backtracking regular expression would cost exponential time on
# text an attacker picks.


@dataclass(frozen=True, slots=True)
class _Run:
    """What stands between two stars: literals at their offsets, and question marks around them."""

    length: int
    literals: tuple[tuple[int, str], ...]

    def fits(self, text: str, at: int) -> bool:
        return all(text.startswith(literal, at + offset) for offset, literal in self.literals)

    def find(self, text: str, start: int, stop: int) -> int:
        """The first place in `text[start:stop]` where this run fits, or -1."""
        latest = stop - self.length
        if not self.literals:
            return start if start <= latest else -1
        offset, literal = self.literals[0]
        at = text.find(literal, start + offset, stop) - offset
        while start <= at <= latest:
            if self.fits(text, at):
                return at
            at = text.find(literal, at + offset + 1, stop) - offset
        return -1


@lru_cache(maxsize=8192)
def _runs(pattern: Concrete) -> tuple[_Run, ...]:
    runs: list[_Run] = []
    length, literals = 0, list[tuple[int, str]]()
    for part in (*pattern, MANY):
        if part is MANY:
            runs.append(_Run(length, tuple(literals)))
            length, literals = 0, []
        elif isinstance(part, str):
            literals.append((length, part))
            length += len(part)
        else:
            length += 1
    return tuple(runs)


def matches(pattern: Concrete, text: str) -> bool:
    """Whether the whole text fits the pattern. Time: at most length of pattern x length of text, never more."""
    if len(pattern) == 1 and isinstance(pattern[0], str):
        return pattern[0] == text
    runs = _runs(pattern)
    first, last = runs[0], runs[-1]
    stop = len(text) - last.length
    if len(runs) == 1:
        return stop == 0 and first.fits(text, 0)
    if stop < first.length or not first.fits(text, 0) or not last.fits(text, stop):
        return False
    at = first.length
    for run in runs[1:-1]:
        at = run.find(text, at, stop)
        if at < 0:
            return False
        at += run.length
    return True


@lru_cache(maxsize=8192)
def arn_fields(pattern: Concrete) -> tuple[Concrete, ...] | None:
    """The six fields of an ARN pattern, split at its first five colons; None if it has fewer."""
    fields: list[list[str | Wild]] = [[]]
    for part in pattern:
        if not isinstance(part, str):
            fields[-1].append(part)
            continue
        first, *rest = part.split(":", 6 - len(fields))
        fields[-1].append(first)
        fields.extend([text] for text in rest)
    if len(fields) < 6:
        return None
    return tuple(tuple(part for part in field if part != "") for field in fields)
