"""Escaping: what comes back from JSON and from IAM is what went in."""

import json

from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.evaluate.patterns import parse_pattern
from authorizer.engine.language.escape import literal, quoted


@given(st.text())
def test_quoted_text_is_the_same_text_in_json(text: str) -> None:
    assert json.loads(f'"{quoted(text)}"') == text


@given(st.text() | st.text('$*?{}"\\a\n\x7f'))
def test_literal_text_is_a_pattern_that_is_that_text(text: str) -> None:
    pattern = json.loads(f'"{literal(text)}"')
    assert parse_pattern(pattern) == ((text,) if text else ())


@given(st.text())
def test_literal_changes_nothing_but_what_it_must(text: str) -> None:
    plain = "".join(char for char in text if char >= " " and char not in '$*?"\\\x7f')
    assert literal(plain) == plain


def test_no_control_character_stands_in_json_as_itself() -> None:
    controls = "".join(map(chr, (*range(0x20), 0x7F)))
    for escaped in (quoted(controls), literal(controls)):
        assert escaped.isascii()
        assert escaped.isprintable()
