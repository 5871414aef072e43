"""What the APIs turn away before Lambda is asked, and what they write of the rest."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.gateway.parse import parse
from authorizer.gateway.respond import allow, deny
from authorizer.local.issuer import TOKEN_USES
from authorizer.local.world import local
from authorizer.model import Routes
from authorizer.tokens.algorithms import ALGORITHMS
from authorizer.tokens.compact import parse_compact
from authorizer.tokens.public_keys import MAX_MODULUS, MIN_MODULUS
from tests.deploy.sam import chosen, resources, template
from tests.make import ACCESS, make_identity, make_request, sample_settings

TEMPLATE = template("template.yaml")
ATTACH = template("attach.yaml")
RATE, BURST = {"Ref": "ThrottlingRateLimit"}, {"Ref": "ThrottlingBurstLimit"}

# ── Throttles ────────────────────────────────────────────────────────────────────────────────────────────────────────


def stage_settings() -> Iterator[Any]:
    """The settings of every stage in the template that hold for all of its routes, one for each API."""
    for kind in ("AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::ApiGatewayV2::Stage"):
        for properties in resources(TEMPLATE, kind).values():
            if kind == "AWS::Serverless::Api":
                settings, *_ = properties["MethodSettings"]
                assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
            else:
                settings = properties["DefaultRouteSettings"]
            yield settings


def test_every_api_is_throttled() -> None:
    stages = list(stage_settings())
    assert len(stages) == 3
    for settings in stages:
        assert settings["ThrottlingRateLimit"] == RATE
        assert settings["ThrottlingBurstLimit"] == BURST


def test_throttles_are_on_by_default_and_cannot_be_set_to_nothing() -> None:
    # An account has 10,000 requests a second and a burst of 5,000 in most Regions (API Gateway quotas).
    for name, most in (("ThrottlingRateLimit", 10_000), ("ThrottlingBurstLimit", 5_000)):
        parameter = TEMPLATE["Parameters"][name]
        assert parameter["Type"] == "Number"
        assert parameter["MinValue"] == 1 <= parameter["Default"] <= most


@pytest.mark.parametrize(
    ("tree", "function"),
    [
        pytest.param(TEMPLATE, "AuthorizerFunction", id="template.yaml, policy"),
        pytest.param(TEMPLATE, "SimpleAuthorizerFunction", id="template.yaml, simple"),
        pytest.param(ATTACH, "AuthorizerFunction", id="attach.yaml"),
    ],
)
def test_concurrency_is_reserved_where_a_number_is_given_and_a_new_account_can_deploy(
    tree: dict[str, Any], function: str
) -> None:
    # Lambda refuses a reservation that leaves an account less than its unreserved least: any, where the limit is 10.
    properties = resources(tree, "AWS::Serverless::Function")[function]
    assert tree["Parameters"]["ReservedConcurrency"]["Default"] == 0
    assert tree["Parameters"]["ReservedConcurrency"]["MinValue"] == 0
    assert tree["Conditions"]["ReservesConcurrency"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ReservedConcurrency"}, 0]}]
    }
    assert "ReservedConcurrentExecutions" not in chosen(properties, ())
    reserved = chosen(properties, ("ReservesConcurrency",))["ReservedConcurrentExecutions"]
    assert reserved == {"Ref": "ReservedConcurrency"}


# ── What is no token ─────────────────────────────────────────────────────────────────────────────────────────────────

EXPRESSION: str = TEMPLATE["Resources"]["RestApi"]["Properties"]["Auth"]["Authorizers"]["Token"]["Identity"][
    "ValidationExpression"
]


def lets_in(header: str) -> bool:
    """Whether API Gateway would ask a REST TOKEN authorizer (API Gateway API Reference, `CreateAuthorizer`)."""
    return re.fullmatch(EXPRESSION, header) is not None


def encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


HEADER = encoded(b'{"alg":"RS256","kid":"k"}')
PAYLOAD = encoded(b'{"iss":"https://issuer.example","sub":"1","iat":1,"exp":2}')
SIGNATURE = encoded(bytes(64))
"""Of ES256 and EdDSA: the shortest that the authorizer reads."""


def test_both_files_have_the_same_expression() -> None:
    attached = ATTACH["Resources"]["RestAuthorizer"]["Properties"]["IdentityValidationExpression"]
    assert chosen(attached, ("RestByToken",)) == EXPRESSION
    assert chosen(attached, ()) == {"Ref": "AWS::NoValue"}  # a REQUEST authorizer takes no expression


def test_every_token_of_the_local_issuer_comes_through(key_folder: Path) -> None:
    with local(ACCESS, {}, keys=key_folder) as here:
        for name in here.personas.people:
            for token_use in TOKEN_USES:
                assert lets_in(f"Bearer {here.mint(name, token_use)}")


@given(
    scheme=st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR"]),
    spaces=st.integers(1, 9),
    kid=st.text(min_size=1, max_size=256),
    subject=st.text(max_size=255),
    alg_and_bits=st.sampled_from(
        [
            *(("RS256", bits) for bits in (MIN_MODULUS, 2049, 3072, 4096, 8191, MAX_MODULUS)),
            *((alg, 512) for alg in ALGORITHMS if alg != "RS256"),
        ]
    ),
)
def test_whatever_the_authorizer_would_read_as_a_token_comes_through(
    scheme: str, spaces: int, kid: str, subject: str, alg_and_bits: tuple[str, int]
) -> None:
    alg, bits = alg_and_bits
    signature = bytes((bits + 7) // 8)
    header = json.dumps({"alg": alg, "kid": kid}, separators=(",", ":"))
    payload = json.dumps(
        {"iss": "https://i.example", "sub": subject, "iat": 1, "exp": 2}, separators=(",", ":")
    )
    token = ".".join((encoded(header.encode()), encoded(payload.encode()), encoded(signature)))
    sent = f"{scheme}{' ' * spaces}{token}"
    request = parse(
        {
            "type": "TOKEN",
            "authorizationToken": sent,
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:rest0token/prod/GET/files",
        },
        sample_settings(),
    )
    assert len(parse_compact(request.token.encode()).signature) == len(signature)
    assert lets_in(sent)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer " + "a" * 40, id="an opaque token"),
        pytest.param("Basic " + encoded(b"erin:secret"), id="another scheme"),
        pytest.param(f"{HEADER}.{PAYLOAD}.{SIGNATURE}", id="no scheme"),
        pytest.param(f"Bearer{HEADER}.{PAYLOAD}.{SIGNATURE}", id="no space"),
        pytest.param(f"Bearer\t{HEADER}.{PAYLOAD}.{SIGNATURE}", id="a tab"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.", id="an unsigned token"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}", id="two parts"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE}.{PAYLOAD}.{SIGNATURE}", id="an encrypted token"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}." + encoded(bytes(32)), id="signed with HMAC"),
        pytest.param(
            f"Bearer {HEADER}.{PAYLOAD}." + encoded(bytes(48)), id="signed with the longest HMAC but one"
        ),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}." + encoded(bytes(63)), id="signed with an octet too few"),
        pytest.param(
            f"Bearer {HEADER}.{PAYLOAD}." + encoded(bytes(1025)), id="a longer signature than any key's"
        ),
        pytest.param(f"Bearer e30.{PAYLOAD}.{SIGNATURE}", id="an empty header"),
        pytest.param(f"Bearer {HEADER}.e30.{SIGNATURE}", id="an empty payload"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE}=", id="padding"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE[:-1]}+", id="base64, not base64url"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE},x", id="two headers joined"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE} x", id="two tokens"),
        pytest.param(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE}\n", id="a line break behind it"),
        pytest.param(f"x\nBearer {HEADER}.{PAYLOAD}.{SIGNATURE}", id="a line in front of it"),
        pytest.param("Bearer " + "Ä" * 500, id="not ASCII"),
    ],
)
def test_what_is_no_signed_token_is_turned_away(header: str) -> None:
    assert lets_in(f"Bearer {HEADER}.{PAYLOAD}.{SIGNATURE}")
    assert not lets_in(header)


def test_the_expression_is_decided_in_one_pass() -> None:
    """No group and no alternative, so nothing is tried twice; and no repeat can go on into what follows it, so where
    it ends there is one way only. Whatever is sent, an engine that backtracks does so at most once a character."""
    assert EXPRESSION.startswith("^")
    assert EXPRESSION.endswith("$")
    assert not re.search(r"[()|\\]", EXPRESSION)
    pieces = re.findall(r"(\[[^\]]+\]|[^\[{+*?])(\{\d+,\d+\}|[+*?])?", EXPRESSION[1:-1])
    assert "".join(map("".join, pieces)) == EXPRESSION[1:-1]
    repeated = [at for at, (_, repeat) in enumerate(pieces) if repeat]
    assert len(repeated) == 4
    for at in repeated[:-1]:
        this, following = pieces[at][0], pieces[at + 1][0]
        assert not any(
            re.fullmatch(this, char) and re.fullmatch(following, char) for char in map(chr, range(256))
        )


# ── Access logs ──────────────────────────────────────────────────────────────────────────────────────────────────────

WORDED_BY = {
    "requestId": "the gateway; a caller of a REST API may choose another UUID, and what is none is replaced",
    "requestTimeEpoch": "the gateway, digits",
    "httpMethod": "the caller: a token (RFC 9110 §5.6.2), which has no quote, no backslash and no control character",
    "resourcePath": "the API's owner: the resource, not the path that was asked for",
    "routeKey": "the API's owner: the route that matched",
    "status": "the gateway, digits",
    "authorizer.principalId": "the authorizer, percent-encoded",
    "authorizer.status": "the gateway, digits",
    "authorizer.latency": "the gateway, digits",
}
"""Every variable that may stand in a format, and why nobody can end the line's JSON with it. API Gateway Developer
Guide, "Variables for access logging" and "Customize HTTP API access logs"; neither promises any escaping."""

HOSTILE = (
    'auth0|a"b',
    '","status":"200","principal":"somebody else',
    "back\\slash\\",
    "line\nbreak\r\t\x00\x7f",
    "Ünïcode \U0001f600",
    "$context.authorizer.accessKeyId",
    "%22",
    "",
)


def formats() -> list[str]:
    found = [
        properties[key]["Format"]
        for kind, key in (
            ("AWS::Serverless::Api", "AccessLogSetting"),
            ("AWS::Serverless::HttpApi", "AccessLogSettings"),
            ("AWS::ApiGatewayV2::Stage", "AccessLogSettings"),
        )
        for properties in resources(TEMPLATE, kind).values()
    ]
    assert len(found) == 3
    return found


@pytest.mark.parametrize("text", formats())
def test_access_logs_name_no_secret_and_nothing_that_a_caller_words(text: str) -> None:
    json.loads(text)
    named = re.findall(r"\$context\.([\w.]+)", text)
    assert named
    assert set(named) <= set(WORDED_BY)
    assert {name for name in named if name.startswith("authorizer.")} == {
        "authorizer.principalId",
        "authorizer.status",
        "authorizer.latency",
    }


@pytest.mark.parametrize("text", formats())
@pytest.mark.parametrize("principal", HOSTILE)
def test_an_access_log_line_is_json_whoever_the_principal_is(text: str, principal: str) -> None:
    identity = make_identity(principal=principal)
    stage = "arn:aws:execute-api:eu-west-1:123456789012:a/prod"
    routes = Routes(patterns=(f"{stage}/GET/files",), closed=(f"{stage}/*;*",), matched="GET /files")
    answers = (
        allow(make_request(), identity, routes, {}, sample_settings()),
        deny(make_request(), principal, "no_route"),
    )
    for answer in answers:
        # As bad as it may be: the value put in as it is.
        line = text.replace("$context.authorizer.principalId", str(answer["principalId"]))
        read = json.loads(line, object_pairs_hook=list)
        expected = json.loads(text, object_pairs_hook=list)
        assert [key for key, _ in read] == [key for key, _ in expected]
        assert dict(read) == {**dict(expected), "principal": answer["principalId"]}
