"""SSM parameters at the local AWS: by name, by names, by path, and no way round."""

from collections.abc import Iterator
from typing import Any

import pytest

from authorizer.engine.check.reference import service
from authorizer.local_aws import LocalAws
from authorizer.local_aws.services.ssm import OPERATIONS, PARAMETERS
from tests.local_aws.stage import REGION, client
from tests.local_aws.test_services import allow, code_of, session
from tests.local_aws.world import ACCOUNT, ALL, ROLE, document

OWN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/t1"
NAMES = ("/t1/a", "/t1/deep/b", "/t10/a", "/t2/a", "plain")
DENIED, WRONG = "AccessDeniedException", "ValidationException"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as made:
        made.add_role(ROLE, trusts=f"arn:aws:iam::{ACCOUNT}:root", policy=document(ALL))
        for name in NAMES:
            client(made, "ssm").put_parameter(Name=name, Value=name, Type="String")
        client(made, "secretsmanager").create_secret(Name="t1", SecretString="secret")
        yield made


TRIED: list[tuple[str, str, dict[str, Any], str]] = [
    ("one's own", "get_parameter", {"Name": "/t1/a"}, "ok"),
    ("one's own by its ARN", "get_parameter", {"Name": f"{OWN}/a"}, "ok"),
    ("a version of one's own", "get_parameter", {"Name": "/t1/a:1"}, "ok"),
    ("its history", "get_parameter_history", {"Name": "/t1/a"}, "ok"),
    ("another's", "get_parameter", {"Name": "/t2/a"}, DENIED),
    ("another's whose name begins alike", "get_parameter", {"Name": "/t10/a"}, DENIED),
    ("one without a slash", "get_parameter", {"Name": "plain"}, DENIED),
    ("several of one's own", "get_parameters", {"Names": ["/t1/a", "/t1/deep/b"]}, "ok"),
    ("another's among them", "get_parameters", {"Names": ["/t1/a", "/t2/a"]}, DENIED),
    ("all below one's own path", "get_parameters_by_path", {"Path": "/t1/deep", "Recursive": True}, "ok"),
    ("all below another's", "get_parameters_by_path", {"Path": "/t2"}, DENIED),
    ("all there are", "get_parameters_by_path", {"Path": "/", "Recursive": True}, DENIED),
    ("a path that is none", "get_parameters_by_path", {"Path": "/t1/*"}, WRONG),
    ("put into one's own", "put_parameter", {"Name": "/t1/new", "Value": "x", "Type": "String"}, "ok"),
    ("put into another's", "put_parameter", {"Name": "/t2/a", "Value": "x", "Overwrite": True}, DENIED),
    ("put under a key of one's own", "put_parameter", {"Name": "/t1/k", "Value": "x", "KeyId": "k"}, WRONG),
    ("delete another's", "delete_parameter", {"Name": "/t2/a"}, DENIED),
    ("delete another's among one's own", "delete_parameters", {"Names": ["/t1/a", "/t2/a"]}, DENIED),
    ("list them", "describe_parameters", {}, DENIED),
    ("upwards", "get_parameter", {"Name": "/t1/../t2/a"}, "ParameterNotFound"),
    ("another account's", "get_parameter", {"Name": OWN.replace(ACCOUNT, "210987654321") + "/a"}, WRONG),
    (
        "what is not translated",
        "label_parameter_version",
        {"Name": "/t1/a", "Labels": ["x"]},
        "NotImplemented",
    ),
]


@pytest.mark.parametrize(("operation", "asked", "code"), [pytest.param(*row[1:], id=row[0]) for row in TRIED])
def test_a_tenant_may_what_is_theirs(aws: LocalAws, operation: str, asked: dict[str, Any], code: str) -> None:
    who = session(aws, allow("ssm:*", on=f"{OWN}/*"))
    assert code_of(aws, who, "ssm", operation, **asked) == code


@pytest.mark.parametrize("name", ["/aws/reference/secretsmanager/t1", "aws/reference/secretsmanager/t1"])
def test_a_secret_is_not_read_by_way_of_a_parameter(aws: LocalAws, name: str) -> None:
    assert code_of(aws, session(aws, allow("*")), "ssm", "get_parameter", Name=name) == WRONG


def test_conditions_see_how_it_is_asked(aws: LocalAws) -> None:
    flat = session(aws, allow("ssm:*", StringEquals={"ssm:Recursive": "false"}))
    assert code_of(aws, flat, "ssm", "get_parameters_by_path", Path="/t1", Recursive=False) == "ok"
    assert code_of(aws, flat, "ssm", "get_parameters_by_path", Path="/t1", Recursive=True) == DENIED
    red = session(aws, allow("ssm:*", StringEquals={"aws:RequestTag/team": "red", "aws:TagKeys": "team"}))
    tags = {"Tags": [{"Key": "team", "Value": "red"}]}
    assert code_of(aws, red, "ssm", "put_parameter", Name="/red", Value="x", Type="String", **tags) == "ok"
    assert code_of(aws, red, "ssm", "put_parameter", Name="/blue", Value="x", Type="String") == DENIED


def test_every_row_is_an_action_that_there_is() -> None:
    found = service("ssm")
    assert found is not None
    assert {f"ssm:{name}" for name in OPERATIONS} <= {action.name for action in found.actions}
    assert {key.lower() for key in PARAMETERS} <= set(found.keys)
