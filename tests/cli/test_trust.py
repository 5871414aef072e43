"""`authorizer trust`, run as a person runs it: about the sample, unless a test says otherwise."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authorizer.engine.document.document import dump
from authorizer.engine.prove.role_policy import role_policy
from tests.cli.test_commands import run
from tests.make import ROOT, sample_access

ROLE = "arn:aws:iam::123456789012:role/authorizer"


def printed(*arguments: str, **options: Any) -> tuple[Any, str]:
    ran = run(*arguments, "--sample", **options)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout), ran.stderr


def test_trust_prints_every_policy_that_the_bundled_roles_need() -> None:
    papers, told = printed("trust", "--execution-role", ROLE)
    assert papers["execution_role"]["arn"] == ROLE
    assumed = papers["execution_role"]["policy"]["Statement"][0]["Resource"]
    assert sorted(assumed) == sorted(role["arn"] for role in papers["roles"].values())
    for role in papers["roles"].values():
        for statement in role["trust_policy"]["Statement"]:
            assert statement["Principal"] == {"AWS": ROLE}
    assert "sts:TagSession" in told


FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer"


def test_trust_prints_what_each_role_may_do_at_most() -> None:
    settings, templates = sample_access()
    papers, told = printed("trust", "--execution-role", ROLE)
    for name, role in settings.roles.items():
        limit = role_policy(templates, role.policies, tags=role.session_tags)
        assert papers["roles"][name]["role_policy"] == json.loads(dump(limit.document))
    viewer = json.dumps(papers["roles"]["viewer"]["role_policy"])
    assert "tenants/${aws:PrincipalTag/tenant}/*" in viewer
    assert "a session without its policy" not in told
    cloud, _ = printed("trust", "--execution-role", ROLE, "--cloudformation")
    [own] = cloud["Resources"]["ViewerRole"]["Properties"]["Policies"]
    assert own["PolicyDocument"] == papers["roles"]["viewer"]["role_policy"]


def test_trust_says_what_a_role_s_own_policy_leaves_open(tmp_path: Path) -> None:
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    template = tmp_path / "policies" / "templates" / "s3-client.json.j2"
    template.write_text(template.read_text().replace('"Allow"', '"Deny"'))
    access = tmp_path / "policies" / "access.toml"
    managed = '[roles.viewer]\nmanaged_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]'
    access.write_text(access.read_text().replace("[roles.viewer]", managed))
    _, told = printed("trust", "--execution-role", ROLE, cwd=tmp_path)
    assert "role importer: its templates allow nobody anything" in told
    assert "role viewer: its own policy has nothing of its managed policies" in told


def test_trust_says_what_is_longer_than_iam_takes(tmp_path: Path) -> None:
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    statement = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/%s/*"}'
    ways = "{% el".join(
        f'if "{number}" in scopes %}}{statement % (str(number) * 700)}' for number in range(16)
    )
    template = (
        f'{{"Version":"2012-10-17","Statement":[{{% {ways}{{% else %}}{statement % "x"}{{% endif %}}]}}'
    )
    (tmp_path / "policies" / "templates" / "s3-client.json.j2").write_text(template)
    functions = [argument for number in range(14) for argument in ("--function", f"{FUNCTION}-{number}")]
    papers, told = printed("trust", "--execution-role", ROLE, *functions, cwd=tmp_path)
    size = len(json.dumps(papers["roles"]["editor"]["trust_policy"], separators=(",", ":")))
    assert f"role editor: trust policy of {size} characters: raise the quota of 2048" in told
    size = len(json.dumps(papers["roles"]["importer"]["role_policy"], separators=(",", ":")))
    assert size > 10_240
    assert f"role importer: role policy of {size} characters, and a role's inline policies have 10240" in told
    assert "role editor: role policy of" not in told


def test_trust_names_the_functions_that_may_assume_the_roles_or_says_that_any_may() -> None:
    open_, told = printed("trust", "--execution-role", ROLE)
    assert "lambda:SourceFunctionArn" not in json.dumps(open_)
    assert "Every function that runs as this execution role may assume these roles" in told
    functions = ["--function", FUNCTION, "--function", f"{FUNCTION}-simple"]
    named, told = printed("trust", "--execution-role", ROLE, *functions)
    assert "Every function" not in told
    arns = [FUNCTION, f"{FUNCTION}:*", f"{FUNCTION}-simple", f"{FUNCTION}-simple:*"]
    [deny] = [each for each in named["execution_role"]["policy"]["Statement"] if each["Effect"] == "Deny"]
    assert deny["Condition"] == {"ArnNotEquals": {"lambda:SourceFunctionArn": arns}}
    for role in named["roles"].values():
        condition = role["trust_policy"]["Statement"][0]["Condition"]
        assert condition["ArnEqualsIfExists"] == {"lambda:SourceFunctionArn": arns}
    cloud, _ = printed("trust", "--execution-role", ROLE, "--cloudformation", *functions)
    assert json.dumps(cloud).count(f'"{FUNCTION}"') == 5


def test_trust_prints_cloudformation_for_each_account() -> None:
    template, _ = printed("trust", "--execution-role", ROLE, "--cloudformation")
    kinds = sorted(resource["Type"] for resource in template["Resources"].values())
    assert kinds == ["AWS::IAM::ManagedPolicy", *["AWS::IAM::Role"] * 4]
    abroad = {"VIEWER_ROLE_ARN": "arn:aws:iam::210987654321:role/viewer"}
    template, told = printed(
        "trust", "--execution-role", ROLE, "--cloudformation", "--account", "210987654321", variables=abroad
    )
    assert list(template["Resources"]) == ["ViewerRole"]
    assert "role viewer: in another account" in told


def a_copy(folder: Path, change: Callable[[str], str]) -> tuple[str, ...]:
    """Options for a copy of the bundled configuration, with its access.toml changed."""
    shutil.copytree(ROOT / "policies", folder / "policies")
    (folder / "events").mkdir()
    shutil.copy(ROOT / "events" / "personas.toml", folder / "events")
    access = folder / "policies" / "access.toml"
    access.write_text(change(access.read_text()))
    return "--execution-role", ROLE, "--access", str(access)


def test_trust_tells_what_a_role_alone_does_not_keep_apart(tmp_path: Path) -> None:
    chosen = a_copy(tmp_path, lambda text: text.replace(', sub = "sub" }', " }"))
    papers, told = printed("trust", *chosen)
    assert "role editor: a session without its policy would reach what is anybody's by `sub`" in told
    assert "role viewer" not in told
    assert "home/*/*" in json.dumps(papers["roles"]["editor"]["role_policy"])


def test_trust_tells_what_seals_and_tables_need(tmp_path: Path) -> None:
    theirs = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:theirs-AbCdEf"
    more = (
        '\n[shared_cache]\ntable = "sessions"\n'
        f'[sealing]\nsource = "secretsmanager"\nkeys = "{theirs}"\n'
        '[private_sealing]\nsource = "secretsmanager"\nkeys = "own"\n'
    )
    chosen = a_copy(tmp_path, lambda text: text + more)
    papers, told = printed("trust", *chosen)
    assert f"The execution role and the backends may read the keys of [sealing] in {theirs}." in told
    assert "The execution role and no backend may read the keys of [private_sealing] in own." in told
    readable = {
        statement["Sid"]: statement["Resource"]
        for statement in papers["execution_role"]["policy"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue"
    }
    own = "arn:aws:secretsmanager:*:123456789012:secret:own-??????"
    assert readable == {"ReadSealingKeys": theirs, "ReadPrivateSealingKeys": own}
    [backend] = papers["backends"]["policy"]["Statement"]
    assert (backend["Action"], backend["Resource"]) == ("secretsmanager:GetSecretValue", theirs)
    template, _ = printed("trust", *chosen, "--cloudformation")
    document = template["Resources"]["ExecutionPolicy"]["Properties"]["PolicyDocument"]
    assert document == papers["execution_role"]["policy"]


@pytest.mark.parametrize(
    ("table", "function", "expected"),
    [
        pytest.param('"sessions"', (), "dynamodb:*:123456789012:table/sessions", id="its name"),
        pytest.param(
            '"sessions"',
            ("--function", FUNCTION),
            "dynamodb:eu-west-1:123456789012:table/sessions",
            id="near a function",
        ),
        pytest.param(
            '"sessions"\nregion = "eu-north-1"',
            ("--function", FUNCTION),
            "dynamodb:eu-north-1:123456789012:table/sessions",
            id="its name and Region",
        ),
        pytest.param(
            '"arn:aws:dynamodb:eu-west-2:210987654321:table/theirs"',
            (),
            "dynamodb:eu-west-2:210987654321:table/theirs",
            id="its ARN",
        ),
    ],
)
@pytest.mark.parametrize("form", [(), ("--cloudformation",)], ids=["JSON", "CloudFormation"])
def test_the_shared_table_is_among_what_the_execution_role_may_use(
    table: str, function: tuple[str, ...], expected: str, form: tuple[str, ...], tmp_path: Path
) -> None:
    more = f'\n[shared_cache]\ntable = {table}\n[private_sealing]\nkeys = "own"\n'
    papers, _ = printed("trust", *a_copy(tmp_path, lambda text: text + more), *function, *form)
    if form:
        statements = papers["Resources"]["ExecutionPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    else:
        statements = papers["execution_role"]["policy"]["Statement"]
    [found] = [one for one in statements if one["Sid"] == "ShareSessions"]
    assert found["Resource"] == f"arn:aws:{expected}"


OTHER = "arn:aws:iam::123456789012:role/backend"


def test_two_execution_roles_are_both_trusted() -> None:
    both = ("--execution-role", ROLE, "--execution-role", OTHER)
    papers, _ = printed("trust", *both)
    assert papers["execution_role"]["arn"] == [ROLE, OTHER]
    for role in papers["roles"].values():
        assert [one["Principal"] for one in role["trust_policy"]["Statement"]] == [{"AWS": [ROLE, OTHER]}] * 2
    cloud, _ = printed("trust", *both, "--cloudformation")
    assert cloud["Resources"]["ExecutionPolicy"]["Properties"]["Roles"] == ["authorizer", "backend"]


def patched(current: object, role: str = "viewer") -> Any:
    text = current if isinstance(current, str) else json.dumps(current)
    arguments = ("trust", "--execution-role", ROLE, "--function", FUNCTION, "--sample", "--patch", role)
    return run(*arguments, stdin=text)


CI = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:role/ci"},
    "Action": "sts:AssumeRole",
}


def test_a_roles_trust_is_patched_and_what_it_trusted_before_stays_and_is_told() -> None:
    ours = printed("trust", "--execution-role", ROLE, "--function", FUNCTION)[0]["roles"]["viewer"][
        "trust_policy"
    ]
    first = patched({"Version": "2012-10-17", "Id": "mine", "Statement": CI})
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == {
        "Version": "2012-10-17",
        "Id": "mine",
        "Statement": [CI, *ours["Statement"]],
    }
    assert "also lets in" in first.stderr
    assert "role/ci" in first.stderr
    stale = json.loads(first.stdout.replace("authorizer", "former"))
    again = patched(stale)
    assert json.loads(again.stdout) == json.loads(first.stdout), "the elder selves of ours are gone"
    alone = patched({"Version": "2012-10-17", "Statement": [{**CI, "Effect": "Deny"}]})
    assert "also lets in" not in alone.stderr


@pytest.mark.parametrize(
    ("current", "role", "problem"),
    [
        pytest.param("", "viewer", "expected its trust policy on standard input", id="nothing"),
        pytest.param("[1]", "viewer", "expected its trust policy", id="a list"),
        pytest.param({"Version": "2012-10-17"}, "viewer", "a policy with statements", id="no statements"),
        pytest.param({"Version": "2012-10-17", "Statement": ["x"]}, "viewer", "with statements", id="a text"),
        pytest.param(
            {"Statement": [CI]}, "viewer", "expected Version 2012-10-17, found None", id="no version"
        ),
        pytest.param(
            {}, "nobody", "one of viewer, editor, admin, importer; found 'nobody'", id="another role"
        ),
    ],
)
def test_a_trust_that_cannot_be_patched_is_refused(current: object, role: str, problem: str) -> None:
    ran = patched(current, role)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert problem in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(
            ["trust", "--execution-role", "authorizer"], "expected the ARN", id="a role that is no ARN"
        ),
        pytest.param(
            ["trust", "--execution-role", ROLE, "--execution-role", ROLE.replace("123", "321")],
            "expected roles of one account, 123456789012",
            id="execution roles of two accounts",
        ),
        pytest.param(
            ["trust", "--execution-role", ROLE, "--function", f"{FUNCTION}:live"],
            "without version or alias",
            id="a function's alias",
        ),
        pytest.param(
            ["trust", "--execution-role", ROLE, "--function", FUNCTION.replace("123", "321")],
            "expected a function of account 123456789012",
            id="another account's function",
        ),
        pytest.param(
            ["trust", "--execution-role", ROLE, "--cloudformation", "--account", "1"],
            "no role of",
            id="an empty account",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(arguments: list[str], problem: str) -> None:
    ran = run(*arguments, "--sample")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert problem in " ".join(ran.stderr.split())


# ── What callers hold themselves ──────────────────────────────────────────────────────────────────────────────────────

BROWSER = "arn:aws:iam::123456789012:role/browser"
CALLERS = f"""
[roles.browser]
arn = "{BROWSER}"
policies = ["s3-home"]
session_tags = {{ sub = "sub" }}

[callers]
roles = {{ editor = "browser" }}

[private_sealing]
keys = "env:OWN_KEYS"

[shared_cache]
table = "sessions"
"""
OWN_KEYS = '{"keys": [{"kty": "oct", "kid": "k1", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}'


@pytest.fixture
def handing_out(tmp_path: Path) -> Path:
    """The sample in a folder of its own, where editors are handed the role `browser`."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    access = tmp_path / "policies" / "access.toml"
    access.write_text(access.read_text() + CALLERS)
    return tmp_path


@pytest.mark.parametrize("form", ["policies", "template"])
def test_what_callers_hold_is_another_function_s_to_assume(handing_out: Path, form: str) -> None:
    cloud = ["--cloudformation"] if form == "template" else []

    def asked(*more: str) -> tuple[dict[str, Any], set[str], str]:
        given: dict[str, Any] = {"cwd": handing_out, "variables": {"OWN_KEYS": OWN_KEYS}}
        papers, told = printed("trust", "--execution-role", ROLE, *more, *cloud, **given)
        if not cloud:
            return papers["execution_role"]["policy"], set(papers["roles"]), told
        names = {name.removesuffix("Role").lower() for name in papers["Resources"] if name.endswith("Role")}
        return papers["Resources"]["ExecutionPolicy"]["Properties"]["PolicyDocument"], names, told

    backends, roles, told = asked()
    assert roles == {"viewer", "editor", "admin", "importer"}
    assert BROWSER not in json.dumps(backends)
    assert "dynamodb:DeleteItem" not in json.dumps(backends)
    assert "browser. Print theirs with --callers" in told
    own, roles, told = asked("--callers")
    assert roles == {"browser"}
    assert own["Statement"][0]["Resource"] == [BROWSER]
    assert "dynamodb:DeleteItem" in json.dumps(own)
    assert "--callers" not in told


def test_where_callers_hold_nothing_there_is_nothing_to_print() -> None:
    ran = run("trust", "--execution-role", ROLE, "--callers", "--sample")
    assert ran.returncode == 2
    assert "hands nothing to callers" in ran.stderr
