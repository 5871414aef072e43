"""SNS, EventBridge, Step Functions and Lambda: each operation needs what IAM would ask for, and nobody goes around."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.engine.check.reference import service
from authorizer.local_aws import LocalAws
from authorizer.local_aws.services import SERVICES
from tests.local_aws.messages_rows import ARN, MACHINE, machine, topic
from tests.local_aws.services_matrix import populated
from tests.local_aws.stage import client
from tests.local_aws.test_services import allow, code_of, session
from tests.local_aws.world import ACCOUNT, ROLE, document

OTHER = "210987654321"
FUNCTION = f"arn:aws:lambda:{ARN}:function:jobs-t1"
BUS = f"arn:aws:events:{ARN}:event-bus"
EVENT = {"Source": "app.t1", "DetailType": "made", "Detail": "{}"}
TAGS = [{"Key": "team", "Value": "blue"}]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with populated() as (made, _):
        for about, operation, asked in (
            ("sns", "tag_resource", {"ResourceArn": topic("t1"), "Tags": TAGS}),
            ("events", "tag_resource", {"ResourceARN": f"{BUS}/jobs-t1", "Tags": TAGS}),
            (
                "stepfunctions",
                "tag_resource",
                {"resourceArn": machine("t1"), "tags": [{"key": "team", "value": "blue"}]},
            ),
            ("lambda", "tag_resource", {"Resource": FUNCTION, "Tags": {"team": "blue"}}),
        ):
            getattr(client(made, about), operation)(**asked)
        yield made


NEEDS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "sns",
        "create_topic",
        {"Name": "new", "Tags": TAGS},
        [("sns:CreateTopic", f"arn:aws:sns:{ARN}:new"), ("sns:TagResource", f"arn:aws:sns:{ARN}:new")],
    ),
    ("sns", "create_topic", {"Name": "new"}, [("sns:CreateTopic", f"arn:aws:sns:{ARN}:new")]),
    (
        "sns",
        "unsubscribe",
        {"SubscriptionArn": f"{topic('t1')}:0b1c0e6e-0000-4000-8000-000000000000"},
        [("sns:Unsubscribe", topic("t1"))],
    ),
    ("sns", "publish", {"TopicArn": f"{topic('t1')}-gone", "Message": "x"}, [("sns:Publish", f"{topic('t1')}-gone")]),
    ("sns", "list_subscriptions", {}, [("sns:ListSubscriptions", "*")]),
    (
        "events",
        "put_events",
        {"Entries": [EVENT, {**EVENT, "EventBusName": "jobs-t1"}, {**EVENT, "EventBusName": f"{BUS}/jobs-t2"}]},
        [("events:PutEvents", f"{BUS}/{name}") for name in ("default", "jobs-t1", "jobs-t2")],
    ),
    ("events", "describe_event_bus", {}, [("events:DescribeEventBus", f"{BUS}/default")]),
    ("events", "create_event_bus", {"Name": "new"}, [("events:CreateEventBus", f"{BUS}/new")]),
    ("events", "delete_rule", {"Name": "all"}, [("events:DeleteRule", f"arn:aws:events:{ARN}:rule/all")]),
    (
        "events",
        "remove_targets",
        {"Rule": "all", "EventBusName": f"{BUS}/jobs-t1", "Ids": ["1"]},
        [("events:RemoveTargets", f"arn:aws:events:{ARN}:rule/jobs-t1/all")],
    ),
    ("events", "list_rules", {}, [("events:ListRules", "*")]),
    ("lambda", "invoke", {"FunctionName": f"{FUNCTION}:live"}, [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
    ("lambda", "invoke", {"FunctionName": "gone", "Qualifier": "$LATEST"},
     [("lambda:InvokeFunction", f"arn:aws:lambda:{ARN}:function:gone:$LATEST")]),
    ("lambda", "get_function_configuration", {"FunctionName": "jobs-t1"},
     [("lambda:GetFunctionConfiguration", FUNCTION)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("about", "operation", "asked", "needs"),
    [pytest.param(*row, id=f"{row[0]}: {row[1]} {number}") for number, row in enumerate(NEEDS)],
)
def test_an_operation_needs_this_on_that(
    aws: LocalAws, about: str, operation: str, asked: dict[str, Any], needs: list[tuple[str, str]]
) -> None:
    nobody = session(aws, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert code_of(aws, nobody, about, operation, **asked).startswith("AccessDenied")
    assert [(action, resource) for action, resource, _ in aws.journal.lines[-1].actions] == needs


REFUSED: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("a telephone", "sns", "publish", {"PhoneNumber": "+10000000000", "Message": "x"}, "InvalidParameter"),
    ("nothing to publish to", "sns", "publish", {"Message": "x"}, "InvalidParameter"),
    (
        "a topic by two names",
        "sns",
        "publish",
        {"TopicArn": topic("t1"), "TargetArn": topic("t2"), "Message": "x"},
        "InvalidParameter",
    ),
    (
        "an application's endpoint",
        "sns",
        "publish",
        {"TargetArn": f"arn:aws:sns:{ARN}:endpoint/GCM/app/1", "Message": "x"},
        "InvalidParameter",
    ),
    (
        "a topic of another account",
        "sns",
        "publish",
        {"TopicArn": topic("t1").replace(ACCOUNT, OTHER), "Message": "x"},
        "ValidationException",
    ),
    (
        "a topic of another Region",
        "sns",
        "publish",
        {"TopicArn": topic("t1").replace("eu-west-1", "eu-west-2"), "Message": "x"},
        "ValidationException",
    ),
    (
        "a subscription of another account",
        "sns",
        "get_subscription_attributes",
        {"SubscriptionArn": f"{topic('t1').replace(ACCOUNT, OTHER)}:1"},
        "ValidationException",
    ),
    (
        "a topic under a key",
        "sns",
        "create_topic",
        {"Name": "new", "Attributes": {"KmsMasterKeyId": "x"}},
        "InvalidParameter",
    ),
    (
        "a key for a topic",
        "sns",
        "set_topic_attributes",
        {"TopicArn": topic("t1"), "AttributeName": "KmsMasterKeyId", "AttributeValue": "x"},
        "InvalidParameter",
    ),
    (
        "a data protection policy",
        "sns",
        "create_topic",
        {"Name": "new", "DataProtectionPolicy": "{}"},
        "InvalidParameter",
    ),
    (
        "a subscription",
        "sns",
        "subscribe",
        {"TopicArn": topic("t1"), "Protocol": "http", "Endpoint": "http://x"},
        "NotImplemented",
    ),
    (
        "a bus of another account",
        "events",
        "put_events",
        {"Entries": [{**EVENT, "EventBusName": f"{BUS}/jobs-t1".replace(ACCOUNT, OTHER)}]},
        "ValidationException",
    ),
    (
        "a bus's name that is none",
        "events",
        "put_events",
        {"Entries": [{**EVENT, "EventBusName": "rule/x"}]},
        "ValidationException",
    ),
    (
        "an event of AWS's own",
        "events",
        "put_events",
        {"Entries": [EVENT, {**EVENT, "Source": "aws.s3"}]},
        "NotAuthorizedForSourceException",
    ),
    (
        "a partner's bus",
        "events",
        "create_event_bus",
        {"Name": "x", "EventSourceName": "aws.partner/x"},
        "ValidationException",
    ),
    ("a rule's name that is none", "events", "describe_rule", {"Name": "a/b"}, "ValidationException"),
    (
        "a rule",
        "events",
        "put_rule",
        {"Name": "x", "ScheduleExpression": "rate(1 day)"},
        "NotImplemented",
    ),
    (
        "a version of a state machine",
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"{machine('t1')}:1"},
        "InvalidArn",
    ),
    (
        "a state machine of another account",
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": machine("t1").replace(ACCOUNT, OTHER)},
        "ValidationException",
    ),
    (
        "an express execution",
        "stepfunctions",
        "stop_execution",
        {"executionArn": f"arn:aws:states:{ARN}:express:jobs-t1:a:b"},
        "InvalidArn",
    ),
    (
        "the runs of a map",
        "stepfunctions",
        "list_executions",
        {"stateMachineArn": machine("t1"), "mapRunArn": f"arn:aws:states:{ARN}:mapRun:jobs-t2/a:b"},
        "InvalidArn",
    ),
    (
        "a task's end",
        "stepfunctions",
        "send_task_success",
        {"taskToken": "x", "output": "{}"},
        "NotImplemented",
    ),
    (
        "a state machine",
        "stepfunctions",
        "create_state_machine",
        {"name": "x", "definition": MACHINE, "roleArn": ROLE},
        "NotImplemented",
    ),
    (
        "a function of another account",
        "lambda",
        "invoke",
        {"FunctionName": f"{OTHER}:function:jobs-t1"},
        "ValidationException",
    ),
    (
        "a function of another Region",
        "lambda",
        "invoke",
        {"FunctionName": FUNCTION.replace("eu-west-1", "eu-west-2")},
        "ValidationException",
    ),
    (
        "an ARN without an account",
        "lambda",
        "invoke",
        {"FunctionName": "arn:aws:lambda:eu-west-1:jobs-t1"},
        "ValidationException",
    ),
    ("a path in a name", "lambda", "invoke", {"FunctionName": "../jobs-t1"}, "ValidationException"),
    (
        "two versions of a function",
        "lambda",
        "invoke",
        {"FunctionName": "jobs-t1:live", "Qualifier": "1"},
        "InvalidParameterValueException",
    ),
]


@pytest.mark.parametrize(
    ("about", "operation", "asked", "code"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED]
)
def test_what_cannot_be_translated_is_refused(
    aws: LocalAws, about: str, operation: str, asked: dict[str, Any], code: str
) -> None:
    assert code_of(aws, session(aws, allow("*")), about, operation, **asked) == code


KEYS: list[tuple[str, str, str, dict[str, Any], dict[str, Any], str]] = [
    (
        "a tag of a new topic",
        "sns",
        "create_topic",
        {"Name": "blue", "Tags": TAGS},
        {"StringEquals": {"aws:RequestTag/team": "blue"}},
        "ok",
    ),
    (
        "the tags that are taken",
        "sns",
        "untag_resource",
        {"ResourceArn": topic("t2"), "TagKeys": ["team", "cost"]},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
        "AccessDenied",
    ),
    (
        "a topic's tag",
        "sns",
        "get_topic_attributes",
        {"TopicArn": topic("t1")},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "a topic without it",
        "sns",
        "get_topic_attributes",
        {"TopicArn": topic("t10")},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "AccessDenied",
    ),
    (
        "an event's source",
        "events",
        "put_events",
        {"Entries": [EVENT]},
        {"ForAllValues:StringEquals": {"events:source": ["app.t1"]}, "Null": {"events:source": "false"}},
        "ok",
    ),
    (
        "another event's source",
        "events",
        "put_events",
        {"Entries": [EVENT, {**EVENT, "Source": "app.t2"}]},
        {"ForAllValues:StringEquals": {"events:source": ["app.t1"]}, "Null": {"events:source": "false"}},
        "AccessDeniedException",
    ),
    (
        "an event's kind",
        "events",
        "put_events",
        {"Entries": [EVENT]},
        {"StringEquals": {"events:detail-type": "other"}},
        "AccessDeniedException",
    ),
    (
        "an event that a bus did not hand on",
        "events",
        "put_events",
        {"Entries": [EVENT]},
        {"StringEquals": {"events:eventBusInvocation": "false"}},
        "ok",
    ),
    (
        "who made a rule",
        "events",
        "describe_rule",
        {"Name": "all", "EventBusName": "jobs-t1"},
        {"StringEquals": {"events:creatorAccount": ACCOUNT}},
        "ok",
    ),
    (
        "a bus's tag",
        "events",
        "describe_event_bus",
        {"Name": "jobs-t1"},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "what an event says that EventBridge fills in",
        "events",
        "put_events",
        {"Entries": [EVENT]},
        {"StringNotEquals": {"events:SystemMetadata/AwsSource": "x"}},
        "AccessDeniedException",
    ),
    (
        "a state machine's tag",
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": machine("t1")},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "a function's tag",
        "lambda",
        "invoke",
        {"FunctionName": "jobs-t1"},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "no function's URL",
        "lambda",
        "invoke",
        {"FunctionName": "jobs-t1"},
        {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
        "AccessDeniedException",
    ),
]


@pytest.mark.parametrize(
    ("about", "operation", "asked", "condition", "code"), [pytest.param(*row[1:], id=row[0]) for row in KEYS]
)
def test_a_condition_sees_what_the_request_says(
    aws: LocalAws, about: str, operation: str, asked: dict[str, Any], condition: dict[str, Any], code: str
) -> None:
    who = session(aws, {**allow("*"), "Condition": condition})
    assert code_of(aws, who, about, operation, **asked) == code


def test_an_executions_tags_are_its_machines(aws: LocalAws) -> None:
    made = client(aws, "stepfunctions").start_execution(stateMachineArn=machine("t1"))["executionArn"]
    who = session(aws, {**allow("states:*"), "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}})
    assert code_of(aws, who, "stepfunctions", "stop_execution", executionArn=made) == "ok"


def test_an_express_execution_is_started_without_the_prefix_of_its_host(aws: LocalAws) -> None:
    """botocore asks `sync-HOST` for it unless it is told not to, which no laptop resolves."""
    nobody = session(aws, allow("s3:*"))
    states = client(aws, "stepfunctions", nobody, inject_host_prefix=False)
    with pytest.raises(ClientError, match="states:StartSyncExecution"):
        states.start_sync_execution(stateMachineArn=machine("t1"))


def test_a_topics_first_policy_opens_it_to_nobody(aws: LocalAws) -> None:
    narrow = session(aws, allow("s3:*"))
    assert code_of(aws, narrow, "sns", "publish", TopicArn=topic("t1"), Message="x") == "AccessDenied"


def test_the_policies_of_a_topic_a_bus_and_a_function_join_in(aws: LocalAws) -> None:
    who, deny = session(aws, allow("*")), {"Effect": "Deny", "Principal": "*", "Resource": "*"}
    client(aws, "sns").set_topic_attributes(
        TopicArn=topic("a"),
        AttributeName="Policy",
        AttributeValue=document({**deny, "Action": "sns:Publish"}),
    )
    assert code_of(aws, who, "sns", "publish", TopicArn=topic("a"), Message="x") == "AccessDenied"
    assert code_of(aws, who, "sns", "get_topic_attributes", TopicArn=topic("a")) == "ok"
    closed = {**deny, "Sid": "no", "Action": "events:PutEvents", "Resource": f"{BUS}/jobs-a"}
    client(aws, "events").put_permission(EventBusName="jobs-a", Policy=document(closed))
    put = {"Entries": [{**EVENT, "EventBusName": "jobs-a"}]}
    assert code_of(aws, who, "events", "put_events", **put) == "AccessDeniedException"
    # An account's number in a function's policy hands it over to the account, and no further than its roles go.
    client(aws, "lambda").add_permission(
        FunctionName="jobs-a", StatementId="ours", Action="lambda:InvokeFunction", Principal=ACCOUNT
    )
    assert code_of(aws, who, "lambda", "invoke", FunctionName="jobs-a") == "ok"
    narrow = session(aws, allow("s3:*"))
    assert code_of(aws, narrow, "lambda", "invoke", FunctionName="jobs-a") == "AccessDeniedException"


def test_a_function_that_is_invoked_answers_with_its_payload(aws: LocalAws) -> None:
    reply = client(aws, "lambda").invoke(FunctionName="jobs-t1", Payload=b'{"a": "&Action=x"}')
    assert json.loads(reply["Payload"].read()) == {"a": "&Action=x"}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"Action=DeleteFunction", id="a form"),
        pytest.param(b"{}&Action=DeleteFunction", id="a form behind it"),
        pytest.param(b'{"a": "\xff"}', id="no UTF-8"),
    ],
)
def test_a_payload_that_is_no_json_is_refused(aws: LocalAws, payload: bytes) -> None:
    code = code_of(aws, session(aws, allow("*")), "lambda", "invoke", FunctionName="jobs-t1", Payload=payload)
    assert code == "InvalidRequestContentException"


def test_taking_tags_from_a_table_says_which(aws: LocalAws) -> None:
    table = f"arn:aws:dynamodb:{ARN}:table/items"
    who = session(aws, {**allow("*"), "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}})
    assert code_of(aws, who, "dynamodb", "untag_resource", ResourceArn=table, TagKeys=["team"]) == "ok"
    refused = code_of(aws, who, "dynamodb", "untag_resource", ResourceArn=table, TagKeys=["cost"])
    assert refused == "AccessDeniedException"


@pytest.mark.parametrize("name", ["sns", "events", "states", "lambda"])
def test_every_row_names_an_action_and_every_key_is_the_services(name: str) -> None:
    from moto.core.utils import get_service_model

    table, found = SERVICES[name], service(name)
    model = get_service_model({"states": "stepfunctions"}.get(name, name))
    assert set(table.operations) <= set(model.operation_names)
    assert found is not None
    patterns = {pattern for action in found.actions for pattern in action.keys} | set(found.keys)
    assert [key for key in table.keys if not any(key in pattern for pattern in patterns)] == []
