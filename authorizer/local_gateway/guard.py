"""Whom the server answers at all: requests that name it by a name of its own, from no page or from a page that may.

Every page in the browser of this machine can reach loopback, and a name that its owner points here makes an answer
readable, too (DNS rebinding). So any other `Host` is refused, and any `Origin` but the server's own and those that the
user named with `--allow-origin`: the CORS of a document is for its deployment, and its `*` opens no laptop. So is what
a page of another origin asks for without an `Origin`, and a service worker, which would stand between the console and
this server (Service Workers, "Service-Worker" header).
"""

from typing import Final

from authorizer.local_gateway.api import Cors
from authorizer.local_gateway.incoming import Incoming

NAMES: Final = ("127.0.0.1", "localhost")


def own_hosts(port: int) -> frozenset[str]:
    return frozenset(f"{name}:{port}" for name in NAMES) | (frozenset(NAMES) if port == 80 else frozenset())


def problem(incoming: Incoming, port: int, origins: tuple[str, ...] = ()) -> str | None:
    """Why this request is refused; None where it is not. `origins` are those of other pages that may ask."""
    hosts = incoming.values("host")
    if len(hosts) != 1 or hosts[0].lower() not in own_hosts(port):
        return "the Host is not this server's: expected " + " or ".join(sorted(own_hosts(port)))
    for origin in incoming.values("origin"):
        own = origin.removeprefix("http://") in own_hosts(port) and origin.startswith("http://")
        if not own and not Cors(origins=origins).allows(origin):
            return "the Origin is not this server's, and not one that --allow-origin names"
    if not incoming.values("origin") and _is_of_another_page(incoming):
        return (
            "a page of another origin asks without an Origin, as <img> does: ask by fetch, which CORS judges"
        )
    if "script" in incoming.values("service-worker"):
        return "a service worker of this origin could read what the console shows: there are none here"
    return None


def _is_of_another_page(incoming: Incoming) -> bool:
    """Fetch Metadata Request Headers, §2. Opening a page of this server's from another is a person's own doing."""
    return incoming.header("sec-fetch-site") in {"cross-site", "same-site"} and (
        incoming.header("sec-fetch-dest") != "document"
    )
