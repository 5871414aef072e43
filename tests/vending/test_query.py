"""What goes over the wire: the same as botocore's, signature included, and nothing read into a reply that is
not there."""

import hashlib
import hmac
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote

import botocore.session
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from authorizer.aws.https import CheckedSession
from authorizer.errors import CallerCredentialsRefused, StsRefused
from authorizer.model import Shape
from authorizer.vending.query import QueryClient, encoded, form, parsed
from authorizer.vending.request import assume_role_request
from authorizer.vending.sts import granted
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.vending.conftest import CALLER, SESSION, new_vendor
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
    assert body == "&".join(f"{name}={quote(text, safe='')}" for name, text in flat.items()), "nothing longer"
    assert dict(parse_qsl(body, keep_blank_values=True, strict_parsing=bool(flat))) == flat
    assert "+" not in body


async def test_the_librarys_own_method_sends_the_same(sts: FakeSts) -> None:
    request = assume_role_request(make_identity(role=FULL), make_policy())
    vendor = new_vendor(make_settings())
    await vendor.vend(make_identity(role=FULL), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    await vendor.close()
    async with SESSION.client("sts", endpoint_url=sts.url) as client:
        await client.assume_role(**request.parameters())
    assert sts.requests[0] == sts.requests[1]


async def test_the_request_carries_the_functions_own_credentials(vendor: Vendor, sts: FakeSts) -> None:
    await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    headers = sts.headers[0]
    assert headers["x-amz-security-token"] == "caller-token"
    assert "Credential=AKIACALLER/" in headers["authorization"]
    assert "/eu-central-1/sts/aws4_request" in headers["authorization"]
    assert headers["host"] == sts.url.removeprefix("http://")
    assert headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert "Botocore" in headers["user-agent"]


def signature(headers: dict[str, str], body: bytes, secret: str) -> str:
    """As AWS computes it of what has arrived (IAM User Guide, "Create a signed AWS API request")."""
    scope, signed, _ = headers["authorization"].removeprefix("AWS4-HMAC-SHA256 Credential=").split(", ")
    scope = scope.partition("/")[2]
    names = signed.removeprefix("SignedHeaders=")
    lines = [f"{name}:{headers[name]}" for name in names.split(";")]
    request = "\n".join(["POST", "/", "", *lines, "", names, hashlib.sha256(body).hexdigest()])
    text = "\n".join(
        ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()]
    )
    key = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


async def test_each_request_is_signed_with_all_that_it_says(vendor: Vendor, sts: FakeSts) -> None:
    """STS would refuse it otherwise; and who stands between could change the policy."""
    await vendor.vend(make_identity(role=FULL), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    [headers], [body] = sts.headers, sts.bodies
    said = headers["authorization"].rpartition("Signature=")[2]
    assert said == signature(headers, body, CALLER["AWS_SECRET_ACCESS_KEY"])
    assert said != signature(headers, body + b"x", CALLER["AWS_SECRET_ACCESS_KEY"])
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-type", "host", "x-amz-date", "x-amz-security-token"} <= set(names)


class NoKeys:
    region_name = "eu-central-1"

    async def get_credentials(self) -> None:
        return None


def client_of(url: str) -> Any:
    meta = SimpleNamespace(
        endpoint_url=url, region_name="eu-central-1", config=SimpleNamespace(user_agent="ua")
    )
    return SimpleNamespace(meta=meta)


async def test_a_function_without_credentials_is_told_so() -> None:
    with pytest.raises(NoCredentialsError):
        await QueryClient.of(
            client_of("https://sts.eu-central-1.amazonaws.com"), NoKeys(), [CheckedSession()]
        )


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        pytest.param("https://sts.example.com", "https://sts.example.com/", id="AWS"),
        pytest.param("http://127.0.0.1:5000/sts", "http://127.0.0.1:5000/sts", id="an emulator under a path"),
    ],
)
async def test_the_endpoint_is_what_the_client_has_resolved(endpoint: str, url: str) -> None:
    class Keys:
        async def get_credentials(self) -> object:
            return "canary"

    client = await QueryClient.of(client_of(endpoint), Keys(), [CheckedSession()])
    assert "canary" not in repr(client)
    assert (client.url, client.region) == (url, "eu-central-1")


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
        "SessionTokenUtilization": None,
    }


@pytest.mark.parametrize(
    ("told", "size"),
    [("0", 0), ("999999", 999_999), ("1000000", None), ("12%", None), ("-1", None), ("", None), ("٣", None)],
)
def test_how_much_of_a_limit_is_taken_is_a_number_or_not_known(told: str, size: int | None) -> None:
    body = REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=told)
    assert parsed(body.encode())["PackedPolicySize"] == size
    assert parsed(body.replace("PackedPolicySize", "SessionTokenUtilization").encode()) == {
        **parsed(body.encode()),
        "PackedPolicySize": None,
        "SessionTokenUtilization": size,
    }


@pytest.mark.parametrize("size", [None, 34])
def test_how_full_the_token_is_comes_with_the_credentials_if_sts_says_so(size: int | None) -> None:
    body = REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=12)
    if size is not None:
        body = body.replace(
            "<PackedPolicySize>",
            f"<SessionTokenUtilization>{size}</SessionTokenUtilization>"
            "<SessionTokenSize>1392</SessionTokenSize><PackedPolicySize>",
        )
    credentials = granted(parsed(body.encode()), assume_role_request(make_identity(), make_policy()), NOW)
    assert (credentials.session_token_utilization, credentials.packed_policy_size) == (size, 12)


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
            REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=1).replace(
                "ASIA000000000001", ""
            ),
            id="an empty access key",
        ),
        pytest.param(
            REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=1).replace(
                "canary-session/1+==", ""
            ),
            id="an empty session token",
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
        await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    assert refused.value.sts_code == "IncompleteReply"


@pytest.mark.parametrize("status", [300, 302, 404])
async def test_a_whole_reply_under_another_status_grants_nothing(
    vendor: Vendor, sts: FakeSts, status: int
) -> None:
    body = REPLY.format(number=1, expiration="2027-01-15T09:00:00Z", packed=1)
    sts.always = Failure("", status=status, body=body)
    with pytest.raises(StsRefused):
        await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))


@pytest.mark.parametrize("reply", [None, [], {}, {"Credentials": None}, {"Credentials": {}}], ids=repr)
def test_whatever_a_library_makes_of_a_reply_it_grants_what_is_whole(reply: object) -> None:
    with pytest.raises(StsRefused) as refused:
        granted(reply, assume_role_request(make_identity(), make_policy()), NOW)
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
        await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    await vendor.close()


async def test_the_session_name_is_the_caller(vendor: Vendor, sts: FakeSts) -> None:
    await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8))
    assert sts.requests[0]["RoleSessionName"] == SUB
