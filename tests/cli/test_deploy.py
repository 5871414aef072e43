"""`authorizer deploy`, run as a person runs it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.make import ROOT


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Somebody's own, as `authorizer init` leaves it."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "authorizer.zip").write_bytes(b"zip")
    return tmp_path


def test_it_prints_the_template_and_the_command_that_makes_it_again(repository: Path) -> None:
    ran = run("deploy", "sam", "--roles", "existing", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(
        "# Made by `authorizer deploy sam --roles existing` of policies/access.toml:"
    )
    assert "CodeUri: dist/authorizer.zip" in ran.stdout
    assert run("deploy", "sam", "--roles", "existing", cwd=repository).stdout == ran.stdout


def test_into_a_folder_it_writes_the_steps_too(repository: Path) -> None:
    ran = run("deploy", "sam", "--output", "infra/api", "--roll-out", "AllAtOnce", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    assert "infra/api/template.yaml: written" in ran.stdout
    template = (repository / "infra" / "api" / "template.yaml").read_text()
    assert "CodeUri: ../../dist/authorizer.zip" in template
    assert "DeploymentPreference" not in template
    assert "--output" not in template.partition("\n")[0]
    steps = (repository / "infra" / "api" / "STEPS.md").read_text()
    assert "Nothing to do: the roles are made with the function" in steps
    assert "--capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND" in steps
    assert """curl -i -H 'authorization: Bearer '"$TOKEN" -H 'x-role: default' https://API/PATH""" in steps
    assert "--user-attributes 'Name=custom:tenant_id,Value=…'" in steps
    assert "--group-name admins" in steps


def test_every_deployment_of_an_api_names_its_stage(repository: Path) -> None:
    """Without a stage nothing is deployed, and the old routes stay open."""
    run("deploy", "sam", "--output", ".", cwd=repository)
    steps = (repository / "STEPS.md").read_text()
    deployments = re.findall(r"aws apigateway\S* create-deployment.*", steps)
    assert len(deployments) == 3
    assert all("--stage-name STAGE" in line for line in deployments)


def test_every_command_of_the_steps_exists_in_the_cli(repository: Path) -> None:
    run("deploy", "sam", "--output", ".", "--roles", "existing", cwd=repository)
    steps = (repository / "STEPS.md").read_text()
    [bundle] = re.findall(r"authorizer (bundle .*)", steps)
    assert bundle == "bundle --python 3.13 --arch arm64 --output dist/authorizer.zip"
    patches = re.findall(r"authorizer trust --execution-role (\S+) --function (\S+) --patch (\w+)", steps)
    assert [role for _, _, role in patches] == ["viewer", "editor", "admin", "importer"]
    assert "Take the statements of step 3" in steps


@pytest.mark.parametrize("form", ["sam", "cloudformation", "terraform", "cdk", "cdk --language typescript"])
@pytest.mark.parametrize("folder", ["infra", "infra/api", "."])
def test_every_path_of_the_steps_is_there_from_the_root_when_its_turn_comes(
    folder: str, form: str, repository: Path
) -> None:
    run("deploy", *form.split(), "--output", folder, cwd=repository)
    (repository / "dist" / "authorizer.zip").unlink()
    steps = (repository / folder / "STEPS.md").read_text()
    assert "Run every command in one place, the project's root" in " ".join(steps.split())
    commands = [
        line for block in re.findall(r"```sh\n(.*?)```", steps, re.DOTALL) for line in block.splitlines()
    ]
    named = 0
    for command in commands:
        inside = re.match(r"\(cd (\S+) && (.*)\)", command)
        at, line = (repository / inside[1], inside[2]) if inside else (repository, command)
        assert at.is_dir(), command
        if line.startswith("npx cdk"):
            assert (at / "cdk.json").is_file()
            [zip_file] = [json.loads((at / "authorizer.template.json").read_text())["Metadata"]["Bundle"]]
            assert (at / zip_file).is_file()
            named += 1
        if line.startswith("npm install"):
            assert (at / "package.json").is_file()
        if moved := re.match(r"terraform(?: -chdir=(\S+))? ", line):
            main = at / (moved[1] or ".") / "main.tf"
            [zip_file] = re.findall(r'"(\S*authorizer\.zip)"', main.read_text())
            assert (main.parent / zip_file).is_file()
            named += 1
        if "template.yaml" in line and (
            uri := re.search(r"CodeUri: (\S+)", (at / folder / "template.yaml").read_text())
        ):
            assert (at / folder / uri[1]).is_file()
        for path in re.findall(r"(?<= )(?:--template-file |-r |s3 cp |<|file://)([\w./-]+)", line):
            assert (at / path).is_file(), command
            named += 1
        for path in re.findall(r"(?<= )(?:--output |>)([\w./-]+\.\w+)", line):
            (at / path).write_text("written by this step")
    assert named


def test_the_steps_say_what_the_zip_needs_before_it_is_made(repository: Path) -> None:
    run("deploy", "sam", "--output", "infra", cwd=repository)
    before = (repository / "infra" / "STEPS.md").read_text().partition("authorizer bundle")[0]
    names = re.findall(r'= "env:(\w+)"', (repository / "policies" / "access.toml").read_text())
    assert len(names) > 5
    assert [name for name in names if name not in before] == []
    assert "`--sample`" in before


def test_the_steps_are_of_the_access_toml_that_was_named(repository: Path) -> None:
    (repository / "policies").rename(repository / "other policies")
    run("deploy", "sam", "--access", "other policies/access.toml", "--output", "infra", cwd=repository)
    steps = (repository / "infra" / "STEPS.md").read_text()
    assert "authorizer bundle --access 'other policies/access.toml' --python" in steps


def test_cloudformation_names_the_zip_and_its_version_by_the_zip(repository: Path) -> None:
    first = run("deploy", "cloudformation", "--output", ".", cwd=repository)
    assert first.returncode == 0, first.stderr
    steps = (repository / "STEPS.md").read_text()
    template = (repository / "template.yaml").read_text()
    [key] = re.findall(r"aws s3 cp dist/authorizer.zip s3://BUCKET/(authorizer-[0-9a-f]{16}\.zip)", steps)
    assert f"Default: {key}" in template
    assert "UserPoolId=…" in steps
    assert "--release" in steps
    again = run("deploy", "cloudformation", cwd=repository).stdout
    assert again == template
    other = run("deploy", "cloudformation", "--release", "2", cwd=repository).stdout
    assert key not in other
    assert "Made by `authorizer deploy cloudformation --release 2`" in other


def test_a_roll_out_and_its_way_back_are_told(repository: Path) -> None:
    ran = run("deploy", "sam", "--output", ".", "--roll-out", "Linear10PercentEvery1Minute", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    assert "Type: Linear10PercentEvery1Minute" in (repository / "template.yaml").read_text()
    steps = (repository / "STEPS.md").read_text()
    assert "by Linear10PercentEvery1Minute" in steps
    assert "update-alias --function-name FUNCTION --name live --function-version OLDER" in steps


def test_a_role_by_its_name_needs_the_further_capability(repository: Path) -> None:
    access = repository / "policies" / "access.toml"
    arn = "arn:aws:iam::123456789012:role/vend/viewer"
    access.write_text(access.read_text().replace("env:VIEWER_ROLE_ARN", arn))
    ran = run("deploy", "sam", "--roles", "new", cwd=repository)
    assert "CAPABILITY_NAMED_IAM" in ran.stdout


def test_for_an_http_api_alone_the_steps_are_about_it_alone(repository: Path) -> None:
    access = repository / "policies" / "access.toml"
    text = access.read_text().replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"')
    text = text.replace('role_header = "x-role"', "").replace(
        '["authorization", "x-role"]', '["authorization", "x-kind"]'
    )
    access.write_text(text)
    ran = run("deploy", "sam", "--output", ".", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    steps = (repository / "STEPS.md").read_text()
    assert "apigatewayv2" in steps
    assert "aws apigateway " not in steps
    assert "-H 'x-kind: …'" in steps


def test_a_groups_name_is_one_word_to_the_shell(repository: Path) -> None:
    access = repository / "policies" / "access.toml"
    access.write_text(access.read_text().replace("[groups.admins]", '[groups."a; rm -r $HOME"]'))
    run("deploy", "sam", "--output", ".", cwd=repository)
    assert "--group-name 'a; rm -r $HOME'" in (repository / "STEPS.md").read_text()


TRIED: list[tuple[list[str], list[str], list[str]]] = [
    # Identity sources, token sources, what curl is given.
    (["authorization"], ["header:authorization"], ["-H", "authorization: Bearer T", "https://API/PATH"]),
    (["query:token"], ["query:token"], ["https://API/PATH?token=T"]),
    (
        ["query:first", "x-role", "query:token", "$context.path", "$stageVariables.stage"],
        ["query:token"],
        ["-H", "x-role: default", "https://API/PATH?first=…&token=T"],
    ),
    (
        ["authorization", "x-`id`", "x$HOME'"],
        ["header:authorization"],
        ["-H", "authorization: Bearer T", "-H", "x-`id`: …", "-H", "x$home': …", "https://API/PATH"],
    ),
]


@pytest.mark.parametrize(("sources", "tokens", "given"), TRIED)
def test_the_first_request_is_what_the_authorizer_is_keyed_by_and_runs_nothing_else(
    sources: list[str], tokens: list[str], given: list[str], repository: Path
) -> None:
    access = repository / "policies" / "access.toml"
    text = access.read_text().replace('["authorization", "x-role"]', json.dumps(sources))
    text = text.replace('["header:authorization", "query:token"]', json.dumps(tokens))
    if "x-role" not in sources:
        text = text.replace('role_header = "x-role"', "")
    access.write_text(text)
    ran = run("deploy", "sam", "--output", ".", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    [line] = re.findall("^curl .*", (repository / "STEPS.md").read_text(), re.MULTILINE)
    typed = subprocess.run(
        ["bash", "-c", f'curl() {{ printf "%s\\n" "$@"; }}; TOKEN=T; {line}'],
        capture_output=True, text=True, check=True, cwd=repository,
    )  # fmt: skip
    assert typed.stdout.splitlines() == ["-i", *given]


@pytest.mark.parametrize("form", ["sam", "cloudformation", "terraform", "cdk", "cdk --language typescript"])
def test_no_command_of_the_steps_has_a_comment(form: str, repository: Path) -> None:
    """zsh takes one for arguments, and runs what stands between backticks (zshoptions(1), INTERACTIVE_COMMENTS)."""
    run("deploy", *form.split(), "--output", ".", cwd=repository)
    blocks = re.findall(r"```sh\n(.*?)```", (repository / "STEPS.md").read_text(), re.DOTALL)
    assert len(blocks) > 8
    assert [block for block in blocks if "#" in block or not block.strip()] == []


@pytest.mark.parametrize(
    ("arguments", "edit", "expected"),
    [
        pytest.param(
            ["cloudformation", "--bundle", "absent.zip"],
            "",
            "make it with `authorizer bundle` first",
            id="no zip",
        ),
        pytest.param(["sam"], "[[[", "access.toml: cannot be read", id="no TOML"),
        pytest.param(
            ["sam"], "[nonsense]\n", "nonsense: unknown setting", id="a configuration that does not load"
        ),
        pytest.param(["pulumi"], "", "is not one of", id="another format"),
    ],
)
def test_what_cannot_be_generated_is_refused(
    arguments: list[str], edit: str, expected: str, repository: Path
) -> None:
    access = repository / "policies" / "access.toml"
    access.write_text(edit + access.read_text())
    ran = run("deploy", *arguments, cwd=repository)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert expected in ran.stderr


@pytest.mark.parametrize("python", ["foo", "2.7", "3.10", "3.99", "3.13.1", ""])
@pytest.mark.parametrize("command", [("bundle", "--sample"), ("deploy", "sam"), ("deploy", "terraform")])
def test_a_python_that_lambda_does_not_have_is_refused_alike(
    command: tuple[str, ...], python: str, repository: Path
) -> None:
    ran = run(*command, "--python", python, cwd=repository)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"{python!r} is the version of no Lambda runtime: expected one of 3.11," in ran.stderr


# ── Terraform and CDK ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_terraform_prints_what_access_toml_decides_and_writes_the_module_too(repository: Path) -> None:
    ran = run("deploy", "terraform", "--output", "infra", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    infra = repository / "infra"
    assert (
        run("deploy", "terraform", cwd=repository).stdout.replace(
            '"dist/authorizer.zip"', '"../dist/authorizer.zip"'
        )
        == (infra / "main.tf").read_text()
    )
    module = {file.name: file.read_text() for file in (infra / "authorizer").iterdir()}
    assert module == {
        file.name: file.read_text()
        for file in (ROOT / "deploy" / "terraform").iterdir()
        if not file.name.startswith("credentials")
    }
    steps = (infra / "STEPS.md").read_text()
    assert "terraform -chdir=infra apply -var name=… -var user_pool_id=…" in steps
    assert "-var held_version=OLDER -var new_version_percent=10" in steps
    assert "\nterraform -chdir=infra destroy\n" in steps
    assert "`allow_origin`" in steps


def test_terraform_for_an_http_api_alone_tells_of_it_alone(repository: Path) -> None:
    access = repository / "policies" / "access.toml"
    access.write_text(
        access.read_text().replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"')
    )
    told = run("deploy", "terraform", cwd=repository).stdout
    assert """-var 'http_api={id="…"}'""" in told


@pytest.mark.parametrize(
    ("language", "construct", "install"),
    [
        pytest.param("python", "cognito_authorizer.py", "pip install -r requirements.txt", id="Python"),
        pytest.param("typescript", "cognito-authorizer.ts", "npm install", id="TypeScript"),
    ],
)
def test_cdk_writes_template_and_construct_anew_and_keeps_the_app(
    language: str, construct: str, install: str, repository: Path
) -> None:
    arguments = ("deploy", "cdk", "--language", language, "--output", "infra")
    assert run(*arguments, cwd=repository).returncode == 0
    infra = repository / "infra"
    brought = {file.name for file in (ROOT / "deploy" / "cdk" / language).iterdir() if file.is_file()}
    assert {file.name for file in infra.iterdir()} == {"authorizer.template.json", "STEPS.md", *brought}
    template = json.loads((infra / "authorizer.template.json").read_text())
    assert template["Metadata"]["Bundle"] == "../dist/authorizer.zip"
    assert template["Metadata"]["Generated"][0].startswith(
        f"Made by `authorizer deploy cdk --language {language}`"
    )
    assert template["Outputs"]["Function"]["Value"] == {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]}
    assert "Default" not in template["Parameters"]["CodeKey"]
    steps = (infra / "STEPS.md").read_text()
    assert install in steps
    assert "(cd infra && npx cdk deploy -c UserPoolId=…" in steps
    assert "CodeBucket" not in steps
    app = next(name for name in brought if name.startswith("app."))
    for name in (app, construct):
        (infra / name).write_text("mine")
    again = run(*arguments, cwd=repository)
    assert f"infra/{app}: kept: it is yours" in again.stdout
    assert (infra / app).read_text() == "mine"
    assert (infra / construct).read_text() == (ROOT / "deploy" / "cdk" / language / construct).read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(
            ["terraform", "--roll-out", "AllAtOnce"],
            "--roll-out: is for sam and cloudformation and cdk, and says nothing of terraform",
            id="a roll-out that Terraform has otherwise",
        ),
        pytest.param(["sam", "--language", "python"], "--language: is for cdk", id="a language of no app"),
        pytest.param(["cdk", "--release", "2"], "--release: is for cloudformation", id="a release of CDK's"),
    ],
)
def test_an_option_of_another_format_is_refused(arguments: list[str], told: str, repository: Path) -> None:
    ran = run("deploy", *arguments, cwd=repository)
    assert ran.returncode == 2
    assert told in ran.stderr


def test_terraform_has_the_files_of_what_is_handed_out_where_something_is(repository: Path) -> None:
    def written() -> set[str]:
        ran = run("deploy", "terraform", "--output", "infra", cwd=repository)
        assert ran.returncode == 0, ran.stderr
        return {line.split(": ")[0] for line in ran.stdout.splitlines()}

    without = written()
    access = repository / "policies" / "access.toml"
    callers = """[roles.browser]
arn          = "env:BROWSER_ROLE_ARN"
policies     = ["s3-home"]
session_tags = { sub = "sub" }

[callers]
roles   = { editor = "browser" }
origins = ["https://app.example.com"]

[roles.editor]"""
    access.write_text(access.read_text().replace("[roles.editor]", callers))
    own = {f"infra/authorizer/credentials{part}.tf" for part in ("", "_doors", "_facts", "_watch")}
    assert written() == without | own
    assert not without & own
