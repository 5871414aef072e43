"""SNS: every operation on a topic by the topic's ARN, with the topic's own policy.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon SNS"; SNS Developer Guide,
"Using identity-based policies": publishing a batch is `sns:Publish`, and tags at creation need `sns:TagResource`.

Subscribing has no row: at AWS the endpoint's owner has a say (a queue's policy, a confirmation), and moto asks nobody.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?")
_UNJUDGED: Final = ("PhoneNumber", "DataProtectionPolicy")
_KEY: Final = "KmsMasterKeyId"
ACTIONS: Final[Mapping[str, str]] = {
    # Operation → action, where they differ.
    "PublishBatch": "Publish",
}


def _on_topic(call: Call) -> list[Need]:
    asked = call.parameters
    return [_need(call, call.asked.operation, asked.get("TopicArn") or asked["TargetArn"])]


def _on_resource(call: Call) -> list[Need]:
    return [_need(call, call.asked.operation, call.parameters["ResourceArn"])]


def _on_subscription(call: Call) -> list[Need]:
    topic, _, _ = call.parameters["SubscriptionArn"].rpartition(":")
    return [_need(call, call.asked.operation, topic)]


def _create(call: Call) -> list[Need]:
    topic = call.arn("sns", call.parameters["Name"])
    also = ("TagResource",) if call.parameters.get("Tags") else ()
    return [_need(call, operation, topic) for operation in ("CreateTopic", *also)]


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(
        ("Publish", "PublishBatch", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic"), _on_topic
    ),
    **dict.fromkeys(("AddPermission", "RemovePermission", "ListSubscriptionsByTopic"), _on_topic),
    **dict.fromkeys(("TagResource", "UntagResource", "ListTagsForResource"), _on_resource),
    **dict.fromkeys(("GetSubscriptionAttributes", "Unsubscribe"), _on_subscription),
    "CreateTopic": _create,
    **dict.fromkeys(
        ("ListTopics", "ListSubscriptions"),
        lambda call: [Need(action=f"sns:{call.asked.operation}", resource="*")],
    ),
}


def _need(call: Call, operation: str, topic: str) -> Need:
    backend = state.of("sns", call.principal.account, call.asked.region)
    found = backend.topics.get(topic)
    has = () if found is None else backend.list_tags_for_resource(topic)
    return Need(
        action=f"sns:{ACTIONS.get(operation, operation)}",
        resource=topic,
        keys={**tags.of_request(call), **tags.of_resource(has)},
        policy=None if found is None else found.policy,
    )


def normal(call: Call) -> dict[str, Any]:
    """Raises `Refused` for one of another account, for a telephone or an
    application's endpoint, which are no topic's, and for a KMS key, which would have to be judged too."""
    made = dict(call.parameters)
    unjudged: list[str] = [name for name in _UNJUDGED if name in made]
    if _KEY in made.get("Attributes", ()) or made.get("AttributeName") == _KEY:
        unjudged.append(_KEY)
    if unjudged:
        raise Refused("InvalidParameter", f"the door does not judge {', '.join(unjudged)} in SNS")
    if "TargetArn" in made and "TopicArn" in made:
        raise Refused("InvalidParameter", "TopicArn and TargetArn name two things to publish to")
    if call.asked.operation == "Publish" and not {"TargetArn", "TopicArn"} & set(made):
        raise Refused("InvalidParameter", "neither TopicArn nor TargetArn names what to publish to")
    for name in ("TopicArn", "TargetArn", "ResourceArn"):
        if name in made:
            _check(call, made[name])
    if "SubscriptionArn" in made:
        _check(call, made["SubscriptionArn"].rpartition(":")[0])
    return made


def _check(call: Call, topic: str) -> None:
    if not _NAME.fullmatch(call.own(topic, "sns").removeprefix(call.arn("sns", ""))):
        raise Refused("InvalidParameter", f"{topic!r} is no topic's ARN")


SERVICE = Service(operations=OPERATIONS, keys=tags.KEYS | {"sns:endpoint", "sns:protocol"}, normal=normal)
