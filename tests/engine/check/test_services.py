"""What services make of names: what is said of a template, and what a proof of it rests on."""

import json
from typing import Any

import pytest

from authorizer.engine.check import reference
from authorizer.engine.check.lint import Finding, lint
from authorizer.engine.check.services import FACTS, Fact, rests_on_services
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.template import TemplateSet

PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/tenants"
FILTER = "arn:aws:iot:eu-west-1:111122223333:topicfilter"
DOMAIN = "arn:aws:es:eu-west-1:111122223333:domain/d"
OPAQUE = {"type": "opaque"}


def templates(
    action: str | list[str], *resources: str, effect: str = "Allow", **claim: object
) -> TemplateSet:
    statement = {"Effect": effect, "Action": action, "Resource": list(resources)}
    other = {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:111122223333:q",
    }
    return TemplateSet.compile(
        {"t": json.dumps({"Version": "2012-10-17", "Statement": [statement, other]})},
        claims={"tenant": declare(claim or {"type": "slug"}), "note": declare(OPAQUE)},
        variables={},
    )


def found(templates: TemplateSet) -> list[Finding]:
    every = lint(templates, user_writable=(), groupings={}, isolates={"t": ("tenant",)})
    return [finding for finding in every if finding.code == "service"]


ARN = {"type": "arn"}
PATH = f"{PARAMETER}/{{{{ tenant }}}}"
INDEX = f"{DOMAIN}/{{{{ tenant }}}}/_search"
SUBSCRIBED = f"{FILTER}/{{{{ tenant }}}}/*"


@pytest.mark.parametrize(
    ("action", "resources", "claim", "dangers"),
    [
        pytest.param("iot:Subscribe", [SUBSCRIBED], OPAQUE, "# +", id="a topic filter of opaque text"),
        pytest.param("iot:Sub*", [SUBSCRIBED], {"type": "email"}, "# +", id="a topic filter of an address"),
        pytest.param(
            "iot:*", [SUBSCRIBED], {**OPAQUE, "exclude": "+"}, "#", id="a topic filter of text without +"
        ),
        pytest.param(
            "iot:Subscribe", [SUBSCRIBED], {**OPAQUE, "exclude": "+#"}, None, id="of text without both"
        ),
        pytest.param("iot:Subscribe", [SUBSCRIBED], {"type": "slug"}, None, id="a topic filter of a slug"),
        pytest.param("iot:Subscribe", [SUBSCRIBED], {"type": "uuid"}, None, id="a topic filter of a UUID"),
        pytest.param("iot:Subscribe", [f"{FILTER}/{{{{ note }}}}/x"], OPAQUE, None, id="of another claim"),
        pytest.param(
            "iot:Publish",
            [SUBSCRIBED.replace("topicfilter", "topic")],
            OPAQUE,
            None,
            id="a topic to publish to",
        ),
        pytest.param("es:ESHttpGet", [INDEX], OPAQUE, ", < _", id="an index of opaque text"),
        pytest.param(
            "es:ESHttpGet", [f"{DOMAIN}/x-{{{{ tenant }}}}/y"], OPAQUE, ",", id="the end of an index's name"
        ),
        pytest.param("es:ESHttpGet", [INDEX], {"type": "digits"}, None, id="an index of digits"),
        pytest.param(
            "es:ESHttpGet",
            [INDEX],
            {"type": "enum", "values": ["a", "_all"]},
            "_",
            id="an index that is everything",
        ),
        pytest.param(
            "es:ESHttpGet",
            [INDEX],
            {"type": "enum", "values": ["a_"]},
            None,
            id="an index that ends like a command",
        ),
        pytest.param(
            "ssm:GetParametersByPath", [PATH, f"{PATH}/*"], ARN, "/", id="a path of text with a slash"
        ),
        pytest.param("ssm:GetParameter", [PATH], ARN, None, id="one parameter"),
        pytest.param(
            "lambda:InvokeFunction", [PATH.replace("ssm", "lambda")], OPAQUE, None, id="a fact without any"
        ),
    ],
)
def test_a_type_whose_values_mean_more_is_found(
    action: str, resources: list[str], claim: dict[str, Any], dangers: str | None
) -> None:
    told = found(templates(action, *resources, **claim))
    assert [finding.text.split(", which")[0] for finding in told] == (
        [f"values of `tenant` can hold {dangers}"] if dangers else []
    )


@pytest.mark.parametrize(
    ("resources", "is_found"),
    [
        pytest.param([PATH], True, id="a path alone"),
        pytest.param([PATH, f"{PATH}/*"], False, id="a path and what lies below"),
        pytest.param([f"{PATH}/*"], False, id="what lies below a path"),
        pytest.param([PATH, f"{PATH}/x/*"], True, id="a path and something below"),
        pytest.param(
            [f"{PATH}/*", "arn:aws:ssm:eu-west-1:111122223333:document/d"], False, id="no parameter"
        ),
    ],
)
def test_a_path_that_opens_what_is_not_named_is_found(resources: list[str], is_found: bool) -> None:
    (*told,) = found(templates("ssm:GetParametersByPath", *resources))
    assert [finding.text.startswith("the statement opens more") for finding in told] == [True] * is_found


def test_a_deny_is_about_no_fact() -> None:
    denied = templates("iot:Subscribe", SUBSCRIBED, effect="Deny", **OPAQUE)
    assert found(denied) == []
    assert rests_on_services(denied, "t") == ()


@pytest.mark.parametrize(
    ("actions", "resources", "told"),
    [
        pytest.param(["ssm:GetParametersByPath"], [f"{PATH}/*"], ["GetParametersByPath"], id="a path"),
        pytest.param(
            ["ssm:*"], [f"{PATH}/*"], ["GetParametersByPath", "runs commands"], id="all of a service"
        ),
        pytest.param(
            ["rds-data:ExecuteStatement"],
            ["arn:aws:rds:eu-west-1:111122223333:cluster:c"],
            ["database"],
            id="SQL",
        ),
        pytest.param(["s3:GetObject"], ["arn:aws:s3:::b/{{ tenant }}/*"], [], id="a bucket"),
        pytest.param(
            ["s3:GetObject"],
            ["arn:aws:s3:eu-west-1:111122223333:accesspoint/p/object/{{ tenant }}/*"],
            ["access point"],
            id="an access point",
        ),
    ],
)
def test_a_proof_rests_on_the_facts_of_its_actions(
    actions: list[str], resources: list[str], told: list[str]
) -> None:
    lines = rests_on_services(templates(actions, *resources), "t")
    assert len(lines) == len(told)
    assert all(word in line for word, line in zip(told, lines, strict=True))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.actions[0])
def test_every_fact_is_about_actions_that_there_are_and_has_its_source(fact: Fact) -> None:
    for action in fact.actions:
        service = reference.service(action.partition(":")[0])
        assert service is not None
        assert service.matched(action)
    assert fact.says
    assert '"' in fact.source
