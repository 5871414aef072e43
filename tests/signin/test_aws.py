"""The whole way of a person: a sign-in with the browser, `aws s3 ls` by `credential_process`, renewal, and the end.

The AWS CLI is AWS's own, the API is the handler of `GET /credentials`, and the AWS behind it enforces.
"""

import configparser
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest

from authorizer.local.world import local
from authorizer.local_aws import LocalAws
from authorizer.own import OwnCredentials
from authorizer.settings.schema import Access, Settings
from tests.local_aws.stage import REGION, client
from tests.local_aws.world import ALL, document
from tests.make import ACCESS, ROOT
from tests.servers.serving import QuietHandler, serve
from tests.signin.conftest import Machine
from tests.test_own import HANDED, event, handing

pytestmark = pytest.mark.slow

BUCKET = "example-data"
FUNCTION = "arn:aws:iam::123456789012:role/authorizer"
MINE, THEIRS = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def person(machine: Machine, key_folder: Path) -> Iterator[Machine]:
    """Whose API trusts the authorization server, and hands out sessions of the local AWS."""

    def change(settings: Settings) -> Settings:
        handed = handing(settings)
        entry = next(iter(handed.issuers.values()))
        trusted = replace(entry, issuer=machine.server.issuer, jwks_uri=f"{machine.server.issuer}/jwks")
        return replace(handed, issuers={machine.server.issuer: trusted})

    with LocalAws() as aws, local(ACCESS, {}, keys=key_folder) as world:
        aws.add_role(FUNCTION, trusts="*", policy=document(ALL))
        aws.add_role(HANDED, trusts=FUNCTION, policy=document(ALL))
        s3 = client(aws, "s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for whose in (MINE, THEIRS):
            s3.put_object(Bucket=BUCKET, Key=f"home/{whose}/notes.txt", Body=whose.encode())
        function = aws.run_as(FUNCTION, "authorizer")
        environment = {
            "AWS_ENDPOINT_URL_STS": aws.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": function.access_key_id,
            "AWS_SECRET_ACCESS_KEY": function.secret_access_key,
            "AWS_SESSION_TOKEN": function.session_token or "",
        }
        with mock.patch.dict(os.environ, environment):
            own = OwnCredentials(
                Access(change(world.access.settings), world.access.templates), emit=lambda _: None
            )

            class Handler(QuietHandler):
                def do_GET(self) -> None:
                    machine.api.tokens.append(str(self.headers["Authorization"]))
                    answer = own(event("2.0", headers={name.lower(): v for name, v in self.headers.items()}))
                    self.reply(int(str(answer["statusCode"])), str(answer["body"]).encode())

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            stop = serve(server)
            machine.api.url, before = f"http://127.0.0.1:{server.server_port}/credentials", machine.api.url
            profile(machine, aws.endpoint)
            yield machine
            machine.api.url = before
            stop()
            own.authorizer.close()


def profile(machine: Machine, endpoint: str) -> None:
    """What a person writes into their AWS configuration: the line that `authorizer login` prints."""
    done = machine.login()
    assert done.returncode == 0, done.stderr
    name, _, command = done.stdout.strip().partition(" = ")
    config = configparser.RawConfigParser()
    config["profile me"] = {
        name: command.replace("authorizer", f"{sys.executable} -m authorizer", 1),
        "region": REGION,
        "endpoint_url": endpoint,
        "s3": "\naddressing_style = path",
    }
    with (machine.home / "config").open("w") as file:
        config.write(file)


def aws(machine: Machine, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {each: value for each, value in os.environ.items() if not each.startswith("AWS_")}
    return subprocess.run(
        [str(Path(sys.executable).parent / "aws"), *command],
        cwd=ROOT,
        env={
            **kept,
            **machine.keyring.environment,
            "AWS_CONFIG_FILE": str(machine.home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(machine.home / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PROFILE": "me",
            "HOME": str(machine.home),
            "XDG_CACHE_HOME": str(machine.home),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_person_lists_their_own_folder_and_nobody_elses_until_they_sign_out(person: Machine) -> None:
    own = aws(person, "s3", "ls", f"s3://{BUCKET}/home/{MINE}/")
    assert (own.returncode, own.stdout.split()[-1:]) == (0, ["notes.txt"]), own.stderr
    other = aws(person, "s3", "ls", f"s3://{BUCKET}/home/{THEIRS}/")
    assert (other.returncode != 0, "AccessDenied" in other.stderr) == (True, True), other.stderr

    # The token is over: the next command renews it, and its credentials are another session's.
    first = person.keyring.entry["token"]
    person.keyring.change(expires=time.time() - 1, renew_at=time.time() - 1)
    copied = aws(person, "s3", "cp", f"s3://{BUCKET}/home/{MINE}/notes.txt", "-")
    assert (copied.returncode, copied.stdout) == (0, MINE), copied.stderr
    assert person.api.tokens[-1] == f"Bearer {person.keyring.entry['token']}"
    assert person.keyring.entry["token"] != first

    # A command of its own sees the same AWS.
    listing = (
        "s3api",
        "list-objects-v2",
        "--bucket",
        BUCKET,
        "--prefix",
        f"home/{MINE}/",
        "--output",
        "json",
    )
    child = subprocess.run(
        [sys.executable, "-m", "authorizer", "exec", *person.whom, "--", *_aws_of(person), *listing],
        cwd=ROOT,
        env={
            **os.environ,
            **person.keyring.environment,
            "XDG_CACHE_HOME": str(person.home),
            "AWS_PROFILE": "stale",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert [each["Key"] for each in json.loads(child.stdout)["Contents"]] == [f"home/{MINE}/notes.txt"]

    # What was used on the way is in no file.
    session = json.loads(person.run("credentials").stdout)
    secrets = (session["AccessKeyId"], session["SessionToken"], "eyJ", "refresh-canary")
    written = [file.read_text() for file in person.home.rglob("*") if file.is_file()]
    assert len(written) == 2, "the profile and the lock"
    for text in (*written, own.stderr, other.stderr, copied.stderr, child.stderr):
        assert not any(secret in text for secret in secrets)

    assert person.run("logout").returncode == 0
    assert "nobody is signed in" in person.run("credentials").stderr


def _aws_of(person: Machine) -> tuple[str, ...]:
    config = configparser.RawConfigParser()
    config.read(person.home / "config")
    return (
        *(str(Path(sys.executable).parent / "aws"), "--endpoint-url", config["profile me"]["endpoint_url"]),
        *("--region", REGION),
    )
