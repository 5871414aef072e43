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


CODES: dict[type[Any], str] = {
    AssumeRoleDenied: "AccessDenied AccessDeniedException",
    PackedPolicyTooLarge: "PackedPolicyTooLarge PackedPolicyTooLargeException",
    PolicyMalformed: "MalformedPolicyDocument MalformedPolicyDocumentException",
    StsRegionDisabled: "RegionDisabled RegionDisabledException",
    CallerCredentialsRefused: (
        "ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId "
        "MissingAuthenticationToken RequestExpired SignatureDoesNotMatch UnrecognizedClientException"
    ),
    StsThrottled: (
        "LimitExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown "
        "Throttling ThrottlingException TooManyRequestsException"
    ),
    StsUnavailable: "InternalError InternalFailure InternalServerError RequestTimeout ServiceUnavailable",
}
"""What STS may call each refusal, as documentation or service spells it."""


@pytest.mark.parametrize(
    ("kind", "code"),
    [pytest.param(kind, code, id=code) for kind, codes in CODES.items() for code in codes.split()],
)
def test_each_code_of_sts_is_the_refusal_that_it_names_whatever_its_status(
    kind: type[Any], code: str
) -> None:
    for status in (400, 403, 503):
        assert type(refused(code, status=status)) is kind


def test_a_fault_that_nobody_knows_is_one_from_500_on() -> None:
    assert type(refused("Anything", status=499)) is StsRefused
    assert type(refused("Anything", status=500)) is StsUnavailable


@pytest.mark.parametrize("answer", [{}, {"Error": None}, {"Error": {}}, {"Error": {"Code": "418"}}], ids=repr)
def test_a_reply_without_an_error_is_called_by_its_status(answer: dict[str, Any]) -> None:
    error = refusal(answer, 418, request_of())
    assert type(error) is StsRefused
    assert str(error) == f"STS refuses to assume role {EDITOR!r}: 418"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("A" * 64, "A" * 64, id="64 letters"),
        pytest.param("A" * 65, "418", id="65 letters are no code"),
        pytest.param(ECHO, "418", id="what only begins like a code is none"),
    ],
)
def test_a_code_is_told_only_where_it_is_one(code: str, told: str) -> None:
    error = refused(code, status=418)
    assert isinstance(error, StsRefused)
    assert error.sts_code == told
    assert str(error).endswith(f": {told}")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("n" * 64, " at " + "n" * 64, id="64 letters"),
        pytest.param("n" * 65, "", id="65 letters are no parameter's name"),
        pytest.param(ECHO, "", id="what may be a value"),
    ],
)
def test_a_parameter_is_told_only_where_it_is_one(name: str, told: str) -> None:
    error = refused("ValidationError", f"Value 'x' at '{name}' failed to satisfy constraint")
    assert str(error).endswith(f": ValidationError{told}")


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
        pytest.param("PackedPolicyTooLarge", "consumes 999999 %", 999_999, id="six digits"),
        pytest.param(
            "PackedPolicyTooLarge", "consumes 1234567%", None, id="seven digits, which are no figure"
        ),
        pytest.param("PackedPolicyTooLarge", "9" * 9999 + "%", None, id="digits without an end"),
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
