"""Every way in which STS refuses has a name, tells what to do, and repeats nothing that STS echoes."""

from typing import Any

import pytest

from authorizer.errors import (
    AssumeRoleDenied,
    CallerCredentialsRefused,
    PackedPolicyTooLarge,
    PolicyMalformed,
    ServiceFailure,
    StsRefused,
    StsRegionDisabled,
    StsThrottled,
    StsUnavailable,
    VendingFailure,
)
from authorizer.vending.failures import refusal
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from tests.vending.factories import EDITOR, make_identity, make_policy, make_role

ECHO = "canary-caller-token"


def request_of(**role: Any) -> AssumeRoleRequest:
    return assume_role_request(make_identity(role=make_role(**role)), make_policy())


def refused(
    code: str, message: str = "", *, status: int = 400, request: AssumeRoleRequest | None = None
) -> VendingFailure:
    return refusal({"Error": {"Code": code, "Message": message}}, status, request or request_of())


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "text"),
    [
        pytest.param(
            "MalformedPolicyDocument",
            "Syntax errors in policy.",
            400,
            PolicyMalformed,
            "six fields",
            id="malformed policy",
        ),
        pytest.param(
            "AccessDenied", "not authorized", 403, AssumeRoleDenied, "trust policy", id="access denied"
        ),
        pytest.param(
            "RegionDisabledException", "", 403, StsRegionDisabled, "activate it", id="region disabled"
        ),
        pytest.param(
            "ExpiredToken",
            f"{ECHO} is expired",
            403,
            CallerCredentialsRefused,
            "own credentials",
            id="expired",
        ),
        pytest.param(
            "ExpiredTokenException",
            "",
            400,
            CallerCredentialsRefused,
            "own credentials",
            id="expired, modelled",
        ),
        pytest.param(
            "InvalidClientTokenId",
            "",
            403,
            CallerCredentialsRefused,
            "deleted role",
            id="deleted issuer role",
        ),
        pytest.param(
            "SignatureDoesNotMatch",
            f"should have been x-amz-security-token:{ECHO}",
            403,
            CallerCredentialsRefused,
            "clock",
            id="a wrong signature, whose message echoes the session token",
        ),
        pytest.param("Throttling", "Rate exceeded", 400, StsThrottled, "600 calls", id="throttling"),
        pytest.param("RequestLimitExceeded", "", 400, StsThrottled, "600 calls", id="request limit"),
        pytest.param("InternalFailure", "", 500, StsUnavailable, "InternalFailure", id="a fault of STS"),
        pytest.param("Anything", "", 503, StsUnavailable, "503", id="an unknown fault"),
        pytest.param(
            "ValidationError",
            f"Value '{ECHO}' at 'roleSessionName' failed to satisfy constraint",
            400,
            StsRefused,
            "roleSessionName",
            id="a validation error, which echoes the value",
        ),
        pytest.param(
            "ValidationError",
            "exceeds the 1 hour session limit for roles assumed by role chaining.",
            400,
            StsRefused,
            "one hour of role chaining",
            id="a duration over the chaining limit",
        ),
        pytest.param(
            "ValidationError",
            "exceeds the MaxSessionDuration set for this role.",
            400,
            StsRefused,
            "MaxSessionDuration",
            id="a duration over the role's own",
        ),
        pytest.param(
            "ValidationError",
            "The source identity is already set for this assume role session",
            400,
            StsRefused,
            "another source identity",
            id="a source identity that is set already",
        ),
        pytest.param(f"<{ECHO}>", "", 418, StsRefused, "418", id="a code that is none"),
        pytest.param("", "", 404, StsRefused, "404", id="no code at all"),
    ],
)
def test_each_refusal_has_a_name(code: str, message: str, status: int, kind: type[Any], text: str) -> None:
    error = refused(code, message, status=status)
    assert type(error) is kind
    assert isinstance(error, ServiceFailure)
    assert text in str(error)
    assert ECHO not in str(error)


@pytest.mark.parametrize(
    ("code", "message", "percent"),
    [
        pytest.param(
            "PackedPolicyTooLarge",
            "Packed policy consumes 157% of allotted space, please use smaller policy.",
            157,
            id="policy",
        ),
        pytest.param(
            "PackedPolicyTooLargeException",
            "Packed size of session tags consumes 104% of allotted space.",
            104,
            id="tags",
        ),
        pytest.param("PackedPolicyTooLarge", "", None, id="no figure"),
    ],
)
def test_a_packed_policy_that_is_too_large_says_by_how_much(
    code: str, message: str, percent: int | None
) -> None:
    error = refused(code, message)
    assert isinstance(error, PackedPolicyTooLarge)
    assert error.percent == percent
    assert (f"{percent} %" if percent else "more than 100 %") in str(error)


def test_ceph_puts_the_code_beside_the_error() -> None:
    answer = {"Error": {"Code": "Unknown"}, "Code": "PackedPolicyTooLarge"}
    assert isinstance(refusal(answer, 400, request_of()), PackedPolicyTooLarge)


@pytest.mark.parametrize(
    ("role", "listed", "unlisted"),
    [
        pytest.param(
            {},
            ["the role exists", "trust policy", "sts:AssumeRole"],
            ["sts:TagSession", "ExternalId"],
            id="plain",
        ),
        pytest.param(
            {"session_tags": {"tenant": "tenant"}}, ["sts:TagSession"], ["sts:SetSourceIdentity"], id="tags"
        ),
        pytest.param(
            {"source_identity": "{sub}"}, ["sts:SetSourceIdentity"], ["sts:TagSession"], id="source identity"
        ),
        pytest.param(
            {"external_id": "partner/42"}, ["sts:ExternalId"], ["partner/42"], id="external id, not its value"
        ),
    ],
)
def test_a_denial_lists_what_to_check_for_this_role(
    role: dict[str, Any], listed: list[str], unlisted: list[str]
) -> None:
    text = str(refused("AccessDenied", status=403, request=request_of(**role)))
    assert [word for word in listed if word not in text] == []
    assert [word for word in unlisted if word in text] == []
    assert EDITOR in text
    assert "authorizer trust" in text


def test_a_denial_names_the_action_that_sts_names() -> None:
    error = refused(
        "AccessDenied", "User: x is not authorized to perform: sts:TagSession on resource: y", status=403
    )
    assert "STS denies sts:TagSession" in str(error)
