"""One real S3 and STS server for the session."""

from collections.abc import Iterator

import pytest

from tests.servers.rgw import RadosGateway, missing


@pytest.fixture(scope="session")
def gateway() -> Iterator[RadosGateway]:
    if reason := missing():
        pytest.skip(reason)
    with RadosGateway() as gateway:
        yield gateway
