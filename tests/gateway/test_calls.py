"""An integration's event of `GET /credentials`: what it tells before anybody is asked who is there."""

from dataclasses import replace
from typing import Any

import pytest

from authorizer.errors import EventUnknown, OriginRefused
from authorizer.gateway.calls import call_of, request_of
from authorizer.gateway.respond import own_credentials
from authorizer.identity.permit import permit_own
from authorizer.model import Credentials
from authorizer.settings.callers import Callers
from tests.make import make_identity, make_request, sample_settings


def event(*, key: str = "GET /credentials", token: str = "a.b.c", **changes: Any) -> dict[str, Any]:
    context = {
        "accountId": "123456789012",
        "apiId": "abc",
        "stage": "live",
        "requestId": "r-1",
        "routeKey": key,
    }
    return {
        "version": "2.0",
        "headers": {"authorization": f"Bearer {token}"},
        "requestContext": {**context, "http": {"sourceIp": "203.0.113.7"}, **changes},
    }


@pytest.mark.parametrize("key", [" /credentials", "GET", "GET credentials", "", "$default"])
def test_what_names_no_route_is_refused(key: str) -> None:
    with pytest.raises(EventUnknown, match="tells no route"):
        call_of(event(key=key))


@pytest.mark.parametrize(("told", "kept"), [("r-1", "r-1"), (7, None), (None, None)])
def test_a_request_s_id_is_a_text_or_none(told: object, kept: str | None) -> None:
    request = request_of(call_of(event(requestId=told)), sample_settings())
    assert (request.request_id, request.simple_response, request.token) == (kept, False, "a.b.c")


@pytest.mark.parametrize("http", ["203.0.113.7", None, []])
def test_what_should_hold_the_address_and_is_no_object_holds_none(http: object) -> None:
    settings = replace(sample_settings(), callers=Callers(same_address=True))
    with pytest.raises(EventUnknown, match="does not tell the caller's address"):
        request_of(call_of(event(http=http)), settings)


def test_credentials_say_when_they_end() -> None:
    credentials = Credentials(
        access_key_id="ASIAEXAMPLE",
        secret_access_key="secret",
        session_token="session",
        expiration=1_700_000_000.9,
        role_arn="arn:aws:iam::123456789012:role/browser",
        session_name="erin",
        packed_policy_size=None,
        issued_at=0,
    )
    said = own_credentials(credentials)
    assert said["Expiration"] == "2023-11-14T22:13:20Z"


def test_an_origin_that_is_long_is_quoted_in_part() -> None:
    origin = "https://" + "a" * 93
    route = make_request().route
    with pytest.raises(OriginRefused) as refused:
        permit_own(make_identity(), make_request(origin=origin, route=route), sample_settings())
    assert f"found '{origin[:100]}'" in str(refused.value)
    assert origin not in str(refused.value)
