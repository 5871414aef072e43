"""SSM parameters: each by its name, versions and labels aside; a path opens every level below it.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Systems Manager".
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.local_aws import tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_NAME: Final = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*(:[A-Za-z0-9_.-]+)?")
_PATH: Final = re.compile(r"/|(/[A-Za-z0-9_.-]+)+/?")
_REFERENCE: Final = "/aws/reference/"
"""What begins so is another service's: to read it is that service's to allow."""
PARAMETERS: Final[Mapping[str, str]] = {
    # Condition key ← the parameter that it tells.
    "ssm:Recursive": "Recursive",
    "ssm:Overwrite": "Overwrite",
}


def _by_name(call: Call) -> list[Need]:
    return [_need(call, call.parameters["Name"])]


def _by_names(call: Call) -> list[Need]:
    return [_need(call, name) for name in call.parameters["Names"]]


def _by_path(call: Call) -> list[Need]:
    path = call.parameters["Path"]
    if not _PATH.fullmatch(path):
        raise Refused("ValidationException", "the path is not /NAME/NAME/…")
    return [_need(call, path.rstrip("/") or "/")]


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(("GetParameter", "GetParameterHistory", "PutParameter", "DeleteParameter"), _by_name),
    **dict.fromkeys(("GetParameters", "DeleteParameters"), _by_names),
    "GetParametersByPath": _by_path,
    "DescribeParameters": lambda _: [Need(action="ssm:DescribeParameters", resource="*")],
}


def _need(call: Call, name: str) -> Need:
    keys: dict[str, str | tuple[str, ...]] = {
        key: str(call.parameters[told]).lower() for key, told in PARAMETERS.items() if told in call.parameters
    }
    resource = call.arn("ssm", f"parameter/{name.partition(':')[0].removeprefix('/')}")
    return Need(
        action=f"ssm:{call.asked.operation}", resource=resource, keys={**keys, **tags.of_request(call)}
    )


def normal(call: Call) -> dict[str, Any]:
    """Each parameter by its name alone. Raises `Refused` for one of another account, for another service's, and for one
    under a key of the caller's own choice, which would have to be judged too."""
    made = dict(call.parameters)
    if "KeyId" in made:
        raise Refused("ValidationException", "the door does not judge a KMS key in SSM")
    if "Name" in made:
        made["Name"] = _name(call, made["Name"])
    if "Names" in made:
        made["Names"] = [_name(call, name) for name in made["Names"]]
    return made


def _name(call: Call, text: str) -> str:
    name = text
    if text.startswith("arn:"):
        name = call.own(text, "ssm").removeprefix(call.arn("ssm", "parameter"))
    if not _NAME.fullmatch(name) or f"/{name.lstrip('/')}/".startswith(_REFERENCE):
        raise Refused("ValidationException", f"{text!r} is no parameter of this account's own")
    return name


SERVICE = Service(
    operations=OPERATIONS,
    keys=frozenset({*(key.lower() for key in PARAMETERS), "aws:requesttag/", "aws:tagkeys"}),
    normal=normal,
)
