"""The TLS context of everything that is asked over HTTPS on a request's way: issuers' key sets, and STS.

Reading the CAs is among the longest steps of a cold start (150 certificates, some 40 ms). aiohttp does it twice when
it is imported, for contexts of its own, which `startup` spares; here is the one that counts, made once, with Python's
defaults: certificates required, names checked, TLS 1.2 or newer.
"""

import ssl
from functools import lru_cache


@lru_cache(maxsize=4)
def context(bundle: str | None = None) -> ssl.SSLContext:
    """A client's context that trusts the system's CAs, or those of the PEM file `bundle` alone.

    Raises `OSError` for a bundle that cannot be read.
    """
    return ssl.create_default_context(cafile=bundle)
