"""SQS: every operation on a queue, by the URL that names it, with the queue's own policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SQS".
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?")

ACTIONS: Final[Mapping[str, str]] = {
    # Operation → action, where they differ.
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
_ON_QUEUE: Final = (
    *(
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "PurgeQueue",
    ),
    *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "GetQueueAttributes", "SetQueueAttributes"),
    *(
        "DeleteQueue",
        "ListQueueTags",
        "TagQueue",
        "UntagQueue",
        "ListDeadLetterSourceQueues",
        "AddPermission",
    ),
    "RemovePermission",
)


def _on_queue(call: Call) -> list[Need]:
    return [_need(call, queue_of(call))]


def _by_name(call: Call) -> list[Need]:
    owner = call.parameters.get("QueueOwnerAWSAccountId", call.principal.account)
    if owner != call.principal.account:
        raise Refused("AccessDenied", "the queue is of another account: the door judges one", status=403)
    return [_need(call, call.parameters["QueueName"])]


def _need(call: Call, name: str) -> Need:
    operation = call.asked.operation
    found = state.of("sqs", call.principal.account, call.asked.region).queues.get(name)
    return Need(
        action=f"sqs:{ACTIONS.get(operation, operation)}",
        resource=call.arn("sqs", name),
        keys={**tags.of_request(call), **tags.of_resource({} if found is None else found.tags)},
        policy=None if found is None else found.policy,
    )


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(_ON_QUEUE, _on_queue),
    **dict.fromkeys(("GetQueueUrl", "CreateQueue"), _by_name),
    "ListQueues": lambda _: [Need(action="sqs:ListQueues", resource="*")],
}


def queue_of(call: Call) -> str:
    """The queue that a URL names. Raises `Refused` for one of another account."""
    parts = urlsplit(call.parameters["QueueUrl"])
    _, account, name = (*parts.path.split("/"), "", "")[:3]
    if parts.query or parts.fragment or parts.path.count("/") != 2 or not _NAME.fullmatch(name):
        raise Refused("QueueDoesNotExist", "the QueueUrl is not https://…/ACCOUNT/NAME")
    if account != call.principal.account:
        raise Refused("AccessDenied", "the queue is of another account: the door judges one", status=403)
    return str(name)


def normal(call: Call) -> dict[str, Any]:
    """The queue's URL with nothing else in it."""
    made = dict(call.parameters)
    if "QueueUrl" in made:
        made["QueueUrl"] = (
            f"https://sqs.{call.asked.region}.amazonaws.com/{call.principal.account}/{queue_of(call)}"
        )
    return made


SERVICE = Service(operations=OPERATIONS, keys=tags.KEYS, normal=normal)
