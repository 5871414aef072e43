"""Which role may read which sealing keys, as policy statements: the authorizer both sets, a backend its own alone.

Sources: Secrets Manager User Guide, "Permissions policy examples" (a secret by its name: six random characters end its
ARN); KMS Developer Guide, "Encryption context" (`kms:EncryptionContext:…` as a condition).
"""

from typing import Any

from authorizer.sealing.keys import ENCRYPTION_CONTEXT, PRIVATE_ENCRYPTION_CONTEXT
from authorizer.settings.schema import Sealing, Settings

SIDS = {False: "ReadSealingKeys", True: "ReadPrivateSealingKeys"}
"""By whether the keys are the authorizer's own."""


def of_the_authorizer(settings: Settings, execution_role_arn: str) -> list[dict[str, Any]]:
    """What the execution role needs for the keys; nothing for those of the environment."""
    tables = (settings.sealing, settings.private_sealing)
    return [_reading(table, execution_role_arn) for table in tables if table and _is_asked_for(table)]


def of_a_backend(settings: Settings, execution_role_arn: str) -> list[dict[str, Any]]:
    """What a backend's role needs to open what it is handed. Never anything for the private keys, and never the
    shared table."""
    table = settings.sealing
    return [_reading(table, execution_role_arn)] if table and _is_asked_for(table) else []


def _is_asked_for(table: Sealing) -> bool:
    return table.source != "environment"


def _reading(table: Sealing, role_arn: str) -> dict[str, Any]:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    statement: dict[str, Any] = {"Sid": SIDS[table.private], "Effect": "Allow"}
    if table.source == "secretsmanager":
        named = f"arn:{partition}:secretsmanager:*:{account}:secret:{table.keys}-??????"
        return statement | {
            "Action": "secretsmanager:GetSecretValue",
            "Resource": table.keys if table.keys.startswith("arn:") else named,
        }
    purpose = PRIVATE_ENCRYPTION_CONTEXT if table.private else ENCRYPTION_CONTEXT
    return statement | {
        "Action": "kms:Decrypt",
        # access.toml does not say which key of KMS it was; the context does not let it be used for anything else.
        "Resource": f"arn:{partition}:kms:*:{account}:key/*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": purpose}},
    }
