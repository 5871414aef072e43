"""The kinds of claim types: for each, the language of its values, and the same in words.

No kind's language holds `* ? $ { } " \\`, a control character or a character above U+00FF; only `arn` and a range of
`ip` hold `/`. So
wildcards and policy variables cannot arrive in a value at all; escaping in `authorizer.engine.language.escape` is the
second layer. `.` and `..` are no values, since a reader of paths may give them a meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from authorizer.engine.language.languages import PRINTABLE, Language, Segment, plain
from authorizer.engine.language.partitions import PARTITIONS

ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
DIGITS = frozenset("0123456789")
ALPHABETS: Mapping[str, frozenset[str]] = {
    "digits": DIGITS,
    "hex": frozenset("0123456789abcdef"),
    "base32": frozenset("abcdefghijklmnopqrstuvwxyz234567"),  # RFC 4648 §6, in lower case
    "crockford": frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ"),  # of ULIDs
    "base36": frozenset("0123456789abcdefghijklmnopqrstuvwxyz"),
    "base58": ALPHANUMERIC - frozenset("0OIl"),
    "base62": ALPHANUMERIC,
    "base64url": ALPHANUMERIC | {"-", "_"},  # RFC 4648 §5
}
"""The alphabets that have a name."""
MAX_NUMBER = 10**15 - 1
"""Largest whole number: every one of fifteen digits is one that a double holds, and others read JSON so."""
ADDRESS_BITS = 32
"""Of IPv4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a declaration, checked."""

    max_length: int
    exclude: frozenset[str]
    values: tuple[str, ...]
    prefix: str
    alphabet: frozenset[str]
    length: int
    low: int
    high: int
    widest: int


def _free(chars: frozenset[str], max_length: int) -> Language:
    """1 to `max_length` of `chars`, but neither `.` nor `..`."""
    if "." not in chars:
        return Language(((Segment(chars, 1, max_length),),))
    undotted = Segment(chars - {"."}, 1, 1)
    alternatives: list[tuple[Segment, ...]] = [(undotted, Segment(chars, 0, max_length - 1))]
    if max_length >= 2:
        alternatives.append((*plain("."), undotted, Segment(chars, 0, max_length - 2)))
    if max_length >= 3:
        alternatives.append((*plain(".."), Segment(chars, 1, max_length - 2)))
    return Language(tuple(alternatives))


def _uuid(_: Options) -> tuple[Language, str]:
    """Lower-case 8-4-4-4-12, the form of Cognito's `sub`. Upper case is refused: one user, one text."""
    hexadecimal = frozenset("0123456789abcdef")
    parts: list[Segment] = []
    for width in (8, 4, 4, 4, 12):
        parts += [*(plain("-") if parts else ()), Segment(hexadecimal, width, width)]
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
        *plain("@"),
        Segment(ALPHANUMERIC | {".", "-"}, 1, domain),
    )
    return Language(
        (sides,)
    ), f"an e-mail address, at most {local} characters before the @ and {domain} after it"


def _enum(options: Options) -> tuple[Language, str]:
    return Language(tuple(plain(value) for value in options.values)), f"one of {', '.join(options.values)}"


def _arn(options: Options) -> tuple[Language, str]:
    """Six fields; region and account may be empty. For conditions only: no hole stands before the fifth colon."""
    word = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
    resource = Segment(PRINTABLE - {" "}, 1, options.max_length)
    alternatives = tuple(
        (
            *plain(f"arn:{partition}:"),
            Segment(word, 1, 63),
            *plain(":"),
            Segment(word, 0, 32),
            *plain(":"),
            Segment(DIGITS, digits, digits),
            *plain(":"),
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


def _id(options: Options) -> tuple[Language, str]:
    """What many services write as an id: a fixed prefix, then so many characters of an alphabet."""
    sequence = (*plain(options.prefix), Segment(options.alphabet, options.length, options.length))
    after = f"{options.prefix} and then " if options.prefix else ""
    return Language((sequence,)), f"{after}{options.length} of {_spelled(options.alphabet)}"


def _spelled(alphabet: frozenset[str]) -> str:
    """Its characters in order, runs of them shortened: `0-9 a-f`."""
    runs: list[str] = []
    for char in sorted(alphabet):
        if runs and ord(char) == ord(runs[-1][-1]) + 1:
            runs[-1] += char
        else:
            runs.append(char)
    return " ".join(run if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in runs)


def _boolean(_: Options) -> tuple[Language, str]:
    return Language((plain("true"), plain("false"))), "true or false"


def _integer(options: Options) -> tuple[Language, str]:
    """Each number in its one spelling: no leading zero, no plus, no `-0`."""
    alternatives = numbers(max(0, options.low), options.high) if options.high >= 0 else []
    if options.low < 0:
        below = numbers(max(1, -options.high), -options.low)
        alternatives += [(*plain("-"), *sequence) for sequence in below]
    return Language(tuple(alternatives)), f"a whole number from {options.low} to {options.high}"


def _ip(options: Options) -> tuple[Language, str]:
    """IPv4, as four numbers. For conditions: a range is written with `/`. The language has more than that, such as
    `999.0.0.1`; `is_network` says which of it are values, and what is proven of more texts holds of fewer."""
    octet = Segment(DIGITS, 1, 3)
    address = (octet, *plain("."), octet, *plain("."), octet, *plain("."), octet)
    if options.widest == ADDRESS_BITS:
        return Language((address,)), "an IPv4 address"
    ranges = [(*address, *plain("/"), *sequence) for sequence in numbers(options.widest, ADDRESS_BITS)]
    words = f"an IPv4 address, or a range of /{options.widest} at most without host bits"
    return Language((address, *ranges)), words


def is_network(text: str) -> bool:
    """Whether a text of the language of `ip` is an address, or a range whose address is its first (RFC 4632 §3.1)."""
    address, _, prefix = text.partition("/")
    number = 0
    for octet in address.split("."):
        if int(octet) > 255 or octet != str(int(octet)):
            return False
        number = number << 8 | int(octet)
    return not prefix or number % (1 << ADDRESS_BITS - int(prefix)) == 0


def numbers(low: int, high: int) -> list[tuple[Segment, ...]]:
    """The whole numbers from `low` to `high`, neither below zero, as texts of digits without a leading zero."""
    found: list[tuple[Segment, ...]] = []
    whole: list[int] = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        least, most = 10 ** (digits - 1), 10**digits - 1
        if low <= least and most <= high:
            whole.append(digits)  # every number of so many digits; zero is the one that begins with a zero
        else:
            found += _same_length(str(max(low, least if digits > 1 else 0)), str(min(high, most)))
    if whole:
        found.append((_digits_of(1, 9), Segment(DIGITS, whole[0] - 1, whole[-1] - 1)))
    return [*([plain("0")] if low == 0 and whole[:1] == [1] else []), *found]


def _same_length(low: str, high: str) -> list[tuple[Segment, ...]]:
    """The texts from `low` to `high`, which have as many digits each."""
    if not low:
        return [()]
    rest = len(low) - 1
    zeros, nines = "0" * rest, "9" * rest
    if low[0] == high[0]:
        return [(*plain(low[0]), *tail) for tail in _same_length(low[1:], high[1:])]
    first, last = int(low[0]), int(high[0])
    found: list[tuple[Segment, ...]] = []
    if low[1:] != zeros:
        found += [(*plain(low[0]), *tail) for tail in _same_length(low[1:], nines)]
        first += 1
    if high[1:] != nines:
        found += [(*plain(high[0]), *tail) for tail in _same_length(zeros, high[1:])]
        last -= 1
    if first <= last:
        found.append((_digits_of(first, last), *([Segment(DIGITS, rest, rest)] if rest else [])))
    return found


def _digits_of(first: int, last: int) -> Segment:
    return Segment(frozenset(map(str, range(first, last + 1))), 1, 1)


def _bool_text(value: object) -> object:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _integer_text(value: object) -> object:
    if type(value) is int and abs(value) <= MAX_NUMBER:  # `bool` is an `int` to Python, and no number to JSON
        return str(value)
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """How a claim type is made, and what a declaration may say of it."""

    make: Callable[[Options], tuple[Language, str]]
    options: tuple[str, ...] = ()
    required: Mapping[str, str] = field(default_factory=dict)
    """Options that a declaration must have, each with what is expected of it."""
    shortest: int = 1
    """Smallest `max_length`."""
    usual: int = 1
    """`max_length` where the declaration has none."""
    cased: bool = False
    """Whether a claim of this type may be declared `lower_case`."""
    strict: bool = False
    """Whether a fallback must be of the type: it stands where nothing else is understood."""
    as_text: Callable[[object], object] | None = None
    """From a JSON value that is no text and says what a text of the type does, to that text."""
    also: Callable[[str], bool] | None = None
    """What a text of the language must be besides, where that is no matter of languages."""


TYPES: Mapping[str, Kind] = {
    "uuid": Kind(_uuid, cased=True),
    "slug": Kind(_slug, ("max_length",), usual=63, cased=True),
    "id": Kind(
        _id,
        ("prefix", "alphabet", "length"),
        {
            "alphabet": f"one of {', '.join(ALPHABETS)}, or its characters",
            "length": "how many of them follow",
        },
        cased=True,
    ),
    "email": Kind(_email, ("max_length",), shortest=3, usual=254, cased=True),
    "enum": Kind(_enum, ("values",), {"values": "a list of texts"}, cased=True),
    "arn": Kind(_arn, ("max_length",), usual=256, strict=True),
    "digits": Kind(_digits, ("max_length",), usual=20),
    "integer": Kind(_integer, ("min", "max"), strict=True, as_text=_integer_text),
    "boolean": Kind(_boolean, strict=True, as_text=_bool_text),
    "ip": Kind(_ip, ("widest",), strict=True, also=is_network),
    "opaque": Kind(_opaque, ("exclude", "max_length"), usual=64, cased=True),
}
"""Every claim type. To add one: a function from options to (language, words), and a row here."""
