"""Access control lists of buckets, as statements of a policy: what they give, no session policy narrows either.

Source: S3 User Guide, "Access control list (ACL) overview" (canned ACLs, predefined groups, and the actions that a
permission on a bucket allows). A list that ownership settings or public access blocks shut off counts all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from authorizer.deployed.deployment import Policy
from authorizer.deployed.policies import VERSION, read_policy, unreadable

_GROUPS: Final = "http://acs.amazonaws.com/groups/"
_EVERYBODY: Final = (f"{_GROUPS}global/AllUsers", f"{_GROUPS}global/AuthenticatedUsers")
_LOGS: Final = f"{_GROUPS}s3/LogDelivery"
_LISTS: Final = ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads")
_WRITES: Final = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")
_ALL: Final = ("s3:*",)
"""Who writes the list gives themselves the rest."""
_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "READ": _LISTS,
    "WRITE": _WRITES,
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": _ALL,
    "FULL_CONTROL": _ALL,
}
_CANNED: Final[Mapping[str, tuple[str, ...]]] = {
    "private": (),
    "publicread": _LISTS,
    "publicreadwrite": (*_LISTS, *_WRITES),
    "authenticatedread": _LISTS,
    "logdeliverywrite": (),
    "awsexecread": (),
    "bucketownerread": (),
    "bucketownerfullcontrol": (),
}
"""By CloudFormation's name or Terraform's, in small letters and without hyphens → what everybody may."""


def canned(name: object, place: str) -> Policy | None:
    """What a canned list gives; None where it gives nothing."""
    actions = _CANNED.get(str(name).replace("-", "").lower())
    if actions is None:
        return unreadable(place, "its ACL could not be read")
    return _policy([_allow("*", actions)], place) if actions else None


def granted(
    grants: Iterable[tuple[Mapping[str, Any], Iterable[object]]], owner: object, place: str
) -> Policy | None:
    """What (grantee, permissions) give. Without an `owner`, the only account that is named is the owner's."""
    rows = list(grants)
    accounts = {grantee.get("id") for grantee, _ in rows if not grantee.get("uri")}
    owner = owner or (accounts.pop() if len(accounts) == 1 else None)
    statements = [*_statements(rows, owner)]
    return _policy(statements, place) if statements else None


def _statements(
    rows: Iterable[tuple[Mapping[str, Any], Iterable[object]]], owner: object
) -> Iterator[dict[str, Any]]:
    for grantee, permissions in rows:
        uri, account = grantee.get("uri"), grantee.get("id")
        if uri == _LOGS or (not uri and account == owner):
            continue
        who = "*" if uri in _EVERYBODY else {"CanonicalUser": str(uri or account)}
        for permission in permissions:
            yield _allow(who, _ACTIONS.get(str(permission), _ALL))


def _allow(who: object, actions: Iterable[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": who, "Action": [*actions], "Resource": "*"}


def _policy(statements: list[dict[str, Any]], place: str) -> Policy:
    return read_policy({"Version": VERSION, "Statement": statements}, place)
