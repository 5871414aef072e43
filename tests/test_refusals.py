"""What a refusal says to the operator who reads it: what was expected, what was found, where, and what to do. Of what a
stranger sent it tells the kind and the length, and never the text."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from authorizer.backend.event import context_of_event
from authorizer.backend.native import native_claims
from authorizer.errors import AuthorizerError
from authorizer.gateway.arns import parse_route_arn
from authorizer.gateway.parse import parse
from authorizer.gateway.respond import refresh
from authorizer.identity.permit import permit
from authorizer.identity.roles import choose
from authorizer.model import Routes
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from authorizer.syntax.kinds import kind_of
from authorizer.tokens.fetch import FetchFailed, HttpFetch
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.verifier import Verifier
from authorizer.vending.request import assume_role_request
from authorizer.vending.sts import granted
from tests.make import NOW, PATIENT, SUB, make_claims, make_identity, make_request, sample_settings
from tests.tokens.judge import RS256
from tests.tokens.minting import (
    ABSENT,
    KEYS,
    OIDC,
    POOL,
    access_token,
    id_claims,
    id_token,
    issuer,
    issuers,
    jwk,
    mint,
    no_network,
)
from tests.vending.factories import jwk_set, make_credentials, make_jwk, make_policy
from tests.vending.factories import make_identity as make_vending_identity
from tests.world import sample_event

MALLORY = "mallory"
"""Stands in whatever a stranger sends here."""


def event(name: str = "rest-request-allow", **changes: Any) -> dict[str, Any]:
    return {**sample_event(name), **changes}


def parsed(what: object) -> object:
    return parse(what, sample_settings())


def verified(token: str, at: float = NOW, **changes: Any) -> object:
    verifier = Verifier(issuers(issuer(**changes)), KEYS, fetch=no_network)
    return asyncio.run(verifier.verify(token, at, PATIENT))


def header(**changes: object) -> str:
    return mint(id_claims(), header=changes)


def chosen(**changes: Any) -> object:
    return choose(make_claims(**changes), None, sample_settings())


def native(**claims: object) -> object:
    said = {
        "iss": next(iter(sample_settings().issuers)),
        "sub": SUB,
        "token_use": "id",
        "aud": "1example23456789app",
        "exp": str(int(NOW) + 60),
        "iat": str(int(NOW)),
        **claims,
    }
    here = {"version": "2.0", "requestContext": {"authorizer": {"jwt": {"claims": said}}}}
    return native_claims(here, sample_settings(), NOW)


def opened(seal: Seal) -> object:
    sealed = Seal(parse_keys(jwk_set(make_jwk("old", 9)))).close(
        make_credentials(), audience="a/b", principal=SUB
    )
    return seal.open(sealed, audience="a/b", principal=SUB, now=NOW)


NO_ROUTE = Routes(patterns=("arn/*",), closed=(), matched=None)
OTHER_ROLE = "arn:aws:iam::123456789012:role/mallory"
REQUEST = assume_role_request(make_vending_identity(), make_policy())
TWICE = {
    "requestContext": {"authorizer": {"lambda": [MALLORY]}, "apiId": "a", "stage": "b"},
    "version": "2.0",
}


def row(refused: Callable[[], object], *said: str, name: str) -> Any:
    return pytest.param(refused, said, id=name)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        # gateway
        row(
            lambda: parsed([MALLORY]),
            "expected one of API Gateway's, found a list",
            name="an event that is none",
        ),
        row(
            lambda: parsed({"type": MALLORY}),
            "expected the `type` TOKEN, or REQUEST with",
            "events/ has a sample of each",
            name="an event of no shape",
        ),
        row(
            lambda: parse_route_arn({MALLORY: 1}, websocket=False),
            "methodArn or routeArn is no text: expected the requested route's ARN, found an object",
            name="no ARN",
        ),
        row(
            lambda: parsed(event(headers=None, multiValueHeaders={"authorization": ["Bearer a", MALLORY]})),
            "carries 2 tokens: expected exactly one in all of header:authorization",
            name="two tokens",
        ),
        row(
            lambda: parsed(
                event(
                    headers=None, multiValueHeaders={"authorization": ["Bearer a"], "x-role": ["a", MALLORY]}
                )
            ),
            "the header 'x-role' comes several times, 2 in all: expected one role",
            name="two roles",
        ),
        row(
            lambda: refresh(make_identity(scopes=frozenset({"files:read"})), NO_ROUTE, {}, sample_settings()),
            "found ['files:read'], expected one with `$connect` under [scopes]",
            name="a connection that is closed now",
        ),
        # identity
        row(
            lambda: permit(make_identity(scopes=frozenset()), make_request(), sample_settings()),
            "open no route of this REST",
            "found [], expected one with such a route under [scopes]",
            name="no scope",
        ),
        row(
            lambda: chosen(preferred_role=None, roles=(), groups=("editors", "auditors")),
            "groups of equal precedence: 'editor' and 'viewer' fit equally well, expected one; give one group",
            name="two roles by groups",
        ),
        row(
            lambda: chosen(preferred_role=None, roles=(OTHER_ROLE, "b", "c")),
            "3 roles fit equally well, expected one; give one group",
            name="three roles of a token",
        ),
        row(
            lambda: chosen(preferred_role=OTHER_ROLE),
            "`cognito:preferred_role` names a role that access.toml does not list",
            "list it under [roles]",
            name="a preferred role that is not listed",
        ),
        row(
            lambda: chosen(preferred_role=None, roles=(OTHER_ROLE,)),
            "`cognito:roles` names a role that access.toml does not list",
            name="a role that is not listed",
        ),
        row(
            lambda: chosen(preferred_role=None, roles=(), groups=(MALLORY, "b", "b")),
            "none of its 2 groups has a role in access.toml; give one a role under [groups], or add a rule",
            name="no role",
        ),
        # tokens
        row(lambda: verified("a.b\xe9.mallory"), "the first is number 4 of 12", name="a letter beyond ASCII"),
        row(
            lambda: verified("a.b+.c"),
            "the token's header is empty or not base64url: 1 characters",
            name="no base64url",
        ),
        row(
            lambda: verified(header(kid=[MALLORY])),
            "1 to 256 characters: found a list",
            name="a `kid` that is a list",
        ),
        row(
            lambda: verified(header(typ={})),
            "at least one character: found an object",
            name="a `typ` that is an object",
        ),
        row(
            lambda: verified(header(typ="dpop+mallory")),
            "of an id token: expected none, `jwt`",
            name="another `typ`",
        ),
        row(
            lambda: verified(mint(id_claims(iss=OIDC), header={"typ": MALLORY}), kind="oidc", issuer=OIDC),
            "expected none, `at+jwt`, `jwt`",
            name="another `typ` of an issuer that tells by it",
        ),
        row(lambda: verified(id_token(token_use=ABSENT)), "expected `id` or `access`", name="no use"),
        row(
            lambda: verified(id_token(token_use=[MALLORY])),
            "neither `id` nor `access`, but a list",
            name="an odd use",
        ),
        row(lambda: verified(id_token(sub=ABSENT)), "no `sub`: expected", name="no `sub`"),
        row(
            lambda: verified(id_token(sub=MALLORY * 40)),
            "280 characters: expected 255 at most",
            name="a long `sub`",
        ),
        row(
            lambda: verified(id_token(sub=True)),
            "at least one character: found true or false",
            name="a `sub` that is true",
        ),
        row(lambda: verified(id_token(sub="mallory\x07")), "control character: found U+0007", name="a bell"),
        row(
            lambda: verified(id_token(**{"cognito:groups": {MALLORY: 1}})),
            "not an array of texts of at least one character: found an object",
            name="groups that are an object",
        ),
        row(
            lambda: verified(access_token(scope=7)),
            "one space between them: found a number",
            name="a scope that is 7",
        ),
        row(lambda: verified(id_token(exp=ABSENT)), "no `exp`: expected a time in seconds", name="no end"),
        row(
            lambda: verified(id_token(exp=MALLORY)),
            "not a number of seconds: found a text",
            name="an end that is a text",
        ),
        row(
            lambda: verified(id_token(**{"cognito:roles": "a,,b"})),
            "expected role ARNs",
            name="an empty role",
        ),
        row(
            lambda: verified(access_token(), token_use=frozenset({"id"})),
            f"this is an access token: of '{POOL}' only id is taken (`token_use`)",
            name="the other use",
        ),
        row(
            lambda: verified(id_token(aud=ABSENT)), "expected one of `client_ids` in `aud`", name="no client"
        ),
        row(
            lambda: verified(id_token(aud=MALLORY)),
            f"`client_ids` of '{POOL}' does not list: list it there",
            name="another client",
        ),
        row(
            lambda: verified(access_token(aud=MALLORY), audiences=frozenset({"here"})),
            f"`audiences` of '{POOL}' lists: it is for another",
            name="another API",
        ),
        row(
            lambda: verified(access_token(), audiences=frozenset({"here"})),
            f"has no `aud`, and '{POOL}' has `audiences`: expected one of them",
            name="no API",
        ),
        row(
            lambda: verified(id_token(), max_lifetime=60.0),
            "lives 3600 s from `iat` to `exp`, and at most 60 s are taken",
            f"shorten it at '{POOL}', or raise `max_lifetime`",
            name="a long life",
        ),
        row(
            lambda: verified(id_token(), NOW + 4000), "expired 460 s ago: a fresh one is needed", name="over"
        ),
        row(
            lambda: verified(id_token(nbf=NOW + 9)), "only in 9 s (`nbf`): compare the clocks", name="not yet"
        ),
        row(
            lambda: verified(id_token(iat=NOW + 9)),
            "only in 9 s (`iat`): compare the clocks",
            name="from the future",
        ),
        row(
            lambda: verified(id_token(auth_time=ABSENT), max_auth_age=60.0),
            f"'{POOL}' has a `max_auth_age`: expected when they signed in",
            name="no sign-in",
        ),
        row(
            lambda: verified(id_token(auth_time=NOW - 99), max_auth_age=60.0),
            "signed in 99 s ago, and at most 60 s are taken: they must sign in again",
            name="an old sign-in",
        ),
        row(
            lambda: verified(id_token(auth_time=NOW + 9), max_auth_age=60.0),
            "only in 9 s (`auth_time`): compare the clocks",
            name="a sign-in to come",
        ),
        row(
            lambda: asyncio.run(HttpFetch()("http://issuer.example/keys", 1.0)),
            "'http://issuer.example/keys' is neither https nor on this machine: expected an https URI",
            name="keys over plain HTTP",
        ),
        row(
            lambda: parse_key_set(json.dumps({"keys": [jwk(kid=7)]}).encode(), RS256),
            "key 0 has no `kid` of 1 to 256 characters",
            name="a key whose `kid` is a number",
        ),
        # backend
        row(
            lambda: context_of_event(TWICE),
            "is not of a Lambda authorizer: found a list; behind API Gateway's own, call `assume`",
            name="an authorizer of another kind",
        ),
        row(
            lambda: native(**{"cognito:groups": "mallory, b"}),
            "`cognito:groups` is no list as API Gateway writes one: expected `[a b]`, found a text",
            name="groups that are no list",
        ),
        row(
            lambda: native(exp=f"{MALLORY} 2026"),
            "`exp` is no time as API Gateway writes one: expected seconds, or `Sat Nov",
            name="an end that is no time",
        ),
        # sealing and vending
        row(
            lambda: opened(Seal(parse_keys(jwk_set(make_jwk("new", 1), make_jwk("next", 2))))),
            "names a key that is not here: expected one of 'new', 'next'",
            name="a key that is not here",
        ),
        row(
            lambda: granted({"Credentials": MALLORY}, REQUEST, NOW),
            f"for role {REQUEST.role_arn!r} is not whole: expected three credentials and their expiration",
            "is AWS_ENDPOINT_URL_STS an STS?",
            name="a reply without credentials",
        ),
    ],
)
def test_a_refusal_says_what_was_expected_and_found_and_quotes_no_stranger(
    refused: Callable[[], object], said: tuple[str, ...]
) -> None:
    with pytest.raises((AuthorizerError, FetchFailed, KeySetRefused)) as caught:
        refused()
    message = str(caught.value)
    for part in said:
        assert part in message
    assert MALLORY not in message
    assert len(message) < 500
    assert not message.endswith(".")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null or nothing"),
        (True, "true or false"),
        ("", "a text"),
        (0, "a number"),
        (0.5, "a number"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_every_kind_of_json_has_its_words(value: object, words: str) -> None:
    assert kind_of(value) == words
