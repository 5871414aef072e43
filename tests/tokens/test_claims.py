"""What a genuine token turns into, and which signed tokens are refused for what they say."""

from typing import Any

import pytest

from authorizer.errors import (
    AudienceRefused,
    AuthenticationTooOld,
    ClientRefused,
    IssuerUnknown,
    TokenClaimMalformed,
    TokenClaimMissing,
    TokenExpired,
    TokenLifetimeTooLong,
    TokenNotYetValid,
    TokenTypeRefused,
    TokenUseRefused,
    Unauthorized,
)
from authorizer.model import Claims
from authorizer.tokens.verifier import Verifier
from tests.make import PATIENT
from tests.tokens.minting import (
    ABSENT,
    CLIENT,
    KEYS,
    NOW,
    OIDC,
    POOL,
    SUB,
    access_claims,
    access_token,
    id_claims,
    id_token,
    issuer,
    issuers,
    machine_claims,
    members,
    mint,
    no_network,
)


async def verify(token: str, now: float = NOW, **changes: Any) -> Claims:
    return await Verifier(issuers(issuer(**changes)), KEYS, fetch=no_network).verify(token, now, PATIENT)


async def test_an_id_token_yields_what_the_issuer_says() -> None:
    assert members(await verify(id_token())) == {
        "issuer": POOL,
        "token_use": "id",
        "sub": SUB,
        "client_id": CLIENT,
        "username": "ana",
        "machine": False,
        "groups": ("editors", "viewers"),
        "roles": ("arn:aws:iam::111122223333:role/editor", "arn:aws:iam::111122223333:role/viewer"),
        "preferred_role": "arn:aws:iam::111122223333:role/editor",
        "scopes": (),
        "issued_at": NOW - 60,
        "expires_at": NOW + 3540,
        "actors": (),
        "values": id_claims(),
    }


async def test_an_access_token_yields_what_the_issuer_says() -> None:
    assert members(await verify(access_token())) == {
        "issuer": POOL,
        "token_use": "access",
        "sub": SUB,
        "client_id": CLIENT,
        "username": "ana",
        "machine": False,
        "groups": ("editors",),
        "roles": (),
        "preferred_role": None,
        "scopes": ("openid", "files/read"),
        "issued_at": NOW - 60,
        "expires_at": NOW + 3540,
        "actors": (),
        "values": access_claims(),
    }


@pytest.mark.parametrize(
    ("claims", "machine"),
    [
        pytest.param(machine_claims(), True, id="a client-credentials token speaks for its client"),
        pytest.param(access_claims(), False, id="a user's access token does not"),
        pytest.param(machine_claims(username="ana"), False, id="nor one with a username"),
        pytest.param(machine_claims(sub="another"), False, id="nor one whose sub is not the client"),
        pytest.param(
            id_claims(sub=CLIENT, **{"cognito:username": ABSENT}),
            False,
            id="nor an ID token, whatever its sub",
        ),
    ],
)
async def test_a_machine_is_told_from_a_user(claims: dict[str, object], machine: bool) -> None:
    assert (await verify(mint(claims))).machine is machine


@pytest.mark.parametrize(
    ("token", "field", "value"),
    [
        pytest.param(
            id_token(**{"cognito:roles": "arn:aws:iam::1:role/a, arn:aws:iam::1:role/b"}),
            "roles",
            ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"),
            id="roles as a text with commas",
        ),
        pytest.param(id_token(**{"cognito:roles": ABSENT}), "roles", (), id="no roles"),
        pytest.param(id_token(**{"cognito:groups": ABSENT}), "groups", (), id="no groups"),
        pytest.param(
            id_token(**{"cognito:groups": ['"\\*${}', "Группа", ":,/"]}),
            "groups",
            ('"\\*${}', "Группа", ":,/"),
            id="groups of any punctuation, which are matched whole and never interpolated",
        ),
        pytest.param(id_token(scope="files/read"), "scopes", (), id="the scope of an ID token is not read"),
        pytest.param(id_token(sub="x" * 255), "sub", "x" * 255, id="the longest sub"),
        pytest.param(access_token(scope=""), "scopes", (), id="an empty scope"),
        pytest.param(access_token(scope=ABSENT), "scopes", (), id="no scope"),
        pytest.param(id_token(aud=[CLIENT]), "client_id", CLIENT, id="an audience in an array of one"),
        pytest.param(access_token(exp=NOW + 0.5), "expires_at", NOW + 0.5, id="half a second to live"),
    ],
)
async def test_a_claim_is_read_as(token: str, field: str, value: object) -> None:
    assert getattr(await verify(token), field) == value


CONTROLS = ["a\nb", "a\r\nX-Role: admin", "a\x00", "\x1b]0;b\x07", "a\x7f", "a\x85b", "a\u2028b"]
WRONG_IN_ID: dict[str, list[object]] = {
    "exp": [True, "1750003540", None, [], -1, 1e300, 253_402_300_800],
    "iat": [False, "1749999940", None, -0.5],
    "nbf": [True, "0", None],
    "auth_time": [True, "0", None],
    "sub": [1, "", None, ["a"], "x" * 256, *CONTROLS],
    "aud": [1, "", None, [1], [""], [CLIENT, None], {"a": "b"}],
    "cognito:username": [1, "", None, ["ana"], *CONTROLS],
    "cognito:groups": [
        "editors",
        None,
        [1],
        [""],
        [["editors"]],
        {"editors": True},
        *([text] for text in CONTROLS),
    ],
    "cognito:roles": [1, None, [1], [""], "", "a,,b", "a, "],
    "cognito:preferred_role": [1, None, "", ["a"]],
    "jti": [1, None, "", []],
    "scope": [1, None, ["files/read"]],
}
WRONG_IN_ACCESS: dict[str, list[object]] = {
    "scope": [1, None, ["files/read"], " ", "a  b", " a", "a ", "a\tb", 'a"b', "a\\b", "é"],
    "client_id": [1, None, "", [CLIENT]],
    "aud": [1, None, "", [1], {}],
    "username": [1, None, ""],
}

REFUSED = [
    # what every token says
    pytest.param(id_token(exp=ABSENT), {}, TokenClaimMissing, "`exp`", id="without exp"),
    pytest.param(id_token(iat=ABSENT), {}, TokenClaimMissing, "`iat`", id="without iat"),
    pytest.param(id_token(sub=ABSENT), {}, TokenClaimMissing, "`sub`", id="without sub"),
    pytest.param(id_token(token_use=ABSENT), {}, TokenClaimMissing, "`token_use`", id="without token_use"),
    pytest.param(id_token(aud=ABSENT), {}, TokenClaimMissing, "app client", id="an ID token without aud"),
    pytest.param(id_token(aud=[]), {}, TokenClaimMissing, "app client", id="an ID token with an empty aud"),
    pytest.param(
        access_token(client_id=ABSENT, aud=CLIENT),
        {},
        TokenClaimMissing,
        "app client",
        id="an access token without client_id, though its aud looks like one",
    ),
    # types
    *(
        pytest.param(
            id_token(**{name: value}), {}, TokenClaimMalformed, f"`{name}`", id=f"{name} that is {value!r}"
        )
        for name, values in WRONG_IN_ID.items()
        for value in values
    ),
    *(
        pytest.param(
            access_token(**{name: value}),
            {},
            TokenClaimMalformed,
            f"`{name}`",
            id=f"{name} that is {value!r}",
        )
        for name, values in WRONG_IN_ACCESS.items()
        for value in values
    ),
    pytest.param(id_token(token_use="refresh"), {}, TokenUseRefused, "neither", id="token_use refresh"),
    pytest.param(id_token(token_use=["id"]), {}, TokenUseRefused, "neither", id="token_use in an array"),
    # whose, and for whom
    pytest.param(id_token(iss=ABSENT), {}, IssuerUnknown, POOL, id="without iss"),
    pytest.param(id_token(iss=[POOL]), {}, IssuerUnknown, POOL, id="iss in an array"),
    pytest.param(id_token(iss=POOL + "/"), {}, IssuerUnknown, POOL, id="iss with a slash at its end"),
    pytest.param(id_token(iss=POOL.upper()), {}, IssuerUnknown, POOL, id="iss in capitals"),
    pytest.param(id_token(iss="https://evil.example"), {}, IssuerUnknown, POOL, id="another iss"),
    pytest.param(id_token(aud="another"), {}, ClientRefused, "client_ids", id="another aud"),
    pytest.param(
        id_token(aud=[CLIENT, "another"]), {}, ClientRefused, "client_ids", id="one aud of ours among others"
    ),
    pytest.param(access_token(client_id="another"), {}, ClientRefused, "client_ids", id="another client_id"),
    pytest.param(
        access_token(client_id="another", aud=CLIENT), {}, ClientRefused, "", id="our client only in aud"
    ),
    pytest.param(id_token(), {"client_ids": frozenset()}, ClientRefused, "", id="where no client is listed"),
    pytest.param(
        id_token(), {"token_use": frozenset({"access"})}, TokenUseRefused, "only access", id="ID for access"
    ),
    pytest.param(
        access_token(), {"token_use": frozenset({"id"})}, TokenUseRefused, "only id", id="access for ID"
    ),
    # when
    pytest.param(id_token(exp=NOW), {}, TokenExpired, "0 s ago", id="exp now"),
    pytest.param(
        id_token(exp=NOW - 5), {"leeway": 5.0}, TokenExpired, "5 s ago", id="exp at the leeway's end"
    ),
    pytest.param(id_token(nbf=NOW + 1), {}, TokenNotYetValid, "`nbf`", id="nbf to come"),
    pytest.param(
        id_token(nbf=NOW + 6), {"leeway": 5.0}, TokenNotYetValid, "`nbf`", id="nbf after the leeway"
    ),
    pytest.param(id_token(iat=NOW + 1), {}, TokenNotYetValid, "`iat`", id="iat to come"),
    pytest.param(
        id_token(iat=NOW + 6), {"leeway": 5.0}, TokenNotYetValid, "`iat`", id="iat after the leeway"
    ),
    pytest.param(
        id_token(), {"max_lifetime": 3599.0}, TokenLifetimeTooLong, "3600 s", id="longer life than is taken"
    ),
    pytest.param(
        id_token(),
        {"max_auth_age": 59.0},
        AuthenticationTooOld,
        "60 s ago",
        id="an older sign-in than is taken",
    ),
    pytest.param(
        id_token(auth_time=ABSENT),
        {"max_auth_age": 60.0},
        TokenClaimMissing,
        "`auth_time`",
        id="no auth_time",
    ),
    pytest.param(
        id_token(auth_time=NOW + 1),
        {"max_auth_age": 60.0},
        TokenNotYetValid,
        "`auth_time`",
        id="auth_time to come",
    ),
    pytest.param(
        mint(id_claims(), header={"typ": "logout+jwt"}),
        {},
        TokenTypeRefused,
        "an id token: expected none, `jwt`",
        id="a logout token",
    ),
]


@pytest.mark.parametrize(("token", "changes", "refusal", "text"), REFUSED)
async def test_a_signed_token_is_refused(
    token: str, changes: dict[str, Any], refusal: type[Unauthorized], text: str
) -> None:
    with pytest.raises(refusal) as raised:
        await verify(token, **changes)
    assert type(raised.value) is refusal
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("token", "changes"),
    [
        pytest.param(id_token(exp=253_402_300_799), {}, id="exp at the end of the year 9999"),
        pytest.param(id_token(nbf=0, auth_time=0), {}, id="nbf and auth_time at the beginning of 1970"),
        pytest.param(id_token(exp=NOW - 4), {"leeway": 5.0}, id="exp within the leeway"),
        pytest.param(id_token(nbf=NOW), {}, id="nbf now"),
        pytest.param(id_token(nbf=NOW + 5), {"leeway": 5.0}, id="nbf within the leeway"),
        pytest.param(id_token(iat=NOW), {}, id="iat now"),
        pytest.param(id_token(iat=NOW + 5), {"leeway": 5.0}, id="iat within the leeway"),
        pytest.param(id_token(), {"max_lifetime": 3600.0}, id="the longest life that is taken"),
        pytest.param(id_token(), {"max_auth_age": 60.0}, id="the oldest sign-in that is taken"),
        pytest.param(
            id_token(auth_time=NOW - 65), {"max_auth_age": 60.0, "leeway": 5.0}, id="and its leeway"
        ),
        pytest.param(id_token(auth_time=NOW + 5), {"max_auth_age": 60.0, "leeway": 5.0}, id="either way"),
        pytest.param(id_token(auth_time=NOW + 9), {}, id="any auth_time where no age is asked for"),
        pytest.param(
            id_token(aud="another"), {"client_ids": None}, id="any client where the check is waived"
        ),
        pytest.param(id_token(aud=ABSENT), {"client_ids": None}, id="no client where the check is waived"),
        pytest.param(mint(id_claims(), header={"typ": "JWT"}), {}, id="typ JWT"),
        pytest.param(mint(access_claims(), header={"typ": "JWT"}), {}, id="typ JWT of an access token"),
        pytest.param(mint(access_claims(), header={"typ": "application/at+JWT"}), {}, id="typ of RFC 9068"),
    ],
)
async def test_a_signed_token_is_taken(token: str, changes: dict[str, Any]) -> None:
    assert (await verify(token, **changes)).sub == SUB


async def test_without_issuers_every_token_is_refused() -> None:
    with pytest.raises(IssuerUnknown, match="none is configured"):
        await Verifier({}, KEYS, fetch=no_network).verify(id_token(), NOW, PATIENT)


async def test_a_refusal_quotes_no_claim_of_the_token() -> None:
    token = id_token(aud="s3cret-client", email="s3cret@example.com", sub="s3cret-sub")
    with pytest.raises(ClientRefused) as raised:
        await verify(token)
    assert "s3cret" not in str(raised.value)


API = "https://api.example.com"


@pytest.mark.parametrize(
    ("aud", "audiences"),
    [
        pytest.param("https://other.example.com", (), id="another API, where none of ours has a name"),
        pytest.param("https://other.example.com", (API,), id="another API"),
        pytest.param(CLIENT, (), id="a client"),
        pytest.param(["https://other.example.com", "https://api.example.com/"], (API,), id="two other APIs"),
        pytest.param(ABSENT, (API,), id="no API, where ours has a name"),
    ],
)
async def test_an_access_token_that_was_asked_for_another_api_is_refused(
    aud: object, audiences: tuple[str, ...]
) -> None:
    with pytest.raises(AudienceRefused) as raised:
        await verify(access_token(aud=aud), audiences=frozenset(audiences))
    assert "other.example.com" not in str(raised.value)
    assert ("has no `aud`" if aud is ABSENT else "names no API") in str(raised.value)


@pytest.mark.parametrize(
    "aud",
    [
        pytest.param(API, id="alone"),
        pytest.param([API], id="in an array"),
        pytest.param(["https://other.example.com", API], id="and for another"),
    ],
)
async def test_an_access_token_for_this_api_is_taken(aud: object) -> None:
    claims = await verify(access_token(aud=aud), audiences=frozenset({API}))
    assert (claims.token_use, claims.client_id) == ("access", CLIENT)
    assert (await verify(id_token(), audiences=frozenset({API}))).token_use == "id"


def oidc_token(*, typ: str | None, **changes: object) -> str:
    claims = {
        "iss": OIDC,
        "sub": SUB,
        "aud": CLIENT,
        "exp": NOW + 60,
        "iat": NOW,
        "preferred_username": "ana",
        "groups": ["editors"],
        **changes,
    }
    return mint(claims, header={} if typ is None else {"typ": typ})


async def verify_oidc(token: str) -> Claims:
    return await verify(token, kind="oidc", issuer=OIDC, audiences=frozenset({API}))


async def test_an_oidc_access_token_is_read_by_its_own_names() -> None:
    claims = await verify_oidc(
        oidc_token(typ="at+jwt", aud="https://api.example.com", client_id=CLIENT, scope="files/read")
    )
    assert (claims.token_use, claims.client_id, claims.username) == ("access", CLIENT, "ana")
    assert (claims.groups, claims.scopes, claims.roles) == (("editors",), ("files/read",), ())


async def test_an_oidc_token_without_a_type_is_an_id_token() -> None:
    claims = await verify_oidc(oidc_token(typ=None))
    assert (claims.token_use, claims.client_id, claims.scopes) == ("id", CLIENT, ())


async def test_an_oidc_id_token_that_its_own_client_asked_for_is_taken() -> None:
    claims = await verify_oidc(oidc_token(typ="JWT", azp=CLIENT))
    assert (claims.token_use, claims.client_id) == ("id", CLIENT)
    several = frozenset({CLIENT, "phone"})
    both = await verify(
        oidc_token(typ="JWT", azp="phone"),
        kind="oidc",
        issuer=OIDC,
        audiences=frozenset({API}),
        client_ids=several,
    )
    assert both.client_id == CLIENT


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        pytest.param(oidc_token(typ="logout+jwt"), TokenTypeRefused, id="a logout token is no ID token"),
        pytest.param(
            oidc_token(typ="JWT", aud="https://api.example.com", client_id=CLIENT),
            ClientRefused,
            id="an access token that does not say so is read as an ID token, and is for another audience",
        ),
        pytest.param(
            oidc_token(typ="JWT", azp="another", client_id="another", scope="files/read"),
            ClientRefused,
            id="one that another client asked for, for this very audience",
        ),
        pytest.param(
            oidc_token(typ=None, azp=[CLIENT]), TokenClaimMalformed, id="a requester that is no text"
        ),
    ],
)
async def test_an_oidc_token_is_refused(token: str, refusal: type[Unauthorized]) -> None:
    with pytest.raises(refusal):
        await verify_oidc(token)
