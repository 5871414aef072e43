"""The ARN of the requested route, taken apart without losing anything."""

import re
from functools import lru_cache

from authorizer.errors import EventUnknown
from authorizer.model import RouteArn

_ARN = re.compile(
    # API Gateway Developer Guide, "Control access for invoking an API", resource format. The path is whatever the
    # client asked for and may hold `:` and `/`, so nothing may be split there: AWS's own samples lose what follows.
    r"arn:(?P<partition>aws[a-z-]*):execute-api:(?P<region>[a-z0-9-]+):(?P<account_id>\d{12}):"
    r"(?P<api_id>[A-Za-z0-9]+)/(?P<stage>[A-Za-z0-9_-]{1,128}|\$default)/(?P<rest>.*)",
    re.DOTALL,
)


def parse_route_arn(text: object, *, websocket: bool) -> RouteArn:
    """`methodArn` or `routeArn` → its parts.

    Raises `EventUnknown` for anything else: the answer is built on this ARN, so a guess would grant on another API.
    """
    if not isinstance(text, str):
        raise EventUnknown("the event's methodArn or routeArn is no ARN of an API Gateway route")
    return _parts(text, websocket)


@lru_cache(maxsize=256)  # a path may be long, and callers choose it
def _parts(text: str, websocket: bool) -> RouteArn:
    match = _ARN.fullmatch(text)
    if match is None:
        raise EventUnknown("the event's methodArn or routeArn is no ARN of an API Gateway route")
    parts = match.groupdict()
    rest = parts.pop("rest")
    if websocket:
        return RouteArn(**parts, method="", path=rest)
    method, slash, path = rest.partition("/")
    if not slash or not re.fullmatch(r"[A-Z]+", method):
        raise EventUnknown("the event's methodArn or routeArn names no HTTP method")
    return RouteArn(**parts, method=method, path=f"/{path}")
