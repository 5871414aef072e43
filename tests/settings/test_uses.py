"""What a role uses of a caller's claims: a claim that counts as unused is neither read nor judged."""

import pytest

from authorizer.errors import SettingsError
from tests.make import make_settings

FORMS = [
    "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01",
    "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01",
]
POOL = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"]}
PLAIN = {**POOL, "user_pool": None, "kind": "oidc"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source_identity": "{client}"}, id="the source identity"),
        pytest.param({"source_identity": "x-{sub}.{client}"}, id="a part of the source identity"),
        pytest.param({"session_name": "{client}"}, id="the session's name"),
        pytest.param({"session_tags": {"client": "client"}}, id="a session tag"),
        pytest.param({"policies": ["s3-client"]}, id="a template"),
    ],
)
def test_a_role_uses_what_any_of_its_parts_mention(changes: dict[str, object]) -> None:
    usual: dict[str, object] = {
        "source_identity": None,
        "session_name": "{sub}",
        "session_tags": {},
        "transitive_tags": [],
    }
    settings = make_settings(roles={"viewer": {"policies": ["s3-tenant"], **usual}})
    assert settings.roles["viewer"].uses == {"sub", "tenant"}
    settings = make_settings(roles={"viewer": {"policies": ["s3-tenant"], **usual, **changes}})
    assert "client" in settings.roles["viewer"].uses


@pytest.mark.parametrize(
    ("tables", "iss"),
    [
        pytest.param([POOL, POOL], FORMS[0], id="a user pool twice"),
        pytest.param(
            [POOL, {**POOL, "issuer_forms": ["updated"]}], FORMS[1], id="one form of a user pool twice"
        ),
        pytest.param(
            [{**POOL, "issuer_forms": ["original"]}, {**PLAIN, "issuer": FORMS[0]}],
            FORMS[0],
            id="a user pool by its URL",
        ),
    ],
)
def test_an_issuer_is_configured_once(tables: list[dict[str, object]], iss: str) -> None:
    """Or the rules for its tokens would be those of whichever table comes last."""
    listed = [{name: value for name, value in table.items() if value is not None} for table in tables]
    with pytest.raises(SettingsError) as caught:
        make_settings(issuers=listed)
    assert any(f"the issuer {iss!r} is configured twice" in problem for problem in caught.value.problems)


def test_two_forms_of_one_pool_in_two_tables_are_two_issuers() -> None:
    settings = make_settings(
        issuers=[{**POOL, "issuer_forms": ["original"]}, {**POOL, "issuer_forms": ["updated"]}]
    )
    assert sorted(settings.issuers) == sorted(FORMS)
