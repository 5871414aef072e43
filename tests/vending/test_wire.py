"""What goes over the wire: the same as botocore's, signature included, and nothing read into a reply that is
not there."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

import aiohttp
import botocore.session
import pytest
from aiobotocore.httpsession import AIOHTTPSession
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import CallerCredentialsRefused, StsRefused, VendingFailure
from authorizer.vending.request import assume_role_request
from authorizer.vending.signing import CONTENT_TYPE, signed_headers
from authorizer.vending.vendor import Vendor
from authorizer.vending.wire import Wire, encoded, form, parsed
from tests.servers.https import HttpsServer
from tests.vending.conftest import new_vendor
from tests.vending.factories import NOW, SUB, make_identity, make_policy, make_role, make_settings
from tests.vending.fake_sts import ERROR, REPLY, Failure, FakeSts

FULL = make_role(
    session_tags={"tenant": "tenant", "Cost Centre": "sub"},
    transitive_tags=("tenant",),
    source_identity="{sub}",
    external_id="partner/42",
    managed_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::123456789012:policy/own"),
    duration=900,
)


def test_parameters_are_flattened_as_botocore_does() -> None:
    parameters = assume_role_request(make_identity(role=FULL), make_policy()).parameters()
    model = botocore.session.get_session().get_service_model("sts")
    serialized = create_serializer("query").serialize_to_request(
        parameters, model.operation_model("AssumeRole")
    )
    assert form(parameters) == {name: str(value) for name, value in serialized["body"].items()}


@given(
    st.dictionaries(
        st.sampled_from(["Policy", "Tags.member.1.Value", "RoleArn"]),
        st.text(st.characters(codec="utf-8"), max_size=50),
    )
)
def test_a_form_reads_back_as_it_was_written(flat: dict[str, str]) -> None:
    body = encoded(flat).decode("ascii")
    assert dict(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(flat))) == flat
    assert "+" not in body


TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


@given(
    body=st.binary(max_size=200),
    url=st.sampled_from(
        [
            "https://sts.eu-west-1.amazonaws.com",
            "https://h:443/",
            "http://127.0.0.1:5000/sts",
            "http://[::1]:9/",
        ]
    ),
    region=st.sampled_from(["eu-west-1", "cn-north-1"]),
    access=TOKENS,
    secret=TOKENS,
    token=st.none() | TOKENS,
    now=st.integers(0, 4_000_000_000),
)
async def test_a_request_is_signed_as_botocore_signs_it(
    body: bytes, url: str, region: str, access: str, secret: str, token: str | None, now: int
) -> None:
    wire = await Wire.of(client_of(url), Keys())
    assert wire is not None
    await wire.close()
    ours = signed_headers(body, wire.host, wire.path, region, access, secret, token, now=float(now))
    request = AWSRequest(
        "POST", wire.url, headers={"Content-Type": CONTENT_TYPE, "User-Agent": "x"}, data=body
    )
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(now, UTC)):
        SigV4Auth(ReadOnlyCredentials(access, secret, token), "sts", region).add_auth(request)
    theirs = dict(request.headers.items())
    del theirs["User-Agent"]
    assert ours == theirs


async def test_the_clients_own_method_sends_the_same(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should aiobotocore keep its HTTP session elsewhere one day, only the speed is lost."""

    async def nowhere(*_: object) -> None:
        return None

    identity = make_identity(role=FULL)
    lean, plain = new_vendor(make_settings()), new_vendor(make_settings())
    first = await lean.vend(identity, make_policy(), NOW, NOW + 8)
    monkeypatch.setattr(Wire, "of", nowhere)
    second = await plain.vend(identity, make_policy(), NOW, NOW + 8)
    sts.always = Failure("PackedPolicyTooLarge", "Packed policy consumes 157% of allotted space")
    with pytest.raises(VendingFailure) as refused:
        await plain.vend(make_identity(principal="another"), make_policy(), NOW, NOW + 8)
    await lean.close()
    await plain.close()
    assert sts.requests[0] == sts.requests[1]
    assert (first.expiration, first.packed_policy_size) == (second.expiration, second.packed_policy_size)
    assert refused.value.code == "packed_policy_too_large"


async def test_the_request_carries_the_functions_own_credentials(vendor: Vendor, sts: FakeSts) -> None:
    await vendor.vend(make_identity(), make_policy(), NOW, NOW + 8)
    headers = sts.headers[0]
    assert headers["x-amz-security-token"] == "caller-token"
    assert "Credential=AKIACALLER/" in headers["authorization"]
    assert "/eu-central-1/sts/aws4_request" in headers["authorization"]
    assert headers["host"] == sts.url.removeprefix("http://")
    assert "Botocore" in headers["user-agent"]


class NoKeys:
    region_name = "eu-central-1"

    async def get_credentials(self) -> None:
        return None


class Keys:
    region_name = "eu-central-1"

    async def get_credentials(self) -> "Keys":
        return self

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials("AKIACALLER", "secret", "caller-token")


def client_of(url: str, **session: Any) -> Any:
    """What `Wire.of` reads of a client. `session` is how its HTTP session is made."""
    config = Config(user_agent="ua", connect_timeout=1.0, read_timeout=2.5, max_pool_connections=9)
    meta = SimpleNamespace(endpoint_url=url, region_name="eu-central-1", config=config)
    return SimpleNamespace(_endpoint=SimpleNamespace(http_session=AIOHTTPSession(**session)), meta=meta)


async def test_a_function_without_credentials_is_told_so() -> None:
    with pytest.raises(NoCredentialsError):
        await Wire.of(client_of("https://sts.eu-central-1.amazonaws.com"), NoKeys())


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        pytest.param("https://sts.example.com", "https://sts.example.com/", id="AWS"),
        pytest.param("http://127.0.0.1:5000/sts", "http://127.0.0.1:5000/sts", id="an emulator under a path"),
    ],
)
async def test_the_endpoint_is_what_the_client_has_resolved(endpoint: str, url: str) -> None:
    wire = await Wire.of(client_of(endpoint), Keys())
    assert wire is not None
    await wire.close()
    assert (wire.url, wire.region) == (url, "eu-central-1")


@pytest.mark.parametrize(
    "session",
    [
        pytest.param({"proxies": {"https": "http://proxy.example.com:3128"}}, id="a client behind a proxy"),
        pytest.param({"verify": False}, id="a client that checks no certificate"),
    ],
)
async def test_what_is_not_plain_is_left_to_the_clients_own_method(session: dict[str, Any]) -> None:
    assert await Wire.of(client_of("https://sts.example.com", **session), Keys()) is None


async def test_only_a_certificate_that_is_trusted_is_spoken_to(
    https_server: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = assume_role_request(make_identity(), make_policy())
    stranger = await Wire.of(client_of(https_server.url), Keys())
    assert stranger is not None
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await stranger.assume_role(request)
    await stranger.close()
    trusting = await Wire.of(client_of(https_server.url, verify=str(https_server.certificate)), Keys())
    assert trusting is not None
    assert await trusting.assume_role(request) == (200, {"Error": {"Code": "", "Message": ""}})
    await trusting.close()
    elsewhere = https_server.url.replace("localhost", "127.0.0.1")
    misnamed = await Wire.of(client_of(elsewhere, verify=str(https_server.certificate)), Keys())
    assert misnamed is not None
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await misnamed.assume_role(request)
    await misnamed.close()


async def test_an_unknown_kind_of_client_is_left_to_its_own_method() -> None:
    assert await Wire.of(object(), NoKeys()) is None


def test_a_reply_becomes_what_botocore_would_make_of_it() -> None:
    body = REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=12).encode()
    assert parsed(body) == {
        "Credentials": {
            "AccessKeyId": "ASIA000000000001",
            "SecretAccessKey": "canary-secret/1+=",
            "SessionToken": "canary-session/1+==",
            "Expiration": datetime(2027, 1, 15, 9, tzinfo=UTC),
        },
        "PackedPolicySize": 12,
    }


def test_an_error_becomes_what_botocore_would_make_of_it() -> None:
    body = ERROR.format(code="AccessDenied", message="not authorized").encode()
    assert parsed(body) == {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("<html><body>hello</body>", id="a proxy's page"),
        pytest.param("<a/>", id="another document"),
        pytest.param(REPLY.format(number=1, expiration="soon", packed=1), id="an expiration that is no time"),
        pytest.param(
            REPLY.format(number=1, expiration="2027-01-15T09:00:00", packed=1),
            id="an expiration without a zone",
        ),
        pytest.param(
            REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed="").replace(
                "canary-secret/1+=", ""
            ),
            id="an empty secret",
        ),
        pytest.param(
            REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed="").replace(
                "SessionToken", "Other"
            ),
            id="no session token",
        ),
    ],
)
async def test_a_reply_that_is_not_whole_is_a_refusal(vendor: Vendor, sts: FakeSts, body: str) -> None:
    sts.always = Failure("", status=200, body=body)
    with pytest.raises(StsRefused) as refused:
        await vendor.vend(make_identity(), make_policy(), NOW, NOW + 8)
    assert refused.value.sts_code == "IncompleteReply"


async def test_a_function_without_credentials_is_a_failure_by_name(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "absent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    vendor = Vendor(make_settings())
    with pytest.raises(CallerCredentialsRefused, match="NoCredentialsError"):
        await vendor.vend(make_identity(), make_policy(), NOW, NOW + 8)
    await vendor.close()


async def test_the_session_name_is_the_caller(vendor: Vendor, sts: FakeSts) -> None:
    await vendor.vend(make_identity(), make_policy(), NOW, NOW + 8)
    assert sts.requests[0]["RoleSessionName"] == SUB
