"""The policies that AWS wants before any of this works: what the authorizer may do, and whom each role trusts.
`authorizer.engine.prove.role_policy` says what each role may do at most.

Least privilege: exact role ARNs, `sts:TagSession` and `sts:SetSourceIdentity` only where a role needs them, only the
tag keys that it is given, each required. Sources: IAM User Guide, "Pass session tags in AWS STS", "Monitor and control
actions taken with assumed roles" (source identity), "Access to AWS accounts owned by third parties" (external id).

**Which function.** Lambda puts `lambda:SourceFunctionArn` into the context of every request that is made with the
credentials of a function's execution role (IAM User Guide, "AWS global condition context keys"). AWS supports it in
identity-based policies, and says that resource-based ones, of which a trust policy is one, cannot use it (Lambda
Developer Guide, "Using source function ARN to control function access behavior"). So the Deny that binds stands in the
execution role's policy, where an absent key denies too; in one account a trust policy would do without an Allow there,
but never against a Deny. The trust policy says the same with `…IfExists`: it holds wherever AWS does show the key
there, and locks nobody out where it does not.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from authorizer.model import Role

VERSION = "2012-10-17"
SOURCE_FUNCTION = "lambda:SourceFunctionArn"
ROLE_POLICY = "what-templates-allow"
"""Name of the inline policy that a template gives each role."""
MAX_TRUST = 2048
"""Characters of a trust policy before its quota must be raised (IAM quotas, role trust policy length)."""
MAX_INLINE = 10_240
"""Characters of all inline policies of a role together, white space not counted (IAM quotas)."""
Policy = dict[str, Any]


def execution_policy(
    roles: Iterable[Role],
    *,
    table_arn: str | None = None,
    seats: bool = False,
    keys: Sequence[Policy] = (),
    functions: Sequence[str] = (),
) -> Policy:
    """What the authorizer's own role needs for `roles`, besides writing its log. `keys` are the statements that let it
    read its sealing keys.

    In one account a role's trust policy would be enough; across accounts both sides must allow. `functions` are the
    only ones, of all that run as this role, that may assume `roles`; without them any may. `seats`: callers' sessions
    are counted in the table, and one that was not made gives its seat back.
    """
    roles = list(roles)
    statements = [_allow("AssumeTheListedRoles", "sts:AssumeRole", _arns(roles))]
    if tagged := [role for role in roles if role.session_tags]:
        statements.append(_allow("TagTheirSessions", "sts:TagSession", _arns(tagged)))
    if sourced := [role for role in roles if role.source_identity]:
        statements.append(_allow("SetTheirSourceIdentity", "sts:SetSourceIdentity", _arns(sourced)))
    if table_arn:
        actions = ["dynamodb:GetItem", "dynamodb:PutItem", *(["dynamodb:DeleteItem"] if seats else [])]
        statements.append(_allow("ShareSessions", actions, table_arn))
    statements += keys
    if functions:
        statements.append(
            {
                "Sid": "NoOtherFunction",
                "Effect": "Deny",
                "Action": "sts:AssumeRole",
                "Resource": _arns(roles),
                "Condition": {"ArnNotEquals": {SOURCE_FUNCTION: _with_versions(functions)}},
            }
        )
    return {"Version": VERSION, "Statement": statements}


def trust_policy(
    role: Role, execution_role_arns: str | Sequence[str], functions: Sequence[str] = ()
) -> Policy:
    """Whom `role` trusts: the authorizer's execution role and nobody else, on the role's own terms; and of the
    functions that run as that role these alone, if any are given. A backend that assumes roles itself makes a second
    execution role."""
    who = {"AWS": execution_role_arns if isinstance(execution_role_arns, str) else list(execution_role_arns)}
    terms: dict[str, dict[str, Any]] = {}
    if functions:
        terms["ArnEqualsIfExists"] = {SOURCE_FUNCTION: _with_versions(functions)}
    if role.external_id is not None:
        terms["StringEquals"] = {"sts:ExternalId": role.external_id}
    if role.session_tags:
        # Required, and not empty: a session without its tag is one that `${aws:PrincipalTag/…}` leaves open or shut for
        # no reason that anybody chose.
        terms["StringLike"] = {f"aws:RequestTag/{key}": "?*" for key in role.session_tags}
    if role.source_identity:
        terms.setdefault("StringLike", {})["sts:SourceIdentity"] = "?*"
    statements = [_allow("TheAuthorizerAlone", "sts:AssumeRole", None, principal=who, condition=terms)]
    if role.session_tags:
        only: dict[str, dict[str, Any]] = {
            "ForAllValues:StringEquals": {"aws:TagKeys": list(role.session_tags)}
        }
        if role.transitive_tags:
            only["ForAllValues:StringEquals"]["sts:TransitiveTagKeys"] = list(role.transitive_tags)
        else:
            only["Null"] = {"sts:TransitiveTagKeys": "true"}
        statements.append(_allow("TheseTags", "sts:TagSession", None, principal=who, condition=only))
    if role.source_identity:
        statements.append(
            _allow(
                "ASourceIdentity",
                "sts:SetSourceIdentity",
                None,
                principal=who,
                condition={"StringLike": {"sts:SourceIdentity": "?*"}},
            )
        )
    return {"Version": VERSION, "Statement": statements}


OURS = frozenset({"TheAuthorizerAlone", "TheseTags", "ASourceIdentity"})
"""The `Sid` of each statement of `trust_policy`."""


def patched(current: Policy, ours: Policy) -> Policy:
    """An existing trust policy with the statements of ours in it: those of the same `Sid` are replaced, all others stay
    as they are.

    Raises `ValueError` for what is no trust policy of this version: it is not to be mended in passing.
    """
    statements = current.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise ValueError("expected a policy with statements")
    if current.get("Version") != VERSION:
        raise ValueError(f"expected Version {VERSION}, found {current.get('Version')!r}")
    kept = [one for one in statements if one.get("Sid") not in OURS]
    return {**current, "Statement": [*kept, *ours["Statement"]]}


def template(
    roles: Iterable[Role],
    execution_role_arns: str | Sequence[str],
    account: str,
    *,
    role_policies: Mapping[str, Policy],
    functions: Sequence[str] = (),
    table_arn: str | None = None,
    seats: bool = False,
    keys: Sequence[Policy] = (),
) -> Policy:
    """A CloudFormation template for one account: its vend roles with their trust, and at home the execution policy.

    `role_policies` has what each role may do at most, by its name.
    """
    roles = list(roles)
    arns = [execution_role_arns] if isinstance(execution_role_arns, str) else list(execution_role_arns)
    resources: dict[str, Any] = {}
    if account == account_of(arns[0]):
        resources["ExecutionPolicy"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Description": "What the authorizer may do: assume the roles that access.toml lists",
                "PolicyDocument": execution_policy(
                    roles, table_arn=table_arn, seats=seats, keys=keys, functions=functions
                ),
                "Roles": [name_of(arn)[1] for arn in arns],
            },
        }
    for role in roles:
        if account_of(role.arn) != account:
            continue
        path, name = name_of(role.arn)
        resources[_logical_id(role.name, resources)] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": name,
                "Path": path,
                "MaxSessionDuration": 3600,
                "AssumeRolePolicyDocument": trust_policy(role, execution_role_arns, functions),
                "Policies": [{"PolicyName": ROLE_POLICY, "PolicyDocument": role_policies[role.name]}],
            },
        }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _logical_id(role_name: str, taken: Container[str]) -> str:
    """A name of ASCII letters and digits (CloudFormation User Guide, "Resources", logical ID) that no other role of the
    template has: `a-b` and `a_b` are two roles, and neither may take the other's place."""
    word = "".join(char for char in role_name.title() if char.isascii() and char.isalnum())
    numbered = (f"{word}{number}Role" for number in ("", *range(2, 1000)))
    return next(name for name in numbered if name not in taken)


def account_of(arn: str) -> str:
    """The account in an ARN's fifth field."""
    return arn.split(":")[4]


def name_of(arn: str) -> tuple[str, str]:
    """Path and name in a role's ARN: `/team/` and `editor`."""
    path, _, name = arn.split(":", 5)[5].removeprefix("role").rpartition("/")
    return f"{path}/", name


def _with_versions(functions: Iterable[str]) -> list[str]:
    """AWS's examples have the ARN without a version. Whether an alias ever stands behind it is nowhere said, and a name
    has no colon: with `:*` it is the same function still."""
    return [pattern for arn in functions for pattern in (arn, f"{arn}:*")]


def _arns(roles: Iterable[Role]) -> list[str]:
    return sorted(role.arn for role in roles)


def _allow(
    sid: str,
    action: str | list[str],
    resource: str | list[str] | None,
    *,
    principal: Mapping[str, Any] | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Policy:
    statement: Policy = {"Sid": sid, "Effect": "Allow"}
    if principal is not None:
        statement["Principal"] = dict(principal)
    statement["Action"] = action
    if resource is not None:
        statement["Resource"] = resource
    if condition:
        statement["Condition"] = dict(condition)
    return statement
