"""Patterns with `*` against a text that a stranger chose.

What stands between two stars is looked for from where the last one ended, and the first place is always good enough: a
later one would only leave less for the rest. So nothing is tried twice, and no path makes it slow, as it could a
backtracking regular expression (three stars and 7 kB of path cost one of those 21 s).
"""

from collections.abc import Iterable

Split = tuple[str, tuple[str, ...], str]
"""What stands before the first star, between the stars, and after the last one."""


class Globs:
    """Patterns, read once. `*` stands for any run of characters, `/` among them, as in IAM; all else for itself."""

    def __init__(self, patterns: Iterable[str]) -> None:
        exact: list[str] = []
        prefixes: list[str] = []
        others: list[tuple[str, Split]] = []
        for pattern in patterns:
            first, *rest = pattern.split("*")
            if not rest:
                exact.append(pattern)
            elif rest == [""]:
                prefixes.append(first)
            else:
                *middle, last = rest
                others.append((pattern, (first, tuple(middle), last)))
        # Most patterns have no star, or one at their end: however many there are, C compares them.
        self._exact = frozenset(exact)
        self._prefixes = tuple(prefixes)
        self._others = tuple(others)

    def match(self, text: str) -> str | None:
        """A pattern that the whole text fits: itself if it is one, then one that ends in its only star, then any
        other, each in the order given. None if there is none."""
        if text in self._exact:
            return text
        if text.startswith(self._prefixes):
            return next(f"{prefix}*" for prefix in self._prefixes if text.startswith(prefix))
        return next((pattern for pattern, split in self._others if _fits(split, text)), None)


def _fits(split: Split, text: str) -> bool:
    first, middle, last = split
    at, end = len(first), len(text) - len(last)
    if end < at or not text.startswith(first) or not text.endswith(last):
        return False
    for literal in middle:
        at = text.find(literal, at, end)
        if at < 0:
            return False
        at += len(literal)
    return True
