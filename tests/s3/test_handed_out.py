"""What callers hold themselves keeps them apart as well as what backends hold, where the server is the judge."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.s3.conftest import TALLIES
from tests.s3.handed_out import OwnStage, handing_out
from tests.s3.matrix import checks, population, run
from tests.s3.operations import BUCKET, OBJECT, OPERATIONS
from tests.s3.population import SUBJECTS, USERS
from tests.s3.stage import Site

pytestmark = pytest.mark.s3
HOME = SUBJECTS[0]


@pytest.fixture
def stage(site: Site) -> Iterator[OwnStage]:
    with handing_out(site) as stage:
        yield stage


def test_a_tenth_of_the_matrix_holds_no_surprise(stage: OwnStage, pytestconfig: pytest.Config) -> None:
    work = [
        (stage.grant(caller, subject), tuple(checks(caller, subject))) for caller, subject in population(10)
    ]
    tally = asyncio.run(run(stage, work))
    pytestconfig.stash.setdefault(TALLIES, []).append(tally)
    assert tally.unexpected == []
    assert tally.total > 3000
    for operation in OPERATIONS:
        outcomes = {outcome for name, _, outcome in tally.counts if name == operation.name}
        never = operation.deviation or operation.name in ("list without /", "list everything")
        assert outcomes == ({"refused"} if never else {"allowed", "refused"})


def test_a_session_ends_with_its_token_though_sts_lets_it_live_on(stage: OwnStage) -> None:
    """A token of an hour, of which seconds are left; a session of a quarter of an hour."""
    issued = time.time() - 3600 + 4
    answer = stage.own.authorizer.decide(stage.call(stage.token(USERS[0], HOME, now=issued)))[0].response
    assert answer is not None

    async def reads() -> None:
        async with stage.client(answer) as s3:
            key = USERS[0].prefix(HOME) + OBJECT
            await s3.get_object(Bucket=BUCKET, Key=key)
            await asyncio.sleep(issued + 3600 - time.time() + 1)
            with pytest.raises(ClientError, match="AccessDenied"):
                await s3.get_object(Bucket=BUCKET, Key=key)

    asyncio.run(reads())
