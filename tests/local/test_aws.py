"""The AWS of local runs: whose credentials are in the environment, what a caller may get, and what is said instead."""

import os
import sys
from collections.abc import Iterator

import boto3
import pytest

from authorizer.errors import SettingsError
from authorizer.local.aws import EmbeddedAws
from authorizer.local_aws import LocalAws
from authorizer.model import Credentials, Role
from tests.local_aws.stage import client
from tests.make import sample_settings

ROLES = sample_settings().roles
MINE, THEIRS = "example-data/home/u1/notes.txt", "example-data/home/u2/notes.txt"
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::example-data/home/u1/*"},'
    '{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}'
)


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    astray = {
        "AWS_PROFILE": "production",
        "AWS_DEFAULT_PROFILE": "production",
        "AWS_ENDPOINT_URL_S3": "http://minio.example:9000",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://dynamodb.example:8000",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    monkeypatch.setattr(os, "environ", {**os.environ, **astray})
    aws = EmbeddedAws("eu-west-1", ROLES)
    try:
        yield aws
    finally:
        aws.close()


def credentials(embedded: EmbeddedAws, role: Role, **asked: str) -> Credentials:
    own = embedded._aws._principals.find(embedded.environment["AWS_ACCESS_KEY_ID"])
    sts = client(embedded._aws, "sts", own)
    made = sts.assume_role(RoleArn=role.arn, RoleSessionName="erin", **asked)["Credentials"]
    return Credentials(
        access_key_id=made["AccessKeyId"],
        secret_access_key=made["SecretAccessKey"],
        session_token=made["SessionToken"],
        expiration=0,
        role_arn=role.arn,
        session_name="erin",
        packed_policy_size=None,
        issued_at=0,
    )


def test_the_environment_is_that_of_the_function_and_of_no_profile(embedded: EmbeddedAws) -> None:
    assert not {name for name in os.environ if name.startswith("AWS_") and name.endswith("_PROFILE")}
    assert {name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")} == {
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS")
    }
    assert os.environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"
    assert {name: os.environ[name] for name in embedded.environment} == embedded.environment
    assert os.environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    own = embedded._aws._principals.find(os.environ["AWS_ACCESS_KEY_ID"])
    told = client(embedded._aws, "sts", own).get_caller_identity()["Arn"]
    assert told == "arn:aws:sts::123456789012:assumed-role/authorizer-local/authorizer-local"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, "127.0.0.1", id="none"),
        pytest.param({"NO_PROXY": "a.example"}, "a.example,127.0.0.1", id="one"),
        pytest.param({"no_proxy": "b", "NO_PROXY": "c"}, "b,127.0.0.1", id="both forms"),
        pytest.param({"no_proxy": "*"}, "*", id="for all hosts"),
    ],
)
def test_nothing_for_this_machine_goes_through_a_proxy(
    before: dict[str, str], after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would get the credentials, and answer in place of what judges."""
    names = {"no_proxy", "NO_PROXY"}
    proxy = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    others = {name: value for name, value in os.environ.items() if name not in names}
    monkeypatch.setattr(os, "environ", {**others, **proxy, **before})
    aws = EmbeddedAws("eu-west-1", ROLES)
    try:
        for environment in (aws.environment, aws.backend_environment(), aws.owner_environment()):
            assert {environment[name] for name in names} == {after}
        monkeypatch.setattr(os, "environ", {**os.environ, **aws.owner_environment()})
        sts = boto3.Session().client("sts")
        assert sts.get_caller_identity()["Account"] == "123456789012"
        sts.close()
    finally:
        aws.close()


def test_a_caller_reads_their_own_and_is_told_why_not_anothers(embedded: EmbeddedAws) -> None:
    mine, theirs = embedded.get(credentials(embedded, ROLES["editor"], Policy=POLICY), [MINE, THEIRS])
    assert (mine.place, mine.status, len(mine.why)) == (MINE, 200, 1)
    assert mine.why[0].endswith("statement 1 (Own) of the session policy")
    assert (theirs.place, theirs.status) == (THEIRS, 403)
    assert theirs.why == (
        "denied: nothing in the session policy allows it",
        "statement 1 (Own) of the session policy, Allow: resource does not match: wanted "
        "'arn:aws:s3:::example-data/home/u1/*', got arn:aws:s3:::example-data/home/u2/notes.txt",
    )


@pytest.mark.parametrize("place", ["example-data", "example-data/", "/x", ""])
def test_what_is_no_object_is_refused(embedded: EmbeddedAws, place: str) -> None:
    with pytest.raises(SettingsError, match="expected BUCKET/KEY"):
        embedded.get(credentials(embedded, ROLES["editor"]), [place])


def test_a_bucket_that_may_not_be_is_refused(embedded: EmbeddedAws) -> None:
    with pytest.raises(SettingsError, match="cannot be put into the local AWS"):
        embedded.get(credentials(embedded, ROLES["editor"]), ["NO/x"])


def test_without_the_extra_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authorizer.local_aws", None)
    with pytest.raises(SettingsError) as refused:
        EmbeddedAws("eu-west-1", ROLES)
    [line] = refused.value.problems
    assert "needs the extra `local`" in line
    assert "cognito-authorizer[local]" in line


def test_it_never_runs_in_a_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "authorizer")
    with pytest.raises(SettingsError, match="never runs in a Lambda"):
        LocalAws()


def test_nobody_runs_as_a_role_that_is_not_there() -> None:
    with LocalAws() as aws, pytest.raises(SettingsError, match="has no role"):
        aws.run_as("arn:aws:iam::123456789012:role/none", "x")


def test_it_listens_on_loopback_alone_and_tells_whoever_listens() -> None:
    heard: list[str] = []
    with LocalAws(listen=lambda line: heard.append(line.operation)) as aws:
        assert aws._server.server_address[0] == "127.0.0.1"
        client(aws, "s3").list_buckets()
    assert heard == ["ListBuckets"]
