"""`terraform show -json`, of a state and of a plan: the same deployment as of a template, by the plan's addresses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.deployed.names import is_open
from authorizer.deployed.provider import TYPES
from authorizer.deployed.terraform import is_plan
from tests.deployed.factories import ACCOUNT, LAMBDA_TRUST, allow, from_state, policy, resource

TRUST = json.dumps(LAMBDA_TRUST)
OPEN = json.dumps(policy(allow(Principal="*")))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/viewer"


def test_a_state_has_roles_with_all_that_is_attached_to_them() -> None:
    own = json.dumps(policy(allow()))
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p"
    deployed = from_state(
        resource(
            "aws_iam_role.viewer",
            name="viewer",
            arn=ROLE,
            assume_role_policy=TRUST,
            max_session_duration=3600,
            permissions_boundary=arn,
            inline_policy=[{"name": "x", "policy": own}, {"name": "", "policy": ""}],
        ),
        resource("aws_iam_role_policy.more", name="more", role="viewer", policy=own),
        resource("aws_iam_policy.p", name="p", arn=arn, policy=own),
        resource("aws_iam_role_policy_attachment.a", role="viewer", policy_arn=arn),
        resource(
            "aws_iam_policy_attachment.b", name="b", roles=["viewer"], policy_arn="arn:aws:iam::aws:policy/X"
        ),
        resource("random_id.x", hex="12"),
    )
    (role,) = deployed.roles
    assert (role.arn, role.max_session) == (ROLE, 3600)
    assert role.place == "plan.json: aws_iam_role.viewer"
    assert len(role.policies) == 3
    assert role.unseen == ("arn:aws:iam::aws:policy/X",)
    assert role.boundary is not None
    assert deployed.unread == ()


def test_a_function_has_its_environment() -> None:
    (function,) = from_state(
        resource(
            "aws_lambda_function.a",
            function_name="a",
            arn="arn:f",
            handler="h",
            role=ROLE,
            environment=[{"variables": {"A": "b"}}],
        )
    ).functions
    assert (function.handler, function.role, function.environment) == ("h", ROLE, {"A": "b"})


QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"


@pytest.mark.parametrize(
    ("resources", "arn"),
    [
        pytest.param(
            [resource("aws_s3_bucket_policy.p", bucket="b", policy=OPEN)],
            "arn:aws:s3:::b",
            id="a bucket of elsewhere",
        ),
        pytest.param(
            [
                resource("aws_sqs_queue.q", name="q", arn=QUEUE, id="https://q", url="https://q", policy=""),
                resource("aws_sqs_queue_policy.p", queue_url="https://q", policy=OPEN),
            ],
            QUEUE,
            id="a queue by its URL",
        ),
        pytest.param(
            [resource("aws_sqs_queue.q", name="q", arn=QUEUE, policy=OPEN)], QUEUE, id="a queue's own"
        ),
        pytest.param(
            [resource("aws_sns_topic_policy.p", arn="arn:aws:sns:a:1:t", policy=OPEN)],
            "arn:aws:sns:a:1:t",
            id="a topic",
        ),
        pytest.param([resource("aws_kms_key.k", arn="arn:k", key_id="k", policy=OPEN)], "arn:k", id="a key"),
        pytest.param(
            [
                resource("aws_kms_key.k", arn="arn:k", id="k"),
                resource("aws_kms_key_policy.p", key_id="k", policy=OPEN),
            ],
            "arn:k",
            id="a key's, apart",
        ),
        pytest.param(
            [resource("aws_dynamodb_resource_policy.p", resource_arn="arn:t", policy=OPEN)],
            "arn:t",
            id="a table",
        ),
        pytest.param(
            [resource("aws_secretsmanager_secret_policy.p", secret_arn="arn:s", policy=OPEN)],
            "arn:s",
            id="a secret",
        ),
        pytest.param(
            [resource("aws_cloudwatch_event_bus_policy.p", event_bus_name="bus", policy=OPEN)],
            f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/bus",
            id="an event bus",
        ),
        pytest.param(
            [resource("aws_s3control_access_point_policy.p", access_point_arn="arn:ap", policy=OPEN)],
            "arn:ap",
            id="an access point's",
        ),
    ],
)
def test_a_policy_is_on_its_resource(resources: list[Mapping[str, Any]], arn: str) -> None:
    (found,) = from_state(*resources).policies
    assert found.arn == arn
    assert found.policy.rules[0].principals[0].value == "*"


def unread(*made: Mapping[str, Any], **more: Any) -> list[tuple[str, str]]:
    """(area, what could not be read) of a state."""
    deployed = from_state(*made, **more)
    return [(each.area, deployed.names.show(each.why)) for each in deployed.unread]


AREAS = {"roles", "policies", "pools", "resources", "apis"}


@pytest.mark.parametrize(
    ("made", "areas"),
    [
        pytest.param(resource("awscc_s3_bucket_policy.x", bucket="b"), AREAS, id="another provider"),
        pytest.param(resource("aws_cloudformation_stack.x", name="x"), AREAS, id="a stack"),
        pytest.param(resource("aws_thing.x", template_body="{}"), AREAS, id="a template in it"),
        pytest.param(resource("aws_glue_resource_policy.x", policy=OPEN), {"policies"}, id="a policy"),
        pytest.param(resource("aws_thing.x", access_policy=OPEN), {"policies"}, id="a policy in it"),
        pytest.param(
            resource("aws_thing.x", block=[{"document": OPEN}]), {"policies"}, id="a policy deep in it"
        ),
        pytest.param(resource("aws_s3_object.x", acl="public-read"), {"policies"}, id="an ACL in it"),
        pytest.param(resource("aws_kms_grant.x", key_id="k"), {"policies"}, id="a grant"),
        pytest.param(resource("aws_thing_permission.x"), {"policies"}, id="a permission"),
        pytest.param(resource("aws_cognito_other_client.x"), {"pools"}, id="a client"),
        pytest.param(resource("aws_s3control_multi_region_access_point.x"), {"resources"}, id="a door"),
        pytest.param(resource("aws_api_gateway_rest_api_put.x"), {"apis"}, id="an API's definition"),
        pytest.param(resource("random_id.x", hex="12"), set(), id="a number"),
        pytest.param(resource("terraform_data.x"), set(), id="Terraform's own"),
        pytest.param(
            resource("aws_appautoscaling_policy.x", policy_type="y"), set(), id="no policy of IAM's"
        ),
        pytest.param(resource("aws_iam_user_policy.x", policy=OPEN), set(), id="a user's own"),
        pytest.param(resource("aws_s3_object.x", acl="private"), set(), id="a private object"),
        pytest.param(resource("aws_thing.x", acl=None, policy="", grant=[]), set(), id="empty"),
        pytest.param(resource("aws_instance.x", ami="y"), set(), id="a machine"),
    ],
)
def test_what_is_not_read_and_says_something_is_said(made: Mapping[str, Any], areas: set[str]) -> None:
    found = unread(made)
    assert {area for area, _ in found} == areas
    assert all(made["type"] in why for _, why in found)


def test_a_client_that_terraform_does_not_own_is_a_client() -> None:
    (client,) = from_state(
        resource(
            "aws_cognito_managed_user_pool_client.c", user_pool_id="p", write_attributes=["custom:tenant"]
        )
    ).clients
    assert (client.pool, client.writes) == ("p", ("custom:tenant",))


def planned(made: Mapping[str, Any], /, *others: Mapping[str, Any], **expressions: Any) -> Any:
    """A plan with one resource whose configuration has these expressions."""
    configuration = {"root_module": {"resources": [{"address": made["address"], "expressions": expressions}]}}
    return from_state(made, *others, configuration=configuration)


VIEWER = resource("aws_iam_role.viewer", name="viewer", assume_role_policy=TRUST)
UNTOLD = {"references": ["each.value"]}


def test_an_inline_policy_that_is_known_after_apply_could_not_be_read() -> None:
    made = {**VIEWER, "values": {**VIEWER["values"], "inline_policy": [{"name": "x"}]}}
    for deployed in (
        from_state(made),
        planned(made, inline_policy=[{"policy": UNTOLD}]),
        planned(VIEWER, inline_policy=[{"policy": UNTOLD}]),
    ):
        (role,) = deployed.roles
        assert [rule.statement for each in role.policies for rule in each.rules] == [None]


@pytest.mark.parametrize(
    "references",
    [["aws_iam_role.viewer.name", "aws_iam_role.viewer"], ["each.value"], ["local.a", "local.b"]],
)
def test_roles_that_are_known_after_apply_are_whole_names(references: list[str]) -> None:
    made = resource("aws_iam_policy_attachment.x", name="x", policy_arn="arn:p")
    deployed = planned(made, VIEWER, roles={"references": references})
    if references[0].startswith("aws_iam_role"):
        assert (deployed.roles[0].unseen, deployed.unread) == (("arn:p",), ())
    else:
        assert [(each.area, "may be any role" in each.why) for each in deployed.unread] == [("roles", True)]


def test_roles_that_are_no_names_are_said() -> None:
    made = resource("aws_iam_policy_attachment.x", name="x", policy_arn="arn:p", roles=[5])
    assert unread(made) == [("roles", "its roles could not be read")]


def test_a_policy_on_a_name_that_several_roles_have_is_said() -> None:
    roles = (
        resource(
            f"aws_iam_role.r{at}",
            name="viewer",
            arn=f"arn:aws:iam::{at}:role/viewer",
            assume_role_policy=TRUST,
        )
        for at in (1, 2)
    )
    made = resource("aws_iam_role_policy_attachment.x", role="viewer", policy_arn="arn:p")
    deployed = from_state(*roles, made)
    assert [role.unseen for role in deployed.roles] == [("arn:p",), ("arn:p",)]
    assert [each.why for each in deployed.unread] == [
        "it is attached to viewer, and several roles have that name"
    ]


def test_what_a_plan_knows_is_what_it_says() -> None:
    configured = {"name": {"constant_value": "viewer"}, "max_session_duration": UNTOLD}
    made = {**VIEWER, "values": {**VIEWER["values"], "max_session_duration": 7200}}
    (role,) = planned(made, **configured).roles
    assert (role.name, role.max_session) == ("viewer", 7200)


def test_a_trigger_that_is_known_after_apply_is_one() -> None:
    made = resource("aws_cognito_user_pool.p", id="p", lambda_config=[{"pre_sign_up": None}])
    (pool,) = planned(made, lambda_config=[{"pre_token_generation": UNTOLD}]).pools
    assert pool.trigger is not None
    assert is_open(pool.trigger)


def test_what_a_plan_says_is_known_after_apply_inside_a_block_is_open() -> None:
    """Of a dynamic block the configuration has no expressions."""
    made = resource("aws_cognito_user_pool.p", id="p", lambda_config=[{"pre_sign_up": None}])
    change = {"after_unknown": {"arn": True, "lambda_config": [{"pre_token_generation": True}]}}
    deployed = from_state(made, resource_changes=[{"address": made["address"], "change": change}])
    assert is_open(str(deployed.pools[0].trigger))


ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
OWN = {"id": "me", "type": "CanonicalUser", "uri": "", "permissions": ["FULL_CONTROL"]}
LOGS = {"uri": "http://acs.amazonaws.com/groups/s3/LogDelivery", "permissions": ["WRITE"]}


def acl(*grants: tuple[Mapping[str, Any], str]) -> dict[str, Any]:
    rows = [{"grantee": [grantee], "permission": permission} for grantee, permission in grants]
    return resource(
        "aws_s3_bucket_acl.a",
        bucket="data",
        access_control_policy=[{"owner": [{"id": "me"}], "grant": rows}],
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(resource("aws_s3_bucket_acl.a", bucket="data", acl="private"), [], id="private"),
        pytest.param(
            resource("aws_s3_bucket_acl.a", bucket="data", acl="public-read"), ["*"], id="everybody's"
        ),
        pytest.param(resource("aws_s3_bucket.b", bucket="data", acl="public-read"), ["*"], id="an old one"),
        pytest.param(resource("aws_s3_bucket.b", bucket="data", policy=OPEN), ["*"], id="its own policy"),
        pytest.param(resource("aws_s3_bucket.b", bucket="data", policy=""), [], id="no policy"),
        pytest.param(resource("aws_s3_bucket.b", bucket="data", grant=[OWN, LOGS]), [], id="the owner's"),
        pytest.param(
            resource("aws_s3_bucket.b", bucket="data", grant=[OWN, {"uri": ALL, "permissions": ["READ"]}]),
            ["*"],
            id="a grant for everybody",
        ),
        pytest.param(
            resource("aws_s3_bucket.b", bucket="data", grant=[OWN, {**OWN, "id": "other"}]),
            ["me", "other"],
            id="two owners",
        ),
        pytest.param(acl(({"id": "me"}, "FULL_CONTROL")), [], id="the owner's, apart"),
        pytest.param(acl(({"id": "other"}, "WRITE_ACP")), ["other"], id="another's"),
        pytest.param(acl(({"uri": ALL}, "ODD")), ["*"], id="everybody's, of a kind that is not known"),
    ],
)
def test_a_bucket_s_acl_and_its_own_policy_are_read(made: Mapping[str, Any], expected: list[str]) -> None:
    found = from_state(made).policies
    assert {each.arn for each in found} <= {"arn:aws:s3:::data"}
    assert [
        principal.value for each in found for rule in each.policy.rules for principal in rule.principals
    ] == expected


def test_a_policy_is_on_the_resource_of_its_own_type_where_another_has_the_same_name() -> None:
    deployed = from_state(
        resource("aws_s3_bucket.b", bucket="data", id="data", arn="arn:aws:s3:::data"),
        resource("aws_s3_bucket_policy.p", bucket="data", policy=OPEN),
        resource("aws_sqs_queue.q", name="data", arn=QUEUE, id="https://q", url="https://q", policy=""),
    )
    assert [each.arn for each in deployed.policies] == ["arn:aws:s3:::data"]


def test_a_policy_is_on_all_resources_of_its_type_that_have_the_name() -> None:
    arns = [f"arn:aws:lambda:{region}:{ACCOUNT}:function:f" for region in ("eu-west-1", "us-east-1")]
    deployed = from_state(
        *(resource(f"aws_lambda_function.f{at}", function_name="f", arn=arn) for at, arn in enumerate(arns)),
        resource("aws_lambda_permission.p", function_name="f", action="lambda:InvokeFunction", principal="*"),
    )
    assert [each.arn for each in deployed.policies] == arns


def test_a_permission_is_a_statement_of_the_function_s_policy() -> None:
    deployed = from_state(
        resource("aws_lambda_permission.p", function_name="f", action="lambda:InvokeFunction", principal="*")
    )
    assert deployed.policies[0].arn == f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"


def test_tables_keys_domains_and_doors() -> None:
    deployed = from_state(
        resource(
            "aws_dynamodb_table.t",
            name="t",
            arn=f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t",
            hash_key="tenant",
            global_secondary_index=[{"name": "g", "hash_key": "status"}],
            local_secondary_index=[{"name": "l"}],
            replica=[{"region_name": "us-east-1"}],
        ),
        resource("aws_dynamodb_table.u", name="u"),
        resource("aws_kms_key.k", arn="arn:k", customer_master_key_spec="RSA_4096"),
        resource("aws_kms_replica_key.k", arn="arn:l", primary_key_arn="arn:k"),
        resource("aws_opensearch_domain.d", domain_name="d", arn="arn:d", advanced_options={}),
        resource("aws_s3_bucket.b", bucket="b", arn="arn:aws:s3:::b"),
        resource(
            "aws_s3_bucket_replication_configuration.r",
            bucket="b",
            rule=[{"destination": [{"bucket": "arn:aws:s3:::c"}]}],
        ),
        resource("aws_s3_access_point.p", name="p", arn="arn:p", bucket="b"),
        resource(
            "aws_secretsmanager_secret.s",
            name="s",
            arn="arn:aws:secretsmanager:eu-west-1:1:secret:s",
            replica=[{"region": "us-east-1"}],
        ),
    )
    assert [(table.key, table.indexes) for table in deployed.tables] == [
        ("tenant", (("g", "status"), ("l", "tenant"))),
        (None, ()),
    ]
    assert deployed.keys[0].spec == "RSA_4096"
    assert deployed.domains[0].names_indexes
    assert {(door.what, door.arn, door.opens) for door in deployed.doors} == {
        (
            "replica",
            f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t",
            f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t",
        ),
        ("replica", "arn:l", "arn:k"),
        ("replica", "arn:aws:s3:::c", "arn:aws:s3:::b"),
        ("access point", "arn:p", "arn:aws:s3:::b"),
        (
            "replica",
            "arn:aws:secretsmanager:us-east-1:1:secret:s",
            "arn:aws:secretsmanager:eu-west-1:1:secret:s",
        ),
    }


def test_a_pool_and_its_clients() -> None:
    deployed = from_state(
        resource(
            "aws_cognito_user_pool.p",
            id="eu-west-1_Pool",
            name="people",
            schema=[{"name": "tenant_id", "mutable": False}, {"name": "email"}],
            admin_create_user_config=[{"allow_admin_create_user_only": True}],
            lambda_config=[{"pre_token_generation": "arn:f"}],
        ),
        resource(
            "aws_cognito_user_pool_client.c",
            id="client",
            user_pool_id="eu-west-1_Pool",
            write_attributes=["name"],
        ),
        resource(
            "aws_cognito_user_pool_client.d", id="other", user_pool_id="eu-west-1_Pool", write_attributes=[]
        ),
        resource(
            "aws_cognito_identity_provider.i",
            user_pool_id="eu-west-1_Pool",
            attribute_mapping={"email": "mail"},
        ),
    )
    (pool,) = deployed.pools
    assert (pool.id, pool.mutable, pool.signs_up, pool.trigger) == (
        "eu-west-1_Pool",
        {"custom:tenant_id": False, "email": True},
        False,
        "arn:f",
    )
    assert [(client.id, client.pool, client.writes) for client in deployed.clients] == [
        ("client", "eu-west-1_Pool", ("name",)),
        ("other", "eu-west-1_Pool", None),
    ]
    assert deployed.mapped[0].attributes == ("email",)


def plan(*resources: Mapping[str, Any], expressions: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Any]:
    """Members of a plan whose resources' attributes refer to others."""
    return {
        "values": None,
        "planned_values": {"root_module": {"resources": list(resources)}},
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        "address": address,
                        "expressions": {name: {"references": each} for name, each in attributes.items()},
                    }
                    for address, attributes in expressions.items()
                ]
            }
        },
    }


def test_what_is_known_after_apply_follows_one_reference_and_is_open_otherwise() -> None:
    deployed = from_state(
        **plan(
            resource("aws_iam_role.viewer", name="viewer", assume_role_policy=TRUST),
            resource("aws_iam_role.other", name=None, assume_role_policy=None),
            resource("aws_iam_policy.p", name="p", policy=json.dumps(policy(allow()))),
            resource("aws_iam_role_policy_attachment.a", role="viewer"),
            resource("aws_lambda_function.f", function_name="f", handler="h"),
            expressions={
                "aws_iam_role_policy_attachment.a": {
                    "policy_arn": ["aws_iam_policy.p.arn", "aws_iam_policy.p"]
                },
                "aws_lambda_function.f": {"role": ["aws_iam_role.viewer.arn", "aws_iam_role.viewer"]},
                "aws_iam_role.other": {"assume_role_policy": ["aws_iam_role.viewer.arn", "var.x"]},
            },
        )
    )
    viewer, other = deployed.roles
    assert deployed.functions[0].role == viewer.arn == ROLE
    assert len(viewer.policies) == 1
    assert "not JSON" in other.trust.rules[0].problem
    assert not is_open(other.arn)
    assert deployed.names.show(other.arn) == f"arn:aws:iam::{ACCOUNT}:role/${{aws_iam_role.other.name}}"


def test_an_exclusive_list_of_attachments_attaches_what_it_lists() -> None:
    role = resource("aws_iam_role.viewer", name="viewer", arn=ROLE, assume_role_policy=TRUST)
    kind = "aws_iam_role_policy_attachments_exclusive.x"
    listed = from_state(role, resource(kind, role_name="viewer", policy_arns=["arn:a", "arn:b"]))
    assert listed.roles[0].unseen == ("arn:a", "arn:b")
    assert listed.unread == ()
    for values in ({"role_name": "viewer", "policy_arns": [None]}, {"policy_arns": ["arn:a"]}):
        assert {each.area for each in from_state(role, resource(kind, **values)).unread} == {"roles"}


@pytest.mark.parametrize(
    ("expression", "statements"), [({}, [None]), ({"constant_value": None}, [])], ids=["functions", "null"]
)
def test_a_policy_of_functions_alone_is_known_after_apply(
    expression: Mapping[str, Any], statements: list[None]
) -> None:
    """`jsonencode({... timestamp() ...})`: a plan has neither its value nor what it refers to."""
    made = resource("aws_sqs_queue_policy.p", queue_url="https://q")
    configured = {"address": "aws_sqs_queue_policy.p", "expressions": {"policy": expression}}
    deployed = from_state(made, configuration={"root_module": {"resources": [configured]}})
    assert [rule.statement for each in deployed.policies for rule in each.policy.rules] == statements


def test_resources_of_modules_have_their_addresses() -> None:
    inner = resource("aws_iam_role.r", name="r", assume_role_policy=TRUST)
    inner["address"] = "module.m.aws_iam_role.r"
    deployed = from_state(
        values={
            "root_module": {
                "child_modules": [
                    {"address": "module.m", "resources": [inner, {**inner, "mode": "data"}]},
                    {"address": "module.n"},
                ]
            }
        },
        configuration={"root_module": {"module_calls": {"m": {"module": {"resources": []}}}}},
    )
    assert [role.place for role in deployed.roles] == ["plan.json: module.m.aws_iam_role.r"]
    assert from_state(values={}, configuration=[]).roles == ()


def test_a_plan_is_told_from_other_json() -> None:
    assert is_plan({"format_version": "1.2", "values": {}})
    assert not is_plan({"values": {}})
    assert not is_plan({"format_version": "1.2"})
    assert not is_plan([])


def test_every_type_of_the_provider_is_read_without_any_attribute() -> None:
    deployed = from_state(*(resource(f"{kind}.x") for kind in TYPES))
    assert len(deployed.roles) == 1
