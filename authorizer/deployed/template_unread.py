"""CloudFormation's types that are not read, and what they may say all the same: policies, permissions, grants and ways
to what templates name. Nobody may take them for resources that say nothing. Terraform's are in `provider_unread`.

Source: CloudFormation Template Reference, its list of resource types.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from authorizer.deployed.deployment import AREAS, Area
from authorizer.deployed.kinds import ATTACHED, KINDS
from authorizer.deployed.policies import has_statement

_HARMLESS: Final = re.compile(
    r"AWS::(Application)?AutoScaling::ScalingPolicy|AWS::AutoScalingPlans::\w+|AWS::DLM::LifecyclePolicy"
    r"|AWS::IAM::(User|Group|UserPolicy|GroupPolicy|ServiceLinkedRole)|AWS::EFS::AccessPoint"
    r"|AWS::Organizations::\w+|AWS::CloudFront::\w+Policy"
    r"|AWS::EC2::\w+|AWS::WAF\w*::\w+|AWS::FMS::Policy|AWS::Lambda::LayerVersionPermission"
    r"|AWS::ElasticLoadBalancing(V2)?::\w+|AWS::CloudFormation::\w+"
)
"""Policies of no resource that templates name: they scale, cache, only take away, are of users and groups, or say
whose own template is used."""
_BY_TYPE: Final[tuple[tuple[re.Pattern[str], Area], ...]] = (
    (re.compile(r"^AWS::IAM::\w*(Role|Policy)"), "roles"),
    (re.compile(r"(Policy|Policies|Permissions?|Acl|ACL|Grants?|AccessGrant\w*)$"), "policies"),
    (re.compile(r"AccessPoint\w*$"), "resources"),
    (re.compile(r"^AWS::Cognito::.*Client"), "pools"),
)
_POLICY: Final = re.compile(
    r"^(Resource|Access|Repository|Registry)?Policy(Document|Text)?$|^AccessPolicies$"
)
"""The name of a property that is a policy document. A text there is one as JSON, or is open."""


def areas_of(kind: str, properties: Mapping[str, Any], read: Collection[str]) -> Iterable[Area]:
    """What a resource may be about, beside what is read of it. `read` are the types that have a reader."""
    if _HARMLESS.fullmatch(kind) or kind in read or kind in ATTACHED:
        return ()
    own = KINDS[kind].policy[:1] if kind in KINDS else ()
    found = {area for pattern, area in _BY_TYPE if kind not in KINDS and pattern.search(kind)}
    if any(_is_policy(name, value) for name, value in properties.items() if name not in own):
        found.add("policies")
    return [area for area in AREAS if area in found]


def _is_policy(name: str, value: object) -> bool:
    return has_statement(value) or (bool(_POLICY.search(name)) and isinstance(value, str))
