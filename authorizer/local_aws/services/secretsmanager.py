"""Secrets Manager: every operation by the secret's whole ARN, however the request names it.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Secrets Manager".
"""

from collections.abc import Mapping
from typing import Any, Final

from authorizer.local_aws import state, tags
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

_ON_SECRET: Final = (
    *("GetSecretValue", "PutSecretValue", "UpdateSecret", "DescribeSecret", "DeleteSecret", "RestoreSecret"),
    *(
        "ListSecretVersionIds",
        "UpdateSecretVersionStage",
        "TagResource",
        "UntagResource",
        "GetResourcePolicy",
    ),
    *("PutResourcePolicy", "DeleteResourcePolicy", "CancelRotateSecret"),
)
_SUFFIX: Final = "-XXXXXX"
"""What stands for the six letters that a secret gets when it is made."""


def _on_secret(call: Call) -> list[Need]:
    return [_need(call, call.asked.operation, call.parameters["SecretId"])]


def _create(call: Call) -> list[Need]:
    name = call.parameters["Name"]
    return [
        Need(
            action="secretsmanager:CreateSecret",
            resource=call.arn("secretsmanager", f"secret:{name}{_SUFFIX}"),
            keys={"secretsmanager:Name": name, **tags.of_request(call)},
        )
    ]


def _batch(call: Call) -> list[Need]:
    """The batch, and each of its secrets."""
    if "Filters" in call.parameters:
        raise Refused("ValidationException", "the door judges secrets that are named, and no filters")
    alone = Need(action="secretsmanager:BatchGetSecretValue", resource="*")
    return [alone, *(_need(call, "GetSecretValue", each) for each in call.parameters["SecretIdList"])]


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(_ON_SECRET, _on_secret),
    "CreateSecret": _create,
    "BatchGetSecretValue": _batch,
    **dict.fromkeys(
        ("ListSecrets", "GetRandomPassword"),
        lambda call: [Need(action=f"secretsmanager:{call.asked.operation}", resource="*")],
    ),
}


def _need(call: Call, operation: str, name: str) -> Need:
    found = _secret(call, name)
    keys: dict[str, str | tuple[str, ...]] = {"secretsmanager:SecretId": name, **tags.of_request(call)}
    if "VersionId" in call.parameters:
        keys["secretsmanager:VersionId"] = call.parameters["VersionId"]
    # Who names no version asks for the current one.
    keys["secretsmanager:VersionStage"] = call.parameters.get("VersionStage", "AWSCURRENT")
    if found is None:
        resource = name if name.startswith("arn:") else call.arn("secretsmanager", f"secret:{name}{_SUFFIX}")
        return Need(action=f"secretsmanager:{operation}", resource=resource, keys=keys)
    for key, value in tags.of_resource(found.tags).items():
        keys |= {key: value, key.replace("aws:", "secretsmanager:", 1): value}
    return Need(action=f"secretsmanager:{operation}", resource=found.arn, keys=keys, policy=found.policy)


def _secret(call: Call, name: str) -> Any:
    return state.of("secretsmanager", call.principal.account, call.asked.region).secrets.get(name)


def normal(call: Call) -> dict[str, Any]:
    """Each secret by its whole ARN where there is one. Raises `Refused` for one of another account, or under a key of
    the caller's own choice, which would have to be judged too."""
    made = dict(call.parameters)
    if unjudged := [name for name in ("KmsKeyId", "AddReplicaRegions") if name in made]:
        raise Refused(
            "ValidationException", f"the door does not judge {', '.join(unjudged)} in Secrets Manager"
        )
    if "SecretId" in made:
        made["SecretId"] = _whole(call, made["SecretId"])
    if "SecretIdList" in made:
        made["SecretIdList"] = [_whole(call, each) for each in made["SecretIdList"]]
    return made


def _whole(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        call.own(name, "secretsmanager")
    found = _secret(call, name)
    return name if found is None else str(found.arn)


SERVICE = Service(
    operations=OPERATIONS,
    keys=frozenset(
        {
            *("secretsmanager:name", "secretsmanager:secretid", "secretsmanager:versionid"),
            *("secretsmanager:versionstage", "secretsmanager:resourcetag/"),
        }
    )
    | tags.KEYS,
    normal=normal,
)
