"""Each place that spells a partition or a Region, with three partitions that are not the usual one."""

import re

import pytest
from botocore.loaders import Loader

from authorizer.cli.trust import _FUNCTION
from authorizer.deployment.key_access import of_the_authorizer
from authorizer.deployment.trust import account_of, name_of
from authorizer.engine import PARTITIONS, declare, partition_of
from authorizer.engine.check.lint import lint
from authorizer.engine.template.template import TemplateSet
from authorizer.gateway.arns import parse_route_arn
from authorizer.settings.schema import Sealing, SharedCache
from tests import make
from tests.deploy.sam import template
from tests.engine.bundled import CLAIMS, PLAIN, SOURCES, VARIABLES
from tests.vending import factories

ELSEWHERE = pytest.mark.parametrize(
    ("partition", "region"),
    [
        pytest.param("aws-eusc", "eusc-de-east-1", id="aws-eusc"),
        pytest.param("aws-cn", "cn-north-1", id="aws-cn"),
        pytest.param("aws-us-gov", "us-gov-west-1", id="aws-us-gov"),
    ],
)
ACCOUNT = "123456789012"


def test_every_region_of_aws_lies_in_its_partition_and_no_other() -> None:
    """By botocore's own list, which says the domains too."""
    listed = Loader().load_data("endpoints")["partitions"]
    assert {row["partition"]: row["dnsSuffix"] for row in listed} == {
        name: row.domain for name, row in PARTITIONS.items()
    }
    for row in listed:
        for region in row["regions"]:
            fitting = [name for name, ours in PARTITIONS.items() if re.fullmatch(ours.region, region)]
            assert fitting == [row["partition"]] == [partition_of(region)]


@pytest.mark.parametrize(
    "name", ["", "europe", "eu-west", "aws-global", "eusc-de", "EU-WEST-1", "eu-west-1x"]
)
def test_what_is_no_region_lies_nowhere(name: str) -> None:
    assert partition_of(name) is None


@ELSEWHERE
def test_a_role_its_policies_and_a_table_may_be_anywhere(partition: str, region: str) -> None:
    arn = f"arn:{partition}:iam::{ACCOUNT}:role/path/editor"
    managed = (
        f"arn:{partition}:iam::aws:policy/ReadOnlyAccess",
        f"arn:{partition}:iam::{ACCOUNT}:policy/own",
    )
    table = f"arn:{partition}:dynamodb:{region}:{ACCOUNT}:table/sessions"
    settings = make.make_settings(
        roles={"editor": {"arn": arn, "managed_policies": list(managed)}},
        shared_cache={"table": table, "region": region},
        session={"context": "sealed"},
        sealing={"source": "secretsmanager", "keys": "theirs"},
        private_sealing={"source": "secretsmanager", "keys": "own"},
    )
    assert (settings.roles["editor"].arn, settings.roles["editor"].managed_policies) == (arn, managed)
    assert settings.shared_cache == SharedCache(table=table, region=region)


@ELSEWHERE
def test_the_keys_of_seals_are_in_the_role_s_partition(partition: str, region: str) -> None:
    role = f"arn:{partition}:iam::{ACCOUNT}:role/path/authorizer"
    for sealing, expected in (
        (
            Sealing(source="secretsmanager", keys="theirs"),
            f"arn:{partition}:secretsmanager:*:{ACCOUNT}:secret:theirs-??????",
        ),
        (Sealing(source="kms", keys="theirs"), f"arn:{partition}:kms:*:{ACCOUNT}:key/*"),
    ):
        settings = factories.make_settings(sealing=sealing)
        assert [statement["Resource"] for statement in of_the_authorizer(settings, role)] == [expected]
    assert (account_of(role), name_of(role)) == (ACCOUNT, ("/path/", "authorizer"))
    function = _FUNCTION.fullmatch(f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:authorizer")
    assert function is not None
    assert function[1] == ACCOUNT


@ELSEWHERE
@pytest.mark.parametrize("websocket", [False, True])
def test_the_gateway_s_arn_says_partition_and_region(partition: str, region: str, websocket: bool) -> None:
    stage = f"arn:{partition}:execute-api:{region}:{ACCOUNT}:api0/prod"
    route = parse_route_arn(f"{stage}/{'$connect' if websocket else 'GET/files'}", websocket=websocket)
    assert (route.partition, route.region, route.stage_arn) == (partition, region, stage)


@ELSEWHERE
def test_the_bundled_templates_render_there(partition: str, region: str) -> None:
    templates = TemplateSet.compile(
        SOURCES, claims=CLAIMS, variables={**VARIABLES, "partition": partition, "region": region}
    )
    rendered = templates.render(["tenant-data"], PLAIN, scopes=frozenset({"data:write"}))
    assert f"arn:{partition}:s3:::" in rendered
    assert f"arn:{partition}:dynamodb:{region}:" in rendered
    assert "arn:aws:" not in rendered


@ELSEWHERE
def test_a_claim_may_be_an_arn_of_it_and_a_template_may_not(partition: str, region: str) -> None:
    arn = f"arn:{partition}:sqs:{region}:{ACCOUNT}:queue"
    assert declare({"type": "arn"}).check(arn) == arn
    source = SOURCES["s3-home"].replace("{{ partition }}", partition)
    templates = TemplateSet.compile({"s3-home": source}, claims=CLAIMS, variables=VARIABLES)
    assert {finding.code for finding in lint(templates, user_writable=(), groupings={}, isolates={})} >= {
        "partition"
    }


@ELSEWHERE
@pytest.mark.parametrize("name", ["template.yaml", "attach.yaml"])
def test_a_pool_of_it_can_be_deployed_for(partition: str, region: str, name: str) -> None:
    pattern = template(name)["Parameters"]["UserPoolId"]["AllowedPattern"]
    assert re.fullmatch(pattern, f"{region}_EXAMPLE01")
    assert not re.fullmatch(pattern, f"{region}EXAMPLE01")
