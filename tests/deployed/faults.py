"""Faults planted into deployments, and what has to be said of each: one table.

A fault is an edit of a template that leaves its stack deployable and its users less apart. `SAMPLE` is what the
repository deploys, `WORLD` has one resource of each kind that can have a policy of its own.
"""

# ruff: noqa: E501 - texts as templates have them

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from authorizer.cli.options import environment_of
from authorizer.cli.prove_deployment import load_world
from authorizer.gate import Ruling, prove_settings, rule_on
from tests.make import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A deployment without faults."""

    name: str
    access: Path
    template: Path

    def template_text(self) -> str:
        """The template."""
        return self.template.read_text(encoding="utf-8")


SAMPLE: Final = Base(
    name="sample", access=ROOT / "policies" / "access.toml", template=ROOT / "deploy" / "template.yaml"
)
WORLD: Final = Base(
    name="world",
    access=Path(__file__).parent / "world" / "access.toml",
    template=Path(__file__).parent / "world" / "template.yaml",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault."""

    name: str
    base: Base
    edits: tuple[tuple[str, str], ...]
    """Texts of the template, each of which stands in it, and what stands there instead, once."""
    says: str
    """Part of what is found."""

    def template_text(self) -> str:
        """The template with the fault."""
        text = self.base.template_text()
        for old, new in self.edits:
            assert old in text, f"{self.name}: {old!r}"
            text = text.replace(old, new, 1)
        return text


def _sample(name: str, says: str, *edits: tuple[str, str]) -> Fault:
    return Fault(name=name, base=SAMPLE, edits=edits, says=says)


def _world(name: str, says: str, *edits: tuple[str, str]) -> Fault:
    return Fault(name=name, base=WORLD, edits=edits, says=says)


def _statement(*lines: str, indent: int = 10) -> str:
    """A statement as an entry of a list, to put before another one."""
    first, *others = lines
    return "\n".join([f"{' ' * indent}- {first}", *(f"{' ' * (indent + 2)}{line}" for line in others)]) + "\n"


_PUBLIC = "          - Sid: Catalogue # of everybody's\n"
_MAY_ASSUME = "AWS: !GetAtt AuthorizerRole.Arn # may assume"
_FIRST_TRUST = "            Principal:\n              AWS: !GetAtt AuthorizerRole.Arn\n            Action: sts:AssumeRole"

FAULTS: Final[Sequence[Fault]] = (
    # ── whom roles trust ─────────────────────────────────────────────────────────────────────────────────────────────
    _sample(
        "a role trusts the whole account",
        "role viewer may be assumed by whomever the account lets",
        (_FIRST_TRUST, _FIRST_TRUST.replace("!GetAtt AuthorizerRole.Arn", "!Ref AWS::AccountId")),
    ),
    _sample(
        "a role trusts everybody",
        "role viewer may be assumed by everybody",
        (_FIRST_TRUST, _FIRST_TRUST.replace("!GetAtt AuthorizerRole.Arn", '"*"')),
    ),
    _sample(
        "a role trusts the backend's role too",
        "role viewer may be assumed by AWS",
        (
            _FIRST_TRUST,
            _FIRST_TRUST.replace(
                "!GetAtt AuthorizerRole.Arn", "[!GetAtt AuthorizerRole.Arn, !GetAtt BackendRole.Arn]"
            ),
        ),
    ),
    _world(
        "a role trusts another account with its external id",
        "role worker may be assumed by whomever the account lets",
        (_MAY_ASSUME, "AWS: [!GetAtt AuthorizerRole.Arn, arn:aws:iam::210987654321:root]"),
    ),
    _world(
        "a role trusts Lambda itself",
        "role worker may be assumed by Service lambda.amazonaws.com",
        (_MAY_ASSUME, f"{_MAY_ASSUME}\n              Service: lambda.amazonaws.com"),
    ),
    _world(
        "a role trusts everybody but one (NotPrincipal)",
        "everybody but a few (NotPrincipal)",
        (
            f"            Principal:\n              {_MAY_ASSUME}",
            "            NotPrincipal:\n              AWS: !GetAtt BackendRole.Arn",
        ),
    ),
    _world(
        "a role trusts an identity provider's users",
        "role worker may be assumed by Federated",
        (
            "          - Effect: Allow\n            Principal:\n              AWS: !GetAtt AuthorizerRole.Arn # may assume",
            _statement(
                "Effect: Allow",
                "Principal:",
                "  Federated: cognito-identity.amazonaws.com",
                "Action: sts:AssumeRoleWithWebIdentity",
            )
            + "          - Effect: Allow\n            Principal:\n              AWS: !GetAtt AuthorizerRole.Arn # may assume",
        ),
    ),
    _sample(
        "the authorizer's own role may be assumed by the account",
        "the authorizer's own role may be assumed by",
        (
            "              Service: lambda.amazonaws.com",
            "              Service: lambda.amazonaws.com\n              AWS: !Ref AWS::AccountId",
        ),
    ),
    _sample(
        "the backend runs as the authorizer's own role, and the Deny for other functions is gone",
        "runs as the authorizer's own role",
        ("      Role: !GetAtt BackendRole.Arn", "      Role: !GetAtt AuthorizerRole.Arn"),
        (
            "          - Sid: NoOtherFunction\n            Effect: Deny",
            "          - Sid: NoOtherFunction\n            Effect: Allow",
        ),
    ),
    # ── on what terms ────────────────────────────────────────────────────────────────────────────────────────────────
    _world(
        "a role takes any external id",
        "role worker takes any external id",
        ("              StringEquals:\n                sts:ExternalId: our-tenants\n", ""),
    ),
    _world(
        "a role takes sessions without the tenant's tag",
        "role worker gives a session without its tag tenant",
        ('                aws:RequestTag/tenant: "?*"\n', ""),
    ),
    _world(
        "a role takes any tags",
        "role worker takes other tags",
        ("              ForAllValues:StringEquals:\n                aws:TagKeys: [tenant]\n", ""),
    ),
    _world(
        "a role lets its tags go on to the next one",
        "role worker lets tags go on",
        ('              "Null":\n                sts:TransitiveTagKeys: "true"\n', ""),
    ),
    _world(
        "a role takes sessions without a source identity",
        "role worker gives a session without its source identity",
        ('                sts:SourceIdentity: "?*"\n', ""),
    ),
    _world(
        "a role may not be tagged",
        "role worker refuses what the authorizer asks for",
        ("            Action: sts:TagSession", "            Action: sts:SetSourceIdentity"),
    ),
    _sample(
        "a role's sessions end early",
        "AssumeRole will be denied",
        ("      MaxSessionDuration: 3600", "      MaxSessionDuration: 900"),
    ),
    # ── what roles may do by themselves ──────────────────────────────────────────────────────────────────────────────
    _sample(
        "a role may read every tenant's objects",
        "role viewer by itself allows what none of its templates does",
        (
            "Resource: &tenant !Sub ${DataBucket.Arn}/tenants/${!aws:PrincipalTag/tenant}/*",
            "Resource: &tenant !Sub ${DataBucket.Arn}/tenants/*",
        ),
    ),
    _sample(
        "a role may scan the table",
        "role viewer by itself allows what none of its templates does",
        (
            "                  - dynamodb:Query\n",
            "                  - dynamodb:Query\n                  - dynamodb:Scan\n",
        ),
    ),
    _sample(
        "a role's items are kept apart by a condition that an absent key passes",
        "role viewer by itself allows what none of its templates does",
        (
            '                  "Null": # ForAllValues alone holds for a request without keys\n                    dynamodb:LeadingKeys: "false"\n',
            "",
        ),
    ),
    _world(
        "a wide role has lost its boundary",
        "role worker by itself allows what none of its templates does",
        ("      PermissionsBoundary: !Ref Limit\n", ""),
    ),
    _world(
        "a boundary lets every tenant's queue through",
        "role worker by itself allows what none of its templates does: sqs:SendMessage",
        (":orders-${!aws:PrincipalTag/tenant}", ":*"),
    ),
    _world(
        "a role may do all but delete (NotAction)",
        "role worker by itself allows what none of its templates does: all but a few",
        (
            "                Action: [s3:*, sqs:SendMessage] # within the boundary",
            "                NotAction: s3:DeleteObject",
        ),
        ("      PermissionsBoundary: !Ref Limit\n", ""),
    ),
    # ── resources' policies ──────────────────────────────────────────────────────────────────────────────────────────
    _sample(
        "a bucket policy lets everybody of the organisation read",
        "gives * s3:GetObject, where template",
        (
            '          - Effect: Deny\n            Principal: "*"\n            Action: s3:*',
            _statement(
                "Effect: Allow",
                'Principal: "*"',
                "Action: s3:GetObject",
                "Resource: !Sub ${DataBucket.Arn}/*",
                "Condition: {StringEquals: {aws:PrincipalOrgID: o-1234567890}}",
            )
            + '          - Effect: Deny\n            Principal: "*"\n            Action: s3:*',
        ),
    ),
    _world(
        "a public folder is all tenants' folder",
        "gives * s3:GetObject, where template work",
        ("Resource: !Sub ${Bucket.Arn}/public/*", "Resource: !Sub ${Bucket.Arn}/*nts/*"),
    ),
    _world(
        "a bucket policy names a session of the role",
        "assumed-role",
        (
            _PUBLIC,
            _statement(
                "Effect: Allow",
                "Principal: {AWS: !Sub 'arn:aws:sts::${AWS::AccountId}:assumed-role/${WorkerRole}/somebody'}",
                "Action: s3:GetObject",
                "Resource: !Sub ${Bucket.Arn}/tenants/globex/*",
            )
            + _PUBLIC,
        ),
    ),
    _world(
        "a bucket policy allows all but one (NotPrincipal)",
        "gives everybody but",
        (
            _PUBLIC,
            _statement(
                "Effect: Allow",
                "NotPrincipal: {AWS: !GetAtt BackendRole.Arn}",
                "Action: s3:PutObject",
                "Resource: !Sub ${Bucket.Arn}/*",
            )
            + _PUBLIC,
        ),
    ),
    _world(
        "a bucket policy allows everybody of the account by a condition (PrincipalAccount)",
        "gives * s3:ListBucket",
        (
            _PUBLIC,
            _statement(
                "Effect: Allow",
                'Principal: {AWS: "*"}',
                "Action: s3:ListBucket",
                "Resource: !GetAtt Bucket.Arn",
                "Condition: {StringEquals: {aws:PrincipalAccount: !Ref AWS::AccountId}}",
            )
            + _PUBLIC,
        ),
    ),
    _world(
        "an access point lets everybody in",
        "gives * s3:GetObject, where template work",
        ("              AWS: !GetAtt BackendRole.Arn # reads reports", '              AWS: "*"'),
    ),
    _world(
        "a queue's condition on its source is one that an absent key passes (…IfExists)",
        "gives * sqs:SendMessage",
        (
            "              ArnEquals:\n                aws:SourceArn",
            "              ArnEqualsIfExists:\n                aws:SourceArn",
        ),
    ),
    _world(
        "a queue is open to everybody in the account's network",
        "gives * sqs:SendMessage",
        (
            "              ArnEquals:\n                aws:SourceArn: !Ref Topic",
            "              IpAddress:\n                aws:SourceIp: 10.0.0.0/8",
        ),
    ),
    _world(
        "a topic lets everybody publish",
        "gives * sns:Publish",
        ("              Service: events.amazonaws.com # publishes", '              AWS: "*"'),
    ),
    _world(
        "a secret is everybody's to read",
        "gives * secretsmanager:GetSecretValue",
        (
            '          - Effect: Deny\n            Principal: "*"\n            Action: secretsmanager:DeleteSecret',
            '          - Effect: Allow\n            Principal: "*"\n            Action: secretsmanager:GetSecretValue',
        ),
    ),
    _world(
        "a key decrypts for everybody",
        "gives * kms:*",
        (
            "              AWS: !Sub arn:aws:iam::${AWS::AccountId}:root # IAM decides",
            '              AWS: "*"',
        ),
    ),
    _world(
        "a key decrypts for everybody of the account, through S3",
        "gives * kms:*",
        (
            '              AWS: !Sub arn:aws:iam::${AWS::AccountId}:root # IAM decides\n            Action: kms:*\n            Resource: "*"',
            '              AWS: "*"\n            Action: kms:*\n            Resource: "*"\n            Condition: '
            "{StringEquals: {kms:CallerAccount: !Ref AWS::AccountId, kms:ViaService: s3.eu-west-1.amazonaws.com}}",
        ),
    ),
    _world(
        "a table lets every role session read (ArnLike)",
        "gives * dynamodb:GetItem",
        (
            '                AWS: !GetAtt BackendRole.Arn # reads items\n              Action: dynamodb:GetItem\n              Resource: "*"',
            '                AWS: "*"\n              Action: dynamodb:GetItem\n              Resource: "*"\n              '
            "Condition: {ArnLike: {aws:PrincipalArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/*'}}",
        ),
    ),
    _world(
        "a table is open to another account",
        "whether that is a session cannot be told",
        (
            "                AWS: !GetAtt BackendRole.Arn # reads items",
            "                AWS: arn:aws:iam::210987654321:root",
        ),
    ),
    # ── other ways to the same ───────────────────────────────────────────────────────────────────────────────────────
    _world(
        "an index of the table has another partition key",
        "the partition key of by-item is not `tenant`",
        ("            - AttributeName: tenant # of the index", "            - AttributeName: item"),
    ),
    _world(
        "the key is not symmetric",
        "it has no encryption context",
        ("KeySpec: SYMMETRIC_DEFAULT", "KeySpec: RSA_4096\n      KeyUsage: ENCRYPT_DECRYPT"),
    ),
    # ── claims ───────────────────────────────────────────────────────────────────────────────────────────────────────
    _sample(
        "users may write their tenant",
        "`custom:tenant_id` may be written by users",
        ("      WriteAttributes: [name]", '      WriteAttributes: [name, "custom:tenant_id"]'),
    ),
    _world(
        "another app of the pool lets users write their tenant",
        "`custom:tenant_id` may be written by users of the app client ${Portal}",
        ("[name, email] # of the portal", '[name, "custom:tenant_id"]'),
    ),
    _world(
        "an app without a list of what users may write",
        "without WriteAttributes",
        ("      WriteAttributes: [name] # of the app\n", ""),
    ),
    _sample(
        "who signs up says their first tenant",
        "without WriteAttributes",
        ("        AllowAdminCreateUserOnly: true", "        AllowAdminCreateUserOnly: false"),
        ("      WriteAttributes: [name]\n      ReadAttributes: [name, ", "      ReadAttributes: [name, "),
    ),
    _world(
        "users may write what a rule looks at",
        "`custom:department` may be written by users",
        ("[name] # of the app", '[name, "custom:department"]'),
    ),
    # ── routes ───────────────────────────────────────────────────────────────────────────────────────────────────────
    _sample(
        "a route of a REST API has no authorizer",
        "ANY /files/{proxy+} of ${RestApi} has no authorizer",
        ("              Authorizer: Request", "              Authorizer: NONE"),
    ),
    _sample(
        "a route of an HTTP API has no authorizer",
        "GET /{proxy+} of ${HttpApi} has no authorizer",
        (
            "            Path: /{proxy+}\n            Method: OPTIONS",
            "            Path: /{proxy+}\n            Method: GET",
        ),
    ),
    _sample(
        "a WebSocket connects without the authorizer",
        "$connect of ${WebSocketApi} has no authorizer",
        ("      AuthorizationType: CUSTOM\n      AuthorizerId: !Ref WebSocketAuthorizer\n", ""),
    ),
    _sample(
        "a WebSocket API has lost its $connect",
        "has no route $connect",
        ("      RouteKey: $connect", "      RouteKey: $disconnect"),
    ),
    _world(
        "a method asks for any signed request (AWS_IAM)",
        "stands behind AWS_IAM, and not behind the authorizer",
        (
            "AuthorizationType: CUSTOM # of REST\n      AuthorizerId: !Ref RestAuthorizer",
            "AuthorizationType: AWS_IAM",
        ),
    ),
    _world(
        "an authorizer asks another function",
        "stands behind ${RestAuthorizer}, and not behind the authorizer",
        ("functions/${Authorizer.Arn}/invocations # of REST", "functions/${Backend.Arn}/invocations"),
    ),
    _world(
        "a whole API reaches the backend without the authorizer",
        "ANY /jobs/{proxy+} of ${Http} has no authorizer",
        ("      AuthorizationType: CUSTOM # of HTTP\n      AuthorizerId: !Ref HttpAuthorizer\n", ""),
        ("functions/${Authorizer.Arn}/invocations # of HTTP", "functions/${Backend.Arn}/invocations"),
    ),
    _world(
        "an API's own policy allows everybody",
        "which wins over an authorizer that is silent",
        ("          - Effect: Deny # whoever comes from elsewhere", "          - Effect: Allow"),
    ),
    # ── what the gateway remembers, and in which form it is answered ─────────────────────────────────────────────────
    _sample(
        "answers are repeated for an hour",
        "API Gateway repeats an answer for 3600 s, and gateway.result_ttl is 300 s",
        ("              ReauthorizeEvery: !Ref ResultTtl", "              ReauthorizeEvery: 3600"),
    ),
    _world(
        "how long answers are repeated stands in no file",
        "for how long its answers are repeated is open",
        ("      AuthorizerResultTtlInSeconds: 300 # of HTTP\n", ""),
    ),
    _sample(
        "a REST API's cache is not keyed by the requested role",
        "${RestApi}/authorizers/Request: the cache is not keyed by x-role",
        ("[Authorization, X-Role]", "[Authorization]"),
    ),
    _world(
        "a cache is not keyed by the token",
        "${RestAuthorizer}: the cache is not keyed by authorization",
        ("method.request.header.Authorization # of REST", "context.identity.sourceIp"),
    ),
    _sample(
        "simple answers are repeated, for routes that they are not about",
        "${HttpApi}/authorizers/Simple: API Gateway repeats an answer for 60 s",
        ("              ReauthorizeEvery: 0", "              ReauthorizeEvery: 60"),
    ),
    _sample(
        "an HTTP API takes simple answers, and is given policies",
        "takes the answer 'simple', and gateway.response of its function is 'policy'",
        ("            EnableSimpleResponses: false", "            EnableSimpleResponses: true"),
    ),
    _sample(
        "an HTTP API takes policies, and is given simple answers",
        "takes the answer 'policy', and gateway.response of its function is 'simple'",
        ("            EnableSimpleResponses: true", "            EnableSimpleResponses: false"),
    ),
    _sample(
        "simple answers of a payload that has none",
        "takes simple responses, which payload 1.0 does not have",
        (
            '            AuthorizerPayloadFormatVersion: "2.0"\n            EnableSimpleResponses: true',
            '            AuthorizerPayloadFormatVersion: "1.0"\n            EnableSimpleResponses: true',
        ),
    ),
    _sample(
        "one of two functions does not start",
        "-authorizer-simple does not start",
        ("          RESULT_TTL: 0s", "          RESULT_TTL: 5m"),
    ),
    # ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────
    _sample(
        "the token comes in another header",
        "takes the token from the header x-token",
        ("              Header: Authorization\n", "              Header: X-Token\n"),
    ),
    _sample(
        "the gateway refuses tokens of RSA keys",
        "refuses tokens that issuers sign",
        ("{86,1366}$", "{86}$"),
    ),
    # ── where credentials go ─────────────────────────────────────────────────────────────────────────────────────────
    _world(
        "credentials are appended to a caller's own header",
        "appends sessionToken to header.x-vended-session-token",
        ("overwrite:header.x-vended-session-token", "append:header.x-vended-session-token"),
    ),
    _world(
        "a header is filled with a field that is not given",
        "maps secretKey to integration.request.header.x-vended-secret-access-key, and the authorizer gives none",
        ("context.authorizer.secretAccessKey # of REST", "context.authorizer.secretKey"),
    ),
    _world(
        "a header of the credentials is left to the caller",
        "maps a part of the credentials, and not sessionToken",
        ("        overwrite:header.x-vended-session-token: $context.authorizer.sessionToken\n", ""),
    ),
    _world(
        "a secret stands in the address",
        "puts secretAccessKey into integration.request.querystring.key",
        ("integration.request.header.x-vended-secret-access-key", "integration.request.querystring.key"),
    ),
    _world(
        "credentials go without TLS",
        "sends credentials without TLS",
        ("        Uri: https://jobs.example.com/ # of REST", "        Uri: http://jobs.example.com/"),
    ),
    _sample(
        "the access log has session tokens",
        "${RestApi}: the access log has sessionToken",
        (
            '"status":"$context.status","principal":',
            '"status":"$context.authorizer.sessionToken","principal":',
        ),
    ),
    _world(
        "data tracing logs what the authorizer answers",
        "data tracing logs what the authorizer answers",
        ("          DataTraceEnabled: false # of REST", "          DataTraceEnabled: true"),
    ),
)


def found(fault: Fault | Base, folder: Path, *more: str) -> list[Ruling]:
    """The rulings on a fault's deployment, or on one without. `folder` takes its template; `more` are `NAME=VALUE`."""
    base = fault if isinstance(fault, Base) else fault.base
    file = folder / "template.yaml"
    file.write_text(fault.template_text(), encoding="utf-8")
    for beside in base.template.parent.glob("alarms.yaml"):
        (folder / beside.name).write_text(beside.read_text(encoding="utf-8"), encoding="utf-8")
    parameters = {"AWS::Region": "eu-west-1", **dict(text.split("=", 1) for text in more)}
    world = load_world(base.access, [file], parameters, environment_of(base.access, aws=False))
    return [ruling() for ruling in rule_on(world, lines_of(base))]


@cache
def lines_of(base: Base) -> tuple[str, ...]:
    """What the proofs of a base rest on: its faults are all outside its templates."""
    world = load_world(
        base.access, [base.template], {"AWS::Region": "eu-west-1"}, environment_of(base.access, aws=False)
    )
    return tuple(dict.fromkeys(line for proof in prove_settings(world.access) for line in proof.rests_on))


def told(rulings: Iterable[Ruling]) -> list[str]:
    """What is refuted, or open though a file could close it."""
    return [
        note.text
        for ruling in rulings
        for note in ruling.notes
        if note.status == "REFUTED" or (note.status == "OPEN" and note.closable)
    ]


def slug(name: str) -> str:
    """A fault's name as a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
