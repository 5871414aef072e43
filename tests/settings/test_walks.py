"""Paths that a backend may read as others: one definition, written twice, as code and as IAM's patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.evaluate.patterns import Concrete, matches, parse_pattern
from authorizer.settings.walks import GLOBS, walks, why_closed

PATTERNS: tuple[Concrete, ...] = tuple(
    parse_pattern(glob, variables=False)  # type: ignore[misc] # without variables there are none in it
    for glob in GLOBS
)


def denied(route: str) -> bool:
    """Whether the Deny of a policy answer is about a method and path."""
    return any(matches(pattern, route) for pattern in PATTERNS)


WALKING = (
    "//", "/a//b", "/.", "/..", "/a/.", "/./a", "/a/..", "/../a", "/a/../b", "/a;b", "/a/;/b", "/..;/b",
    r"/a\b",
)  # fmt: skip
ENCODED = (
    "%2e", "%2E", "%2f", "%2F", "%3b", "%3B", "%5c", "%5C", "%25", "%252e", "%00",
)  # fmt: skip
PLAIN = (
    "/", "/a", "/a/", "/a.b", "/.a", "/..a", "/a..", "/a./b", "/...", "/.../a", "/.well-known/x", "/a:b",
    "/a%20b", "/%C3%A9", "/a%5B1%5D", "/a%2", "/a%", "/a,b", "/a*", "$connect",
)  # fmt: skip


@pytest.mark.parametrize("path", [*WALKING, *(f"/a{code}b" for code in ENCODED)])
def test_a_path_that_a_backend_may_read_as_another_walks(path: str) -> None:
    assert walks(path)
    assert denied(f"GET{path}")
    assert "no scope opens" in why_closed(path)


@pytest.mark.parametrize("path", PLAIN)
def test_any_other_path_does_not(path: str) -> None:
    assert not walks(path)
    assert not denied(f"GET{path}")
    assert "do not open" in why_closed(path)


HOSTILE = st.lists(
    st.sampled_from(
        ["/", ".", ";", "\\", "%", "2", "5", "e", "E", "f", "F", "3", "0", "b", "B", "c", "C", "a", "?", "*"]
    )
    | st.characters(),
    max_size=12,
).map(lambda parts: f"/{''.join(parts)}")


@given(path=HOSTILE, method=st.sampled_from(["GET", "DELETE"]))
def test_code_and_patterns_say_the_same(path: str, method: str) -> None:
    assert denied(f"{method}{path}") is walks(path)


@given(path=HOSTILE)
def test_the_case_of_a_code_s_digits_does_not_matter(path: str) -> None:
    swapped = re.sub(r"%[0-9A-Fa-f]{2}", lambda code: code[0].swapcase(), path)
    assert walks(swapped) is walks(path)
