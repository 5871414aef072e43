"""Patterns with `*`: what they match, and at what price."""

from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from authorizer.identity.globs import Globs
from tests.strategies import starred

PATTERNS = st.text("ab*", max_size=8)
TEXTS = st.text("ab", max_size=12)
FITTING = starred("ab").map(lambda pair: ("".join(piece or "*" for piece in pair[0]), pair[1]))


def fits(pattern: str, text: str) -> bool:
    """By the definition of `*`, one character at a time."""

    @cache
    def rest(at: int, of: int) -> bool:
        if at == len(pattern):
            return of == len(text)
        if pattern[at] == "*":
            return rest(at + 1, of) or (of < len(text) and rest(at, of + 1))
        return of < len(text) and pattern[at] == text[of] and rest(at + 1, of + 1)

    return rest(0, 0)


@given(FITTING | st.tuples(PATTERNS, TEXTS))
@example(("a*a", "a"))
@example(("ab*ba", "aba"))
@example(("*ab*ba*", "aba"))
@example(("*a*a", "a"))
@example(("*a", "a"))
@example(("a*b", "ab"))
@example(("*a*b", "ab"))
def test_a_pattern_matches_by_the_definition_of_a_star(pair: tuple[str, str]) -> None:
    pattern, text = pair
    assert Globs([pattern]).match(text) == (pattern if fits(pattern, text) else None)


@given(patterns=st.lists(PATTERNS, max_size=6), text=TEXTS)
def test_of_many_patterns_one_that_fits_is_found_if_there_is_any(patterns: list[str], text: str) -> None:
    fitting = [pattern for pattern in patterns if fits(pattern, text)]
    found = Globs(patterns).match(text)
    assert found in fitting if fitting else found is None


def test_the_most_literal_pattern_is_named() -> None:
    globs = Globs(["GET/*/x", "GET/*", "GET/a/x"])
    assert globs.match("GET/a/x") == "GET/a/x"
    assert globs.match("GET/b/x") == "GET/*"


class Counted(str):
    """A text that counts the characters which are looked at."""

    __slots__ = ("looked",)
    looked: int

    def _look(self, characters: int) -> None:
        self.looked += characters

    def startswith(self, prefix: object, *rest: object) -> bool:  # type: ignore[explicit-override]
        prefixes = prefix if isinstance(prefix, tuple) else (prefix,)
        self._look(sum(map(len, prefixes)))
        return str(self).startswith(prefix)  # type: ignore[arg-type]

    def endswith(self, suffix: object, *rest: object) -> bool:  # type: ignore[explicit-override]
        self._look(len(str(suffix)))
        return str(self).endswith(str(suffix))

    def find(self, part: str, start: int, end: int) -> int:  # type: ignore[override, explicit-override]
        at = str(self).find(part, start, end)
        self._look((at if at >= 0 else end) - start + len(part))
        return at


def counted(text: str) -> Counted:
    found = Counted(text)
    found.looked = 0
    return found


HOSTILE = st.one_of(
    st.builds(lambda part, times: part * times, st.text("ab/", min_size=1, max_size=4), st.integers(0, 2000)),
    st.text("ab/", max_size=200),
)


@given(patterns=st.lists(st.text("ab/*", max_size=30), max_size=8), text=HOSTILE)
@example(patterns=["GET/*a*a*a*b"], text="GET/" + "a" * 7000)
@example(patterns=["*a" * 15 + "*b"] * 8, text="a" * 7000)
def test_no_text_is_looked_at_more_than_once_a_pattern(patterns: list[str], text: str) -> None:
    asked = counted(text)
    Globs(patterns).match(asked)
    assert asked.looked <= len(patterns) * len(text) + 3 * sum(len(pattern) + 1 for pattern in patterns)
