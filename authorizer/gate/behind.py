"""Whether two integrations reach the same: a function, a server by whatever path, a load balancer by another listener.

Source: API Gateway Developer Guide, "Set up API integrations" (a path variable in an integration's URI takes what the
caller sends; `${stageVariables.…}` is what the stage says).
"""

from typing import Final

from authorizer.deployed import Integration, same

_VARIABLE: Final = "${"


def reaches(one: Integration | None, other: Integration | None) -> bool | None:
    """Whether both reach the same; None where that cannot be told."""
    if "MOCK" in (each.type for each in (one, other) if each is not None):
        return False
    texts = [each.function or each.uri for each in (one, other) if each is not None]
    if len(texts) < 2 or not all(texts) or any(_VARIABLE in text for text in texts):
        return None
    whole, server = same(*texts), same(*map(_server, texts))
    if whole or server is False:
        return bool(whole)
    # By another path the server may do the same: a path variable makes it any path.
    return True if server and any("{" in text for text in texts) else None


def _server(uri: str) -> str:
    """What answers, whatever the path: a host, a load balancer, or the whole ARN of anything else."""
    scheme, separator, rest = uri.partition("://")
    if separator:
        return rest.partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0].lower()
    return uri.rpartition("/")[0] if ":listener/" in scheme else uri
