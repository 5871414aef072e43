"""Actions and resources as texts: whether IAM would store them.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language"; for resources of `iam`, IAM's own error messages.
"""

import re

from authorizer.engine.language import PARTITIONS

IAM_PATHS = (
    *("user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/"),
    *("policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"),
)
"""What the resource of an ARN of service `iam` begins with (IAM's own error message names them)."""

_VENDOR = re.compile(r"[A-Za-z0-9.-]+")


def wrong_with_action(action: str) -> str | None:
    """What is wrong with an action; None where nothing is."""
    if action in {"*", "*:*"}:
        return None
    vendor, *names = action.split(":")
    if len(names) != 1:
        return f"action {action!r} must be SERVICE:NAME, with one colon"
    if not _VENDOR.fullmatch(vendor):
        return (
            f"action {action!r} has no valid service: expected letters, digits, `.` and `-`, found {vendor!r}"
        )
    return None


def wrong_with_resource(resource: str) -> str | None:
    """What is wrong with a resource; None where nothing is."""
    if resource == "*":
        return None
    wrong = _wrong_with_fields(resource.split(":", 5))
    return f"resource {resource!r} {wrong}" if wrong else None


def _wrong_with_fields(fields: list[str]) -> str | None:
    if fields[0] != "arn":
        return 'is neither an ARN nor "*"'
    if len(fields) < 3 or not fields[2] or re.search(r"[*?\s]", fields[2]):
        return "names no service: wildcards are not allowed there"
    if fields[1] not in {"*", *PARTITIONS}:
        return f"is in unknown partition {fields[1]!r}: expected one of {', '.join(('*', *PARTITIONS))}"
    if len(fields) < 6:
        return f"has too few fields: expected six, found {len(fields)}" if "" in fields else None
    return _wrong_for_service(*fields[2:])


def _wrong_for_service(service: str, region: str, account: str, name: str) -> str | None:
    if service == "iam" and region:
        return "has a region, which `iam` has not"
    if service == "iam" and not name.startswith(("*", *IAM_PATHS)):
        return f"names nothing of `iam`: expected one of {' '.join(IAM_PATHS)}"
    if service == "s3" and region.strip("*") and not account:
        return "has a region, which a bucket's ARN has not"
    return None
