"""The door to the gateway's STS drops what the gateway cannot read, and never lets a request grow by it."""

import json
from typing import Any, cast

import pytest

from tests.servers.rgw import Keys, RadosGateway, compact
from tests.servers.sts_door import StsDoor

S3 = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/k"}
ITEMS = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:::table/t"}
DENY = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}


@pytest.fixture
def door() -> StsDoor:
    return StsDoor(cast(RadosGateway, None), cast(Keys, None))


def form(*statements: object) -> dict[str, str]:
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Action": "AssumeRole", "RoleArn": "arn", "Policy": compact(policy)}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(form(S3), id="a policy of S3 alone"),
        pytest.param(form(S3, DENY), id="with a Deny"),
        pytest.param({"Action": "AssumeRole", "Policy": compact({"Statement": S3})}, id="a single statement"),
        pytest.param({"Action": "GetCallerIdentity"}, id="another request"),
    ],
)
def test_what_the_gateway_can_read_passes_untouched(door: StsDoor, given: dict[str, str]) -> None:
    assert door.narrow(given) is given
    assert door.narrowed == 0


def test_statements_of_other_services_are_dropped_and_all_else_stays(door: StsDoor) -> None:
    narrowed = door.narrow(form(S3, ITEMS, DENY))
    assert narrowed is not None
    assert json.loads(narrowed["Policy"]) == {"Version": "2012-10-17", "Statement": [S3, DENY]}
    assert narrowed["RoleArn"] == "arn"
    assert door.narrowed == 1


def test_a_policy_of_which_nothing_is_left_goes_nowhere(door: StsDoor) -> None:
    assert door.narrow(form(ITEMS)) is None


def test_a_statement_that_cannot_be_cut_is_an_error(door: StsDoor) -> None:
    with pytest.raises(ValueError, match="mixes S3 with other services"):
        door.narrow(form({**S3, "Action": ["s3:GetObject", "dynamodb:GetItem"]}))
