"""What is refused before anything is believed: form, header, key and signature."""

import hashlib
import hmac
import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authorizer.errors import (
    AlgorithmRefused,
    CriticalHeaderRefused,
    KeysUnavailable,
    SignatureInvalid,
    TokenMalformed,
    TokenTooLarge,
    Unauthorized,
)
from authorizer.tokens.compact import MAX_TOKEN, parse_compact
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import (
    ABSENT,
    KEYS,
    KID,
    NOW,
    SUB,
    base64url,
    id_claims,
    id_token,
    issuer,
    issuers,
    jwk,
    key_set,
    mint,
    no_network,
    signed,
)
from tests.tokens.rsa_keys import private_key, signature

HEADER = json.dumps({"kid": KID, "alg": "RS256"}).encode()
PAYLOAD = json.dumps(id_claims()).encode()
LONGEST_KID = "k" * 256
HEAD, BODY, SIGNATURE = signed(HEADER, PAYLOAD).split(".")


def last_bits_set(part: str) -> str:
    """The same octets to a careless reader: unused bits of the last character are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4
    return part[:-1] + alphabet[alphabet.index(part[-1]) | 1]


def padded(octets: bytes) -> bytes:
    """White space at the end, so that the base64url has unused bits."""
    return octets + b" " * ((2 - len(octets)) % 3 or 3)


def hs256(key: bytes, alg: str = "HS256") -> str:
    signing_input = f"{base64url(json.dumps({'kid': KID, 'alg': alg}).encode())}.{BODY}"
    return f"{signing_input}.{base64url(hmac.digest(key, signing_input.encode(), hashlib.sha256))}"


def public_pem() -> bytes:
    return private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def resigned(head: str, body: str) -> str:
    """Parts as they stand, with a good signature over them."""
    return f"{head}.{body}.{base64url(signature(f'{head}.{body}'.encode()))}"


REFUSED = [
    pytest.param("", TokenMalformed, "1 parts", id="nothing"),
    pytest.param("not a token", TokenMalformed, "1 parts", id="a text without dots"),
    pytest.param(f"{HEAD}.{BODY}", TokenMalformed, "2 parts", id="no signature part"),
    pytest.param(f"{HEAD}.{BODY}.{SIGNATURE}.", TokenMalformed, "4 parts", id="a fourth part"),
    pytest.param("a.b.c.d.e", TokenMalformed, "5 parts", id="five parts, as an encrypted token has"),
    pytest.param(f"{HEAD}.{BODY}.", TokenMalformed, "signature is empty", id="an empty signature"),
    pytest.param(f".{BODY}.{SIGNATURE}", TokenMalformed, "header", id="an empty header"),
    pytest.param(f"{HEAD}..{SIGNATURE}", TokenMalformed, "payload", id="an empty payload"),
    pytest.param("x" * (MAX_TOKEN + 1), TokenTooLarge, "16385", id="one character more than is read"),
    pytest.param("x" * 65_536, TokenTooLarge, "65536", id="64 KB of text"),
    pytest.param("x" * MAX_TOKEN, TokenMalformed, "1 parts", id="as many characters as are read"),
    pytest.param(f"{HEAD}.{BODY}.{SIGNATURE}é", TokenMalformed, "ASCII", id="a letter outside ASCII"),
    pytest.param(f"{HEAD}.{BODY}.{SIGNATURE}\ud800", TokenMalformed, "ASCII", id="half a surrogate pair"),
    *(
        pytest.param(token, TokenMalformed, "base64url", id=f"{name} {what}")
        for what, spoil in {
            "with padding": lambda part: part + "=",
            "with white space": lambda part: part[:8] + "\n" + part[8:],
            "with a stray character": lambda part: part[:8] + "!" + part[8:],
            "with one character too many": lambda part: part + "A" * ((1 - len(part)) % 4 or 4),
            "with bits set that mean nothing": last_bits_set,
        }.items()
        for name, token in {
            "a header": resigned(spoil(base64url(padded(HEADER))), BODY),
            "a payload": resigned(HEAD, spoil(base64url(padded(PAYLOAD)))),
            "a signature": f"{HEAD}.{BODY}.{spoil(SIGNATURE)}",
        }.items()
    ),
    pytest.param(
        resigned(HEAD, b64encode(b'{"a":"\xc3\xbf\xc3\xbf\xc3\xbf>>"}').decode().rstrip("=")),
        TokenMalformed,
        "base64url",
        id="a payload in the other base64 alphabet",
    ),
    *(
        pytest.param(signed(octets, PAYLOAD), TokenMalformed, text, id=f"a header that is {what}")
        for what, octets, text in [
            ("an array", b"[]", "not a JSON object"),
            ("a text", b'"alg"', "not a JSON object"),
            ("null", b"null", "not a JSON object"),
            ("not JSON", b"{alg}", "not JSON"),
            ("two objects", HEADER + HEADER, "extra data"),
            ("given twice an alg", b'{"alg":"none","kid":"k","alg":"RS256"}', "two members of one name"),
            ("UTF-16", HEADER.decode().encode("utf-16"), "not UTF-8"),
            ("UTF-16 without a mark", HEADER.decode().encode("utf-16-le"), "not JSON"),
            ("UTF-8 with a mark", b"\xef\xbb\xbf" + HEADER, "not JSON"),
        ]
    ),
    *(
        pytest.param(signed(HEADER, octets), TokenMalformed, text, id=f"a payload that is {what}")
        for what, octets, text in [
            ("an array", b"[]", "not a JSON object"),
            ("given twice a sub", PAYLOAD[:-1] + b',"sub":"x"}', "two members of one name"),
            ("given twice a name within", PAYLOAD[:-1] + b',"x":[{"a":1,"a":1}]}', "two members of one name"),
            ("holding NaN", PAYLOAD[:-1] + b',"x":NaN}', "`NaN`"),
            ("holding Infinity", PAYLOAD[:-1] + b',"x":-Infinity}', "`-Infinity`"),
            ("holding a number beyond a double", PAYLOAD[:-1] + b',"x":1e999}', "too large"),
            ("holding 5,000 digits", PAYLOAD[:-1] + b',"x":' + b"9" * 5000 + b"}", "too many digits"),
            ("holding half a surrogate pair", PAYLOAD[:-1] + b',"x":"\\ud800"}', "surrogate"),
            ("nested too deeply", b"[" * 9_000, "nested too deeply"),
            ("cut short", PAYLOAD[:-1], "not JSON"),
            ("no UTF-8", PAYLOAD[:-1] + b',"x":"\xff"}', "not UTF-8"),
        ]
    ),
    *(
        pytest.param(mint(id_claims(), header={"alg": alg}), AlgorithmRefused, "RS256", id=f"alg {alg!r}")
        for alg in [
            "none",
            "None",
            "HS256",
            "RS384",
            "RS512",
            "PS256",
            "ES256",
            "rs256",
            "RS256 ",
            "",
            1,
            None,
        ]
    ),
    pytest.param(mint(id_claims(), header={"alg": ABSENT}), AlgorithmRefused, "RS256", id="no alg"),
    pytest.param(
        mint(id_claims(), header={"alg": ["RS256"]}), AlgorithmRefused, "RS256", id="alg in an array"
    ),
    pytest.param(
        hs256(public_pem()), AlgorithmRefused, "RS256", id="HS256 with the public key as its secret"
    ),
    pytest.param(hs256(public_pem(), "RS256"), SignatureInvalid, KID, id="the same, calling itself RS256"),
    *(
        pytest.param(
            mint(id_claims(), header={"crit": crit}), CriticalHeaderRefused, "crit", id=f"crit {crit!r}"
        )
        for crit in (["exp"], ["b64"], [], None)
    ),
    *(
        pytest.param(mint(id_claims(), header={"kid": kid}), TokenMalformed, "`kid`", id=f"kid {kid!r}")
        for kid in (ABSENT, None, 1, "", [KID], "x" * 257)
    ),
    *(
        pytest.param(mint(id_claims(), header={"typ": typ}), TokenMalformed, "`typ`", id=f"typ {typ!r}")
        for typ in (None, 1, "", ["JWT"])
    ),
    pytest.param(mint(id_claims(), key="stranger"), SignatureInvalid, KID, id="another key's signature"),
    pytest.param(
        mint(
            id_claims(), key="stranger", header={"jwk": jwk("stranger"), "jku": "https://evil.example/jwks"}
        ),
        SignatureInvalid,
        KID,
        id="another key's signature, with that key in the header",
    ),
    pytest.param(
        f"{HEAD}.{base64url(json.dumps(id_claims(sub='x')).encode())}.{SIGNATURE}",
        SignatureInvalid,
        KID,
        id="a changed payload under the old signature",
    ),
    pytest.param(f"{HEAD}.{BODY}.{base64url(b'x')}", SignatureInvalid, KID, id="a signature of one octet"),
    pytest.param(f"{HEAD}.{BODY}.{base64url(bytes(256))}", SignatureInvalid, KID, id="a signature of zeros"),
    pytest.param(
        f"{HEAD}.{BODY}.{base64url(bytes(1) + signature(f'{HEAD}.{BODY}'.encode()))}",
        SignatureInvalid,
        KID,
        id="a signature with a zero before it",
    ),
]


def verifier() -> Verifier:
    keys = key_set(jwk(), jwk(kid=LONGEST_KID)).decode()
    return Verifier(issuers(issuer(pinned_keys=keys)), KEYS, fetch=no_network)


@pytest.mark.parametrize(("token", "refusal", "text"), REFUSED)
async def test_a_token_is_refused(token: str, refusal: type[Unauthorized], text: str) -> None:
    with pytest.raises(refusal) as raised:
        await verifier().verify(token, NOW, PATIENT)
    assert type(raised.value) is refusal
    assert text in str(raised.value)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(id_token(), id="as Cognito makes it"),
        pytest.param(mint(id_claims(), header={"kid": LONGEST_KID}), id="with the longest kid"),
        pytest.param(
            mint(id_claims(), header={"jwk": jwk("stranger"), "x5u": "https://evil.example", "x5c": ["MII"]}),
            id="with keys of a stranger in the header, which nobody reads",
        ),
        pytest.param(
            signed(HEADER, PAYLOAD[:-1] + b',"x":"\\ud83d\\ude00"}'), id="with a whole surrogate pair"
        ),
        pytest.param(signed(b" " + HEADER + b"\n", b" " + PAYLOAD), id="with white space around the JSON"),
    ],
)
async def test_a_token_is_taken(token: str) -> None:
    assert (await verifier().verify(token, NOW, PATIENT)).sub == SUB


async def test_a_key_that_cannot_be_had_is_our_failure() -> None:
    with pytest.raises(KeysUnavailable, match=r"cannot be had: 'https://.*' is not to be asked here"):
        await verifier().verify(mint(id_claims(), header={"kid": "another"}), NOW, PATIENT)


def test_what_is_shown_of_a_token_is_neither_its_payload_nor_its_signature() -> None:
    """Whoever has these has the token. A traceback or a debugger's line must not be enough."""
    assert repr(parse_compact(id_token().encode())) == f"Compact(alg='RS256', kid={KID!r}, typ='')"
