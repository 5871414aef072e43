"""The Allow statements of many templates, side by side: which of them is worth comparing with a given one.

Three hundred templates with a folder each make 45,000 pairs of statements, nearly all of which the first letters of
their resources tell apart. Those are counted here and not looked at: what a proof costs grows with the templates, and
with the pairs that begin alike. It leaves out no pair that `authorizer.engine.prove.separation` could find meeting:
literal texts at the beginning that differ are the first reason there why two patterns match nothing together.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from authorizer.engine.prove.allows import Allow
from authorizer.engine.prove.inside import wholes
from authorizer.engine.prove.symbolic import SymbolicStatement

_LAST = chr(0x10FFFF)
"""Behind every text that goes on: no policy may hold it."""


class Crowd:
    """The statements of each template, by its name."""

    def __init__(self, templates: Mapping[str, Sequence[Allow]]) -> None:
        self._of = templates
        self._all = [
            (name, at, allow) for name, allows in templates.items() for at, allow in enumerate(allows)
        ]
        self._sorted = sorted(
            (beginning, number)
            for number, (_, _, allow) in enumerate(self._all)
            for beginning in _beginnings(allow.statement)
        )
        self._numbers: dict[str, list[int]] = {}
        for beginning, number in self._sorted:
            self._numbers.setdefault(beginning, []).append(number)
        self._lengths = sorted({len(beginning) for beginning in self._numbers})
        self._values = Counter(allow.held.value for _, _, allow in self._all if not allow.held.absent)
        self._present = self._values.total()

    @property
    def size(self) -> int:
        """All of them."""
        return len(self._all)

    def of(self, name: str) -> Sequence[Allow]:
        """Those of one template, in its order."""
        return self._of[name]

    def near(self, one: Allow) -> Iterator[tuple[str, int, Allow]]:
        """Each that may touch what `one` touches, itself included, with its template and its place there."""
        found: set[int] = set()
        for beginning in _beginnings(one.statement):
            first, behind = (bisect_left(self._sorted, (text,)) for text in (beginning, beginning + _LAST))
            found.update(number for _, number in self._sorted[first:behind])
            for length in self._lengths:
                if length >= len(beginning):
                    break
                found.update(self._numbers.get(beginning[:length], ()))
        return (self._all[number] for number in sorted(found))

    def differing(self, one: Allow) -> int:
        """How many there are that another user than that of `one` may come by (`Allow.differs`)."""
        if one.held.absent:
            return self._present
        alike = 0 if one.held.value is None else self._values[one.held.value]
        return self.size - alike


def _beginnings(statement: SymbolicStatement) -> set[str]:
    """The literal text with which each of its resources begins, and what that lies inside of; empty where a wildcard or
    a claim comes first."""
    touched = (each for pattern in statement.resources for each in (pattern, *wholes(pattern)))
    heads = (pattern[0] if pattern else "" for pattern in touched)
    return {head if isinstance(head, str) else "" for head in heads}
