"""Sealing keys: which sets are taken, where they are read, and that nothing of them is ever told."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.sealing.keys import parse_keys, read_keys
from authorizer.settings.schema import Sealing
from tests.vending.factories import jwk_set, make_jwk


def no_clients(service: str) -> Any:
    raise AssertionError(f"{service} is not asked")


def test_the_first_key_seals_and_all_of_them_open() -> None:
    keys = parse_keys(jwk_set(make_jwk("new", 2), make_jwk("old", 1)))
    assert keys.sealing_kid == "new"
    assert dict(keys.by_kid) == {"new": b"\2" * 32, "old": b"\1" * 32}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("no JSON", "must be a JSON object", id="text that is no JSON is refused"),
        pytest.param("[]", "must be a JSON object", id="a list is refused"),
        pytest.param(
            '{"keys": []}', "must be a JSON object", id="an empty set is refused: it would seal nothing"
        ),
        pytest.param('{"keys": [1]}', "must be a JSON object", id="a row that is no object is refused"),
        pytest.param(
            jwk_set(make_jwk("a", 1), make_jwk("b", 2), make_jwk("c", 3)),
            "1 or 2 objects",
            id="three keys are refused: an old one was forgotten",
        ),
        pytest.param(jwk_set({"kty": "oct", "kid": "a"}), "k, kid, kty", id="a key without bytes is refused"),
        pytest.param(
            jwk_set({"kty": "RSA", "kid": "a", "k": "AAAA"}),
            '`kty` must be "oct"',
            id="an RSA key is refused",
        ),
        pytest.param(jwk_set({"kty": "oct", "kid": "a", "k": "AAAA"}), "is 3", id="a short key is refused"),
        pytest.param(
            jwk_set({"kty": "oct", "kid": "a", "k": "§" * 43}),
            "no base64",
            id="a key that is no base64 is refused",
        ),
        pytest.param(jwk_set(make_jwk("a b")), "`kid` must be", id="a kid with a space is refused"),
        pytest.param(
            jwk_set(make_jwk("a", 1), make_jwk("a", 2)), "must differ", id="two keys of one kid are refused"
        ),
        pytest.param(
            jwk_set(make_jwk("a", 1), make_jwk("b", 1)), "must differ", id="one key under two kids is refused"
        ),
    ],
)
def test_what_is_no_key_set_is_refused_without_quoting_it(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_keys(text)
    assert problem in str(refused.value)
    assert make_jwk()["k"] not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "octets"),
    [
        pytest.param("-_" * 21 + "8", b"\xfb\xff\xbf" * 10 + b"\xfb\xff", id="both letters of base64url"),
        pytest.param("AQEB" * 10 + "AQE", b"\1" * 32, id="without padding, as RFC 7515 has it"),
    ],
)
def test_a_key_is_written_in_base64url(key: str, octets: bytes) -> None:
    assert dict(parse_keys(jwk_set({"kty": "oct", "kid": "a", "k": key})).by_kid) == {"a": octets}


@pytest.mark.parametrize("stray", ["!", "    ", "\n\n\n\n", "...."])
def test_a_key_with_stray_characters_is_refused_and_not_read_around_them(stray: str) -> None:
    key = make_jwk() | {"k": "AQEB" + stray + make_jwk()["k"][4:]}
    with pytest.raises(SettingsError, match="is no base64"):
        parse_keys(jwk_set(key))


def test_a_kid_has_at_most_64_characters() -> None:
    assert parse_keys(jwk_set(make_jwk("k" * 64))).sealing_kid == "k" * 64
    with pytest.raises(SettingsError, match="`kid` must be 1 to 64"):
        parse_keys(jwk_set(make_jwk("k" * 65)))


def test_keys_never_show() -> None:
    sealing = Sealing(source="environment", keys=jwk_set())
    assert make_jwk()["k"] not in repr(sealing)
    assert repr(read_keys(sealing, no_clients)) == "SealingKeys()"


class FakeSecrets:
    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        self.asked.append(SecretId)
        return {"SecretString": self.text}


def test_a_secret_holds_the_same_set() -> None:
    secrets = FakeSecrets(jwk_set(make_jwk("a", 7)))
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:seal-AbCdEf"
    keys = read_keys(
        Sealing(source="secretsmanager", keys=arn), lambda service: {"secretsmanager": secrets}[service]
    )
    assert dict(keys.by_kid) == {"a": b"\7" * 32}
    assert secrets.asked == [arn]


class FakeKms:
    """Decrypts a ciphertext only under the encryption context that it was made with, as KMS does."""

    def __init__(self, purpose: str = "authorizer-sealing") -> None:
        self.purpose = purpose

    def decrypt(self, *, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, bytes]:
        kid, _, key = CiphertextBlob.partition(b":")
        if EncryptionContext != {"purpose": self.purpose, "kid": kid.decode()}:
            raise ClientError({"Error": {"Code": "InvalidCiphertextException"}}, "Decrypt")
        return {"Plaintext": key}


def kms_set(kid: str, blob: bytes) -> str:
    return json.dumps({"keys": [{"kid": kid, "ciphertext": base64.b64encode(blob).decode()}]})


@pytest.mark.parametrize(
    "ciphertext",
    [
        pytest.param("YTp-_w==", id="the alphabet of JWKs, which is not that of KMS"),
        pytest.param("YTp!AQEB", id="a stray character"),
        pytest.param("YTpAQE", id="no padding"),
    ],
)
def test_a_data_key_that_is_no_base64_is_refused_before_kms_is_asked(ciphertext: str) -> None:
    keys = json.dumps({"keys": [{"kid": "a", "ciphertext": ciphertext}]})
    with pytest.raises(SettingsError, match="sealing key 'a': is no base64"):
        read_keys(Sealing(source="kms", keys=keys), no_clients)


def test_kms_opens_encrypted_data_keys() -> None:
    sealing = Sealing(source="kms", keys=kms_set("a", b"a:" + b"\5" * 32))
    assert dict(read_keys(sealing, lambda _: FakeKms()).by_kid) == {"a": b"\5" * 32}


@pytest.mark.parametrize(
    ("purpose", "private"), [("authorizer-sealing", True), ("authorizer-private-sealing", False)]
)
def test_a_data_key_of_one_purpose_stays_closed_to_the_other(purpose: str, private: bool) -> None:
    """A backend that may use the KMS key for the first cannot open the second with it."""
    keys = kms_set("a", b"a:" + b"\5" * 32)
    with pytest.raises(SealingKeysUnavailable, match="InvalidCiphertextException"):
        read_keys(Sealing(source="kms", keys=keys, private=private), lambda _: FakeKms(purpose))
    assert read_keys(Sealing(source="kms", keys=keys, private=not private), lambda _: FakeKms(purpose)).by_kid


def test_a_data_key_of_another_kid_stays_closed() -> None:
    sealing = Sealing(source="kms", keys=kms_set("b", b"a:" + b"\5" * 32))
    with pytest.raises(SealingKeysUnavailable, match="InvalidCiphertextException"):
        read_keys(sealing, lambda _: FakeKms())


def test_keys_that_aws_does_not_hand_out_are_a_failure_by_name() -> None:
    class NoSecrets:
        def get_secret_value(self, **_: str) -> None:
            raise NoCredentialsError

    with pytest.raises(SealingKeysUnavailable, match="secretsmanager: NoCredentialsError"):
        read_keys(Sealing(source="secretsmanager", keys="seal"), lambda _: NoSecrets())


def test_a_secret_without_text_is_a_failure_by_name() -> None:
    class Binary:
        def get_secret_value(self, **_: str) -> dict[str, bytes]:
            return {"SecretBinary": b""}

    with pytest.raises(SealingKeysUnavailable, match="KeyError"):
        read_keys(Sealing(source="secretsmanager", keys="seal"), lambda _: Binary())
