"""Where a claim stands in a token."""

import pytest

from authorizer.syntax.claim_path import ABSENT, path_of, value_at

TOKEN = {
    "sub": "erin",
    "act": {"sub": "agent", "act": {"sub": "before"}},
    "custom:org.unit": "sales",
    "https://example.com/tenant.id": "acme",
    "email": None,
    "act.sub": "a claim of this very name",
}


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", "erin"),
        ("act.sub", "agent"),
        ("act.act.sub", "before"),
        ("custom:org.unit", "sales"),
        ("https://example.com/tenant.id", "acme"),
        ("email", None),
        ("tenant", ABSENT),
        ("act.iss", ABSENT),
        ("tenant.id", ABSENT),
        ("sub.name", None),
        ("email.domain", None),
        ("act.sub.name", None),
    ],
)
def test_a_claim_is_found_where_it_stands_and_nowhere_else(claim: str, value: object) -> None:
    assert value_at(TOKEN, claim) is value


def test_a_colon_or_a_slash_makes_one_name() -> None:
    assert path_of("custom:a.b") == ("custom:a.b",)
    assert path_of("https://a.b/c") == ("https://a.b/c",)
    assert path_of("a.b") == ("a", "b")
