"""The backend kit: every way in which an event or a request hands over credentials, and what is refused."""

import json
import subprocess
import sys
from email.message import Message
from typing import Any
from wsgiref.headers import Headers as WsgiHeaders

import aioboto3
import boto3
import pytest
from botocore.exceptions import ClientError
from multidict import CIMultiDict

from authorizer import backend
from authorizer.aws.https import CheckedSession
from authorizer.backend import opening
from authorizer.backend.event import HEADERS, context_of_event
from authorizer.errors import (
    CredentialsAbsent,
    CredentialsExpired,
    SealingKeysUnavailable,
    SealRefused,
    SettingsError,
)
from authorizer.sealing import context
from authorizer.sealing.keys import parse_keys
from authorizer.sealing.seal import Seal
from tests.vending.factories import NOW, ROUTE, SUB, jwk_set, make_credentials, make_jwk

CREDENTIALS = make_credentials()
HERE = context.audience(ROUTE.api_id, ROUTE.stage)
PLAIN = {**context.plain(CREDENTIALS), "sub": SUB, "groups": "[]"}


def sealed(*keys: dict[str, str]) -> dict[str, str]:
    seal = Seal(parse_keys(jwk_set(*keys)))
    return {**context.sealed(CREDENTIALS, seal=seal, route=ROUTE, principal=SUB), "sub": SUB}


def rest(fields: dict[str, Any]) -> dict[str, Any]:
    authorizer = {"principalId": SUB, "integrationLatency": 12, **fields}
    return {
        "httpMethod": "GET",
        "requestContext": {"apiId": "abcdef1234", "stage": "prod", "authorizer": authorizer},
    }


def http_1(fields: dict[str, Any]) -> dict[str, Any]:
    authorizer = {"claims": None, "scopes": None, **fields}
    return {
        "version": "1.0",
        "requestContext": {"apiId": "abcdef1234", "stage": "prod", "authorizer": authorizer},
    }


def http_2(fields: dict[str, Any]) -> dict[str, Any]:
    authorizer = {"lambda": fields}
    return {
        "version": "2.0",
        "requestContext": {"apiId": "abcdef1234", "stage": "prod", "authorizer": authorizer},
    }


def websocket(fields: dict[str, Any]) -> dict[str, Any]:
    made = rest(fields)
    made["requestContext"] |= {"connectionId": "c1", "routeKey": "send", "eventType": "MESSAGE"}
    return made


SHAPES = [
    pytest.param(rest, id="REST"),
    pytest.param(http_1, id="HTTP API 1.0"),
    pytest.param(http_2, id="HTTP API 2.0"),
    pytest.param(websocket, id="WebSocket"),
]


@pytest.fixture(autouse=True)
def no_keys_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a new process, as far as sealing keys go."""
    monkeypatch.setattr(opening, "_keys", opening._Keys())
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(opening.KEYS, jwk_set())


def same(found: Any) -> bool:
    return (found.access_key_id, found.secret_access_key, found.session_token, found.expiration) == (
        CREDENTIALS.access_key_id,
        CREDENTIALS.secret_access_key,
        CREDENTIALS.session_token,
        CREDENTIALS.expiration,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_plain_credentials_are_read_from_every_shape(shape: Any) -> None:
    assert same(backend.credentials(shape(PLAIN), now=NOW))


@pytest.mark.parametrize("shape", SHAPES)
def test_sealed_credentials_are_opened_from_every_shape(shape: Any, keys: None) -> None:
    assert same(backend.credentials(shape(sealed()), now=NOW))


def test_a_boto3_session_has_the_callers_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    made = backend.boto3_session(http_2(PLAIN))
    assert isinstance(made, boto3.Session)
    frozen = made.get_credentials().get_frozen_credentials()
    assert frozen == (
        CREDENTIALS.access_key_id,
        CREDENTIALS.secret_access_key,
        CREDENTIALS.session_token,
        None,
    )


def test_sessions_share_the_service_models_and_nothing_of_a_caller() -> None:
    others = {**PLAIN, "accessKeyId": "ASIAANOTHER"}
    first, second = backend.boto3_session(http_2(PLAIN)), backend.boto3_session(http_2(others))
    assert first._session is not second._session
    assert first._session.get_component("data_loader") is second._session.get_component("data_loader")
    assert first.get_credentials().access_key == PLAIN["accessKeyId"]
    assert second.get_credentials().access_key == "ASIAANOTHER"


async def test_an_aioboto3_session_has_the_callers_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    made = backend.session(http_2(PLAIN))
    assert isinstance(made, aioboto3.Session)
    frozen = await (await made.get_credentials()).get_frozen_credentials()
    assert frozen.token == CREDENTIALS.session_token


@pytest.mark.parametrize("shape", SHAPES)
def test_expired_credentials_are_refused_with_their_age(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsExpired, match="expired 5 s ago"):
        backend.credentials(shape(PLAIN), now=CREDENTIALS.expiration + 5)
    with pytest.raises(CredentialsExpired, match="expired 0 s ago"):
        backend.credentials(shape(PLAIN), now=CREDENTIALS.expiration)
    monkeypatch.setenv(opening.KEYS, jwk_set())
    with pytest.raises(CredentialsExpired, match="expired 5 s ago"):
        backend.credentials(shape(sealed()), now=CREDENTIALS.expiration + 5)


@pytest.mark.parametrize("variable", [opening.KEYS, opening.SOURCE])
@pytest.mark.parametrize("value", [jwk_set(), ""], ids=["set", "empty"])
@pytest.mark.parametrize("shape", SHAPES)
def test_where_keys_are_configured_nothing_plain_is_believed(
    shape: Any, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reaches the backend past the gateway can write a context's fields, but not a seal."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SealRefused, match="nothing plain is believed here") as refused:
        backend.credentials(shape(PLAIN), now=NOW)
    assert refused.value.reason == "plain"
    with pytest.raises(SealRefused):
        backend.credentials_from_headers(as_headers(PLAIN), audience=HERE, now=NOW)


def test_what_was_read_of_an_event_shows_no_credential() -> None:
    shown = repr(context_of_event(rest(PLAIN)))
    assert HERE in shown
    assert PLAIN["secretAccessKey"] not in shown
    assert PLAIN["sessionToken"] not in shown


def test_a_star_import_brings_all_that_a_backend_calls_or_catches() -> None:
    there = vars(backend).items()
    calls = {name for name, value in there if getattr(value, "__module__", "") == backend.__name__}
    catches = {name for name, value in there if isinstance(value, type) and issubclass(value, Exception)}
    assert set(backend.__all__) == {name for name in calls | catches if name[0] != "_"}


def test_what_is_beside_a_seal_never_counts(keys: None) -> None:
    mine = {"accessKeyId": "MINE", "secretAccessKey": "mine", "sessionToken": "mine"}
    assert same(backend.credentials(rest(PLAIN | mine | sealed()), now=NOW))


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        pytest.param({}, "no `requestContext.authorizer`", id="no API Gateway event"),
        pytest.param({"requestContext": None}, "no `requestContext.authorizer`", id="no request context"),
        pytest.param(
            {"version": "2.0", "requestContext": {"apiId": "a", "stage": "b", "authorizer": None}},
            "no `requestContext.authorizer`",
            id="an authorizer that said nothing",
        ),
        pytest.param(
            {"requestContext": {"apiId": "a", "stage": "b"}}, "no `requestContext", id="no authorizer"
        ),
        pytest.param(
            {"version": "3.0", "requestContext": {}}, "no `requestContext", id="an unknown payload version"
        ),
        pytest.param(
            {"version": "2.0", "requestContext": {"apiId": "a", "stage": "b", "authorizer": {"jwt": {}}}},
            "not of a Lambda authorizer",
            id="another authorizer",
        ),
        pytest.param(rest({"name": "x"}), "no `sub`", id="the context of somebody else's authorizer"),
        pytest.param(rest({"sub": SUB}), "has no accessKeyId", id="the context mode none"),
        pytest.param(rest(PLAIN | {"sessionToken": ""}), "has no sessionToken", id="two of three"),
        pytest.param(
            rest(PLAIN | {"secretAccessKey": ""}), "has no secretAccessKey", id="another two of three"
        ),
        pytest.param(rest(PLAIN | {"sessionToken": 7}), "has no sessionToken", id="a token that is no text"),
        pytest.param(rest(PLAIN | {"expiration": ""}), "has no expiration", id="no expiration"),
        pytest.param(rest(PLAIN | {"expiration": "soon"}), "no time", id="an expiration that is no time"),
        pytest.param(
            rest(PLAIN | {"expiration": "2027-01-15T09:00:00"}), "no time", id="an expiration without a zone"
        ),
    ],
)
def test_events_without_credentials_say_what_is_missing(event: dict[str, Any], problem: str) -> None:
    with pytest.raises(CredentialsAbsent) as refused:
        backend.credentials(event, now=NOW)
    assert problem in str(refused.value)
    assert "canary" not in str(refused.value)


def test_headers_of_a_lambda_event_are_never_read() -> None:
    """They are whatever the caller sent."""
    event = rest({"sub": SUB}) | {
        "headers": {HEADERS[name]: value for name, value in PLAIN.items() if name in HEADERS}
    }
    with pytest.raises(CredentialsAbsent):
        backend.credentials(event, now=NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"apiId": "other00000"}, "audience", id="sealed for another API"),
        pytest.param({"stage": "test"}, "audience", id="sealed for another stage"),
    ],
)
def test_credentials_sealed_for_elsewhere_are_refused(
    change: dict[str, str], reason: str, keys: None
) -> None:
    event = rest(sealed())
    event["requestContext"] |= change
    with pytest.raises(SealRefused) as refused:
        backend.credentials(event, now=NOW)
    assert refused.value.reason == reason


def test_credentials_sealed_for_another_principal_are_refused(keys: None) -> None:
    with pytest.raises(SealRefused) as refused:
        backend.credentials(rest(sealed() | {"sub": "mallory"}), now=NOW)
    assert refused.value.reason == "principal"


def test_what_stands_beside_a_seal_is_the_word_of_who_sent_it_and_changes_no_credentials(keys: None) -> None:
    """docs/sealed-credentials.md, "What is not in the seal"."""
    beside = {"issuer": "https://mallory", "groups": '["admins"]', "roleArn": "admin", "tenant": "another"}
    assert backend.credentials(rest(sealed() | beside), now=NOW) == backend.credentials(
        rest(sealed()), now=NOW
    )


def test_sealed_credentials_without_keys_name_the_variable() -> None:
    with pytest.raises(SettingsError, match="set AUTHORIZER_SEALING_KEYS"):
        backend.credentials(rest(sealed()), now=NOW)


def test_keys_that_are_none_name_the_variable(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(opening.KEYS, "canary")
    with pytest.raises(SettingsError) as refused:
        backend.credentials(rest(sealed()), now=NOW)
    [problem] = refused.value.problems
    assert problem.startswith("AUTHORIZER_SEALING_KEYS: the sealing keys must be a JSON object")
    assert "canary" not in problem


def test_an_unknown_source_of_keys_is_refused(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(opening.SOURCE, "file")
    with pytest.raises(SettingsError, match="environment, secretsmanager, kms"):
        backend.credentials(rest(sealed()), now=NOW)


def test_a_new_key_is_looked_for_once_in_a_while(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotation: the authorizer seals with a key that this process has not read yet."""
    new = make_jwk("new", 2)
    assert same(backend.credentials(rest(sealed()), now=NOW))
    monkeypatch.setenv(opening.KEYS, jwk_set(new, make_jwk()))
    with pytest.raises(SealRefused) as refused:
        backend.credentials(rest(sealed(new)), now=NOW + opening.RELOAD_COOLDOWN - 1)
    assert refused.value.reason == "key"
    assert same(backend.credentials(rest(sealed(new)), now=NOW + opening.RELOAD_COOLDOWN))
    assert same(backend.credentials(rest(sealed()), now=NOW + opening.RELOAD_COOLDOWN))


def test_a_key_that_was_dropped_opens_for_five_minutes_more_at_most(
    keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert same(backend.credentials(rest(sealed()), now=NOW))
    monkeypatch.setenv(opening.KEYS, jwk_set(make_jwk("new", 2)))
    assert same(backend.credentials(rest(sealed()), now=NOW + opening.KEYS_MAX_AGE - 1))
    with pytest.raises(SealRefused) as refused:
        backend.credentials(rest(sealed()), now=NOW + opening.KEYS_MAX_AGE)
    assert refused.value.reason == "key"


def test_a_clock_that_was_set_back_makes_the_keys_of_unknown_age(
    keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert same(backend.credentials(rest(sealed()), now=NOW + 30))
    monkeypatch.setenv(opening.KEYS, jwk_set(make_jwk("new", 2)))
    with pytest.raises(SealRefused):
        backend.credentials(rest(sealed()), now=NOW)


def test_keys_that_cannot_be_read_again_open_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
            asked.append(SecretId)
            if len(asked) > 1:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetSecretValue")
            return {"SecretString": jwk_set()}

    monkeypatch.setenv(opening.KEYS, "seal")
    monkeypatch.setenv(opening.SOURCE, "secretsmanager")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Secrets())
    for later in (0, 299, 300, 329, 330, 3598):
        assert same(backend.credentials(rest(sealed()), now=NOW + later))
    assert (
        len(asked) == 4
    )  # at first, at 300 s, at 330 s, and at 3,598 s: a failure is not asked about twice in 30 s
    with pytest.raises(SealingKeysUnavailable, match="AccessDenied"):
        backend.credentials(rest(sealed()), now=NOW + 3600)


def test_a_secret_that_holds_nonsense_for_a_moment_does_not_take_the_good_keys_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [jwk_set(), "half of {", jwk_set(make_jwk("new", 2))]

    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
            return {"SecretString": held.pop(0)}

    monkeypatch.setenv(opening.KEYS, "seal")
    monkeypatch.setenv(opening.SOURCE, "secretsmanager")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Secrets())
    for later in (0, 300):
        assert same(backend.credentials(rest(sealed()), now=NOW + later))
    assert same(backend.credentials(rest(sealed(make_jwk("new", 2))), now=NOW + 330))
    assert held == []


def test_what_strangers_send_does_not_make_the_keys_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading is a call to AWS, and headers may say anything: another's credentials, or an unknown key."""
    asked: list[str] = []

    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
            asked.append(SecretId)
            return {"SecretString": jwk_set()}

    monkeypatch.setenv(opening.KEYS, "seal")
    monkeypatch.setenv(opening.SOURCE, "secretsmanager")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Secrets())
    unknown, another = rest(sealed(make_jwk("new", 2))), rest(sealed() | {"sub": "mallory"})
    for later, event in ((0, unknown), (0, unknown), (29, unknown), (60, another), (61, another)):
        with pytest.raises(SealRefused):
            backend.credentials(event, now=NOW + later)
    assert len(asked) == 1


def test_keys_of_secrets_manager_are_read_through_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    class Secrets:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
            return {"SecretString": {"seal": jwk_set()}[SecretId]}

    monkeypatch.setenv(opening.KEYS, "seal")
    monkeypatch.setenv(opening.SOURCE, "secretsmanager")
    monkeypatch.setattr(
        boto3.Session, "client", lambda _, service, **__: {"secretsmanager": Secrets()}[service]
    )
    assert same(backend.credentials(rest(sealed()), now=NOW))


def as_headers(fields: dict[str, str]) -> dict[str, str]:
    return {HEADERS[name].title(): value for name, value in fields.items() if name in HEADERS}


def test_plain_headers_of_an_http_integration_are_read_in_any_case() -> None:
    headers = as_headers(PLAIN) | {"Accept": "text/html, */*", "Accept-Language": "de, en"}
    assert same(backend.credentials_from_headers(headers, audience=HERE, now=NOW))


def test_sealed_headers_are_opened_for_this_api_only(keys: None) -> None:
    headers = as_headers(sealed())
    assert same(backend.credentials_from_headers(headers, audience=HERE, now=NOW))
    with pytest.raises(SealRefused):
        backend.credentials_from_headers(headers, audience="other/prod", now=NOW)


def test_the_headers_have_the_names_that_an_integration_maps() -> None:
    """They stand in the parameter mapping of APIs that are deployed: a new name here would find nothing there."""
    headers = {
        "x-vended-access-key-id": PLAIN["accessKeyId"],
        "x-vended-secret-access-key": PLAIN["secretAccessKey"],
        "x-vended-session-token": PLAIN["sessionToken"],
        "x-vended-expiration": PLAIN["expiration"],
        "x-vended-role-arn": "arn:aws:iam::123456789012:role/editor",
    }
    found = backend.credentials_from_headers(headers, audience=HERE, now=NOW)
    assert same(found)
    assert found.role_arn == "arn:aws:iam::123456789012:role/editor"


def test_sealed_headers_are_of_the_caller_that_is_named_beside_them(keys: None) -> None:
    headers = {"x-vended-credentials": sealed()["credentials"], "x-vended-sub": "mallory"}
    with pytest.raises(SealRefused) as refused:
        backend.credentials_from_headers(headers, audience=HERE, now=NOW)
    assert refused.value.reason == "principal"
    headers["x-vended-sub"] = SUB
    assert same(backend.credentials_from_headers(headers, audience=HERE, now=NOW))


def test_headers_are_judged_by_the_clock_where_nobody_gives_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    assert same(backend.credentials_from_headers(as_headers(PLAIN), audience=HERE))
    monkeypatch.setattr("time.time", lambda: CREDENTIALS.expiration + 5)
    with pytest.raises(CredentialsExpired, match="expired 5 s ago"):
        backend.credentials_from_headers(as_headers(PLAIN), audience=HERE)


def message(pairs: list[tuple[str, str]]) -> Message:
    made = Message()
    for name, value in pairs:
        made[name] = value
    return made


def lists(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


HEADER_TYPES = [
    pytest.param(message, id="http.server's Message"),
    pytest.param(WsgiHeaders, id="wsgiref's Headers"),
    pytest.param(CIMultiDict, id="aiohttp's CIMultiDict"),
    pytest.param(
        lambda pairs: [(n.lower().encode(), v.encode()) for n, v in pairs], id="ASGI's pairs of bytes"
    ),
    pytest.param(lists, id="a list for each name"),
    pytest.param(
        lambda pairs: {name: tuple(values) for name, values in lists(pairs).items()},
        id="a tuple for each name",
    ),
    pytest.param(
        lambda pairs: {name: ",".join(values) for name, values in lists(pairs).items()}, id="joined"
    ),
    pytest.param(
        lambda pairs: {
            name.replace("-", "-_"[number % 2]): value for number, (name, value) in enumerate(pairs)
        },
        id="told apart by - and _ alone",
    ),
]


@pytest.mark.parametrize("kind", HEADER_TYPES)
def test_a_header_that_comes_twice_is_refused_whatever_the_server_keeps_headers_in(kind: Any) -> None:
    """`append:` puts the gateway's value behind the caller's own."""
    pairs = [pair for pair in as_headers(PLAIN).items() for _ in "x"]
    assert same(backend.credentials_from_headers(kind(pairs), audience=HERE, now=NOW))
    for name, value in pairs:
        twice = [("X-Vended-Sub", "mallory")] if name == "X-Vended-Sub" else [(name, "MINE")]
        for wrong in ([*twice, (name, value)], [(name, value), *twice]):
            others = [pair for pair in pairs if pair[0] != name]
            with pytest.raises(CredentialsAbsent, match="comes twice: map it with `overwrite:`"):
                backend.credentials_from_headers(kind([*wrong, *others]), audience=HERE, now=NOW)


COMMAS = "uid=ada,ou=people"
"""A `sub` may be any text of 255 ASCII characters (OpenID Connect Core 1.0 §2): of LDAP it is a name like this."""


def test_beside_a_seal_a_sub_with_a_comma_is_the_one_that_was_sealed_or_none(keys: None) -> None:
    seal = Seal(parse_keys(jwk_set()))
    fields = {**context.sealed(CREDENTIALS, seal=seal, route=ROUTE, principal=COMMAS), "sub": COMMAS}
    headers = as_headers(fields)
    assert same(backend.credentials_from_headers(headers, audience=HERE, now=NOW))
    for joined in (f"mallory,{COMMAS}", f"{COMMAS},mallory", "ou=people,uid=ada", f"{COMMAS},{COMMAS}"):
        with pytest.raises(SealRefused, match="another principal"):
            backend.credentials_from_headers({**headers, "X-Vended-Sub": joined}, audience=HERE, now=NOW)
    twice = [*headers.items(), ("x-vended-sub", COMMAS)]
    with pytest.raises(CredentialsAbsent, match="comes twice"):
        backend.credentials_from_headers(twice, audience=HERE, now=NOW)


def test_in_the_clear_a_sub_with_a_comma_is_refused_by_name() -> None:
    headers = as_headers({**PLAIN, "sub": COMMAS})
    with pytest.raises(CredentialsAbsent, match=r"comes twice.*or the `sub` has a comma.*\"sealed\""):
        backend.credentials_from_headers(headers, audience=HERE, now=NOW)


HEAVY = ("jinja2", "jwt", "joserfc", "aioboto3", "moto", "authorizer.engine")

PROBE = """
import json, sys
from authorizer import backend
event = json.loads(sys.stdin.read())
found = backend.credentials(event, now={now})
assert found.access_key_id == "ASIACANARY"
print(json.dumps(sorted(set(sys.modules) & set({heavy!r}))))
"""


@pytest.mark.parametrize(
    ("fields", "loaded"),
    [
        pytest.param(PLAIN, [], id="plain credentials load neither a library nor the engine"),
        pytest.param(sealed(), ["joserfc"], id="sealed ones load joserfc alone"),
    ],
)
def test_the_kit_is_light(fields: dict[str, str], loaded: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROBE.format(now=NOW, heavy=HEAVY)],
        input=json.dumps(rest(fields)),
        env={opening.KEYS: jwk_set()} if loaded else {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == loaded


def test_an_aioboto3_session_checks_whom_it_reaches_and_shares_the_service_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    one, other = backend.session(http_2(PLAIN)), backend.session(http_2(PLAIN))
    config: Any = one._session.get_default_client_config()
    assert config.http_session_cls is CheckedSession
    assert one._session.get_component("data_loader") is other._session.get_component("data_loader")
