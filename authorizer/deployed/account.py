"""What an account said, as one JSON object: the answers of read-only calls, each under a name of its own.

`docs/deployed.md` has the commands that collect it. Every member but `authorization` may be left out; what is not there
is not known. Sources: IAM API Reference, GetAccountAuthorizationDetails; the API references of the other calls.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from authorizer.deployed.deployment import Door, Resource
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.gather import FoundRole, Gathered, whole
from authorizer.deployed.policies import read_policy
from authorizer.deployed.rows import ROWS, Row

MEMBERS: Final = (
    "authorization",
    "roles",
    "functions",
    "resource_policies",
    "access_points",
    "replicas",
    "tables",
    "keys",
    "domains",
    "user_pools",
    "user_pool_clients",
    "identity_providers",
    "rest_apis",
    "apis",
)
_KINDS: Final = {
    "s3": "AWS::S3::Bucket",
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "kms": "AWS::KMS::Key",
    "dynamodb": "AWS::DynamoDB::Table",
    "secretsmanager": "AWS::SecretsManager::Secret",
    "lambda": "AWS::Lambda::Function",
    "events": "AWS::Events::EventBus",
    "es": "AWS::OpenSearchService::Domain",
}


def is_account(found: object) -> bool:
    """Whether JSON is what `docs/deployed.md` collects."""
    return isinstance(found, dict) and "authorization" in found


def read_account(found: Mapping[str, Any], file: str, gathered: Gathered) -> None:
    """Everything in it, into `gathered`. Raises `DeploymentInvalid`."""
    if unknown := sorted(found.keys() - set(MEMBERS)):
        raise DeploymentInvalid(f"{file}: has {', '.join(unknown)}: expected {', '.join(MEMBERS)}")
    gathered.files.append(file)
    try:
        _Account(found, file, gathered).read()
    except (AttributeError, KeyError, TypeError) as error:
        raise DeploymentInvalid(f"{file}: is not what the calls answer: no {error}") from error


class _Account:
    def __init__(self, found: Mapping[str, Any], file: str, gathered: Gathered) -> None:
        self._found, self._file, self._gathered = found, file, gathered

    def read(self) -> None:
        said = self._found["authorization"]
        if said.get("IsTruncated"):
            self._gathered.leave(
                "roles", f"{self._file}: authorization", "the answer is truncated: collect all of it"
            )
        for policy in said.get("Policies", []):
            current = [version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"]]
            document = _document(current[0]["Document"]) if current else None
            place = f"{self._file}: {policy['Arn']}"
            self._gathered.documents[policy["Arn"]] = read_policy(document, place)
        lengths = {row["Arn"]: row.get("MaxSessionDuration") for row in self._rows("roles")}
        for role in said["RoleDetailList"]:
            self._role(role, lengths.get(role["Arn"]))
        for arn, document in self._found.get("resource_policies", {}).items():
            kind = _KINDS.get(arn.split(":")[2], "")
            self._gathered.resources.append(
                Resource(kind=kind, arn=arn, place=self._place("resource_policies", arn))
            )
            self._gathered.policy_on(arn, _document(document), self._place("resource_policies", arn))
        for name, read in _READERS.items():
            for row in self._rows(name):
                read(self, row, name)

    def _role(self, role: Mapping[str, Any], longest: object) -> None:
        place = f"{self._file}: {role['Arn']}"
        self._gathered.roles.append(
            FoundRole(
                name=role["RoleName"],
                arn=role["Arn"],
                place=place,
                trust=_document(role["AssumeRolePolicyDocument"]),
                max_session=whole(longest),
                policies=[
                    read_policy(_document(row["PolicyDocument"]), place)
                    for row in role.get("RolePolicyList", [])
                ],
                managed=[row["PolicyArn"] for row in role.get("AttachedManagedPolicies", [])],
                boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            )
        )

    def _rows(self, name: str) -> Iterable[Mapping[str, Any]]:
        rows: Iterable[Mapping[str, Any]] = self._found.get(name, [])
        return rows

    def _place(self, member: str, name: str) -> str:
        return f"{self._file}: {member} {name}"

    def _row(self, kind: str, member: str, arn: str, name: str, properties: Mapping[str, Any]) -> None:
        row = Row(
            kind=kind,
            logical=name,
            properties=properties,
            place=self._place(member, name),
            arn=arn,
            reference=name,
            name=name,
            region=arn.split(":")[3] if arn else "",
            arns_of=lambda reference, *_: (reference or "*",),
            gathered=self._gathered,
        )
        ROWS[kind](row)

    # ── one call's answers each ──────────────────────────────────────────────────────────────────────────────────

    def function(self, row: Mapping[str, Any], member: str) -> None:
        self._row("AWS::Lambda::Function", member, row["FunctionArn"], row["FunctionName"], row)

    def access_point(self, row: Mapping[str, Any], member: str) -> None:
        arn = row["AccessPointArn"]
        opens = f"arn:{arn.split(':')[1]}:s3:::{row['Bucket']}"
        self._gathered.doors.append(
            Door(what="access point", arn=arn, opens=opens, place=self._place(member, row["Name"]))
        )

    def replica(self, row: Mapping[str, Any], member: str) -> None:
        self._gathered.doors.append(
            Door(
                what="replica",
                arn=_text(row, "Arn"),
                opens=_text(row, "Of"),
                place=self._place(member, row["Arn"]),
            )
        )

    def table(self, row: Mapping[str, Any], member: str) -> None:
        replicas = [{"Region": each["RegionName"]} for each in row.get("Replicas", [])]
        properties = {**row, "Replicas": replicas}
        self._row("AWS::DynamoDB::GlobalTable", member, row["TableArn"], row["TableName"], properties)

    def key(self, row: Mapping[str, Any], member: str) -> None:
        self._row("AWS::KMS::Key", member, row["Arn"], row["KeyId"], row)

    def domain(self, row: Mapping[str, Any], member: str) -> None:
        self._row("AWS::OpenSearchService::Domain", member, row["ARN"], row["DomainName"], row)

    def pool(self, row: Mapping[str, Any], member: str) -> None:
        properties = {**row, "Schema": row.get("SchemaAttributes", [])}
        self._row("AWS::Cognito::UserPool", member, row.get("Arn", ""), row["Id"], properties)

    def client(self, row: Mapping[str, Any], member: str) -> None:
        self._row("AWS::Cognito::UserPoolClient", member, "", row["ClientId"], row)

    def provider(self, row: Mapping[str, Any], member: str) -> None:
        self._row("AWS::Cognito::UserPoolIdentityProvider", member, "", row["ProviderName"], row)

    def rest_api(self, row: Mapping[str, Any], member: str) -> None:
        """The answers of `apigateway`, which begin each name with a small letter."""
        said = row["api"]
        policy = said.get("policy")
        arn = f"arn:*:execute-api:*:*:{said['id']}/*"
        document = {"Policy": _document(policy.replace('\\"', '"'))} if policy else {}
        self._row("AWS::ApiGateway::RestApi", member, arn, said["id"], document)
        self._gathered.policy_on(arn, document.get("Policy"), self._place(member, said["id"]))
        of = {"RestApiId": said["id"]}
        for each in row["authorizers"]:
            self._row("AWS::ApiGateway::Authorizer", member, "", each["id"], {**of, **_capital(each)})
        for resource in row["resources"]:
            self._gathered.apis.resources[resource["id"]] = ("", resource["path"].removeprefix("/"))
            for method in resource.get("resourceMethods", {}).values():
                named = {**of, **_capital(method), "ResourceId": resource["id"]}
                named["Integration"] = _capital(method.get("methodIntegration", {}))
                self._row("AWS::ApiGateway::Method", member, "", said["id"], named)
        for stage in row["stages"]:
            named = {**of, "MethodSettings": [*map(_capital, stage.get("methodSettings", {}).values())]}
            named["AccessLogSetting"] = _capital(stage.get("accessLogSettings", {}))
            self._row("AWS::ApiGateway::Stage", member, "", said["id"], named)

    def api(self, row: Mapping[str, Any], member: str) -> None:
        """The answers of `apigatewayv2`, in CloudFormation's words."""
        said = row["api"]
        self._row("AWS::ApiGatewayV2::Api", member, "", said["ApiId"], {"ProtocolType": said["ProtocolType"]})
        for name, kind in (
            ("authorizers", "Authorizer"),
            ("routes", "Route"),
            ("integrations", "Integration"),
            ("stages", "Stage"),
        ):
            for each in row[name]:
                identity = str(each.get(f"{kind}Id", said["ApiId"]))
                named = {**each, "ApiId": said["ApiId"]}
                self._row(f"AWS::ApiGatewayV2::{kind}", member, "", identity, named)


_READERS: Final[Mapping[str, Callable[[_Account, Mapping[str, Any], str], None]]] = {
    "functions": _Account.function,
    "access_points": _Account.access_point,
    "replicas": _Account.replica,
    "tables": _Account.table,
    "keys": _Account.key,
    "domains": _Account.domain,
    "user_pools": _Account.pool,
    "user_pool_clients": _Account.client,
    "identity_providers": _Account.provider,
    "rest_apis": _Account.rest_api,
    "apis": _Account.api,
}


def _text(row: Mapping[str, Any], name: str) -> str:
    if not isinstance(row[name], str):
        raise TypeError(f"text in {name}")
    return str(row[name])


def _capital(said: Mapping[str, Any]) -> dict[str, Any]:
    """With CloudFormation's names: the same, beginning with a capital."""
    return {name[:1].upper() + name[1:]: value for name, value in said.items()}


def _document(document: object) -> object:
    """A policy as the command line prints it, an object; or as the API answers it, URL-encoded JSON."""
    return unquote(document) if isinstance(document, str) and document.startswith("%7B") else document
