"""What each type of resource says about a deployment: one function a type, one table.

Types and properties are CloudFormation's; the readers of other formats translate into them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authorizer.deployed.acls import canned
from authorizer.deployed.api_rows import API_ROWS
from authorizer.deployed.apis import function_of
from authorizer.deployed.deployment import (
    Domain,
    Door,
    Function,
    Key,
    Mapped,
    Pool,
    PoolClient,
    Resource,
    Table,
)
from authorizer.deployed.found_apis import FoundApis
from authorizer.deployed.gather import FoundRole, Gathered, texts, whole
from authorizer.deployed.kinds import KINDS, attribute_name
from authorizer.deployed.names import is_open
from authorizer.deployed.policies import read_policy
from authorizer.deployed.serverless_rows import SERVERLESS_ROWS, events


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource, with its functions resolved."""

    kind: str
    logical: str
    properties: Mapping[str, Any]
    place: str
    arn: str
    """Empty for a type without a row of `KINDS`."""
    reference: str
    """What `Ref` gives."""
    name: str
    region: str
    arns_of: Callable[..., tuple[str, ...]]
    gathered: Gathered

    @property
    def found(self) -> FoundApis:
        """What is found of APIs."""
        return self.gathered.apis

    def get(self, *names: str) -> Any:
        """A property, or a property of a property; None where it is not there. Of what is open, each is."""
        found: Any = self.properties
        for name in names:
            if isinstance(found, Mapping):
                found = found.get(name)
            elif not isinstance(found, str) or not is_open(found):
                return None
        return found

    def named(self, name: str) -> str:
        """The property that names another resource; a text that may be any where it is none."""
        return self.name_in(self.properties, name)

    def name_in(self, properties: Mapping[str, Any], name: str) -> str:
        """The same, of a part of this resource."""
        found = properties.get(name)
        return found if isinstance(found, str) else self.gathered.names.open(f"{name} of {self.logical}")

    def nothing(self) -> None:
        """Of most types there is nothing to tell."""

    def own_policy(self) -> None:
        """The resource itself, and the policy that stands in it."""
        if not self.arn:
            return
        self.gathered.resources.append(Resource(kind=self.kind, arn=self.arn, place=self.place))
        if policy := KINDS[self.kind].policy:
            self.gathered.policy_on(self.arn, self.get(*policy), self.place)

    # ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────

    def role(self) -> None:
        boundary = self.get("PermissionsBoundary")
        role = FoundRole(
            name=self.name,
            arn=self.arn,
            place=self.place,
            trust=self.get("AssumeRolePolicyDocument"),
            max_session=whole(self.get("MaxSessionDuration") or 3600),
            boundary=boundary if isinstance(boundary, str) else None,
        )
        inline = self.get("Policies") or []
        for entry in inline if isinstance(inline, list) else [None]:
            document = entry.get("PolicyDocument") if isinstance(entry, Mapping) else None
            role.policies.append(read_policy(document, self.place))
        managed = texts(self.get("ManagedPolicyArns") or [])
        role.managed += managed if managed is not None else ["managed policies that could not be read"]
        self.gathered.roles.append(role)

    def policy_of_roles(self) -> None:
        """`AWS::IAM::Policy`, `RolePolicy` and `ManagedPolicy`."""
        policy = read_policy(self.get("PolicyDocument"), self.place)
        if self.arn:
            self.gathered.documents[self.arn] = policy
        named = self.get("RoleName") or self.get("Roles") or []
        roles = texts(named)
        if roles is None:
            self.gathered.leave("roles", self.place, "its Roles could not be read")
        for role in roles or ():
            self.gathered.attached.append((role, self.arn or policy, self.place))

    def function(self) -> None:
        variables = self.get("Environment", "Variables")
        handler = self.get("Handler")
        self.gathered.functions.append(
            Function(
                arn=self.arn,
                place=self.place,
                handler=handler if isinstance(handler, str) else None,
                role=self.named("Role"),
                environment={
                    str(name): value
                    for name, value in (variables if isinstance(variables, Mapping) else {}).items()
                    if isinstance(value, str)
                },
            )
        )
        events(self)

    # ── resources ────────────────────────────────────────────────────────────────────────────────────────────────

    def access_point(self) -> None:
        self._doors("access point", self._buckets(self.get("Bucket")))

    def object_lambda(self) -> None:
        self._doors("Object Lambda access point", ("*",))

    def multi_region(self) -> None:
        regions = self.get("Regions")
        for row in regions if isinstance(regions, list) else [{}]:
            bucket = row.get("Bucket") if isinstance(row, Mapping) else None
            self._doors("multi-Region access point", self._buckets(bucket))

    def _buckets(self, reference: object) -> tuple[str, ...]:
        return self.arns_of(reference, ("AWS::S3::Bucket",), "arn:{partition}:s3:::{target}")

    def bucket(self) -> None:
        if self.get("AccessControl"):
            self.gathered.put_on(self.arn, canned(self.get("AccessControl"), self.place))
        rules = self.get("ReplicationConfiguration", "Rules") or []
        if not isinstance(rules, list):
            self.gathered.leave("resources", self.place, "its replicas could not be read")
            return
        for row in rules:
            to = row.get("Destination") if isinstance(row, Mapping) else None
            (there,) = self.arns_of(to.get("Bucket") if isinstance(to, Mapping) else None)
            self.gathered.doors.append(Door(what="replica", arn=there, opens=self.arn, place=self.place))

    def table(self) -> None:
        key = self._partition_key(self.properties)
        rows = [
            row
            for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
            for row in self.get(name) or []
        ]
        indexes = tuple(
            (str(row.get("IndexName")), self._partition_key(row)) for row in rows if isinstance(row, Mapping)
        )
        if len(indexes) != len(rows):
            indexes = (*indexes, ("?", None))
        self.gathered.tables.append(Table(arn=self.arn, place=self.place, key=key, indexes=indexes))
        self._policy_in(f"{self.arn}/stream/*", self.get("StreamSpecification", "ResourcePolicy"))

    def _policy_in(self, arn: str, holder: object) -> None:
        """The policy of a table, or of a table's stream: each has its own (DynamoDB Developer Guide, "Using
        resource-based policies for DynamoDB"). A holder that is open may hold any."""
        if holder is not None:
            document = holder.get("PolicyDocument") if isinstance(holder, Mapping) else None
            self.gathered.put_on(arn, read_policy(document, self.place))

    def simple_table(self) -> None:
        key = self.get("PrimaryKey", "Name") or "id"
        self.gathered.tables.append(Table(arn=self.arn, place=self.place, key=str(key), indexes=()))

    def global_table(self) -> None:
        self.table()
        for said in self.get("Replicas") or []:
            row = said if isinstance(said, Mapping) else {}
            region = row.get("Region")
            fields = self.arn.split(":")
            there = ":".join((*fields[:3], region if isinstance(region, str) else "*", *fields[4:]))
            self._policy_in(there, row.get("ResourcePolicy"))
            stream = row.get("ReplicaStreamSpecification")
            self._policy_in(
                f"{there}/stream/*",
                stream.get("ResourcePolicy") if isinstance(stream, Mapping) else stream,
            )
            if region != self.region:
                self.gathered.doors.append(Door(what="replica", arn=there, opens=self.arn, place=self.place))

    @staticmethod
    def _partition_key(holder: Mapping[str, Any]) -> str | None:
        for row in holder.get("KeySchema") or []:
            if isinstance(row, Mapping) and row.get("KeyType") == "HASH":
                return str(row.get("AttributeName"))
        return None

    def key(self) -> None:
        spec = self.get("KeySpec") or "SYMMETRIC_DEFAULT"
        self.gathered.keys.append(Key(arn=self.arn, place=self.place, spec=str(spec)))

    def replica_key(self) -> None:
        self._doors("replica", self.arns_of(self.get("PrimaryKeyArn")))

    def secret(self) -> None:
        for row in self.get("ReplicaRegions") or []:
            region = row.get("Region") if isinstance(row, Mapping) else None
            fields = self.arn.split(":")
            there = ":".join((*fields[:3], region if isinstance(region, str) else "*", *fields[4:]))
            self.gathered.doors.append(Door(what="replica", arn=there, opens=self.arn, place=self.place))

    def domain(self) -> None:
        options = self.get("AdvancedOptions")
        said = options.get("rest.action.multi.allow_explicit_index") if isinstance(options, Mapping) else None
        self.gathered.domains.append(
            Domain(arn=self.arn, place=self.place, names_indexes=said not in ("false", False))
        )

    def permission(self) -> None:
        """`AWS::Lambda::Permission`: one statement of a function's policy."""
        principal = self.get("Principal")
        service = isinstance(principal, str) and bool(_SERVICE.fullmatch(principal))
        terms = {"ArnLike": {"aws:SourceArn": self.get("SourceArn")}} if self.get("SourceArn") else {}
        if self.get("PrincipalOrgID"):
            terms["StringEquals"] = {"aws:PrincipalOrgID": self.get("PrincipalOrgID")}
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": principal}
            if service
            else {"AWS": principal}
            if principal != "*"
            else "*",
            "Action": self.get("Action"),
            **({"Condition": terms} if terms else {}),
        }
        targets = self.arns_of(
            _function(self.get("FunctionName")),
            ("AWS::Lambda::Function", "AWS::Serverless::Function"),
            "arn:{partition}:lambda:{region}:{account}:function:{target}",
        )
        for target in targets:
            self.gathered.policy_on(target, {"Version": "2012-10-17", "Statement": statement}, self.place)

    def _doors(self, what: str, opens: Iterable[str]) -> None:
        for each in opens:
            self.gathered.doors.append(Door(what=what, arn=self.arn, opens=each, place=self.place))

    # ── user pools ───────────────────────────────────────────────────────────────────────────────────────────────

    def pool(self) -> None:
        schema = self.get("Schema") or []
        if not isinstance(schema, list) or not all(isinstance(row, Mapping) for row in schema):
            self.gathered.leave("pools", self.place, "its Schema could not be read")
            schema = []
        admins_only = self.get("AdminCreateUserConfig", "AllowAdminCreateUserOnly")
        trigger = self.get("LambdaConfig", "PreTokenGenerationConfig", "LambdaArn") or self.get(
            "LambdaConfig", "PreTokenGeneration"
        )
        self.gathered.pools.append(
            Pool(
                id=self.reference,
                place=self.place,
                mutable={
                    attribute_name(str(row.get("Name"))): row.get("Mutable") not in (False, "false")
                    for row in schema
                },
                signs_up=admins_only not in (True, "true"),
                trigger=None if trigger is None else str(trigger),
            )
        )

    def pool_client(self) -> None:
        written = self.get("WriteAttributes")
        writes = None if written is None else texts(written)
        if written is not None and writes is None:
            self.gathered.leave("pools", self.place, "its WriteAttributes could not be read")
        self.gathered.clients.append(
            PoolClient(id=self.reference, pool=self.named("UserPoolId"), place=self.place, writes=writes)
        )

    def identity_provider(self) -> None:
        mapping = self.get("AttributeMapping")
        if mapping is not None and not isinstance(mapping, Mapping):
            self.gathered.leave("pools", self.place, "its AttributeMapping could not be read")
        attributes = tuple(map(str, mapping)) if isinstance(mapping, Mapping) else ()
        self.gathered.mapped.append(
            Mapped(pool=self.named("UserPoolId"), place=self.place, attributes=attributes)
        )


_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazon(aws)?\.com(\.cn)?")
"""A role's name has dots too."""


def _function(reference: object) -> object:
    """A function by its name or its ARN, without account, version and alias (Lambda API Reference, AddPermission)."""
    if not isinstance(reference, str):
        return reference
    return function_of(reference) or reference.rpartition("function:")[2].partition(":")[0]


ROWS: Final[Mapping[str, Callable[[Row], None]]] = {
    "AWS::IAM::Role": Row.role,
    "AWS::IAM::Policy": Row.policy_of_roles,
    "AWS::IAM::RolePolicy": Row.policy_of_roles,
    "AWS::IAM::ManagedPolicy": Row.policy_of_roles,
    "AWS::Lambda::Function": Row.function,
    "AWS::Serverless::Function": Row.function,
    "AWS::Lambda::Permission": Row.permission,
    "AWS::S3::Bucket": Row.bucket,
    "AWS::S3::AccessPoint": Row.access_point,
    "AWS::S3::MultiRegionAccessPoint": Row.multi_region,
    "AWS::S3ObjectLambda::AccessPoint": Row.object_lambda,
    "AWS::DynamoDB::Table": Row.table,
    "AWS::DynamoDB::GlobalTable": Row.global_table,
    "AWS::Serverless::SimpleTable": Row.simple_table,
    "AWS::KMS::Key": Row.key,
    "AWS::KMS::ReplicaKey": Row.replica_key,
    "AWS::SecretsManager::Secret": Row.secret,
    "AWS::OpenSearchService::Domain": Row.domain,
    "AWS::Elasticsearch::Domain": Row.domain,
    "AWS::Cognito::UserPool": Row.pool,
    "AWS::Cognito::UserPoolClient": Row.pool_client,
    "AWS::Cognito::UserPoolIdentityProvider": Row.identity_provider,
    **API_ROWS,
    **SERVERLESS_ROWS,
}
