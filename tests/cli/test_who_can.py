"""`authorizer policy who-can` and `reach`: what they say, and with which exit code."""

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.cli.test_policy import change, project  # noqa: F401 - a fixture
from tests.make import SUB

OBJECT = "arn:aws:s3:::example-data/tenants/acme/x"


def test_everybody_who_may_is_told() -> None:
    done = run("policy", "who-can", "s3:PutObject", OBJECT)
    assert done.returncode == 0
    assert "tenant = acme" in done.stdout
    assert "with scope data:write" in done.stdout
    assert "  - group viewers, a token with scope data:write" in done.stdout
    assert "  - and 2 more ways" in done.stdout
    assert "These, and nobody else." in done.stdout
    assert "Judged by AWS's actions of " in done.stdout
    assert "'custom:tenant_id': 'acme'" in done.stdout.replace('"', "'")


def test_nobody_is_an_answer() -> None:
    done = run("policy", "who-can", "s3:PutObject", "arn:aws:s3:::another/x")
    assert (done.returncode, "Nobody." in done.stdout) == (0, True)


def test_the_answer_as_json() -> None:
    done = run(
        "policy", "who-can", "s3:ListBucket", "arn:aws:s3:::example-data", "--role", "editor", "--json"
    )
    (kind,) = json.loads(done.stdout)["kinds"]
    assert kind["role"] == "editor"
    assert kind["conditions"] == ["StringLike s3:prefix 'home/{{ sub }}/*'"]
    assert kind["through"][0]["groups"] == ["editors"]
    assert kind["example"]["role"] == "editor"
    assert kind["example"]["request"]["context"]["s3:prefix"].startswith("home/")


def test_more_of_the_request_can_be_given() -> None:
    bucket = ("s3:ListBucket", "arn:aws:s3:::example-data")
    done = run("policy", "who-can", *bucket, "--context", f"S3:Prefix=home/{SUB}/", "--json")
    (kind,) = json.loads(done.stdout)["kinds"]
    assert kind["claims"] == {"sub": SUB}
    none = run("policy", "who-can", *bucket, "--context", "s3:prefix=", "--json")
    assert json.loads(none.stdout)["kinds"] == []


def test_a_route_is_asked_by_its_method_and_path() -> None:
    done = run("policy", "who-can", "GET /users/1")
    assert done.returncode == 0
    assert "with scope users:manage" in done.stdout
    found = json.loads(run("policy", "who-can", "PUT /imports/1", "--role", "importer", "--json").stdout)
    assert [kind["example"]["request"] for kind in found["kinds"]] == [{"route": "PUT /imports/1"}]


def test_all_that_is_wrong_with_a_question_is_told_at_once() -> None:
    done = run(
        "policy",
        "who-can",
        "s3:GetObjekt",
        "nonsense",
        "--role",
        "nobody",
        "--context",
        "x",
        "--context",
        "=y",
    )
    assert done.returncode == 2
    for said in (
        "no action of 's3'",
        "'nonsense' is no ARN",
        "there is no role 'nobody'",
        "--context 'x'",
        "--context '=y'",
    ):
        assert said in done.stderr
    route = run("policy", "who-can", "GETT /x", "resource", "--context", "a:b=c")
    assert route.returncode == 2
    for said in ("a route has no resource", "is no route", "--context is for an action"):
        assert said in route.stderr


def test_what_could_not_be_told_ends_with_1(project: Path) -> None:  # noqa: F811
    change(
        project / "policies/templates/s3-client.json.j2",
        '"Resource": "arn:{{ partition }}:s3:::{{ bucket }}/clients/{{ client }}/*"',
        '"Resource": "arn:{{ partition }}:s3:::{{ bucket }}/clients/{{ client }}/*",'
        '"Condition": { "StringEquals": { "aws:SourceVpc": "a" }, "StringLike": { "aws:SourceVpc": "b" } }',
    )
    machine = "arn:aws:s3:::example-data/clients/1example23456789machine/x"
    done = run("policy", "who-can", "s3:PutObject", machine, cwd=project)
    assert done.returncode == 1
    assert (
        "UNKNOWN role importer, client = 1example23456789machine: nobody was found to show it" in done.stdout
    )
    assert "nobody else" not in done.stdout


def test_issuers_notes_and_exceptions_are_told(project: Path) -> None:  # noqa: F811
    file = project / "policies/access.toml"
    change(
        file,
        'arn          = "env:VIEWER_ROLE_ARN"',
        'arn = "env:VIEWER_ROLE_ARN"\nmanaged_policies = ["arn:aws:iam::aws:policy/X"]',
    )
    change(
        file,
        '[[issuers]]\nuser_pool  = "env:USER_POOL_ID"',
        '[[issuers]]\nuser_pool = "eu-west-1_Partner01"\nclient_ids = ["p"]\ntoken_use = ["id"]\n'
        'speaks_for = { roles = ["viewer"], groups = ["viewers"], scopes = ["data:read"], '
        'claims = { tenant = ["acme"] } }\n'
        '[[issuers]]\nspeaks_for = "any"\nuser_pool  = "env:USER_POOL_ID"',
    )
    change(
        project / "policies/templates/tenant-data.json.j2",
        '"Sid": "ListObjects",\n      "Effect": "Allow",',
        '"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:{{ partition }}:s3:::{{ bucket }}/*",'
        '"Condition": { "Bool": { "aws:SecureTransport": "false" } } },'
        '{ "Sid": "ListObjects",\n      "Effect": "Allow",',
    )
    done = run("policy", "who-can", "s3:GetObject", OBJECT, cwd=project)
    assert done.returncode == 1
    assert "eu-west-1_Partner01" in done.stdout
    assert "unless Bool" in done.stdout
    assert "UNKNOWN role viewer passes managed_policies" in done.stdout


def test_the_role_that_somebody_must_ask_for_is_told(project: Path) -> None:  # noqa: F811
    change(project / "policies/access.toml", 'token_scopes     = "either"', 'token_scopes     = "ignore"')
    done = run("policy", "who-can", "s3:PutObject", OBJECT, "--role", "viewer", cwd=project)
    assert done.returncode == 0
    assert "    and asks for role viewer" in done.stdout


def test_a_deny_has_a_row_and_no_example(project: Path) -> None:  # noqa: F811
    change(
        project / "policies/templates/s3-client.json.j2",
        '"Statement": [',
        '"Statement": [ { "Effect": "Deny", "Action": "s3:GetObject",'
        ' "Resource": "arn:{{ partition }}:s3:::{{ bucket }}/none/*" },',
    )
    done = run("policy", "reach", "--role", "importer", cwd=project)
    assert done.returncode == 0
    assert "not s3:GetObject" in done.stdout
    assert "UNKNOWN" not in done.stdout


def test_a_group_s_reach_is_a_table() -> None:
    done = run("policy", "reach", "--group", "viewers")
    assert done.returncode == 0
    assert "Roles: viewer" in done.stdout
    assert "Scopes: data:read; some may have data:write" in done.stdout
    assert "GET /data/*" in done.stdout
    assert "Note: rules may give a member another role" in done.stdout
    assert 'tenant-data.json.j2:7: {"iss": ' in done.stdout


@pytest.mark.parametrize(
    ("option", "roles"),
    [
        (("--role", "importer"), ["importer"]),
        (("--issuer", "eu-west-1_EXAMPLE01"), ["viewer", "editor", "admin", "importer"]),
        (("--persona", "editor"), ["editor"]),
        (("--persona", "machine"), ["importer"]),
        (("--persona", "two-roles"), ["admin", "viewer"]),
        (("--persona", "hostile"), []),
    ],
)
def test_whose_reach_can_be_asked(option: tuple[str, str], roles: list[str]) -> None:
    found = json.loads(run("policy", "reach", *option, "--json").stdout)
    assert found["roles"] == roles
    assert all(row["example"] for row in found["statements"])
    if option == ("--persona", "editor"):
        assert f"arn:aws:s3:::example-data/home/{SUB}/*" in [
            text for row in found["statements"] for text in row["resources"]
        ]


def test_a_refused_persona_is_told() -> None:
    done = run("policy", "reach", "--persona", "hostile")
    assert (done.returncode, "Roles: none" in done.stdout) == (0, True)
    assert "they have no session" in done.stdout


def test_all_that_is_wrong_with_a_question_about_reach_is_told_at_once(project: Path) -> None:  # noqa: F811
    done = run("policy", "reach", "--group", "g", "--role", "r", "--issuer", "i", "--persona", "p")
    assert done.returncode == 2
    for said in ("expected one of --group", "no group 'g'", "no role 'r'", "no issuer 'i'", "no persona 'p'"):
        assert said in done.stderr
    assert "found none" in run("policy", "reach").stderr
    change(
        project / "events/personas.toml",
        'roles          = ["editor"]\npreferred_role = "editor"\nclaims         = { "custom:tenant_id" = "acme", email',
        'roles = ["chief"]\npreferred_role = "editor"\nclaims         = { "custom:tenant_id" = "acme", email',
    )
    unlisted = run("policy", "reach", "--persona", "editor", cwd=project)
    assert "persona 'editor' has the role 'chief', which access.toml does not list" in unlisted.stderr


def test_what_nobody_was_found_for_ends_with_1(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    change(
        project / "policies/templates/s3-client.json.j2",
        '"Resource": "arn:{{ partition }}:s3:::{{ bucket }}/clients/{{ client }}/*"',
        '"Resource": "arn:{{ partition }}:s3:::{{ bucket }}/clients/{{ client }}/*",'
        '"Condition": { "StringEquals": { "aws:SourceVpc": "a" }, "StringLike": { "aws:SourceVpc": "b" } }',
    )
    done = run("policy", "reach", "--role", "importer", cwd=project)
    assert done.returncode == 1
    assert "UNKNOWN s3-client.json.j2:7: nobody was found who may use it" in done.stdout
    monkeypatch.setattr("authorizer.engine.prove.askers.MAX_WAYS", 0)
    undecided = run("policy", "reach", "--role", "importer", cwd=project)
    assert (undecided.returncode, "cannot be told: there are more than" in undecided.stderr) == (2, True)
    assert run("policy", "who-can", "s3:GetObject", OBJECT, cwd=project).returncode == 1
