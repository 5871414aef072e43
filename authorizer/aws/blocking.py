"""Clients that block: for the keys that seal, and for a backend that asks for fresh credentials. The asynchronous ones
take longer to load than these few calls."""

from typing import Any


def blocking_client(service: str, *, read_timeout: float = 2) -> Any:
    """A boto3 client of the function's own credentials. Short of patience: a thread that asks cannot be stopped, and
    outlives the request's deadline by no more than this."""
    import boto3  # noqa: PLC0415 - only where one is needed
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=1, read_timeout=read_timeout, retries={"mode": "standard", "total_max_attempts": 2}
    )
    # Not boto3's default session: it lasts, and a snapshot would hold the function's own credentials.
    return boto3.Session().client(service, config=config)
