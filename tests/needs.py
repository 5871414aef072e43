"""What a few tests need and a machine may lack. Each says how to get it: nothing else may skip a test."""

import shutil

import pytest


def runtime_client() -> None:
    """AWS's runtime client, which needs Linux."""
    pytest.importorskip(
        "awslambdaric", reason="AWS's runtime client is not installed: pip install awslambdaric"
    )


def node(*more: str) -> str:
    """Node.js, and programs beside it."""
    if lacking := [name for name in ("node", *more) if shutil.which(name) is None]:
        pytest.skip(f"{' and '.join(lacking)} not installed: apt-get install nodejs npm")
    return "node"
