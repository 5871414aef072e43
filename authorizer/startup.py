"""Loading libraries quickly, for Lambda's init phase: nothing here changes what they do afterwards."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

CERTIFICATES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Where OpenSSL looks for CAs by default (openssl-env(7))."""


@contextmanager
def quick() -> Iterator[None]:
    """Within it, imports neither walk the garbage, of which they make none (a fifth of their time), nor read CAs.

    aiohttp reads all CAs twice when it is imported, for default contexts. Those made here trust nobody: what would use
    one by mistake is refused. Key sets and STS are asked with `tls.context()`.
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
