"""Texts, sets of characters, claim types and IAM's patterns as terms of SMT-LIB's theory of strings.

Source: The SMT-LIB Standard, version 2.6, "Theory UnicodeStrings".
"""

import re
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from typing import Final, TypeAlias

from authorizer.engine.language import Language, Segment, is_placeholder

LOOP: Final = 8
"""Most repetitions that are written as a loop. Solvers unfold loops, so that longer ones are a star and a bound on the
length beside it."""


class Wild(Enum):
    """What a part of a pattern stands for that is neither text nor a claim."""

    MANY = "re.all"
    ONE = "re.allchar"


Part: TypeAlias = str | Wild
"""Text, with placeholders in it, or a wildcard."""

_SPECIAL: Final = re.compile(r"\$\{(?P<literal>[*?$])\}|(?P<variable>\$\{[^{}]+\})|(?P<many>\*+)|(?P<one>\?)")


def string(text: str) -> str:
    """A literal. `"` is written twice, and what is no printable ASCII, or could begin an escape, as its code point."""
    return '"' + "".join(_char(char) for char in text) + '"'


def _char(char: str) -> str:
    if char == '"':
        return '""'
    return char if " " <= char <= "~" and char != "\\" else f"\\u{{{ord(char):x}}}"


def parts_of(text: str, *, wildcards: bool) -> list[Part]:
    """A Resource, an Action or a condition's value as IAM reads it. A policy variable may be any text."""
    parts: list[Part] = []
    end = 0
    for special in _SPECIAL.finditer(text):
        parts.append(text[end : special.start()])
        end = special.end()
        if special["literal"]:
            parts.append(special["literal"])
        elif special["variable"] or (special["many"] and wildcards):
            parts.append(Wild.MANY)
        else:
            parts.append(Wild.ONE if wildcards else special[0])
    parts.append(text[end:])
    return [part for part in parts if part != ""]


def has_variable(text: str) -> bool:
    """Whether a pattern has a policy variable in it: what it stands for, the request says."""
    return any(special["variable"] for special in _SPECIAL.finditer(text))


def holes_of(text: str) -> Iterator[str]:
    """The placeholders in it."""
    return filter(is_placeholder, text)


def concat(terms: Sequence[str], operator: str, empty: str) -> str:
    if not terms:
        return empty
    return terms[0] if len(terms) == 1 else f"({operator} {' '.join(terms)})"


def union(terms: Sequence[str]) -> str:
    return concat(terms, "re.union", "re.none")


def both(terms: Sequence[str]) -> str:
    return concat(terms, "and", "true")


def either(terms: Sequence[str]) -> str:
    return concat(terms, "or", "false")


def characters(chars: Collection[str]) -> str:
    """One character of these."""
    runs: list[tuple[int, int]] = []
    for code in sorted(map(ord, chars)):
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return union(
        [
            f"(str.to_re {string(chr(low))})"
            if low == high
            else f"(re.range {string(chr(low))} {string(chr(high))})"
            for low, high in runs
        ]
    )


def regex(parts: Sequence[Part], *, folded: bool) -> str:
    """The texts that a pattern without claims matches; `folded`: whatever their case."""
    terms = []
    for part in parts:
        if isinstance(part, Wild):
            terms.append(part.value)
        elif folded:
            terms += [characters({char.lower(), char.upper()}) for char in part]
        else:
            terms.append(f"(str.to_re {string(part)})")
    return concat(terms, "re.++", '(str.to_re "")')


def is_long(segment: Segment) -> bool:
    return segment.max - segment.min > LOOP


def segment_regex(segment: Segment) -> str:
    """A segment; a long one without its end, which is a bound on the length elsewhere."""
    chars = characters(segment.chars)
    if is_long(segment):
        rest = f"(re.* {chars})"
        return rest if segment.min == 0 else f"(re.++ {_exactly(chars, segment.min)} {rest})"
    if segment.min == segment.max:
        return _exactly(chars, segment.min)
    return f"((_ re.loop {segment.min} {segment.max}) {chars})"


def _exactly(chars: str, count: int) -> str:
    return chars if count == 1 else f"((_ re.^ {count}) {chars})"


def sequence_regex(segments: Sequence[Segment]) -> str:
    return concat([segment_regex(segment) for segment in segments], "re.++", '(str.to_re "")')


def longest(segments: Sequence[Segment]) -> int:
    return sum(segment.max for segment in segments)


def is_one_bound(language: Language) -> bool:
    """Whether one bound on the length says all that stars leave out: no text has two of them, and all end alike."""
    long = [[each for each in sequence if is_long(each)] for sequence in language.alternatives]
    ends = {longest(sequence) for sequence, found in zip(language.alternatives, long, strict=True) if found}
    return all(len(found) <= 1 for found in long) and len(ends) <= 1
