"""Languages: sets of texts, small enough to reason about, that claim types are made of.

A `Language` is what the prover quantifies over, and its `pattern` is the regular expression that checks a value at run
time: one definition of both.
"""

import re
from dataclasses import dataclass

from authorizer.engine.language.escape import literal

FORBIDDEN = frozenset('*?$"\\{}')
"""Never in a value. `* ?` are IAM's wildcards, `$ { }` its variables (IAM User Guide, "IAM policy elements:
Variables and tags"); `"` and `\\` are JSON's."""
PRINTABLE = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)))) - FORBIDDEN
"""What STS takes in `Policy` (U+0020–U+00FF, API reference, AssumeRole) less control characters, the invisible
no-break space and soft hyphen, and `FORBIDDEN`. Text of these is always in Unicode's normal form C."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Between `min` and `max` characters, each one of `chars`."""

    chars: frozenset[str]
    min: int
    max: int


@dataclass(frozen=True, slots=True)
class Language:
    """A set of texts: each alternative is a sequence of segments."""

    alternatives: tuple[tuple[Segment, ...], ...]

    @property
    def max_length(self) -> int:
        """Length of the longest text, in characters, each as long as it is when escaped for a policy."""
        return max(
            sum(segment.max * max(len(literal(char)) for char in segment.chars) for segment in sequence)
            for sequence in self.alternatives
        )

    @property
    def min_length(self) -> int:
        """Length of the shortest text, in characters."""
        return min(sum(segment.min for segment in sequence) for sequence in self.alternatives)

    def pattern(self) -> str:
        """A regular expression that fully matches exactly the texts of this language."""
        return "|".join(
            "".join(f"[{_class(segment.chars)}]{{{segment.min},{segment.max}}}" for segment in sequence)
            for sequence in self.alternatives
        )


def plain(text: str) -> tuple[Segment, ...]:
    """The sequence that is this one text."""
    return tuple(Segment(frozenset(char), 1, 1) for char in text)


def _class(chars: frozenset[str]) -> str:
    return "".join(re.escape(char) for char in sorted(chars))
