"""Dates: what IAM stores, what leaves no doubt, and that the one is among the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.dates import _PLAIN, is_loose_date, is_plain_date, seconds_of
from authorizer.engine.document.operators import expected_value


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        *((text, True) for text in ("2026", "2026-1", "2026-01-9", "2026-01-01T1", "2026-01-01t00:00:00z")),
        *((text, True) for text in ("2026-01-01T24:00", "2026-01-01T0:0:0.123456789+0100", "2026T", "-5-12")),
        *((text, True) for text in ("1234567890-01", str(2**63 - 1), str(-(2**63)), "+7", "00000000000000000000007")),
        *((text, False) for text in ("", "soon", "2026x", "2026-13", "2026-01-32", "2026-01-01T25", "12345678901-01")),
        *((text, False) for text in ("2026-01-01T0:0:0.1234567890", str(2**63), str(-(2**63) - 1), "1" * 20)),
        *((text, False) for text in ("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx")),
    ],
)  # fmt: skip
def test_a_date_is_what_iam_takes_for_one(text: str, taken: bool) -> None:
    assert is_loose_date(text) is taken


@pytest.mark.parametrize("text", ["٢٠٢٦-01-01T00:00:00Z", "١٧٩٥٢٥١٦٠٠"])
def test_other_scripts_digits_make_no_date(text: str) -> None:
    """Python's own idea of a digit has hundreds."""
    assert not is_plain_date(text)
    assert not is_loose_date(text)
    assert expected_value("numeric", text[-2:]) is not None


@given(st.from_regex(_PLAIN, fullmatch=True))
def test_a_date_without_doubt_is_one_that_iam_stores_and_that_has_a_meaning(text: str) -> None:
    """Left are a day that its month does not have, and the year before the first: their form is that of a date."""
    assert is_plain_date(text)
    assert is_loose_date(text)
    assert seconds_of(text) is not None or text[8:10] in {"29", "30", "31"} or text[:4] == "0000"
