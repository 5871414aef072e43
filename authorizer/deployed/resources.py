"""A template's resources as they are deployed: for whoever needs their properties themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authorizer.deployed.cloudformation import is_template
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.intrinsics import NO_VALUE, Resolver
from authorizer.deployed.names import UNKNOWN_ACCOUNT, Names
from authorizer.engine import partition_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One whose condition holds, or may hold."""

    type: str
    properties: Mapping[str, Any] = field(repr=False)
    """With what `Ref` and the other functions come to; a stand-in where no file says it."""
    reference: str
    """What `Ref` of it comes to: how others name it."""


def read_resources(
    tree: object, file: str, *, region: str
) -> tuple[Mapping[str, Resource], Mapping[str, Any]]:
    """By logical id; and SAM's `Globals`. Parameters have their defaults. Raises `DeploymentInvalid`."""
    if not isinstance(tree, dict) or not is_template(tree):
        raise DeploymentInvalid(f"{file}: has no Resources: expected a CloudFormation template")
    names = Names()
    pseudo = {
        "AWS::Partition": partition_of(region) or "aws",
        "AWS::Region": region,
        "AWS::AccountId": UNKNOWN_ACCOUNT,
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": names.made("AWS::StackName"),
        "AWS::StackId": names.made("AWS::StackId"),
    }
    resolver = Resolver(tree, parameters={}, pseudo=pseudo, names=names, prefix="")
    found = {}
    for logical, resource in resolver.resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            continue
        condition = resource.get("Condition")
        if condition is not None and resolver.holds(str(condition)) is False:
            continue
        properties = resolver.value(resource.get("Properties", {}))
        found[logical] = Resource(
            type=resource["Type"],
            properties=properties if isinstance(properties, dict) else {},
            reference=str(resolver.value({"Ref": logical})),
        )
    shared = resolver.value(tree.get("Globals", {}))
    return found, shared if shared is not NO_VALUE and isinstance(shared, dict) else {}
