"""A template's resources, by what they say about a deployment."""

# ruff: noqa: E501 - texts as templates have them

from typing import Any

import pytest

from authorizer.deployed.deployment import Deployment
from authorizer.deployed.errors import DeploymentInvalid
from tests.deployed.factories import from_template

POLICY = "{Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: '*:*', Resource: '*'}]}"


def of(kind: str, properties: str = "{}", *, more: str = "", **given: Any) -> Deployment:
    """A template with one resource, `Thing`."""
    return from_template(
        f"Resources:\n  Thing:\n    Type: {kind}\n    Properties: {properties}\n{more}", **given
    )


def shown(deployed: Deployment, *texts: str) -> list[str]:
    return [deployed.names.show(text) for text in texts]


@pytest.mark.parametrize(
    ("kind", "properties", "arn"),
    [
        ("AWS::KMS::Key", f"{{KeyPolicy: {POLICY}}}", "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${Thing}"),
        (
            "AWS::DynamoDB::Table",
            f"{{TableName: t, ResourcePolicy: {{PolicyDocument: {POLICY}}}}}",
            "arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/t",
        ),
        (
            "AWS::DynamoDB::Table",
            f"{{TableName: t, StreamSpecification: {{ResourcePolicy: {{PolicyDocument: {POLICY}}}}}}}",
            "arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/t/stream/*",
        ),
        (
            "AWS::DynamoDB::GlobalTable",
            f"{{TableName: t, Replicas: [{{Region: us-east-1, ResourcePolicy: {{PolicyDocument: {POLICY}}}}}, x]}}",
            "arn:aws:dynamodb:us-east-1:${AWS::AccountId}:table/t",
        ),
        (
            "AWS::DynamoDB::GlobalTable",
            f"{{TableName: t, Replicas: [{{Region: us-east-1, ReplicaStreamSpecification: {{ResourcePolicy: {{PolicyDocument: {POLICY}}}}}}}]}}",
            "arn:aws:dynamodb:us-east-1:${AWS::AccountId}:table/t/stream/*",
        ),
        ("AWS::S3::BucketPolicy", f"{{Bucket: b, PolicyDocument: {POLICY}}}", "arn:aws:s3:::b"),
        ("AWS::SQS::QueuePolicy", f"{{Queues: [https://q], PolicyDocument: {POLICY}}}", "arn:aws:sqs:*:*:*"),
        ("AWS::SQS::QueuePolicy", f"{{PolicyDocument: {POLICY}}}", "arn:aws:sqs:*:*:*"),
        (
            "AWS::SNS::TopicPolicy",
            f"{{Topics: ['arn:aws:sns:a:b:c'], PolicyDocument: {POLICY}}}",
            "arn:aws:sns:a:b:c",
        ),
        (
            "AWS::Events::EventBusPolicy",
            "{EventBusName: bus, Statement: {Effect: Allow, Principal: '*', Action: 'events:PutEvents', Resource: '*'}}",
            "arn:aws:events:eu-west-1:${AWS::AccountId}:event-bus/bus",
        ),
        (
            "AWS::Lambda::Permission",
            "{FunctionName: f, Principal: '*', Action: 'lambda:InvokeFunction', PrincipalOrgID: o-1}",
            "arn:aws:lambda:eu-west-1:${AWS::AccountId}:function:f",
        ),
        (
            "AWS::S3::AccessPoint",
            f"{{Name: p, Bucket: b, Policy: {POLICY}}}",
            "arn:aws:s3:eu-west-1:${AWS::AccountId}:accesspoint/p",
        ),
    ],
)
def test_a_policy_is_on_its_resource(kind: str, properties: str, arn: str) -> None:
    deployed = of(kind, properties)
    (found,) = deployed.policies
    assert shown(deployed, found.arn) == [arn]
    (rule,) = found.policy.rules
    assert rule.statement is not None
    assert [each.value for each in rule.principals] == ["*"]


def test_a_table_and_its_stream_have_a_policy_each() -> None:
    own = f"ResourcePolicy: {{PolicyDocument: {POLICY}}}"
    deployed = of("AWS::DynamoDB::Table", f"{{TableName: t, {own}, StreamSpecification: {{{own}}}}}")
    table = "arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/t"
    assert sorted(shown(deployed, *(each.arn for each in deployed.policies))) == [table, f"{table}/stream/*"]


@pytest.mark.parametrize(
    "replica",
    [
        "{Region: us-east-1, ResourcePolicy: !ImportValue x}",
        "{Region: us-east-1, ReplicaStreamSpecification: !ImportValue x}",
        "{Region: us-east-1, ReplicaStreamSpecification: {ResourcePolicy: !ImportValue x}}",
    ],
)
def test_a_replica_s_policy_that_is_open_could_not_be_read(replica: str) -> None:
    (found,) = of("AWS::DynamoDB::GlobalTable", f"{{TableName: t, Replicas: [{replica}]}}").policies
    assert [rule.statement for rule in found.policy.rules] == [None]


def test_a_permission_for_a_service_or_an_account_names_it() -> None:
    for principal, kind in (("s3.amazonaws.com", "Service"), ("'123456789012'", "AWS")):
        deployed = of(
            "AWS::Lambda::Permission",
            f"{{FunctionName: f, Principal: {principal}, Action: 'lambda:InvokeFunction', SourceArn: 'arn:aws:s3:::b'}}",
        )
        (rule,) = deployed.policies[0].policy.rules
        assert [each.kind for each in rule.principals] == [kind]
        assert rule.statement is not None
        assert [each.key for each in rule.statement.conditions] == ["aws:SourceArn"]


@pytest.mark.parametrize(
    ("acl", "actions"),
    [
        ("Private", []),
        ("LogDeliveryWrite", []),
        ("BucketOwnerFullControl", []),
        ("AuthenticatedRead", ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]),
        ("PublicRead", ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]),
        (
            "PublicReadWrite",
            [
                *("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucket"),
                *("s3:ListBucketMultipartUploads", "s3:ListBucketVersions", "s3:PutObject"),
            ],
        ),
    ],
)
def test_a_bucket_s_acl_is_a_policy_on_it(acl: str, actions: list[str]) -> None:
    found = [
        (each.arn, rule.principals[0].value, rule.statement.actions)
        for each in of("AWS::S3::Bucket", f"{{BucketName: b, AccessControl: {acl}}}").policies
        for rule in each.policy.rules
        if rule.statement is not None
    ]
    assert sorted(action for _, _, named in found for action in named) == actions
    assert {(arn, who) for arn, who, _ in found} == ({("arn:aws:s3:::b", "*")} if actions else set())


@pytest.mark.parametrize("acl", ["Public", "!ImportValue x", "[x]"])
def test_an_acl_that_is_not_known_is_said_to_be(acl: str) -> None:
    (found,) = of("AWS::S3::Bucket", f"{{BucketName: b, AccessControl: {acl}}}").policies
    assert [rule.problem for rule in found.policy.rules] == ["its ACL could not be read"]


@pytest.mark.parametrize(
    ("principal", "kind"),
    [
        ("arn:aws:iam::999999999999:role/app.prod", "AWS"),
        ("'999999999999'", "AWS"),
        ("s3.amazonaws.com", "Service"),
        ("alexa-appkit.amazon.com", "Service"),
        ("!ImportValue x", "AWS"),
        ("!Sub '${X}.com'", "AWS"),
    ],
)
def test_a_permission_is_a_service_s_by_its_name_alone(principal: str, kind: str) -> None:
    deployed = of(
        "AWS::Lambda::Permission",
        f"{{FunctionName: f, Principal: {principal}, Action: 'lambda:InvokeFunction'}}",
    )
    assert [each.kind for each in deployed.policies[0].policy.rules[0].principals] == [kind]


@pytest.mark.parametrize("name", ["f", "f:live", "123456789012:function:f", "123456789012:function:f:live"])
def test_a_permission_is_on_the_function_however_it_is_named(name: str) -> None:
    permission = f"{{FunctionName: '{name}', Principal: '*', Action: 'lambda:InvokeFunction'}}"
    deployed = of("AWS::Lambda::Permission", permission)
    assert shown(deployed, deployed.policies[0].arn) == [
        "arn:aws:lambda:eu-west-1:${AWS::AccountId}:function:f"
    ]


def test_a_policy_is_on_the_resource_of_its_own_type_where_another_has_the_same_name() -> None:
    deployed = from_template(
        f"""
Resources:
  Bucket: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: data}}}}
  Table: {{Type: 'AWS::DynamoDB::Table', Properties: {{TableName: data}}}}
  Point: {{Type: 'AWS::S3::AccessPoint', Properties: {{Name: data, Bucket: data}}}}
  OnIt: {{Type: 'AWS::S3::BucketPolicy', Properties: {{Bucket: !Ref Bucket, PolicyDocument: {POLICY}}}}}
"""
    )
    (found,), (door,) = deployed.policies, deployed.doors
    assert (found.arn, door.opens) == ("arn:aws:s3:::data", "arn:aws:s3:::data")


def test_a_policy_without_a_document_is_one_that_cannot_be_read() -> None:
    assert of("AWS::S3::BucketPolicy", "{Bucket: b}").policies[0].policy.rules[0].statement is None


@pytest.mark.parametrize(
    ("kind", "properties", "what", "arn", "opens"),
    [
        (
            "AWS::S3::MultiRegionAccessPoint",
            "{Name: m, Regions: [{Bucket: b}]}",
            "multi-Region access point",
            "arn:aws:s3::${AWS::AccountId}:accesspoint/m",
            "arn:aws:s3:::b",
        ),
        (
            "AWS::S3ObjectLambda::AccessPoint",
            "{Name: o}",
            "Object Lambda access point",
            "arn:aws:s3-object-lambda:eu-west-1:${AWS::AccountId}:accesspoint/o",
            "*",
        ),
        (
            "AWS::S3::Bucket",
            "{BucketName: b, ReplicationConfiguration: {Rules: [{Destination: {Bucket: 'arn:aws:s3:::copy'}}]}}",
            "replica",
            "arn:aws:s3:::copy",
            "arn:aws:s3:::b",
        ),
        (
            "AWS::S3::Bucket",
            "{BucketName: b, ReplicationConfiguration: {Rules: [x]}}",
            "replica",
            "*",
            "arn:aws:s3:::b",
        ),
        (
            "AWS::KMS::ReplicaKey",
            "{PrimaryKeyArn: 'arn:aws:kms:us-east-1:1:key/k'}",
            "replica",
            "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${Thing}",
            "arn:aws:kms:us-east-1:1:key/k",
        ),
        (
            "AWS::SecretsManager::Secret",
            "{Name: s, ReplicaRegions: [{Region: us-east-1}]}",
            "replica",
            "arn:aws:secretsmanager:us-east-1:${AWS::AccountId}:secret:s-??????",
            "arn:aws:secretsmanager:eu-west-1:${AWS::AccountId}:secret:s-??????",
        ),
        (
            "AWS::SecretsManager::Secret",
            "{Name: s, ReplicaRegions: [x]}",
            "replica",
            "arn:aws:secretsmanager:*:${AWS::AccountId}:secret:s-??????",
            "arn:aws:secretsmanager:eu-west-1:${AWS::AccountId}:secret:s-??????",
        ),
        (
            "AWS::DynamoDB::GlobalTable",
            "{TableName: t, Replicas: [{Region: eu-west-1}, {Region: us-east-1}]}",
            "replica",
            "arn:aws:dynamodb:us-east-1:${AWS::AccountId}:table/t",
            "arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/t",
        ),
    ],
)
def test_another_arn_of_a_resource_is_a_door_to_it(
    kind: str, properties: str, what: str, arn: str, opens: str
) -> None:
    deployed = of(kind, properties)
    (door,) = deployed.doors
    assert door.what == what
    assert shown(deployed, door.arn, door.opens) == [arn, opens]


def test_a_multi_region_access_point_whose_regions_are_open_opens_any_bucket() -> None:
    deployed = of("AWS::S3::MultiRegionAccessPoint", "{Regions: x}")
    assert shown(deployed, deployed.doors[0].opens) == ["arn:aws:s3:::*"]
    assert of("AWS::S3::MultiRegionAccessPoint", "{Regions: [x]}").doors[0].opens == "arn:aws:s3:::*"


@pytest.mark.parametrize(
    ("properties", "key", "indexes"),
    [
        ("{KeySchema: [{AttributeName: r, KeyType: RANGE}, {AttributeName: h, KeyType: HASH}]}", "h", ()),
        ("{}", None, ()),
        (
            "{KeySchema: [{AttributeName: h, KeyType: HASH}], GlobalSecondaryIndexes: [{IndexName: i, KeySchema: "
            "[{AttributeName: g, KeyType: HASH}]}, x], LocalSecondaryIndexes: [{IndexName: l, KeySchema: [x]}]}",
            "h",
            (("i", "g"), ("l", None), ("?", None)),
        ),
    ],
)
def test_a_table_has_its_keys(properties: str, key: str | None, indexes: tuple[object, ...]) -> None:
    (table,) = of("AWS::DynamoDB::Table", properties).tables
    assert (table.key, table.indexes) == (key, indexes)


def test_a_simple_table_has_one_key() -> None:
    assert of("AWS::Serverless::SimpleTable").tables[0].key == "id"
    assert of("AWS::Serverless::SimpleTable", "{PrimaryKey: {Name: tenant}}").tables[0].key == "tenant"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("{}", True),
        ("{AdvancedOptions: x}", True),
        ("{AdvancedOptions: {rest.action.multi.allow_explicit_index: 'false'}}", False),
        ("{AdvancedOptions: {rest.action.multi.allow_explicit_index: false}}", False),
    ],
)
def test_a_domain_lets_a_body_name_indexes_unless_told(options: str, names: bool) -> None:
    assert of("AWS::OpenSearchService::Domain", options).domains[0].names_indexes is names


# ── roles and functions ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_role_has_all_policies_that_anything_gives_it() -> None:
    deployed = of(
        "AWS::IAM::Role",
        f"{{RoleName: r, ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess', !Ref Managed], "
        f"PermissionsBoundary: !Ref Managed, Policies: [{{PolicyName: p, PolicyDocument: {POLICY}}}, x]}}",
        more=(
            f"  Managed: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{PolicyDocument: {POLICY}}}}}\n"
            f"  Beside: {{Type: 'AWS::IAM::RolePolicy', Properties: {{RoleName: r, PolicyDocument: {POLICY}}}}}\n"
            f"  For: {{Type: 'AWS::IAM::Policy', Properties: {{Roles: [r, other], PolicyDocument: {POLICY}}}}}\n"
            f"  On: {{Type: 'AWS::IAM::ManagedPolicy', Properties: {{Roles: [r], PolicyDocument: {POLICY}}}}}\n"
        ),
    )
    (role,) = deployed.roles
    assert len(role.policies) == 6
    assert role.unseen == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert role.boundary is not None
    assert role.max_session == 3600
    assert [rule.problem for rule in role.trust.rules] == ["the role has no trust policy that could be read"]
    assert deployed.unread == ()


def test_what_is_attached_to_roles_that_are_open_is_said() -> None:
    for roles, why in (("[!ImportValue x]", "may be any role"), ("{a: b}", "its Roles could not be read")):
        deployed = of("AWS::IAM::Policy", f"{{Roles: {roles}, PolicyDocument: {POLICY}}}")
        assert [why in each.why for each in deployed.unread] == [True]


def test_lists_that_are_open_are_said_to_be() -> None:
    (role,) = of("AWS::IAM::Role", "{ManagedPolicyArns: {a: b}, Policies: x, MaxSessionDuration: soon}").roles
    assert role.unseen == ("managed policies that could not be read",)
    assert role.policies[0].rules[0].statement is None
    assert role.max_session is None


def test_sam_makes_a_role_for_a_function_without_one() -> None:
    deployed = of(
        "AWS::Serverless::Function",
        f"{{Policies: [AWSLambdaExecute, {POLICY}, {{S3ReadPolicy: {{}}}}, {{}}], PermissionsBoundary: arn:x}}",
        more="Globals: {Function: {Handler: h, Environment: {Variables: {A: b, C: [d]}}}}\n",
    )
    (role,), (function,) = deployed.roles, deployed.functions
    assert role.arn == function.role
    assert role.trust.rules[0].principals[0].value == "lambda.amazonaws.com"
    assert len(role.policies) == 1
    assert role.unseen == (
        "AWSLambdaExecute",
        "a policy template of SAM: S3ReadPolicy",
        "a policy template of SAM: ?",
    )
    assert role.boundary_arn == "arn:x"
    assert (function.handler, function.environment) == ("h", {"A": "b"})


def test_a_function_s_own_settings_win_over_those_of_all() -> None:
    deployed = of(
        "AWS::Serverless::Function",
        "{Handler: own, Role: arn:r, Policies: One, Environment: {Variables: {A: own}}}",
        more="Globals: {Function: {Handler: h, Environment: {Variables: {A: all, B: all}}}}\n",
    )
    assert deployed.functions[0].handler == "own"
    assert deployed.functions[0].environment == {"A": "own", "B": "all"}
    assert of("AWS::Serverless::Function", "{Policies: One}").roles[0].unseen == ("One",)
    assert (
        of("AWS::Serverless::Function", "{Environment: x}", more="Globals: x\n").functions[0].environment
        == {}
    )


# ── user pools ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pool_has_its_schema_and_who_may_sign_up() -> None:
    (pool,) = of(
        "AWS::Cognito::UserPool",
        "{Schema: [{Name: tenant, Mutable: false}, {Name: email}], LambdaConfig: {PreTokenGeneration: arn:f}, "
        "AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}}",
    ).pools
    assert pool.mutable == {"custom:tenant": False, "email": True}
    assert (pool.signs_up, pool.trigger) == (False, "arn:f")
    assert of("AWS::Cognito::UserPool").pools[0].signs_up
    second = "{LambdaConfig: {PreTokenGenerationConfig: {LambdaArn: arn:g}}}"
    assert of("AWS::Cognito::UserPool", second).pools[0].trigger == "arn:g"


def test_what_cannot_be_read_of_a_pool_is_said() -> None:
    assert [each.area for each in of("AWS::Cognito::UserPool", "{Schema: x}").unread] == ["pools"]
    assert [each.area for each in of("AWS::Cognito::UserPoolClient", "{WriteAttributes: {a: b}}").unread] == [
        "pools"
    ]


def test_a_client_has_what_it_writes_and_a_provider_what_it_fills() -> None:
    assert of("AWS::Cognito::UserPoolClient", "{WriteAttributes: [name]}").clients[0].writes == ("name",)
    assert of("AWS::Cognito::UserPoolClient").clients[0].writes is None
    mapped = of("AWS::Cognito::UserPoolIdentityProvider", "{UserPoolId: p, AttributeMapping: {a: b}}").mapped
    assert (mapped[0].pool, mapped[0].attributes) == ("p", ("a",))
    assert of("AWS::Cognito::UserPoolIdentityProvider").mapped[0].attributes == ()


# ── what a template does not show ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Transform: [AWS::Serverless-2016-10-31, Mine]\nResources: {}", "the macro Mine"),
        ("Resources: {A: {Properties: {}}}", "the resource A has no Type"),
        ("Resources: {A: text}", "the resource A has no Type"),
        ("Resources: {A: {Type: 'AWS::S3::Bucket', Properties: !ImportValue x}}", "the properties of A"),
        ("Resources: {A: {Type: 'AWS::S3::Bucket', Properties: {Fn::Transform: x, B: c}}}", "the macro here"),
        ("Resources: {A: {Type: 'AWS::Serverless::Connector'}}", "SAM makes policies of it"),
        ("Transform: {Name: AWS::Include}\nResources: {}", "the macro"),
        ("Transform: [AWS::Serverless-2016-10-31, {Name: AWS::Include}]\nResources: {}", "the macro"),
        ("Transform: !ImportValue x\nResources: {}", "the macro"),
        ("Fn::Transform: {Name: x}\nResources: {}", "the macro"),
        (
            "Resources: {A: {Type: 'AWS::S3::Bucket', Properties: {Tags: {Fn::Transform: {Name: x}, B: c}}}}",
            "the macro",
        ),
        ("Resources: {A: {Type: 'Our::Storage::MODULE'}}", "A: is of the type Our::Storage::MODULE"),
        ("Resources: {A: {Type: 'Our::Storage::Thing'}}", "A: is of the type Our::Storage::Thing"),
        ("Resources: {A: {Type: 'Custom::Thing'}}", "A: is of the type Custom::Thing"),
        ("Resources: {A: {Type: 'AWS::CloudFormation::CustomResource'}}", "A: somebody's own code"),
        ("Resources: {A: {Type: 'AWS::CloudFormation::StackSet'}}", "A: stacks in other"),
        (
            "Resources: {A: {Type: 'AWS::ServiceCatalog::CloudFormationProvisionedProduct'}}",
            "A: a stack from elsewhere",
        ),
        (
            "Resources: {A: {Type: 'AWS::Serverless::SimpleTable', Connectors: {C: {}}}}",
            "A: SAM makes policies of its Connectors",
        ),
        (
            "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://x/y'}}}",
            "the stack A",
        ),
        (
            "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: !ImportValue x}}}",
            "the stack A",
        ),
        (
            "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: gone.yaml}}}",
            "the stack A",
        ),
    ],
)
def test_what_may_make_more_than_the_template_shows_is_said(text: str, why: str) -> None:
    deployed = from_template(text)
    assert {each.area for each in deployed.unread} == {"roles", "policies", "pools", "resources", "apis"}
    assert all(why in each.why for each in deployed.unread)


def test_a_nested_stack_is_read_with_its_parameters() -> None:
    deployed = from_template(
        "Parameters: {Name: {Type: String, Default: outer}}\nResources: {A: {Type: 'AWS::CloudFormation::Stack', "
        "Properties: {TemplateURL: inner.yaml, Parameters: {Name: data}}}}",
        files={
            "inner.yaml": "Parameters: {Name: {Type: String}}\n"
            "Resources: {B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref Name}}, C: {Type: 'AWS::S3::Bucket'}}"
        },
        parameters={"AWS::AccountId": "123456789012"},
    )
    assert shown(deployed, *(each.arn for each in deployed.resources)) == [
        "arn:aws:s3:::data",
        "arn:aws:s3:::${A/C}",
    ]
    assert deployed.resources[0].place == "inner.yaml:2"
    assert deployed.unread == ()


def test_stacks_that_nest_without_end_are_left() -> None:
    stack = "Resources: {A: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: inner.yaml, Parameters: x}}}"
    deployed = from_template(stack, files={"inner.yaml": stack})
    assert deployed.unread


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(DeploymentInvalid, match="has no Resources"):
        from_template("a: b")


def test_what_is_described_twice_is_said() -> None:
    role = "{Type: 'AWS::IAM::Role', Properties: {RoleName: r}}"
    deployed = from_template(f"Resources: {{A: {role}, B: {role}}}")
    assert [(each.area, "twice" in each.why) for each in deployed.unread] == [("roles", True)]


def test_a_stack_lies_in_the_partition_of_its_region() -> None:
    from authorizer.deployed.cloudformation import read_template
    from authorizer.deployed.gather import Gathered

    gathered = Gathered()
    text = "Resources: {A: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b}}}"
    read_template(text, "t", parameters={}, region="cn-north-1", open_file=lambda *_: None, gathered=gathered)
    assert gathered.resources[0].arn == "arn:aws-cn:s3:::b"


def test_globals_put_their_statements_before_an_api_s_own() -> None:
    """SAM's lists are additive: an API's own Deny does not replace the Allow that all APIs have."""
    allows = "{Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: '*'}"
    deployed = of(
        "AWS::Serverless::Api",
        f"{{Auth: {{ResourcePolicy: {{CustomStatements: [{allows.replace('Allow', 'Deny')}]}}}}}}",
        more=f"Globals: {{Api: {{Auth: {{ResourcePolicy: {{CustomStatements: [{allows}]}}}}}}}}\n",
    )
    (found,) = deployed.policies
    assert [rule.statement and rule.statement.effect for rule in found.policy.rules] == ["Allow", "Deny"]
    assert deployed.unread == ()


@pytest.mark.parametrize(
    ("shared", "says"),
    [
        (
            "{Function: {Environment: x}}",
            "Environment is of one kind in Globals, and of another here: write it once",
        ),
        (
            "{Function: {Environment: {Variables: [x]}}}",
            "Environment.Variables is of one kind in Globals, and of another here: write it once",
        ),
        ("{Function: !ImportValue x}", "Globals of Function could not be read"),
        ("x", "Globals of Function could not be read"),
    ],
)
def test_globals_of_another_kind_are_left_open(shared: str, says: str) -> None:
    deployed = of(
        "AWS::Serverless::Function", "{Environment: {Variables: {A: b}}}", more=f"Globals: {shared}\n"
    )
    assert {each.why for each in deployed.unread} == {says}


@pytest.mark.parametrize(
    ("kind", "properties", "areas"),
    [
        ("AWS::Lambda::ResourcePolicy", f"{{ResourceArn: x, PolicyDocument: {POLICY}}}", {"policies"}),
        ("AWS::ECR::RegistryPolicy", "{}", {"policies"}),
        ("AWS::ECR::PublicRepository", f"{{RepositoryPolicyText: {POLICY}}}", {"policies"}),
        ("AWS::Logs::LogGroup", f"{{ResourcePolicyDocument: {POLICY}}}", {"policies"}),
        ("AWS::Logs::LogGroup", "{ResourcePolicyDocument: !ImportValue x}", {"policies"}),
        ("AWS::Logs::LogGroup", "{LogGroupName: x}", set()),
        ("AWS::S3Express::AccessPoint", "{Bucket: x}", {"resources"}),
        ("AWS::S3Express::AccessPoint", f"{{Policy: {POLICY}}}", {"resources", "policies"}),
        ("AWS::S3::AccessGrant", "{}", {"policies"}),
        ("AWS::IAM::NewRole", "{}", {"roles"}),
        ("AWS::Cognito::NewClient", "{}", {"pools"}),
        ("AWS::New::Thing", "{Inside: [{Said: '{\"Statement\": []}'}]}", {"policies"}),
        ("AWS::KMS::Key", f"{{KeyPolicy: {POLICY}}}", set()),
        ("AWS::Events::EventBus", f"{{Policy: {POLICY}}}", set()),
        ("AWS::IAM::User", f"{{Policies: [{{PolicyDocument: {POLICY}}}]}}", set()),
        ("AWS::WAFv2::WebACL", "{Rules: [{Statement: {}}]}", set()),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "{}", set()),
        ("AWS::CloudWatch::Alarm", "{AlarmName: x}", set()),
    ],
)
def test_a_type_that_is_not_read_leaves_open_what_it_may_say(
    kind: str, properties: str, areas: set[str]
) -> None:
    assert {each.area for each in of(kind, properties).unread} == areas
