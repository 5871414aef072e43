"""Claim types: one declaration both checks a value at run time and is the language that the prover quantifies over.

A type is a `Language`, and `ClaimType.check` is that language compiled to a regular expression. The two
cannot drift apart, so a proof speaks about exactly the values that reach a policy.

No type's language holds `* ? $ { } " \\`, a control character or a character above U+00FF; only `arn` holds
`/`. Wildcards and policy variables therefore cannot arrive in a value at all; escaping in
`authorizer.engine.language.escape` is the second layer. `.` and `..` are no values, since a reader of paths may give
them a meaning.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.escape import literal

ClaimValue = str | tuple[str, ...]

FORBIDDEN = frozenset('*?$"\\{}')
"""Never in a value. `* ?` are IAM's wildcards, `$ { }` its variables (IAM User Guide, "IAM policy elements:
Variables and tags"); `"` and `\\` are JSON's."""
PRINTABLE = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)))) - FORBIDDEN
"""What STS takes in `Policy` (U+0020–U+00FF, API reference, AssumeRole) less control characters, the invisible
no-break space and soft hyphen, and `FORBIDDEN`. Text of these is always in Unicode's normal form C."""
ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
DIGITS = frozenset("0123456789")
MAX_LENGTH = 1024
"""Largest `max_length`: half of a whole session policy."""
MAX_ITEMS = 100
"""Largest `max_items` of a list."""


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
    known = {"type", "list", "max_items", *row.options}
    problems += [f"type `{name}` has no option `{key}`" for key in spec if key not in known]
    is_list = spec.get("list", False)
    if not isinstance(is_list, bool):
        problems.append("`list` is neither true nor false")
    max_items = _whole(spec.get("max_items", None if is_list else 1), "max_items", 1, MAX_ITEMS, problems)
    if not is_list and "max_items" in spec:
        problems.append("`max_items` is for a list: add `list = true`")
    options = _Options(
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
        problems.append('`exclude` is no text: expected the characters to refuse, such as ":,"')
        return frozenset()
    if PRINTABLE - {".", "/"} <= frozenset(exclude):
        problems.append("`exclude` leaves nothing to allow")
    return frozenset(exclude)


def _enum_values(values: object, problems: list[str]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not values:
        problems.append("`values` is no list of texts, or empty")
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


# ── Languages ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The options of a declaration, checked."""

    max_length: int
    exclude: frozenset[str]
    values: tuple[str, ...]


def _class(chars: frozenset[str]) -> str:
    return "".join(re.escape(char) for char in sorted(chars))


def _text(text: str) -> tuple[Segment, ...]:
    return tuple(Segment(frozenset(char), 1, 1) for char in text)


def _free(chars: frozenset[str], max_length: int) -> Language:
    """1 to `max_length` of `chars`, but neither `.` nor `..`."""
    if "." not in chars:
        return Language(((Segment(chars, 1, max_length),),))
    undotted = Segment(chars - {"."}, 1, 1)
    alternatives: list[tuple[Segment, ...]] = [(undotted, Segment(chars, 0, max_length - 1))]
    if max_length >= 2:
        alternatives.append((*_text("."), undotted, Segment(chars, 0, max_length - 2)))
    if max_length >= 3:
        alternatives.append((*_text(".."), Segment(chars, 1, max_length - 2)))
    return Language(tuple(alternatives))


def _uuid(_: _Options) -> tuple[Language, str]:
    """Lower-case 8-4-4-4-12, the form of Cognito's `sub`. Upper case is refused: one user, one text."""
    hexadecimal = frozenset("0123456789abcdef")
    parts: list[Segment] = []
    for width in (8, 4, 4, 4, 12):
        parts += [*(_text("-") if parts else ()), Segment(hexadecimal, width, width)]
    return Language((tuple(parts),)), "a UUID in lower case, 8-4-4-4-12"


def _slug(options: _Options) -> tuple[Language, str]:
    length = options.max_length
    first, rest = Segment(ALPHANUMERIC, 1, 1), Segment(ALPHANUMERIC | {"-", "_"}, 0, length - 1)
    words = f"1 to {length} of A-Z a-z 0-9 - _, beginning with a letter or a digit"
    return Language(((first, rest),)), words


def _email(options: _Options) -> tuple[Language, str]:
    """`max_length` is shared out: the part before `@` gets at most 64 (RFC 5321 §4.5.3.1.1) and at most half."""
    local = min(64, (options.max_length - 1) // 2)
    domain = options.max_length - 1 - local
    sides = (
        Segment(ALPHANUMERIC | frozenset(".!#%&'+=^_`|~-"), 1, local),
        *_text("@"),
        Segment(ALPHANUMERIC | {".", "-"}, 1, domain),
    )
    return Language(
        (sides,)
    ), f"an e-mail address, at most {local} characters before the @ and {domain} after it"


def _enum(options: _Options) -> tuple[Language, str]:
    return Language(tuple(_text(value) for value in options.values)), f"one of {', '.join(options.values)}"


def _arn(options: _Options) -> tuple[Language, str]:
    """Six fields; region and account may be empty. Useful in conditions only: no hole stands before the fifth
    colon."""
    word = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
    resource = Segment(PRINTABLE - {" "}, 1, options.max_length)
    alternatives = tuple(
        (
            *_text(f"arn:{partition}:"),
            Segment(word, 1, 63),
            *_text(":"),
            Segment(word, 0, 32),
            *_text(":"),
            Segment(DIGITS, digits, digits),
            *_text(":"),
            resource,
        )
        for partition in PARTITIONS
        for digits in (0, 12)
    )
    return Language(alternatives), f"an ARN of six fields, the last at most {options.max_length} characters"


def _digits(options: _Options) -> tuple[Language, str]:
    return Language(((Segment(DIGITS, 1, options.max_length),),)), f"1 to {options.max_length} digits"


def _opaque(options: _Options) -> tuple[Language, str]:
    excluded = " ".join(sorted(options.exclude))
    words = (
        f'1 to {options.max_length} printable characters up to U+00FF without * ? $ {{ }} " \\ / {excluded}'
    )
    return _free(PRINTABLE - {"/"} - options.exclude, options.max_length), words.rstrip()


PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
"""What the second field of an ARN may be (AWS General Reference, "Amazon Resource Names"; botocore's `partitions`)."""


@dataclass(frozen=True, slots=True)
class _Row:
    """How a claim type is made, and what may be said of it."""

    make: Callable[[_Options], tuple[Language, str]]
    options: tuple[str, ...] = ()
    shortest: int = 1
    """Smallest `max_length`."""
    usual: int = 1
    """`max_length` where the declaration has none."""


TYPES: Mapping[str, _Row] = {
    "uuid": _Row(_uuid),
    "slug": _Row(_slug, ("max_length",), usual=63),
    "email": _Row(_email, ("max_length",), shortest=3, usual=254),
    "enum": _Row(_enum, ("values",)),
    "arn": _Row(_arn, ("max_length",), usual=256),
    "digits": _Row(_digits, ("max_length",), usual=20),
    "opaque": _Row(_opaque, ("exclude", "max_length"), usual=64),
}
"""Every claim type. To add one: a function from options to (language, words), and a row here."""
