"""Which key sets are fetched through which proxy, by what the environment says when the settings load."""

import pytest

from authorizer.errors import SettingsError
from authorizer.tokens.fetch import FetchFailed, HttpFetch
from authorizer.tokens.proxy import Proxies
from authorizer.tokens.verifier import Verifier
from tests.tokens.minting import KEYS, issuer, issuers

URI = "https://issuer.example/.well-known/jwks.json"
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


def proxies_are(patch: pytest.MonkeyPatch, **named: str) -> None:
    """These variables of the environment, and none of the person who runs the tests."""
    for name in NAMES:
        patch.delenv(name, raising=False)
        patch.delenv(name.lower(), raising=False)
    for name, value in named.items():
        patch.setenv(name, value)


def test_the_environment_is_read_at_load(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch)
    fetch = HttpFetch()
    proxies_are(monkeypatch, HTTPS_PROXY="http://proxy.example:3128")
    assert fetch.proxies.on_the_way_to(URI) is None
    assert HttpFetch().proxies.on_the_way_to(URI) == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "uri", "through"),
    [
        pytest.param("", URI, True, id="an issuer"),
        pytest.param("", URI.replace("/.", ":8443/."), True, id="an issuer at another port"),
        pytest.param("", "HTTPS://issuer.example/jwks.json", True, id="an issuer in capitals"),
        pytest.param("issuer.example", URI, False, id="one that is excepted"),
        pytest.param("a.example, .example", URI, False, id="one whose domain is excepted"),
        pytest.param("suer.example", URI, True, id="one whose name only ends like an excepted one"),
        pytest.param("issuer.example:8443", URI, True, id="one that is excepted at another port"),
        pytest.param("*", URI, False, id="where all are excepted"),
        pytest.param("", "https://localhost:8443/jwks.json", False, id="this machine"),
        pytest.param("", "https://127.0.0.1:8443/jwks.json", False, id="this machine's address"),
        pytest.param("", "https://[::1]:8443/jwks.json", False, id="this machine's other address"),
        pytest.param("", "https://127.0.0.1.evil.example/jwks.json", True, id="no machine of ours"),
        pytest.param("", "http://127.0.0.1:8080/jwks.json", False, id="this machine without TLS"),
        pytest.param(
            "", "http://issuer.example/jwks.json", False, id="an issuer without TLS, who is not asked"
        ),
    ],
)
def test_what_goes_through_the_proxy(
    no_proxy: str, uri: str, through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies_are(
        monkeypatch,
        HTTPS_PROXY="http://proxy.example:3128",
        HTTP_PROXY="http://other.example:3128",
        NO_PROXY=no_proxy,
    )
    way = Proxies.of_environment().on_the_way_to(uri)
    assert way == ("http://proxy.example:3128" if through else None)


def test_the_way_to_a_proxy_may_have_tls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch, HTTPS_PROXY="https://proxy.example:3128")
    assert Proxies.of_environment().on_the_way_to(URI) == "https://proxy.example:3128"


def test_an_empty_variable_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch, HTTPS_PROXY="")
    assert Proxies.of_environment().on_the_way_to(URI) is None


def test_a_proxy_for_http_is_none_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch, HTTP_PROXY="http://other.example:3128", ALL_PROXY="http://other.example:3128")
    assert Proxies.of_environment().on_the_way_to(URI) is None


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("socks5://u:s3cret@proxy:1080", id="of another kind"),
        pytest.param("http://", id="without a host"),
        pytest.param("http://proxy:s3cret", id="whose port is no number"),
        pytest.param("http://proxy:99999", id="whose port is too large"),
        pytest.param("http://proxy:0", id="whose port is none"),
        pytest.param("http://[::1", id="whose address does not end"),
        pytest.param("://s3cret", id="without a scheme"),
    ],
)
async def test_a_proxy_that_is_none_does_not_load_where_keys_are_fetched_through_it(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies_are(monkeypatch, HTTPS_PROXY=named)
    with pytest.raises(
        SettingsError, match="HTTPS_PROXY names no proxy: expected http://HOST:PORT"
    ) as refused:
        Verifier(issuers(issuer()), KEYS)
    assert "s3cret" not in str(refused.value)
    fetch = HttpFetch()
    with pytest.raises(FetchFailed, match="HTTPS_PROXY names no proxy") as failed:
        await fetch(URI, 1.0)
    await fetch.close()
    assert "s3cret" not in str(failed.value)
    Verifier(issuers(issuer(jwks_uri="http://127.0.0.1:8080/jwks.json")), KEYS)


def test_what_is_shown_of_a_proxy_holds_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies_are(monkeypatch, HTTPS_PROXY="http://user:s3cret@proxy:3128")
    assert "s3cret" not in repr(Proxies.of_environment())
