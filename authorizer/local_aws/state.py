"""What moto knows of the account: its roles, and the policies on its buckets and queues. Read in the process, where it
is kept."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from moto.backends import get_backend
from moto.s3.models import s3_backends

from authorizer.engine import Document, EngineError, parse_identity
from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.sessions import Role


def role(arn: str) -> Role | None:
    """The role of this ARN; None if there is none. Raises `Refused` for policies that cannot be judged."""
    fields = arn.split(":", 5)
    if len(fields) < 6 or fields[2] != "iam" or not fields[5].startswith("role/"):
        return None
    partition, account = fields[1], fields[4]
    backend = of("iam", account, partition)
    for found in backend.roles.values():
        if found.arn == arn:
            return Role(
                arn=arn,
                id=found.id,
                name=found.name,
                account=account,
                partition=partition,
                max_duration=int(found.max_session_duration or 3600),
                trust=_text(found.assume_role_policy_document),
                policies=tuple(_document(text, f"a policy of {arn}") for text in _attached(found)),
                boundary=_boundary(backend, found),
                tags=tags_of(found.tags),
            )
    return None


def add_role(arn: str, *, trust: str, policy: str) -> None:
    """Make a role with one inline policy, in whatever account its ARN names."""
    _, partition, _, _, account, name = arn.split(":", 5)
    path, _, name = name.removeprefix("role").rpartition("/")
    backend = of("iam", account, partition)
    made = backend.create_role(
        role_name=name, assume_role_policy_document=trust, path=f"{path}/", permissions_boundary=None, description="",
        tags=[], max_session_duration="3600",
    )  # fmt: skip
    backend.put_role_policy(made.name, "permissions", policy)


def managed_policy(arn: str, account: str, partition: str) -> Document | None:
    """A managed policy's default version; None if there is none of this ARN."""
    found = of("iam", account, partition).managed_policies.get(arn)
    return None if found is None else _document(_default(found), f"the policy {arn}")


def _attached(found: Any) -> list[str]:
    inline = [_text(text) for text in found.policies.values()]
    return inline + [_default(policy) for policy in found.managed_policies.values()]


def _boundary(backend: Any, found: Any) -> Document | None:
    arn = found.permissions_boundary_arn
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    if policy is None:
        raise Refused("AccessDenied", f"the permissions boundary {arn} does not exist", status=403)
    return _document(_default(policy), f"the permissions boundary {arn}")


def _default(policy: Any) -> str:
    return _text(
        next(each.document for each in policy.versions if each.version_id == policy.default_version_id)
    )


def _text(document: str | bytes) -> str:
    """moto keeps some as they were sent, percent-encoded."""
    text = document.decode() if isinstance(document, bytes) else document
    return unquote(text) if text.startswith("%7B") else text


@lru_cache(maxsize=1024)
def _document(text: str, what: str) -> Document:
    try:
        return parse_identity(text)
    except EngineError as error:
        raise Refused("AccessDenied", f"{what} cannot be judged: {error}", status=403) from None


def of(service: str, account: str, region: str) -> Any:
    """moto's own state of a service in a Region; of IAM and S3, in a partition."""
    return get_backend(service)[account][region]  # type: ignore[call-overload]  # a table's own names


def bucket(name: str, account: str, partition: str) -> Any:
    """moto's bucket; None if there is none in this account. Raises `Refused` for one of another account."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is not None and owner != (partition, account):
        raise Refused(
            "AccessDenied", f"the bucket {name} is of another account: the door judges one", status=403
        )
    return None if owner is None else of("s3", account, partition).buckets.get(name)


def bucket_policy(name: str, account: str, partition: str) -> str | None:
    """The text of its policy; None if there is none."""
    found = bucket(name, account, partition)
    return None if found is None or found.policy is None else _text(found.policy)


def tags_of(pairs: object) -> Mapping[str, str]:
    """moto's tags, in any of its forms, by key."""
    if isinstance(pairs, Mapping):
        return {str(key): str(value) for key, value in pairs.items()}
    return {str(pair["Key"]): str(pair["Value"]) for pair in pairs or ()}  # type: ignore[attr-defined]
