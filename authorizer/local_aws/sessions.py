"""Who can sign requests: the owner of the account, and the sessions that the local STS handed out.

moto's own STS forgets tags and session policies, so that the door keeps its own table, in memory.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from authorizer.engine import Document

MAX_SESSIONS = 100_000
"""Sessions kept. Beyond it those that expired are forgotten, then the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role of the account as IAM had it when it was looked up."""

    arn: str
    """With its path: what `aws:PrincipalArn` says."""
    id: str
    """`AROA…`: another one when the role is made anew."""
    name: str
    account: str
    partition: str
    max_duration: int
    trust: str = field(repr=False)
    policies: tuple[Document, ...] = field(repr=False)
    boundary: Document | None = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever signed. The owner has neither role nor token, and nothing narrows them."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    account: str
    partition: str
    arn: str
    """`arn:aws:sts::…:assumed-role/ROLE/SESSION`, or the account's root."""
    user_id: str
    """`AROA…:SESSION`: what `aws:userid` says."""
    role_arn: str | None = None
    role_id: str | None = None
    session: Document | None = field(default=None, repr=False)
    """The session policies, inline and managed ones joined; None where the session was made without."""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    transitive: frozenset[str] = frozenset()
    """Names, in lower case, of the tags that a session which this one assumes has too."""
    source_identity: str | None = None
    issued: float = 0.0
    expires: float | None = None

    @property
    def is_owner(self) -> bool:
        return self.role_arn is None


class Principals:
    """All of them, by access key id."""

    def __init__(self, account: str, partition: str) -> None:
        self.owner = Principal(
            access_key_id="AKIA" + _letters(16),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=None,
            account=account,
            partition=partition,
            arn=f"arn:{partition}:iam::{account}:root",
            user_id=account,
        )
        self._by_key = {self.owner.access_key_id: self.owner}

    def find(self, access_key_id: str) -> Principal | None:
        """Whose key this is; None if it is nobody's."""
        return self._by_key.get(access_key_id)

    def add(self, principal: Principal, now: float) -> None:
        """Keep a new session."""
        if len(self._by_key) >= MAX_SESSIONS:
            for old in [key for key, each in self._by_key.items() if (each.expires or now + 1) <= now]:
                del self._by_key[old]
            if len(self._by_key) >= MAX_SESSIONS:
                del self._by_key[next(key for key in self._by_key if key != self.owner.access_key_id)]
        self._by_key[principal.access_key_id] = principal


def new_keys() -> tuple[str, str, str]:
    """A session's access key id, secret access key and session token, in the forms of AWS's."""
    return (
        "ASIA" + _letters(16),
        secrets.token_urlsafe(30),
        base64.b64encode(secrets.token_bytes(96)).decode(),
    )


def same(one: str | None, other: str | None) -> bool:
    """Whether two tokens are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest((one or "").encode(), (other or "").encode()) and (one is None) is (
        other is None
    )


def _letters(count: int) -> str:
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(count))
