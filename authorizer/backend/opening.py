"""From a context's fields to credentials that still live."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from authorizer.backend.event import Context
from authorizer.backend.renewing import connection_of, is_renewable, renewed
from authorizer.errors import (
    CredentialsAbsent,
    CredentialsExpired,
    RenewalFailed,
    SealingKeysUnavailable,
    SealRefused,
    SettingsError,
)
from authorizer.model import Credentials
from authorizer.settings.schema import Sealing

if TYPE_CHECKING:
    from typing import Literal

    from authorizer.sealing.seal import Seal

KEYS = "AUTHORIZER_SEALING_KEYS"
SOURCE = "AUTHORIZER_SEALING_SOURCE"
SOURCES = ("environment", "secretsmanager", "kms")
KEYS_MAX_AGE = 300.0
"""Seconds after which the keys are read again: how long a key that was dropped still opens here."""
KEYS_GRACE = 3600.0
"""Seconds for which keys open while they cannot be read again; nothing that they have sealed lives longer."""
AHEAD = 60.0
"""Seconds before the end at which a message's credentials are renewed: what is handed out in their last second ends
while the backend works with it. Twice the usual `gateway.backend_time`, which a backend does not know."""
RELOAD_COOLDOWN = 30.0
"""Seconds between two readings of the keys that an unknown `kid` or a failure causes: a stranger's headers may name
any."""

_PLAIN = ("accessKeyId", "secretAccessKey", "sessionToken", "expiration")


def open_context(context: Context, now: float) -> Credentials:
    """The credentials in it; of a WebSocket's message whose own end soon, fresh ones that the authorizer gives. Where
    it gives none, old ones that live serve, and it is asked again after a pause.

    Raises `CredentialsAbsent`, `CredentialsExpired`, `SealRefused`; where keys are configured and cannot be had,
    `SettingsError` or `SealingKeysUnavailable`; `RenewalFailed` where the authorizer does not answer.
    """
    if not is_renewable(context):
        return _opened(context, now)
    old = _living(context, now)
    if old is not None and old.expiration - now > AHEAD:
        return old
    connection = connection_of(context)
    # What the authorizer has given since never ends before what `$connect` was answered.
    old = _living(connection.fresh, now) or old
    if old is None:
        return _fresh(context, now)
    if old.expiration - now > AHEAD or not connection.pause.is_over(now):
        return old
    connection.pause.failed(now)  # until it has brought something that lasts
    with suppress(CredentialsAbsent, CredentialsExpired, RenewalFailed, SealRefused):
        old = _fresh(context, now)
        if old.expiration - now > AHEAD:
            connection.pause.succeeded()
    return old


def _fresh(context: Context, now: float) -> Credentials:
    """What the authorizer gives now; remembered where it opens."""
    answer = renewed(context)
    found = _opened(answer, now)
    connection_of(context).fresh = answer
    return found


def _living(context: Context | None, now: float) -> Credentials | None:
    """The credentials in it; None: there are none that live. Raises `SealRefused` as `open_context` does."""
    if context is None:
        return None
    try:
        return _opened(context, now)
    except CredentialsExpired:
        return None
    except SealRefused as refused:
        # A connection may outlive the key that its credentials were sealed with.
        if refused.reason != "key":
            raise
        return None


def _opened(context: Context, now: float) -> Credentials:
    sealed = context.fields.get("credentials")
    if sealed is None:
        if is_sealing():
            # Who reaches this backend past the gateway could write anything, a `sub` and credentials of their own.
            raise SealRefused(
                "plain",
                f"the credentials are not sealed, and this backend has {KEYS} or {SOURCE}: nothing plain is believed "
                'here; set `[session] context` to "sealed" there, or take the variables away',
            )
        return _plain(context, now)
    try:
        return _open(sealed, context, now)
    except SealRefused as refused:
        if refused.reason == "expired":
            raise CredentialsExpired(f"the caller's credentials: {refused}: ask again") from None
        raise


def is_sealing() -> bool:
    """Whether this backend is to have sealing keys. A variable that is there and empty says so too."""
    return KEYS in os.environ or SOURCE in os.environ


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
            f"the caller's credentials expired {now - expiration:.0f} s ago: ask again, a WebSocket by connecting "
            "anew or with gateway.renew_connections"
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
    """This process's seal, and when it was made. Times are those of the calls, wall-clock seconds: an environment that
    was frozen for an hour wakes up an hour older, which a monotonic clock need not say."""

    seal: "Seal | None" = None
    read_at: float = 0.0
    tried_at: float = 0.0

    def current(self, now: float) -> "Seal":
        """The seal whose keys were read lately, read again if they were not."""
        age = now - self.read_at
        if (
            self.seal is not None
            and (0 <= age < KEYS_MAX_AGE or self.have_been_asked_for(now))
            and age < KEYS_GRACE
        ):
            return self.seal
        try:
            return self.read(now)
        except (SettingsError, SealingKeysUnavailable):
            # A secret that cannot be read for a moment must not take the good keys with it.
            if self.seal is None or not 0 <= age < KEYS_GRACE:
                raise
            return self.seal

    def read(self, now: float) -> "Seal":
        self.tried_at = now
        self.seal = _read()
        self.read_at = now
        return self.seal

    def have_been_asked_for(self, now: float) -> bool:
        return 0 <= now - self.tried_at < RELOAD_COOLDOWN


_keys = _Keys()


def _open(sealed: str, context: Context, now: float) -> Credentials:
    seal = _keys.current(now)
    try:
        return seal.open(sealed, audience=context.audience, principal=context.principal, now=now)
    except SealRefused as refused:
        if refused.reason != "key" or _keys.have_been_asked_for(now):
            raise
    return _keys.read(now).open(sealed, audience=context.audience, principal=context.principal, now=now)


def _read() -> "Seal":
    from authorizer.aws.blocking import blocking_client  # noqa: PLC0415 - only where credentials are sealed
    from authorizer.sealing.keys import read_keys  # noqa: PLC0415
    from authorizer.sealing.seal import Seal  # noqa: PLC0415

    keys, source = os.environ.get(KEYS), os.environ.get(SOURCE, SOURCES[0])
    if not keys or source not in SOURCES:
        raise SettingsError(
            [f"the credentials are sealed: set {KEYS}, and {SOURCE} to one of {', '.join(SOURCES)}"]
        )
    source_name = cast("Literal['environment', 'secretsmanager', 'kms']", source)
    try:
        return Seal(read_keys(Sealing(source=source_name, keys=keys), blocking_client))
    except SettingsError as error:
        raise SettingsError(f"{KEYS}: {problem}" for problem in error.problems) from None
