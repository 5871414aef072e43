"""The function, its role, its log, and the roles that it vends."""

from collections.abc import Sequence
from typing import Any, Final

from authorizer.deployment.cloudformation.intrinsics import NO_VALUE, Value, get, ref, sub, when
from authorizer.deployment.plan import Plan, PlannedRole
from authorizer.deployment.trust import ROLE_POLICY, VERSION, name_of

Resource = dict[str, Any]
LAMBDA_ASSUMES: Final = {
    "Version": VERSION,
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
IN_A_VPC: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda asks of the execution role there (Lambda Developer Guide, "Giving Lambda functions access to resources in
an Amazon VPC"); none of them is about a resource that exists before."""
MAX_SESSION: Final = 3600
"""Seconds: no chained session is longer (IAM User Guide, "Roles terms and concepts", role chaining)."""
HANDLER: Final = "authorizer.handler.lambda_handler"
TIMEOUT: Final = 10
"""Seconds. HTTP APIs wait 10 s for an authorizer. The authorizer gives up before that, and says why in its record."""
MEMORY: Final = 896
"""MB. 1,769 are one whole CPU. Checking signatures and TLS want CPU more than memory: half of one to start with."""
DESCRIPTION: Final = "Decides about requests, and hands out credentials for one user"
TRACES: Final = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


def properties(environment: dict[str, Value]) -> Resource:
    """What the function is, in both of CloudFormation's forms."""
    return {
        "FunctionName": sub("${AWS::StackName}-authorizer"),  # known before it is made: policies name it
        "Description": DESCRIPTION,
        "Handler": HANDLER,
        "Runtime": ref("PythonVersion"),
        "Architectures": [ref("Architecture")],
        "Role": get("AuthorizerRole", "Arn"),
        "ReservedConcurrentExecutions": when("ReservesConcurrency", ref("ReservedConcurrency")),
        "Timeout": TIMEOUT,
        "MemorySize": MEMORY,
        "SnapStart": {"ApplyOn": ref("SnapStart")},
        "LoggingConfig": {"LogGroup": ref("AuthorizerLogs")},
        "KmsKeyArn": when("EncryptsEnvironment", ref("KmsKeyArn")),
        "VpcConfig": when(
            "UsesVpc", {"SubnetIds": ref("SubnetIds"), "SecurityGroupIds": ref("SecurityGroupIds")}
        ),
        "Environment": {"Variables": environment},
    }


def own_resources(execution: Value, who: str = "Authorizer") -> dict[str, Resource]:
    """Its log, and the role that it runs as. `who` begins their names."""
    return {
        f"{who}Logs": {
            "Type": "AWS::Logs::LogGroup",
            # Kept with the stack gone, since they say who was let in; not after a create that failed.
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "RetentionInDays": ref("LogRetention"),
                "KmsKeyId": when("EncryptsLogs", ref("LogKmsKeyArn")),
            },
        },
        # The vend roles' trust names this role, so it must not be replaced: a role made anew is another principal.
        f"{who}Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": LAMBDA_ASSUMES,
                "PermissionsBoundary": when("HasBoundary", ref("PermissionsBoundary")),
                "Policies": _with_options(
                    [
                        _inline(
                            "write-own-logs",
                            ("logs:CreateLogStream", "logs:PutLogEvents"),
                            get(f"{who}Logs", "Arn"),
                        )
                    ],
                    OPTIONS,
                ),
            },
        },
        # Beside the role, not in it: the vend roles name the role in their trust, so the role cannot name them too.
        f"{who}MayVend": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "assume-vend-roles",
                "PolicyDocument": execution,
                "Roles": [ref(f"{who}Role")],
            },
        },
        f"{who}MayTrace": {
            "Type": "AWS::IAM::Policy",
            "Condition": "Traces",
            "Properties": {**_inline("send-traces", TRACES, "*"), "Roles": [ref(f"{who}Role")]},
        },
    }


def _inline(name: str, actions: Sequence[str], resource: Value) -> Resource:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"PolicyName": name, "PolicyDocument": {"Version": VERSION, "Statement": [statement]}}


Option = tuple[str, str, tuple[str, ...], Value]
OPTIONS: Final[tuple[Option, ...]] = (
    # Name, condition, actions, on what: what the execution role needs besides, where an option is chosen.
    ("use-the-vpc", "UsesVpc", IN_A_VPC, "*"),
    ("read-environment", "EncryptsEnvironment", ("kms:Decrypt",), ref("KmsKeyArn")),
)


def _with_options(policies: list[Resource], options: Sequence[Option]) -> Value:
    """The role's own policies. All are part of the role, since Lambda refuses a function whose role lacks what it needs
    to start, and nothing can depend on a policy that only some stacks have."""
    if not options:
        return policies
    (name, condition, actions, resource), *rest = options
    more = [*policies, _inline(name, actions, resource)]
    return when(condition, _with_options(more, rest), _with_options(policies, rest))


def vend_role(planned: PlannedRole, trust: Value, own: Value) -> Resource:
    """A role that is vended, and made here. One whose ARN access.toml has is made under that name."""
    named: Resource = {}
    if planned.variable is None:
        path, name = name_of(planned.role.arn)
        named = {"RoleName": name, "Path": path}
    policies = [{"PolicyName": ROLE_POLICY, "PolicyDocument": own}] if own["Statement"] else NO_VALUE
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            **named,
            "Description": f"What access.toml calls {planned.role.name}: trusts the authorizer alone",
            "MaxSessionDuration": MAX_SESSION,
            "PermissionsBoundary": when("HasBoundary", ref("PermissionsBoundary")),
            "AssumeRolePolicyDocument": trust,
            "Policies": policies,
        },
    }


def shared_table() -> Resource:
    """In which environments share their sessions, each sealed: losing it costs calls of STS and nothing else."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Condition": "MakesSharedTable",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        },
    }


def as_lambda(function: Resource, plan: Plan, *, release: str, roll_out: str | None) -> dict[str, Resource]:
    """The function in CloudFormation's own form, with a version for each release, and the alias that authorizers
    ask."""
    version = f"Version{release}"
    alias: Resource = {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "Name": "live",
            "FunctionName": ref("AuthorizerFunction"),
            "FunctionVersion": get(version, "Version"),
        },
    }
    made: dict[str, Resource] = {
        "AuthorizerFunction": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": ["AuthorizerMayVend"],
            "Properties": {
                **function,
                "TracingConfig": {"Mode": ref("Tracing")},
                "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
            },
        },
        # A version is what the function was when it was published: another name publishes another one.
        version: {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",  # the way back
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "FunctionName": ref("AuthorizerFunction"),
                "Description": ", ".join(filter(None, [plan.place, release])),
            },
        },
    }
    if roll_out is not None:
        made |= _code_deploy(roll_out)
        alias["UpdatePolicy"] = {
            "CodeDeployLambdaAliasUpdate": {
                "ApplicationName": ref("RollOuts"),
                "DeploymentGroupName": ref("RollOut"),
            }
        }
    return {**made, "AuthorizerFunctionAliaslive": alias}


def _code_deploy(roll_out: str) -> dict[str, Resource]:
    return {
        "RollOuts": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        "RollOutRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": VERSION,
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "codedeploy.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "PermissionsBoundary": when("HasBoundary", ref("PermissionsBoundary")),
                "ManagedPolicyArns": [
                    sub(
                        "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"
                    )
                ],
            },
        },
        "RollOut": {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": ref("RollOuts"),
                "DeploymentConfigName": f"CodeDeployDefault.Lambda{roll_out}",
                "DeploymentStyle": {
                    "DeploymentType": "BLUE_GREEN",
                    "DeploymentOption": "WITH_TRAFFIC_CONTROL",
                },
                "ServiceRoleArn": get("RollOutRole", "Arn"),
                "AutoRollbackConfiguration": {
                    "Enabled": True,
                    "Events": [
                        "DEPLOYMENT_FAILURE",
                        "DEPLOYMENT_STOP_ON_ALARM",
                        "DEPLOYMENT_STOP_ON_REQUEST",
                    ],
                },
                "AlarmConfiguration": {
                    "Enabled": True,
                    "Alarms": [{"Name": ref(name)} for name in TAKES_BACK],
                },
            },
        },
    }


TAKES_BACK: Final = ("Failures", "Crashes")
"""The alarms that end a roll-out, and take the alias back to the version before."""


def as_serverless(function: Resource, *, code: str, roll_out: str | None) -> dict[str, Resource]:
    """The same in SAM's form, which publishes a version for each change of it by itself."""
    preference = (
        {"DeploymentPreference": {"Type": roll_out, "Alarms": [ref(name) for name in TAKES_BACK]}}
        if roll_out
        else {}
    )
    return {
        "AuthorizerFunction": {
            "Type": "AWS::Serverless::Function",
            "DependsOn": ["AuthorizerMayVend"],
            "Metadata": {"SkipBuild": True},  # `authorizer bundle` builds it from pins with hashes
            "Properties": {
                **function,
                "Tracing": ref("Tracing"),
                "CodeUri": code,
                "AutoPublishAlias": "live",
                "AutoPublishAliasAllProperties": True,  # else the alias keeps the settings of its first version
                **preference,
            },
        },
    }
