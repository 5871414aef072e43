"""A token's text → its parts (JWS Compact Serialization, RFC 7515 §7.1). Nothing here is verified yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authorizer.errors import (
    AlgorithmRefused,
    CriticalHeaderRefused,
    TokenMalformed,
    TokenTooLarge,
)
from authorizer.memory import FEW, remembered
from authorizer.syntax.kinds import kind_of
from authorizer.tokens.algorithms import ALGORITHMS
from authorizer.tokens.base64url import octets_of
from authorizer.tokens.strict_json import JsonRefused, parse_object

MAX_TOKEN = 16_384
"""Longest token that is looked at, in characters. API Gateway takes at most 10,240 bytes of headers (REST API
quotas, "Total combined size of header values"), and a Cognito token with 5,000 claims and scopes has to fit
there too."""
MAX_KID = 256
"""Longest `kid`, in characters. Cognito's have 44."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """The parts of a token, well formed and unverified: all of it chosen by whoever sent it."""

    alg: str
    """One of `ALGORITHMS`. It decides nothing: the issuer's own is the one that counts, and this must be the same."""
    kid: str
    typ: str
    """The media type, lower case and without `application/` (RFC 7515 §4.1.9); "" where the header has none."""
    unverified_payload: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def ascii_of(token: str) -> bytes:
    """The token as octets, before any other work. Raises `TokenTooLarge`, `TokenMalformed`."""
    if len(token) > MAX_TOKEN:
        raise TokenTooLarge(f"the token has {len(token)} characters, and at most {MAX_TOKEN} are read")
    try:
        return token.encode("ascii")
    except UnicodeEncodeError as error:
        raise TokenMalformed(
            f"the token holds a character outside ASCII: the first is number {error.start + 1} of {len(token)}"
        ) from None


def parse_compact(token: bytes) -> Compact:
    """Split a token, strictly, without believing it.

    Keys that a header brings along (`jwk`, `jku`, `x5u`, `x5c`) are not read: nobody vouches for them. Raises
    `TokenMalformed`, `AlgorithmRefused`, `CriticalHeaderRefused`.
    """
    parts = token.split(b".")
    if len(parts) != 3:  # five would be encrypted (RFC 7516 §7.1)
        raise TokenMalformed(f"the token has {len(parts)} parts between dots: a signed token has three")
    alg, kid, typ = _header(parts[0])
    return Compact(
        alg=alg,
        kid=kid,
        typ=typ,
        unverified_payload=_octets(parts[1], "payload"),
        signing_input=token[: -len(parts[2]) - 1],
        signature=_octets(parts[2], "signature"),
    )


def peek(compact: Compact) -> dict[str, object]:
    """The payload as a JSON object, to learn who claims to have signed it. Raises `TokenMalformed`."""
    return _object(compact.unverified_payload, "payload")


@remembered(FEW)  # one key signs all its tokens under the same header, octet for octet
def _header(part: bytes) -> tuple[str, str, str]:
    """`alg`, `kid` and `typ`, from a header that asks for nothing else than a plain signature."""
    header = _object(_octets(part, "header"), "header")
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise AlgorithmRefused(f"the token's `alg` is not one of {', '.join(ALGORITHMS)}: no other is taken")
    if "crit" in header:
        raise CriticalHeaderRefused("the token's header has `crit`: no extension is understood here")
    return alg, _kid_of(header), _typ_of(header)


def _octets(part: bytes, what: str) -> bytes:
    octets = octets_of(part)
    if not octets:
        raise TokenMalformed(
            f"the token's {what} is empty or not base64url: {len(part)} characters; expected no padding, and nothing "
            "but A-Z a-z 0-9 - _"
        )
    return octets


def _object(octets: bytes, what: str) -> dict[str, object]:
    try:
        return parse_object(octets)
    except JsonRefused as refused:
        raise TokenMalformed(f"the token's {what} is refused: {refused}") from None


def _kid_of(header: Mapping[str, object]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise TokenMalformed(
            f"the token's `kid` is not a text of 1 to {MAX_KID} characters: found {kind_of(kid)}"
        )
    return kid


def _typ_of(header: Mapping[str, object]) -> str:
    if "typ" not in header:
        return ""
    typ = header["typ"]
    if not isinstance(typ, str) or not typ:
        raise TokenMalformed(
            f"the token's `typ` is not a text of at least one character: found {kind_of(typ)}"
        )
    return typ.lower().removeprefix("application/")
