"""Lambda's init phase: loading libraries quickly, so that what they made for themselves meanwhile trusts no CA, and
leaving nothing in a snapshot."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CERTIFICATES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Where OpenSSL looks for CAs by default (openssl-env(7))."""


@contextmanager
def without_default_cas() -> Iterator[None]:
    """Within it, imports neither walk the garbage, of which they make none (a fifth of their time), nor read CAs.

    aiohttp reads all CAs twice when it is imported, for default TLS contexts. Those made here are without CAs and so
    trust nobody, for as long as the process lives: what would use one by mistake is refused. Key sets and STS are
    asked with `tls.context()`.
    """
    before = {name: os.environ.get(name) for name in CERTIFICATES}
    collecting = gc.isenabled()
    gc.disable()
    os.environ.update(CERTIFICATES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if collecting:
            # What was imported lives as long as the process: later collections need not walk it either.
            gc.freeze()
            gc.enable()


def follow_snapshots(forget: Callable[[], None], restart: Callable[[], None]) -> None:
    """Where Lambda is about to take a snapshot (SnapStart): one serves many environments, so that what it holds would
    be shared, and dead sockets are no connections."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    # Lambda's managed runtimes ship this module (Lambda Developer Guide, "Runtime hooks for Lambda SnapStart").
    from snapshot_restore_py import (  # type: ignore[import-untyped]  # noqa: PLC0415 - nowhere else; it has no types
        register_after_restore,
        register_before_snapshot,
    )

    register_before_snapshot(forget)
    register_after_restore(restart)
