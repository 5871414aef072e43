"""The keys that seal credentials: where they are, how they are read, and which one seals.

A set of keys is a JWK Set (RFC 7517 §5) of one or two `oct` keys of 256 bits, each with a `kid`. The first
one seals, all of them open. So a key is changed without a gap in three steps: add the new one behind the old
one; swap them once every reader has both; remove the old one after an hour, when nothing sealed with it is
alive any more.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.settings.schema import Sealing
from authorizer.syntax.json_text import JsonInvalid, parse_json

KEY_BYTES = 32
"""`A256GCM` with `dir` takes a key of 256 bits (RFC 7518 §4.5, §5.3)."""
MAX_KEYS = 2
ENCRYPTION_CONTEXT = "authorizer-sealing"
PRIVATE_ENCRYPTION_CONTEXT = "authorizer-private-sealing"
"""Values of `purpose` in the KMS encryption context of an encrypted data key. A backend's `kms:Decrypt` is limited to
the first: it then opens no private key, although both are encrypted under one key of KMS."""

_ACTIONS = {"secretsmanager": "secretsmanager:GetSecretValue", "kms": "kms:Decrypt"}
"""What its role needs, by where the keys are."""
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Clients = Callable[[str], Any]
"""Makes a boto3 client of a service, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeys:
    """Key bytes by `kid`. The first one seals."""

    by_kid: Mapping[str, bytes] = field(repr=False)

    @property
    def sealing_kid(self) -> str:
        return next(iter(self.by_kid))


def read_keys(sealing: Sealing, clients: Clients) -> SealingKeys:
    """The keys that `sealing` points to. Blocks: Secrets Manager and KMS are asked through boto3.

    Raises `SettingsError` for a set that is no such set, and `SealingKeysUnavailable` if AWS does not hand it
    out. Neither names a byte of it.
    """
    if sealing.source == "environment":
        return parse_keys(sealing.keys)
    if sealing.source == "secretsmanager":
        secret = _ask(
            lambda: clients("secretsmanager").get_secret_value(SecretId=sealing.keys)["SecretString"], sealing
        )
        return parse_keys(secret)
    return _checked([_decrypted(row, sealing, clients) for row in _rows(sealing.keys, {"kid", "ciphertext"})])


def parse_keys(text: str) -> SealingKeys:
    """The keys of a JWK Set. Raises `SettingsError` with every problem in it."""
    keys: list[tuple[str, bytes]] = []
    for row in _rows(text, {"kty", "kid", "k"}):
        if row["kty"] != "oct":
            raise SettingsError(
                [f'sealing key {row["kid"]!r}: `kty` must be "oct": another kind of key was found']
            )
        keys.append((row["kid"], _bytes(row["k"], row["kid"], urlsafe=True)))
    return _checked(keys)


def _rows(text: str, members: set[str]) -> list[dict[str, str]]:
    """The rows of `{"keys": [...]}`, each with `members` as text. Nothing of them is quoted: any may be the key."""
    shape = (
        f'the sealing keys must be a JSON object {{"keys": […]}} of 1 or {MAX_KEYS} objects with the texts '
    )
    wrong = SettingsError([shape + ", ".join(sorted(members))])
    try:
        document = parse_json(text)
    except JsonInvalid:
        raise wrong from None
    rows = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_KEYS:
        raise wrong
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(member), str) for member in members):
            raise wrong
        if not _KID.fullmatch(row["kid"]):
            raise SettingsError(["a sealing key's `kid` must be 1 to 64 letters, digits, `.`, `_` and `-`"])
    return rows


def _checked(keys: list[tuple[str, bytes]]) -> SealingKeys:
    problems = [
        f"sealing key {kid!r}: must be {KEY_BYTES} random bytes, and is {len(key)}"
        for kid, key in keys
        if len(key) != KEY_BYTES
    ]
    if len({kid for kid, _ in keys}) < len(keys) or len({key for _, key in keys}) < len(keys):
        problems.append("the sealing keys must differ, and so must their `kid`s")
    if problems:
        raise SettingsError(problems)
    return SealingKeys(by_kid=dict(keys))


def _bytes(text: str, kid: str, *, urlsafe: bool) -> bytes:
    try:
        if urlsafe:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SettingsError(
            [f"sealing key {kid!r}: is no {'base64url' if urlsafe else 'base64'}, of {len(text)} characters"]
        ) from None


def _decrypted(row: Mapping[str, str], sealing: Sealing, clients: Clients) -> tuple[str, bytes]:
    blob = _bytes(row["ciphertext"], row["kid"], urlsafe=False)
    purpose = PRIVATE_ENCRYPTION_CONTEXT if sealing.private else ENCRYPTION_CONTEXT
    context = {"purpose": purpose, "kid": row["kid"]}
    plaintext = _ask(
        lambda: clients("kms").decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"], sealing
    )
    return row["kid"], plaintext


def _ask(call: Callable[[], Any], sealing: Sealing) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where AWS holds the keys

    try:
        return call()
    except ClientError as error:
        problem = str(error.response.get("Error", {}).get("Code", "no code"))
    except (BotoCoreError, KeyError) as error:
        problem = type(error).__name__
    raise SealingKeysUnavailable(
        f"the sealing keys cannot be read from {sealing.source}: {problem}; expected that the function may call "
        f"{_ACTIONS[sealing.source]}, and reach it"
    )
