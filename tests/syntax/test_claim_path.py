"""Where a claim stands in a token."""

import pytest

from authorizer.syntax.claim_path import ABSENT, path_of, spelled, value_at

TOKEN = {
    "sub": "erin",
    "act": {"sub": "agent", "act": {"sub": "before"}},
    "custom:org.unit": "sales",
    "https://example.com/tenant.id": "acme",
    "email": None,
    "act.sub": "a claim of this very name",
    "org.unit": "flat",
    "https://h.io/claims": {"x-org": "acme", "a.b": "dotted"},
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
        ('"org.unit"', "flat"),
        ('"https://h.io/claims".x-org', "acme"),
        ('"https://h.io/claims"."a.b"', "dotted"),
        ('"https://h.io/claims".x-user', ABSENT),
        ('"act.sub"', "a claim of this very name"),
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
    assert path_of("tenant/a.b") == ("tenant/a.b",)


@pytest.mark.parametrize(
    "claim",
    [
        "",
        '"',
        '""',
        '"a',
        'a"',
        'a"b"',
        '"a"b',
        '"a"-b',
        '"a"b"c"',
        '."a"',
        '"a".',
        '"a"..b',
        '"a".""',
        '"a\\"b"',
        '"a"."b',
    ],
    ids=str,
)
def test_quotes_that_are_not_closed_or_hold_nothing_lead_nowhere(claim: str) -> None:
    assert not all(path_of(claim))


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        (("sub",), "sub"),
        (("act", "sub"), "act.sub"),
        (("custom:a.b",), "custom:a.b"),
        (("a.b",), '"a.b"'),
        (("a.b", "c"), '"a.b".c'),
        (("https://x.y/z", "c:d"), '"https://x.y/z"."c:d"'),
        (("a b", "c"), "a b.c"),
    ],
)
def test_each_path_has_one_spelling(path: tuple[str, ...], claim: str) -> None:
    assert spelled(path) == claim
    assert path_of(claim) == path
