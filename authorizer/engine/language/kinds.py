"""The kinds of claim types: for each, the language of its values, and the same in words.

No kind's language holds `* ? $ { } " \\`, a control character or a character above U+00FF; only `arn` holds `/`. So
wildcards and policy variables cannot arrive in a value at all; escaping in `authorizer.engine.language.escape` is the
second layer. `.` and `..` are no values, since a reader of paths may give them a meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from authorizer.engine.language.languages import PRINTABLE, Language, Segment
from authorizer.engine.language.partitions import PARTITIONS

ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a declaration, checked."""

    max_length: int
    exclude: frozenset[str]
    values: tuple[str, ...]


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


def _uuid(_: Options) -> tuple[Language, str]:
    """Lower-case 8-4-4-4-12, the form of Cognito's `sub`. Upper case is refused: one user, one text."""
    hexadecimal = frozenset("0123456789abcdef")
    parts: list[Segment] = []
    for width in (8, 4, 4, 4, 12):
        parts += [*(_text("-") if parts else ()), Segment(hexadecimal, width, width)]
    return Language((tuple(parts),)), "a UUID in lower case, 8-4-4-4-12"


def _slug(options: Options) -> tuple[Language, str]:
    length = options.max_length
    first, rest = Segment(ALPHANUMERIC, 1, 1), Segment(ALPHANUMERIC | {"-", "_"}, 0, length - 1)
    words = f"1 to {length} of A-Z a-z 0-9 - _, beginning with a letter or a digit"
    return Language(((first, rest),)), words


def _email(options: Options) -> tuple[Language, str]:
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


def _enum(options: Options) -> tuple[Language, str]:
    return Language(tuple(_text(value) for value in options.values)), f"one of {', '.join(options.values)}"


def _arn(options: Options) -> tuple[Language, str]:
    """Six fields; region and account may be empty. For conditions only: no hole stands before the fifth colon."""
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


def _digits(options: Options) -> tuple[Language, str]:
    return Language(((Segment(DIGITS, 1, options.max_length),),)), f"1 to {options.max_length} digits"


def _opaque(options: Options) -> tuple[Language, str]:
    excluded = " ".join(sorted(options.exclude))
    words = (
        f'1 to {options.max_length} printable characters up to U+00FF without * ? $ {{ }} " \\ / {excluded}'
    )
    return _free(PRINTABLE - {"/"} - options.exclude, options.max_length), words.rstrip()


@dataclass(frozen=True, slots=True)
class Kind:
    """How a claim type is made, and what a declaration may say of it."""

    make: Callable[[Options], tuple[Language, str]]
    options: tuple[str, ...] = ()
    shortest: int = 1
    """Smallest `max_length`."""
    usual: int = 1
    """`max_length` where the declaration has none."""


TYPES: Mapping[str, Kind] = {
    "uuid": Kind(_uuid),
    "slug": Kind(_slug, ("max_length",), usual=63),
    "email": Kind(_email, ("max_length",), shortest=3, usual=254),
    "enum": Kind(_enum, ("values",)),
    "arn": Kind(_arn, ("max_length",), usual=256),
    "digits": Kind(_digits, ("max_length",), usual=20),
    "opaque": Kind(_opaque, ("exclude", "max_length"), usual=64),
}
"""Every claim type. To add one: a function from options to (language, words), and a row here."""
