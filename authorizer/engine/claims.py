"""Claim types: how a value is checked before it may reach a policy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimType:
    """One declared type, such as `{ type = "slug", max_length = 32 }`."""

    name: str
