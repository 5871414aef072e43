"""Terraform's types that are not read, and what they may say all the same: policies, lists and grants on what templates
name, app clients of a pool, whole templates. Nobody may take them for resources that say nothing.

Source: the AWS provider's documentation, its list of resources.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from authorizer.deployed.acls import canned
from authorizer.deployed.deployment import AREAS, Area
from authorizer.deployed.policies import has_statement

_NOT_OF_AWS: Final = frozenset(
    {
        *("archive", "cloudinit", "external", "http", "local", "null", "random", "template", "terraform"),
        *("time", "tls"),
    }
)
"""Providers that make nothing in AWS, and Terraform's own types."""
_HARMLESS: Final = re.compile(
    r"aws_(app)?(auto)?scaling_policy|aws_(ecr|dlm)_lifecycle_policy|aws_iam_account_password_policy"
    r"|aws_iam_(user|group)_polic\w+|aws_iam_role_policies_exclusive|aws_organizations_policy\w*"
    r"|aws_(lb|load_balancer|app_cookie|proxy_protocol)\w*_policy|aws_cloudfront_\w+_policy|aws_vpc_endpoint\w*"
    r"|aws_(default_)?network_acl\w*|aws_waf\w+|aws_lambda_layer_version_permission"
)
"""Policies of no resource that templates name: they scale, cache, only take away, or are of users and groups."""
_BY_TYPE: Final[tuple[tuple[re.Pattern[str], tuple[Area, ...]], ...]] = (
    (re.compile(r"cloudformation_stack|cloudcontrolapi|provisioned_product"), AREAS),
    (re.compile(r"aws_iam_.*(role|policy)"), ("roles",)),
    (re.compile(r"_(policy|acl|grants?|permissions?)(_|$)"), ("policies",)),
    (re.compile(r"cognito_.*client"), ("pools",)),
    (re.compile(r"s3.*access_point|(kms|table)_replica"), ("resources",)),
    (re.compile(r"api_gateway_rest_api_put"), ("apis",)),
)
_BY_ATTRIBUTE: Final[Mapping[str, tuple[Area, ...]]] = {
    "template_body": AREAS,
    "template_url": AREAS,
    **dict.fromkeys(
        ("policy", "policy_document", "resource_policy", "access_policy", "access_policies", "grant"),
        ("policies",),
    ),
}


def areas_of(kind: str, values: Mapping[str, Any]) -> Iterable[Area]:
    """What a resource of a type that is not read may be about."""
    provider = kind.partition("_")[0]
    if provider in _NOT_OF_AWS or _HARMLESS.fullmatch(kind):
        return ()
    if provider != "aws":
        return AREAS
    found = {area for pattern, areas in _BY_TYPE if pattern.search(kind) for area in areas}
    found |= {area for name, areas in _BY_ATTRIBUTE.items() if values.get(name) for area in areas}
    if (values.get("acl") and canned(values["acl"], "") is not None) or has_statement(values):
        found.add("policies")
    return [area for area in AREAS if area in found]
