"""What the documents ask for that this project grew from: one test a document, named after it."""

import json
import time
from typing import Any

import pytest

from authorizer import backend
from authorizer.backend.assuming import Assumer
from authorizer.deployment.trust import execution_policy, template, trust_policy
from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.errors import TokenExpired
from authorizer.model import Shape
from authorizer.vending.request import assume_role_request
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import PATIENT, make_access, sample_settings
from tests.make import SUB as ERIN
from tests.vending.factories import NOW, ROUTE, make_identity, make_policy, make_role, make_settings
from tests.vending.fake_sts import FakeSts
from tests.world import World

FUNCTION = "arn:aws:iam::123456789012:role/authorizer"


def test_fine_grained_access_with_assume_role(world: World) -> None:
    """The function has only `sts:AssumeRole` and takes on the role of the caller's profile; scopes decide who may
    call."""
    decision, record = world.sample("rest-request-allow")
    assert decision.verdict == "allow"
    assert record.identity is not None
    assert world.sts.requests[0]["RoleArn"] == record.identity.role.arn
    statements = execution_policy(sample_settings().roles.values())["Statement"]
    assert {action for statement in statements for action in [statement["Action"]]} == {
        "sts:AssumeRole",
        "sts:TagSession",
    }
    _, closed = world.sample("closed-route-deny")
    assert closed.routes is not None
    assert not closed.routes.this_route


async def test_vending_scoped_down_permissions(sts: FakeSts) -> None:
    """A vend role with its trust, an inline session policy, temporary credentials handed to another party."""
    vendor = Vendor(make_settings())
    policy = make_policy("arn:aws:s3:::data/home/ada/*")
    credentials = await vendor.vend(make_identity(), policy, Shape.REST_REQUEST, NOW, Deadline.after(8))
    await vendor.close()
    [statement] = trust_policy(make_role(), FUNCTION)["Statement"]
    assert statement["Principal"] == {"AWS": FUNCTION}
    assert sts.requests[0]["Policy"] == policy.text
    assert credentials.expiration - NOW <= 3600

    def may(resource: str) -> bool:
        role = parse_identity(
            '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
        )
        asked = AccessRequest(action="s3:GetObject", resource=resource)
        session = parse_session(sts.requests[0]["Policy"])
        return evaluate(identity=[role], session=session, boundary=None, request=asked).allowed

    assert may("arn:aws:s3:::data/home/ada/report.txt")
    assert not may("arn:aws:s3:::data/home/bob/report.txt")


async def test_a_role_in_another_account(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home account and cross account, both policies, the client made from the returned credentials."""
    partner = make_role(
        name="partner", arn="arn:aws:iam::210987654321:role/partner", external_id="partner/42"
    )
    vendor = Vendor(make_settings(role=partner))
    credentials = await vendor.vend(
        make_identity(role=partner), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8)
    )
    context = await vendor.sealers.context(credentials, make_identity(role=partner), ROUTE, NOW, PATIENT)
    await vendor.close()
    assert sts.requests[0]["RoleArn"] == partner.arn
    assert sts.requests[0]["ExternalId"] == "partner/42"
    own = {"partner": {"Version": "2012-10-17", "Statement": []}}
    home = template([partner], FUNCTION, "123456789012", role_policies=own)["Resources"]
    abroad = template([partner], FUNCTION, "210987654321", role_policies=own)["Resources"]
    assert home["ExecutionPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] == [
        partner.arn
    ]
    assert abroad["PartnerRole"]["Properties"]["AssumeRolePolicyDocument"] == trust_policy(partner, FUNCTION)
    monkeypatch.setattr(time, "time", lambda: NOW)
    event = {"requestContext": {"apiId": "a", "stage": "b", "authorizer": {**context, "sub": ERIN}}}
    client = backend.boto3_session(event).client("s3", region_name="eu-central-1")
    assert client._request_signer._credentials.access_key == credentials.access_key_id


async def test_the_role_of_a_cognito_group(sts: FakeSts) -> None:
    """`cognito:preferred_role` for the lowest precedence; validated before assumed; behind a native authorizer too."""
    sts.clock = NOW
    access = make_access()
    settings, assumer = access.settings, Assumer(access)
    editor = settings.roles["editor"].arn
    claims: dict[str, Any] = {
        "sub": ERIN,
        "iss": next(iter(settings.issuers)),
        "aud": "1example23456789app",
        "token_use": "id",
        "exp": str(int(NOW + 600)),
        "iat": str(int(NOW - 600)),
        "custom:tenant_id": "acme",
        "cognito:groups": "[editors viewers]",
        "cognito:roles": f"[{editor} {settings.roles['viewer'].arn}]",
        "cognito:preferred_role": editor,
    }
    event = {"version": "2.0", "requestContext": {"authorizer": {"jwt": {"claims": claims}}}}
    assert (await assumer.assume(event, NOW)).role_arn == editor
    with pytest.raises(TokenExpired):
        await assumer.assume(event, NOW + 600)
    await assumer.vendor.close()
    assert len(sts.requests) == 1


def test_what_assuming_means() -> None:
    """One role per session, a policy that only narrows, three-part credentials, traceable in CloudTrail."""
    request = assume_role_request(make_identity(), make_policy())
    parameters = request.parameters()
    assert parameters["RoleArn"] == request.role_arn
    assert parameters["RoleSessionName"] == make_identity().principal
    asked = AccessRequest(
        action="s3:GetObject", resource=json.loads(parameters["Policy"])["Statement"][0]["Resource"]
    )
    session = parse_session(parameters["Policy"])
    assert not evaluate(identity=[], session=session, boundary=None, request=asked).allowed
