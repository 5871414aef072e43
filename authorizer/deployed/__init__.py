"""What is really deployed: a CloudFormation or SAM template, a Terraform plan or state, or what an account says → one
`Deployment`. No network: files in, frozen values out.
"""

from authorizer.deployed.apis import Api, ApiAuthorizer, ApiKind, ApiRoute, ApiStage, Integration
from authorizer.deployed.deployment import (
    DeployedRole,
    Deployment,
    Domain,
    Door,
    Function,
    Key,
    Policy,
    Pool,
    PoolClient,
    Principal,
    ResourcePolicy,
    Rule,
    Table,
)
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.names import Names, is_known, is_made, is_open, same, widened
from authorizer.deployed.read import read_deployment
from authorizer.deployed.resources import Resource, read_resources
from authorizer.deployed.tree import read_tree

__all__ = [
    "Api",
    "ApiAuthorizer",
    "ApiKind",
    "ApiRoute",
    "ApiStage",
    "DeployedRole",
    "Deployment",
    "DeploymentInvalid",
    "Domain",
    "Door",
    "Function",
    "Integration",
    "Key",
    "Names",
    "Policy",
    "Pool",
    "PoolClient",
    "Principal",
    "Resource",
    "ResourcePolicy",
    "Rule",
    "Table",
    "is_known",
    "is_made",
    "is_open",
    "read_deployment",
    "read_resources",
    "read_tree",
    "same",
    "widened",
]
