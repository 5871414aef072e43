"""For the function or server behind the API: from the event to an AWS session that can do what the caller may.

::

    from authorizer.backend import boto3_session

    def handler(event, context):
        s3 = boto3_session(event).client("s3")

`credentials`, `session` (aioboto3) and `boto3_session` read the authorizer's context, in all four event shapes that a
Lambda integration gets, and open it if it is sealed; `credentials_from_headers` does the same for an HTTP
integration. `assume` stands behind API Gateway's own Cognito authorizers, where no context holds credentials.

A WebSocket's messages carry the credentials of its `$connect`. With `gateway.renew_connections` in `access.toml` and
the authorizer's ARN in `AUTHORIZER_FUNCTION` the same functions ask for fresh ones in the last minute of those, and
wait for them: once an hour and connection, some 50 ms.

Nothing here prints or logs a credential. Each function imports what it needs when it is called: a backend with plain
credentials loads no Jinja, no JWT and no JOSE library.

Sealed credentials need the keys: `AUTHORIZER_SEALING_KEYS`, and `AUTHORIZER_SEALING_SOURCE` as in `[sealing]
source`. Where either is set, credentials that are not sealed are refused. The keys are read again every five
minutes, so that one that was dropped opens no longer; where they cannot be read, `SettingsError` or
`SealingKeysUnavailable` is raised.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from authorizer.backend.event import Headers, context_of_event, context_of_headers
from authorizer.backend.opening import open_context
from authorizer.errors import CredentialsAbsent, CredentialsExpired, RenewalFailed, SealRefused
from authorizer.model import Credentials

if TYPE_CHECKING:
    import aioboto3
    import boto3
    from botocore.loaders import Loader
    from botocore.session import Session as CoreSession

__all__ = [
    "CredentialsAbsent",
    "CredentialsExpired",
    "RenewalFailed",
    "SealRefused",
    "assume",
    "boto3_session",
    "credentials",
    "credentials_from_headers",
    "session",
]


def credentials(event: Mapping[str, Any], *, now: float | None = None) -> Credentials:
    """The caller's credentials in the event of a Lambda integration: REST, HTTP API 1.0 or 2.0, WebSocket.

    Raises `CredentialsAbsent`, `CredentialsExpired`, or `SealRefused` for sealed ones that do not open here.
    """
    return open_context(context_of_event(event), time.time() if now is None else now)


def credentials_from_headers(headers: Headers, *, audience: str, now: float | None = None) -> Credentials:
    """The caller's credentials in the headers of an HTTP integration: see `authorizer.backend.event.HEADERS`.

    `headers` is the server's own collection, whatever its type, and no `dict()` of it: a header that comes twice is
    refused. `audience` is this backend's own `API_ID/STAGE`; the request does not say, and a caller must not. Map
    each header with `overwrite:`, never `append:`, and let nobody but API Gateway reach the server: plain headers
    prove nothing.

    Raises as `credentials` does.
    """
    return open_context(context_of_headers(headers, audience), time.time() if now is None else now)


def session(event: Mapping[str, Any]) -> "aioboto3.Session":
    """An aioboto3 session with the caller's credentials. Raises as `credentials` does."""
    import aioboto3  # noqa: PLC0415 - for those who use it
    from aiobotocore.session import AioSession  # noqa: PLC0415

    from authorizer.aws.https import CheckedConfig, CheckedSession  # noqa: PLC0415

    core = AioSession()
    core.set_default_client_config(CheckedConfig(http_session_cls=CheckedSession))
    return aioboto3.Session(**_arguments(credentials(event)), botocore_session=_with_models(core))


def boto3_session(event: Mapping[str, Any]) -> "boto3.Session":
    """A boto3 session with the caller's credentials. Raises as `credentials` does."""
    import boto3  # noqa: PLC0415 - for those who use it
    from botocore.session import Session  # noqa: PLC0415

    return boto3.Session(**_arguments(credentials(event)), botocore_session=_with_models(Session()))


async def assume(event: Mapping[str, Any], *, now: float | None = None) -> Credentials:
    """The caller's credentials behind a native Cognito authorizer: see `authorizer.backend.assuming`."""
    from authorizer.backend.assuming import assume as assume_for  # noqa: PLC0415 - loads the engine and Jinja

    return await assume_for(event, time.time() if now is None else now)


@cache
def _models() -> "Loader":
    """The service models that this process has read. They are the same for every caller, and reading S3's takes
    longer than a call to S3; a session of its own for each event would read them each time."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - for those who make a session

    return create_loader()


def _with_models(session: "CoreSession") -> "CoreSession":
    session.register_component("data_loader", _models())
    return session


def _arguments(found: Credentials) -> dict[str, str]:
    return {
        "aws_access_key_id": found.access_key_id,
        "aws_secret_access_key": found.secret_access_key,
        "aws_session_token": found.session_token,
    }
