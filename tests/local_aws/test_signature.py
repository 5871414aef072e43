"""Who signed: what an SDK sends is believed, and whatever was changed, forged or late is not."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.local_aws.conftest import Site
from tests.local_aws.raw import Raw, chunked, presigned, send, signed, stamp
from tests.local_aws.world import BUCKET

OWN = f"/{BUCKET}/home/u1/a"
Change = Callable[[Site, Raw], Raw]


def header(raw: Raw, name: str, value: str) -> Raw:
    return replace(raw, headers=tuple((n, value if n == name else v) for n, v in raw.headers))


def authorization(raw: Raw) -> str:
    return dict(raw.headers)["Authorization"]


TAMPERED: list[tuple[str, Change, int, str]] = [
    ("nothing", lambda _, raw: raw, 200, ""),
    ("no signature at all", lambda _, raw: raw.without("authorization"), 403, "AccessDenied"),
    (
        "another path",
        lambda _, raw: replace(raw, target=f"/{BUCKET}/home/u1/b"),
        403,
        "SignatureDoesNotMatch",
    ),
    ("another method", lambda _, raw: replace(raw, method="DELETE"), 403, "SignatureDoesNotMatch"),
    (
        "one more parameter",
        lambda _, raw: replace(raw, target=raw.target + "?versionId=1"),
        403,
        "SignatureDoesNotMatch",
    ),
    (
        "another signature",
        lambda _, raw: header(
            raw, "Authorization", authorization(raw)[:-1] + ("0" if authorization(raw)[-1] != "0" else "1")
        ),
        403,
        "SignatureDoesNotMatch",
    ),
    (
        "a signature in capitals",
        lambda _, raw: header(
            raw, "Authorization", authorization(raw)[:-64] + authorization(raw)[-64:].upper()
        ),
        400,
        "AuthorizationHeaderMalformed",
    ),
    (
        "another key id",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("ASIA", "ASIB")),
        403,
        "InvalidAccessKeyId",
    ),
    ("no token", lambda _, raw: raw.without("x-amz-security-token"), 400, "InvalidToken"),
    ("another token", lambda _, raw: header(raw, "X-Amz-Security-Token", "x" * 80), 400, "InvalidToken"),
    (
        "another time",
        lambda _, raw: header(raw, "X-Amz-Date", stamp(time.time() + 7)),
        403,
        "SignatureDoesNotMatch",
    ),
    (
        "another Region",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("eu-west-1", "eu-west-2")),
        403,
        "SignatureDoesNotMatch",
    ),
    (
        "another service",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("/s3/", "/sqs/")),
        400,
        "InvalidSignatureException",
    ),
    (
        "a header of AWS's that is not signed",
        lambda _, raw: raw.plus(("x-amz-request-payer", "requester")),
        403,
        "AccessDenied",
    ),
    (
        "a signed header that is gone",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("host;", "accept;host;")),
        403,
        "SignatureDoesNotMatch",
    ),
    (
        "signed headers in no order",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("host;", "host;a;")),
        400,
        "AuthorizationHeaderMalformed",
    ),
    (
        "no signed host",
        lambda _, raw: header(raw, "Authorization", authorization(raw).replace("host;", "")),
        400,
        "AuthorizationHeaderMalformed",
    ),
    (
        "the older signature",
        lambda _, raw: header(raw, "Authorization", "AWS AKIA:abc="),
        400,
        "AuthorizationHeaderMalformed",
    ),
    (
        "a signature in the query too",
        lambda _, raw: replace(raw, target=raw.target + "?X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        400,
        "InvalidArgument",
    ),
    (
        "half a signature in the query",
        lambda _, raw: replace(raw.without("authorization"), target=raw.target + "?X-Amz-Date=1"),
        400,
        "AuthorizationHeaderMalformed",
    ),
    ("a sum that is none", lambda _, raw: header(raw, "X-Amz-Content-Sha256", "abc"), 400, "InvalidArgument"),
    ("no sum", lambda _, raw: raw.without("x-amz-content-sha256"), 403, "SignatureDoesNotMatch"),
]


@pytest.mark.parametrize(
    ("change", "status", "code"), [pytest.param(*row, id=name) for name, *row in TAMPERED]
)
def test_a_request_is_believed_as_it_was_signed_and_in_no_other_form(
    site: Site, change: Change, status: int, code: str
) -> None:
    reply = send(site.aws, change(site, signed(site.aws, site.user(), path=OWN)))
    assert reply.status == status
    assert f"<Code>{code}<".encode() in reply.body or code.encode() in reply.body
    assert (reply.body == b"home/u1/a") is (status == 200)


@pytest.mark.parametrize(
    ("late", "status", "code"),
    [
        pytest.param(-899, 200, b"home/u1/a", id="a clock that is fifteen minutes slow"),
        pytest.param(-902, 403, b"RequestTimeTooSkewed", id="one that is slower"),
        pytest.param(+899, 200, b"home/u1/a", id="a clock that is fifteen minutes fast"),
        pytest.param(+905, 403, b"RequestTimeTooSkewed", id="one that is faster"),
    ],
)
def test_a_signers_clock_may_be_a_little_off(site: Site, late: int, status: int, code: bytes) -> None:
    reply = send(site.aws, signed(site.aws, site.user(), path=OWN, now=time.time() + late))
    assert (reply.status, code in reply.body) == (status, True)


def test_a_day_that_is_no_day_is_refused(site: Site) -> None:
    raw = signed(site.aws, site.user(), path=OWN)
    day = dict(raw.headers)["X-Amz-Date"][:8]
    changed = header(raw, "X-Amz-Date", "20261399T000000Z")
    reply = send(site.aws, header(changed, "Authorization", authorization(raw).replace(day, "20261399")))
    assert b"AuthorizationHeaderMalformed" in reply.body


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        pytest.param("s3", "ExpiredToken", 400, id="S3"),
        pytest.param("sts", "ExpiredToken", 403, id="STS"),
    ],
)
def test_credentials_end_when_sts_said_so(site: Site, service: str, code: str, status: int) -> None:
    user = site.session({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, DurationSeconds=900)
    site.clock.ahead = 870
    assert send(site.aws, signed(site.aws, user, path=OWN, now=site.clock())).status == 200
    site.clock.ahead = 901
    body = b"" if service == "s3" else b"Action=GetCallerIdentity&Version=2011-06-15"
    form = [] if service == "s3" else [("Content-Type", "application/x-www-form-urlencoded")]
    late = signed(
        site.aws,
        user,
        "GET" if service == "s3" else "POST",
        OWN if service == "s3" else "/",
        service=service,
        now=site.clock(),
        body=body,
        headers=form,
    )
    reply = send(site.aws, late)
    assert (reply.status, code.encode() in reply.body) == (status, True)
    # Who does not hold the secret is not told whether the session is over.
    forged = signed(site.aws, replace(user, secret_access_key="x"), path=OWN, now=site.clock())
    assert b"SignatureDoesNotMatch" in send(site.aws, forged).body


def test_a_session_ends_with_its_role_and_is_not_revived_by_another_of_its_name(site: Site) -> None:
    arn = site.put_role("short")
    user = site.session(role=arn)
    assert send(site.aws, signed(site.aws, user, path=OWN)).status == 200
    iam = site.client("iam")
    iam.delete_role_policy(RoleName="short", PolicyName="permissions")
    iam.delete_role(RoleName="short")
    assert send(site.aws, signed(site.aws, user, path=OWN)).status == 403
    site.put_role("short")
    assert b"InvalidAccessKeyId" in send(site.aws, signed(site.aws, user, path=OWN)).body


@pytest.mark.parametrize(
    ("expires", "at", "status"),
    [
        pytest.param("60", 59, 200, id="within its minute"),
        pytest.param("60", 60, 403, id="after it"),
        pytest.param("60", -890, 200, id="a clock that is behind"),
        pytest.param("60", -910, 403, id="a link of the future"),
        pytest.param("604800", 0, 200, id="a week"),
        pytest.param("604801", 0, 400, id="more than a week"),
        pytest.param("0", 0, 400, id="no time at all"),
        pytest.param("", 0, 400, id="no expiry"),
        pytest.param("6e1", 0, 400, id="a number that is none"),
    ],
)
def test_a_presigned_link_holds_as_long_as_it_says(site: Site, expires: str, at: float, status: int) -> None:
    link = presigned(site.aws, site.user(), path=OWN, expires=expires)
    site.clock.ahead = at
    reply = send(site.aws, link)
    assert (reply.status, reply.body == b"home/u1/a") == (status, status == 200)


def test_a_link_opens_what_it_was_made_for_alone(site: Site) -> None:
    link = presigned(site.aws, site.user(), path=OWN)
    assert send(site.aws, replace(link, target=link.target.replace("/u1/", "/u2/"))).status == 403
    assert send(site.aws, replace(link, target=link.target + "&versionId=1")).status == 403
    assert (
        send(
            site.aws, replace(link, target=link.target.replace("X-Amz-Expires=60", "X-Amz-Expires=99"))
        ).status
        == 403
    )
    assert (
        send(
            site.aws, replace(link, target=link.target.replace("X-Amz-Signature=", "X-Amz-Signature=g"))
        ).status
        == 400
    )
    assert send(site.aws, presigned(site.aws, site.user(), path=f"/{BUCKET}/home/u2/a")).status == 403


def test_a_link_to_put_takes_any_body(site: Site) -> None:
    link = presigned(site.aws, site.user(), "PUT", f"/{BUCKET}/home/u1/new", body=b"anything")
    assert send(site.aws, link).status == 200
    assert send(site.aws, signed(site.aws, site.user(), path=f"/{BUCKET}/home/u1/new")).body == b"anything"


def test_a_body_that_was_changed_is_refused(site: Site) -> None:
    raw = signed(site.aws, site.user(), "PUT", f"/{BUCKET}/home/u1/new", body=b"mine")
    reply = send(site.aws, replace(raw, body=b"mint"))
    assert (reply.status, b"XAmzContentSHA256Mismatch" in reply.body) == (400, True)
    assert (
        send(site.aws, signed(site.aws, site.user(), path=f"/{BUCKET}/home/u1/new")).status == 403
    )  # not there


def test_a_body_may_be_left_unsigned_in_s3(site: Site) -> None:
    raw = signed(
        site.aws, site.user(), "PUT", f"/{BUCKET}/home/u1/new", body=b"x", payload="UNSIGNED-PAYLOAD"
    )
    assert send(site.aws, raw).status == 200


@pytest.mark.parametrize(
    "trailer", [pytest.param(False, id="plain"), pytest.param(True, id="with a trailer")]
)
def test_signed_chunks_are_put_together(site: Site, trailer: bool) -> None:
    path = f"/{BUCKET}/home/u1/chunks"
    pieces = [b"a" * 20, b"b" * 9]
    assert send(site.aws, chunked(site.aws, site.user(), path, pieces, trailer=trailer)).status == 200
    assert send(site.aws, signed(site.aws, site.user(), path=path)).body == b"".join(pieces)


def body(change: Callable[[bytes], bytes]) -> Callable[[Raw], Raw]:
    def made(raw: Raw) -> Raw:
        changed = change(raw.body)
        return replace(header(raw, "Content-Length", str(len(changed))), body=changed)

    return made


BROKEN_CHUNKS: list[tuple[str, Callable[[Raw], Raw], bool, bytes]] = [
    ("a byte of the first", body(lambda b: b.replace(b"aa", b"ac", 1)), False, b"SignatureDoesNotMatch"),
    ("a byte of the last", body(lambda b: b.replace(b"bb", b"bc", 1)), False, b"SignatureDoesNotMatch"),
    (
        "the order",
        body(
            lambda b: (
                b[b.index(b"\r\n9;") + 2 : b.index(b"\r\n0;") + 2]
                + b[: b.index(b"\r\n9;") + 2]
                + b[b.index(b"\r\n0;") + 2 :]
            )
        ),
        False,
        b"SignatureDoesNotMatch",
    ),
    ("one left out", body(lambda b: b[b.index(b"\r\n9;") + 2 :]), False, b"SignatureDoesNotMatch"),
    ("the last left out", body(lambda b: b[: b.index(b"\r\n0;") + 2]), False, b"IncompleteBody"),
    ("a size", body(lambda b: b.replace(b"14;", b"13;", 1)), False, b"SignatureDoesNotMatch"),
    ("no signature", body(lambda b: b"14\r\n" + b[b.index(b"\r\n") + 2 :]), False, b"IncompleteBody"),
    ("a short one", body(lambda b: b[:100]), False, b"IncompleteBody"),
    ("no line's end", body(lambda b: b.replace(b"aa\r\n9;", b"aaXX9;")), False, b"IncompleteBody"),
    ("something behind", body(lambda b: b + b"more"), False, b"IncompleteBody"),
    ("the length that was said", lambda raw: raw, False, b""),
    ("a trailer's value", body(lambda b: b.replace(b"AAAAAA", b"AAAAAB")), True, b"SignatureDoesNotMatch"),
    (
        "a trailer's name",
        body(lambda b: b.replace(b"x-amz-checksum-crc32", b"x-amz-acl")),
        True,
        b"IncompleteBody",
    ),
    (
        "a trailer without a signature",
        body(lambda b: b[: b.index(b"x-amz-trailer-signature")]),
        True,
        b"IncompleteBody",
    ),
    ("a second trailer", body(lambda b: b + b"x-amz-acl:public-read\r\n"), True, b"IncompleteBody"),
]


@pytest.mark.parametrize(
    ("change", "trailer", "code"), [pytest.param(*row, id=name) for name, *row in BROKEN_CHUNKS if row[2]]
)
def test_chunks_that_were_changed_are_refused(
    site: Site, change: Callable[[Raw], Raw], trailer: bool, code: bytes
) -> None:
    path = f"/{BUCKET}/home/u1/chunks"
    reply = send(
        site.aws, change(chunked(site.aws, site.user(), path, [b"a" * 20, b"b" * 9], trailer=trailer))
    )
    assert reply.status in (400, 403)
    assert code in reply.body
    assert send(site.aws, signed(site.aws, site.aws.owner, path=path)).status == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"4\r\nmine\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 200, id="as it should be"),
        pytest.param(
            b"4\r\nmine\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\nmore", 400, id="with something behind"
        ),
        pytest.param(
            b"4;chunk-signature=" + b"0" * 64 + b"\r\nmine\r\n0\r\n\r\n", 400, id="with a signature"
        ),
        pytest.param(
            b"5\r\nminex\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", 400, id="longer than it says"
        ),
    ],
)
def test_unsigned_chunks_with_a_checksum_behind_are_taken(site: Site, sent: bytes, status: int) -> None:
    raw = signed(
        site.aws,
        site.user(),
        "PUT",
        f"/{BUCKET}/home/u1/chunks",
        payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        body=sent,
        headers=[
            ("X-Amz-Decoded-Content-Length", "4"),
            ("X-Amz-Trailer", "x-amz-checksum-crc32"),
            ("Content-Encoding", "aws-chunked"),
        ],
    )
    assert send(site.aws, raw).status == status


@pytest.mark.parametrize("service", ["sts", "dynamodb"])
def test_other_services_sign_every_body(site: Site, service: str) -> None:
    raw = signed(site.aws, site.user(), "POST", service=service, body=b"{}", payload="UNSIGNED-PAYLOAD")
    assert b"InvalidArgument" in send(site.aws, raw).body


def test_metadata_with_an_underscore_stays_as_it_is(site: Site) -> None:
    put = signed(
        site.aws, site.user(), "PUT", f"/{BUCKET}/home/u1/new", body=b"x", headers=[("x-amz-meta-a_b", "c")]
    )
    assert send(site.aws, put).status == 200
    told = site.client("s3").head_object(Bucket=BUCKET, Key="home/u1/new")
    assert told["Metadata"] == {"a_b": "c"}
