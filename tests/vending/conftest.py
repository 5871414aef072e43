"""A fake STS on loopback, a vendor that speaks to it, and factories that state only the difference."""

from collections.abc import AsyncIterator

import aioboto3
import pytest

from authorizer.settings.schema import Settings
from authorizer.vending.vendor import Vendor
from tests.vending.factories import make_settings
from tests.vending.fake_sts import FakeSts

CALLER = {
    "AWS_ACCESS_KEY_ID": "AKIACALLER",
    "AWS_SECRET_ACCESS_KEY": "caller-secret",
    "AWS_SESSION_TOKEN": "caller-token",
}


@pytest.fixture
async def sts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSts]:
    """STS at the address that botocore's own environment variable names, as for any emulator."""
    for name, value in {**CALLER, "AWS_DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(name, value)
    async with FakeSts() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        yield server


async def no_pause(_seconds: float) -> None:
    """Retries at once."""


@pytest.fixture
async def vendor(sts: FakeSts) -> AsyncIterator[Vendor]:
    made = new_vendor(make_settings())
    yield made
    await made.close()


SESSION = aioboto3.Session()
"""One for all: a session reads botocore's service files once, in a fifth of a second."""


def new_vendor(settings: Settings) -> Vendor:
    return Vendor(settings, session=SESSION, pause=no_pause)
