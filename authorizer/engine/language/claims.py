"""Claim types: one declaration both checks a value at run time and is the language that the prover quantifies over.

A type is a `Language`, and `ClaimType.check` is that language compiled to a regular expression. The two cannot drift
apart, so a proof speaks about exactly the values that reach a policy.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.kinds import TYPES, Options
from authorizer.engine.language.languages import FORBIDDEN, PRINTABLE, Language

ClaimValue = str | tuple[str, ...]

MAX_LENGTH = 1024
"""Largest `max_length`: half of a whole session policy."""
MAX_ITEMS = 100
"""Largest `max_items` of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimType:
    """One declared type, such as `{ type = "slug", max_length = 32 }`. Made by `declare`."""

    name: str
    language: Language
    """What one value (of a list: one item) may be."""
    expected: str
    """The type in words, for messages."""
    is_list: bool
    """True for a list of values, which templates loop over."""
    max_items: int
    """Most items of a list; 1 for a single value."""
    _match: Callable[[str], object | None] = field(repr=False, compare=False)

    @property
    def max_length(self) -> int:
        """Longest rendered form of one value, in characters."""
        return self.language.max_length

    def check(self, value: object) -> ClaimValue:
        """The value, believed from here on: text, or for a list type a tuple of at least one text.

        Raises `ValueRefused` for anything else. Nothing is repaired: a number is not text, text is not a list.
        """
        if not self.is_list:
            if type(value) is str and self._match(value):
                return value
            raise ValueRefused(self._reason(value))
        if not isinstance(value, list | tuple):
            raise ValueRefused(
                f"is no list: expected a list of at most {self.max_items}, each {self.expected}"
            )
        if not 0 < len(value) <= self.max_items:
            raise ValueRefused(f"has {len(value)} items: expected 1 to {self.max_items}")
        for number, item in enumerate(value, start=1):
            if not (type(item) is str and self._match(item)):
                raise ValueRefused(f"item {number} {self._reason(item)}")
        return tuple(value)

    def _reason(self, value: object) -> str:
        if not isinstance(value, str):
            cause = "is no text"
        elif not value:
            cause = "is empty"
        elif any(char not in PRINTABLE and char not in FORBIDDEN for char in value):
            cause = "holds a character that no session policy may hold"
        elif FORBIDDEN.intersection(value):
            cause = 'holds one of * ? $ { } " \\, which could change the meaning of a policy'
        else:
            cause = f"is not of type `{self.name}`"
        return f"{cause}: expected {self.expected}"


def declare(spec: Mapping[str, object]) -> ClaimType:
    """The claim type that a row of `[claims]` declares: `type` and the options of that type.

    `{ type = "uuid" }`, `{ type = "slug", max_length = 32 }`, `{ type = "enum", values = ["a", "b"] }`, `{
    type = "opaque", exclude = ":,", max_length = 64 }`; with `list = true, max_items = 5` a list of any of
    them. Raises `ClaimTypeInvalid` with every problem.
    """
    problems: list[str] = []
    name = spec.get("type")
    if not isinstance(name, str) or name not in TYPES:
        raise ClaimTypeInvalid([f"unknown type {name!r}: expected one of {', '.join(TYPES)}"])
    row = TYPES[name]
    known = ("type", *row.options, "list", "max_items")
    problems += [
        f"type `{name}` has no option `{key}`: expected {', '.join(known)}"
        for key in spec
        if key not in known
    ]
    is_list = spec.get("list", False)
    if not isinstance(is_list, bool):
        problems.append(f"`list` is {is_list!r}: expected true or false")
    max_items = _whole(spec.get("max_items", None if is_list else 1), "max_items", 1, MAX_ITEMS, problems)
    if not is_list and "max_items" in spec:
        problems.append("`max_items` is for a list: add `list = true`")
    options = Options(
        max_length=_whole(
            spec.get("max_length", row.usual), "max_length", row.shortest, MAX_LENGTH, problems
        ),
        exclude=_excluded(spec.get("exclude", ""), problems),
        values=_enum_values(spec["values"], problems) if "values" in spec else (),
    )
    if "values" in row.options and "values" not in spec:
        problems.append("`values` is missing: expected a list of texts")
    if problems:
        raise ClaimTypeInvalid(problems)
    language, expected = row.make(options)
    return ClaimType(
        name=name,
        language=language,
        expected=expected,
        is_list=bool(is_list),
        max_items=max_items,
        _match=re.compile(language.pattern()).fullmatch,
    )


def _whole(value: object, key: str, low: int, high: int, problems: list[str]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    what = f"`{key}` is missing" if value is None else f"`{key}` is {value!r}"
    problems.append(f"{what}: expected a whole number from {low} to {high}")
    return low


def _excluded(exclude: object, problems: list[str]) -> frozenset[str]:
    if not isinstance(exclude, str):
        problems.append(f'`exclude` is {exclude!r}: expected the characters to refuse, such as ":,"')
        return frozenset()
    if PRINTABLE - {".", "/"} <= frozenset(exclude):
        problems.append("`exclude` leaves nothing to allow")
    return frozenset(exclude)


def _enum_values(values: object, problems: list[str]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not values:
        problems.append(f"`values` is {values!r}: expected a list of at least one text")
        return ()
    allowed = PRINTABLE - {"/"}
    for value in values:
        if not isinstance(value, str) or not value or value in {".", ".."} or not allowed.issuperset(value):
            problems.append(
                f'`values` has {value!r}: expected text without * ? $ {{ }} " \\ / or control characters'
            )
        elif len(value) > MAX_LENGTH:
            problems.append(f"`values` has a text of {len(value)} characters: expected at most {MAX_LENGTH}")
    return tuple(dict.fromkeys(str(value) for value in values))
