"""What callers hold themselves, at the local AWS: taken back, and useless where it was not asked for. That it keeps
them apart: `python -m tests.local_aws.matrix --handed-out`."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from authorizer.deployment.revocation import revoke
from authorizer.local_aws import LocalAws
from tests.local_aws.stage import REGION, client, local_site
from tests.s3.handed_out import OwnStage, handing_out
from tests.s3.operations import BUCKET, OBJECT
from tests.s3.population import SUBJECTS, USERS
from tests.s3.stage import Site, role_arn

HOME = SUBJECTS[0]
ERIN, OTHER = USERS[0], USERS[1]


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[LocalAws, Site]]:
    with local_site(caller.prefix(HOME) for caller in (ERIN, OTHER)) as made:
        yield made


@pytest.fixture
def stage(site: tuple[LocalAws, Site]) -> Iterator[OwnStage]:
    with handing_out(site[1]) as stage:
        yield stage


def answered(stage: OwnStage, token: str) -> Mapping[str, Any]:
    response = stage.own.authorizer.decide(stage.call(token))[0].response
    assert response is not None
    return response


def reads(stage: OwnStage, session: Mapping[str, Any], key: str) -> bool:
    """Whether the session opens an object."""

    async def read() -> None:
        async with stage.client(session) as s3:
            await s3.get_object(Bucket=BUCKET, Key=key)

    try:
        asyncio.run(read())
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def test_a_stolen_session_opens_nothing_after_it_was_revoked_and_nobody_else_s_ends(
    site: tuple[LocalAws, Site], stage: OwnStage
) -> None:
    stolen, others = (answered(stage, stage.token(caller, HOME)) for caller in (ERIN, OTHER))
    mine, theirs = (caller.prefix(HOME) + OBJECT for caller in (ERIN, OTHER))
    assert reads(stage, stolen, mine)
    revoked = revoke(stage.access.settings, claim="sub", value=ERIN.sub, before=time.time())
    iam = client(site[0], "iam")
    names = [(deny.role.arn.rpartition("/")[2], deny.name) for deny in revoked.denies]
    assert "own-editor" in {role for role, _ in names}
    for deny, (role, name) in zip(revoked.denies, names, strict=True):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=deny.text)
    try:
        assert not reads(stage, stolen, mine)
        assert reads(stage, others, theirs)
    finally:
        for role, name in names:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
    assert reads(stage, stolen, mine)


def test_a_session_that_was_stolen_from_an_address_opens_nothing_elsewhere(
    site: tuple[LocalAws, Site],
) -> None:
    key = ERIN.prefix(HOME) + OBJECT
    with ExitStack() as stack:
        stage = stack.enter_context(handing_out(site[1], same_address=True))
        for address, opens in (("127.0.0.1", True), ("203.0.113.7", False)):
            asked = stage.call(stage.token(ERIN, HOME))
            asked["requestContext"]["http"]["sourceIp"] = address
            session = stage.own.authorizer.decide(asked)[0].response
            assert session is not None
            assert reads(stage, session, key) is opens


@pytest.mark.parametrize("role", ["own-editor", "editor", "own-admin", "admin"])
def test_a_session_cannot_be_made_into_another(
    site: tuple[LocalAws, Site], stage: OwnStage, role: str
) -> None:
    """Who holds one asks STS for its role without its policy, or for another role."""
    session = answered(stage, stage.token(ERIN, HOME))
    sts = boto3.client(
        "sts",
        endpoint_url=site[0].endpoint,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role_arn(role), RoleSessionName="wider", DurationSeconds=3600)
