"""A JWKS document (RFC 7517 §5) → the keys in it that may verify signatures of one algorithm."""

from collections.abc import Callable, Mapping
from typing import Final

from authorizer.syntax.kinds import kind_of
from authorizer.tokens.algorithms import Algorithm
from authorizer.tokens.compact import MAX_KID
from authorizer.tokens.public_keys import PublicKey
from authorizer.tokens.strict_json import JsonRefused, parse_object

MAX_KEYS = 100
"""Most keys in one set. Cognito's have two; big OpenID providers' some ten."""
_SIGNING: Final = ("sign", "verify")


class KeySetRefused(ValueError):
    """The document is no key set that can be used. The text says why."""


def parse_key_set(document: bytes, algorithm: Algorithm) -> dict[str, PublicKey]:
    """The keys that are usable for `algorithm`, by `kid`; never empty.

    Keys of another type, use or algorithm are passed over, as RFC 7517 §5 asks. A `kid` that occurs twice
    condemns the whole set, whatever the two keys are: a reader must not depend on which one comes first.
    Raises `KeySetRefused`.
    """
    try:
        entries = parse_object(document).get("keys")
    except JsonRefused as refused:
        raise KeySetRefused(f"the key set is refused: {refused}") from None
    if not isinstance(entries, list):
        raise KeySetRefused(f"the key set has no list of `keys`: found {kind_of(entries)}")
    if len(entries) > MAX_KEYS:
        raise KeySetRefused(f"the key set has {len(entries)} keys: expected {MAX_KEYS} at most")
    usable: dict[str, PublicKey] = {}
    passed_over: list[str] = []
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        kid = entry.get("kid") if isinstance(entry, dict) else None
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
            passed_over.append(f"key {position} has no `kid` of 1 to {MAX_KID} characters")
            continue
        if kid in seen:
            raise KeySetRefused(f"the key set has two keys with the `kid` {kid!r}")
        seen.add(kid)
        key = _key_of(entry, algorithm)
        if isinstance(key, str):
            passed_over.append(f"key {position} {key}")
        else:
            usable[kid] = key
    if not usable:
        raise KeySetRefused(
            f"the key set has no key that is usable for {algorithm.name}: "
            + ("; ".join(passed_over) or "it is empty")
        )
    return usable


def _key_of(entry: Mapping[str, object], algorithm: Algorithm) -> PublicKey | str:
    """The public key, or why the entry has none that is usable."""
    for fault, is_faulty in _FAULTS:
        if is_faulty(entry, algorithm):
            return fault
    return algorithm.key_of(entry)


def _may_verify(operations: object) -> bool:
    """RFC 7517 §4.3: `key_ops` is an array; a signing pair's holds `verify`, perhaps `sign`, nothing else."""
    return (
        isinstance(operations, list) and "verify" in operations and all(op in _SIGNING for op in operations)
    )


_FAULTS: Final[tuple[tuple[str, Callable[[Mapping[str, object], Algorithm], bool]], ...]] = (
    ("is of another type: `kty`", lambda key, algorithm: key.get("kty") != algorithm.kty),
    (
        "is of another curve: `crv`",
        lambda key, algorithm: algorithm.crv is not None and key.get("crv") != algorithm.crv,
    ),
    ("is not for signatures: `use`", lambda key, _: key.get("use", "sig") != "sig"),
    ("is not for verifying: `key_ops`", lambda key, _: not _may_verify(key.get("key_ops", ["verify"]))),
    (
        "is for another algorithm: `alg`",
        lambda key, algorithm: key.get("alg", algorithm.name) != algorithm.name,
    ),
    ("is a private key: whoever reads this document can sign tokens", lambda key, _: "d" in key),
)
"""What a key says of itself (RFC 7517 §4), none of which the libraries ask."""
