"""Tokens that are nearly right, made here: by a wrong encoding of the digest, a wrong padding, a wrong number, a
wrong algorithm, a wrong text, a wrong key. None may be taken. Classes of faults after C2SP/wycheproof.

The forger of these tests has the private key, so that nothing but the named fault is wrong.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import md5, sha1, sha256, sha384, sha512
from hmac import digest as hmac_digest
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authorizer.tokens.base64url import octets_of
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from tests.tokens.judge import RS256, is_taken
from tests.tokens.minting import ABSENT, KID, base64url, id_claims, jwk, key_set, mint, signed, uint
from tests.tokens.rsa_keys import private_key, signature

TOKEN = mint(id_claims())
HEAD, BODY, SIGNATURE = TOKEN.split(".")
TEXT = f"{HEAD}.{BODY}".encode()
NUMBERS = private_key().private_numbers()
N, D = NUMBERS.public_numbers.n, NUMBERS.d
SIZE = 256
"""Octets of the modulus, and so of a signature."""


def bearing(octets: bytes) -> str:
    """The token under another signature."""
    return f"{HEAD}.{BODY}.{base64url(octets)}"


# ── the digest's encoding (RFC 8017 §9.2): DigestInfo ::= SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING } ────────


@dataclass(frozen=True)
class Node:
    tag: int
    content: "bytes | tuple[Node, ...]"


Spoil = Callable[[int, bytes], bytes]

OID = Node(0x06, bytes.fromhex("608648016503040201"))
NULL = Node(0x05, b"")
ALGORITHM = Node(0x30, (OID, NULL))
DIGEST = Node(0x04, sha256(TEXT).digest())
DIGEST_INFO = Node(0x30, (ALGORITHM, DIGEST))
NODES = {
    "the whole encoding": DIGEST_INFO,
    "the algorithm": ALGORITHM,
    "the identifier": OID,
    "the parameters": NULL,
    "the digest": DIGEST,
}


def tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


def encoded(node: Node, at: Node | None = None, spoil: Spoil = tlv) -> bytes:
    """DER; the node `at` is encoded by `spoil`."""
    content = (
        node.content
        if isinstance(node.content, bytes)
        else b"".join(encoded(inner, at, spoil) for inner in node.content)
    )
    return spoil(node.tag, content) if node is at else tlv(node.tag, content)


SPOILS: Mapping[str, Spoil] = {
    "with its length in the long form": lambda tag, text: bytes([tag, 0x81, len(text)]) + text,
    "with a zero before its length": lambda tag, text: bytes([tag, 0x82, 0, len(text)]) + text,
    "with a length that overflows 32 bits": lambda tag, text: (
        bytes([tag, 0x85, 1, 0, 0, 0, len(text)]) + text
    ),
    "with a length that overflows 64 bits": lambda tag, text: (
        bytes([tag, 0x89, 1, *bytes(7), len(text)]) + text
    ),
    "with a length of 2³² - 1": lambda tag, text: bytes([tag, 0x84, 255, 255, 255, 255]) + text,
    "with a length one too large": lambda tag, text: bytes([tag, len(text) + 1]) + text,
    "with a length one too small": lambda tag, text: bytes([tag, (len(text) - 1) % 256]) + text,
    "of indefinite length": lambda tag, text: bytes([tag, 0x80]) + text + bytes(2),
    "of indefinite length that never ends": lambda tag, text: bytes([tag, 0x80]) + text,
    "in parts": lambda tag, text: bytes([tag | 0x20, 0x80]) + tlv(tag, text) + bytes(2),
    "cut down to its tag": lambda tag, text: bytes([tag]),
    "left out": lambda tag, text: b"",
    "emptied": lambda tag, text: tlv(tag, b""),
    "replaced by NULL": lambda tag, text: b"\x05\0",
    "without its last octet": lambda tag, text: tlv(tag, text[:-1]),
    "without its first octet": lambda tag, text: tlv(tag, text[1:]),
    "with zeros after its content": lambda tag, text: tlv(tag, text + bytes(2)),
    "with zeros before its content": lambda tag, text: tlv(tag, bytes(2) + text),
    "with zeros behind it": lambda tag, text: tlv(tag, text) + bytes(2),
    "with NULL behind it": lambda tag, text: tlv(tag, text) + b"\x05\0",
    "with an empty sequence before it": lambda tag, text: b"\x30\0" + tlv(tag, text),
    "with garbage behind it": lambda tag, text: tlv(tag, text) + b"\x49\x77\x30\0",
    "given twice": lambda tag, text: tlv(tag, text) * 2,
    "within a sequence": lambda tag, text: tlv(0x30, tlv(tag, text)),
    "under another tag": lambda tag, text: tlv(tag ^ 1, text),
    "under an application's tag": lambda tag, text: tlv(tag | 0x40, text),
    "under a long tag": lambda tag, text: bytes([0x1F | tag & 0x20, tag & 0x1F, len(text)]) + text,
    "with its first bit turned": lambda tag, text: tlv(tag, turned(text, 0, 0x80)),
    "with its last bit turned": lambda tag, text: tlv(tag, turned(text, -1, 1)),
}


def turned(text: bytes, at: int, bit: int) -> bytes:
    """The text with one bit turned."""
    octets = bytearray(text)
    if octets:
        octets[at] ^= bit
    return bytes(octets)


def message(info: bytes) -> bytes:
    """What is raised to the private exponent: padding, a zero, the encoding (RFC 8017 §9.2)."""
    return b"\0\1" + b"\xff" * (SIZE - 3 - len(info)) + b"\0" + info


def forged(encoded_message: bytes) -> str:
    """The token under the signature that opens to this message (RFC 8017 §5.2.1, by the two primes)."""
    number = int.from_bytes(encoded_message)
    one, other = pow(number, NUMBERS.dmp1, NUMBERS.p), pow(number, NUMBERS.dmq1, NUMBERS.q)
    return bearing((other + (one - other) * NUMBERS.iqmp % NUMBERS.p * NUMBERS.q).to_bytes(SIZE))


ENCODINGS = [
    pytest.param(message(info), id=f"{name} {how}")
    for name, node in NODES.items()
    for how, spoil in SPOILS.items()
    if (info := encoded(DIGEST_INFO, node, spoil)) != encoded(DIGEST_INFO)
]
"""One encoding for one digest: whoever reads it leniently has others, and some can be made without the key."""


# ── the digest, and the padding around it ─────────────────────────────────────────────────────────────────────────

INFO = encoded(DIGEST_INFO)
RIGHT = message(INFO)


def info_of(oid: str, digest: bytes) -> bytes:
    return encoded(Node(0x30, (Node(0x30, (Node(0x06, bytes.fromhex(oid)), NULL)), Node(0x04, digest))))


OIDS = {
    "MD5": "2a864886f70d0205",
    "SHA-1": "2b0e03021a",
    "SHA-224": "608648016503040204",
    "SHA-384": "608648016503040202",
    "SHA-512": "608648016503040203",
    "SHA3-256": "608648016503040208",
}
DIGESTS = [
    *(
        pytest.param(message(info_of(OIDS[name], other(TEXT).digest())), id=f"a digest by {name}")
        for name, other in {"MD5": md5, "SHA-1": sha1, "SHA-384": sha384, "SHA-512": sha512}.items()
    ),
    *(
        pytest.param(message(info_of(oid, sha256(TEXT).digest())), id=f"a digest that says {name}")
        for name, oid in OIDS.items()
    ),
    *(
        pytest.param(message(encoded(Node(0x30, (ALGORITHM, Node(0x04, digest))))), id=what)
        for what, digest in {
            "the digest of the payload alone": sha256(BODY.encode()).digest(),
            "the digest of the header alone": sha256(HEAD.encode()).digest(),
            "the digest of the octets behind the text": sha256(json.dumps(id_claims()).encode()).digest(),
            "the digest of nothing": sha256().digest(),
            "a digest of zeros": bytes(32),
            "the digest twice taken": sha256(sha256(TEXT).digest()).digest(),
            "the digest backwards": sha256(TEXT).digest()[::-1],
        }.items()
    ),
]
PADDINGS = [
    pytest.param(encoded_message, id=what)
    for what, encoded_message in {
        "padding cut short, garbage behind the digest": b"\0\1" + b"\xff" * 8 + b"\0" + INFO
        + bytes(SIZE - 11 - len(INFO)),
        "no padding at all, garbage behind the digest": b"\0\1\0" + INFO + b"\xab" * (SIZE - 3 - len(INFO)),
        "padding of zeros": b"\0\1" + bytes(SIZE - 2 - len(INFO)) + INFO,
        "the padding of an encryption": b"\0\2" + b"\x5a" * (SIZE - 3 - len(INFO)) + b"\0" + INFO,
        "the encryption's mark on a signature's padding": turned(turned(RIGHT, 1, 2), 1, 1),
        "padding without a mark": turned(RIGHT, 1, 1),
        "a bit turned in the first octet of padding": turned(RIGHT, 2, 0x80),
        "a bit turned amid the padding": turned(RIGHT, 100, 1),
        "a bit turned in the last octet of padding": turned(RIGHT, SIZE - len(INFO) - 2, 1),
        "a bit turned between padding and digest": turned(RIGHT, SIZE - len(INFO) - 1, 1),
        "nothing between padding and digest": b"\0\1" + b"\xff" * (SIZE - 2 - len(INFO)) + INFO,
        "two zeros between padding and digest": b"\0\1" + b"\xff" * (SIZE - 4 - len(INFO)) + b"\0\0" + INFO,
        "the bare digest": bytes(SIZE - 32) + sha256(TEXT).digest(),
        "the bare encoding": bytes(SIZE - len(INFO)) + INFO,
        "a padded digest without its encoding": message(sha256(TEXT).digest()),
        "padding alone": message(b""),
        "the digest before the padding": b"\0\1" + INFO + b"\0" + b"\xff" * (SIZE - 3 - len(INFO)),
    }.items()
]  # fmt: skip


# ── the signature's number ────────────────────────────────────────────────────────────────────────────────────────

OCTETS = octets_of(SIGNATURE.encode()) or b""
GOOD = int.from_bytes(OCTETS)
NUMBERS_FORGED = [
    pytest.param(bearing(octets), id=what)
    for what, octets in {
        "zero": bytes(SIZE),
        "one": (1).to_bytes(SIZE),
        "two": (2).to_bytes(SIZE),
        "the modulus less one": (N - 1).to_bytes(SIZE),
        "the modulus": N.to_bytes(SIZE),
        "the modulus and the number": (N + GOOD).to_bytes(SIZE + 1),
        "what the number lacks to the modulus": (N - GOOD).to_bytes(SIZE),
        "all bits set": b"\xff" * SIZE,
        "the padded digest itself": RIGHT,
        "the number with a zero before it": b"\0" + OCTETS,
        "the number with a zero behind it": OCTETS + b"\0",
        "the number with 256 zeros before it": bytes(SIZE) + OCTETS,
        "the number without its first octet": OCTETS[1:],
        "the number without its last octet": OCTETS[:-1],
        "the first half of the number": OCTETS[: SIZE // 2],
        "the number twice": OCTETS * 2,
        "the number backwards": OCTETS[::-1],
        "the number with its first bit turned": turned(OCTETS, 0, 0x80),
        "the number with its last bit turned": turned(OCTETS, -1, 1),
        "the number with a bit turned amid": turned(OCTETS, 128, 16),
        "one octet": b"\x01",
    }.items()
]


# ── another algorithm ─────────────────────────────────────────────────────────────────────────────────────────────


def pss(hashed: HashAlgorithm, salt: int) -> bytes:
    return private_key().sign(TEXT, padding.PSS(padding.MGF1(hashed), salt), hashed)


def under(header: Mapping[str, object], sign: Callable[[bytes], bytes]) -> str:
    """The payload under another header, with whatever signature `sign` makes of both."""
    text = f"{base64url(json.dumps(header).encode())}.{BODY}"
    return f"{text}.{base64url(sign(text.encode()))}"


def mac(secret: bytes) -> Callable[[bytes], bytes]:
    """Whoever has this secret."""
    return lambda text: hmac_digest(secret, text, sha256)


def secrets() -> Mapping[str, bytes]:
    """The public key in every form in which a confused verifier may take it for a shared secret."""
    public = private_key().public_key()
    return {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "PKCS #1 PEM": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "the modulus": N.to_bytes(SIZE),
        "its JWK": json.dumps(jwk()).encode(),
        "nothing": b"",
    }


CURVE = ec.generate_private_key(ec.SECP256R1())
ALGORITHMS = [
    *(
        pytest.param(bearing(made), id=f"{what}, where RS256 is said")
        for what, made in {
            "PS256": pss(SHA256(), 32),
            "PS256 without salt": pss(SHA256(), 0),
            "PS384": pss(SHA384(), 48),
            "RS384": private_key().sign(TEXT, padding.PKCS1v15(), SHA384()),
            "RS512": private_key().sign(TEXT, padding.PKCS1v15(), SHA512()),
            "ES256": CURVE.sign(TEXT, ec.ECDSA(SHA256())),
        }.items()
    ),
    *(
        pytest.param(
            under({"kid": KID, "alg": alg}, mac(secret)),
            id=f"a MAC under {what}, where {alg} is said",
        )
        for what, secret in secrets().items()
        for alg in ("HS256", "RS256")
    ),
    *(
        pytest.param(mint(id_claims(), header={"alg": alg}), id=f"a good signature, where {alg!r} is said")
        for alg in ("none", "NONE", "nOnE", "", "RS384", "RS512", "PS256", "ES256", "HS256", "rs256", "RSA", "RS256\0")
    ),
    *(
        pytest.param(f"{base64url(json.dumps({'kid': KID, 'alg': alg}).encode())}.{BODY}.{rest}", id=what)
        for alg, rest, what in (
            ("none", "", "none, and no signature"),
            ("none", SIGNATURE, "none, and the old signature"),
            ("RS256", "", "RS256, and no signature"),
        )
    ),
    pytest.param(
        under(
            {"kid": KID, "alg": "RS256", "jwk": jwk("stranger")},
            lambda text: signature(text, "stranger"),
        ),
        id="a stranger's signature, with the stranger's key in the header",
    ),
    pytest.param(mint(id_claims(), key="stranger"), id="a stranger's signature"),
    pytest.param(mint(id_claims(), header={"kid": "another"}), id="a good signature under a kid that nobody has"),
    pytest.param(mint(id_claims(), header={"kid": KID + " "}), id="a good signature under a kid with a space"),
]  # fmt: skip


# ── the token's text ──────────────────────────────────────────────────────────────────────────────────────────────

MODIFIED = base64url(json.dumps(id_claims(sub="x")).encode())
SPACED = base64url(json.dumps({"kid": KID, "alg": "RS256", "typ": "JWT"}).encode())


def standard(part: str) -> str:
    """The part in base64's own alphabet, which has `+` and `/`."""
    return part.replace("-", "+").replace("_", "/")


DASHED = next(
    token
    for token in (mint(id_claims(event_id=str(number))) for number in range(64))
    if "-" in token.split(".")[2] and "_" in token.split(".")[2]
)
"""A token whose signature has the two letters by which the alphabets differ."""

TEXTS = [
    pytest.param(text, id=what)
    for what, text in {
        "a payload that was changed": f"{HEAD}.{MODIFIED}.{SIGNATURE}",
        "a header that was changed": f"{SPACED}.{BODY}.{SIGNATURE}",
        "a header without its last character": f"{HEAD[:-1]}.{BODY}.{SIGNATURE}",
        "a payload without its last character": f"{HEAD}.{BODY[:-1]}.{SIGNATURE}",
        "a signature without its last character": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}",
        "a header and a payload that changed places": f"{BODY}.{HEAD}.{SIGNATURE}",
        "no header": f".{BODY}.{SIGNATURE}",
        "no payload": f"{HEAD}..{SIGNATURE}",
        "no signature": f"{HEAD}.{BODY}.",
        "no signature and no dot": f"{HEAD}.{BODY}",
        "nothing but a payload": f".{BODY}.",
        "nothing but dots": "..",
        "nothing": "",
        "a dot more behind": f"{TOKEN}.",
        "a dot more before": f".{TOKEN}",
        "two tokens in a row": f"{TOKEN}.{TOKEN}",
        "a space before": f" {TOKEN}",
        "a space behind": f"{TOKEN} ",
        "a line feed behind": f"{TOKEN}\n",
        "a NUL behind": f"{TOKEN}\0",
        "a comma for the first dot": TOKEN.replace(".", ",", 1),
        "dots written %2E": TOKEN.replace(".", "%2E"),
        "full-width dots": TOKEN.replace(".", "．"),
        "a padded header": f"{HEAD}=.{BODY}.{SIGNATURE}",
        "a padded signature": f"{TOKEN}==",
        "a line feed in the signature": f"{HEAD}.{BODY}.{SIGNATURE[:76]}\n{SIGNATURE[76:]}",
        "a space in the signature": f"{HEAD}.{BODY}.{SIGNATURE[:9]} {SIGNATURE[9:]}",
        "a stray ! in the signature": f"{HEAD}.{BODY}.{SIGNATURE[:9]}!{SIGNATURE[9:]}",
        "a stray $ in the payload": f"{HEAD}.{BODY[:8]}${BODY[8:]}.{SIGNATURE}",
        "a signature in base64's own alphabet": standard(DASHED),
        "a signature in both cases": f"{HEAD}.{BODY}.{SIGNATURE.swapcase()}",
        "a signature in hexadecimal": f"{HEAD}.{BODY}.{OCTETS.hex()}",
        "a signature encoded twice": f"{HEAD}.{BODY}.{base64url(SIGNATURE.encode())}",
        "a token encoded once more": b64encode(TOKEN.encode()).decode(),
        "the JSON form, flattened": json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
        "the JSON form": json.dumps(
            {"payload": BODY, "signatures": [{"protected": HEAD, "signature": SIGNATURE}]}
        ),
    }.items()
]


@pytest.mark.parametrize("encoded_message", [*ENCODINGS, *DIGESTS, *PADDINGS])
def test_a_signature_of_the_wrong_octets_is_refused(encoded_message: bytes) -> None:
    assert not is_taken(forged(encoded_message), key_set())


@pytest.mark.parametrize("token", [*NUMBERS_FORGED, *ALGORITHMS, *TEXTS])
def test_a_forged_token_is_refused(token: str) -> None:
    assert not is_taken(token, key_set())


def test_the_forger_can_sign() -> None:
    """Without the fault each forgery would be taken: the tables are about their faults and nothing else."""
    assert forged(RIGHT) == TOKEN
    assert is_taken(forged(RIGHT), key_set())
    assert is_taken(DASHED, key_set())
    assert is_taken(under({"kid": KID, "alg": "RS256"}, signature), key_set())


# ── the key ───────────────────────────────────────────────────────────────────────────────────────────────────────


def made_by(key: rsa.RSAPrivateKey) -> tuple[str, dict[str, object]]:
    """A token that this key signed, and the key as it is published."""
    numbers = key.public_key().public_numbers()
    token = f"{HEAD}.{BODY}.{base64url(key.sign(TEXT, padding.PKCS1v15(), SHA256()))}"
    return token, jwk(n=uint(numbers.n), e=uint(numbers.e))


SHORT = made_by(rsa.generate_private_key(public_exponent=65_537, key_size=1024))
"""A key that can be factored."""
EXPONENT_3 = made_by(rsa.generate_private_key(public_exponent=3, key_size=2048))
SECRET: dict[str, object] = {"kty": "oct", "kid": KID, "alg": "HS256", "k": base64url(b"k" * 32)}

WEAK: list[Any] = [
    pytest.param(*SHORT, "modulus", id="a key of 1,024 bits"),
    pytest.param(*EXPONENT_3, "exponent", id="an exponent of 3"),
    pytest.param(bearing(RIGHT), jwk(e=uint(1)), "exponent", id="an exponent of 1, and the padded digest"),
    pytest.param(TOKEN, jwk(use="enc"), "`use`", id="a key for encryption"),
    pytest.param(TOKEN, jwk(use=ABSENT, key_ops=["encrypt"]), "`key_ops`", id="a key for encrypting"),
    pytest.param(TOKEN, jwk(key_ops=["sign"]), "`key_ops`", id="a key for signing alone"),
    pytest.param(TOKEN, jwk(alg="RS512"), "`alg`", id="a key for RS512"),
    pytest.param(TOKEN, jwk(alg="PS256"), "`alg`", id="a key for PS256"),
    pytest.param(TOKEN, jwk(alg="ES256"), "`alg`", id="a key for ES256"),
    pytest.param(TOKEN, jwk(kty="EC"), "`kty`", id="a key that says it is of a curve"),
    pytest.param(TOKEN, jwk(d=uint(D)), "private key", id="a key that was published whole"),
    pytest.param(TOKEN, SECRET, "`kty`", id="a shared secret"),
]  # fmt: skip


@pytest.mark.parametrize(("token", "key", "reason"), WEAK)
def test_what_an_unfit_key_signed_is_refused(token: str, key: dict[str, object], reason: str) -> None:
    assert not is_taken(token, key_set(key))
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(key_set(key), RS256)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("entries", "taken"),
    [
        pytest.param([jwk(), jwk("stranger", kid="b")], True, id="beside another key"),
        pytest.param([jwk("stranger", kid="b"), jwk()], True, id="behind another key"),
        pytest.param([jwk(), {**SECRET, "kid": "b"}], True, id="beside a shared secret"),
        pytest.param([jwk(), jwk("stranger")], False, id="beside a stranger's key of the same kid"),
        pytest.param([jwk("stranger"), jwk()], False, id="behind a stranger's key of the same kid"),
        pytest.param([jwk(), SECRET], False, id="beside a shared secret of the same kid"),
        pytest.param([jwk(kid="b"), jwk("stranger")], False, id="where the kid names a stranger's key"),
        pytest.param([jwk(kid=KID.upper())], False, id="where the kid is in capitals"),
    ],
)
def test_a_good_token_is_taken_by_the_key_that_it_names_alone(entries: list[Any], taken: bool) -> None:
    assert is_taken(TOKEN, key_set(*entries)) is taken


def test_a_token_under_a_shared_secret_of_the_set_is_refused() -> None:
    token = under({"kid": "b", "alg": "HS256"}, mac(b"k" * 32))
    assert not is_taken(token, key_set(jwk(), {**SECRET, "kid": "b"}))


def test_two_texts_of_one_token_are_not_both_taken() -> None:
    """Nobody who holds a token can make another text of it: who remembers refused texts may rely on that."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    texts = [TOKEN[:-1] + letter for letter in alphabet]
    assert [text for text in texts if is_taken(text, key_set())] == [TOKEN]
    header = json.dumps({"kid": KID, "alg": "RS256"}).encode()
    assert is_taken(signed(header, b"{}"), key_set())
    other = signed(header, b"{}").split(".")
    other[1] = other[1][:-1] + alphabet[alphabet.index(other[1][-1]) ^ 1]
    assert not is_taken(".".join(other), key_set())
