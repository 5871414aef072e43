"""Key sets through the proxy of the environment: a real CONNECT proxy, TLS to the issuer end to end."""

import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from authorizer import tls
from authorizer.tokens.fetch import FetchFailed, HttpFetch
from tests.servers.connect_proxy import ConnectProxy, connect_proxy
from tests.servers.jwks import Jwks
from tests.tokens.test_proxies import proxies_are

HOST = "issuer.example"
URI = f"https://{HOST}/.well-known/jwks.json"


@pytest.fixture(autouse=True)
def no_proxy_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch)


@pytest.fixture
def jwks(tmp_path: Path) -> Iterator[Jwks]:
    """An issuer that only the proxy can reach: no name server knows its host."""
    server = Jwks('{"keys":[]}', folder=tmp_path, name=HOST)
    yield server
    server.close()


@pytest.fixture
async def proxy(jwks: Jwks) -> AsyncIterator[ConnectProxy]:
    async with connect_proxy(issuer_example=jwks.port, wrong_example=jwks.port) as running:
        yield running


@pytest.fixture
def trusted(jwks: Jwks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer's certificate is signed by an authority that the system knows."""
    context = ssl.create_default_context(cafile=str(jwks.certificate))
    monkeypatch.setattr(tls, "context", lambda: context)


async def fetched(uri: str = URI) -> bytes:
    fetch = HttpFetch()
    try:
        return await fetch(uri, 5.0)
    finally:
        await fetch.close()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.usefixtures("trusted")
async def test_a_key_set_comes_through_the_proxy(
    name: str, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert await fetched() == b'{"keys":[]}'
    assert proxy.asked == [f"{HOST}:443"]
    assert proxy.authorization == [None]


@pytest.mark.usefixtures("trusted")
async def test_a_proxy_without_a_scheme_is_an_http_proxy_as_botocore_has_it(
    proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for written in (f"127.0.0.1:{proxy.port}", f"//127.0.0.1:{proxy.port}"):
        monkeypatch.setenv("HTTPS_PROXY", written)
        assert await fetched() == b'{"keys":[]}'
    assert len(proxy.asked) == 2


@pytest.mark.usefixtures("trusted")
async def test_the_proxy_is_told_its_password_and_nobody_else_is(
    proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@127.0.0.1:{proxy.port}")
    assert await fetched() == b'{"keys":[]}'
    assert proxy.authorization == ["Basic dXNlcjpzM2NyZXQ="]
    proxy.refuse = True
    with pytest.raises(
        FetchFailed, match="the proxy that HTTPS_PROXY names does not connect: status 407"
    ) as refused:
        await fetched()
    assert "s3cret" not in str(refused.value)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@127.0.0.1:9")
    with pytest.raises(FetchFailed, match=r"HTTPS_PROXY names does not connect$") as absent:
        await fetched()
    assert "s3cret" not in str(absent.value)


async def test_an_issuer_that_nobody_vouches_for_is_refused_behind_a_proxy_too(
    proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(FetchFailed, match="ertificate"):
        await fetched()
    assert proxy.asked == [f"{HOST}:443"]


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_in_another_name_is_refused_behind_a_proxy_too(
    proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(FetchFailed, match="ertificate"):
        await fetched(URI.replace(HOST, "wrong.example"))
    assert proxy.asked == ["wrong.example:443"]


async def test_no_netrc_is_read(
    proxy: ConnectProxy, jwks: Jwks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp's own way of minding proxies would send it, to the issuer and to the proxy."""
    (tmp_path / "netrc").write_text("default login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    context = ssl.create_default_context(cafile=str(jwks.certificate))
    monkeypatch.setattr(tls, "context", lambda: context)
    await fetched()
    assert proxy.authorization == [None]
    assert jwks.authorization == [None]
