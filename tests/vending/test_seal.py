"""Sealed credentials: what opens them, what does not, and that other JOSE libraries read the same."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from authorizer.errors import SealRefused, SealTooLarge
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import MAX_SEALED, Seal
from tests.vending.factories import EDITOR, NOW, SUB, jwk_set, make_credentials, make_jwk

HERE = "abcdef1234/prod"


def seal_with(*keys: dict[str, str]) -> Seal:
    return Seal(parse_keys(jwk_set(*keys)))


SEALED = seal_with().close(make_credentials(), audience=HERE, principal=SUB)


def opened(sealed: str = SEALED, *, seal: Seal | None = None, **changes: Any) -> Any:
    binding: dict[str, Any] = {"audience": HERE, "principal": SUB, "now": NOW}
    return (seal or seal_with()).open(sealed, **{**binding, **changes})


def test_what_is_sealed_opens_to_the_same_credentials() -> None:
    assert opened() == make_credentials()
    assert opened(principal=None) == make_credentials()


def test_nothing_of_the_credentials_shows() -> None:
    visible = b"".join(base64.urlsafe_b64decode(part + "==") for part in SEALED.split("."))
    for secret in ("ASIACANARY", "canary", SUB, EDITOR):
        assert secret not in SEALED
        assert secret.encode() not in visible


def test_two_seals_of_the_same_never_look_alike() -> None:
    assert seal_with().close(make_credentials(), audience=HERE, principal=SUB) != SEALED


def test_a_second_jose_library_opens_it() -> None:
    jwe = JWE()
    jwe.deserialize(SEALED, JWK(**make_jwk()))
    assert b" " not in jwe.payload, "headers carry little: nothing is sealed that says nothing"
    assert jwe.jose_header == {"alg": "dir", "enc": "A256GCM", "kid": "a", "typ": "JWT"}
    assert json.loads(jwe.payload) == payload()


def test_what_a_second_jose_library_seals_opens_here() -> None:
    theirs = JWE(json.dumps(payload()), json.dumps(header()))
    theirs.add_recipient(JWK(**make_jwk()))
    assert opened(theirs.serialize(compact=True)) == make_credentials()


def test_nothing_of_the_keys_shows() -> None:
    assert repr(seal_with()) == "Seal(keys=SealingKeys())"


def payload(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "aud": HERE,
        "sub": SUB,
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
        "accessKeyId": "ASIACANARY",
        "secretAccessKey": "canary-secret/+=",
        "sessionToken": "canary-session/+==",
        "roleArn": EDITOR,
        "sessionName": SUB,
        "packedPolicySize": 12,
    }
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def header(**changes: Any) -> dict[str, Any]:
    return {"alg": "dir", "enc": "A256GCM", "kid": "a", "typ": "JWT", **changes}


def handmade(body: bytes, head: dict[str, Any] | None = None, *, fill: int = 1) -> str:
    """A compact JWE by RFC 7516 §5.1, without any JOSE library."""

    def text(octets: bytes) -> str:
        return base64.urlsafe_b64encode(octets).decode().rstrip("=")

    protected = text(json.dumps(head or header()).encode())
    nonce = b"\0" * 12
    ciphertext = AESGCM(bytes([fill]) * 32).encrypt(nonce, body, protected.encode())
    return f"{protected}..{text(nonce)}.{text(ciphertext[:-16])}.{text(ciphertext[-16:])}"


def test_a_text_made_by_the_rfc_alone_opens_here() -> None:
    assert opened(handmade(json.dumps(payload()).encode())) == make_credentials()


@pytest.mark.parametrize(
    ("sealed", "changes", "reason"),
    [
        pytest.param(SEALED, {"audience": "other00000/prod"}, "audience", id="at another API it is refused"),
        pytest.param(
            SEALED, {"audience": "abcdef1234/test"}, "audience", id="at another stage it is refused"
        ),
        pytest.param(
            SEALED, {"principal": "mallory"}, "principal", id="beside another principal it is refused"
        ),
        pytest.param(SEALED, {"now": NOW + 3600}, "expired", id="replayed after expiry it is refused"),
        pytest.param(SEALED[:-1], {}, "tampered", id="one character short it is refused"),
        pytest.param(SEALED.rpartition(".")[0] + ".", {}, "tampered", id="without its tag it is refused"),
        pytest.param(SEALED.rpartition(".")[0], {}, "form", id="with four parts it is refused"),
        pytest.param("", {}, "form", id="an empty text is refused"),
        pytest.param(
            "a" * (MAX_SEALED + 1), {}, "size", id="a text of any size is refused before it is read"
        ),
        pytest.param("e30....", {}, "form", id="an empty header is refused"),
        pytest.param("W10....", {}, "form", id="a header that is a list is refused"),
        pytest.param("/w....", {}, "form", id="a header that is no text is refused"),
        pytest.param(f"{'W1tb' * 1500}....", {}, "form", id="a header of thousands of brackets is refused"),
        pytest.param(handmade(b"{}", header(alg="A256KW")), {}, "form", id="another algorithm is refused"),
        pytest.param(handmade(b"{}", header(enc="A128GCM")), {}, "form", id="another encryption is refused"),
        pytest.param(handmade(b"{}", header(zip="DEF")), {}, "form", id="compression is refused"),
        pytest.param(handmade(b"{}", header(crit=["x"])), {}, "form", id="a critical header is refused"),
        pytest.param(handmade(b"{}", header(kid=["a"])), {}, "form", id="a kid that is no text is refused"),
        pytest.param(handmade(b"{}", header(kid="b")), {}, "key", id="an unknown kid is refused"),
        pytest.param(handmade(b"{}", fill=2), {}, "tampered", id="another key under our kid is refused"),
        pytest.param(handmade(b"no JSON"), {}, "form", id="a payload that is no JSON is refused"),
        pytest.param(handmade(b"\xff"), {}, "form", id="a payload that is no text is refused"),
        pytest.param(handmade(b"[" * 5000), {}, "form", id="a payload of thousands of brackets is refused"),
        pytest.param(handmade(b'{"a":' * 1000), {}, "form", id="a payload nested without an end is refused"),
        pytest.param(handmade(b"[]"), {}, "form", id="a payload that is a list is refused"),
        pytest.param(handmade(b"{}"), {}, "audience", id="a payload without an audience is refused"),
    ],
)
def test_what_was_not_sealed_for_this_request_is_refused(
    sealed: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SealRefused) as refused:
        opened(sealed, **changes)
    assert refused.value.reason == reason
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("name", ["accessKeyId", "secretAccessKey", "sessionToken", "roleArn", "exp", "iat"])
@pytest.mark.parametrize("value", [None, "", 1.5, [], True], ids=repr)
def test_credentials_that_are_not_whole_are_refused(name: str, value: object) -> None:
    with pytest.raises(SealRefused) as refused:
        opened(handmade(json.dumps(payload(**{name: value})).encode()))
    assert refused.value.reason == "form"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"exp": 10**400}, "form", id="an end beyond any number of seconds"),
        pytest.param({"exp": 253_402_300_800}, "form", id="an end in the year 10,000"),
        pytest.param({"exp": 253_402_300_799}, "life", id="an end in the last second before it"),
        pytest.param({"iat": -1}, "form", id="a beginning before 1970"),
        pytest.param({"iat": int(NOW) + 3600}, "form", id="an end that is not after its beginning"),
        pytest.param({"exp": int(NOW) + 3661}, "life", id="a life longer than any session's"),
        pytest.param({"exp": int(NOW) + 86_400 * 365}, "life", id="a life of years"),
        pytest.param({"iat": int(NOW) + 61, "exp": int(NOW) + 3600}, "life", id="a beginning in the future"),
    ],
)
def test_a_seal_s_life_is_bounded_whoever_made_it(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(SealRefused) as refused:
        opened(handmade(json.dumps(payload(**claims)).encode()))
    assert refused.value.reason == reason


def test_the_first_second_of_1970_is_a_beginning() -> None:
    assert opened(handmade(json.dumps(payload(iat=0, exp=3600)).encode()), now=60.0).issued_at == 0


@pytest.mark.parametrize(("said", "known"), [(0, 0), (None, None), ("12", None), (1.5, None), (True, None)])
def test_how_much_of_its_limit_a_policy_took_is_a_number_or_not_known(
    said: object, known: int | None
) -> None:
    sealed = handmade(json.dumps(payload() | {"packedPolicySize": said}).encode())
    assert opened(sealed).packed_policy_size == known


def test_clocks_may_differ_by_a_minute() -> None:
    times = {"iat": int(NOW) + 60, "exp": int(NOW) + 3720}
    assert opened(handmade(json.dumps(payload(**times)).encode())).expiration == NOW + 3720


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*payload(), "x"]), inner, max_size=4)
    ),
    max_leaves=9,
)


# Of a member's own kind, so that most is taken; the times are around those from which it is refused.
KINDRED = st.fixed_dictionaries(
    {},
    optional={
        "iat": st.integers(-61, 61).map(lambda seconds: int(NOW) + seconds),
        "exp": st.integers(-61, 61).map(lambda seconds: int(NOW) + 3600 + seconds) | st.just(int(NOW) + 1),
        **{name: st.text(min_size=1, max_size=9) for name in ("sub", "sessionName", "sessionToken", "x")},
        "packedPolicySize": st.none() | st.integers(0, 200),
    },
)


@given(
    KINDRED | KINDRED | st.dictionaries(st.sampled_from([*payload(), "x"]), ANY_JSON, min_size=1, max_size=2)
)
def test_whatever_a_holder_of_the_key_writes_is_taken_or_refused(changes: dict[str, Any]) -> None:
    body = json.dumps({**payload(), **changes}).encode()
    try:
        found = opened(handmade(body), principal=None)
    except SealRefused:
        return
    assert found.expiration - found.issued_at <= 3660


@given(st.text(max_size=60) | st.lists(st.text("ab-_.=", max_size=9), min_size=4, max_size=6).map(".".join))
def test_whatever_a_stranger_writes_is_refused(text: str) -> None:
    with pytest.raises(SealRefused):
        opened(text)
    with pytest.raises(SealRefused):
        opened(f"{SEALED.split('.')[0]}.{text}")


@given(st.integers(0, len(SEALED) - 1), st.characters(codec="ascii"))
def test_no_altered_character_is_taken(place: int, char: str) -> None:
    altered = SEALED[:place] + char + SEALED[place + 1 :]
    if altered == SEALED:
        return
    try:
        same = opened(altered)
    except SealRefused:
        return
    # The last character of a base64 part may hold unused bits: the same bytes, written otherwise.
    assert same == make_credentials()


def test_during_a_rotation_both_keys_open_and_the_first_seals() -> None:
    old, new = make_jwk("old", 1), make_jwk("new", 2)
    before = seal_with(old).close(make_credentials(), audience=HERE, principal=SUB)
    rotating = seal_with(new, old)
    assert opened(before, seal=rotating) == make_credentials()
    after = rotating.close(make_credentials(), audience=HERE, principal=SUB)
    assert opened(after, seal=seal_with(new)) == make_credentials()
    with pytest.raises(SealRefused):
        opened(before, seal=seal_with(new))


def test_what_headers_just_carry_is_sealed_and_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.sealing.seal.MAX_SEALED", len(SEALED))
    sealed = seal_with().close(make_credentials(), audience=HERE, principal=SUB)
    assert len(sealed) == len(SEALED)
    assert opened(sealed) == make_credentials()
    monkeypatch.setattr("authorizer.sealing.seal.MAX_SEALED", len(SEALED) - 1)
    with pytest.raises(SealTooLarge):
        seal_with().close(make_credentials(), audience=HERE, principal=SUB)
    with pytest.raises(SealRefused) as refused:
        opened(sealed)
    assert refused.value.reason == "size"


def test_more_than_headers_carry_is_not_sealed() -> None:
    with pytest.raises(SealTooLarge) as refused:
        seal_with().close(replace(make_credentials(), session_token="x" * 6000), audience=HERE, principal=SUB)
    assert refused.value.size > MAX_SEALED
