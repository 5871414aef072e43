"""What STS and the road to it answer when they refuse, and what each answer is called here.

STS's own sentences stay out of every message: a `ValidationError` echoes the value that it refuses, and
`SignatureDoesNotMatch` echoes the whole canonical request, with the function's session token in it. Codes are
of the STS API reference (AssumeRole, Errors; Common Errors); where documentation and service spell one
differently, both are here.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from authorizer.errors import (
    AssumeRoleDenied,
    CallerCredentialsRefused,
    PackedPolicyTooLarge,
    PolicyMalformed,
    StsRefused,
    StsRegionDisabled,
    StsThrottled,
    StsUnavailable,
    VendingFailure,
)
from authorizer.vending.request import AssumeRoleRequest

DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
PACKED: Final = frozenset({"PackedPolicyTooLarge", "PackedPolicyTooLargeException"})
MALFORMED: Final = frozenset({"MalformedPolicyDocument", "MalformedPolicyDocumentException"})
REGION: Final = frozenset({"RegionDisabled", "RegionDisabledException"})
CALLER: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
FAULTS: Final = frozenset(
    {"InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "ServiceUnavailable"}
)

_PERCENT = re.compile(r"\b(\d{1,6})\s*%")
_ACTION = re.compile(r"\bsts:[A-Za-z]+")
_PARAMETER = re.compile(r"at '([A-Za-z0-9.]{1,64})' failed")
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")


def refusal(response: Mapping[str, Any], status: int, request: AssumeRoleRequest) -> VendingFailure:
    """The error for a reply of STS that holds no credentials: `response` as botocore parses it, `status` its
    HTTP status."""
    error = response.get("Error") or {}
    # Ceph's gateway puts the code beside `Error`; botocore then says "Unknown".
    code = str(response.get("Code") or error.get("Code") or status)
    message = str(error.get("Message", ""))
    if not _CODE.fullmatch(code):
        code = str(status)
    for codes, failure in _KINDS:
        if code in codes:
            return failure(code, message, request)
    if status >= 500:
        return _fault(f"{code}, HTTP status {status}", message, request)
    return _refused(code, message, request)


def _packed(_code: str, message: str, request: AssumeRoleRequest) -> PackedPolicyTooLarge:
    found = _PERCENT.search(message)
    percent = int(found[1]) if found else None
    size = f"{percent} %" if found else "more than 100 %"
    return PackedPolicyTooLarge(
        f"session policy, managed policies and tags of role {request.role_arn!r} pack to {size} of what STS "
        "takes: move what is the same for everybody into the role's own policy, pass fewer tags, use "
        "wildcards for action names",
        percent=percent,
    )


def _denied(_code: str, message: str, request: AssumeRoleRequest) -> AssumeRoleDenied:
    action = found[0] if (found := _ACTION.search(message)) else "sts:AssumeRole"
    checks = [
        "the role exists",
        "its trust policy names this function's execution role",
        "the execution role may call sts:AssumeRole on it (needed across accounts)",
    ]
    if request.tags:
        checks.append("both allow sts:TagSession, with these tag keys")
    if request.source_identity is not None:
        checks.append("both allow sts:SetSourceIdentity")
    if request.external_id is not None:
        checks.append("sts:ExternalId in the trust policy equals the configured one")
    return AssumeRoleDenied(
        f"STS denies {action} on role {request.role_arn!r}; check that {', that '.join(checks)}: `authorizer "
        "trust` prints the policies that allow it",
        role_arn=request.role_arn,
    )


def _refused(code: str, message: str, request: AssumeRoleRequest) -> StsRefused:
    parameters = ", ".join(dict.fromkeys(_PARAMETER.findall(message)))
    where = f" at {parameters}" if parameters else ""
    if "role chaining" in message:
        where = ": DurationSeconds is over the one hour of role chaining"
    elif "MaxSessionDuration" in message:
        where = ": DurationSeconds is over the role's MaxSessionDuration"
    elif "source identity is already set" in message:
        where = ": the function's own session has another source identity"
    return StsRefused(f"STS refuses to assume role {request.role_arn!r}: {code}{where}", sts_code=code)


def _malformed(code: str, _message: str, request: AssumeRoleRequest) -> PolicyMalformed:
    return PolicyMalformed(
        f"STS does not accept the session policy of role {request.role_arn!r} ({code}): try `authorizer "
        "check`, which parses every template, and look for ARNs with fewer than six fields"
    )


def _region(_code: str, _message: str, _request: AssumeRoleRequest) -> StsRegionDisabled:
    return StsRegionDisabled(
        "STS is not active in this Region: activate it under IAM, Account settings, or point AWS_REGION "
        "elsewhere"
    )


def _caller(code: str, _message: str, _request: AssumeRoleRequest) -> CallerCredentialsRefused:
    return CallerCredentialsRefused(
        f"STS refuses the function's own credentials ({code}): they are expired, of a deleted role, or the clock is "
        "wrong; give the function an execution role that exists"
    )


def _throttled(code: str, _message: str, _request: AssumeRoleRequest) -> StsThrottled:
    return StsThrottled(
        f"STS throttles this account ({code}): 600 calls a second are shared by the whole account and "
        "Region; raise result_ttl, or share role sessions between environments with [shared_cache]"
    )


def _fault(code: str, _message: str, _request: AssumeRoleRequest) -> StsUnavailable:
    return StsUnavailable(
        f"STS has a fault of its own: {code}; it is AWS's to mend, and the next request asks again"
    )


_KINDS: Final[tuple[tuple[frozenset[str], Callable[[str, str, AssumeRoleRequest], VendingFailure]], ...]] = (
    (PACKED, _packed),
    (MALFORMED, _malformed),
    (DENIED, _denied),
    (REGION, _region),
    (CALLER, _caller),
    (THROTTLED, _throttled),
    (FAULTS, _fault),
)
