"""What `authorizer deploy terraform` makes of an access.toml: that alone is in main.tf, and it hands the module all."""

import difflib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template
from authorizer.deployment.plan import Roles
from authorizer.deployment.terraform import required, root
from authorizer.deployment.terraform.variables import ATTACHED, names_of, options, snake, variable
from tests.deploy.sam import DEPLOY
from tests.deployment.test_cloudformation import CFN, a_role, edited, fixed_viewer, with_sealing
from tests.deployment.test_credentials import with_callers
from tests.make import ACCESS, sample_environment

RELEASE = Release(
    form="terraform", python="3.13", architecture="arm64", code="a.zip", digest="", roll_out=None
)
MODULE = DEPLOY / "terraform"
OWN = ("access.tf", "options.tf", "credentials.tf", "credentials_facts.tf")
"""The module's files with its variables."""


def made(access: Path = ACCESS, roles: Roles = "auto") -> str:
    return root(plan_of(access, roles), RELEASE, "A heading.")


def a_block(text: str, head: str) -> str:
    """A block's lines, without its first and last."""
    found = re.search(rf"^{re.escape(head)} {{\n(.*?)^}}", text, re.MULTILINE | re.DOTALL)
    assert found is not None, head
    return found[1]


def names(text: str, kind: str) -> set[str]:
    return set(re.findall(rf'^{kind} "([^"]+)" {{', text, re.MULTILINE))


def handed(text: str) -> dict[str, str]:
    """What the module is called with, each with the first line of its value."""
    return dict(re.findall(r"^  (\w+) += (.*)$", a_block(text, 'module "authorizer"'), re.MULTILINE))


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(None, id="as the sample has it"),
        pytest.param(
            lambda text: text.replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"'),
            id="simple answers",
        ),
        pytest.param(with_sealing, id="sealed"),
        pytest.param(with_callers, id="handing out"),
    ],
)
def test_the_module_is_handed_every_variable_that_it_wants_and_no_other(
    edit: Callable[[str], str] | None, tmp_path: Path
) -> None:
    text = made() if edit is None else made(edited(tmp_path, edit))
    declared = {name: one for file in OWN for name, one in _variables((MODULE / file).read_text()).items()}
    given = set(handed(text)) - {"source"}
    assert given <= set(declared)
    assert {name for name, body in declared.items() if "default" not in body} <= given
    own = _variables(text)
    for name, value in handed(text).items():
        if value == f"var.{name}" and name != "result_ttl":
            assert own[name].get("default") == declared[name].get("default") or name == "zip"
            assert own[name]["type"] == declared[name]["type"]


def _variables(text: str) -> dict[str, dict[str, str]]:
    return {
        name: dict(re.findall(r"^  (\w+) += (.*)$", a_block(text, f'variable "{name}"'), re.MULTILINE))
        for name in names(text, "variable")
    }


def test_every_name_of_the_environment_is_set_and_asked_for_where_it_is_not_known() -> None:
    text = made()
    environment = re.search(r"^  environment = {\n(.*?)^  }", text, re.MULTILINE | re.DOTALL)
    assert environment is not None
    given = dict(re.findall(r"^    (\w+) += (.*)$", environment[1], re.MULTILINE))
    assert set(given) == set(sample_environment()) - {"AWS_REGION"}
    assert given["USER_POOL_ID"] == "var.user_pool_id"
    assert given["ACCOUNT_ID"] == "data.aws_caller_identity.current.account_id"
    assert given["EDITOR_ROLE_ARN"] == "aws_iam_role.editor.arn"
    assert given["RESULT_TTL"] == '"${var.response == "simple" ? 0 : var.result_ttl}s"'
    assert required(plan_of(ACCESS, "auto")) == [
        "name",
        "user_pool_id",
        "app_client_id",
        "machine_client_id",
        "data_bucket",
        "data_table",
    ]


def test_what_is_asked_for_is_what_cloudformation_asks_for() -> None:
    """The same rows: names, defaults and bounds; what differs is how an API is named."""
    parameters = template(plan_of(ACCESS, "auto"), CFN)["Parameters"]
    own = {"CodeBucket", "CodeKey", "RestApiId", "HttpApiId", "WebSocketApiId", "RestApiRootResourceId"}
    ours = {"name", "zip", "held_version", "new_version_percent", *ATTACHED}
    assert names(made(), "variable") - ours == {snake(name) for name in set(parameters) - own}


def test_roles_that_exist_are_asked_for_and_never_made() -> None:
    text = made(roles="existing")
    assert "aws_iam_role" not in text
    assert {"viewer_role_arn", "editor_role_arn"} <= names(text, "variable")
    trust = a_block(text, 'output "viewer_trust"')
    assert "AWS = module.authorizer.execution_role_arn" in trust
    assert "authorizer trust --patch viewer" in trust


def test_a_role_that_access_toml_names_is_made_under_its_name_alone_when_it_is_to_be_made(
    tmp_path: Path,
) -> None:
    access = edited(tmp_path, fixed_viewer)
    assert 'resource "aws_iam_role" "viewer"' not in made(access)
    whole = a_block(made(access, "new"), 'resource "aws_iam_role" "viewer"')
    assert re.search(r'name += "viewer"', whole)
    assert '"/vend/"' in whole
    assert "max_session_duration = 3600" in whole


def test_roles_of_like_names_are_two(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        first = text.replace("[roles.editor]", a_role("view-er"))
        second = first.replace("[roles.editor]", a_role("view_er"))
        return second.replace("[roles.editor]", a_role("1st"))

    text = made(edited(tmp_path, edit))
    heads = set(re.findall(r'^resource "aws_iam_role" "(\w+)"', text, re.MULTILINE))
    assert {"view_er", "view_er_2", "role_1st"} <= heads


def test_a_role_without_anything_allowed_has_no_policy(tmp_path: Path) -> None:
    access = edited(tmp_path, lambda text: text + "\n# another\n")
    client = access.parent / "templates" / "s3-client.json.j2"
    client.write_text(client.read_text().replace('"Allow"', '"Deny"'))
    assert 'resource "aws_iam_role" "importer"' in made(access)
    assert 'resource "aws_iam_role_policy" "importer"' not in made(access)


def test_the_shared_table_is_made_unless_one_is_named_and_keys_are_a_secret(tmp_path: Path) -> None:
    text = made(edited(tmp_path, with_sealing))
    table = a_block(text, 'resource "aws_dynamodb_table" "sessions"')
    assert "count        = var.shared_table == null ? 1 : 0" in table
    assert 'hash_key     = "id"' in table
    assert 'attribute_name = "expires"' in table
    assert "sensitive   = true" in a_block(text, 'variable "sealing_keys"')
    assert "SHARED_TABLE      = local.sessions_table" in text
    assert "OWN_KEYS          = var.own_keys" in text


def test_a_name_of_whose_form_nothing_is_known_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = edited(tmp_path, lambda text: text.replace('duration = "1h"', 'duration = "env:SESSION_LENGTH"'))
    monkeypatch.setenv("SESSION_LENGTH", "45m")
    text = made(access)
    assert re.search(r"SESSION_LENGTH +=? var\.session_length", text)
    assert "45m" not in text


def test_no_two_variables_have_one_name_and_none_a_name_that_terraform_keeps(tmp_path: Path) -> None:
    access = edited(
        tmp_path,
        lambda text: (
            text.replace('"env:DATA_BUCKET"', '"env:REST_API"')
            .replace('"env:DATA_TABLE"', '"env:COUNT"')
            .replace('"env:APP_CLIENT_ID"', '"env:MACHINE__CLIENT_ID"')
            .replace("[variables]", '[variables]\nfirst = "env:1ST"\nzip = "env:ZIP"')
        ),
    )
    found = names_of(plan_of(access, "auto"))
    assert found["REST_API"] == "rest_api_value"
    assert found["COUNT"] == "count_value"
    assert found["1ST"] == "value_1st"
    assert found["ZIP"] == "zip_value"
    assert {found["MACHINE__CLIENT_ID"], found["MACHINE_CLIENT_ID"]} == {
        "machine_client_id",
        "machine_client_id_value",
    }


def test_what_tokens_are_keyed_by_is_what_cloudformation_has(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        return text.replace('["authorization", "x-role"]', '["query:token", "x-role"]').replace(
            '["header:authorization", "query:token"]', '["query:token"]'
        )

    text = made(edited(tmp_path, edit))
    assert handed(text)["rest_authorizer_type"] == '"REQUEST"'
    assert "rest_authorizer_type" not in names(text, "variable")
    assert "rest_token   = null" in text
    assert 'http_simple  = ["$request.querystring.token", "$request.header.X-Role"]' in text
    assert 'rest_token   = "method.request.header.Authorization"' in made()
    assert 'websocket    = ["route.request.querystring.token"]' in made()


@pytest.mark.parametrize("response", ["policy", "simple"])
def test_a_form_of_answer_that_access_toml_fixes_is_no_variable(response: str, tmp_path: Path) -> None:
    text = made(
        edited(
            tmp_path,
            lambda text: (
                text.replace('"env:RESPONSE"', f'"{response}"').replace('"env:RESULT_TTL"', '"5m"')
                if response == "policy"
                else text.replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"')
            ),
        )
    )
    simple = response == "simple"
    assert handed(text)["simple"] == str(simple).lower()
    assert handed(text)["result_ttl"] == ("0" if simple else "300")
    assert not {"response", "result_ttl"} & names(text, "variable")
    for name in ("rest_api", "websocket_api", "allow_origin", "rest_authorizer_type"):
        assert (name in names(text, "variable")) is not simple


def test_one_change_changes_nothing_else(tmp_path: Path) -> None:
    before = made().splitlines()
    access = edited(tmp_path, lambda text: text.replace("[roles.editor]", a_role("guest")))
    after = [line.replace(str(access), str(ACCESS)) for line in made(access).splitlines()]
    assert made().splitlines() == before
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    assert {kind for kind, *_ in changes} == {"equal", "insert"}
    assert len(after) > len(before) + 50


def test_an_option_says_what_it_takes() -> None:
    rows = options("3.13", "arm64")
    text = "\n".join(variable("log_retention", rows["log_retention"]))
    assert "default     = 30" in text
    assert "contains([1, 7, 14, 30, 90, 180, 365, 731, 1827], var.log_retention)" in text
    held = "\n".join(variable("held_version", rows["held_version"]))
    assert "default     = null" in held
    assert 'var.held_version == null || can(regex("^[0-9]+$", var.held_version))' in held
    assert "null: the newest" in held
    percent = "\n".join(variable("new_version_percent", rows["new_version_percent"]))
    assert "var.new_version_percent >= 0 && var.new_version_percent <= 99" in percent
    assert "expected 0 or more" in "\n".join(variable("reserved_concurrency", rows["reserved_concurrency"]))
    assert "default     = []" in "\n".join(variable("subnet_ids", rows["subnet_ids"]))
    assert "default     = true" in "\n".join(variable("gateway_responses", rows["gateway_responses"]))
    assert "validation" not in "\n".join(variable("name", rows["name"], checked=False))


def test_the_longest_name_leaves_room_for_what_the_module_calls_after_it() -> None:
    """IAM takes 64 characters for a role's name, Lambda for a function's."""
    files = ("facts.tf", "function.tf")
    text = "\n".join((DEPLOY / "terraform" / name).read_text() for name in files)
    assert 'function_name = "${var.name}-authorizer"' in text
    assert '"${local.function_name}-role"' in text
    [longest] = re.findall(r"\{1,(\d+)\}", options("3.13", "arm64")["name"]["AllowedPattern"])
    assert int(longest) + len("-authorizer-role") == 64
