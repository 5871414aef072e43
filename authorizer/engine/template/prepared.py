"""Prepared policies: canonical text, cut at its placeholders, so that one user's policy is a join.

The text was parsed and judged before any value came in, and values come in escaped: a value can only ever be a value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from authorizer.engine.document import Document, Statement, dump, pack
from authorizer.engine.language import PATTERN, ClaimValue, NothingAllowed, literal
from authorizer.engine.template.branches import statements_of

_PLACEHOLDER = re.compile(f"({PATTERN})")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A packed policy, cut at its placeholders: text, placeholder, text, placeholder, …, text."""

    pieces: tuple[str, ...]
    slots: tuple[tuple[int, str, int], ...]
    """Index of each placeholder in `pieces`, its claim, and which of its items."""

    @classmethod
    def of(cls, symbolic: str, origin: Callable[[str], tuple[str, int]]) -> Self:
        """From the symbolic texts of one or more templates, joined by NUL. `origin` says which claim and item a
        placeholder stands for. Raises `RenderFailed` or `NothingAllowed`."""
        statements: list[Statement] = []
        for text in symbolic.split("\0"):
            statements += statements_of(text)
        if not any(statement.effect == "Allow" for statement in statements):
            raise NothingAllowed
        packed = dump(pack(Document(statements=tuple(statements))))
        pieces = tuple(_PLACEHOLDER.split(packed))  # text, placeholder, text, …: every second one
        return cls(pieces, tuple((index, *origin(pieces[index])) for index in range(1, len(pieces), 2)))

    def filled(self, values: Mapping[str, ClaimValue]) -> str:
        """The policy of the user with these values, which have passed their types."""
        pieces = list(self.pieces)
        for index, claim, item in self.slots:
            value = values[claim]
            pieces[index] = literal(value if isinstance(value, str) else value[item])
        return "".join(pieces)
