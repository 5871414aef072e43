"""Lambda: a function by its ARN, qualified where a version or an alias is asked for, with the function's own policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda"; Lambda Developer
Guide, "Resources and conditions": an invocation of an alias is one of the resource `function:NAME:ALIAS`. There is no
condition key for the tenant of a tenant-isolated function.

No function runs here: moto answers an invocation with its payload. Making one has no row.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend

from authorizer.local_aws import tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_FUNCTION: Final = re.compile(
    r"(arn:(?P<partition>[a-z-]+):lambda:(?P<region>[a-z0-9-]+):)?((?P<account>[0-9]{12}):function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(:(?P<qualifier>[A-Za-z0-9_-]{1,128}|\$LATEST))?"
)
"""Lambda API Reference, Invoke, FunctionName: a name, an ARN, or a part of one."""
ACTIONS: Final[Mapping[str, str]] = {
    # Operation → action, where they differ.
    "Invoke": "InvokeFunction",
}


def _on_function(call: Call) -> list[Need]:
    name, qualifier = call.parameters["FunctionName"], call.parameters.get("Qualifier")
    latest = _latest(call, name)
    resource = call.arn("lambda", f"function:{name}")
    return [
        Need(
            action=f"lambda:{ACTIONS.get(call.asked.operation, call.asked.operation)}",
            resource=resource if qualifier is None else f"{resource}:{qualifier}",
            keys={
                "lambda:InvokedViaFunctionUrl": "false",
                **tags.of_resource({} if latest is None else latest.tags),
            },
            policy=None if latest is None else _policy(latest.policy.statements),
        )
    ]


def _latest(call: Call, name: str) -> Any:
    """moto's function; None if there is none."""
    try:
        return get_backend(call.principal.account, call.asked.region).get_function(name)
    except UnknownFunctionException:
        return None


def _policy(statements: list[Mapping[str, Any]]) -> str | None:
    """As `add-permission` made it. moto keeps an account's number as it was given."""
    if not statements:
        return None
    named = [
        {**each, "Principal": {"AWS": each["Principal"]}}
        if str(each.get("Principal", "")).isdigit()
        else dict(each)
        for each in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": named})


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(("Invoke", "GetFunction", "GetFunctionConfiguration"), _on_function),
    "ListFunctions": lambda _: [Need(action="lambda:ListFunctions", resource="*")],
}


def normal(call: Call) -> dict[str, Any]:
    """The function by its name alone, its version or alias beside it. Raises `Refused` for one of another account or
    Region, and for two qualifiers."""
    made = dict(call.parameters)
    if "FunctionName" not in made or call.asked.operation not in OPERATIONS:
        return made
    found = _FUNCTION.fullmatch(made["FunctionName"])
    who = call.principal
    own = {"partition": who.partition, "region": call.asked.region, "account": who.account}
    whose = {} if found is None else {part: found[part] for part in own if found[part] is not None}
    if found is None or whose.items() - own.items() or ("region" in whose and "account" not in whose):
        raise Refused("ValidationException", f"{made['FunctionName']!r} is no function of this account's own")
    if found["qualifier"] is not None:
        if made.get("Qualifier", found["qualifier"]) != found["qualifier"]:
            raise Refused("InvalidParameterValueException", "FunctionName and Qualifier name two versions")
        made["Qualifier"] = found["qualifier"]
    return {**made, "FunctionName": found["name"]}


SERVICE = Service(
    operations=OPERATIONS,
    keys=tags.KEYS | {"lambda:invokedviafunctionurl", "lambda:eventsourcetoken"},
    normal=normal,
)
