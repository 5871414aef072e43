"""What a token says of a claim that access.toml declares: one reading for whoever asks."""

from collections.abc import Mapping

from authorizer.engine import ClaimValue
from authorizer.settings.schema import Claim
from authorizer.syntax.claim_path import ABSENT, value_at


def said(payload: Mapping[str, object], declared: Claim) -> ClaimValue | None:
    """The value of its type: what the token says, or the fallback where it says nothing; None where there is neither.

    Raises `ValueRefused`. `null` is something that a token says, and no claim's type takes it.
    """
    value = value_at(payload, declared.claim)
    return declared.type.fallback if value is ABSENT else declared.type.said(value)
