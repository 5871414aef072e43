"""Who is asked about may be a user of a certain issuer: in `policy test`, `policy explain` and `policy render`."""

from pathlib import Path

import pytest

from authorizer.gate import issuer_of, signed
from tests.cli.test_commands import run as command
from tests.gate.test_issuers import of_the_readme
from tests.make import SUB
from tests.test_issuers import readme_access

GLOBEX, PARTNER = "eu-west-1_Globex01", "eu-west-1_Partner01"


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The bundled configuration, with the guide's issuers in place of its own."""
    access = readme_access(tmp_path)
    for case in (access.parent / "cases").glob("*.toml"):
        case.unlink()
    return access


def run(*arguments: str) -> tuple[int, str]:
    done = command(*arguments)
    return done.returncode, done.stdout + done.stderr


ASK = ("--action", "s3:GetObject", "--resource", "arn:aws:s3:::example-data/tenants/globex/x")


def explain(access: Path, issuer: str, *more: str) -> tuple[int, str]:
    who = ("--role", "viewer", "--group", "viewers", "--claim", f"sub={SUB}")
    return run("policy", "explain", "--access", str(access), *who, *ASK, "--issuer", issuer, *more)


def test_what_the_issuer_fixes_need_not_be_said(configuration: Path) -> None:
    code, said = explain(configuration, GLOBEX)
    assert code == 0, said


def test_by_its_iss_it_is_the_same_issuer(configuration: Path) -> None:
    iss = f"https://cognito-idp.eu-west-1.amazonaws.com/{GLOBEX}"
    assert explain(configuration, iss) == explain(configuration, GLOBEX)


@pytest.mark.parametrize(
    ("issuer", "more", "why"),
    [
        pytest.param(
            GLOBEX, ["--claim", "tenant=acme"], "fixed to another value", id="another tenant than is fixed"
        ),
        pytest.param(
            PARTNER, ["--claim", "tenant=globex"], "this value of the claim", id="a tenant it may not say"
        ),
        pytest.param(
            PARTNER, ["--claim", "tenant=acme", "--group", "admins"], "the group 'admins'", id="a group"
        ),
        pytest.param(
            PARTNER,
            ["--claim", "tenant=acme", "--scope", "data:write"],
            "the scope 'data:write'",
            id="a scope",
        ),
    ],
)
def test_whoever_it_may_not_speak_for_gets_no_policy(
    configuration: Path, issuer: str, more: list[str], why: str
) -> None:
    code, said = explain(configuration, issuer, *more)
    assert code == 2
    assert "no policy for this user" in said
    assert why in said


def test_a_role_that_it_may_not_speak_for_is_refused(configuration: Path) -> None:
    who = ("--role", "admin", "--claim", f"sub={SUB}", "--claim", "tenant=acme", "--issuer", PARTNER)
    code, said = run("policy", "render", "--access", str(configuration), *who)
    assert code == 2
    assert "may not speak for the role 'admin'" in said


def test_an_issuer_that_is_not_there_is_named_with_those_that_are(configuration: Path) -> None:
    code, said = explain(configuration, "eu-west-1_Nobody")
    assert code == 2
    assert "there is no issuer 'eu-west-1_Nobody'" in said
    assert GLOBEX in said


CASES = """
role = "viewer"

[users.gina]
issuer = "eu-west-1_Globex01"
groups = ["viewers"]
claims = { sub = "11111111-1111-4111-8111-111111111111" }

[users.pat]
issuer = "eu-west-1_Partner01"
groups = ["viewers"]
claims = { tenant = "globex" }

[[cases]]
name     = "who is of the tenant's own pool reads the tenant's data"
user     = "gina"
action   = "s3:GetObject"
resource = "arn:aws:s3:::{bucket}/tenants/{gina.tenant}/x"
expect   = "allow"

[[cases]]
name   = "a partner's user gets nothing of another tenant"
user   = "pat"
action   = "s3:GetObject"
resource = "arn:aws:s3:::{bucket}/tenants/globex/x"
expect = "refused"
"""


def test_cases_name_the_issuer(configuration: Path) -> None:
    file = configuration.parent / "cases" / "issuers.toml"
    file.write_text(CASES)
    _, said = run("policy", "test", "--access", str(configuration))
    assert "2 PASS" in said


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("refused", "deny", "this value of the claim 'custom:tenant_id'"),
        ("eu-west-1_Globex01", "eu-west-1_Nobody", "user 'gina': there is no issuer 'eu-west-1_Nobody'"),
        ('"eu-west-1_Globex01"', "7", "user 'gina': `issuer` is the text of an issuer"),
    ],
)
def test_a_case_that_says_otherwise_fails(configuration: Path, old: str, new: str, why: str) -> None:
    file = configuration.parent / "cases" / "issuers.toml"
    file.write_text(CASES.replace(old, new))
    code, said = run("policy", "test", "--access", str(configuration))
    assert code != 0
    assert why in " ".join(said.split())


def test_a_claim_that_access_toml_does_not_name_is_the_template_s_to_miss() -> None:
    settings = of_the_readme().settings
    issuer = issuer_of(GLOBEX, settings)
    claims, refused = signed(issuer, {"colour": "red"}, role=None, groups=(), scopes=(), settings=settings)
    assert (claims, refused) == ({"colour": "red", "tenant": "globex"}, None)
