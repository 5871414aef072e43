"""What each tenant has in SNS, EventBridge, Step Functions and Lambda, and what is tried there: rows of the matrix."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tests.local_aws.stage import REGION
from tests.local_aws.world import ACCOUNT, ROLE

if TYPE_CHECKING:
    from tests.local_aws.services_matrix import Row, Try

ARN: Final = f"{REGION}:{ACCOUNT}"
MACHINE: Final = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'
ALIAS: Final = "live"


def name_of(tenant: str) -> str:
    """Of the tenant's topic, bus, state machine and function."""
    return f"jobs-{tenant}"


def topic(tenant: str) -> str:
    return f"arn:aws:sns:{ARN}:{name_of(tenant)}"


def machine(tenant: str) -> str:
    return f"arn:aws:states:{ARN}:stateMachine:{name_of(tenant)}"


def source(tenant: str) -> str:
    """What a tenant's events on the bus of all say that they are from."""
    return f"app.{tenant}"


def policy(tenant: str) -> list[dict[str, Any]]:
    """The statements of one tenant's session policy."""
    name = name_of(tenant)
    return [
        {"Effect": "Allow", "Action": "sns:*", "Resource": topic(tenant)},
        {
            "Effect": "Allow",
            "Action": "events:*",
            "Resource": [f"arn:aws:events:{ARN}:event-bus/{name}", f"arn:aws:events:{ARN}:rule/{name}/*"],
        },
        {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": f"arn:aws:events:{ARN}:event-bus/default",
            "Condition": {"StringEquals": {"events:source": source(tenant)}},
        },
        {
            "Effect": "Allow",
            "Action": "states:*",
            "Resource": [machine(tenant), f"arn:aws:states:{ARN}:execution:{name}:*"],
        },
        {
            "Effect": "Allow",
            "Action": "lambda:*",
            "Resource": [f"arn:aws:lambda:{ARN}:function:{name}{end}" for end in ("", ":*")],
        },
    ]


def populate(owner: Mapping[str, Any], tenant: str) -> None:
    """Something of the tenant's in each service."""
    name = name_of(tenant)
    owner["sns"].create_topic(Name=name)
    owner["events"].create_event_bus(Name=name)
    owner["events"].put_rule(Name="all", EventBusName=name, EventPattern='{"source": ["a"]}')
    owner["stepfunctions"].create_state_machine(name=name, definition=MACHINE, roleArn=ROLE)
    owner["lambda"].create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="a.b",
        Code={"ZipFile": _code()},
        Publish=True,
    )
    owner["lambda"].create_alias(FunctionName=name, Name=ALIAS, FunctionVersion="1")


def _code() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.py", "def b(event, context): return event\n")
    return made.getvalue()


def _sns(operation: str, **fixed: Any) -> "Callable[[Try], Any]":
    return lambda t: getattr(t.me["sns"], operation)(TopicArn=topic(t.place), **fixed)


SNS: "tuple[Row, ...]" = (
    ("publish", _sns("publish", Message="x&Action=DeleteTopic"), True),
    ("publish to a target", lambda t: t.me["sns"].publish(TargetArn=topic(t.place), Message="x"), True),
    (
        "publish a batch",
        _sns("publish_batch", PublishBatchRequestEntries=[{"Id": "1", "Message": "x"}]),
        True,
    ),
    ("its attributes", _sns("get_topic_attributes"), True),
    ("set one", _sns("set_topic_attributes", AttributeName="DisplayName", AttributeValue="x"), True),
    ("its subscriptions", _sns("list_subscriptions_by_topic"), True),
    (
        "tag",
        lambda t: t.me["sns"].tag_resource(ResourceArn=topic(t.place), Tags=[{"Key": "a", "Value": "b"}]),
        True,
    ),
    ("make it again", lambda t: t.me["sns"].create_topic(Name=name_of(t.place)), True),
    ("subscribe", _sns("subscribe", Protocol="sqs", Endpoint=f"arn:aws:sqs:{ARN}:jobs-t"), False),
    ("list topics", lambda t: t.me["sns"].list_topics(), False),
)


def _entry(bus: str | None, tenant: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"Source": source(tenant), "DetailType": "made", "Detail": "{}"}
    return entry if bus is None else {**entry, "EventBusName": bus}


def _put(*entries: "Callable[[Try], dict[str, Any]]") -> "Callable[[Try], Any]":
    return lambda t: t.me["events"].put_events(Entries=[each(t) for each in entries])


def _rule(operation: str, **fixed: Any) -> "Callable[[Try], Any]":
    return lambda t: getattr(t.me["events"], operation)(EventBusName=name_of(t.place), **fixed)


EVENTS: "tuple[Row, ...]" = (
    ("put an event on a bus", _put(lambda t: _entry(name_of(t.place), t.own)), True),
    (
        "put one on a bus by its ARN",
        _put(lambda t: _entry(f"arn:aws:events:{ARN}:event-bus/{name_of(t.place)}", t.own)),
        True,
    ),
    ("put one from a source on the bus of all", _put(lambda t: _entry(None, t.place)), True),
    (
        "put one among one's own",
        _put(lambda t: _entry(None, t.own), lambda t: _entry("default", t.place)),
        True,
    ),
    ("describe the bus", lambda t: t.me["events"].describe_event_bus(Name=name_of(t.place)), True),
    ("describe a rule", _rule("describe_rule", Name="all"), True),
    ("disable a rule", _rule("disable_rule", Name="all"), True),
    ("its targets", _rule("list_targets_by_rule", Rule="all"), True),
    ("write a rule", _rule("put_rule", Name="other", EventPattern='{"source": ["a"]}'), False),
    ("describe the bus of all", lambda t: t.me["events"].describe_event_bus(), False),
)


def _machine(operation: str, **fixed: Any) -> "Callable[[Try], Any]":
    return lambda t: getattr(t.me["stepfunctions"], operation)(stateMachineArn=machine(t.place), **fixed)


def _execution(operation: str) -> "Callable[[Try], Any]":
    def tried(t: "Try") -> Any:
        made = t.owner["stepfunctions"].start_execution(stateMachineArn=machine(t.place))
        return getattr(t.me["stepfunctions"], operation)(executionArn=made["executionArn"])

    return tried


STATES: "tuple[Row, ...]" = (
    ("start", _machine("start_execution", input='{"a": "b&c=d"}'), True),
    ("describe", _machine("describe_state_machine"), True),
    ("its executions", _machine("list_executions"), True),
    ("describe an execution", _execution("describe_execution"), True),
    ("its machine", _execution("describe_state_machine_for_execution"), True),
    ("its history", _execution("get_execution_history"), True),
    ("stop it", _execution("stop_execution"), True),
    (
        "make one",
        lambda t: t.me["stepfunctions"].create_state_machine(
            name=name_of(t.place), definition=MACHINE, roleArn=ROLE
        ),
        False,
    ),
    ("list", lambda t: t.me["stepfunctions"].list_state_machines(), False),
)


def _invoke(name: "Callable[[Try], str]", **fixed: Any) -> "Callable[[Try], Any]":
    return lambda t: t.me["lambda"].invoke(FunctionName=name(t), Payload=b'{"a": "b&c=d"}', **fixed)


FUNCTIONS: "tuple[Row, ...]" = (
    ("invoke", _invoke(lambda t: name_of(t.place)), True),
    ("invoke by its ARN", _invoke(lambda t: f"arn:aws:lambda:{ARN}:function:{name_of(t.place)}"), True),
    ("invoke by a part of it", _invoke(lambda t: f"{ACCOUNT}:function:{name_of(t.place)}"), True),
    ("invoke an alias", _invoke(lambda t: name_of(t.place), Qualifier=ALIAS), True),
    ("invoke an alias in the name", _invoke(lambda t: f"{name_of(t.place)}:{ALIAS}"), True),
    ("invoke and not wait", _invoke(lambda t: name_of(t.place), InvocationType="Event"), True),
    ("its code", lambda t: t.me["lambda"].get_function(FunctionName=name_of(t.place)), True),
    (
        "write its code",
        lambda t: t.me["lambda"].update_function_code(FunctionName=name_of(t.place), ZipFile=_code()),
        False,
    ),
    ("list", lambda t: t.me["lambda"].list_functions(), False),
)
ROWS: "Mapping[str, tuple[Row, ...]]" = {
    "sns": SNS,
    "events": EVENTS,
    "stepfunctions": STATES,
    "lambda": FUNCTIONS,
}
