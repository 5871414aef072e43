"""DynamoDB: whose items a request is about (`dynamodb:LeadingKeys`) and which attributes it names.

Source: Amazon DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control". A query's key
condition is read by moto's own parser, so that nobody reads another partition than was judged. PartiQL and the older
parameters (`KeyConditions`, `AttributesToGet`, …) have no row here, and are refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from moto.dynamodb.parsing.key_condition_expression import parse_expression

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.services.dynamodb_texts import attributes, normal, partition

PARAMETERS: Final[Mapping[str, str]] = {
    # Condition key ← the parameter that it tells.
    "dynamodb:Select": "Select",
    "dynamodb:ReturnValues": "ReturnValues",
    "dynamodb:ReturnConsumedCapacity": "ReturnConsumedCapacity",
}
_TRANSACTED: Final[Mapping[str, str]] = {
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""Item of a transaction → the action that it is."""


def _one(call: Call) -> list[Need]:
    """An operation on one item."""
    asked = call.parameters
    item = asked.get("Key") or asked.get("Item") or {}
    return [_need(call, call.asked.operation, asked["TableName"], [item], [asked])]


def _query(call: Call) -> list[Need]:
    asked = call.parameters
    index = asked.get("IndexName")
    names = asked.get("ExpressionAttributeNames", {})
    table = _table(call, asked["TableName"])
    if table is None:
        return [_need(call, "Query", asked["TableName"], [], [asked], index=index)]
    try:
        schema = state.of("dynamodb", call.principal.account, call.asked.region).get_schema(
            table_name=asked["TableName"], index_name=index
        )
        hashes, _, _ = parse_expression(
            key_condition_expression=asked["KeyConditionExpression"],
            expression_attribute_names=names,
            expression_attribute_values=asked.get("ExpressionAttributeValues", {}),
            schema=schema,
        )
        [(_, value)] = hashes
    except Exception as error:
        raise Refused("ValidationException", "the key condition does not name one partition") from error
    return [_need(call, "Query", asked["TableName"], [], [asked], index=index, leading=[partition(value)])]


def _scan(call: Call) -> list[Need]:
    asked = call.parameters
    need = _need(call, "Scan", asked["TableName"], [], [asked], index=asked.get("IndexName"))
    return [Need(action=need.action, resource=need.resource, policy=need.policy,
                 keys={**need.keys, "dynamodb:FullTableScan": "true"})]  # fmt: skip


def _batch_get(call: Call) -> list[Need]:
    return [
        _need(call, "BatchGetItem", name, about["Keys"], [about])
        for name, about in call.parameters["RequestItems"].items()
    ]


def _batch_write(call: Call) -> list[Need]:
    needs = []
    for name, writes in call.parameters["RequestItems"].items():
        items = [each for write in writes for each in _written(write)]
        needs.append(_need(call, "BatchWriteItem", name, items, []))
    return needs


def _written(write: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (write["PutRequest"]["Item"],) if "PutRequest" in write else ()
    yield from (write["DeleteRequest"]["Key"],) if "DeleteRequest" in write else ()


def _transaction(call: Call) -> list[Need]:
    """Each item by itself, as the action that it is by itself."""
    needs = []
    for item in call.parameters["TransactItems"]:
        for kind, about in item.items():
            key = about.get("Key") or about.get("Item") or {}
            needs.append(
                _need(
                    call, _TRANSACTED[kind], about["TableName"], [key], [about], within=call.asked.operation
                )
            )
    return needs


def _about_table(call: Call) -> list[Need]:
    asked = call.parameters
    return [_plain(call, call.asked.operation, _arn(call, asked["TableName"]))]


def _about_arn(call: Call) -> list[Need]:
    return [_plain(call, call.asked.operation, call.own(call.parameters["ResourceArn"], "dynamodb"))]


def _about_all(call: Call) -> list[Need]:
    return [_plain(call, call.asked.operation, "*")]


def _plain(call: Call, operation: str, resource: str) -> Need:
    keys = {**tags.of_request(call), **_resource_tags(call, resource)}
    return Need(action=f"dynamodb:{operation}", resource=resource, keys=keys, policy=_policy(call, resource))


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem"), _one),
    "Query": _query,
    "Scan": _scan,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_write,
    **dict.fromkeys(("TransactGetItems", "TransactWriteItems"), _transaction),
    **dict.fromkeys(
        (
            "DescribeTable",
            "CreateTable",
            "DeleteTable",
            "UpdateTable",
            "DescribeTimeToLive",
            "UpdateTimeToLive",
        ),
        _about_table,
    ),
    **dict.fromkeys(("TagResource", "UntagResource", "ListTagsOfResource"), _about_arn),
    **dict.fromkeys(("ListTables", "DescribeLimits"), _about_all),
}


def _need(
    call: Call,
    operation: str,
    table: str,
    items: list[Mapping[str, Any]],
    inputs: list[Mapping[str, Any]],
    *,
    index: str | None = None,
    leading: list[str] | None = None,
    within: str | None = None,
) -> Need:
    """One action on a table: `items` are keys or whole items, `inputs` what may hold expressions."""
    keys: dict[str, str | tuple[str, ...]] = {
        key: str(call.parameters[name]) for key, name in PARAMETERS.items() if name in call.parameters
    }
    found = _table(call, table)
    values = leading or (
        [] if found is None else [partition(item.get(found.hash_key_attr)) for item in items]
    )
    if values:
        keys["dynamodb:LeadingKeys"] = tuple(dict.fromkeys(values))
    if named := tuple(dict.fromkeys([*(name for item in items for name in item), *attributes(inputs)])):
        keys["dynamodb:Attributes"] = named
    if within is not None:
        keys["dynamodb:EnclosingOperation"] = within
    resource = _arn(call, table)
    return Need(
        action=f"dynamodb:{operation}",
        resource=resource + (f"/index/{index}" if index else ""),
        keys={**keys, **_resource_tags(call, resource)},
        policy=_policy(call, resource),
    )


def _table(call: Call, name: str) -> Any:
    """moto's table; None if there is none."""
    return state.of("dynamodb", call.principal.account, call.asked.region).tables.get(name)


def _arn(call: Call, table: str) -> str:
    return call.arn("dynamodb", f"table/{table}")


def _policy(call: Call, resource: str) -> str | None:
    found = state.of("dynamodb", call.principal.account, call.asked.region).resource_policies.get(resource)
    return None if found is None else str(found.policy_doc)


def _resource_tags(call: Call, resource: str) -> dict[str, str | tuple[str, ...]]:
    found = _table(call, resource.rpartition("/")[2])
    return tags.of_resource(() if found is None else found.tags)


SERVICE = Service(
    operations=OPERATIONS,
    keys=frozenset(
        {
            *(key.lower() for key in PARAMETERS),
            *(
                "dynamodb:leadingkeys",
                "dynamodb:attributes",
                "dynamodb:enclosingoperation",
                "dynamodb:fulltablescan",
            ),
        }
    )
    | tags.KEYS,
    normal=normal,
)
