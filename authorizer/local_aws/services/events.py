"""EventBridge: each event by the bus that it goes to, its source and its detail type; rules by their bus and name.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EventBridge"; EventBridge
User Guide, "Using IAM policy conditions": each entry of a PutEvents is judged by itself, and one that is refused
refuses them all.

Writing rules and targets has no row: a rule hands events to whatever its role may reach, which would have to be judged.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_NAME: Final = re.compile(r"[.A-Za-z0-9_-]{1,256}")
_DEFAULT: Final = "default"
_UNJUDGED: Final = ("EndpointId", "EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig")


def _put(call: Call) -> list[Need]:
    return [_event(call, entry) for entry in call.parameters["Entries"]]


def _event(call: Call, entry: Mapping[str, Any]) -> Need:
    need = _on(call, entry["EventBusName"])
    told = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
    keys = {
        **need.keys,
        "events:eventBusInvocation": "false",
        **{key: value for key, value in told.items() if value is not None},
    }
    return Need(action=need.action, resource=need.resource, keys=keys, policy=need.policy)


def _on_bus(call: Call) -> list[Need]:
    return [_on(call, call.parameters["Name"])]


def _on(call: Call, bus: str) -> Need:
    found = _buses(call).get(bus)
    resource = call.arn("events", f"event-bus/{bus}")
    return Need(
        action=f"events:{call.asked.operation}",
        resource=resource,
        keys={**tags.of_request(call), **_tags(call, resource)},
        policy=None if found is None else found.policy,
    )


def _on_rule(call: Call) -> list[Need]:
    name = call.parameters.get("Rule", call.parameters.get("Name", ""))
    if not _NAME.fullmatch(name):
        raise Refused("ValidationException", "a rule's name is 1 to 256 of a-z, A-Z, 0-9, `.`, `_` and `-`")
    bus = call.parameters["EventBusName"]
    resource = call.arn("events", f"rule/{name}" if bus == _DEFAULT else f"rule/{bus}/{name}")
    return [
        Need(
            action=f"events:{call.asked.operation}",
            resource=resource,
            keys={"events:creatorAccount": call.principal.account, **_tags(call, resource)},
        )
    ]


_RULES: Final = (
    *("DescribeRule", "EnableRule", "DisableRule", "DeleteRule", "ListTargetsByRule", "RemoveTargets"),
)
_BUSES: Final = ("DescribeEventBus", "CreateEventBus", "DeleteEventBus")
OPERATIONS: Final[Mapping[str, Needs]] = {
    "PutEvents": _put,
    **dict.fromkeys(_BUSES, _on_bus),
    **dict.fromkeys(_RULES, _on_rule),
    **dict.fromkeys(
        ("ListEventBuses", "ListRules", "TestEventPattern"),
        lambda call: [Need(action=f"events:{call.asked.operation}", resource="*")],
    ),
}


def _buses(call: Call) -> Mapping[str, Any]:
    buses: Mapping[str, Any] = state.of("events", call.principal.account, call.asked.region).event_buses
    return buses


def _tags(call: Call, resource: str) -> dict[str, str | tuple[str, ...]]:
    backend = state.of("events", call.principal.account, call.asked.region)
    return tags.of_resource(backend.tagger.get_tag_dict_for_resource(resource))


def normal(call: Call) -> dict[str, Any]:
    """Each bus by its name, the default one too. Raises `Refused` for one of another account, for what goes through
    somebody else (an endpoint, a partner, a key), and for an event in AWS's own name."""
    made = dict(call.parameters)
    if unjudged := [name for name in _UNJUDGED if name in made]:
        raise Refused("ValidationException", f"the door does not judge {', '.join(unjudged)} in EventBridge")
    if call.asked.operation == "PutEvents":
        made["Entries"] = [_entry(call, entry) for entry in made["Entries"]]
    if call.asked.operation in _RULES:
        made["EventBusName"] = _bus(call, made.get("EventBusName", _DEFAULT))
    if call.asked.operation in _BUSES:
        made["Name"] = _bus(call, made.get("Name", _DEFAULT))
    return made


def _entry(call: Call, entry: Mapping[str, Any]) -> dict[str, Any]:
    if str(entry.get("Source", "")).startswith("aws."):
        raise Refused("NotAuthorizedForSourceException", "a source that begins with `aws.` is AWS's own")
    return {**entry, "EventBusName": _bus(call, entry.get("EventBusName", _DEFAULT))}


def _bus(call: Call, text: str) -> str:
    name = text
    if text.startswith("arn:"):
        name = call.own(text, "events").removeprefix(call.arn("events", "event-bus/"))
    if not _NAME.fullmatch(name):
        raise Refused("ValidationException", f"{text!r} is no event bus of this account's own")
    return name


SERVICE = Service(
    operations=OPERATIONS,
    keys=tags.KEYS
    | {"events:source", "events:detail-type", "events:eventbusinvocation"}
    | {"events:creatoraccount", "events:managedby"},
    normal=normal,
)
