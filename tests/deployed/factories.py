"""Factories of deployments: each test states only what differs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from authorizer.deployed.account import read_account
from authorizer.deployed.cloudformation import read_template
from authorizer.deployed.deployment import Deployment
from authorizer.deployed.gather import Gathered
from authorizer.deployed.terraform import read_plan

ACCOUNT = "123456789012"
LAMBDA_TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def from_template(
    text: str, *, parameters: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> Deployment:
    """What a template in YAML deploys; `files` stand beside it."""
    beside = files or {}
    gathered = Gathered()
    read_template(
        text,
        "t.yaml",
        parameters=parameters or {},
        region="eu-west-1",
        open_file=lambda _, name: (name, beside[name]) if name in beside else None,
        gathered=gathered,
    )
    return gathered.deployment()


def from_state(*resources: Mapping[str, Any], **more: Any) -> Deployment:
    """What a Terraform state says; `more` are members of it, such as `configuration`."""
    gathered = Gathered()
    found = {"format_version": "1.2", "values": {"root_module": {"resources": resources}}, **more}
    read_plan(json.loads(json.dumps(found)), "plan.json", ACCOUNT, "eu-west-1", gathered)
    return gathered.deployment()


def resource(address: str, **values: Any) -> dict[str, Any]:
    """One resource of a state."""
    kind, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}


def from_account(
    *, roles: Sequence[Mapping[str, Any]] = (), policies: Sequence[Any] = (), **members: Any
) -> Deployment:
    """What an account said."""
    gathered = Gathered()
    found = {"authorization": {"RoleDetailList": roles, "Policies": policies}, **members}
    read_account(json.loads(json.dumps(found)), "account.json", gathered)
    return gathered.deployment()


def role_detail(name: str, **changes: Any) -> dict[str, Any]:
    """One role of `get-account-authorization-details`."""
    return {
        "RoleName": name,
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "AssumeRolePolicyDocument": LAMBDA_TRUST,
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        **changes,
    }


def policy(*statements: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements), **members}


def allow(action: object = "s3:GetObject", resource: object = "*", **more: Any) -> dict[str, Any]:
    """An Allow."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}
