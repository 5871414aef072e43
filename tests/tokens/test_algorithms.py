"""ES256 and EdDSA: what their signatures and keys must be, and that an issuer's algorithm is the issuer's alone."""

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authorizer.errors import AlgorithmRefused, SettingsError, SignatureInvalid
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Issuer
from authorizer.tokens import verifier as module
from authorizer.tokens.algorithms import ALGORITHMS, Algorithm
from authorizer.tokens.base64url import octets_of
from authorizer.tokens.compact import Compact
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.public_keys import PublicKey
from authorizer.tokens.signature import is_signed_by
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.curve_keys import (
    coordinate,
    curve_jwk,
    curve_signature,
    curve_token,
    ed25519,
    oidc_claims,
    p256,
    unsigned,
)
from tests.tokens.endpoints import Endpoint
from tests.tokens.judge import is_taken
from tests.tokens.minting import (
    ABSENT,
    KEYS,
    KID,
    NOW,
    OIDC,
    SUB,
    base64url,
    issuer,
    issuers,
    jwk,
    key_set,
    mint,
    no_network,
)
from tests.tokens.rsa_keys import private_key

ALGS = tuple(ALGORITHMS)
ON_CURVES = ("ES256", "EdDSA")
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of P-256 (FIPS 186-5; SP 800-186 §3.2.1.3)."""
L = 2**252 + 27742317777372353535851937790883648493
"""Order of Ed25519's base point (RFC 8032 §5.1)."""
P = 2**255 - 19
"""Ed25519's prime."""


def public(alg: str, **changes: object) -> dict[str, object]:
    """A key of this algorithm."""
    return jwk(**changes) if alg == "RS256" else curve_jwk(alg, **changes)


def token(alg: str, **changes: Any) -> str:
    """A good token of the provider's, by this algorithm."""
    if alg == "RS256":
        return mint(oidc_claims(), **changes)
    return curve_token(alg, **changes)


def provider(alg: str, **changes: Any) -> Issuer:
    """The OpenID provider that signs with this, its key pinned."""
    pinned = key_set(public(alg)).decode()
    fields = {
        "kind": "oidc",
        "issuer": OIDC,
        "jwks_uri": f"{OIDC}/keys",
        "algorithm": alg,
        "pinned_keys": pinned,
    }
    return issuer(**{**fields, **changes})


def believing(*listed: Issuer) -> Verifier:
    return Verifier(issuers(*listed), KEYS, fetch=no_network)


# ── others' vectors ───────────────────────────────────────────────────────────────────────────────────────────────

RFC = [
    pytest.param(
        "ES256",
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        id="ES256: RFC 7515, appendix A.3",
    ),
    pytest.param(
        "EdDSA",
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR"
        "4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        id="EdDSA: RFC 8037, appendix A.4",
    ),
]


@pytest.mark.parametrize(("alg", "entry", "text"), RFC)
def test_the_example_of_its_rfc_is_verified(alg: str, entry: dict[str, object], text: str) -> None:
    """Without a `kid`, as they are: so they are judged behind the parser."""
    (key,) = parse_key_set(key_set({"kid": KID, **entry}), ALGORITHMS[alg]).values()
    assert not is_taken(text, key_set({"kid": KID, **entry}), alg)
    assert is_signed_by(key, parts_of(text, alg), ALGORITHMS[alg])
    head, _, rest = text.partition(".")
    assert not is_signed_by(key, parts_of(f"{head}.e30.{rest.partition('.')[2]}", alg), ALGORITHMS[alg])


def parts_of(text: str, alg: str) -> Compact:
    signing_input, _, signed = text.encode().rpartition(b".")
    signature = octets_of(signed)
    assert signature
    return Compact(
        alg=alg, kid=KID, typ="", unverified_payload=b"{}", signing_input=signing_input, signature=signature
    )


# ── signatures ────────────────────────────────────────────────────────────────────────────────────────────────────


def again(alg: str, change: Callable[[bytes], bytes]) -> str:
    """The token of this algorithm under another signature, made of its own."""
    text = unsigned({"kid": KID, "alg": alg}, oidc_claims())
    return f"{text}.{base64url(change(curve_signature(alg, text.encode())))}"


def der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def without_zeros(signature: bytes) -> bytes:
    """As numbers of the fewest octets: what some signers write of an R or S that begins with zeros."""
    return signature[:32].lstrip(b"\0") + signature[32:].lstrip(b"\0")


def beginning_with_zero() -> str:
    """A good token whose R begins with a zero octet: one of 256."""
    return next(
        made
        for made in (curve_token("ES256", jti=str(number)) for number in range(20_000))
        if (octets_of(made.rpartition(".")[2].encode()) or b"x")[0] == 0
    )


def r_s(r: int, s: int) -> Callable[[bytes], bytes]:
    return lambda _: r.to_bytes(32) + s.to_bytes(32)


def s_and(more: int) -> Callable[[bytes], bytes]:
    """Ed25519's S, little-endian, and so many times the group's order: the same point (RFC 8032 §5.1.7)."""

    def changed(signature: bytes) -> bytes:
        return signature[:32] + (int.from_bytes(signature[32:], "little") + more * L).to_bytes(32, "little")

    return changed


def of_p384(text: bytes) -> bytes:
    r, s = decode_dss_signature(ec.generate_private_key(ec.SECP384R1()).sign(text, ec.ECDSA(SHA256())))
    return r.to_bytes(48) + s.to_bytes(48)


SIGNATURES: dict[str, dict[str, Callable[[bytes], bytes]]] = {
    "ES256": {
        **{
            f"R {r} and S {s}": r_s(numbers[r], numbers[s])
            for numbers in [
                {"zero": 0, "one": 1, "n less one": N - 1, "n": N, "the most there is": 2**256 - 1}
            ]
            for r in numbers
            for s in numbers
        },
        "R zero and its own S": lambda made: bytes(32) + made[32:],
        "S zero and its own R": lambda made: made[:32] + bytes(32),
        "R n and its own S": lambda made: N.to_bytes(32) + made[32:],
        "S n and its own R": lambda made: made[:32] + N.to_bytes(32),
        "R and S that changed places": lambda made: made[32:] + made[:32],
        "R and S backwards": lambda made: made[:32][::-1] + made[32:][::-1],
        "DER": der,
        "DER in the place of raw, cut to 64 octets": lambda made: der(made)[:64],
        "DER in the place of raw, its last 64 octets": lambda made: der(made)[-64:],
        "an octet less": lambda made: made[:63],
        "an octet more": lambda made: made + b"\0",
        "a zero before": lambda made: b"\0" + made,
        "a zero before each": lambda made: b"\0" + made[:32] + b"\0" + made[32:],
        "48 octets each, as of P-384": lambda made: bytes(16) + made[:32] + bytes(16) + made[32:],
        "R alone": lambda made: made[:32],
        "itself twice": lambda made: made * 2,
        "another curve's": of_p384,
        "the other algorithm's": lambda made: ed25519().sign(made),
    },
    "EdDSA": {
        **{f"S and {times} times the order": s_and(times) for times in (1, 2, 7)},
        "S the order": lambda made: made[:32] + L.to_bytes(32, "little"),
        "S zero": lambda made: made[:32] + bytes(32),
        "R zero": lambda made: bytes(32) + made[32:],
        "R the identity, S zero": lambda _: b"\1" + bytes(63),
        "R of the other sign": lambda made: made[:31] + bytes([made[31] ^ 0x80]) + made[32:],
        "S with its highest bit set": lambda made: made[:63] + bytes([made[63] | 0x80]),
        "R and S that changed places": lambda made: made[32:] + made[:32],
        "an octet less": lambda made: made[:63],
        "an octet more": lambda made: made + b"\0",
        "a zero before": lambda made: b"\0" + made,
        "as many octets as Ed448's": lambda made: made + bytes(50),
        "R alone": lambda made: made[:32],
        "itself twice": lambda made: made * 2,
        "zeros": lambda _: bytes(64),
        "the other algorithm's": lambda made: curve_signature("ES256", made),
    },
}


@pytest.mark.parametrize(
    ("alg", "change"),
    [
        pytest.param(alg, change, id=f"{alg}: {what}")
        for alg, table in SIGNATURES.items()
        for what, change in table.items()
    ],
)
def test_a_signature_of_other_octets_is_refused(alg: str, change: Callable[[bytes], bytes]) -> None:
    assert is_taken(again(alg, bytes), key_set(public(alg)), alg)
    assert not is_taken(again(alg, change), key_set(public(alg)), alg)


def test_numbers_of_fewer_octets_are_refused() -> None:
    """RFC 7518 §3.4: "the full size of the value … must not be shortened"."""
    good = beginning_with_zero()
    text, _, signed = good.rpartition(".")
    assert is_taken(good, key_set(public("ES256")), "ES256")
    shortened = base64url(without_zeros(octets_of(signed.encode()) or b""))
    assert not is_taken(f"{text}.{shortened}", key_set(public("ES256")), "ES256")


def test_the_other_s_of_ecdsa_is_as_good() -> None:
    """Of ES256 whoever holds a token can make one other text of it (RFC 7518 §3.4 asks for no lower S): nothing may
    rest on a token having one text."""
    other = again("ES256", lambda made: made[:32] + (N - int.from_bytes(made[32:])).to_bytes(32))
    assert is_taken(other, key_set(public("ES256")), "ES256")


SPOILT = [
    pytest.param(alg, made, id=f"{alg}: {what}")
    for alg in ON_CURVES
    for what, made in {
        "a stranger's signature": curve_token(alg, "stranger"),
        "a stranger's signature, with its key in the header": curve_token(
            alg, "stranger", header={"jwk": curve_jwk(alg, "stranger")}
        ),
        "a payload that was changed": unsigned({"kid": KID, "alg": alg}, oidc_claims(sub="x"))
        + "."
        + curve_token(alg).rpartition(".")[2],
        "no signature": unsigned({"kid": KID, "alg": alg}, oidc_claims()) + ".",
        "another kid": curve_token(alg, header={"kid": "another"}),
    }.items()
]


@pytest.mark.parametrize(("alg", "made"), SPOILT)
def test_a_spoilt_token_is_refused(alg: str, made: str) -> None:
    assert is_taken(curve_token(alg), key_set(public(alg)), alg)
    assert not is_taken(made, key_set(public(alg)), alg)


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────

X, Y = (getattr(p256().public_key().public_numbers(), name) for name in "xy")
P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""P-256's prime (SP 800-186 §3.2.1.3)."""
ED = ed25519().public_key().public_bytes_raw()


def p384() -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    return {"x": base64url(numbers.x.to_bytes(48)), "y": base64url(numbers.y.to_bytes(48))}


def encoded(y: int, sign: int = 0) -> str:
    """A point's encoding (RFC 8032 §5.1.2), of any number."""
    return base64url((y | sign << 255).to_bytes(32, "little"))


def added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Two points of Ed25519 (RFC 8032 §5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2), d = one, other, -121_665 * pow(121_666, -1, P) % P
    k = d * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def times(count: int, point: tuple[int, int]) -> tuple[int, int]:
    total = (0, 1)
    while count:
        if count & 1:
            total = added(total, point)
        point, count = added(point, point), count >> 1
    return total


def small_order() -> dict[str, str]:
    """The eight points whose order divides 8, found anew: a point with y = 5, times the group's odd order."""
    d = -121_665 * pow(121_666, -1, P) % P
    square = (5 * 5 - 1) * pow(d * 5 * 5 + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    generator = times(L, (x, 5))
    points = [times(count, generator) for count in range(8)]
    assert len(set(points)) == 8
    return {f"point {count} of small order": encoded(y, x & 1) for count, (x, y) in enumerate(points)}


def roots(wanted: bool) -> list[int]:
    """Small `y` that do, or do not, belong to a point of Ed25519 (Euler's criterion)."""
    d = -121_665 * pow(121_666, -1, P) % P
    return [
        y for y in range(2, 40) if (pow((y * y - 1) * (d * y * y + 1), (P - 1) // 2, P) == 1) is wanted
    ]  # fmt: skip


NOT_A_POINT = base64url(ED[:-1] + bytes([ED[-1] ^ 1]))
UNFIT: dict[str, dict[str, tuple[dict[str, Any], str]]] = {
    "ES256": {
        "kty OKP": ({"kty": "OKP"}, "`kty`"),
        "kty RSA": ({"kty": "RSA"}, "`kty`"),
        "kty oct": ({"kty": "oct", "k": "c2VjcmV0"}, "`kty`"),
        "no crv": ({"crv": ABSENT}, "`crv`"),
        "crv null": ({"crv": None}, "`crv`"),
        "crv P-384, though its numbers are of P-256": ({"crv": "P-384"}, "`crv`"),
        "crv secp256k1": ({"crv": "secp256k1"}, "`crv`"),
        "crv p-256": ({"crv": "p-256"}, "`crv`"),
        "a key of P-384": ({"crv": "P-384", **p384()}, "`crv`"),
        "a key of P-384 that says P-256": (p384(), "32 octets"),
        "alg ES384": ({"alg": "ES384"}, "`alg`"),
        "alg EdDSA": ({"alg": "EdDSA"}, "`alg`"),
        "alg ECDH-ES": ({"alg": "ECDH-ES"}, "`alg`"),
        "use enc": ({"use": "enc"}, "`use`"),
        "key_ops deriveKey": ({"key_ops": ["deriveKey"]}, "`key_ops`"),
        "d": ({"d": coordinate(1)}, "private key"),
        "no x": ({"x": ABSENT}, "32 octets"),
        "no y": ({"y": ABSENT}, "32 octets"),
        "x a number": ({"x": X}, "32 octets"),
        "x empty": ({"x": ""}, "32 octets"),
        "x padded": ({"x": coordinate(X) + "="}, "32 octets"),
        "x with a zero before it": ({"x": base64url(b"\0" + X.to_bytes(32))}, "32 octets"),
        "y without its last octet": ({"y": base64url(Y.to_bytes(32)[:31])}, "32 octets"),
        "the whole point in x": ({"x": base64url(b"\4" + X.to_bytes(32) + Y.to_bytes(32))}, "32 octets"),
        "no point on the curve": ({"y": coordinate(Y ^ 1)}, "no point"),
        "x and y that changed places": ({"x": coordinate(Y), "y": coordinate(X)}, "no point"),
        "x and y zero": ({"x": coordinate(0), "y": coordinate(0)}, "no point"),
        "x beyond the field": ({"x": coordinate(P256), "y": coordinate(0)}, "no point"),
        "a point on secp256k1": (
            {
                "x": coordinate(0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798),
                "y": coordinate(0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8),
            },
            "no point",
        ),
    },
    "EdDSA": {
        "kty EC": ({"kty": "EC"}, "`kty`"),
        "kty RSA": ({"kty": "RSA"}, "`kty`"),
        "no crv": ({"crv": ABSENT}, "`crv`"),
        "crv X25519": ({"crv": "X25519"}, "`crv`"),
        "crv Ed448": ({"crv": "Ed448"}, "`crv`"),
        "crv ed25519": ({"crv": "ed25519"}, "`crv`"),
        "a key of X25519": (
            {
                "crv": "X25519",
                "x": base64url(x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()),
            },
            "`crv`",
        ),
        "a key of Ed448": (
            {
                "crv": "Ed448",
                "x": base64url(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw()),
            },
            "`crv`",
        ),
        "a key of Ed448 that says Ed25519": (
            {"x": base64url(ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw())},
            "32 octets",
        ),
        "alg ES256": ({"alg": "ES256"}, "`alg`"),
        "alg Ed448": ({"alg": "Ed448"}, "`alg`"),
        "use enc": ({"use": "enc"}, "`use`"),
        "key_ops sign": ({"key_ops": ["sign"]}, "`key_ops`"),
        "d": ({"d": base64url(bytes(32))}, "private key"),
        "no x": ({"x": ABSENT}, "32 octets"),
        "x a number": ({"x": 1}, "32 octets"),
        "x of 31 octets": ({"x": base64url(ED[:31])}, "32 octets"),
        "x of 33 octets": ({"x": base64url(ED + b"\0")}, "32 octets"),
        "x padded": ({"x": base64url(ED) + "="}, "32 octets"),
        **{f"y {y}, of which there is no point": ({"x": encoded(y)}, "no point") for y in roots(False)[:3]},
        **{
            f"y beyond the field by {y}, sign {sign}": ({"x": encoded(P + y, sign)}, "another way")
            for y in (0, 1, 2, 18)
            for sign in (0, 1)
        },
        **{what: ({"x": x}, "small order") for what, x in small_order().items()},
        "the identity, of the other sign": ({"x": encoded(1, 1)}, "small order"),
        "the point of order 2, of the other sign": ({"x": encoded(P - 1, 1)}, "small order"),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("alg", "changes", "reason"),
    [
        pytest.param(alg, *row, id=f"{alg}: {what}")
        for alg, table in UNFIT.items()
        for what, row in table.items()
    ],
)
def test_a_key_is_passed_over_and_the_others_serve(alg: str, changes: dict[str, Any], reason: str) -> None:
    unfit = curve_jwk(alg, **{"kid": "unfit", **changes})
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(key_set(unfit), ALGORITHMS[alg])
    assert reason in str(refused.value)
    assert f"usable for {alg}" in str(refused.value)
    assert list(parse_key_set(key_set(unfit, curve_jwk(alg)), ALGORITHMS[alg])) == [KID]


@pytest.mark.parametrize("alg", ON_CURVES)
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as a provider publishes it"),
        pytest.param({"use": ABSENT, "alg": ABSENT}, id="with neither use nor alg"),
        pytest.param({"key_ops": ["verify"]}, id="for verifying"),
        pytest.param({"n": "x", "e": "AQAB", "k": "x", "x5c": ["MII"]}, id="with members of other types"),
    ],
)
def test_a_key_is_used(alg: str, changes: dict[str, Any]) -> None:
    (key,) = parse_key_set(key_set(curve_jwk(alg, **changes)), ALGORITHMS[alg]).values()
    assert key == (p256() if alg == "ES256" else ed25519()).public_key()
    assert is_taken(token(alg), key_set(curve_jwk(alg, **changes)), alg)


@pytest.mark.parametrize("y", [pytest.param(y, id=f"y {y}") for y in roots(True)[:3]])
def test_every_point_but_those_of_small_order_is_a_key(y: int) -> None:
    (key,) = parse_key_set(key_set(curve_jwk("EdDSA", x=encoded(y, 1))), ALGORITHMS["EdDSA"]).values()
    assert isinstance(key, Ed25519PublicKey)
    assert base64url(key.public_bytes_raw()) == encoded(y, 1)


def test_under_a_key_of_small_order_anyone_can_sign() -> None:
    """Which the library does not mind, so that ours must: R the identity and S zero, for whatever text."""
    forged = again("EdDSA", lambda _: b"\1" + bytes(63))
    identity = Ed25519PublicKey.from_public_bytes(b"\1" + bytes(31))
    assert is_signed_by(identity, parts_of(forged, "EdDSA"), ALGORITHMS["EdDSA"])
    assert not is_taken(forged, key_set(curve_jwk("EdDSA", x=encoded(1))), "EdDSA")


def test_a_set_serves_each_algorithm_with_its_own_keys() -> None:
    mixed = key_set(
        *(public(alg, kid=f"of {alg}") for alg in ALGS), {"kty": "oct", "kid": "k", "k": "c2VjcmV0"}
    )
    for alg in ALGS:
        assert list(parse_key_set(mixed, ALGORITHMS[alg])) == [f"of {alg}"]
    with pytest.raises(KeySetRefused, match="two keys with the `kid`"):
        parse_key_set(key_set(public("RS256"), public("ES256")), ALGORITHMS["RS256"])


# ── the pin ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("alg", ALGS)
async def test_an_issuers_tokens_are_taken_by_its_algorithm(alg: str) -> None:
    assert (await believing(provider(alg)).verify(token(alg), NOW, PATIENT)).sub == SUB


OTHERS = [(pinned, said) for pinned in ALGS for said in ALGS if pinned != said]


@pytest.mark.parametrize(("pinned", "said"), OTHERS)
async def test_an_algorithm_that_is_not_the_issuers_is_refused_before_its_keys_are_asked_for(
    pinned: str, said: str
) -> None:
    """Though the set has a key of each, and another issuer signs with it."""
    endpoint = Endpoint(key_set(*(public(alg, kid=f"of {alg}") for alg in ALGS)))
    neighbour = provider(said, issuer=f"{OIDC}/neighbour")
    verifier = Verifier(issuers(provider(pinned, pinned_keys=None), neighbour), KEYS, fetch=endpoint)
    with pytest.raises(AlgorithmRefused) as raised:
        await verifier.verify(token(said, header={"kid": f"of {said}"}), NOW, PATIENT)
    assert f"`alg` is not {pinned}, which '{OIDC}' signs with" in str(raised.value)
    assert endpoint.fetches == 0


@pytest.mark.parametrize(("pinned", "said"), OTHERS)
async def test_the_pin_refuses_alone(pinned: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every signature is taken for good."""
    monkeypatch.setattr(module, "is_signed_by", lambda *_: True)
    verifier = believing(provider(pinned))
    assert (await verifier.verify(token(pinned), NOW, PATIENT)).sub == SUB
    with pytest.raises(AlgorithmRefused):
        await verifier.verify(token(said), NOW, PATIENT)


@pytest.mark.parametrize(("pinned", "said"), OTHERS)
async def test_the_key_refuses_alone(pinned: str, said: str) -> None:
    """Where the header says what it should, and the signature is another algorithm's."""
    lying = token(said, header={"alg": pinned})
    with pytest.raises(SignatureInvalid):
        await believing(provider(pinned)).verify(lying, NOW, PATIENT)
    with pytest.raises(SettingsError, match=f"no key that is usable for {pinned}: key 0 is of another type"):
        believing(provider(pinned, pinned_keys=key_set(public(said)).decode()))


def other_keys() -> dict[str, Any]:
    return {
        "RSA": private_key().public_key(),
        "P-256": p256().public_key(),
        "P-384": ec.generate_private_key(ec.SECP384R1()).public_key(),
        "Ed25519": ed25519().public_key(),
        "Ed448": ed448.Ed448PrivateKey.generate().public_key(),
    }


FITTING = {"RS256": "RSA", "ES256": "P-256", "EdDSA": "Ed25519"}


@pytest.mark.parametrize("name", other_keys())
@pytest.mark.parametrize("alg", ALGS)
def test_a_key_of_another_type_verifies_nothing(alg: str, name: str) -> None:
    """A store that held one would be our fault, not the caller's."""
    key, compact = other_keys()[name], parts_of(token(alg), alg)
    if FITTING[alg] == name:
        assert is_signed_by(key, compact, ALGORITHMS[alg])
        return
    with pytest.raises(TypeError, match=f"is no key for {alg}"):
        is_signed_by(key, compact, ALGORITHMS[alg])


def test_what_a_longer_curve_signed_is_no_signature_of_the_shorter() -> None:
    """The library alone would take both: it goes by the key."""
    text = unsigned({"kid": KID, "alg": "ES256"}, oidc_claims())
    p384_key = ec.generate_private_key(ec.SECP384R1())
    r, s = decode_dss_signature(p384_key.sign(text.encode(), ec.ECDSA(SHA256())))
    compact = parts_of(f"{text}.{base64url(r.to_bytes(48) + s.to_bytes(48))}", "ES256")
    public_key: Any = p384_key.public_key()
    assert ALGORITHMS["ES256"].verification.verify(compact.signing_input, public_key, compact.signature)
    with pytest.raises(TypeError):
        is_signed_by(public_key, compact, ALGORITHMS["ES256"])
    ed448_key = ed448.Ed448PrivateKey.generate()
    compact = parts_of(f"{text}.{base64url(ed448_key.sign(text.encode()))}", "EdDSA")
    public_key = ed448_key.public_key()
    assert ALGORITHMS["EdDSA"].verification.verify(compact.signing_input, public_key, compact.signature)
    with pytest.raises(TypeError):
        is_signed_by(public_key, compact, ALGORITHMS["EdDSA"])


def secrets(alg: str) -> dict[str, bytes]:
    """A public key in every form that a confused verifier may take for a shared secret."""
    key = other_keys()[FITTING[alg]]
    return {
        "PEM": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "its JWK": json.dumps(public(alg)).encode(),
        "its number": octets_of(str(public(alg).get("x", public(alg).get("n"))).encode()) or b"",
        "nothing": b"",
    }


@pytest.mark.parametrize(
    "said", ["HS256", "none", "None", "ES384", "ES256K", "Ed25519", "es256", "eddsa", "EdDSA "]
)
@pytest.mark.parametrize("alg", ALGS)
async def test_no_other_algorithm_can_be_asked_for(alg: str, said: str) -> None:
    verifier = believing(provider(alg))
    text = unsigned({"kid": KID, "alg": said}, oidc_claims())
    macs = [hmac.digest(secret, text.encode(), sha256) for secret in secrets(alg).values()]
    for signature in (*macs, b"x"):
        with pytest.raises(AlgorithmRefused, match="not one of RS256, ES256, EdDSA"):
            await verifier.verify(f"{text}.{base64url(signature)}", NOW, PATIENT)


@pytest.mark.parametrize("alg", ALGS)
async def test_a_mac_that_calls_itself_a_signature_is_none(alg: str) -> None:
    text = unsigned({"kid": KID, "alg": alg}, oidc_claims())
    for secret in secrets(alg).values():
        for length in (32, 64, 256):
            mac = (hmac.digest(secret, text.encode(), sha256) * 8)[:length]
            with pytest.raises(SignatureInvalid):
                await believing(provider(alg)).verify(f"{text}.{base64url(mac)}", NOW, PATIENT)


# ── issuers and their stores ──────────────────────────────────────────────────────────────────────────────────────


async def test_issuers_share_a_document_only_if_their_algorithm_is_the_same() -> None:
    endpoint = Endpoint(key_set(*(public(alg, kid=f"of {alg}") for alg in ALGS)))
    listed = [
        provider(alg, issuer=f"{OIDC}/{alg}/{number}", pinned_keys=None) for alg in ALGS for number in (1, 2)
    ]
    verifier = Verifier(issuers(*listed), KEYS, fetch=endpoint)
    for one in listed:
        header = {"kid": f"of {one.algorithm}"}
        claims = oidc_claims(iss=one.issuer)
        text = (
            mint(claims, header=header)
            if one.algorithm == "RS256"
            else curve_token(one.algorithm, header=header, iss=one.issuer)
        )
        assert (await verifier.verify(text, NOW, PATIENT)).issuer == one.issuer
    assert endpoint.fetches == len(ALGS)


@pytest.mark.parametrize("alg", ALGS)
async def test_a_token_stays_verified_while_its_key_is_published_anew(
    alg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[bool] = []

    def counted(key: PublicKey, compact: Compact, algorithm: Algorithm) -> bool:
        checks.append(is_signed_by(key, compact, algorithm))
        return checks[-1]

    monkeypatch.setattr(module, "is_signed_by", counted)
    endpoint = Endpoint(key_set(public(alg)))
    verifier = Verifier(issuers(provider(alg, pinned_keys=None)), KEYS, fetch=endpoint)
    lasting = mint(oidc_claims(exp=NOW + 86_400)) if alg == "RS256" else curve_token(alg, exp=NOW + 86_400)
    for now in (NOW, NOW + KEYS.max_age, NOW + 2 * KEYS.max_age):
        await verifier.verify(lasting, now, PATIENT)
    assert (endpoint.fetches, checks) == (3, [True])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alg", [*ALGS, "none", "HS256", ""])
def test_an_issuer_has_an_algorithm_of_its_kind(kind: str, alg: str) -> None:
    listed = provider("RS256", kind=kind, algorithm=alg, pinned_keys=None)
    if alg in KINDS[kind].algorithms:
        believing(listed)
        return
    with pytest.raises(SettingsError) as raised:
        believing(listed)
    expected = " or ".join(KINDS[kind].algorithms)
    assert raised.value.problems == (
        f"issuer '{OIDC}' has the algorithm '{alg}': of the kind '{kind}' expected {expected}",
    )


def test_cognito_signs_with_rs256_alone() -> None:
    assert KINDS["cognito"].algorithms == ("RS256",)
    assert {alg for kind in KINDS.values() for alg in kind.algorithms} == set(ALGORITHMS)
