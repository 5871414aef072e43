"""Credentials, or any claims set, as one sealed text: a compact JWE (RFC 7516) whose payload is a JWT claims set
(RFC 7519).

Any language's JOSE library opens one and checks it as a JWT: `alg` is `dir`, `enc` is `A256GCM`, `kid` names
the key; `aud` says for which API and stage it was made, `sub` for whom, `exp` when the credentials in it
expire. Without these two, one sealed text could be replayed at another API with the same key, or beside
another caller's name.

The library is joserfc, imported only here, and here is imported only where sealing is on.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from authorizer.errors import SealRefused, SealTooLarge
from authorizer.model import Credentials
from authorizer.sealing.keys import SealingKeys
from authorizer.settings.schema import MAX_CHAINED_DURATION
from authorizer.syntax.json_text import parse_json

ALGORITHM = "dir"
ENCRYPTION = "A256GCM"
MAX_SEALED = 7168
"""Characters. An HTTP integration gets it as a header, and API Gateway carries 10,240 bytes of headers in all
(REST and HTTP API quotas); 3,072 are left to the caller's own. A WebSocket's whole answer is 8 KB."""
CLOCK_TOLERANCE = 60.0
"""Seconds by which the clocks of STS, of the environment that sealed and of the one that opens may differ."""
MAX_DATE = 253_402_300_799
"""The last second of the year 9999."""
NOT_WHOLE = "what was sealed is not whole: expected claims that this project's authorizer sealed"

_HEADER = frozenset({"alg", "enc", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens with one set of keys."""

    keys: SealingKeys
    _imported: dict[str, OctKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        imported = {kid: OctKey.import_key(key) for kid, key in self.keys.by_kid.items()}
        object.__setattr__(self, "_imported", imported)

    def close(self, credentials: Credentials, *, audience: str, principal: str) -> str:
        """`credentials` sealed for `principal` at `audience`. Raises `SealTooLarge`."""
        return self.close_claims(
            {
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
        )

    def open(self, sealed: str, *, audience: str, principal: str | None, now: float) -> Credentials:
        """The credentials in `sealed`. Raises `SealRefused`.

        `principal` None takes any: for a backend that sees no other proof of the caller than this.
        """
        claims = self.open_claims(
            sealed, audience=audience, principal=principal, now=now, max_life=MAX_CHAINED_DURATION
        )
        return _credentials(claims)

    def close_claims(self, claims: Mapping[str, Any]) -> str:
        """A claims set, sealed: with `aud`, `sub`, `iat` and `exp`, which `open_claims` asks for. Raises
        `SealTooLarge`."""
        kid = self.keys.sealing_kid
        header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": kid, "typ": "JWT"}
        plaintext = json.dumps(claims, separators=(",", ":"))
        sealed = jwe.encrypt_compact(
            header, plaintext, self._imported[kid], algorithms=[ALGORITHM, ENCRYPTION]
        )
        if len(sealed) > MAX_SEALED:
            raise SealTooLarge(
                f"what is sealed for {claims['aud']!r} has {len(sealed)} characters, and headers carry "
                f"{MAX_SEALED}: pass fewer tags and a shorter policy, of which STS makes the session token, or let "
                "the token carry fewer claims",
                size=len(sealed),
            )
        return sealed

    def open_claims(
        self, sealed: str, *, audience: str, principal: str | None, now: float, max_life: float
    ) -> dict[str, Any]:
        """The claims set in `sealed`, which was made for `audience`, lives at `now`, and was never to live longer than
        `max_life` seconds: whoever holds a key must not make a seal that outlives it for years.

        Raises `SealRefused`, and nothing else, whatever the text is.
        """
        if len(sealed) > MAX_SEALED:
            raise SealRefused("size", f"the seal has {len(sealed)} characters: expected {MAX_SEALED} at most")
        claims = self._claims(sealed)
        if claims.get("aud") != audience:
            raise SealRefused(
                "audience", f"the seal is of another API, stage or purpose: expected {audience!r}"
            )
        if principal is not None and claims.get("sub") != principal:
            raise SealRefused("principal", "the seal is of another principal than the request")
        begun, ends = claims.get("iat"), claims.get("exp")
        # `bool` is an `int`, and a number beyond a double is no date.
        if type(begun) is not int or type(ends) is not int or not 0 <= begun < ends <= MAX_DATE:
            raise SealRefused("form", NOT_WHOLE)
        if ends - begun > max_life + CLOCK_TOLERANCE:
            raise SealRefused("life", f"the seal lives {ends - begun} s: at most {max_life:.0f} s are taken")
        if begun > now + CLOCK_TOLERANCE:
            raise SealRefused("life", f"the seal is made only in {begun - now:.0f} s: compare the clocks")
        if ends <= now:
            raise SealRefused("expired", f"the seal expired {now - ends:.0f} s ago")
        return claims

    def _claims(self, sealed: str) -> dict[str, Any]:
        kid = peek_kid(sealed)
        if kid not in self._imported:
            raise SealRefused(
                "key",
                f"the seal names a key that is not here: expected one of {', '.join(map(repr, self._imported))}",
            )
        try:
            opened = jwe.decrypt_compact(sealed, self._imported[kid], algorithms=[ALGORITHM, ENCRYPTION])
        except (JoseError, ValueError):
            raise SealRefused(
                "tampered", "the seal does not open: truncated, altered, or of another key"
            ) from None
        try:
            claims = parse_json((opened.plaintext or b"").decode())
        except ValueError:  # no UTF-8, no JSON, or nested too deeply
            claims = None
        if not isinstance(claims, dict):
            raise SealRefused("form", NOT_WHOLE)
        return claims


def peek_kid(sealed: str) -> str:
    """The `kid` of an unopened text, whose header is exactly what `Seal.close` writes. Raises `SealRefused`."""
    parts = sealed.split(".")
    try:
        header = parse_json(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)).decode())
    except ValueError:  # no base64, no UTF-8, no JSON, or nested too deeply: a stranger may have written it
        header = None
    # Exactly these: no `zip`, which would open a small text into a large one, and no `crit`.
    if len(parts) == 5 and isinstance(header, dict) and header.keys() == _HEADER:
        kid = header["kid"]
        if (header["alg"], header["enc"]) == (ALGORITHM, ENCRYPTION) and isinstance(kid, str):
            return kid
    raise SealRefused("form", f"the seal must be a compact JWE of {ALGORITHM} and {ENCRYPTION}")


def _credentials(claims: Mapping[str, Any]) -> Credentials:
    names = ("accessKeyId", "secretAccessKey", "sessionToken", "roleArn", "sessionName")
    texts = [claims.get(name) for name in names]
    if not all(isinstance(text, str) and text for text in texts):
        raise SealRefused("form", NOT_WHOLE)
    access_key_id, secret_access_key, session_token, role_arn, session_name = map(str, texts)
    packed = claims.get("packedPolicySize")
    return Credentials(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=session_token,
        expiration=float(claims["exp"]),
        role_arn=role_arn,
        session_name=session_name,
        packed_policy_size=packed if type(packed) is int else None,
        issued_at=float(claims["iat"]),
    )
