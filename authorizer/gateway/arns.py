"""The ARN of the requested route, taken apart without losing anything."""

import re
from itertools import accumulate

from authorizer.errors import EventUnknown
from authorizer.memory import PER_PATH, remembered
from authorizer.model import RouteArn
from authorizer.syntax.kinds import kind_of

_FIELDS = (
    # In order: what a message calls it, what it looks like with all that ends it, and that in words. API Gateway
    # Developer Guide, "Control access for invoking an API", resource format. An account is twelve digits on AWS; an
    # emulator writes what it likes, such as `random-account-id`. It grants nothing: whoever sent the ARN judges the
    # answer. What must not get into the answer is a wildcard.
    ("beginning", r"arn:", "`arn:`"),
    ("partition", r"(?P<partition>aws[a-z-]{0,16}):", "one such as `aws` or `aws-cn`"),
    ("service", r"execute-api:", "`execute-api`"),
    ("Region", r"(?P<region>[a-z0-9-]{1,32}):", "lower-case letters, digits and hyphens"),
    ("account id", r"(?P<account_id>[A-Za-z0-9-]{0,64}):", "at most 64 letters, digits and hyphens"),
    ("API id", r"(?P<api_id>[A-Za-z0-9-]{1,64})/", "1 to 64 letters, digits and hyphens, then a slash"),
    (
        "stage",
        r"(?P<stage>[A-Za-z0-9_-]{1,128}|\$default)/",
        "1 to 128 letters, digits, hyphens and underscores, or `$default`, then a slash",
    ),
)
_ARN = re.compile(
    # The path is whatever the client asked for and may hold `:` and `/`, so nothing may be split there: AWS's own
    # samples lose what follows.
    "".join(pattern for _, pattern, _ in _FIELDS) + r"(?P<rest>.*)",
    re.DOTALL,
)


def parse_route_arn(text: object, *, websocket: bool) -> RouteArn:
    """`methodArn` or `routeArn` → its parts.

    Raises `EventUnknown` for anything else, and says which field it is about: the answer is built on this ARN, so a
    guess would grant on another API.
    """
    if not isinstance(text, str):
        raise EventUnknown(
            f"the event's methodArn or routeArn is no text: expected the requested route's ARN, found {kind_of(text)}"
        )
    return _parts(text, websocket)


@remembered(PER_PATH)
def _parts(text: str, websocket: bool) -> RouteArn:
    match = _ARN.fullmatch(text)
    if match is None:
        raise EventUnknown(_problem(text))
    parts = match.groupdict()
    rest = parts.pop("rest")
    if websocket:
        return RouteArn(**parts, method="", path=rest)
    method, slash, path = rest.partition("/")
    if not slash or not re.fullmatch(r"[A-Z]+", method):
        raise EventUnknown(
            "the method in the event's methodArn or routeArn is refused: expected capital letters, then a slash"
        )
    return RouteArn(**parts, method=method, path=f"/{path}")


def _problem(text: str) -> str:
    """The first field that is not as expected. It is not repeated: an ARN ends in a stranger's text."""
    as_far_as = accumulate(pattern for _, pattern, _ in _FIELDS)
    return next(
        f"the {name} in the event's methodArn or routeArn is refused: expected {expected}"
        for (name, _, expected), begun in zip(_FIELDS, as_far_as, strict=True)
        if re.match(begun, text) is None
    )
