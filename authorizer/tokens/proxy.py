"""The proxy on the way to a key set: the one that the environment names, read as botocore reads it for STS.

`HTTPS_PROXY` and `NO_PROXY`, or their lower case forms (urllib.request, `getproxies_environment`). aiohttp's own
`trust_env` is not used: it would also send a stranger what a `.netrc` holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Self
from urllib import request
from urllib.parse import SplitResult, urlsplit

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
"""RFC 1122 §3.2.1.3 and RFC 4291 §2.5.3. What `is_loopback` says of `::ffff:127.0.0.1` depends on Python's version."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """What the environment says of proxies, read once."""

    https: str | None = field(repr=False)
    """URL of the proxy for HTTPS; it may hold a password."""
    excepted: Mapping[str, str]
    """`NO_PROXY`, in the form that `proxy_bypass_environment` takes."""

    @classmethod
    def of_environment(cls) -> Self:
        named = request.getproxies_environment()
        https = named.get("https")
        if https and "://" not in https:
            https = f"http://{https.removeprefix('//')}"  # as botocore
        return cls(https, {name: value for name, value in named.items() if name == "no"})

    def on_the_way_to(self, uri: str) -> str | None:
        """The URL of the proxy that `uri` is fetched through. None: directly, as all that is on this machine.

        Raises `ValueError` where it is no proxy; its text holds nothing of it.
        """
        parts = urlsplit(uri)
        if self.https is None or parts.scheme != "https" or is_loopback(parts):
            return None
        if request.proxy_bypass_environment(  # type: ignore[attr-defined] # typeshed leaves it out
            parts.netloc, dict(self.excepted)
        ):
            return None
        if not _is_proxy(self.https):
            raise ValueError("HTTPS_PROXY names no proxy: expected http://HOST:PORT")
        return self.https


def is_loopback(parts: SplitResult) -> bool:
    """Whether a URI names this machine."""
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return parts.hostname == "localhost"
    return any(address in network for network in LOOPBACK)


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of `urlsplit`, or of a port that is no number
        return False
