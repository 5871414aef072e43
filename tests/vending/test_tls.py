"""Whom the function's calls of STS reach: nobody without STS's own certificate, behind a proxy neither."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from botocore.config import Config
from botocore.exceptions import SSLError

from authorizer.aws.https import CheckedConfig, CheckedSession, Connector
from authorizer.backend import session
from authorizer.errors import StsRefused, StsUnavailable
from authorizer.model import Shape
from authorizer.sealing.context import plain
from authorizer.settings.schema import Sealing, SharedCache
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.servers.connect_proxy import ConnectProxy, connect_proxy
from tests.servers.https import HttpsServer, https_serving
from tests.tokens.test_proxies import proxies_are
from tests.vending.conftest import CALLER, SESSION, no_pause
from tests.vending.factories import (
    NOW,
    SUB,
    jwk_set,
    make_credentials,
    make_identity,
    make_policy,
    make_settings,
)

ASKED = StsRefused
"""What comes of an answer that says nothing: it was asked."""


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpsServer]:
    proxies_are(monkeypatch)
    for name, value in {**CALLER, "AWS_DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(name, value)
    async with https_serving(tmp_path) as running:
        yield running


@pytest.fixture
async def proxy(server: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConnectProxy]:
    port = int(server.url.rpartition(":")[2])
    async with connect_proxy(sts_example=port, localhost=port) as running:
        proxies_are(monkeypatch, HTTPS_PROXY=f"http://127.0.0.1:{running.port}")
        yield running


async def ask(patch: pytest.MonkeyPatch, url: str, trusted: Path | None) -> None:
    patch.setenv("AWS_ENDPOINT_URL_STS", url)
    if trusted:
        patch.setenv("AWS_CA_BUNDLE", str(trusted))
    vendor = Vendor(make_settings(), session=SESSION, pause=no_pause)
    try:
        await vendor.vend(make_identity(), make_policy(), Shape.REST_REQUEST, NOW, Deadline.after(8.0))
    finally:
        await vendor.close()


async def test_a_trusted_certificate_in_the_right_name_is_taken(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ASKED):
        await ask(monkeypatch, server.url, server.certificate)


async def test_a_trusted_certificate_in_another_name_is_refused(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can have one from a public authority, in a name of their own."""
    with pytest.raises(StsUnavailable, match="SSLError"):
        await ask(monkeypatch, server.url.replace("localhost", "127.0.0.1"), server.certificate)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StsUnavailable, match="SSLError"):
        await ask(monkeypatch, server.url, None)


async def test_behind_a_proxy_the_right_name_is_taken(
    server: HttpsServer, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ASKED):
        await ask(monkeypatch, "https://localhost", server.certificate)
    assert proxy.asked == ["localhost:443"]


async def test_behind_a_proxy_another_name_is_refused(
    server: HttpsServer, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StsUnavailable, match="SSLError"):
        await ask(monkeypatch, "https://sts.example", server.certificate)
    assert set(proxy.asked) == {"sts.example:443"}


async def test_behind_a_proxy_a_certificate_that_nobody_vouches_for_is_refused(
    server: HttpsServer, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StsUnavailable, match="SSLError"):
        await ask(monkeypatch, "https://localhost", None)
    assert set(proxy.asked) == {"localhost:443"}


async def test_certificates_that_cannot_be_read_are_a_failure_and_no_reason_to_trust_others(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StsUnavailable, match="HTTPClientError"):
        await ask(monkeypatch, server.url, server.certificate.with_name("absent.pem"))


async def test_there_are_as_many_connections_as_were_asked_for() -> None:
    """aiohttp's own hundred would let the 101st user wait for another's answer."""
    connector = CheckedSession(max_pool_connections=512)._create_connector(None)
    assert connector.limit == 512
    await connector.close()


class Own(AIOHTTPSession):
    """A backend's own session."""


@pytest.mark.parametrize(
    ("given", "session", "connections"),
    [
        pytest.param(AioConfig(http_session_cls=Own), Own, None, id="a session of their own"),
        pytest.param(
            AioConfig(connector_args={"keepalive_timeout": 3}), CheckedSession, 3, id="what connects them"
        ),
        pytest.param(Config(read_timeout=3), CheckedSession, None, id="what botocore alone knows"),
    ],
)
def test_a_client_keeps_what_it_was_given_and_checks_otherwise(
    given: Any, session: object, connections: int | None
) -> None:
    merged: Any = CheckedConfig(http_session_cls=CheckedSession).merge(given)
    assert merged.http_session_cls is session
    assert merged.read_timeout == given.read_timeout
    if connections:
        assert merged.connector_args == {"keepalive_timeout": connections}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_shared_session_is_read_from_nobody_else(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url.replace("localhost", name))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.certificate))
    settings = make_settings(
        private_sealing=Sealing(source="environment", keys=jwk_set()),
        shared_cache=SharedCache(table="sessions", region="eu-central-1"),
    )
    vendor = Vendor(settings, session=SESSION, pause=no_pause)
    shared = vendor._shared
    assert shared is not None
    client = await shared._open()
    try:
        with nullcontext() if name == "localhost" else pytest.raises(SSLError):
            await client.get_item(TableName="sessions", Key={"id": {"S": "x"}})
    finally:
        await vendor.close()


@pytest.mark.parametrize("config", [None, AioConfig(read_timeout=5)], ids=["plain", "of the backend's own"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_backend_s_clients_reach_nobody_else(
    server: HttpsServer, monkeypatch: pytest.MonkeyPatch, name: str, config: AioConfig | None
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.certificate))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else it waits ten seconds for another certificate
    fields = {**plain(make_credentials()), "sub": SUB}
    event = {"requestContext": {"apiId": "a", "stage": "s", "authorizer": fields}}
    monkeypatch.setattr("time.time", lambda: NOW)
    made = session(event).client("sqs", endpoint_url=server.url.replace("localhost", name), config=config)
    async with made as client:
        with nullcontext() if name == "localhost" else pytest.raises(SSLError):
            await client.list_queues()


async def test_a_connector_may_be_awaited_or_taken_as_it_is() -> None:
    """aiobotocore 3 waits for it, 2 does not."""
    connector = Connector()
    assert await connector is connector
    await connector.close()
