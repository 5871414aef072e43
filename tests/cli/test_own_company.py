"""A company of one's own, from its user pool to a deployment: `init --from-pool`, judged, proven, asked, generated.

Groups owner, member and support; `org_` ids; S3 for each organisation, a table keyed ORG#…, a queue for each.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from authorizer.cli.init import init
from authorizer.cli.policy import policy
from authorizer.errors import SettingsError
from authorizer.library import KINDS
from authorizer.local.pool import AppClient, Attribute, Pool, PoolGroup, pool_of, read_pool
from authorizer.local.pool_files import files_of, tenant_of
from tests.cli.test_commands import run

REGION = "eu-west-1"
OWNER = "arn:aws:iam::123456789012:role/app/Owner"
MEMBER = "arn:aws:iam::123456789012:role/app/Member"


@contextmanager
def company() -> Iterator[str]:
    """The company's user pool, in moto: what asks the local AWS meanwhile would empty it."""
    names = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with mock.patch.dict("os.environ", names), mock_aws():
        cognito = boto3.client("cognito-idp", region_name=REGION)
        pool_id: str = cognito.create_user_pool(
            PoolName="shop",
            Schema=[
                {
                    "Name": "org_id",
                    "AttributeDataType": "String",
                    "Mutable": False,
                    "StringAttributeConstraints": {"MaxLength": "24"},
                },
                {"Name": "org_nickname", "AttributeDataType": "String", "Mutable": True},
                {"Name": "seats", "AttributeDataType": "Number", "Mutable": True},
            ],
        )["UserPool"]["Id"]
        cognito.create_user_pool_client(
            UserPoolId=pool_id, ClientName="web", WriteAttributes=["name", "custom:org_nickname"]
        )
        cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="nightly",
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=["jobs/run", "openid"],
        )
        for name, precedence, role in (("member", 10, MEMBER), ("owner", 1, OWNER), ("support", 20, None)):
            more = {"RoleArn": role} if role else {}
            cognito.create_group(UserPoolId=pool_id, GroupName=name, Precedence=precedence, **more)
        yield pool_id


@pytest.fixture
def pool() -> Iterator[str]:
    with company() as pool_id:
        yield pool_id


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `authorizer init --from-pool` leaves in an empty folder."""
    folder = tmp_path_factory.mktemp("shop")
    chosen = [part for kind in ("s3", "dynamodb", "sqs") for part in ("--policy", kind)]
    with company() as pool_id:
        done = CliRunner().invoke(init, [str(folder), "--from-pool", pool_id, *chosen])
    assert done.exit_code == 0, done.output
    assert "custom:org_nickname: users can write it themselves through web" in done.stderr
    assert "custom:org_id" not in done.stderr
    assert "machines are left out, and have no role yet: nightly" in done.stderr
    assert "roles that are yet to be made: MEMBER_2_ROLE_ARN" in done.stderr
    # The company's own key: ORG#acme, where the library has acme.
    for file in ("templates/dynamodb.json.j2", "cases/dynamodb.toml"):
        path = folder / "policies" / file
        text = path.read_text().replace('"{{ tenant }}', '"ORG#{{ tenant }}')
        path.write_text(
            text.replace('["{tenant}', '["ORG#{tenant}').replace(', "{tenant}#', ', "ORG#{tenant}#')
        )
    return folder


def test_the_configuration_says_what_the_pool_says(repository: Path) -> None:
    access = tomllib.loads((repository / "policies" / "access.toml").read_text())
    [issuer] = access["issuers"]
    assert issuer["user_pool"].startswith(f"{REGION}_")
    assert len(issuer["client_ids"]) == 1, "people's app clients alone"
    assert {name: group.get("precedence") for name, group in access["groups"].items()} == {
        "owner": 1,
        "member": 10,
        "support": 20,
    }
    arns = {name: access["roles"][group["role"]]["arn"] for name, group in access["groups"].items()}
    assert (arns["owner"], arns["member"]) == (OWNER, MEMBER)
    assert arns["support"].startswith("env:")
    assert access["claims"]["tenant"] == {"claim": "custom:org_id", "type": "slug", "max_length": 24}
    assert all(role["policies"] == ["s3", "dynamodb", "sqs"] for role in access["roles"].values())
    assert access["variables"]["bucket"] == "env:BUCKET"
    text = (repository / "policies" / "access.toml").read_text()
    assert (
        '# org_nickname = { claim = "custom:org_nickname", type = "slug", max_length = 32, user_writable = true }'
        in text
    )
    assert '# seats = { claim = "custom:seats", type = "digits"' in text


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["check"], 0),
        (["policy", "check"], 0),
        (["policy", "test"], 0),
        (["policy", "prove"], 0),
        (["invoke", "events/rest-token-allow.json"], 0),
        (["invoke", "events/closed-route-deny.json"], 1),
        (["invoke", "events/no-role-deny.json"], 1),
    ],
    ids=["check", "lint", "test", "prove", "allowed", "closed route", "no role"],
)
def test_what_is_written_runs_at_once(command: list[str], code: int, repository: Path) -> None:
    ran = run(*command, cwd=repository, home=repository / "cache")
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_deployment_follows_from_it(repository: Path) -> None:
    ran = run("deploy", "sam", "--output", "infra", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    template = (repository / "infra" / "template.yaml").read_text()
    for name in ("BUCKET", "TABLE", "SQS_QUEUE"):
        assert f"{name}: !Ref {name.title().replace('_', '')}" in template
    assert template.count("AWS::IAM::Role\n") == 2, "the execution role, and the one that the pool lacks"
    assert "OwnerRoleTrust:" in template
    assert "ORG#${aws:PrincipalTag/tenant}" in template
    steps = (repository / "infra" / "STEPS.md").read_text()
    assert "Name=custom:org_id,Value=…" in steps
    assert "--group-name owner" in steps


# ── init itself ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_policies_of_the_library_come_to_the_sample(tmp_path: Path) -> None:
    done = CliRunner().invoke(init, [str(tmp_path), "--policy", "sqs"])
    assert done.exit_code == 0, done.output
    access = tomllib.loads((tmp_path / "policies" / "access.toml").read_text())
    assert {"editor", "tenant-sqs"} <= set(access["roles"])
    assert (tmp_path / "policies" / "cases" / "sqs.toml").is_file()


def test_the_sample_with_all_of_the_library_leaves_the_lint_nothing_to_find(tmp_path: Path) -> None:
    """Statements, branches and routes: the cases that are written cover them all."""
    chosen = [option for kind in KINDS for option in ("--policy", kind.name)]
    assert CliRunner().invoke(init, [str(tmp_path), *chosen]).exit_code == 0
    done = CliRunner().invoke(policy, ["check", "--access", str(tmp_path / "policies" / "access.toml")])
    assert (done.exit_code, "no finding" in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--policy", "nonsense"], "not in the library: 'nonsense'"),
        (["--sample", "--from-pool", "eu-west-1_Abc"], "two beginnings"),
    ],
    ids=["a policy that is none", "two beginnings"],
)
def test_what_init_cannot_do_is_refused(arguments: list[str], problem: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(init, [str(tmp_path), *arguments])
    assert done.exit_code == 2
    assert problem in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pool_id", "problem"),
    [("nonsense", "expected a user pool's id"), (f"{REGION}_Absent", "cannot be read")],
)
def test_a_pool_that_cannot_be_read_is_refused(pool_id: str, problem: str, pool: str) -> None:
    assert pool
    with pytest.raises(SettingsError, match=problem):
        read_pool(pool_id)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param("\n\n", {"editor"}, id="Enter twice: the sample"),
        pytest.param(
            "\nsqs, sns\n", {"editor", "tenant-sqs", "tenant-sns"}, id="the sample and two policies"
        ),
    ],
)
def test_on_a_terminal_it_asks(answers: str, expected: set[str], tmp_path: Path) -> None:
    with mock.patch("click.testing._NamedTextIOWrapper.isatty", create=True, return_value=True):
        done = CliRunner().invoke(init, [str(tmp_path)], input=answers)
    assert done.exit_code == 0, done.output
    assert "Begin from a user pool that exists" in done.output
    roles = set(tomllib.loads((tmp_path / "policies" / "access.toml").read_text())["roles"])
    assert expected <= roles
    assert ("tenant-sqs" in roles) is ("tenant-sqs" in expected)


def test_on_a_terminal_a_pool_may_be_named(pool: str, tmp_path: Path) -> None:
    with mock.patch("click.testing._NamedTextIOWrapper.isatty", create=True, return_value=True):
        done = CliRunner().invoke(init, [str(tmp_path)], input=f"{pool}\n\n")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "policies" / "templates" / "s3.json.j2").is_file(), "s3 unless another is named"


def test_told_to_take_the_sample_it_asks_nothing(tmp_path: Path) -> None:
    with mock.patch("click.testing._NamedTextIOWrapper.isatty", create=True, return_value=True):
        done = CliRunner().invoke(init, [str(tmp_path), "--sample"])
    assert done.exit_code == 0
    assert "Begin from" not in done.output


# ── Pools of other shapes ─────────────────────────────────────────────────────────────────────────────────────────────


def attribute(name: str, *writers: str, kind: str = "String") -> Attribute:
    return Attribute(name=name, kind=kind, max_length=None, writers=writers)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([attribute("custom:colour")], None, id="none by its name"),
        pytest.param(
            [attribute("custom:tenant", "web"), attribute("custom:org")],
            "custom:org",
            id="not a writable one",
        ),
        pytest.param(
            [attribute("custom:tenant", "web")], "custom:tenant", id="a writable one if there is no other"
        ),
        pytest.param([attribute("custom:tenant", kind="Number")], None, id="no number"),
    ],
)
def test_where_a_user_belongs_is_told_by_an_attribute(
    attributes: list[Attribute], expected: str | None
) -> None:
    found = tenant_of(attributes)
    assert (found.name if found else None) == expected


def a_pool(*groups: PoolGroup, attributes: tuple[Attribute, ...] = ()) -> Pool:
    return Pool(id="eu-west-1_Abc", groups=groups, clients=(), attributes=attributes)


def test_a_pool_without_anything_has_one_group_one_role_and_the_librarys_claim() -> None:
    made = files_of(a_pool(), ["s3"], {})
    access: dict[str, Any] = tomllib.loads(made.access)
    assert access["groups"] == {"everyone": {"role": "member", "scopes": ["data:read"]}}
    assert access["roles"]["member"]["arn"] == "env:MEMBER_ROLE_ARN"
    assert access["claims"]["tenant"]["claim"] == "custom:tenant_id"
    personas = tomllib.loads(made.personas)
    assert personas["environment"] == {"MEMBER_ROLE_ARN": "arn:aws:iam::123456789012:role/member"}
    assert json.loads(made.events["rest-token-allow.json"])["authorizationToken"] == "Bearer local:everyone"
    assert any("no custom attribute" in warning for warning in made.warnings)


def test_names_that_toml_or_a_token_would_not_take_are_written_so_that_they_do() -> None:
    groups = (
        PoolGroup(name='The "A" team', precedence=None, role_arn="arn:aws:iam::1:role/x/Same Role"),
        PoolGroup(name="environment", precedence=0, role_arn="arn:aws:iam::1:role/y/same-role"),
        PoolGroup(name="ÄÖ", precedence=1, role_arn="arn:aws:iam::1:role/member"),
        PoolGroup(name="stranger", precedence=2, role_arn=None),
    )
    made = files_of(a_pool(*groups, attributes=(attribute("custom:org"),)), [], {})
    access = tomllib.loads(made.access)
    assert list(access["groups"]) == [group.name for group in groups]
    assert set(access["roles"]) == {"same-role", "same-role-2", "member", "member-2"}
    assert access["groups"]["stranger"]["role"] == "member-2"
    people = set(tomllib.loads(made.personas)) - {"environment", "stranger"}
    assert people == {"the-a-team", "environment-2", "group", "stranger-2"}


def test_names_that_end_alike_by_chance_are_told_apart() -> None:
    """A role of one account is called as another account's would be if it were counted."""
    arns = [
        f"arn:aws:iam::{account}:role/{name}"
        for account, name in ((1, "admin"), (1, "admin-2"), (2, "admin"))
    ]
    groups = [PoolGroup(name=f"g{number}", precedence=None, role_arn=arn) for number, arn in enumerate(arns)]
    access = tomllib.loads(files_of(a_pool(*groups), ["s3"], {}).access)
    assert [access["roles"][access["groups"][group.name]["role"]]["arn"] for group in groups] == arns


def test_no_group_loses_its_persona_to_another() -> None:
    groups = [
        PoolGroup(name=name, precedence=None, role_arn=None)
        for name in ("x", "x-2", "X", "stranger", "stranger-2")
    ]
    personas = tomllib.loads(files_of(a_pool(*groups), ["s3"], {}).personas)
    had = [
        person["groups"][0] for name, person in personas.items() if name not in {"environment", "stranger"}
    ]
    assert had == [group.name for group in groups]


def test_no_attribute_takes_the_name_of_another_claim() -> None:
    named = [f"custom:{name}" for name in ("tenant_id", "tenant", "sub", "a.b", "a_b", "a_b_2")]
    attributes = tuple(attribute(name) for name in named)
    text = files_of(a_pool(attributes=attributes), ["s3"], {}).access
    taken_in = re.sub(r"(?m)^# (\w+ = \{ claim)", r"\1", text)
    assert [
        claim["claim"] for claim in tomllib.loads(taken_in)["claims"].values() if "claim" in claim
    ] == named


def test_where_every_group_has_its_role_none_is_to_be_made() -> None:
    group = PoolGroup(name="owner", precedence=1, role_arn=OWNER)
    made = files_of(a_pool(group, attributes=(attribute("custom:org"),)), ["s3"], {})
    assert {name: role["arn"] for name, role in tomllib.loads(made.access)["roles"].items()} == {
        "owner": OWNER
    }
    assert made.warnings == ()


def test_the_name_of_an_app_client_ends_no_comment() -> None:
    name = 'web\n[roles.injected]\narn = "x"'
    client = AppClient(id="1", name=name, machine=False, scopes=())
    pool = Pool(id="eu-west-1_Abc", groups=(), clients=(client,), attributes=())
    access = tomllib.loads(files_of(pool, ["s3"], {}).access)
    assert set(access["roles"]) == {"member"}
    assert access["issuers"][0]["client_ids"] == ["1"]


def test_a_client_without_a_list_may_write_every_mutable_attribute() -> None:
    described = {
        "SchemaAttributes": [
            {"Name": "custom:open", "AttributeDataType": "String"},
            {"Name": "custom:fixed", "Mutable": False, "StringAttributeConstraints": {"MaxLength": "9"}},
            {"Name": "email"},
        ]
    }
    found = pool_of("eu-west-1_Abc", described, [], [{"ClientId": "1", "ClientName": "web"}])
    assert [(one.name, one.writers, one.max_length) for one in found.attributes] == [
        ("custom:open", ("web",), None),
        ("custom:fixed", (), 9),
    ]
