"""Problems of a configuration that are rare, each said with its place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.local.personas import load_personas
from authorizer.settings.load import load
from authorizer.settings.reader import Problems, Section
from tests.make import ACCESS, PERSONAS, make_settings, sample_environment, sample_templates
from tests.tokens.minting import key_set

POOL = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"]}
ANY: dict[str, Any] = {"roles": "any", "groups": "any", "scopes": "any", "claims": {}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"session": {"end_with_token": "yes"}}, "expected true or false, found", id="a text for a flag"),
        pytest.param({"session": {"end_with_token": 1}}, "expected true or false, found", id="a number for a flag"),
        pytest.param({"variables": {"a-b": "x"}}, "expected a name of letters, digits", id="a variable with a hyphen"),
        pytest.param({"variables": {"bucket": ""}}, "the text is empty", id="an empty text"),
        pytest.param({"issuers": None}, "nobody may sign a token", id="no issuers"),
        pytest.param({"issuers": "mine"}, "issuers: expected", id="issuers that are a text"),
        pytest.param(
            {"scopes": {"files:read": ["GET /files/{tenant"]}},
            "has the path parameter '{tenant'",
            id="a path parameter without its end",
        ),
        pytest.param(
            {"scopes": {"files:read": ["GET /files/tenant}"]}},
            "has the path parameter 'tenant}'",
            id="a path parameter without its beginning",
        ),
        pytest.param(
            {"routes": {"shared": {"tenant": [{"reason": "a lobby"}]}}},
            "routes.shared.tenant",
            id="a shared route without its scope",
        ),
    ],
)  # fmt: skip
def test_a_problem_is_said_and_nothing_that_only_follows_from_it(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    [problem] = caught.value.problems
    assert said in problem


def test_pinned_keys_may_be_the_document_itself() -> None:
    document = key_set().decode()
    settings = make_settings(issuers=[{**POOL, "pinned_keys": document}])
    assert {issuer.pinned_keys for issuer in settings.issuers.values()} == {document}


def not_utf_8(file: Path) -> None:
    file.write_bytes(b"\xff")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [not_utf_8, a_folder], ids=["not UTF-8", "a folder"])
def test_a_template_that_cannot_be_read(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    shutil.copytree(ACCESS.parent, tmp_path / "policies")
    spoil(tmp_path / "policies" / "templates" / "s3-home.json.j2")
    with pytest.raises(SettingsError, match=r"templates/s3-home\.json\.j2: cannot be read: "):
        load(tmp_path / "policies" / "access.toml", sample_environment())


def test_every_problem_of_the_personas_is_said(tmp_path: Path) -> None:
    personas = tmp_path / "personas.toml"
    personas.write_text(PERSONAS.read_text() + '\n[late]\nmachine = "no"\nnonsense = 5\n')
    with pytest.raises(SettingsError) as caught:
        load_personas(personas)
    assert len(caught.value.problems) >= 2
    assert all("personas.toml" in problem for problem in caught.value.problems)


def problems(**changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    return list(caught.value.problems)


@pytest.mark.parametrize("name", ["sub", "issuer", "username", "groups"])
def test_no_claim_is_told_under_a_name_that_says_who_the_caller_is(name: str) -> None:
    [problem] = problems(
        claims={name: {"claim": "custom:other", "type": "slug"}}, gateway={"context_claims": [name]}
    )
    assert f"{name!r} is a reserved name of the context" in problem


@pytest.mark.parametrize(
    "changes", [{"lint": {"ignore": [{"code": "a", "where": "b", "untill": "c"}]}}, {"lint": {"x": 1}}]
)
def test_a_misspelt_setting_of_the_lint_is_told(changes: dict[str, Any]) -> None:
    [problem] = problems(**changes)
    assert "unknown setting" in problem


@pytest.mark.parametrize("value", ["sqs", {}, {"statement": "a"}, 5, ["a"]])
def test_what_is_shared_is_written_as_tables(value: object) -> None:
    [problem] = problems(policies={"s3-home": {"isolates": "sub", "shared": value}})
    assert "expected tables that say of which statement" in problem


def test_one_template_of_several_that_limits_the_time_does_not_go_with_the_tokens_end() -> None:
    timed = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/{{ sub }}/*",
                "Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
            },
        }
    )
    [problem] = problems(
        templates={**sample_templates(), "timed": timed},
        roles={"editor": {"policies": ["s3-home", "timed"]}},
        session={"end_with_token": True},
    )
    assert "limit `aws:CurrentTime` themselves" in problem


def test_a_file_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path / "access.toml", sample_environment())
    assert refused.value.problems == (f"{tmp_path / 'access.toml'}: cannot be read: there is no such file",)


def test_a_folder_without_templates_is_said(tmp_path: Path) -> None:
    shutil.copy(ACCESS, tmp_path)
    with pytest.raises(SettingsError, match="templates") as refused:
        load(tmp_path / "access.toml", sample_environment())
    assert len(refused.value.problems) == 1


def test_a_policy_that_fits_nobody_loads_for_what_makes_it_shorter(tmp_path: Path) -> None:
    shutil.copytree(ACCESS.parent, tmp_path / "policies")
    access = tmp_path / "policies" / "access.toml"
    template = tmp_path / "policies" / "templates" / "s3-home.json.j2"
    template.write_text(
        template.read_text().replace('"s3:GetObject"', f'"s3:GetObject", "s3:Get{"x" * 2100}"')
    )
    assert load(access, sample_environment(), too_long=True)
    with pytest.raises(SettingsError, match=r"2,?048"):
        load(access, sample_environment())


def test_one_issuer_alone_need_not_say_which_tenants_are_its_own() -> None:
    speaks_for = {**ANY, "roles": ["admin", "editor", "importer", "viewer"]}
    assert make_settings(issuers=[{**POOL, "speaks_for": speaks_for}]).issuers


def test_of_two_roles_with_a_wrong_arn_it_is_not_said_that_they_have_the_same() -> None:
    roles = {name: {"arn": "nonsense"} for name in ("viewer", "editor")}
    with pytest.raises(SettingsError) as refused:
        make_settings(roles=roles)
    assert len(refused.value.problems) == 2


def test_what_was_meant_to_be_a_list_is_looped_over_without_another_problem() -> None:
    each = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [
        {% for one in teams %}"arn:aws:s3:::b/{{ one }}/*"{% if not loop.last %},{% endif %}{% endfor %}]}}"""
    [problem] = problems(
        claims={"teams": {"claim": "custom:teams", "type": "slgu", "list": True, "max_items": 3}},
        templates={**sample_templates(), "teams": each},
    )
    assert "slgu" in problem


@pytest.mark.parametrize("more", [{}, {"list": False}])
def test_a_claim_of_a_type_that_is_none_is_one_problem(more: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        make_settings(claims={"tenant": {"claim": "custom:tenant_id", "type": "slgu", **more}})
    assert len(refused.value.problems) == 1


def test_a_star_closes_every_segment_behind_it_to_claims() -> None:
    with pytest.raises(SettingsError, match=r"has the hole '\{tenant\}' behind a `\*`"):
        make_settings(scopes={"files:read": ["GET /*/files/{tenant}"]})


def problems_of(values: dict[str, Any]) -> tuple[Section, Problems]:
    problems = Problems("access.toml", "")
    return Section(values, path=(), problems=problems, environment={}), problems


def test_a_day_is_no_number() -> None:
    section, problems = problems_of({"until": 20270131, "from": "2027-01-31"})
    assert (section.day("until"), section.day("from")) == (None, "2027-01-31")
    assert problems.found == ["access.toml: until: expected a day such as 2027-01-31"]


def test_texts_that_are_empty_are_not_said_to_be_the_same() -> None:
    section, problems = problems_of({"names": ["", "", "a", "a"]})
    section.texts("names")
    assert [problem for problem in problems.found if "twice" in problem] == [
        "access.toml: names: 'a' stands here twice"
    ]


def test_a_problem_of_no_key_and_one_of_a_template_have_their_places() -> None:
    problems = Problems("policies/access.toml", "")
    problems.add((), "nothing is here")
    problems.of_template("s3.json.j2:3: a comma")
    problems.of_template("of all templates s3.json.j2:3 is the longest")
    assert problems.found == [
        "policies/access.toml: nothing is here",
        "policies/templates/s3.json.j2:3: a comma",
        "policies/access.toml: of all templates s3.json.j2:3 is the longest",
    ]


def test_what_follows_from_a_problem_can_be_told() -> None:
    problems = Problems("access.toml", "")
    problems.unset(("roles", "a", "arn"), "ARN", {})
    problems.unset(("roles", "b", "arn"), "ARN", {})
    assert len(problems.found) == 1
    assert problems.about(("roles", "b", "arn"))
    assert problems.below(("roles", "b"))
    assert not problems.below(("roles", "c"))
