"""Credentials as one sealed text: a compact JWE (RFC 7516) whose payload is a JWT claims set (RFC 7519).

Any language's JOSE library opens one and checks it as a JWT: `alg` is `dir`, `enc` is `A256GCM`, `kid` names
the key; `aud` says for which API and stage it was made, `sub` for whom, `exp` when the credentials in it
expire. Without these two, one sealed text could be replayed at another API with the same key, or beside
another caller's name.

The library is joserfc, imported only here, and here is imported only where sealing is on.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from authorizer.errors import SealRefused, SealTooLarge
from authorizer.model import Credentials
from authorizer.vending.keys import SealingKeys

ALGORITHM = "dir"
ENCRYPTION = "A256GCM"
MAX_SEALED = 7168
"""Characters. An HTTP integration gets it as a header, and API Gateway carries 10,240 bytes of headers in all
(REST and HTTP API quotas); 3,072 are left to the caller's own. A WebSocket's whole answer is 8 KB."""

_HEADER = frozenset({"alg", "enc", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens with one set of keys."""

    keys: SealingKeys
    _imported: dict[str, OctKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        imported = {kid: OctKey.import_key(key, {"kid": kid}) for kid, key in self.keys.by_kid.items()}
        object.__setattr__(self, "_imported", imported)

    def close(self, credentials: Credentials, *, audience: str, principal: str) -> str:
        """`credentials` sealed for `principal` at `audience`. Raises `SealTooLarge`."""
        kid = self.keys.sealing_kid
        header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": kid, "typ": "JWT"}
        payload = {
            "aud": audience,
            "sub": principal,
            "iat": int(credentials.issued_at),
            "exp": int(credentials.expiration),
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "roleArn": credentials.role_arn,
            "sessionName": credentials.session_name,
            "packedPolicySize": credentials.packed_policy_size,
        }
        plaintext = json.dumps(payload, separators=(",", ":"))
        sealed = jwe.encrypt_compact(
            header, plaintext, self._imported[kid], algorithms=[ALGORITHM, ENCRYPTION]
        )
        if len(sealed) > MAX_SEALED:
            raise SealTooLarge(
                f"the sealed credentials of role {credentials.role_arn!r} have {len(sealed)} characters, "
                "and headers carry "
                f"{MAX_SEALED}: pass fewer tags and a shorter policy, of which STS makes the session token",
                size=len(sealed),
            )
        return sealed

    def open(self, sealed: str, *, audience: str, principal: str | None, now: float) -> Credentials:
        """The credentials in `sealed`. Raises `SealRefused`.

        `principal` None takes any: for a backend that sees no other proof of the caller than this.
        """
        if len(sealed) > MAX_SEALED:
            raise SealRefused(
                "size", f"sealed credentials have {len(sealed)} characters: at most {MAX_SEALED}"
            )
        payload = self._payload(sealed)
        if payload.get("aud") != audience:
            raise SealRefused(
                "audience", f"sealed credentials are of another API or stage: expected {audience!r}"
            )
        if principal is not None and payload.get("sub") != principal:
            raise SealRefused("principal", "sealed credentials are of another principal than the request")
        credentials = _credentials(payload)
        if credentials.expiration <= now:
            raise SealRefused(
                "expired", f"sealed credentials expired {now - credentials.expiration:.0f} s ago"
            )
        return credentials

    def _payload(self, sealed: str) -> dict[str, Any]:
        kid = peek_kid(sealed)
        if kid not in self._imported:
            raise SealRefused("key", f"sealed credentials name a key that is not here: {kid!r}")
        try:
            opened = jwe.decrypt_compact(sealed, self._imported[kid], algorithms=[ALGORITHM, ENCRYPTION])
            payload = json.loads(opened.plaintext or b"")
        except (JoseError, ValueError):
            raise SealRefused(
                "tampered", "sealed credentials do not open: truncated, altered, or of another key"
            ) from None
        if not isinstance(payload, dict):
            raise SealRefused("form", "sealed credentials hold no claims set")
        return payload


def peek_kid(sealed: str) -> str:
    """The `kid` of an unopened text, whose header is exactly what `Seal.close` writes. Raises
    `SealRefused`."""
    parts = sealed.split(".")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, RecursionError):  # thousands of brackets, in a text that a stranger may have written
        header = None
    # Exactly these: no `zip`, which would open a small text into a large one, and no `crit`.
    if len(parts) == 5 and isinstance(header, dict) and header.keys() == _HEADER:
        kid = header["kid"]
        if (header["alg"], header["enc"]) == (ALGORITHM, ENCRYPTION) and isinstance(kid, str):
            return kid
    raise SealRefused("form", f"sealed credentials must be a compact JWE of {ALGORITHM} and {ENCRYPTION}")


def _credentials(payload: dict[str, Any]) -> Credentials:
    names = ("accessKeyId", "secretAccessKey", "sessionToken", "roleArn", "sessionName")
    texts = [payload.get(name) for name in names]
    times = [payload.get("exp"), payload.get("iat")]
    if not all(isinstance(text, str) and text for text in texts) or not all(
        type(time) is int for time in times
    ):
        raise SealRefused("form", "sealed credentials are not whole")
    access_key_id, secret_access_key, session_token, role_arn, session_name = map(str, texts)
    packed = payload.get("packedPolicySize")
    return Credentials(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=session_token,
        expiration=float(payload["exp"]),
        role_arn=role_arn,
        session_name=session_name,
        packed_policy_size=packed if isinstance(packed, int) else None,
        issued_at=float(payload["iat"]),
    )
