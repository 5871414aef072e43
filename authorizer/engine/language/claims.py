"""Claim types: one declaration both checks a value at run time and is the language that the prover quantifies over.

A type is a `Language`, and `ClaimType.check` is that language compiled to a regular expression. The two cannot drift
apart, so a proof speaks about exactly the values that reach a policy.

A declaration may also say how a token's value becomes one of these: as which text a list is written, that case does not
count, what stands in for an absent claim. Each is a property that the prover, the comparison and the lint read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from authorizer.engine.language.errors import ValueRefused
from authorizer.engine.language.languages import FORBIDDEN, PRINTABLE, Language
from authorizer.engine.language.lists import joined, split

ClaimValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimType:
    """One declared type, such as `{ type = "slug", max_length = 32 }`. Made by `declare`."""

    name: str
    language: Language
    """What one value (of a list: one item) may be, the fallback among them."""
    expected: str
    """The type in words, for messages."""
    is_list: bool
    """True for a list of values, which templates loop over."""
    max_items: int
    """Most items of a list; 1 for a single value."""
    written: str | None
    """How a text says a list, a row of `lists.WRITTEN`; None where only a list does."""
    lower_case: bool
    """Whether values that differ in case alone are one: each is read in lower case, and `language` holds no other."""
    fallback: str | None
    """The value of whoever has no such claim."""
    sayable: bool
    """Whether a token may say the fallback itself, so that who says nothing is one with who says that."""
    _match: Callable[[str], object | None] = field(repr=False, compare=False)
    _as_text: Callable[[object], object] | None
    """From a JSON value that says what a text of this type says, such as `true`, to that text; None: there is none."""

    @property
    def max_length(self) -> int:
        """Longest rendered form of one value, in characters."""
        return self.language.max_length

    @property
    def own(self) -> Language:
        """What a token may say: `language` less a fallback that none may."""
        if self.fallback is None or self.sayable:
            return self.language
        return Language(self.language.alternatives[:-1])

    @property
    def of_json(self) -> object:
        """How a JSON value is read that is no text: the same for two types that read all of them alike. None: it is not
        taken."""
        return self._as_text

    def check(self, value: object) -> ClaimValue:
        """The value, believed from here on: text, or for a list type a tuple of at least one text.

        Raises `ValueRefused` for anything else. Nothing is repaired beyond what the declaration says: a number is not
        text but of type `integer`, and text is no list but where `list` says how it is written.
        """
        if not self.is_list:
            text = self._text(value)
            if type(text) is str and self._match(text):
                return text
            raise ValueRefused(self._reason(value))
        if isinstance(value, str) and self.written is not None:
            value = split(value, self.written, longest=self.language.max_length, max_items=self.max_items)
        if not isinstance(value, list | tuple):
            raise ValueRefused(
                f"is no list: expected a list of at most {self.max_items}, each {self.expected}"
            )
        if not 0 < len(value) <= self.max_items:
            raise ValueRefused(f"has {len(value)} items: expected 1 to {self.max_items}")
        items: list[str] = []
        for number, item in enumerate(value, start=1):
            text = self._text(item)
            if not (type(text) is str and self._match(text)):
                raise ValueRefused(f"item {number} {self._reason(item)}")
            items.append(text)
        return tuple(items)

    def accepts(self, value: object) -> bool:
        """Whether a value is of the declared type: whether it could reach a policy at all."""
        try:
            self.check(value)
        except ValueRefused:
            return False
        return True

    def said(self, value: object) -> ClaimValue:
        """As `check`, of what a token says: a fallback that is not of the type itself is nobody's to say."""
        checked = self.check(value)
        if checked == self.fallback and not self.sayable:
            raise ValueRefused(f"is the fallback of those without it: expected {self.expected}")
        return checked

    def of_one(self, text: str) -> ClaimValue:
        """One value, as a claim of this type is: of a list, its only member."""
        return (text,) if self.is_list else text

    def spelled(self, value: object) -> object:
        """The value as a token may say it: of a list, the text where the declaration says how one is written."""
        if not isinstance(value, tuple):
            return value
        return list(value) if self.written is None else joined(value, self.written)

    def _text(self, value: object) -> object:
        if self._as_text is not None:
            value = self._as_text(value)
        if self.lower_case and type(value) is str and value and max(value) <= "ÿ":
            return value.lower()  # of Latin-1 alone: the Kelvin sign's lower case is a plain `k`
        return value

    def _reason(self, value: object) -> str:
        if not isinstance(value, str):
            cause = "is no text" if self._as_text is None else f"is not of type `{self.name}`"
        elif not value:
            cause = "is empty"
        elif any(char not in PRINTABLE and char not in FORBIDDEN for char in value):
            cause = "holds a character that no session policy may hold"
        elif FORBIDDEN.intersection(value):
            cause = 'holds one of * ? $ { } " \\, which could change the meaning of a policy'
        else:
            cause = f"is not of type `{self.name}`"
        return f"{cause}: expected {self.expected}"
