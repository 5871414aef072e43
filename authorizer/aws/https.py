"""Connections to AWS that check whom they reach."""

from collections.abc import Generator
from typing import Any, Self

from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import TCPConnector

from authorizer import tls


class Connector(TCPConnector):
    """aiohttp's own, which may be awaited too: aiobotocore 2 takes what `_create_connector` gives, 3 waits for it."""

    def __await__(self) -> Generator[Any, Any, Self]:
        yield from ()  # nothing is waited for
        return self


class CheckedSession(AIOHTTPSession):
    """aiobotocore's HTTP session, with a TLS that checks: `AioConfig(http_session_cls=CheckedSession)`.

    aiobotocore 2's own takes a certificate in whatever name if a public authority has signed it, since botocore leaves
    the name to urllib3, which is not there; and behind a proxy it takes any certificate at all (2.25,
    `AIOHTTPSession._create_connector`). Who stands between could so read the function's calls, and answer them.
    3's own checks both, and reads all CAs once more for each client (3.10, `_build_verify_context`).
    """

    def _create_connector(self, proxy_url: str | None) -> Connector:  # noqa: ARG002 - alike with one
        inherited: Any = self  # its types leave out what is private
        bundle = inherited._verify if isinstance(inherited._verify, str) else None  # `AWS_CA_BUNDLE`
        return Connector(
            limit=inherited._max_pool_connections, ssl=tls.context(bundle), **inherited._connector_args
        )


def kept(made: list[CheckedSession]) -> type[CheckedSession]:
    """The same for a client over whose session its owner sends requests, too: each is put into `made`."""

    class KeptSession(CheckedSession):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            made.append(self)

    return KeptSession


class CheckedConfig(AioConfig):
    """A session's default configuration, under which a client's own one keeps everything but aiobotocore's own HTTP
    session: `session.set_default_client_config(CheckedConfig(http_session_cls=CheckedSession))`."""

    def merge(self, other_config: Any) -> Any:  # type: ignore[explicit-override]  # Python 3.11 has no `override`
        """aiobotocore's own leaves out the class of the session, and what the connector was given (2.25)."""
        merged: Any = super().merge(other_config)
        wanted = getattr(other_config, "http_session_cls", AIOHTTPSession)
        merged.http_session_cls = CheckedSession if wanted is AIOHTTPSession else wanted
        merged.connector_args = getattr(other_config, "connector_args", None)
        return merged
