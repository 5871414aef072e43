"""What is asked of STS, decided and checked before the call.

botocore checks types and minimal lengths only: a session name with spaces, 51 tags or 5,000 characters of
policy all leave the function and fail at STS, as one `ValidationError` among many. Here each limit of the API
is checked by name. Limits are of the STS API reference, AssumeRole, unless another source is named.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from authorizer.errors import ClaimAbsent, PolicyInvalid, PolicyTooLarge, RequestInvalid
from authorizer.model import Identity, SessionPolicy
from authorizer.settings.schema import MAX_CHAINED_DURATION, MIN_DURATION, Role
from authorizer.vending import session_name

MAX_POLICY = 2048
"""Characters of the inline policy and all managed policy ARNs together."""
MAX_POLICY_ARNS = 10
MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256
TAG_MARKS = frozenset("_.:/=+-@")
"""What a tag may hold besides letters, digits and separators (`[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]`)."""

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/[\x21-\x7e]{1,512}")
_POLICY_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}|aws):policy/[\x21-\x7e]{1,512}")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_PLAIN_TAG = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
"""The part of it that needs no look into Unicode's tables."""
_POLICY_TEXT = re.compile("[\t\n\r\x20-\xff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeRoleRequest:
    """One AssumeRole call, every parameter within the limits of STS. Made by `assume_role_request` alone."""

    role_arn: str
    session_name: str
    policy: str = field(repr=False)
    policy_arns: tuple[str, ...]
    duration: int
    tags: tuple[tuple[str, str], ...] = field(repr=False)
    transitive_tags: tuple[str, ...]
    source_identity: str | None
    external_id: str | None = field(repr=False)
    key: str
    """SHA-256, in hex, of everything above and of whom it is for: equal keys are the same person with the
    same rights."""

    def parameters(self) -> dict[str, Any]:
        """The keyword arguments of boto3's and aioboto3's `assume_role`. `Policy` is always among them."""
        parameters: dict[str, Any] = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name,
            "Policy": self.policy,
            "DurationSeconds": self.duration,
        }
        if self.policy_arns:
            parameters["PolicyArns"] = [{"arn": arn} for arn in self.policy_arns]
        if self.tags:
            parameters["Tags"] = [{"Key": key, "Value": value} for key, value in self.tags]
        if self.transitive_tags:
            parameters["TransitiveTagKeys"] = list(self.transitive_tags)
        if self.source_identity is not None:
            parameters["SourceIdentity"] = self.source_identity
        if self.external_id is not None:
            parameters["ExternalId"] = self.external_id
        return parameters


def assume_role_request(
    identity: Identity, policy: SessionPolicy, *, end_with_token: bool = False
) -> AssumeRoleRequest:
    """The AssumeRole call that gives `identity` its role, narrowed by `policy`.

    `end_with_token` also ends every permission when the token expires, whatever the session's own length.

    Raises `RequestInvalid` naming the parameter, `PolicyTooLarge`, `PolicyInvalid`, or `ClaimAbsent` for a
    tag whose claim is not there.
    """
    end = identity.expires_at if end_with_token else None
    claims = tuple(identity.claims.items())
    return _request(identity.issuer, identity.principal, identity.role, claims, policy.text, end)


@lru_cache(maxsize=1024)  # about 4 KB each; refusals are not remembered
def _request(  # noqa: PLR0917 - what it reads, and so what its outcome is remembered by
    issuer: str,
    principal: str,
    role: Role,
    claim_items: tuple[tuple[str, str | tuple[str, ...]], ...],
    policy: str,
    end: float | None,
) -> AssumeRoleRequest:
    claims = dict(claim_items)
    text = policy if end is None else _until(policy, end)
    tags = tuple((key, _tag_value(key, claim, claims)) for key, claim in role.session_tags.items())
    _check_role(role.arn)
    _check_policies(role.arn, text, role.managed_policies)
    _check_tags(tags, role.transitive_tags)
    if not MIN_DURATION <= role.duration <= MAX_CHAINED_DURATION:
        raise RequestInvalid(
            "DurationSeconds",
            f"must be {MIN_DURATION} to {MAX_CHAINED_DURATION} seconds under role chaining: {role.duration}",
        )
    if role.external_id is not None and not _EXTERNAL_ID.fullmatch(role.external_id):
        raise RequestInvalid("ExternalId", "must be 2 to 1,224 characters of letters, digits and _+=,.@:/-")
    name = session_name.fill(role.session_name, claims, parameter="RoleSessionName")
    source = (
        None
        if role.source_identity is None
        else session_name.fill(role.source_identity, claims, parameter="SourceIdentity")
    )
    parts = [
        *(issuer, principal, role.arn, name, text, sorted(role.managed_policies)),
        *(role.duration, sorted(tags), sorted(role.transitive_tags), source, role.external_id),
    ]
    return AssumeRoleRequest(
        role_arn=role.arn,
        session_name=name,
        policy=text,
        policy_arns=role.managed_policies,
        duration=role.duration,
        tags=tags,
        transitive_tags=role.transitive_tags,
        source_identity=source,
        external_id=role.external_id,
        # JSON keeps the parts apart: ("ab", "c") and ("a", "bc") never meet.
        key=hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest(),
    )


def _check_role(arn: str) -> None:
    if not _ROLE_ARN.fullmatch(arn):
        raise RequestInvalid("RoleArn", f"must be `arn:PARTITION:iam::ACCOUNT:role/NAME`: {arn!r}")


def _check_policies(role_arn: str, text: str, arns: tuple[str, ...]) -> None:
    if not text.strip():
        # AssumeRole without a Policy, or with an empty one, means the whole role.
        raise RequestInvalid("Policy", "is empty")
    if not _POLICY_TEXT.fullmatch(text):
        raise RequestInvalid("Policy", "holds a character outside tab, LF, CR and U+0020 to U+00FF")
    if len(arns) > MAX_POLICY_ARNS:
        raise RequestInvalid("PolicyArns", f"has {len(arns)} entries: STS takes {MAX_POLICY_ARNS}")
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    for arn in arns:
        match = _POLICY_ARN.fullmatch(arn)
        if not match or match[1] != partition or match[2] not in {account, "aws"}:
            raise RequestInvalid("PolicyArns", f"must be managed policies of the role's own account: {arn!r}")
    total = len(text) + sum(map(len, arns))
    if total > MAX_POLICY:
        raise PolicyTooLarge(
            f"the session policy of role {role_arn!r} has {total} characters, managed policy ARNs included: "
            "STS takes "
            f"{MAX_POLICY}; move what is the same for everybody into the role's own policy"
        )


def _check_tags(tags: tuple[tuple[str, str], ...], transitive: tuple[str, ...]) -> None:
    if len(tags) > MAX_TAGS:
        raise RequestInvalid("Tags", f"has {len(tags)} entries: STS takes {MAX_TAGS}")
    keys = [key for key, _ in tags]
    if len({key.casefold() for key in keys}) < len(keys):
        raise RequestInvalid("Tags", f"has keys that differ in case only: {keys}")
    for key, value in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY or not _fit_for_tag(key) or key.casefold().startswith("aws:"):
            raise RequestInvalid("Tags", f"has a key that STS does not take: {key!r}")
        if len(value) > MAX_TAG_VALUE or not _fit_for_tag(value):
            raise RequestInvalid(
                "Tags",
                f"has a value that STS does not take under {key!r}: at most {MAX_TAG_VALUE} letters, "
                "digits, spaces and "
                f"{' '.join(sorted(TAG_MARKS))}",
            )
    if unknown := sorted(set(transitive) - set(keys)):
        raise RequestInvalid("TransitiveTagKeys", f"names tags that are not passed: {unknown}")


def _fit_for_tag(text: str) -> bool:
    if _PLAIN_TAG.fullmatch(text):
        return True
    return all(char in TAG_MARKS or unicodedata.category(char)[0] in "LZN" for char in text)


def _tag_value(key: str, claim: str, claims: Mapping[str, str | tuple[str, ...]]) -> str:
    value = claims.get(claim)
    if value is None:
        raise ClaimAbsent(
            f"the session tag {key!r} needs the claim {claim!r}, which the token does not carry"
        )
    if not isinstance(value, str):
        raise RequestInvalid("Tags", f"has {key!r} from the list claim {claim!r}: a tag holds one value")
    return value


def _until(text: str, moment: float) -> str:
    """The policy with every Allow ended at `moment`: AWS evaluates `aws:CurrentTime` at each request of the
    backend.

    A session cannot be shorter than 15 minutes, so this is the only way to end one with its token (IAM User
    Guide, "AWS global condition context keys", aws:CurrentTime).
    """
    document = json.loads(text)
    end = datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement["Effect"] != "Allow":
            continue
        dates = statement.setdefault("Condition", {}).setdefault("DateLessThan", {})
        if any(key.casefold() == "aws:currenttime" for key in dates):
            # Two values of one key are alternatives: the later of them would win.
            raise PolicyInvalid("a template limits `aws:CurrentTime` itself, so `end_with_token` cannot")
        dates["aws:CurrentTime"] = end
    return json.dumps(document, separators=(",", ":"))
