"""Step Functions: state machines and their executions, each by its ARN.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Step Functions"; Step Functions
Developer Guide, "Creating tag-based IAM policies": an execution has the tags of its state machine.

Making a state machine has no row: it acts as the role that it is given, which would have to be judged.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_MACHINE: Final = re.compile(r"stateMachine:([A-Za-z0-9_-]{1,80})")
_EXECUTION: Final = re.compile(r"execution:([A-Za-z0-9_-]{1,80}):[A-Za-z0-9_-]{1,80}")


def _on_machine(call: Call) -> list[Need]:
    return [_need(call, call.parameters["stateMachineArn"], _MACHINE)]


def _on_execution(call: Call) -> list[Need]:
    return [_need(call, call.parameters["executionArn"], _EXECUTION)]


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(
        ("StartExecution", "StartSyncExecution", "DescribeStateMachine", "ListExecutions"), _on_machine
    ),
    **dict.fromkeys(
        ("DescribeExecution", "DescribeStateMachineForExecution", "GetExecutionHistory", "StopExecution"),
        _on_execution,
    ),
    "ListStateMachines": lambda _: [Need(action="states:ListStateMachines", resource="*")],
}


def _need(call: Call, arn: str, form: re.Pattern[str]) -> Need:
    """Raises `Refused` for an ARN of another form: a version or an alias (`states:StateMachineQualifier`), a run of a
    map."""
    found = form.fullmatch(call.own(arn, "states").removeprefix(call.arn("states", "")))
    if found is None:
        raise Refused("InvalidArn", f"{arn!r} is not {_FORMS[form]}, which is all that the door translates")
    backend = state.of("stepfunctions", call.principal.account, call.asked.region)
    machine = call.arn("states", f"stateMachine:{found[1]}")
    return Need(
        action=f"states:{call.asked.operation}",
        resource=arn,
        keys=tags.of_resource(backend.tagger.get_tag_dict_for_resource(machine)),
    )


_FORMS: Final = {_MACHINE: "stateMachine:NAME", _EXECUTION: "execution:NAME:EXECUTION"}


def normal(call: Call) -> dict[str, Any]:
    """Raises `Refused` for the runs of a map, which are listed by an ARN of their own."""
    if "mapRunArn" in call.parameters:
        raise Refused("InvalidArn", "the door does not translate mapRunArn")
    return dict(call.parameters)


SERVICE = Service(operations=OPERATIONS, keys=tags.KEYS | {"states:statemachinequalifier"}, normal=normal)
