"""A language less some of its texts: what a claim may still be where a test said what it is not."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import TypeAlias

from authorizer.engine.language import Language, Segment

Sequence: TypeAlias = tuple[Segment, ...]


@lru_cache(maxsize=1024)
def without(language: Language, words: frozenset[str]) -> Language:
    """The language without these texts. Exact; it may have no text left, and then no alternatives."""
    sequences = language.alternatives
    for word in sorted(words):
        sequences = tuple(dict.fromkeys(_without_word(sequences, word)))
    return Language(sequences)


def texts_of(language: Language, at_most: int) -> tuple[str, ...] | None:
    """Every text of a language that is a list of words, such as an enum's; None for any other, and for more than
    `at_most`."""
    if len(language.alternatives) > at_most:
        return None
    words = []
    for sequence in language.alternatives:
        if any(len(segment.chars) != 1 or segment.min != segment.max for segment in sequence):
            return None
        words.append("".join(next(iter(segment.chars)) * segment.min for segment in sequence))
    return tuple(dict.fromkeys(words))


def _without_word(sequences: Collection[Sequence], word: str) -> Iterator[Sequence]:
    """What begins as the word does and goes on otherwise, ends before it does, or goes on behind it."""
    here = tuple(sequences)
    for at, char in enumerate(word):
        before = tuple(Segment(frozenset(each), 1, 1) for each in word[:at])
        if any(all(segment.min == 0 for segment in sequence) for sequence in here):
            yield before
        for first, rest in _steps(here):
            other = first - {char}
            if other:
                yield (*before, Segment(other, 1, 1), *rest)
        here = tuple(dict.fromkeys(rest for first, rest in _steps(here) if char in first))
    behind = tuple(Segment(frozenset(each), 1, 1) for each in word)
    for first, rest in _steps(here):
        yield (*behind, Segment(first, 1, 1), *rest)


def _steps(sequences: Collection[Sequence]) -> Iterator[tuple[frozenset[str], Sequence]]:
    """What the first character of a text may be, and what may stand behind it."""
    for sequence in sequences:
        for at, segment in enumerate(sequence):
            if segment.max:
                left = Segment(segment.chars, max(0, segment.min - 1), segment.max - 1)
                yield segment.chars, ((left, *sequence[at + 1 :]) if left.max else sequence[at + 1 :])
            if segment.min:
                break
