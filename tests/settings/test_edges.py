"""The configuration to its edges: every setting read back, every bound from both sides, every problem told once."""

import io
import json
import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from authorizer.engine import Sharing
from authorizer.errors import SettingsError
from authorizer.settings.limits import LIMITS, breaches
from authorizer.settings.load import load, read
from authorizer.settings.schema import (
    Access,
    Gateway,
    Group,
    Issuer,
    Keys,
    Policy,
    Resolution,
    Route,
    Rule,
    Sealing,
    Session,
    Settings,
    SharedCache,
    Suppression,
    Terms,
)
from authorizer.syntax.places import dotted, line_of
from tests.make import ACCESS, make_settings, merged, sample_environment, sample_templates

SHARED = {
    "statement": "S",
    "actions": ["s3:GetObject", "s3:Put*"],
    "resources": ["arn:aws:s3:::{{ bucket }}/shared/*"],
}
IGNORED = {"code": "scan", "where": "s3-home", "reason": "r", "owner": "ops"}
TEMPLATE = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::b/{{ sub }}/*"}]}'
)
ROLE = "arn:aws:iam::123456789012:role/r"
ANY = {"speaks_for": "any"}
POOL = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"], **ANY}
OIDC = {"kind": "oidc", "issuer": "https://id.example.com", "client_ids": ["app"], "token_use": ["id"], **ANY}
LEAST: dict[str, Any] = {
    "issuers": [{**POOL, "issuer_forms": ["original"]}],
    "claims": {"sub": {"type": "uuid"}},
    "roles": {"r": {"arn": ROLE, "policies": ["t"]}},
    "gateway": {"result_ttl": "5m"},
}
"""As little as loads."""
SMALL: dict[str, Any] = {
    "issuers": [POOL],
    "keys": {},
    "claims": {"sub": {"type": "uuid"}, "tenant": {"claim": "custom:tenant_id", "type": "slug"}},
    "variables": {"bucket": "b"},
    "policies": {"s3-home": {"isolates": "sub"}},
    "roles": {
        "editor": {"arn": ROLE, "policies": ["s3-home"]},
        "viewer": {"arn": f"{ROLE}2", "policies": ["s3-home"]},
    },
    "groups": {"editors": {"role": "editor", "scopes": ["data:read"]}},
    "resolution": {"role_header": "x-role"},
    "scopes": {"data:read": ["GET /data", "$connect"]},
    "gateway": {"result_ttl": "5m", "identity_sources": ["authorization", "x-role"]},
    "session": {},
}
"""A little of everything."""


def made(tables: dict[str, Any], **changes: Any) -> Settings:
    templates = changes.pop("templates", {"t": TEMPLATE})
    return read(
        tables, source="", place="access.toml", templates=templates, environment={}, **changes
    ).settings


def small(**changes: Any) -> Settings:
    """A small configuration with `changes` merged into it, as `make_settings` does with the bundled one: in a tenth of
    the time."""
    return made(merged(SMALL, changes), templates={"s3-home": TEMPLATE})


def problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        small(**changes)
    return caught.value.problems


def issuer_problems(**changes: Any) -> tuple[str, ...]:
    """Another one may sign tokens, whatever is wrong with this."""
    return problems(issuers=[{**POOL, **changes}, OIDC])


# ── What is read ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_says_is_as_the_readme_has_it() -> None:
    settings = made(LEAST)
    iss = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01"
    assert settings.place == "access.toml"
    assert settings.issuers == {
        iss: Issuer(
            name="eu-west-1_EXAMPLE01",
            kind="cognito",
            issuer=iss,
            jwks_uri=f"{iss}/.well-known/jwks.json",
            client_ids=frozenset({"app"}),
            token_use=frozenset({"id"}),
            leeway=0,
            max_lifetime=None,
            max_auth_age=None,
            pinned_keys=None,
        )
    }
    assert settings.keys == Keys(timeout=2, max_age=3600, grace=86_400, cooldown=10)
    [claim] = settings.claims.values()
    assert (claim.name, claim.claim, claim.user_writable) == ("sub", "sub", False)
    [role] = settings.roles.values()
    assert settings.roles_by_arn == {ROLE: role}
    assert (role.session_name, role.source_identity, role.external_id) == ("{sub}", None, None)
    assert (role.session_tags, role.transitive_tags, role.managed_policies) == ({}, (), ())
    assert (role.duration, set(role.uses)) == (3600, {"sub"})
    assert settings.resolution == Resolution(role_header=None, ambiguous=None)
    assert settings.gateway == Gateway(
        result_ttl=300,
        backend_time=30,
        response="policy",
        identity_sources=("authorization",),
        token_sources=("header:authorization",),
        context_claims=(),
        usage_key_claim=None,
        token_scopes="ignore",
    )
    assert settings.gateway.connection_time == 1800
    assert settings.gateway.renew_connections is False
    assert settings.session == Session()
    assert settings.session == Session(context="plain", end_with_token=False, cache_entries=1000)
    assert (settings.sealing, settings.private_sealing, settings.shared_cache) == (None, None, None)
    assert (settings.groups, settings.rules, settings.scopes, settings.policies) == ({}, (), {}, {})
    assert settings.variables == {}
    assert settings.template_sources == {"t": TEMPLATE}


EVERYTHING: dict[str, Any] = {
    "issuers": [
        {
            **OIDC,
            "client_ids": ["app", "web"],
            "token_use": ["id", "access"],
            "audiences": ["https://api.example.com"],
            "jwks_uri": "https://keys.example.com/set",
            "leeway": "1m30s",
            "max_lifetime": "1h",
            "max_auth_age": "240h",
            "pinned_keys": "id.json",
        }
    ],
    "keys": {"timeout": "3s", "max_age": "2h", "grace": "12h", "cooldown": "20s"},
    "claims": {
        "sub": {"type": "uuid"},
        "tenant": {"claim": "custom:tenant", "type": "slug", "user_writable": True},
        "team": {"type": "slug"},
        "mail": {"type": "email"},
        "key": {"type": "slug"},
    },
    "variables": {"bucket": "b"},
    "policies": {
        "t": {
            "isolates": "sub",
            "shared": [{**SHARED, "reason": "all may", "owner": "ops", "until": "2027-01-31"}],
        }
    },
    "roles": {
        "r": {
            "arn": ROLE,
            "policies": ["t"],
            "session_name": "{mail}",
            "session_tags": {"tenant": "tenant"},
            "transitive_tags": ["tenant"],
            "source_identity": "{team}",
            "external_id": "an-id",
            "duration": "50m",
        },
        "other": {"arn": f"{ROLE}2", "policies": ["t"]},
    },
    "groups": {"g": {"role": "r", "precedence": 3, "scopes": ["data:read"]}},
    "rules": [{"claim": "custom:d", "match": "StartsWith", "value": "x", "role": "r"}],
    "resolution": {"role_header": "X-Role", "ambiguous": "other"},
    "scopes": {"data:read": ["GET /data", "ANY /files/{proxy+}", "$connect", "$default"]},
    "gateway": {
        "result_ttl": "0s",
        "backend_time": "45s",
        "response": "simple",
        "identity_sources": ["Authorization", "Query:Token", "$context.routeKey"],
        "token_sources": ["header:Authorization", "query:Token"],
        "context_claims": ["tenant"],
        "usage_key_claim": "key",
        "token_scopes": "both",
        "connection_time": "20m",
        "renew_connections": True,
    },
    "lint": {"ignore": [{"code": "scan", "where": "s3-home", "reason": "r", "owner": "ops"}]},
    "session": {
        "name": "{sub}-{tenant}",
        "duration": "55m",
        "context": "sealed",
        "end_with_token": True,
        "cache_entries": 7,
    },
    "sealing": {"source": "kms", "keys": "theirs"},
    "private_sealing": {"source": "secretsmanager", "keys": "ours"},
    "shared_cache": {"table": "sessions", "region": "eu-west-1"},
}


def test_everything_that_is_said_is_read() -> None:
    settings = made(EVERYTHING, key_sets={"id.json": '{"keys":[]}'})
    assert settings.issuers == {
        "https://id.example.com": Issuer(
            name="https://id.example.com",
            kind="oidc",
            issuer="https://id.example.com",
            jwks_uri="https://keys.example.com/set",
            client_ids=frozenset({"app", "web"}),
            token_use=frozenset({"id", "access"}),
            audiences=frozenset({"https://api.example.com"}),
            leeway=90,
            max_lifetime=3600,
            max_auth_age=864_000,
            pinned_keys='{"keys":[]}',
        )
    }
    assert settings.keys == Keys(timeout=3, max_age=7200, grace=43_200, cooldown=20)
    tenant = settings.claims["tenant"]
    assert (tenant.name, tenant.claim, tenant.user_writable) == ("tenant", "custom:tenant", True)
    assert settings.variables == {"bucket": "b"}
    sharing = Sharing(
        statement="S", actions=("s3:GetObject", "s3:Put*"), resources=("arn:aws:s3:::b/shared/*",)
    )
    assert settings.suppressions == (
        Suppression(code="scan", where="s3-home", terms=Terms(reason="r", owner="ops", until=None)),
    )
    assert settings.policies == {
        "t": Policy(
            name="t",
            isolates=("sub",),
            shared=(sharing,),
            terms=(Terms(reason="all may", owner="ops", until="2027-01-31"),),
        )
    }
    role, other = settings.roles["r"], settings.roles["other"]
    assert settings.roles_by_arn == {ROLE: role, f"{ROLE}2": other}
    assert (role.session_name, role.source_identity, role.external_id) == ("{mail}", "{team}", "an-id")
    assert (role.session_tags, role.transitive_tags) == ({"tenant": "tenant"}, ("tenant",))
    assert (role.duration, set(role.uses)) == (3000, {"sub", "tenant", "mail", "team"})
    assert (other.session_name, other.duration, set(other.uses)) == (
        "{sub}-{tenant}",
        3300,
        {"sub", "tenant"},
    )
    assert settings.groups == {"g": Group(name="g", role="r", precedence=3, scopes=("data:read",))}
    assert settings.rules == (Rule(claim="custom:d", match="StartsWith", value="x", role="r"),)
    assert settings.resolution == Resolution(role_header="x-role", ambiguous="other")
    assert settings.scopes == {
        "data:read": (
            Route(method="GET", path="/data"),
            Route(method="ANY", path="/files/*"),
            Route(method="", path="$connect"),
            Route(method="", path="$default"),
        )
    }
    assert settings.gateway == Gateway(
        result_ttl=0,
        backend_time=45,
        response="simple",
        identity_sources=("authorization", "query:Token", "$context.routeKey"),
        token_sources=("header:authorization", "query:Token"),
        context_claims=("tenant",),
        usage_key_claim="key",
        token_scopes="both",
        connection_time=1200,
        renew_connections=True,
    )
    assert settings.gateway.keyed_token_sources == ("header:authorization", "query:Token")
    assert settings.session == Session(context="sealed", end_with_token=True, cache_entries=7)
    assert settings.sealing == Sealing(source="kms", keys="theirs")
    assert settings.sealing.table == "sealing"
    assert settings.private_sealing == Sealing(source="secretsmanager", keys="ours", private=True)
    assert settings.private_sealing.table == "private_sealing"
    assert settings.shared_cache == SharedCache(table="sessions", region="eu-west-1")


def test_what_settings_show_of_themselves_holds_no_secret() -> None:
    settings = made(EVERYTHING, key_sets={"id.json": '{"keys":["canary-key"]}'})
    [issuer] = settings.issuers.values()
    shown = repr((settings, issuer, settings.roles["r"], settings.sealing, settings.private_sealing))
    for secret in ("canary-key", "an-id", "theirs", "ours"):
        assert secret not in shown
    assert "TemplateSet" not in shown


def test_a_rule_without_a_match_asks_for_an_equal_value() -> None:
    [rule] = small(rules=[{"claim": "x", "value": "y", "role": "editor"}]).rules
    assert rule.match == "Equals"


def test_pinned_keys_may_stand_in_the_setting_itself() -> None:
    settings = made(LEAST | {"issuers": [{**POOL, "pinned_keys": '{"keys":[]}'}]})
    assert {issuer.pinned_keys for issuer in settings.issuers.values()} == {'{"keys":[]}'}


@pytest.mark.parametrize("token_use", [["access"], ["id", "access"]])
def test_an_oidc_provider_s_access_tokens_for_this_api_are_taken(token_use: list[str]) -> None:
    settings = small(issuers=[{**OIDC, "token_use": token_use, "audiences": ["https://api"]}])
    assert settings.issuers["https://id.example.com"].audiences == {"https://api"}


def test_a_pool_s_access_tokens_need_no_audience() -> None:
    assert small(issuers=[{**POOL, "token_use": ["access"]}]).issuers


def test_a_part_of_a_configuration_without_issuers_says_what_is_missing() -> None:
    tables = {name: table for name, table in LEAST.items() if name != "issuers"}
    with pytest.raises(SettingsError) as caught:
        made(tables)
    assert caught.value.problems == (
        "access.toml: issuers: nobody may sign a token: add an [[issuers]] table",
    )


# ── Bounds, from both sides ──────────────────────────────────────────────────────────────────────────────────────────

PATIENT = {"max_age": "24h", "timeout": "1s"}
DURATIONS = [
    ("keys", "timeout", "1s", "0s", {}),
    ("keys", "timeout", "9s", "10s", {"cooldown": "30s"}),
    ("keys", "max_age", "1m", "59s", {}),
    ("keys", "max_age", "24h", "24h1s", {}),
    ("keys", "grace", "0s", "-1s", {}),
    ("keys", "grace", "168h", "168h1s", {}),
    ("keys", "cooldown", "3s", "0s", {}),
    ("keys", "cooldown", "1h", "1h1s", PATIENT),
    ("gateway", "result_ttl", "1h", "1h1s", {}),
    ("gateway", "backend_time", "1s", "0s", {}),
    ("gateway", "backend_time", "15m", "15m1s", {}),
    ("gateway", "connection_time", "1s", "0s", {}),
    ("gateway", "connection_time", "1h", "1h1s", {}),
    ("session", "duration", "1h", "1h1s", {}),
    ("session", "duration", "15m", "14m59s", {"cache_entries": 1}),
]


@pytest.mark.parametrize(("section", "key", "fits", "beyond", "beside"), DURATIONS)
def test_a_duration_is_held_to_its_bounds(
    section: str, key: str, fits: str, beyond: str, beside: dict[str, Any]
) -> None:
    """Other sections have their own say about such an extreme: what is asked is what this one says."""

    def said(value: str) -> list[str]:
        try:
            small(**{section: {**beside, key: value}})
        except SettingsError as error:
            return [text for text in error.problems if f": {section}.{key}: expected" in text]
        return []

    assert said(fits) == []
    assert len(said(beyond)) == 1


@pytest.mark.parametrize(
    ("fits", "beyond"),
    [
        pytest.param({"leeway": "5m"}, {"leeway": "5m1s"}, id="leeway"),
        pytest.param({"max_lifetime": "24h"}, {"max_lifetime": "24h1s"}, id="a token's lifetime"),
        pytest.param({"max_lifetime": "0s"}, {"max_lifetime": "now"}, id="no lifetime at all"),
        pytest.param({"max_auth_age": "87600h"}, {"max_auth_age": "87600h1s"}, id="ten years since signing in"),
        pytest.param({"leeway": "1m"}, {"leeway": "0000000060s"}, id="ten digits of seconds"),
        pytest.param({"leeway": "000000001m"}, {"leeway": "0000000001m"}, id="ten digits of minutes"),
        pytest.param({"leeway": "000000000h1s"}, {"leeway": "0000000000h1s"}, id="ten digits of hours"),
        pytest.param({"leeway": "1m1s"}, {"leeway": "1m1s "}, id="a space behind a duration"),
        pytest.param({"leeway": "1s"}, {"leeway": "1s1m"}, id="a duration in another order"),
        pytest.param({"client_ids": ["a" * 255]}, {"client_ids": ["a" * 256]}, id="a long client id"),
        pytest.param({"client_ids": ["https://x.y/z@1+2"]}, {"client_ids": ["a b"]}, id="a client id with a space"),
        pytest.param({"issuer_forms": ["updated"]}, {"issuer_forms": ["updated2"]}, id="an unknown form"),
        pytest.param({"user_pool": "us-gov-west-1_aB9"}, {"user_pool": "eu-west-1_a-b"}, id="a strange pool"),
        pytest.param({"user_pool": f"eu-west-1_{'a' * 40}"}, {"user_pool": f"eu-west-1_{'a' * 41}"}, id="a long pool"),
        pytest.param({"user_pool": "ap-southeast-2_x"}, {"user_pool": "ap-southeast-22_x"}, id="a pool of no Region"),
        pytest.param({"user_pool": "eu-west-1_x"}, {"user_pool": "eur-west-1_x"}, id="a pool of no part of the world"),
        pytest.param({"jwks_uri": "http://localhost:1/k"}, {"jwks_uri": "http://localhost.x/k"}, id="nearly this host"),
        pytest.param({"jwks_uri": "http://[::1]:1/k"}, {"jwks_uri": "http://[::2]:1/k"}, id="nearly this host, IPv6"),
        pytest.param({"jwks_uri": "HTTP://LOCALHOST/k"}, {"jwks_uri": "HTTP://x.y/k"}, id="in upper case"),
        pytest.param({"jwks_uri": "https://x.y:65535/k"}, {"jwks_uri": "https://x.y:655350/k"}, id="a port"),
        pytest.param({"jwks_uri": "https://x.y/k"}, {"jwks_uri": "https://u@x.y/k"}, id="a user's name in a URL"),
        pytest.param({"jwks_uri": "https://x.y/k"}, {"jwks_uri": "https://x.y/k "}, id="a space behind a URL"),
    ],
)  # fmt: skip
def test_an_issuer_is_held_to_its_bounds(fits: dict[str, Any], beyond: dict[str, Any]) -> None:
    assert small(issuers=[{**POOL, **fits}]).issuers
    [found] = issuer_problems(**beyond)
    assert f"issuers[0].{next(iter(beyond))}: expected" in found


KEPT = {"private_sealing": {"keys": "k"}}
TABLE_ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/abc"


@pytest.mark.parametrize(
    ("fits", "beyond", "problem"),
    [
        pytest.param({"shared_cache": {"table": "a.b"}, **KEPT}, {"shared_cache": {"table": "ab"}, **KEPT},
                     "shared_cache.table: expected", id="a short table"),
        pytest.param({"shared_cache": {"table": "t" * 255}, **KEPT}, {"shared_cache": {"table": "t" * 256}, **KEPT},
                     "shared_cache.table: expected", id="a long table"),
        pytest.param({"shared_cache": {"table": TABLE_ARN}, **KEPT},
                     {"shared_cache": {"table": TABLE_ARN.replace("123456789012", "1234567890123")}, **KEPT},
                     "shared_cache.table: expected", id="a table of no account"),
        pytest.param({"shared_cache": {"table": "abc", "region": "a" * 32}, **KEPT},
                     {"shared_cache": {"table": "abc", "region": "a" * 33}, **KEPT},
                     "shared_cache.region: expected an AWS Region", id="a long Region"),
        pytest.param({"session": {"cache_entries": 1}}, {"session": {"cache_entries": 0}},
                     "session.cache_entries: expected a whole number from 1 to 100000", id="room for nobody"),
        pytest.param({"session": {"cache_entries": 100_000}}, {"session": {"cache_entries": 100_001}},
                     "session.cache_entries: expected", id="too much room"),
        pytest.param({"session": {"cache_entries": 2}}, {"session": {"cache_entries": 2.0}},
                     "session.cache_entries: expected", id="half a room"),
        pytest.param({"groups": {"g": {"precedence": 0}}}, {"groups": {"g": {"precedence": -1}}},
                     "groups.g.precedence: expected", id="before the first precedence"),
        pytest.param({"groups": {"g": {"precedence": 2**31 - 1}}}, {"groups": {"g": {"precedence": 2**31}}},
                     "groups.g.precedence: expected", id="behind the last precedence"),
        pytest.param({"groups": {"g": {"precedence": 1}}}, {"groups": {"g": {"precedence": "1"}}},
                     "groups.g.precedence: expected", id="a precedence that is a text"),
        pytest.param({"rules": [{"claim": "x", "value": "v" * 128, "role": "editor"}]},
                     {"rules": [{"claim": "x", "value": "v" * 129, "role": "editor"}]},
                     "rules[0].value: expected 1 to 128 characters", id="a long value of a rule"),
        pytest.param({"resolution": {"role_header": "x-role"}},
                     {"resolution": {"role_header": "x-rôle"}, "gateway": {"result_ttl": "0s"}},
                     "resolution.role_header: expected the name of a header", id="a header with an accent"),
        pytest.param({"variables": {"more": "a<b~c:d"}}, {"variables": {"more": "a$b"}},
                     "variables.more: expected printable ASCII", id="a dollar in a constant"),
        pytest.param({"variables": {"more_9": "x"}}, {"variables": {"more-9": "x"}},
                     "variables.more-9: expected a name", id="a constant's name with a hyphen"),
        pytest.param({"variables": {"more": "x"}}, {"variables": {"9more": "x"}},
                     "variables.9more: expected a name", id="a constant's name that begins with a digit"),
        pytest.param({"claims": {"true_": {"type": "slug"}}}, {"claims": {"true": {"type": "slug"}}},
                     "claims.true: expected a name", id="a claim called true"),
        pytest.param({"claims": {"false_": {"type": "slug"}}}, {"claims": {"false": {"type": "slug"}}},
                     "claims.false: expected a name", id="a claim called false"),
        pytest.param({"claims": {"none_": {"type": "slug"}}}, {"claims": {"none": {"type": "slug"}}},
                     "claims.none: expected a name", id="a claim called none"),
        pytest.param({"claims": {"scope": {"type": "opaque"}}}, {"claims": {"scopes": {"type": "uuid", "claim": "x"}}},
                     "claims.scopes: expected a name", id="a claim called scopes"),
        pytest.param({"claims": {"x": {"type": "slug", "user_writable": True}}},
                     {"claims": {"x": {"type": "slug", "user_writable": "yes"}}},
                     "claims.x.user_writable: expected true or false, found a text", id="a flag that is a text"),
        pytest.param({"scopes": {"!#[]~": ["GET /a"]}}, {"scopes": {'a"b': ["GET /a"]}},
                     'scopes."a"b": expected a scope', id="a scope with a quote"),
        pytest.param({"scopes": {"a": ["GET /a"]}}, {"scopes": {"a\\": ["GET /a"]}},
                     'scopes."a\\": expected a scope', id="a scope with a backslash"),
        pytest.param({"scopes": {"x": ["GET /a/{proxy+}"]}}, {"scopes": {"x": ["GET /{proxy+}/a"]}},
                     "path parameter", id="a proxy that is not the end"),
        pytest.param({"scopes": {"x": ["GET /a_.~!&'()+,=:@*-"]}}, {"scopes": {"x": ["GET /a b"]}},
                     'expected "METHOD /path"', id="a path with a space"),
        pytest.param({"scopes": {"x": ["$default"]}}, {"scopes": {"x": ["$disconnect"]}},
                     'expected "METHOD /path", "$connect" or "$default", found', id="another route of a WebSocket"),
        pytest.param({"gateway": {"token_sources": ["header:Authorization", "query:a.b-c"]}},
                     {"gateway": {"token_sources": ["header:authorization", "query:a b"]}},
                     "gateway.token_sources: expected", id="a parameter with a space"),
        pytest.param({"gateway": {"token_scopes": "either"}}, {"gateway": {"token_scopes": "all"}},
                     "gateway.token_scopes: expected one of 'ignore', 'either', 'both', found 'all'",
                     id="unknown scopes of a token"),
        pytest.param({"policies": {"s3-home": {"shared": [SHARED]}}},
                     {"policies": {"s3-home": {"shared": [{**SHARED, "actions": ["s3:*", "s3:*"]}]}}},
                     "policies.s3-home.shared[0].actions: 's3:*' stands here twice", id="a pattern twice"),
        *(pytest.param({"policies": {"s3-home": {"shared": [{**SHARED, "until": date(2027, 1, 31)}]}}},
                       {"policies": {"s3-home": {"shared": [{**SHARED, "until": until}]}}},
                       "policies.s3-home.shared[0].until: expected a day such as 2027-01-31", id=f"until {until!r}")
          for until in ("2027-02-30", "soon", "", 2027, True)),
        pytest.param({"lint": {"ignore": [{**IGNORED, "until": "2027-01-31"}]}},
                     {"lint": {"ignore": [{**IGNORED, "until": "31.01.2027"}]}},
                     "lint.ignore[0].until: expected a day such as 2027-01-31", id="a day of another form"),
        pytest.param({"lint": {"ignore": [IGNORED]}}, {"lint": {"ignore": [{**IGNORED, "owner": ""}]}},
                     "lint.ignore[0].owner: the text is empty", id="nobody"),
        pytest.param({"groups": {"g": {"scopes": []}}}, {"groups": {"g": {"scopes": [""]}}},
                     "groups.g.scopes: the text is empty", id="an empty scope"),
        pytest.param({"resolution": {"ambiguous": "deny"}}, {"resolution": {"ambiguous": "denied"}},
                     "resolution.ambiguous: there is no role 'denied'", id="a refusal with another name"),
    ],
)  # fmt: skip
def test_a_setting_is_held_to_its_bounds(fits: dict[str, Any], beyond: dict[str, Any], problem: str) -> None:
    assert small(**fits).roles
    known = ("there is no scope", "is reserved")  # what follows of it
    found = [text for text in problems(**beyond) if not any(follows in text for follows in known)]
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"])
def test_each_method_of_a_gateway_can_be_opened(method: str) -> None:
    settings = small(scopes={"x": [f"{method} /a"]})
    assert settings.scopes["x"] == (Route(method=method, path="/a"),)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "principalId",
            "integrationLatency",
            "claims",
            "scopes",
            "error",
            "latency",
            "status",
            "integrationStatus",
        ),
        *(
            "requestId",
            "jwt",
            "iam",
            "lambda",
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "expiration",
        ),
        *("roleArn", "credentials", "connection", "sub", "username", "groups"),
    ],
)
def test_no_claim_takes_the_place_of_what_the_gateway_or_the_authorizer_writes(name: str) -> None:
    found = problems(claims={name: {"type": "slug"}}, gateway={"context_claims": [name]})
    assert found[-1].endswith(f"gateway.context_claims: {name!r} is a reserved name of the context")


IAM = "arn:aws:iam::123456789012"


@pytest.mark.parametrize(
    ("parameter", "takes", "refuses"),
    [
        pytest.param("RoleArn", f"{IAM}:role/r", "arn:aws:iam::1234567890123:role/r", id="a role of no account"),
        pytest.param("RoleArn", f"{IAM}:role/{'r' * 64}", f"{IAM}:role/{'r' * 65}", id="a role's long name"),
        pytest.param("RoleArn", f"{IAM}:role/{'p' * 509}/r", f"{IAM}:role/{'p' * 510}/{'r' * 65}", id="a role's path"),
        pytest.param("RoleArn", f"{IAM}:role/{'p' * 510}/r", f"{IAM}:role/{'p' * 511}/r", id="a role's long path"),
        pytest.param("PolicyArns.arn", "arn:aws:iam::aws:policy/p", "arn:aws:iam::awsx:policy/p", id="AWS's own"),
        pytest.param("PolicyArns.arn", f"{IAM}:policy/p", "arn:aws:iam::1234567890123:policy/p", id="of no account"),
        pytest.param("PolicyArns.arn", f"{IAM}:policy/{'p' * 128}", f"{IAM}:policy/{'p' * 129}", id="a long name"),
        pytest.param("PolicyArns.arn", f"{IAM}:policy/{'p' * 510}/p", f"{IAM}:policy/{'p' * 511}/p", id="a long path"),
        pytest.param("RoleSessionName", "ab", "a", id="a short session name"),
        pytest.param("RoleSessionName", "a" * 64, "a" * 65, id="a long session name"),
        pytest.param("RoleSessionName", "aZ09_+=,.@-", "a b", id="a session name with a space"),
        pytest.param("Policy", "x", "", id="no policy"),
        pytest.param("Policy", "x" * 2048, "x" * 2049, id="a long policy"),
        pytest.param("Policy", "\t\n\r ~\xff", "\u0100", id="a policy beyond Latin-1"),
        pytest.param("Tags.Key", "k", "", id="no key of a tag"),
        pytest.param("Tags.Key", "k" * 128, "k" * 129, id="a long key of a tag"),
        pytest.param("Tags.Key", "aw:s", "aWs:x", id="a key that AWS keeps for itself"),
        pytest.param("Tags.Value", "", "*", id="a wildcard in a tag"),
        pytest.param("Tags.Value", "v" * 256, "v" * 257, id="a long tag"),
        pytest.param("ExternalId", "ab", "a", id="a short external id"),
        pytest.param("ExternalId", "a" * 1224, "a" * 1225, id="a long external id"),
        pytest.param("ExternalId", "a:/-", "a b", id="an external id with a space"),
    ],
)  # fmt: skip
def test_what_sts_takes_ends_where_its_reference_says(parameter: str, takes: str, refuses: str) -> None:
    assert not list(breaches(small().roles["editor"]))
    limit = LIMITS[parameter]
    for text, taken in ((takes, True), (refuses, False)):
        assert limit.takes(text) is taken
        assert (re.fullmatch(limit.pattern, text) is not None) is taken


def test_what_a_role_asks_for_in_vain_names_the_setting_and_the_parameter() -> None:
    """However it came to be so: a request judges its role once more."""
    role = small().roles["editor"]
    found = {
        (breach.setting, breach.parameter)
        for changes in (
            {"arn": "arn:aws:iam::1:role/r"},
            {"external_id": "a"},
            {"duration": 899},
            {"duration": 3601},
            {"managed_policies": ("x",)},
            {"session_tags": {"*": "sub"}},
            {"transitive_tags": ("t",)},
        )
        for breach in breaches(replace(role, **changes))
    }
    assert found == {
        ("arn", "RoleArn"),
        ("external_id", "ExternalId"),
        ("duration", "DurationSeconds"),
        ("managed_policies", "PolicyArns"),
        ("session_tags", "Tags"),
        ("transitive_tags", "TransitiveTagKeys"),
    }
    fits = {"duration": 900, "external_id": "ab", "session_tags": {"t": "sub"}, "transitive_tags": ("t",)}
    assert not list(breaches(replace(role, **fits)))  # type: ignore[arg-type]
    assert not list(breaches(replace(role, duration=3600)))


# ── Each problem once ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"issuers": [{**POOL, "issuer": "https://x.y"}, OIDC]},
                     "issuers[0]: expected either user_pool or issuer", id="a pool and an issuer"),
        pytest.param({"issuers": [POOL | {"issuer_forms": ["original"]}] * 2},
                     "issuers[1]: the issuer 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01' is "
                     "configured twice", id="an issuer twice"),
        pytest.param({"issuers": [OIDC | {"issuer": "http://id.example.com"}]},
                     "issuers[0].issuer: expected an https URL, found 'http://id.example.com'", id="an http issuer"),
        pytest.param({"issuers": [{**OIDC, "token_use": ["access"]}]},
                     "issuers[0].audiences: is required: an access token of an OpenID provider", id="no audience"),
        *(pytest.param({"gateway": {"result_ttl": "0s", "identity_sources": [source]}},
                       "gateway.identity_sources: expected a header's name, query:NAME", id=f"a key, {source}")
          for source in ("query:a$(touch x)", "query:a&b", "query:a b", "query:", "query:\u00e9", "a: b", "a\nb", "$x",
                         "$context.a'", "$(touch x)")),
        *(pytest.param({"gateway": {"result_ttl": "0s", "token_sources": [source]}},
                       'gateway.token_sources: expected "header:NAME" or "query:NAME"', id=f"a token's place, {source}")
          for source in ("query:\u00e9", "query:a&b", "authorization")),
        pytest.param({"issuers": [{**POOL, "pinned_keys": "x.json"}]},
                     "issuers[0].pinned_keys: there is no file 'x.json'", id="keys that are not there"),
        pytest.param({"issuers": [{**POOL, "kind": "saml"}]},
                     "issuers[0].kind: expected one of 'cognito', 'oidc', found 'saml'", id="another kind of issuer"),
        pytest.param({"keys": {"cooldown": "soon"}},
                     "keys.cooldown: expected a duration such as \"30s\", \"5m\" or \"1h\", found 'soon'",
                     id="a duration that is none"),
        pytest.param({"keys": {"cooldown": "2s"}}, "keys: expected timeout < cooldown < max_age",
                     id="a fetch that begins as the last one ends"),
        pytest.param({"keys": {"cooldown": "1h", "max_age": "1h"}}, "keys: expected timeout < cooldown < max_age",
                     id="keys too old before they may be fetched"),
        pytest.param({"session": {"duration": "soon"}}, "session.duration: expected a duration", id="a session's end"),
        pytest.param({"gateway": {"result_ttl": None}}, "gateway.result_ttl: is required", id="no TTL"),
        pytest.param({"gateway": {"result_ttl": 300}}, "gateway.result_ttl: expected a duration such as",
                     id="a TTL that is a number"),
        pytest.param({"gateway": {"token_sources": [], "result_ttl": "0s"}},
                     "gateway.token_sources: the list is empty", id="no place for a token"),
        pytest.param({"roles": {"editor": {"policies": ["s3-home", "typo"]}}},
                     "roles.editor.policies: there is no template 'typo'", id="one template of two"),
        pytest.param({"roles": {"editor": {"source_identity": "me"}}},
                     "roles.editor.source_identity: 'me' names no claim", id="one source identity for everybody"),
        pytest.param({"roles": {"editor": {"session_name": "{nobody}{nobody}"}}},
                     "roles.editor.session_name: there is no claim 'nobody'", id="an unknown claim twice in a name"),
        pytest.param({"roles": {"editor": {"session_tags": {"t": "nobody"}}}},
                     "roles.editor.session_tags: tag 't': there is no claim 'nobody'", id="a tag of no claim"),
        pytest.param({"keys": {"max_age": "59s"}}, "keys.max_age: expected 1m to 24h, found 59s", id="under a minute"),
        pytest.param({"keys": {"grace": "169h"}}, "keys.grace: expected 0s to 168h, found 169h", id="over a week"),
        pytest.param({"gateway": {"backend_time": "16m"}}, "gateway.backend_time: expected 1s to 15m, found 16m",
                     id="over a quarter of an hour"),
        pytest.param({"gateway": {"renew_connections": "yes"}},
                     "gateway.renew_connections: expected true or false, found a text", id="a yes for true"),
        pytest.param({"roles": None, "groups": None}, "roles: no role may be assumed: add a [roles.NAME] table",
                     id="no roles"),
        pytest.param({"issuers": [{"user_pool": "eu-west-1_x", "token_use": ["id"]}]},
                     "issuers[0].client_ids: is required", id="no clients"),
        pytest.param({"issuers": [{**POOL, "client_ids": []}]},
                     "issuers[0].client_ids: the list is empty: nothing is granted by an empty list",
                     id="an empty list of clients"),
        pytest.param({"groups": {"g": {"scopes": "data:read"}}},
                     "groups.g.scopes: expected a list of texts, found a text", id="a text for a list"),
        pytest.param({"policies": {"nowhere": {}}},
                     "policies.nowhere: there is no template 'nowhere'", id="a policy of no file"),
        pytest.param({"scopes": {"x": ["GET /users/{id}"]}}, "has a path parameter", id="a path parameter"),
        pytest.param({"scopes": {"x": ["GET /a//b"]}}, "opens nothing", id="a path that walks"),
        pytest.param({"scopes": "x", "groups": None}, "scopes: expected a table, found a text", id="no scopes' table"),
        pytest.param({"rules": [{"claim": "env:NOT_SET", "value": "x", "role": "editor"}]},
                     "rules[0].claim: the environment variable NOT_SET is not set", id="a variable that is not set"),
        pytest.param({"rules": [{"claim": "", "value": "x", "role": "editor"}]},
                     "rules[0].claim: the text is empty", id="an empty text"),
        pytest.param({"keys": {"timeout": ""}}, "keys.timeout: the text is empty", id="an empty duration"),
        pytest.param({"keys": {"timeout": "env:NOT_SET"}},
                     "keys.timeout: the environment variable NOT_SET is not set", id="a duration that is not set"),
        pytest.param({"roles": {"editor": {"duration": "35m"}},
                      "gateway": {"backend_time": "15m", "result_ttl": "21m"}},
                     "roles.editor.duration: sessions of 2100 s end before gateway.result_ttl + gateway.backend_time + "
                     "10 s of clock skew = 2170 s", id="one role's sessions too short"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_once_and_where(changes: dict[str, Any], problem: str) -> None:
    [found] = problems(**changes)
    assert problem in found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "true or false"),
        (7, "a number"),
        (7.5, "a number"),
        ([], "a list"),
        ({}, "a table"),
        (date(2026, 1, 1), "date"),
    ],
)
def test_a_value_of_another_kind_is_named(value: object, kind: str) -> None:
    [found] = problems(rules=[{"claim": value, "value": "x", "role": "editor"}])
    assert found.endswith(f": rules[0].claim: expected a text, found {kind}")


@pytest.mark.parametrize(
    ("changes", "close"),
    [
        pytest.param({"issuers": [{**POOL, "max_lifetim": "1h"}]}, "max_lifetime", id="issuers"),
        pytest.param({"keys": {"cool_down": "9s"}}, "cooldown", id="keys"),
        pytest.param({"policies": {"s3-home": {"isolate": "sub"}}}, "isolates", id="policies"),
        pytest.param({"roles": {"editor": {"externalid": "x"}}}, "external_id", id="roles"),
        pytest.param({"groups": {"editors": {"roles": "editor"}}}, "role", id="groups"),
        pytest.param(
            {"rules": [{"claim": "x", "value": "y", "role": "editor", "matches": "Equals"}]}, "match", id="rules"
        ),
        pytest.param({"resolution": {"role_headr": "x"}}, "role_header", id="resolution"),
        pytest.param({"gateway": {"resultttl": "1m"}}, "result_ttl", id="gateway"),
        pytest.param({"session": {"cache_entry": 1}}, "cache_entries", id="session"),
        pytest.param({"sealing": {"keys": "k", "sources": "kms"}}, "source", id="sealing"),
        pytest.param({"shared_cache": {"table": "abc", "regions": "x"}, **KEPT}, "region", id="shared_cache"),
    ],
)  # fmt: skip
def test_a_misspelt_setting_never_passes_for_a_default(changes: dict[str, Any], close: str) -> None:
    [found] = problems(**changes)
    assert f"unknown setting; did you mean {close!r}?" in found


def test_a_misspelt_table_is_read_as_the_one_that_was_meant() -> None:
    tables = tomllib.loads(ACCESS.read_text())
    tables["varables"] = tables.pop("variables")
    with pytest.raises(SettingsError) as caught:
        read(
            tables,
            source="",
            place="access.toml",
            templates=sample_templates(),
            environment=sample_environment(),
        )
    assert [text.partition(": ")[2] for text in caught.value.problems] == [
        "varables: unknown table; did you mean 'variables'?"
    ]


def test_a_table_that_is_there_is_not_meant_by_a_misspelt_one() -> None:
    [found] = problems(rule=[])
    assert "rule: unknown" in found


def test_a_setting_that_nothing_is_like_is_told_what_there_is() -> None:
    [found] = problems(keys={"zzz": 1})
    assert found.endswith("keys.zzz: unknown setting; expected one of cooldown, grace, max_age, timeout")


def test_a_problem_of_the_whole_has_no_key_and_one_without_a_line_no_number() -> None:
    with pytest.raises(SettingsError) as caught:
        made({**LEAST, "more": 1}, templates={"t": "{{ nobody }}"})
    first, *_, last = caught.value.problems
    assert first.startswith("templates/t.json.j2:1: ")
    assert last.startswith("access.toml: more: unknown setting")


def test_what_a_claim_s_type_says_is_a_problem_of_the_claim() -> None:
    found = problems(claims={"x": {"type": "slug", "shape": 1, "size": 2}, "y": {"type": "uuid"}})
    assert len(found) == 2
    assert all(": claims.x: type `slug` has no option" in text for text in found)


# ── Sections against each other ──────────────────────────────────────────────────────────────────────────────────────


def test_sessions_may_be_exactly_as_long_as_they_have_to_be() -> None:
    """25 minutes of answers, 4 min 50 s of work, and 10 s of clock skew; a connection with the same skew."""
    lasting = {"result_ttl": "25m", "backend_time": "4m50s", "connection_time": "29m50s"}
    settings = small(session={"duration": "30m"}, gateway=lasting)
    assert settings.roles["editor"].duration == 1800
    for longer in ({"backend_time": "4m51s"}, {"connection_time": "29m51s"}, {"result_ttl": "25m1s"}):
        found = problems(session={"duration": "30m"}, gateway={**lasting, **longer})
        assert len(found) == len(settings.roles)


def test_one_route_that_connects_is_enough_to_ask_for_lasting_sessions() -> None:
    scopes = {"data:read": ["GET /data", "$connect"]}
    found = problems(session={"duration": "15m"}, scopes=scopes)
    assert all("a WebSocket's messages carry what $connect was answered" in text for text in found)


def test_managed_policies_are_read() -> None:
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    settings = make_settings(roles={"editor": {"managed_policies": [policy]}})
    assert settings.roles["editor"].managed_policies == (policy,)


def test_what_a_managed_policy_allows_would_outlive_the_token() -> None:
    """Nothing limits it: session.end_with_token writes into what the templates allow."""
    roles = {"editor": {"managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}}
    with pytest.raises(SettingsError) as refused:
        make_settings(roles=roles, session={"end_with_token": True})
    [problem] = refused.value.problems
    assert "roles.editor.managed_policies: what the template allows is limited" in problem
    assert "(session.end_with_token)" in problem


def test_a_place_for_a_token_that_the_cache_does_not_look_at_is_not_keyed() -> None:
    settings = small(gateway={"token_sources": ["header:authorization", "query:token"]})
    assert settings.gateway.keyed_token_sources == ("header:authorization",)


def test_a_token_in_a_parameter_is_keyed_by_that_very_parameter() -> None:
    """`?token=…&Token=…` are two for the gateway: an answer that is kept by one would be given for the other."""
    sources = {"identity_sources": ["Query:Token", "X-Role"], "token_sources": ["query:Token"]}
    assert small(gateway=sources).gateway.keyed_token_sources == ("query:Token",)
    with pytest.raises(SettingsError, match="none of query:Token is listed"):
        small(gateway={**sources, "identity_sources": ["query:token", "X-Role"]})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"session": {"context": "sealed"}, "sealing": {"keys": "a"}}, id="sealed, and keys"),
        pytest.param({"sealing": {"keys": "a"}}, id="keys, and nothing sealed yet"),
        pytest.param({"private_sealing": {"keys": "a"}}, id="the authorizer's own keys alone"),
        pytest.param(
            {"sealing": {"keys": "a"}, "private_sealing": {"keys": "b"}}, id="keys for each purpose"
        ),
        pytest.param(
            {"gateway": {"renew_connections": True}, "private_sealing": {"keys": "b"}}, id="connections"
        ),
        pytest.param({"shared_cache": {"table": "abc"}, "private_sealing": {"keys": "b"}}, id="a shared cache"),
    ],
)  # fmt: skip
def test_what_has_its_keys_loads(changes: dict[str, Any]) -> None:
    assert small(**changes).roles


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        pytest.param({"type": "enum", "values": ["a,b", "c"]}, True, id="some values are tags"),
        pytest.param({"type": "enum", "values": ["a" * 256, ",", "b" * 300]}, True, id="one value is as long as a tag"),
        pytest.param({"type": "enum", "values": ["a" * 257, ","]}, False, id="a value is longer than a tag"),
        pytest.param({"type": "opaque", "max_length": 300}, True, id="any text"),
    ],
)  # fmt: skip
def test_a_tag_s_claim_has_some_value_that_sts_takes(kind: dict[str, Any], fits: bool) -> None:
    changes = {"claims": {"x": kind}, "roles": {"editor": {"session_tags": {"x": "x"}}}}
    if fits:
        assert small(**changes).roles["editor"].session_tags["x"] == "x"
    else:
        [found] = problems(**changes)
        assert "no value of the claim 'x' is a tag's: at most 256" in found


END = ',"Condition":{"DateLessThan":{"aws:CurrentTime":"2000-01-01T00:00:00Z"}}'
"""What `session.end_with_token` puts on an Allow."""


@pytest.mark.parametrize(("end", "room"), [(False, 2048), (True, 2048 - len(END))])
def test_a_policy_may_be_as_long_as_sts_takes_with_the_token_s_end_on_it(end: bool, room: int) -> None:
    packed = TEMPLATE.replace("{{ sub }}", "s" * 36).replace('"Sid":"S",', "")
    fill = room - len(packed) + len("[]")  # around one statement

    def loaded_with(characters: int) -> Settings:
        longer = TEMPLATE.replace("/*", f"/{'a' * characters}*")
        return made(LEAST | {"session": {"end_with_token": end}}, templates={"t": longer})

    assert loaded_with(fill).roles
    with pytest.raises(SettingsError, match="has 2049 characters: STS takes 2048"):
        loaded_with(fill + 1)


def test_where_every_template_limits_the_time_the_token_s_end_does_too() -> None:
    timed = TEMPLATE.replace('/*"', f'/*"{END}')
    with pytest.raises(SettingsError, match="limit `aws:CurrentTime` themselves"):
        made(LEAST | {"session": {"end_with_token": True}}, templates={"t": timed})


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bundled configuration, and an umlaut in each of its files."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "access.toml").write_text(f"# ü\n{ACCESS.read_text(encoding='utf-8')}", encoding="utf-8")
    for name, text in sample_templates().items():
        file = tmp_path / "templates" / f"{name}.json.j2"
        file.write_text(f"{{# ü #}}{text}", encoding="utf-8")
    (tmp_path / "keys" / "pool.json").write_text('{"keys": [], "ü": 1}', encoding="utf-8")
    return tmp_path


def loaded(folder: Path) -> Access:
    return load(folder / "access.toml", sample_environment())


def test_files_are_utf_8_whatever_the_machine_writes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = TEMPLATE.replace("arn:aws:s3:::b/", "arn:aws:s3:::b/ü/")
    (folder / "templates" / "more.json.j2").write_text(more, encoding="utf-8")
    settings, templates = loaded(folder)
    compiled = json.loads(templates.dump(settings.template_sources))
    monkeypatch.setattr(io, "text_encoding", lambda encoding, stacklevel=2: encoding or "ascii")
    assert loaded(folder).settings.template_sources["more"] == more
    text = json.dumps(compiled, ensure_ascii=False)
    assert "ü" in text
    (folder / "templates" / "compiled.json").write_text(text, encoding="utf-8")
    assert loaded(folder).templates.names == templates.names


@pytest.mark.parametrize(
    "name", ["access.toml", "templates/s3-home.json.j2", "templates/compiled.json", "keys/pool.json"]
)
def test_a_file_that_cannot_be_read_is_one_problem(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(b"# \xfc\n")
    with pytest.raises(SettingsError, match=rf"{name}: cannot be read: 'utf-8' codec"):
        loaded(folder)
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match=rf"{name}: cannot be read: .*directory"):
        loaded(folder)


def test_compiled_templates_are_read_in_place_of_the_templates_and_are_theirs(folder: Path) -> None:
    settings, templates = loaded(folder)
    compiled = folder / "templates" / "compiled.json"
    compiled.write_text(templates.dump(settings.template_sources), encoding="utf-8")
    again = loaded(folder)
    assert again.templates.names == templates.names
    assert again.settings.roles["editor"].uses == {"sub", "tenant"}
    compiled.write_text("{}", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"access\.toml: "):
        loaded(folder)


# ── Lines and keys, as a person finds them ───────────────────────────────────────────────────────────────────────────

SOURCE = '''\
# arn = "in a comment"
[[issuers]]
user_pool = "a"

  [[issuers]] # the second
  user_pool = "b"
  token_use = ["id"]
  client_ids = ["app"]

[roles.editor]
arn = "x"
"quoted key" = 1
[roles.viewer]
arn = "y"

[scopes]
"files:read" = ["GET /a"]
'literal' = ["GET /b"]
[claims]
tenant = { type = "slug" }
[groups."a.b"]
role = "x"
[groups.none..here]
[variables]
text = """
text = "inside"
"""
[[rules]]
claim = "x"
[[issuers]]
user_pool = "c"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("issuers", 0), 2),
        (("issuers", 0, "user_pool"), 3),
        (("issuers", 0, "client_ids"), 2),
        (("issuers", 1), 5),
        (("issuers", 1, "user_pool"), 6),
        (("issuers", 1, "client_ids"), 8),
        (("issuers", 2, "user_pool"), 31),
        (("issuers", 3), None),
        (("rules", 0, "claim"), 29),
        (("roles", "editor", "arn"), 11),
        (("roles", "editor", "quoted key"), 12),
        (("roles", "editor", "policies"), 10),
        (("roles", "viewer", "arn"), 14),
        (("roles", "viewer", "policies"), 13),
        (("scopes",), 16),
        (("scopes", "files:read"), 17),
        (("scopes", "literal"), 18),
        (("scopes", "other"), 16),
        (("claims", "tenant", "type"), 20),
        (("groups", "a.b", "role"), 22),
        (("groups", "a.b", "scopes"), 21),
        (("variables", "text"), 25),
        (("variables", "missing"), 24),
        (("arn",), None),
        (("gateway", "result_ttl"), None),
        ((), None),
    ],
)
def test_a_problem_has_the_line_where_its_key_stands_or_would_stand(
    path: tuple[str | int, ...], line: int | None
) -> None:
    assert line_of(SOURCE, path) == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("issuers", 0, "user_pool"), "issuers[0].user_pool"),
        (("scopes", "files:read"), 'scopes."files:read"'),
        (("groups", "a.b", "role"), 'groups."a.b".role'),
        (("claims", "a-b_c"), "claims.a-b_c"),
        (("rules",), "rules"),
    ],
)
def test_a_key_is_written_as_in_the_file(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text
