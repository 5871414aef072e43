"""Loading libraries quickly, for Lambda's init phase: what they made for themselves meanwhile trusts no CA."""

import gc
import os
from collections.abc import Iterator
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
