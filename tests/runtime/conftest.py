"""What outlives the environments of one test module: an issuer, and an STS."""

from collections.abc import Iterator

import pytest

from authorizer.local.issuer import TOKEN_USES, LocalIssuer, make_key
from tests.make import sample_settings
from tests.world import World, running


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("keys")) as here:
        yield here


@pytest.fixture(scope="module")
def later() -> LocalIssuer:
    """The same issuer after it has changed all of its keys."""
    settings = sample_settings()
    [first, *_] = settings.issuers
    keys = {use: make_key() for use in TOKEN_USES}
    return LocalIssuer(first, client_id="1example23456789app", machine_client_id="machine", keys=keys)
