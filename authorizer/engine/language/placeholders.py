"""The characters that stand for claims' values in symbolic text, and what each of them stands for.

Every claim has one, and of a list claim every item has its own. Rendering, proving, comparing and linting all read and
write this one vocabulary.
"""

from collections.abc import Collection
from typing import Final

from authorizer.engine.language.declaring import MAX_ITEMS

FIRST: Final = 0xF0000
"""First character of Unicode's private-use plane 15. No text that STS takes holds one: it takes U+0020 to U+00FF (STS
API reference, AssumeRole, `Policy`)."""
ITEMS_PER_CLAIM: Final = 128
"""Placeholders set aside for each claim, one for each item of a list."""
MAX_CLAIMS: Final = 500
"""Most declared claims. Two configurations that are compared fit into planes 15 and 16 together, all that there are."""
PATTERN: Final = "[^\x00-ÿ]"
"""A regular expression for one placeholder."""

if ITEMS_PER_CLAIM < MAX_ITEMS or FIRST + 2 * MAX_CLAIMS * ITEMS_PER_CLAIM > 0x110000:
    raise AssertionError("placeholders of two claims would be one, or lie beyond Unicode")


def is_placeholder(char: str) -> bool:
    return char > "ÿ"


class Placeholders:
    """The placeholders of these claims."""

    __slots__ = ("_names", "codes")

    def __init__(self, claims: Collection[str]) -> None:
        self._names = sorted(claims)
        self.codes = {name: FIRST + ITEMS_PER_CLAIM * number for number, name in enumerate(self._names)}
        """Claim → the code of its first placeholder; the next ones are its items, if it is a list."""

    def origin(self, placeholder: str) -> tuple[str, int]:
        """The claim that a placeholder stands for, and which of its items (0 for a single value)."""
        claim, item = divmod(ord(placeholder) - FIRST, ITEMS_PER_CLAIM)
        return self._names[claim], item
