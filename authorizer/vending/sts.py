"""The STS client: one per event loop, regional, short of patience, and silent about what it sends and gets."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from authorizer.aws.https import CheckedSession, kept
from authorizer.aws.hush import hush
from authorizer.errors import (
    CallerCredentialsRefused,
    SettingsError,
    StsRefused,
    StsThrottled,
    StsUnavailable,
    VendingFailure,
)
from authorizer.model import Credentials
from authorizer.vending.cache import Counts
from authorizer.vending.failures import refusal
from authorizer.vending.query import QueryClient
from authorizer.vending.request import AssumeRoleRequest
from authorizer.vending.shares import Owners, Shares

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.5
"""Seconds of one attempt. STS answers in tens of milliseconds; botocore's default of 60 s is six times what
an HTTP API waits for its authorizer (10 s, API Gateway quotas)."""
ATTEMPTS = 4
FIRST_PAUSE = 0.05
ENOUGH = 0.2
"""Seconds in which STS answers. A try behind which there is no time for another is the last."""
KEEP_ALIVE = 2.0
"""Seconds after which an idle connection is not used again. One that died while Lambda had the environment frozen,
closed by STS or in silence by a NAT gateway, costs a request more time than a handshake does."""
MAX_CONNECTIONS = 512
"""Connections to STS. botocore's default of 10 would make 256 new users wait for each other 26 times over; a
Lambda environment has 1,024 file descriptors (Lambda quotas)."""


class Sts:
    """AssumeRole with retries inside a deadline. `counts.calls` and `counts.retries` say how often it called."""

    def __init__(
        self,
        session: aioboto3.Session,
        counts: Counts,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._counts = counts
        self._pause = pause
        self._shares = Shares()
        self._resources = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._query: QueryClient | None = None

    async def open(self) -> QueryClient:
        """The way to STS, made on first use, once for all who ask at the same time.

        Raises `SettingsError` where no Region is configured, and botocore's errors where the function's own credentials
        are not to be had.
        """
        async with self._opening:
            if self._query is None:
                self._query = await self._open()
            return self._query

    async def _open(self) -> QueryClient:
        hush()
        sessions: list[CheckedSession] = []
        config = AioConfig(
            connector_args={"keepalive_timeout": KEEP_ALIVE},
            http_session_cls=kept(sessions),
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            # Retries are ours: botocore's know no deadline.
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=MAX_CONNECTIONS,
        )
        if self._session.region_name is None:
            # botocore would fall back to the global endpoint, which is one Region for all the world.
            raise SettingsError(["no AWS Region for STS: set AWS_DEFAULT_REGION, as Lambda does"])
        # Asks for the function's own credentials, which a container or an instance may have to give: who is out of
        # time meanwhile leaves nothing behind.
        async with AsyncExitStack() as made:
            client = await made.enter_async_context(self._session.client("sts", config=config))
            query = await QueryClient.of(client, self._session, sessions)
            self._resources = made.pop_all()
        return query

    async def close(self) -> None:
        self._query = None
        await self._resources.aclose()

    async def assume_role(
        self,
        request: AssumeRoleRequest,
        *,
        now: float,
        remaining: Callable[[], float],
        owners: Owners = frozenset(),
    ) -> Credentials:
        """The credentials of a new role session. `owners` are whom it is for, where STS cannot take everybody's call.

        Throttling, faults of STS and broken connections are tried again, up to four times in all, after a
        random pause that doubles (exponential backoff with full jitter, AWS Architecture Blog), while
        `remaining()` seconds allow it. A connection that was closed while nobody looked, as while the environment was
        frozen, is no reason to pause.

        Raises a `VendingFailure`.
        """
        attempt = 0
        while True:
            attempt += 1
            pause = FIRST_PAUSE * 2**attempt * random.random()  # noqa: S311 - jitter
            last = attempt == ATTEMPTS or pause + ENOUGH >= remaining()
            try:
                return await self._attempt(request, now, owners, last=last)
            except (StsThrottled, StsUnavailable) as error:
                failure: VendingFailure = error
            except (BotoCoreError, OSError) as error:
                failure = unanswered(error)
                if attempt == 1 and isinstance(error, ConnectionClosedError):
                    pause = 0.0
            may_pass = isinstance(failure, StsThrottled | StsUnavailable)
            if not may_pass or attempt == ATTEMPTS or pause >= remaining():
                raise failure
            self._counts.retries += 1
            await self._pause(pause)

    async def _attempt(
        self, request: AssumeRoleRequest, now: float, owners: Owners, *, last: bool
    ) -> Credentials:
        if not self._shares.admits(owners, last=last):
            raise StsThrottled(
                "STS throttles this account, and others' calls come first: whoever role "
                f"{request.role_arn!r} is assumed for had more than a fair share of the last ones; share role sessions "
                "between environments with [shared_cache]"
            )
        self._counts.calls += 1
        query = await self.open()
        status, reply = await query.assume_role(request)
        if not 200 <= status < 300:
            failure = refusal(reply, status, request)
            if isinstance(failure, StsThrottled):
                self._shares.throttled()
            raise failure
        self._shares.answered()
        return granted(reply, request, now)


def unanswered(error: Exception) -> VendingFailure:
    """The error for a call that got no reply."""
    kind = type(error).__name__
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return CallerCredentialsRefused(
            f"the function has no AWS credentials of its own to call STS with: {kind}; give it an execution role"
        )
    return StsUnavailable(
        f"STS did not answer: {kind}; look at the function's way to STS, such as its VPC endpoint"
    )


def granted(reply: Any, request: AssumeRoleRequest, now: float) -> Credentials:
    """The credentials in a reply of AssumeRole. Raises `StsRefused` for a reply that is not whole."""
    try:
        triple = reply["Credentials"]
        credentials = Credentials(
            access_key_id=triple["AccessKeyId"],
            secret_access_key=triple["SecretAccessKey"],
            session_token=triple["SessionToken"],
            expiration=triple["Expiration"].timestamp(),
            role_arn=request.role_arn,
            session_name=request.session_name,
            packed_policy_size=reply.get("PackedPolicySize"),
            session_token_utilization=reply.get("SessionTokenUtilization"),
            issued_at=now,
        )
    except (AttributeError, KeyError, TypeError):
        raise StsRefused(
            f"STS's reply for role {request.role_arn!r} is not whole: expected three credentials and their expiration; "
            "is AWS_ENDPOINT_URL_STS an STS?",
            sts_code="IncompleteReply",
        ) from None
    if not (credentials.access_key_id and credentials.secret_access_key and credentials.session_token):
        raise StsRefused(
            f"STS's reply for role {request.role_arn!r} has an empty credential: expected three; is "
            "AWS_ENDPOINT_URL_STS an STS?",
            sts_code="IncompleteReply",
        )
    return credentials
