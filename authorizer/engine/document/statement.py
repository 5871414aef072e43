"""The nouns of a policy: documents of statements of conditions, as plain frozen values."""

from dataclasses import dataclass
from typing import Literal

VERSION = "2012-10-17"
"""Of the policy language: the only one in which policy variables work."""
Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator on one key. All of a statement's conditions must hold; of `values`, any one (or, for a
    negated operator, none)."""

    operator: str
    """As written, qualifier and suffix included: `ForAllValues:StringLikeIfExists`."""
    key: str
    values: tuple[str, ...]
    """JSON's `true` as "true", numbers as they were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. Exactly one of `actions` and `not_actions` is non-empty, and likewise for resources."""

    sid: str | None = None
    effect: Effect
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy document of version `VERSION`."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a document is not taken."""

    statement: int | None
    """Which statement, from 0; None for the document as a whole."""
    text: str
    rule: str | None
    """The stricter rule of this engine that it breaks; None where IAM itself refuses."""

    def describe(self) -> str:
        """The problem in one line, with its statement counted from 1."""
        place = "" if self.statement is None else f"statement {self.statement + 1}: "
        return place + self.text
