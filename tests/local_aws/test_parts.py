"""The door's parts, where no request from outside shows them: what is bounded, what is not foreseen, what is plain."""

import time
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.local_aws import journal, sessions, state
from authorizer.local_aws.needs import Call
from authorizer.local_aws.reading import Asked, protocol_of, read
from authorizer.local_aws.refusals import Refused, rendered
from authorizer.local_aws.rewriting import canonical
from authorizer.local_aws.sessions import Principals, Role, new_keys
from authorizer.local_aws.signature import peek, verify
from authorizer.local_aws.wire import Received, body_length, read_head
from tests.local_aws.conftest import Site
from tests.local_aws.raw import scope_of, send, signed, stamp
from tests.local_aws.world import ACCOUNT, BUCKET, ROLE

HOSTS = frozenset({"127.0.0.1:1"})


def received(body: bytes = b"", **headers: str) -> Received:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Received(method="POST", path="/", query=(), headers=MappingProxyType(named), body=body)


def call(site: Site, service: str = "dynamodb") -> Call:
    model = canonical_model("dynamodb", "GetItem")
    asked = Asked(
        service=service,
        operation="GetItem",
        protocol="json",
        region="eu-west-1",
        parameters={},
        said={},
        model=model,
    )
    return Call(asked=asked, principal=site.user())


def canonical_model(service: str, operation: str) -> Any:
    from moto.core.utils import get_service_model

    return get_service_model(service).operation_model(operation)


def test_sessions_are_bounded_and_those_that_are_over_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    principals = Principals(ACCOUNT, "aws")
    made = []
    for expires in (100.0, 900.0, 900.0, 900.0):
        key, _, _ = new_keys()
        made.append(replace(principals.owner, access_key_id=key, role_arn=ROLE, expires=expires))
    principals.add(made[0], 0)
    principals.add(made[1], 0)
    principals.add(made[2], 200)
    kept = [principals.find(each.access_key_id) is not None for each in made[:3]]
    assert kept == [False, True, True]
    principals.add(made[3], 200)
    assert principals.find(made[1].access_key_id) is None
    assert principals.find(principals.owner.access_key_id) is principals.owner


def test_the_journal_is_bounded(site: Site) -> None:
    for _ in range(3):
        send(site.aws, signed(site.aws, site.aws.owner, path=f"/{BUCKET}/public/a"))
    assert site.aws.journal._lines.maxlen == journal.LENGTH
    last = site.aws.journal.lines[-1]
    assert (last.operation, last.status, last.refused) == ("GetObject", 200, None)
    assert abs(last.time - time.time()) < 60


def test_whatever_was_not_foreseen_is_a_failure_and_no_permission(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    user = site.user()
    monkeypatch.setattr("authorizer.local_aws.door.judge", broken)
    reply = send(site.aws, signed(site.aws, user, path=f"/{BUCKET}/home/u1/a"))
    assert (reply.status, b"InternalFailure" in reply.body, b"a secret" in reply.body) == (500, True, False)
    assert b"RuntimeError" in reply.body


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("PATCH", "/", "MethodNotAllowed"),
        ("GET", "x", "InvalidURI"),
        ("GET", "/%zz", "InvalidURI"),
        ("GET", "/%ff", "InvalidURI"),
        ("GET", "/?a=b+c", "InvalidURI"),
        ("GET", "/?a=1&a=2", "InvalidRequest"),
    ],
)
def test_a_head_that_is_read_in_two_ways_is_refused(method: str, target: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_head(method, target, [("Host", "127.0.0.1:1")], HOSTS)
    assert refused.value.code == code


def test_a_head_is_read_as_it_was_sent() -> None:
    path, query, headers = read_head(
        "GET", "/a%2Fb?x=%20&y&&=z", [("Host", "127.0.0.1:1"), ("X-A", " b\t")], HOSTS
    )
    assert (path, query) == ("/a%2Fb", (("x", " "), ("y", ""), ("", ""), ("", "z")))
    assert dict(headers) == {"host": "127.0.0.1:1", "x-a": "b"}


@pytest.mark.parametrize("text", ["-1", "x", str(65 * 1024 * 1024), "1" * 13])
def test_a_length_that_is_none_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        body_length({"content-length": text})
    assert body_length({"content-length": str(64 * 1024 * 1024)}) == 64 * 1024 * 1024
    assert body_length({}) == 0


@pytest.mark.parametrize(
    ("protocol", "begin", "type_"),
    [
        ("rest-xml", b"<?xml", "application/xml"),
        ("query", b"<ErrorResponse><Error><Type>Sender<", "text/xml"),
        ("json", b'{"__type": "Oh"', "application/x-amz-json-1.0"),
    ],
)
def test_a_refusal_is_told_in_the_protocol_that_was_spoken(protocol: str, begin: bytes, type_: str) -> None:
    status, content_type, body = rendered(Refused("Oh", "a<b>\x07", status=418), protocol)
    assert (status, content_type) == (418, type_)
    assert body.startswith(begin)
    assert b"\x07" not in body
    assert b"<b>" not in body or protocol == "json"
    assert b"Receiver" in rendered(Refused("Oh", "no", status=500), "query")[2]


def test_an_arn_of_another_account_region_or_service_is_refused(site: Site) -> None:
    one = call(site)
    arn = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t"
    assert one.arn("dynamodb", "table/t") == arn
    assert one.own(arn, "dynamodb") == arn
    for other in (
        arn.replace(ACCOUNT, "210987654321"),
        arn.replace("west-1", "west-2"),
        arn.replace("dynamodb", "sqs"),
        "t",
    ):
        with pytest.raises(Refused, match="the door judges one account"):
            one.own(other, "dynamodb")


def test_a_service_speaks_the_protocols_it_has() -> None:
    json = received(content_type="application/x-amz-json-1.0")
    assert protocol_of("sts", json) == "query"
    assert protocol_of("dynamodb", json) == "json"
    assert protocol_of("dynamodb", received(content_type="text/plain")) == "json"
    assert protocol_of("unheard-of", received()) == "rest-xml"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"TableName": "a", "TableName": "b"}', id="a name twice"),
        pytest.param(b'{"TableName": "\xff"}', id="no UTF-8"),
        pytest.param(b'{"TableName": "a", "Key": {"k": {"S": "v"}}, "Admin": true}', id="a member too many"),
        pytest.param(
            b'{"TableName": "a", "Key": {"k": {"S": "v", "X": "v"}}}', id="a member too many inside"
        ),
        pytest.param(b'{"TableName": ["a"], "Key": {"k": {"S": "v"}}}', id="a list for a text"),
        pytest.param(b'{"TableName": "a", "Key": 1}', id="a number for a map"),
        pytest.param(b'{"TableName": "a"}', id="without what it must have"),
        pytest.param(b"[]", id="a list"),
    ],
)
def test_json_that_the_model_does_not_know_is_refused(body: bytes) -> None:
    asked = received(
        body, content_type="application/x-amz-json-1.0", x_amz_target="DynamoDB_20120810.GetItem"
    )
    with pytest.raises(Refused):
        read(asked, body, service="dynamodb", region="eu-west-1", normal=lambda asked: dict(asked.parameters))


def test_json_is_written_so_that_no_form_is_found_in_it() -> None:
    body = b'{"TableName": "a&Action=Scan&", "Key": {"k": {"S": "=&"}}, "ConsistentRead": null}'
    asked = received(
        body, content_type="application/x-amz-json-1.0", x_amz_target="DynamoDB_20120810.GetItem"
    )
    made, written = read(
        asked, body, service="dynamodb", region="eu-west-1", normal=lambda asked: dict(asked.parameters)
    )
    assert made.parameters["TableName"] == "a&Action=Scan&"
    assert b"&" not in written.body
    assert b"=" not in written.body
    assert written.headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"


def test_flags_are_written_as_aws_writes_them() -> None:
    model = canonical_model("s3", "GetObject")
    asked = {"Bucket": "b", "Key": "k", "PartNumber": 1}
    assert canonical(model, "rest-xml", asked).query == (("partNumber", "1"),)
    model = canonical_model("lambda", "ListFunctions")
    assert canonical(model, "rest-json", {"MaxItems": 3}).query == (("MaxItems", "3"),)


def test_an_s3_request_says_what_its_body_is(site: Site) -> None:
    user, moment = site.user(), stamp()
    asked = received(
        host="127.0.0.1:1", x_amz_date=moment, x_amz_security_token=user.session_token or "",
        authorization=f"AWS4-HMAC-SHA256 Credential={user.access_key_id}/{scope_of(moment, 's3')}, "
        f"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature={'0' * 64}",
    )  # fmt: skip
    scope = peek(asked)
    assert scope is not None
    with pytest.raises(Refused, match="Missing required header"):
        verify(asked, scope, site.aws._principals, protocol="rest-xml", now=time.time())


def test_tags_are_read_in_each_of_motos_forms() -> None:
    assert state.tags_of({"a": 1}) == {"a": "1"}
    assert state.tags_of([{"Key": "a", "Value": "b"}]) == {"a": "b"}
    assert state.tags_of(None) == {}


def test_what_is_no_roles_arn_is_no_role(site: Site) -> None:
    assert state.role(f"arn:aws:iam::{ACCOUNT}:user/erin") is None
    assert state.role("arn:aws:iam") is None
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        site.session(role=f"arn:aws:iam::{ACCOUNT}:user/erin")


def test_a_role_that_goes_while_it_is_asked_for_is_not_assumed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put_role("fleeting")
    found, seen = state.role, list[str]()

    def once(arn: str) -> Role | None:
        seen.append(arn)
        return found(arn) if len(seen) == 1 else None

    monkeypatch.setattr(state, "role", once)
    with pytest.raises(ClientError, match="the role is gone"):
        site.session(role=f"arn:aws:iam::{ACCOUNT}:role/fleeting")
