"""Attacks on the door in raw HTTP: whatever one reading or another makes of it, nothing foreign is read or written.

Each is sent by a user who may do everything in `home/u1/` and nothing else, and signed by that user unless it says
otherwise.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPException
from itertools import combinations
from typing import Any

import pytest

from authorizer.local_aws import Principal, state
from tests.local_aws.conftest import Site
from tests.local_aws.raw import Raw, Reply, presigned, send, signed
from tests.local_aws.world import ACCOUNT, BUCKET, ROLE

Attack = Callable[[Site, Principal], Raw]
SECRET = b"SECRET-OF-U2"
OWN, THEIRS, NEW = f"/{BUCKET}/home/u1/a", f"/{BUCKET}/home/u2/a", f"/{BUCKET}/home/u1/new"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def get(
    path: str,
    *,
    query: tuple[tuple[str, str], ...] = (),
    method: str = "GET",
    body: bytes = b"",
    **more: Any,
) -> Attack:
    return lambda site, user: signed(site.aws, user, method, path, query=query, body=body, **more)


def changed(attack: Attack, change: Callable[[Raw], Raw]) -> Attack:
    return lambda site, user: change(attack(site, user))


def plus(name: str, value: str) -> Callable[[Raw], Raw]:
    return lambda raw: raw.plus((name, value))


def again(name: str) -> Callable[[Raw], Raw]:
    return lambda raw: raw.plus((name, dict(raw.headers)[name]))


def instead(name: str, value: str) -> Callable[[Raw], Raw]:
    return lambda raw: raw.without(name.lower()).plus((name, value))


def link(name: str, value: str) -> Attack:
    return lambda site, user: presigned(site.aws, user, "PUT", NEW, query=((name, value),))


def _headers() -> Iterator[tuple[str, Attack]]:
    spoofs = [
        ("x-moto-account-id", "210987654321"),
        ("x-amz-account-id", "210987654321"),
        ("x-amz-target", "DynamoDB_20120810.Scan"),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", THEIRS),
        ("x-rewrite-url", THEIRS),
        ("x-forwarded-host", "example-data.s3.amazonaws.com"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "host=example-data.s3.amazonaws.com"),
        ("x-forwarded-prefix", f"/{BUCKET}/home/u2"),
        ("x-amz-copy-source", THEIRS),
        ("x-amz-acl", "public-read"),
        ("x-amz-grant-read", 'uri="all"'),
        ("x-amz-website-redirect-location", THEIRS),
        ("x-amz-mfa", "x 1"),
        ("x-amz-expected-bucket-owner", "210987654321"),
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-tagging", "a=b&a=c"),
        ("x-amz-object-ownership", "x"),
        ("x-amz-bypass-governance-retention", "true"),
        ("x-amz-security-token ", "x"),
        ("Action", "ListBuckets"),
    ]
    for method, path in (("GET", OWN), ("PUT", NEW)):
        for name, value in spoofs:
            yield (
                f"{method}, {name} unsigned",
                changed(get(path, method=method), plus(name, value)),
            )
        for name, value in spoofs[:-2]:
            yield f"{method}, {name} signed", get(path, method=method, headers=[(name, value)])
    for name in ("Host", "Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"):
        yield (
            f"{name} twice",
            changed(get(OWN), again(name)),
        )
    yield "Host twice, another", changed(get(OWN), lambda raw: raw.plus(("Host", "s3.amazonaws.com")))
    yield (
        "an empty Authorization",
        changed(get(THEIRS), lambda raw: raw.without("authorization").plus(("Authorization", ""))),
    )
    yield "no Authorization", changed(get(THEIRS), lambda raw: raw.without("authorization"))


def _paths() -> Iterator[tuple[str, Attack]]:
    tails = [
        "../u2/a",
        "%2e%2e/u2/a",
        "..%2fu2%2fa",
        "%2e%2e%2fu2%2fa",
        "./../u2/a",
        "x/../../u2/a",
        "%252e%252e/u2/a",
        "..;/u2/a",
        "..%5cu2%5ca",
        "/../u2/a",
        "%00/../../u2/a",
        "..%c0%afu2/a",
        "%ff/../../u2/a",
        "a%00",
        "a%0d%0a",
        "a%3fversionId=null",
        "a%23x",
        "a;x",
        "x.us-west-2.amazonaws.com/y",
        ".cn-north-1.amazonaws.com",
    ]
    for tail in tails:
        for method in ("GET", "PUT", "DELETE"):
            yield (
                f"{method} home/u1/{tail}",
                get(f"/{BUCKET}/home/u1/{tail}", method=method, body=b"x" if method == "PUT" else b""),
            )
    wholes = [
        "//example-data/home/u2/a",
        "/./example-data/home/u2/a",
        "/example-data//home/u2/a",
        "/example-data%2fhome%2fu2%2fa",
        "/x/../example-data/home/u2/a",
        "/moto-api/reset",
        "/moto-api/data.json",
        "/moto-api/reset-auth",
        "/moto-api/state-manager/set-transition",
        "/latest/meta-data/iam/security-credentials/",
        "/favicon.ico",
        "/s3_eu-west-1/example-data/home/u2/a",
        "/v20180820/jobs",
        "/",
        "",
        "*",
        "example-data/home/u2/a",
        "http://x/example-data/home/u2/a",
        "/example-data/home/u2/a#x",
        "/EXAMPLE-DATA/home/u2/a",
        "/arn:aws:s3:eu-west-1:123456789012:accesspoint/x/home/u2/a",
        "/example-data/home/u2/a ",
    ]
    for path in wholes:
        yield f"GET {path!r}", get(path)
    yield "another path than was signed", get(THEIRS, path_to_sign=OWN)
    for method in ("OPTIONS", "PATCH", "TRACE", "get", "PROPFIND", "CONNECT"):
        yield f"the method {method}", get(THEIRS, method=method)


def _queries() -> Iterator[tuple[str, Attack]]:
    parts = {
        "acl": "",
        "tagging": "",
        "uploads": "",
        "policy": "",
        "versionId": "null",
        "uploadId": "x",
        "partNumber": "1",
        "delete": "",
        "legal-hold": "",
        "retention": "",
        "torrent": "",
        "attributes": "",
        "select": "",
        "restore": "",
        "list-type": "2",
        "prefix": "home/u2/",
        "Action": "ListBuckets",
        "location": "",
        "append": "",
    }
    for names in combinations(parts, 2):
        query = tuple((name, parts[name]) for name in names)
        if set(names) & {"acl", "tagging", "policy", "uploadId", "Action", "prefix"}:
            yield f"GET of one's own with {' and '.join(names)}", get(OWN, query=query)
    for name, value in parts.items():
        yield f"PUT of one's own with {name}", get(NEW, query=((name, value),), method="PUT")
        yield f"of the bucket with {name}", get(f"/{BUCKET}", query=((name, value),))
    yield (
        "a prefix twice",
        changed(
            get(f"/{BUCKET}", query=(("prefix", "home/u1/"),)),
            lambda raw: replace(raw, target=raw.target + "&prefix=home/u2/"),
        ),
    )
    yield (
        "a prefix in another case",
        get(f"/{BUCKET}", query=(("Prefix", "home/u1/"), ("prefix", "home/u2/"))),
    )
    yield (
        "a prefix with a plus",
        changed(get(f"/{BUCKET}"), lambda raw: replace(raw, target=f"/{BUCKET}?prefix=home/u1/+")),
    )
    yield "a prefix upwards", get(f"/{BUCKET}", query=(("prefix", "home/u1/../u2/"),))
    yield "a bare percent", changed(get(OWN), lambda raw: replace(raw, target=OWN + "?x=%zz"))
    yield "bytes that are no UTF-8", changed(get(OWN), lambda raw: replace(raw, target=OWN + "?x=%ff"))
    yield (
        "a link with the token of nobody",
        changed(
            lambda site, user: presigned(site.aws, user, path=THEIRS),
            lambda raw: replace(raw, target=raw.target.replace("Security-Token=", "Security-Token=x")),
        ),
    )
    for name, value in (
        ("x-amz-acl", "public-read"),
        ("x-amz-copy-source", THEIRS),
        ("x-amz-security-token", "x"),
        ("versionId", "null"),
    ):
        yield (
            f"a link with {name}",
            link(name, value),
        )
    yield (
        "a link of the older kind",
        lambda site, user: Raw(
            method="GET",
            target=f"{THEIRS}?AWSAccessKeyId={user.access_key_id}&Signature=x&Expires=9999999999",
            headers=(("Host", site.aws.endpoint[7:]),),
        ),
    )


def _copies() -> Iterator[tuple[str, Attack]]:
    sources = [
        "example-data/home/u2/a",
        "/example-data/home/u2/a",
        "//example-data/home/u2/a",
        "example-data/home/u2/a#/home/u1/a",
        "example-data/home/u2/a?versionId=null",
        "example-data/home/u2/a?x=/home/u1/",
        "example-data/home/u1/a/../../u2/a",
        "example-data/home/u1/%2e%2e/u2/a",
        "example-data%2Fhome%2Fu2%2Fa",
        "example-data/home%2fu2%2fa",
        "http://x/example-data/home/u2/a",
        "s3://example-data/home/u2/a",
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/x/object/home/u2/a",
        "example-data/home/u2/a;x",
        "example-data/home/u1/a?versionId=",
        "example-data/home/u1/a?versionId=1&versionId=2",
        "example-data/home/u1/a?VersionId=1",
        "example-data/",
        "example-data",
        "",
        "/",
        "example-data//home/u2/a",
        "EXAMPLE-DATA/home/u2/a",
        "example-data/home/u2/a%23",
        "example-data/home/u2/a%3FversionId=null",
        "example-data/%68ome/u2/a",
        "example-data/home/u2%2Fa",
        "%65xample-data/home/u2/a",
        "example-data/home/u1/%00/../../u2/a",
        "example-data/home/u2/a%00",
        "?versionId=1",
    ]
    for source in sources:
        yield f"a copy of {source!r}", get(NEW, method="PUT", headers=[("x-amz-copy-source", source)])
    yield (
        "a part copied from them",
        get(
            NEW,
            method="PUT",
            query=(("partNumber", "1"), ("uploadId", "x")),
            headers=[("x-amz-copy-source", "example-data/home/u2/a")],
        ),
    )


def delete(body: bytes) -> Attack:
    return get(f"/{BUCKET}", method="POST", query=(("delete", ""),), body=body)


def _bodies() -> Iterator[tuple[str, Attack]]:
    theirs, own = b"<Key>home/u2/a</Key>", b"<Key>home/u1/a</Key>"
    batches = {
        "theirs": b"<Delete><Object>" + theirs + b"</Object></Delete>",
        "two keys in one": b"<Delete><Object>" + own + theirs + b"</Object></Delete>",
        "two keys the other way": b"<Delete><Object>" + theirs + own + b"</Object></Delete>",
        "another namespace": b'<Delete xmlns:x="u"><Object><x:Key>home/u2/a</x:Key>'
        + own
        + b"</Object></Delete>",
        "an entity": b'<!DOCTYPE d [<!ENTITY k "home/u2/a">]><Delete><Object><Key>&k;</Key></Object></Delete>',
        "an entity, lower case": b'<!doctype d [<!entity k "x">]><Delete><Object><Key>&k;</Key></Object></Delete>',
        "a comment inside": b"<Delete><Object><Key>home/<!-- -->u2/a</Key></Object></Delete>",
        "CDATA": b"<Delete><Object><Key><![CDATA[home/u2/a]]></Key></Object></Delete>",
        "UTF-16": "<Delete><Object><Key>home/u2/a</Key></Object></Delete>".encode("utf-16"),
        "two documents": b"<Delete><Object>"
        + own
        + b"</Object></Delete><Delete><Object>"
        + theirs
        + b"</Object></Delete>",
        "an unknown element": b"<Delete><Object>" + own + b"<Owner>x</Owner></Object></Delete>",
        "another root": b"<Remove><Object>" + theirs + b"</Object></Remove>",
        "nested": b"<Delete><Object><Object>" + theirs + b"</Object></Object></Delete>",
        "spaces": b"<Delete><Object><Key> home/u2/a </Key></Object></Delete>",
        "nothing": b"",
        "no XML": b"home/u2/a",
    }
    for name, body in batches.items():
        yield f"a batch with {name}", delete(body)
    forms = [b"key=home/u2/a&file=x", b"Action=DeleteBucket", b"uploadId=x&partNumber=1"]
    for body in forms:
        yield f"an object that is a form, {body!r}", get(NEW, method="PUT", body=body, headers=[FORM])
        yield f"a form to the bucket, {body!r}", get(f"/{BUCKET}", method="POST", body=body, headers=[FORM])
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nhome/u2/a\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'
    )
    multipart = ("Content-Type", "multipart/form-data; boundary=b")
    yield "a browser's upload", get(f"/{BUCKET}", method="POST", body=parts, headers=[multipart])
    yield (
        "a browser's upload nobody signed",
        changed(
            get(f"/{BUCKET}", method="POST", body=parts, headers=[multipart]),
            lambda raw: raw.without("authorization"),
        ),
    )
    yield "an object that is many forms", get(NEW, method="PUT", body=parts, headers=[multipart])
    yield (
        "a compressed body",
        get(NEW, method="PUT", body=b"\x1f\x8b", headers=[("Content-Encoding", "gzip")]),
    )


def _services() -> Iterator[tuple[str, Attack]]:
    def form(text: str, **more: Any) -> Attack:
        return get(
            "/",
            method="POST",
            body=text.encode(),
            headers=[FORM],
            service=str(more.pop("service", "sts")),
            **more,
        )

    role = f"Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=me"
    yield "assuming one's own role without a policy", form(f"Action=AssumeRole&{role}")
    yield "an action twice", form(f"Action=GetCallerIdentity&Action=AssumeRole&{role}")
    yield (
        "an action in the query too",
        form("Action=GetCallerIdentity&Version=2011-06-15", query=(("Action", "AssumeRole"),)),
    )
    yield "a policy twice", form(f"Action=AssumeRole&{role}&Policy=%7B%7D&Policy=%7B%7D")
    yield "a parameter that STS has not", form(f"Action=AssumeRole&{role}&Admin=true")
    yield "an action that is none", form("Action=BecomeRoot&Version=2011-06-15")
    yield "IAM", form("Action=ListRoles&Version=2010-05-08", service="iam")
    yield (
        "IAM, a role's policy",
        form(
            "Action=PutRolePolicy&Version=2010-05-08&RoleName=caller&PolicyName=x&PolicyDocument=%7B%7D",
            service="iam",
        ),
    )
    for service in (
        "ec2",
        "monitoring",
        "moto_api",
        "s3control",
        "execute-api",
        "cognito-idp",
        "s3-object-lambda",
    ):
        yield f"the service {service}", get("/", method="POST", service=service.replace("_", "-"))
    for path in (THEIRS, f"/{BUCKET}"):
        for service in ("sts", "iam", "dynamodb", "lambda"):
            yield f"{path} as {service}", get(path, service=service)
    yield "another Region", get(THEIRS, region="us-gov-west-1")
    yield "a Region that is none", get(OWN, region="mars")


def _framing() -> Iterator[tuple[str, Attack]]:
    def header(name: str, value: str) -> Attack:
        return changed(
            get(NEW, method="PUT", body=b"x"), lambda raw: raw.without(name.lower()).plus((name, value))
        )

    yield "chunked", header("Transfer-Encoding", "chunked")
    yield "chunked in another case", header("transfer-encoding", "ChUnKeD")
    yield "identity and chunked", header("Transfer-Encoding", "identity, chunked")
    for value in ("-1", "+1", "1, 1", "0x1", "1 1", "", "99999999999999", str(2**31)):
        yield f"a Content-Length of {value!r}", header("Content-Length", value)
    yield (
        "two lengths",
        changed(get(NEW, method="PUT", body=b"x"), lambda raw: raw.plus(("Content-Length", "0"))),
    )
    for host in (
        "example-data.s3.amazonaws.com",
        "s3.amazonaws.com",
        "evil.test",
        "127.0.0.1",
        "",
        "127.0.0.1:1",
    ):
        yield (
            f"the Host {host!r}",
            changed(get(OWN), instead("Host", host)),
        )
    yield "no Host", changed(get(OWN), lambda raw: raw.without("host"))
    yield "a folded header", changed(get(OWN), lambda raw: raw.plus(("X-A", "b\r\n c")))
    yield "a header with a control character", changed(get(OWN), lambda raw: raw.plus(("X-A", "b\x01")))
    yield "a header's name with a space", changed(get(OWN), lambda raw: raw.plus(("X A", "b")))
    yield "a header with an underscore", changed(get(OWN), lambda raw: raw.plus(("x_amz_acl", "public-read")))
    yield (
        "another request behind",
        changed(
            get(OWN), lambda raw: replace(raw, body=f"DELETE {THEIRS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        ),
    )
    yield (
        "another request behind a refusal",
        changed(
            get(OWN),
            lambda raw: replace(
                raw.without("host"), body=f"DELETE {THEIRS} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            ),
        ),
    )


ATTACKS = [*_headers(), *_paths(), *_queries(), *_copies(), *_bodies(), *_services(), *_framing()]


def test_there_are_two_hundred_attacks_and_more() -> None:
    assert len({name for name, _ in ATTACKS}) == len(ATTACKS) >= 200


@pytest.fixture
def victim(site: Site) -> Site:
    backend = state.of("s3", ACCOUNT, "aws")
    for key in ("home/u2/a", "home/u2/b"):
        backend.put_object(BUCKET, key, SECRET)
    return site


def foreign(site: Site) -> dict[str, bytes]:
    """All that is not the attacker's."""
    buckets = state.of("s3", ACCOUNT, "aws").buckets
    assert list(buckets) == [BUCKET]
    assert buckets[BUCKET].policy is None
    roles = state.of("iam", ACCOUNT, "aws").roles.values()
    assert all(set(role.policies) <= {"permissions"} for role in roles)
    return {key: value.value for key, value in buckets[BUCKET].keys.items() if not key.startswith("home/u1/")}


@pytest.mark.parametrize("attack", [pytest.param(attack, id=name) for name, attack in ATTACKS])
def test_nothing_foreign_is_read_or_written(victim: Site, attack: Attack) -> None:
    before, user = foreign(victim), victim.user()
    try:
        reply = send(victim.aws, attack(victim, user))
    except (HTTPException, OSError):
        reply = Reply(status=0, body=b"")  # the connection was closed on it
    assert SECRET not in reply.body
    assert b"home/u2/b" not in reply.body  # which no attack names
    assert b"ASIA" not in reply.body
    assert foreign(victim) == before
    copied = state.of("s3", ACCOUNT, "aws").buckets[BUCKET].keys
    assert all(SECRET not in value.value for key, value in copied.items() if key.startswith("home/u1/"))
    assert reply.status != 500
