"""Clients that block, for what AWS's asynchronous ones are too slow to load for: the keys that seal, alone."""

from typing import Any


def blocking_client(service: str) -> Any:
    """A boto3 client of the function's own credentials. Short of patience: a thread that asks cannot be stopped, and
    outlives the request's deadline by no more than this."""
    import boto3  # noqa: PLC0415 - only where AWS holds the keys
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client(service, config=config)
