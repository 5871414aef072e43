"""The isolation matrix that runs on Ceph gives the same verdicts at the local AWS, and fails where it should."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from authorizer.local_aws import LocalAws, door, judging
from authorizer.local_aws.judging import Verdict
from tests.local_aws.matrix import whole
from tests.local_aws.stage import local_site
from tests.s3.matrix import checks, population
from tests.s3.operations import OPERATIONS
from tests.s3.stage import Site, Stage, staged

pytestmark = pytest.mark.slow

SAMPLE = 50
"""Each so-maniest caller of each policy; all of them by `python -m tests.local_aws.matrix`."""


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[LocalAws, Site]]:
    with local_site() as made:
        yield made


@pytest.fixture
def stage(site: tuple[LocalAws, Site]) -> Iterator[Stage]:
    with staged(site[1]) as stage:
        yield stage


def test_the_sample_of_the_matrix_holds_no_surprise_and_no_deviation(stage: Stage) -> None:
    tally = whole(stage, SAMPLE)
    assert (tally.unexpected, dict(tally.explained)) == ([], {})
    assert tally.total > 700
    for operation in OPERATIONS:
        outcomes = {outcome for name, _, outcome in tally.counts if name == operation.name}
        never = operation.name in ("list without /", "list everything")
        assert outcomes == ({"refused"} if never else {"allowed", "refused"})


def test_the_matrix_fails_where_session_policies_are_ignored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = judging.judge

    def ignoring(need: Any, principal: Any, *more: Any) -> Verdict:
        return judge(need, replace(principal, session=None), *more)

    monkeypatch.setattr(door, "judge", ignoring)
    tally = whole(stage, SAMPLE, 2)
    foreign = [line for line in tally.unexpected if "(own)" not in line]
    assert len(foreign) > 100
    assert all(line.endswith("the evaluator says refused, the server allowed") for line in foreign)


def test_as_many_checks_as_on_ceph(stage: Stage) -> None:
    assert sum(1 for caller, subject in population() for _ in checks(caller, subject)) == 32_340
    assert stage.site.door.endpoint == stage.site.gateway.endpoint
