"""Connections to AWS that check whom they reach."""

from typing import Any

from aiobotocore.httpsession import AIOHTTPSession
from aiohttp import TCPConnector

from authorizer import tls


class CheckedSession(AIOHTTPSession):
    """aiobotocore's HTTP session, with a TLS that checks: `AioConfig(http_session_cls=CheckedSession)`.

    aiobotocore's own takes a certificate in whatever name if a public authority has signed it, since botocore leaves
    the name to urllib3, which is not there; and behind a proxy it takes any certificate at all (2.25,
    `AIOHTTPSession._create_connector`). Who stands between could so read the function's calls, and answer them.
    """

    def _create_connector(self, proxy_url: str | None) -> TCPConnector:  # noqa: ARG002 - alike with one
        inherited: Any = self  # its types leave out what is private
        bundle = inherited._verify if isinstance(inherited._verify, str) else None  # `AWS_CA_BUNDLE`
        return TCPConnector(
            limit=inherited._max_pool_connections, ssl=tls.context(bundle), **inherited._connector_args
        )
