"""One real S3 and STS server for the session, and one bucket of everybody's objects in it."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from tests.s3.matrix import Tally, report
from tests.s3.stage import Site, Stage, built, staged
from tests.servers.rgw import RadosGateway, missing

TALLIES = pytest.StashKey[list[Tally]]()


@pytest.fixture(scope="session")
def gateway() -> Iterator[RadosGateway]:
    if reason := missing():
        # Whoever asks for these tests wants to know whether callers are kept apart: "skipped" is no answer.
        pytest.exit(f"isolation was not tested: {reason}", returncode=1)
    with RadosGateway() as gateway:
        yield gateway


@pytest.fixture(scope="session")
def site(gateway: RadosGateway) -> Iterator[Site]:
    with built(gateway) as site:
        yield site


@pytest.fixture
def stage(site: Site) -> Iterator[Stage]:
    with staged(site) as stage:
        yield stage


def pytest_terminal_summary(config: pytest.Config) -> None:
    """What `make test-s3` is run for."""
    for tally in config.stash.get(TALLIES, ()):
        report(tally, Console(width=100))
