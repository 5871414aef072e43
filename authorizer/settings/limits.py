"""What STS takes in AssumeRole, in one table. Loading judges by it what a role says for everybody, and a request what
comes of one caller.

botocore checks types and least lengths only: a session name with spaces, 51 tags or 5,000 characters of policy all
leave the function and fail at STS, as one `ValidationError` among many.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from authorizer.model import Role
from authorizer.settings.schema import MAX_CHAINED_DURATION, MIN_DURATION

_STS = "STS API reference, AssumeRole"
_TAG = r"\w.:/=+@\- \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""`\\p{L}\\p{Z}\\p{N}_.:/=+\\-@`, as `re` can say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One parameter of AssumeRole."""

    least: int = 0
    most: int
    """Characters of a text, entries of a list, or seconds."""
    form: re.Pattern[str] = re.compile(".*")
    """What a text is, as a whole; its length apart."""
    source: str = _STS

    def takes(self, text: str) -> bool:
        """Whether STS takes this text."""
        return self.match(text) is not None

    @property
    def pattern(self) -> str:
        """Form and length as one regular expression, to match a whole text with."""
        return rf"(?=(?s:.{{{self.least},{self.most}}})\Z)(?:{self.form.pattern})"

    def match(self, text: str) -> re.Match[str] | None:
        """The text in the parts that `form` names; None where STS does not take it."""
        if not self.least <= len(text) <= self.most:
            return None
        return self.form.fullmatch(text)


LIMITS: Final[Mapping[str, Limit]] = {
    "RoleArn": Limit(
        least=20,
        most=2048,
        form=re.compile(
            r"arn:(aws[a-z-]*):iam::([0-9]{12}):role(/[\x21-\x7e]{1,510})?/[A-Za-z0-9_+=,.@-]{1,64}"
        ),
        source=f"{_STS}; IAM API reference, Role (Path, RoleName)",
    ),
    # The same for `SourceIdentity`.
    "RoleSessionName": Limit(least=2, most=64, form=re.compile(r"[A-Za-z0-9_+=,.@-]*")),
    # The text and all ARNs of `PolicyArns` together.
    "Policy": Limit(least=1, most=2048, form=re.compile("[\t\n\r\x20-\xff]*")),
    "PolicyArns": Limit(most=10),
    "PolicyArns.arn": Limit(
        least=20,
        most=2048,
        form=re.compile(
            r"arn:(aws[a-z-]*):iam::([0-9]{12}|aws):policy(/[\x21-\x7e]{1,510})?/[A-Za-z0-9_+=,.@-]{1,128}"
        ),
        source=f"{_STS}; IAM API reference, Policy (Path, PolicyName)",
    ),
    "DurationSeconds": Limit(
        least=MIN_DURATION,
        most=MAX_CHAINED_DURATION,
        source=f'{_STS}; IAM User Guide, "Methods to assume a role" (role chaining)',
    ),
    "Tags": Limit(most=50),
    "Tags.Key": Limit(
        least=1,
        most=128,
        form=re.compile(rf"(?!(?i:aws:))[{_TAG}]*"),
        source=f'{_STS}; IAM User Guide, "Pass session tags in AWS STS" (keys have no case, `aws:` is reserved)',
    ),
    "Tags.Value": Limit(most=256, form=re.compile(f"[{_TAG}]*")),
    "ExternalId": Limit(least=2, most=1224, form=re.compile(r"[A-Za-z0-9_+=,.@:/-]*")),
}
"""Parameter → what STS takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What a role asks for and STS gives nobody."""

    setting: str
    """The role's key in `access.toml`."""
    parameter: str
    text: str
    """Never an external id."""


def breaches(role: Role) -> Iterator[Breach]:
    """Everything in a role for which STS would refuse each of its sessions, whoever it is for. The length of the
    session policy is not in it: that is for the templates to say."""
    if not LIMITS["RoleArn"].takes(role.arn):
        said = f"must be the ARN of an IAM role, `arn:PARTITION:iam::ACCOUNT:role/NAME`: {role.arn!r}"
        yield Breach(setting="arn", parameter="RoleArn", text=said)
    if role.external_id is not None and not LIMITS["ExternalId"].takes(role.external_id):
        said = "must be 2 to 1,224 characters of letters, digits and _+=,.@:/-"
        yield Breach(setting="external_id", parameter="ExternalId", text=said)
    duration = LIMITS["DurationSeconds"]
    if not duration.least <= role.duration <= duration.most:
        said = f"must be {duration.least} to {duration.most} seconds under role chaining: {role.duration}"
        yield Breach(setting="duration", parameter="DurationSeconds", text=said)
    for said in _managed_policies(role):
        yield Breach(setting="managed_policies", parameter="PolicyArns", text=said)
    for said in _session_tags(role):
        yield Breach(setting="session_tags", parameter="Tags", text=said)
    if unknown := sorted(set(role.transitive_tags) - role.session_tags.keys()):
        said = f"names tags that are not among session_tags: {unknown}"
        yield Breach(setting="transitive_tags", parameter="TransitiveTagKeys", text=said)


def _managed_policies(role: Role) -> Iterator[str]:
    arns, most = role.managed_policies, LIMITS["PolicyArns"].most
    if len(arns) > most:
        yield f"has {len(arns)} entries: STS takes {most}"
    own = LIMITS["RoleArn"].match(role.arn)
    for arn in arns:
        found = LIMITS["PolicyArns.arn"].match(arn)
        if not found or (own and (found[1] != own[1] or found[2] not in {own[2], "aws"})):
            yield f"must be managed policies of the role's own account and partition, or of AWS: {arn!r}"


def _session_tags(role: Role) -> Iterator[str]:
    keys, most = list(role.session_tags), LIMITS["Tags"].most
    if len(keys) > most:
        yield f"has {len(keys)} entries: STS takes {most}"
    if len({key.casefold() for key in keys}) < len(keys):
        yield f"has keys that differ in case only: {keys}"
    for key in keys:
        if not LIMITS["Tags.Key"].takes(key):
            yield (
                f"has a key that STS does not take: {key!r}; expected 1 to 128 letters, digits, spaces and "
                "_ . : / = + - @, and not `aws:` before them"
            )
