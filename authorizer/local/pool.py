"""What a user pool says of itself, read and never written: groups, roles, app clients, custom attributes.

Sources: Cognito user pools API reference, DescribeUserPool, ListGroups, ListUserPoolClients, DescribeUserPoolClient
(WriteAttributes: absent, a client may write every mutable attribute).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authorizer.errors import SettingsError

CUSTOM = "custom:"
_POOL = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]_[0-9A-Za-z]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolGroup:
    """One group of the pool."""

    name: str
    precedence: int | None
    role_arn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppClient:
    """One app client."""

    id: str
    name: str
    machine: bool
    """It signs in as itself (client credentials)."""
    scopes: tuple[str, ...]
    """Of resource servers, that a machine may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One custom attribute."""

    name: str
    """As tokens have it: `custom:org_id`."""
    kind: str
    """`String` or `Number`, as Cognito calls them."""
    max_length: int | None
    writers: tuple[str, ...]
    """Names of the app clients through which users can write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The whole pool."""

    id: str
    groups: tuple[PoolGroup, ...]
    """By precedence, then by name."""
    clients: tuple[AppClient, ...]
    attributes: tuple[Attribute, ...]


def read_pool(pool_id: str) -> Pool:
    """Ask Cognito in the pool's own Region, with this environment's AWS credentials.

    Raises `SettingsError` where it does not answer.
    """
    import boto3  # noqa: PLC0415 - half a second that only this command pays for
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    if _POOL.fullmatch(pool_id) is None:
        raise SettingsError(
            [f"--from-pool: expected a user pool's id, such as eu-west-1_Abc123, found {pool_id!r}"]
        )
    try:
        cognito = boto3.client("cognito-idp", region_name=pool_id.partition("_")[0])
        described = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        groups = [
            group
            for page in cognito.get_paginator("list_groups").paginate(UserPoolId=pool_id)
            for group in page["Groups"]
        ]
        listed = [
            client["ClientId"]
            for page in cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id)
            for client in page["UserPoolClients"]
        ]
        clients = [
            cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client)["UserPoolClient"]
            for client in listed
        ]
    except (BotoCoreError, ClientError) as error:
        raise SettingsError([f"--from-pool {pool_id}: cannot be read: {error}"]) from error
    return pool_of(pool_id, described, groups, clients)


def pool_of(
    pool_id: str,
    described: Mapping[str, Any],
    groups: list[dict[str, Any]],
    clients: list[dict[str, Any]],
) -> Pool:
    """Cognito's answers → the pool."""
    found = [
        PoolGroup(name=group["GroupName"], precedence=group.get("Precedence"), role_arn=group.get("RoleArn"))
        for group in groups
    ]
    people = [client for client in clients if not _is_machine(client)]
    return Pool(
        id=pool_id,
        groups=tuple(
            sorted(found, key=lambda group: (group.precedence is None, group.precedence or 0, group.name))
        ),
        clients=tuple(
            AppClient(
                id=client["ClientId"],
                name=client.get("ClientName", client["ClientId"]),
                machine=_is_machine(client),
                scopes=tuple(scope for scope in client.get("AllowedOAuthScopes", ()) if "/" in scope),
            )
            for client in sorted(clients, key=lambda client: str(client.get("ClientName", "")))
        ),
        attributes=tuple(
            _attribute(attribute, people)
            for attribute in described.get("SchemaAttributes", ())
            if attribute["Name"].startswith(CUSTOM)
        ),
    )


def _is_machine(client: Mapping[str, Any]) -> bool:
    return "client_credentials" in client.get("AllowedOAuthFlows", ())


def _attribute(attribute: Mapping[str, Any], people: list[dict[str, Any]]) -> Attribute:
    name = attribute["Name"]
    longest = attribute.get("StringAttributeConstraints", {}).get("MaxLength")
    writers = [
        client.get("ClientName", client["ClientId"])
        for client in people
        if attribute.get("Mutable", True) and name in (client.get("WriteAttributes") or [name])
    ]
    return Attribute(
        name=name,
        kind=attribute.get("AttributeDataType", "String"),
        max_length=int(longest) if longest is not None else None,
        writers=tuple(sorted(writers)),
    )
