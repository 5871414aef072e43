"""Declarations of claim types: a row of `[claims]` → `ClaimType`, or every problem of the row."""

import re
from collections.abc import Callable, Mapping

from authorizer.engine.language.claims import ClaimType
from authorizer.engine.language.errors import ClaimTypeInvalid
from authorizer.engine.language.kinds import ADDRESS_BITS, ALPHABETS, MAX_NUMBER, TYPES, Kind, Options
from authorizer.engine.language.languages import PRINTABLE, Language, Segment, plain
from authorizer.engine.language.lists import WRITTEN, wrong_with_separator

MAX_LENGTH = 1024
"""Largest `max_length`: half of a whole session policy."""
MAX_ITEMS = 100
"""Largest `max_items` of a list."""
MIN_ALPHABET = 8
"""Fewest characters of an alphabet that is written out: fewer are a misspelt name of one."""
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
COMMON = ("list", "max_items", "lower_case", "fallback")


def declare(spec: Mapping[str, object]) -> ClaimType:
    """The claim type that a row of `[claims]` declares: `type` and the options of that type.

    `{ type = "uuid" }`, `{ type = "slug", max_length = 32 }`, `{ type = "enum", values = ["a", "b"] }`,
    `{ type = "id", prefix = "org_", alphabet = "base36", length = 12 }`, `{ type = "integer", max = 9 }`; with
    `list = true, max_items = 5` a list of any of them, and with `list = "comma"`, `"space"` or `"json"` one that also
    arrives as text. `lower_case = true` makes one of values that differ in case alone, `fallback = "none"` is the value
    of whoever has no such claim. Raises `ClaimTypeInvalid` with every problem.
    """
    name = spec.get("type")
    if not isinstance(name, str) or name not in TYPES:
        from difflib import get_close_matches  # noqa: PLC0415 - only a broken declaration pays for it

        close = get_close_matches(name, TYPES, n=1) if isinstance(name, str) else ()
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ClaimTypeInvalid([f"unknown type {name!r}: {meant}expected one of {', '.join(TYPES)}"])
    return _Declaration(name, TYPES[name], spec).made()


class _Declaration:
    """One row, and what is wrong with it."""

    def __init__(self, name: str, row: Kind, spec: Mapping[str, object]) -> None:
        self._name, self._row, self._spec = name, row, spec
        self._problems: list[str] = []

    def made(self) -> ClaimType:
        known = ("type", *self._row.options, *COMMON)
        self._problems += [
            f"type `{self._name}` has no option `{key}`: expected {', '.join(known)}"
            for key in self._spec
            if key not in known
        ]
        self._problems += [
            f"`{key}` is missing: expected {expected}"
            for key, expected in self._row.required.items()
            if key not in self._spec
        ]
        is_list, written = self._list()
        max_items = self._whole("max_items", None if is_list else 1, 1, MAX_ITEMS)
        if not is_list and "max_items" in self._spec:
            self._problems.append("`max_items` is for a list: add `list = true`")
        options, lower_case = self._options(), self._lower_case()
        self._raise()
        language, expected = self._row.make(options)
        if lower_case:
            language, expected = _lowered(language), f"{expected}, in upper or lower case"
        fallback = self._fallback(language, is_list=is_list)
        if written is not None and (problem := wrong_with_separator(written, language)) is not None:
            self._problems.append(problem)
        self._raise()
        sayable = fallback is not None and _takes(self._row, language, fallback)
        if fallback is not None and not sayable:
            language = Language((*language.alternatives, plain(fallback)))
        return ClaimType(
            name=self._name,
            language=language,
            expected=expected,
            is_list=is_list,
            max_items=max_items,
            written=written,
            lower_case=lower_case,
            fallback=fallback,
            sayable=sayable,
            _match=_matcher(self._row, language),
            _as_text=self._row.as_text,
        )

    def _raise(self) -> None:
        if self._problems:
            raise ClaimTypeInvalid(self._problems)

    def _options(self) -> Options:
        row, spec = self._row, self._spec
        low = self._whole("min", 0, -MAX_NUMBER, MAX_NUMBER)
        high = self._whole("max", MAX_NUMBER, -MAX_NUMBER, MAX_NUMBER)
        if low > high:
            self._problems.append(f"`min` is {low} and `max` is {high}: expected the smaller one first")
        return Options(
            max_length=self._whole("max_length", row.usual, row.shortest, MAX_LENGTH),
            exclude=self._excluded(spec.get("exclude", "")),
            values=self._values(spec["values"]) if "values" in spec else (),
            prefix=self._prefix(spec.get("prefix", "")),
            alphabet=self._alphabet(spec["alphabet"]) if "alphabet" in spec else frozenset("x"),
            length=self._whole("length", 1, 1, MAX_LENGTH),
            low=low,
            high=high,
            widest=self._whole("widest", ADDRESS_BITS, 8, ADDRESS_BITS),
        )

    def _list(self) -> tuple[bool, str | None]:
        value = self._spec.get("list", False)
        if isinstance(value, bool):
            return value, None
        if value in WRITTEN:
            return True, str(value)
        forms = ", ".join(f'"{form}"' for form in WRITTEN)
        self._problems.append(
            f"`list` is {value!r}: expected true, false, or how a text says a list, {forms}"
        )
        return True, None

    def _lower_case(self) -> bool:
        value = self._spec.get("lower_case", False)
        if not isinstance(value, bool):
            self._problems.append(f"`lower_case` is {value!r}: expected true or false")
        elif value and not self._row.cased:
            self._problems.append(
                f"`lower_case` is not for type `{self._name}`: case counts in it, or it has none"
            )
        return value is True

    def _fallback(self, language: Language, *, is_list: bool) -> str | None:
        """Text of the type, or where the type is no more than text any other that a policy may hold: then no token can
        say it."""
        if "fallback" not in self._spec:
            return None
        value = self._spec["fallback"]
        text = self._row.as_text(value) if self._row.as_text is not None else value
        if is_list:
            self._problems.append(
                "`fallback` is for a single value: a list that is absent has no item to stand in"
            )
        elif not isinstance(text, str) or not _is_plain(text) or len(text) > MAX_LENGTH:
            self._problems.append(
                f'`fallback` is {value!r}: expected 1 to {MAX_LENGTH} characters without * ? $ {{ }} " \\ /'
            )
        elif self._row.strict and not _takes(self._row, language, text):
            self._problems.append(f"`fallback` is {value!r}: expected a value of type `{self._name}`")
        else:
            return text
        return None

    def _whole(self, key: str, default: int | None, low: int, high: int) -> int:
        value = self._spec.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        what = f"`{key}` is missing" if value is None else f"`{key}` is {value!r}"
        self._problems.append(f"{what}: expected a whole number from {low} to {high}")
        return low

    def _excluded(self, exclude: object) -> frozenset[str]:
        if not isinstance(exclude, str):
            self._problems.append(
                f'`exclude` is {exclude!r}: expected the characters to refuse, such as ":,"'
            )
            return frozenset()
        if PRINTABLE - {".", "/"} <= frozenset(exclude):
            self._problems.append("`exclude` leaves nothing to allow")
        return frozenset(exclude)

    def _values(self, values: object) -> tuple[str, ...]:
        if not isinstance(values, list | tuple) or not values:
            self._problems.append(f"`values` is {values!r}: expected a list of at least one text")
            return ()
        for value in values:
            if not isinstance(value, str) or not _is_plain(value):
                self._problems.append(
                    f'`values` has {value!r}: expected text without * ? $ {{ }} " \\ / or control characters'
                )
            elif len(value) > MAX_LENGTH:
                self._problems.append(
                    f"`values` has a text of {len(value)} characters: expected at most {MAX_LENGTH}"
                )
        return tuple(dict.fromkeys(str(value) for value in values))

    def _prefix(self, prefix: object) -> str:
        if isinstance(prefix, str) and (PRINTABLE - {"/"}).issuperset(prefix) and len(prefix) <= MAX_LENGTH:
            return prefix
        self._problems.append(
            f'`prefix` is {prefix!r}: expected what each value begins with, such as "org_", without * ? $ {{ }} " \\ /'
        )
        return ""

    def _alphabet(self, alphabet: object) -> frozenset[str]:
        if isinstance(alphabet, str) and alphabet in ALPHABETS:
            return ALPHABETS[alphabet]
        if isinstance(alphabet, str) and len(alphabet) >= MIN_ALPHABET and _WORD.issuperset(alphabet):
            return frozenset(alphabet)
        self._problems.append(
            f"`alphabet` is {alphabet!r}: expected one of {', '.join(ALPHABETS)}, or at least {MIN_ALPHABET} of "
            "A-Z a-z 0-9 - _ written out"
        )
        return frozenset("x")


def _is_plain(text: str) -> bool:
    """Whether it may be a value at all, of some type."""
    return bool(text) and text not in {".", ".."} and (PRINTABLE - {"/"}).issuperset(text)


def _takes(row: Kind, language: Language, text: str) -> bool:
    return bool(_matcher(row, language)(text))


def _matcher(row: Kind, language: Language) -> Callable[[str], object]:
    match, also = re.compile(language.pattern()).fullmatch, row.also
    return match if also is None else lambda text: match(text) and also(text)


def _lowered(language: Language) -> Language:
    return Language(
        tuple(
            tuple(
                Segment(frozenset(char.lower() for char in segment.chars), segment.min, segment.max)
                for segment in sequence
            )
            for sequence in language.alternatives
        )
    )
