"""`authorizer policy prove --deployment`: what a person and a machine read, and the exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from authorizer.cli.policy import policy
from authorizer.cli.prove_deployment import shown
from tests.deployed.sample import EXECUTION
from tests.make import ROOT

TEMPLATE = ROOT / "deploy" / "template.yaml"


def run(*arguments: str | Path, access: Path = ROOT / "policies" / "access.toml") -> Result:
    return CliRunner().invoke(policy, ["prove", "--access", str(access), *map(str, arguments)])


def change(folder: Path, old: str, new: str) -> Path:
    """The bundled template with one thing changed."""
    text = TEMPLATE.read_text(encoding="utf-8")
    assert old in text
    for beside in TEMPLATE.parent.glob("*.yaml"):
        (folder / beside.name).write_text(beside.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / "template.yaml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_the_bundled_sample_leaves_nothing_open_that_a_file_could_close() -> None:
    result = run("--deployment", TEMPLATE)
    assert result.exit_code == 0, result.output
    assert "REFUTED" not in result.stdout.replace("0 REFUTED", "")
    assert "18 CHECKED, 4 OPEN" in result.stdout
    assert "no file; AWS" in result.stdout
    assert "zq0" not in result.output


def test_json_has_each_assumption_with_its_places() -> None:
    result = run("--deployment", TEMPLATE, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert {proof["verdict"] for proof in told["proofs"]} == {"PROVEN"}
    assert "zq0" not in result.stdout
    statuses = {row["assumption"]: row["status"] for row in told["assumptions"]}
    assert statuses["each role's trust policy lets only the authorizer assume it"] == "CHECKED"
    places = [
        note["place"] for row in told["assumptions"] for note in row["notes"] if row["status"] == "CHECKED"
    ]
    assert places
    for place in places:
        file, _, line = place.rpartition(":")
        assert Path(file).is_file(), place
        assert 0 < int(line) <= len(Path(file).read_text(encoding="utf-8").splitlines())


def test_a_fault_is_refuted_with_its_place_and_exits_1(tmp_path: Path) -> None:
    file = change(tmp_path, "AWS: !GetAtt AuthorizerRole.Arn", 'AWS: "*"')
    result = run("--deployment", file)
    assert result.exit_code == 1
    assert "role viewer may be assumed by everybody" in result.stdout
    line = next(line for line in result.stdout.splitlines() if "viewer may be assumed" in line)
    number = int(line.split("template.yaml:")[1].split(":")[0])
    assert "Sid: TheAuthorizerAlone" in file.read_text(encoding="utf-8").splitlines()[number - 1]


def test_what_a_file_could_close_and_none_does_exits_1(tmp_path: Path) -> None:
    file = change(tmp_path, "        DATA_BUCKET: !Ref DataBucket", "        DATA_BUCKET: !ImportValue data")
    result = run("--deployment", file)
    assert result.exit_code == 1
    assert "DATA_BUCKET: no value in these files" in result.stdout
    assert "--parameter NAME=VALUE" in result.stdout


def test_a_parameter_that_is_lacking_is_named(tmp_path: Path) -> None:
    parameter = "Parameters:\n  TheBucket: { Type: String }\n"
    file = change(tmp_path, "        DATA_BUCKET: !Ref DataBucket", "        DATA_BUCKET: !Ref TheBucket")
    file.write_text(file.read_text(encoding="utf-8").replace("Parameters:\n", parameter, 1), encoding="utf-8")
    result = run("--deployment", file)
    assert result.exit_code == 1
    assert "give what the template lacks: --parameter TheBucket=VALUE\n" in result.stdout
    given = run("--deployment", file, "--parameter", "TheBucket=files")
    assert "what the template lacks" not in given.stdout


def test_attach_yaml_with_what_the_account_says_leaves_nothing_open(tmp_path: Path) -> None:
    """The roles, bucket and pool are not the template's: their names are given, and the account describes them."""
    from tests.deployed.factories import ACCOUNT
    from tests.deployed.sample import BUCKET, TABLE, client, http_api, pool, roles_of, table
    from tests.make import sample_access, sample_environment

    sample = sample_environment()
    parameters = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": "eu-west-1",
        "AWS::StackName": "stack",
        "HttpApiId": "http0",
        "AuthorizerRole": EXECUTION.rpartition("/")[2],
        "UserPoolId": sample["USER_POOL_ID"],
        "AppClientId": sample["APP_CLIENT_ID"],
        "MachineClientId": sample["MACHINE_CLIENT_ID"],
        "DataBucket": sample["DATA_BUCKET"],
        "DataTable": sample["DATA_TABLE"],
        **{
            f"{name.title()}RoleArn": sample[f"{name.upper()}_ROLE_ARN"]
            for name in ("viewer", "editor", "admin", "importer")
        },
    }
    roles = [role for role in roles_of(sample_access()) if role["RoleName"] != "authorizer"]
    account = {
        "authorization": {"RoleDetailList": roles},
        "roles": [{"Arn": role["Arn"], "MaxSessionDuration": 3600} for role in roles],
        "resource_policies": {BUCKET: None, TABLE: None},
        "tables": [table()],
        "user_pools": [pool()],
        "user_pool_clients": [client()],
        "apis": [http_api("stack-authorizer")],
    }
    (tmp_path / "account.json").write_text(json.dumps(account), encoding="utf-8")
    given = [text for name, value in parameters.items() for text in ("--parameter", f"{name}={value}")]
    files = ("--deployment", ROOT / "deploy" / "attach.yaml", "--deployment", tmp_path / "account.json")
    result = run(*files, *given)
    assert result.exit_code == 0, result.output
    alone = run("--deployment", ROOT / "deploy" / "attach.yaml")
    assert alone.exit_code == 1
    assert "role viewer is not in these files" in alone.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--deployment", TEMPLATE, "--save", "x"), "without --deployment"),
        (("--deployment", TEMPLATE, "--smt", "x"), "without --deployment"),
        (("--deployment", TEMPLATE, "--parameter", "x"), "expected NAME=VALUE"),
        (("--deployment", TEMPLATE, "--parameter", "=x"), "expected NAME=VALUE"),
        (
            ("--deployment", TEMPLATE, "--parameter", "Foo=bar"),
            "no template has a parameter 'Foo': expected one of",
        ),
        (
            ("--deployment", TEMPLATE, "--parameter", "UserPoolIdd=x"),
            "no template has a parameter 'UserPoolIdd': did you mean 'UserPoolId'?",
        ),
        (("--parameter", "x=y"), "name one with --deployment"),
        (("--deployment", ROOT / "README.md"), "README.md"),
        (("--deployment", ROOT / "gone.yaml"), "gone.yaml"),
    ],
)
def test_what_cannot_run_exits_2(arguments: tuple[str | Path, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_a_file_that_cannot_be_read_is_told_as_json_where_json_was_asked_for() -> None:
    result = run("--deployment", ROOT / "README.md", "--json")
    assert result.exit_code == 2
    [problem] = json.loads(result.stdout)
    assert "README.md" in problem


def test_every_text_is_shown_as_the_template_names_it() -> None:
    from authorizer.engine.evaluate import AccessRequest

    request = AccessRequest(action="s3:x", resource="zq", context={"k": ("zq",)})
    found = shown([request, 5, None], lambda text: text.replace("zq", "${Bucket}"))
    assert found == [
        AccessRequest(action="s3:x", resource="${Bucket}", context={"k": ("${Bucket}",)}),
        5,
        None,
    ]


def test_a_leak_is_told_by_the_template_s_names(tmp_path: Path) -> None:
    import shutil

    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    template = tmp_path / "policies" / "templates" / "s3-tenant.json.j2"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("tenants/{{ tenant }}/", "tenants/{{ tenant }}"), encoding="utf-8")
    result = run("s3-tenant", "--deployment", TEMPLATE, access=tmp_path / "policies" / "access.toml")
    assert result.exit_code == 1
    assert "arn:aws:s3:::${DataBucket}" in result.stdout


def test_what_is_refuted_is_a_finding_in_every_format(tmp_path: Path) -> None:
    file = change(tmp_path, "AWS: !GetAtt AuthorizerRole.Arn", 'AWS: "*"')
    result = run("--deployment", file, "--format", "github")
    assert result.exit_code == 1
    told = [line for line in result.stdout.splitlines() if line.startswith("::")]
    refuted = next(line for line in told if "role viewer may be assumed by everybody" in line)
    assert f"file={file}" in refuted
    assert "title=refuted" in refuted
