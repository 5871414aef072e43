"""What lies inside a resource under an ARN of its own is that resource: what one template keeps apart, none opens."""

from typing import Any

import pytest

from authorizer.engine.evaluate import MANY, Wild
from authorizer.engine.prove.automaton import Hole, SymbolicPattern
from authorizer.engine.prove.inside import wholes
from authorizer.engine.prove.proof import Promise, Proof
from authorizer.engine.prove.prove import prove
from tests.engine.proving import CLAIMS, compile_templates, statement, template

TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
KEYS = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["{{ tenant }}"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}


ANY_TEXT = Hole(claim="path", language=CLAIMS["path"].language, isolating=False)
NO_SLASH = Hole(claim="tenant", language=CLAIMS["tenant"].language, isolating=True)


def query(*resources: str, action: str = "dynamodb:Query", **members: Any) -> dict[str, Any]:
    return statement(Action=action, Resource=list(resources), **members)


def beside(mine: dict[str, Any], other: dict[str, Any]) -> Proof:
    """A template that isolates tenants, and one that promises nothing, in one role."""
    return prove(
        compile_templates(work=template(mine), reports=template(other)),
        subject="role",
        names=["work", "reports"],
        claims=CLAIMS,
        promises={"work": Promise(isolates=("tenant",)), "reports": Promise()},
    )


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        pytest.param(query(f"{TABLE}/index/by-item"), "UNKNOWN", id="an index"),
        pytest.param(query(f"{TABLE}/*"), "UNKNOWN", id="whatever is inside"),
        pytest.param(query(f"{TABLE}/index/?*"), "UNKNOWN", id="any index"),
        pytest.param(query(f"{TABLE}/stream/*", action="dynamodb:GetRecords"), "UNKNOWN", id="its stream"),
        pytest.param(
            query(f"{TABLE}/backup/1", action="dynamodb:RestoreTableFromBackup"), "UNKNOWN", id="its backup"
        ),
        pytest.param(
            query(f"{TABLE}/export/1", action="dynamodb:DescribeExport"), "UNKNOWN", id="its export"
        ),
        pytest.param(query("arn:aws:dynamodb:*:*:table/*/index/by-item"), "UNKNOWN", id="of any table"),
        pytest.param(
            query(f"{TABLE}/index/by-item", Condition=KEYS), "PROVEN", id="an index with leading keys"
        ),
        pytest.param(query(f"{TABLE}2/index/by-item"), "PROVEN", id="of another table"),
        pytest.param(query(f"{TABLE}/replica/x"), "PROVEN", id="inside by no row"),
        pytest.param(statement(Resource="arn:aws:s3:::table/t/index/x"), "PROVEN", id="of another service"),
    ],
)
def test_what_is_inside_a_table_is_the_table(other: dict[str, Any], verdict: str) -> None:
    proof = beside(query(TABLE, Condition=KEYS), other)
    assert proof.verdict == verdict
    for finding in proof.findings:
        assert "lies inside" in finding.reason


def test_two_indexes_of_one_table_meet_in_it() -> None:
    proof = beside(query(f"{TABLE}/index/by-tenant", Condition=KEYS), query(f"{TABLE}/index/by-item"))
    assert proof.verdict == "UNKNOWN"


def test_users_of_one_s_own_folder_of_a_table_meet_in_the_table() -> None:
    mine = query(f"{TABLE}/index/by-{{{{ tenant }}}}")
    assert beside(mine, query(TABLE)).verdict == "UNKNOWN"


def test_an_index_of_one_s_own_table_is_one_s_own() -> None:
    mine = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-{{ tenant }}"
    assert beside(query(mine), query(f"{mine}/index/*")).verdict == "PROVEN"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ((TABLE,), []),
        ((f"{TABLE}/index/x",), [(TABLE,)]),
        ((f"{TABLE}/", MANY), [(TABLE,), (f"{TABLE}/", MANY)]),
        ((f"{TABLE}", Wild.ONE, "index/x"), [(TABLE,)]),
        (("arn:aws:s3:::t/index/x",), []),
        ((MANY,), [(MANY,)]),
        (
            ("arn:aws:dynamo", MANY, ":1:2:table/t/index/x"),
            [("arn:aws:dynamo", MANY), ("arn:aws:dynamo", MANY, ":1:2:table/t")],
        ),
        ((f"{TABLE}-", ANY_TEXT), [(f"{TABLE}-", MANY)]),
        ((f"{TABLE}-", NO_SLASH), []),
        ((f"{TABLE}-", NO_SLASH, "/index/x"), [(f"{TABLE}-", NO_SLASH)]),
    ],
)
def test_a_pattern_has_what_its_texts_lie_inside_of(
    pattern: SymbolicPattern, found: list[SymbolicPattern]
) -> None:
    assert list(wholes(pattern)) == found
