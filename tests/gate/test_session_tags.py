"""Session tags in proofs: a tag is a claim where every session with the template has it."""

import pytest

from authorizer.gate.proof import prove_settings
from authorizer.gate.session_tags import tags_of
from tests.make import make_access, sample_templates

TAGGED = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/tenant}/*"}}"""


@pytest.mark.parametrize(
    ("tags", "verdict"),
    [
        pytest.param({}, "PROVEN", id="every role sets it"),
        pytest.param({"tenant": None, "Tenant": "tenant"}, "PROVEN", id="keys have no case"),
        pytest.param({"tenant": None, "sub": "sub"}, "UNKNOWN", id="one role does not"),
        pytest.param({"tenant": "sub"}, "UNKNOWN", id="one role sets another claim"),
    ],
)
def test_a_template_s_tag_is_a_claim_where_every_role_with_it_sets_it(
    tags: dict[str, str | None], verdict: str
) -> None:
    access = make_access(
        templates={**sample_templates(), "s3-tenant": TAGGED},
        roles={
            "editor": {"policies": ["s3-tenant"]},
            "admin": {"policies": ["s3-tenant"], "session_tags": tags},
        },
    )
    (proof,) = (each for each in prove_settings(access, ["s3-tenant"]) if each.subject == "policy s3-tenant")
    assert proof.verdict == verdict
    (editor,) = (each for each in prove_settings(access, ["editor"]) if each.subject == "role editor")
    assert editor.verdict == "PROVEN"


def test_a_template_of_no_role_has_no_tags() -> None:
    settings = make_access().settings
    assert tags_of(settings.roles.values(), ["nobody-s"]) == {"nobody-s": {}}
