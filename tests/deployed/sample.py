"""The bundled configuration as an account would answer for it: whole, and each test breaks one thing."""

import json
from collections.abc import Mapping
from typing import Any

from authorizer.deployed import Deployment
from authorizer.deployment.trust import trust_policy
from authorizer.engine import dump
from authorizer.engine.prove import role_policy
from authorizer.gate import Note, World
from authorizer.gate.rulings import HANDLER, Notes
from authorizer.settings.schema import Access
from tests.deployed.factories import ACCOUNT, from_account, role_detail
from tests.make import sample_access, sample_environment

EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/authorizer"
BUCKET = "arn:aws:s3:::example-data"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/example-data"
POOL = "eu-west-1_EXAMPLE01"


def roles_of(access: Access, **changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every listed role as `authorizer trust` prints it, and the authorizer's own; `changes` by name."""
    found = []
    for role in access.settings.roles.values():
        limit = role_policy(access.templates, role.policies, tags=role.session_tags).document
        detail = {
            "Arn": role.arn,
            "AssumeRolePolicyDocument": trust_policy(role, EXECUTION),
            "RolePolicyList": [{"PolicyName": "x", "PolicyDocument": json.loads(dump(limit))}],
        }
        found.append(role_detail(role.name, **{**detail, **changes.get(role.name, {})}))
    return [*found, role_detail("authorizer", **changes.get("authorizer", {}))]


def account(access: Access | None = None, **changes: Any) -> Deployment:
    """The whole account; `changes` are members of its answer, `roles_changed` changes of roles by name."""
    access = access or sample_access()
    members: dict[str, Any] = {
        "functions": [function("authorizer")],
        "resource_policies": {BUCKET: None, TABLE: None},
        "tables": [table()],
        "user_pools": [pool()],
        "user_pool_clients": [client()],
        "rest_apis": [rest_api()],
        "apis": [http_api()],
    }
    changed = changes.pop("roles_changed", {})
    members |= changes
    return from_account(**{"roles": roles_of(access, **changed), **members})


def function(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}",
        "Handler": HANDLER,
        "Role": EXECUTION,
        "Environment": {"Variables": dict(sample_environment())},
        **changes,
    }


def table(**changes: Any) -> dict[str, Any]:
    keys = [{"AttributeName": "tenant", "KeyType": "HASH"}]
    return {"TableName": "example-data", "TableArn": TABLE, "KeySchema": keys, **changes}


def pool(**changes: Any) -> dict[str, Any]:
    attributes = [{"Name": "custom:tenant_id", "Mutable": True}]
    return {"Id": POOL, "SchemaAttributes": attributes, **changes}


def client(name: str = "1example23456789app", **changes: Any) -> dict[str, Any]:
    return {"ClientId": name, "UserPoolId": POOL, "WriteAttributes": ["name"], **changes}


def asking(function: str = "authorizer") -> str:
    """The URI by which an API asks a function."""
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{function}:live"
    return f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def rest_api(**changes: Any) -> dict[str, Any]:
    """A REST API, as its answers have it: a TOKEN authorizer before all of `/data`."""
    method = {
        "httpMethod": "ANY",
        "authorizationType": "CUSTOM",
        "authorizerId": "token1",
        "methodIntegration": {"type": "AWS_PROXY", "uri": asking("backend")},
    }
    return {
        "api": {"id": "rest0", "name": "data"},
        "authorizers": [
            {
                "id": "token1",
                "name": "token",
                "type": "TOKEN",
                "authorizerUri": asking(),
                "identitySource": "method.request.header.Authorization",
                "authorizerResultTtlInSeconds": 300,
            }
        ],
        "resources": [
            {"id": "root", "path": "/"},
            {"id": "data", "path": "/data/{proxy+}", "resourceMethods": {"ANY": method}},
        ],
        "stages": [{"stageName": "live", "methodSettings": {"*/*": {"dataTraceEnabled": False}}}],
        **changes,
    }


def http_api(function: str = "authorizer", **changes: Any) -> dict[str, Any]:
    """An HTTP API, as its answers have it."""
    return {
        "api": {"ApiId": "http0", "ProtocolType": "HTTP"},
        "authorizers": [
            {
                "AuthorizerId": "request1",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": asking(function),
                "IdentitySource": ["$request.header.Authorization", "$request.header.X-Role"],
                "AuthorizerPayloadFormatVersion": "2.0",
                "EnableSimpleResponses": False,
                "AuthorizerResultTtlInSeconds": 300,
            }
        ],
        "routes": [
            {
                "RouteId": "r1",
                "RouteKey": "ANY /data/{proxy+}",
                "AuthorizationType": "CUSTOM",
                "AuthorizerId": "request1",
                "Target": "integrations/i1",
            }
        ],
        "integrations": [
            {"IntegrationId": "i1", "IntegrationType": "AWS_PROXY", "IntegrationUri": asking("backend")}
        ],
        "stages": [{"StageName": "live", "DefaultRouteSettings": {"DataTraceEnabled": False}}],
        **changes,
    }


def world(access: Access | None = None, *, deployment: Deployment | None = None, **changes: Any) -> World:
    """The sample, with what is deployed."""
    access = access or sample_access()
    return World(access, deployment if deployment is not None else account(access, **changes))


def told(notes: Notes) -> list[tuple[str, str]]:
    """(status, text) of each note that is not CHECKED."""
    return [(note.status, note.text) for note in notes if note.status != "CHECKED"]


def only(notes: Notes) -> Note:
    """The one note that is not CHECKED."""
    (note,) = [note for note in notes if note.status != "CHECKED"]
    return note
