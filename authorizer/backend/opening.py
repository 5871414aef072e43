"""From a context's fields to credentials that still live."""

import os
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from authorizer.backend.event import Context
from authorizer.errors import CredentialsAbsent, CredentialsExpired, SealRefused, SettingsError
from authorizer.model import Credentials
from authorizer.settings.schema import Sealing

if TYPE_CHECKING:
    from typing import Literal

    from authorizer.vending.seal import Seal

KEYS = "AUTHORIZER_SEALING_KEYS"
SOURCE = "AUTHORIZER_SEALING_SOURCE"
SOURCES = ("environment", "secretsmanager", "kms")
RELOAD_COOLDOWN = 30.0
"""Seconds between two readings of the keys that an unknown `kid` causes: a stranger's headers may name
any."""

_PLAIN = ("accessKeyId", "secretAccessKey", "sessionToken", "expiration")


def open_context(context: Context, now: float) -> Credentials:
    """Raises `CredentialsAbsent`, `CredentialsExpired` or `SealRefused`."""
    sealed = context.fields.get("credentials")
    if sealed is None:
        return _plain(context, now)
    try:
        return _open(sealed, context, now)
    except SealRefused as refused:
        if refused.reason == "expired":
            raise CredentialsExpired(f"the caller's {refused}: ask again") from None
        raise


def _plain(context: Context, now: float) -> Credentials:
    missing = [name for name in _PLAIN if not context.fields.get(name)]
    if missing:
        raise CredentialsAbsent(
            f'the authorizer\'s context has no {", ".join(missing)}: is `[session] context` "none" there, or is the '
            "route without the authorizer?"
        )
    try:
        expires = datetime.fromisoformat(context.fields["expiration"])
    except ValueError:
        raise CredentialsAbsent("the context's `expiration` is no time of ISO 8601 with a zone") from None
    if expires.tzinfo is None:
        raise CredentialsAbsent("the context's `expiration` is no time of ISO 8601 with a zone")
    expiration = expires.timestamp()
    if expiration <= now:
        # A WebSocket keeps the context of its $connect for up to two hours, longer than any session lives.
        raise CredentialsExpired(
            f"the caller's credentials expired {now - expiration:.0f} s ago: ask again, a WebSocket by "
            "connecting anew"
        )
    return Credentials(
        access_key_id=context.fields["accessKeyId"],
        secret_access_key=context.fields["secretAccessKey"],
        session_token=context.fields["sessionToken"],
        expiration=expiration,
        role_arn=context.fields.get("roleArn", ""),
        session_name="",
        packed_policy_size=None,
        issued_at=now,
    )


@dataclass(slots=True)
class _Keys:
    """This process's seal: made on first use, made again when a text names a key that it does not have."""

    seal: "Seal | None" = None
    read_at: float = 0.0


_keys = _Keys()


def _open(sealed: str, context: Context, now: float) -> Credentials:
    if _keys.seal is None:
        _read()
    seal = cast("Seal", _keys.seal)
    try:
        return seal.open(sealed, audience=context.audience, principal=context.principal, now=now)
    except SealRefused as refused:
        if refused.reason != "key" or time.monotonic() < _keys.read_at + RELOAD_COOLDOWN:
            raise
    _read()
    return cast("Seal", _keys.seal).open(
        sealed, audience=context.audience, principal=context.principal, now=now
    )


def _read() -> None:
    from authorizer.vending.keys import read_keys  # noqa: PLC0415 - only where credentials are sealed
    from authorizer.vending.seal import Seal  # noqa: PLC0415

    keys, source = os.environ.get(KEYS), os.environ.get(SOURCE, SOURCES[0])
    if not keys or source not in SOURCES:
        raise SettingsError(
            [f"the credentials are sealed: set {KEYS}, and {SOURCE} to one of {', '.join(SOURCES)}"]
        )
    _keys.read_at = time.monotonic()
    source_name = cast("Literal['environment', 'secretsmanager', 'kms']", source)
    _keys.seal = Seal(read_keys(Sealing(source=source_name, keys=keys), _client))


def _client(service: str) -> object:
    import boto3  # noqa: PLC0415 - only where AWS holds the keys

    return boto3.client(service)
