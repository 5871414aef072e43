"""KMS: every operation by the key that it works with, found behind an alias or within a ciphertext, and its context.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for AWS Key Management Service"; KMS
Developer Guide, "AWS KMS condition keys", "Key policies": without the key's leave a role's own policy has no say.
"""

from collections.abc import Mapping
from typing import Any, Final

from moto.kms.utils import RESERVED_ALIASES, _deserialize_ciphertext_blob

from authorizer.local_aws import state
from authorizer.local_aws.needs import Call, Need, Needs, Service
from authorizer.local_aws.refusals import Refused

PARAMETERS: Final[Mapping[str, str]] = {
    # Condition key ← the parameter that it tells.
    "kms:EncryptionAlgorithm": "EncryptionAlgorithm",
    "kms:SigningAlgorithm": "SigningAlgorithm",
    "kms:MacAlgorithm": "MacAlgorithm",
    "kms:MessageType": "MessageType",
    "kms:DataKeyPairSpec": "KeyPairSpec",
    "kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays",
}
_WITH_KEY: Final = (
    *(
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "Sign",
        "Verify",
        "GenerateMac",
        "VerifyMac",
    ),
    *(
        "DescribeKey",
        "GetPublicKey",
        "GetKeyPolicy",
        "PutKeyPolicy",
        "EnableKey",
        "DisableKey",
        "ListResourceTags",
    ),
    *(
        "GetKeyRotationStatus",
        "EnableKeyRotation",
        "DisableKeyRotation",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
    ),
    *("TagResource", "UntagResource", "UpdateKeyDescription", "ListKeyPolicies"),
)


def _with_key(call: Call) -> list[Need]:
    return [_need(call, call.asked.operation, call.parameters["KeyId"], "EncryptionContext")]


def _decrypt(call: Call) -> list[Need]:
    return [_need(call, "Decrypt", _within(call, "KeyId"), "EncryptionContext")]


def _re_encrypt(call: Call) -> list[Need]:
    """Out of one key and into another: two actions, each with its own context."""
    return [
        _need(call, "ReEncryptFrom", _within(call, "SourceKeyId"), "SourceEncryptionContext"),
        _need(call, "ReEncryptTo", call.parameters["DestinationKeyId"], "DestinationEncryptionContext"),
    ]


def _with_alias(call: Call) -> list[Need]:
    """An alias and its key: both must be allowed."""
    name = call.parameters["AliasName"]
    target = call.parameters.get("TargetKeyId") or _key_id(call, name) or name
    action = f"kms:{call.asked.operation}"
    return [
        Need(action=action, resource=call.arn("kms", name)),
        _need(call, call.asked.operation, target, ""),
    ]


def _about_all(call: Call) -> list[Need]:
    return [Need(action=f"kms:{call.asked.operation}", resource="*")]


OPERATIONS: Final[Mapping[str, Needs]] = {
    **dict.fromkeys(_WITH_KEY, _with_key),
    "Decrypt": _decrypt,
    "ReEncrypt": _re_encrypt,
    **dict.fromkeys(("CreateAlias", "DeleteAlias", "UpdateAlias"), _with_alias),
    **dict.fromkeys(("ListKeys", "ListAliases", "CreateKey", "GenerateRandom"), _about_all),
}


def _need(call: Call, operation: str, key_id: str, context: str) -> Need:
    identifier = _key_id(call, key_id)
    found = _keys(call).get(identifier)
    asked = {key: str(call.parameters[name]) for key, name in PARAMETERS.items() if name in call.parameters}
    keys: dict[str, str | tuple[str, ...]] = {**asked, "kms:CallerAccount": call.principal.account}
    told = call.parameters.get(context, {})
    keys |= {f"kms:EncryptionContext:{name}": value for name, value in told.items()}
    if told:
        keys["kms:EncryptionContextKeys"] = tuple(told)
    asked_for = call.asked_for.get("KeyId", "")
    if asked_for.startswith("alias/"):
        keys["kms:RequestAlias"] = asked_for
    if found is None:
        return Need(
            action=f"kms:{operation}",
            resource=call.arn("kms", f"key/{identifier}"),
            keys=keys,
            policy=_NOBODY,
        )
    keys |= {
        "kms:KeySpec": found.key_spec,
        "kms:KeyUsage": found.key_usage or "ENCRYPT_DECRYPT",
        "kms:KeyOrigin": found.origin or "AWS_KMS",
    }
    if found.aliases:
        keys["kms:ResourceAliases"] = tuple(found.aliases)
    tags = state.of("kms", call.principal.account, call.asked.region).list_resource_tags(identifier)
    keys |= {f"aws:ResourceTag/{tag['TagKey']}": tag["TagValue"] for tag in tags["Tags"]}
    return Need(action=f"kms:{operation}", resource=found.arn, keys=keys, policy=found.policy)


_NOBODY: Final = '{"Version":"2012-10-17","Statement":[]}'
"""The policy of a key that is not there."""


def _keys(call: Call) -> Mapping[str, Any]:
    found: Mapping[str, Any] = state.of("kms", call.principal.account, call.asked.region).keys
    return found


def _key_id(call: Call, text: str) -> str:
    """The id behind a key's ARN, an alias, an alias's ARN. Raises `Refused` for one of another account or Region."""
    if text.startswith("arn:"):
        text = call.own(text, "kms").removeprefix(call.arn("kms", "")).removeprefix("key/")
    if not text.startswith("alias/"):
        return text
    if text in RESERVED_ALIASES:
        raise Refused("NotFoundException", f"{text} is AWS's own key, which the door has not")
    return next((key.id for key in _keys(call).values() if text in key.aliases), text)


def _within(call: Call, said: str) -> str:
    """The key that a ciphertext is under. Raises `Refused` where the request says another."""
    try:
        found = str(_deserialize_ciphertext_blob(call.parameters["CiphertextBlob"]).key_id)
    except Exception as error:
        raise Refused("InvalidCiphertextException", "the ciphertext is none") from error
    if said in call.parameters and _key_id(call, call.parameters[said]) != found:
        raise Refused("IncorrectKeyException", "the ciphertext is not under the key that the request names")
    return found


def normal(call: Call) -> dict[str, Any]:
    """Each key by its id, and no grants: a grant is a permission that the door does not judge. Raises `Refused`."""
    made = dict(call.parameters)
    if grants := [name for name in ("GrantTokens", "Recipient", "DryRun") if made.get(name)]:
        raise Refused("ValidationException", f"the door does not judge {', '.join(grants)}")
    for name in ("KeyId", "SourceKeyId", "DestinationKeyId", "TargetKeyId"):
        if name in made:
            made[name] = _key_id(call, made[name])
    return made


SERVICE = Service(
    operations=OPERATIONS,
    keys=frozenset(
        {
            *(key.lower() for key in PARAMETERS),
            *(
                "kms:encryptioncontext:",
                "kms:encryptioncontextkeys",
                "kms:calleraccount",
                "kms:keyspec",
                "kms:keyusage",
            ),
            *(
                "kms:keyorigin",
                "kms:requestalias",
                "kms:resourcealiases",
                "aws:resourcetag/",
                "kms:viaservice",
            ),
        }
    ),
    normal=normal,
    delegates=True,
)
