"""Isolation by Deny: what is left of an Allow decides. And session tags, where they are claims."""

from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.engine.prove import Tags
from authorizer.engine.prove.proof import Promise, Proof
from authorizer.engine.prove.prove import prove
from tests.engine.proving import (
    CLAIMS,
    assert_confirmed,
    compile_templates,
    objects,
    prove_one,
    statement,
    template,
)

BUCKET = "arn:aws:s3:::bucket"
OWN = f"{BUCKET}/{{{{ tenant }}}}/*"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"


def deny(**members: Any) -> dict[str, Any]:
    """A Deny of all S3 on everything, but for what the test says; None takes a member away."""
    made = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"} | members
    return {name: value for name, value in made.items() if value is not None}


def others(*resources: str, **members: Any) -> dict[str, Any]:
    return deny(Resource=None, NotResource=[*resources], **members)


def keys(*conditions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Any key of the table, and what is denied."""
    everything = statement(Action="dynamodb:*", Resource=TABLE)
    return [everything, *(deny(Action="dynamodb:*", Condition=each) for each in conditions)]


OTHER_KEYS = {"ForAnyValue:StringNotEquals": {"dynamodb:LeadingKeys": ["{{ tenant }}"]}}
NO_KEYS = {"Null": {"dynamodb:LeadingKeys": "true"}}


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        pytest.param([objects("*"), others(OWN)], "PROVEN", id="all but one's own is denied"),
        pytest.param([objects("*"), others(f"{BUCKET}/{{{{ tenant }}}}*")], "LEAK", id="the end is missing"),
        pytest.param(
            [objects("*"), others(OWN, f"{BUCKET}/all/*")], "LEAK", id="something of all's is spared"
        ),
        pytest.param(
            [objects("*"), others(OWN, Action="s3:PutObject")], "LEAK", id="another action than is allowed"
        ),
        pytest.param([objects("*"), others(OWN, Action="s3:Get*")], "PROVEN", id="a pattern of actions"),
        pytest.param(
            [objects("*"), others(OWN, Action=None, NotAction="s3:PutObject")],
            "PROVEN",
            id="all actions but one that is not allowed",
        ),
        pytest.param(
            [objects("*"), others(OWN, Action=None, NotAction="s3:Get*")],
            "LEAK",
            id="all actions but those that are allowed",
        ),
        pytest.param(
            [objects("*"), others(OWN, Condition={"StringLike": {"aws:UserAgent": "curl*"}})],
            "LEAK",
            id="only where it is asked so",
        ),
        pytest.param(
            [
                objects("*", Condition={"StringEquals": {"aws:UserAgent": "curl"}}),
                others(OWN, Condition={"StringLike": {"aws:UserAgent": "curl*"}}),
            ],
            "PROVEN",
            id="wherever it is allowed",
        ),
        pytest.param(
            [objects("*"), deny(Condition={"StringNotEquals": {"s3:ExistingObjectTag/t": "{{ tenant }}"}})],
            "PROVEN",
            id="all tags but one's own",
        ),
        pytest.param(
            [objects("*"), deny(Condition={"StringEquals": {"s3:ExistingObjectTag/t": "x{{ tenant }}"}})],
            "LEAK",
            id="one tag of all",
        ),
        pytest.param(
            [
                objects("*", Condition={"StringEqualsIfExists": {"s3:ExistingObjectTag/t": "{{ tenant }}"}}),
                deny(Condition={"Null": {"s3:ExistingObjectTag/t": "true"}}),
            ],
            "PROVEN",
            id="what has no tag is denied",
        ),
        pytest.param(
            [
                statement(Action="s3:ListBucket", Resource=BUCKET),
                deny(Condition={"StringNotLike": {"s3:prefix": ["{{ tenant }}/", "{{ tenant }}/*"]}}),
            ],
            "PROVEN",
            id="listings of all but one's own",
        ),
        pytest.param(keys(OTHER_KEYS, NO_KEYS), "PROVEN", id="keys of others, and no keys"),
        pytest.param(keys(OTHER_KEYS), "LEAK", id="keys of others, and scans are not denied"),
        pytest.param(
            keys({"ForAllValues:StringNotEquals": {"dynamodb:LeadingKeys": ["{{ tenant }}"]}}),
            "LEAK",
            id="keys that are all of others",
        ),
        pytest.param(
            [
                objects("*"),
                '{% if plan == "pro" %},',
                others(OWN),
                "{% endif %}",
            ],
            "LEAK",
            id="only on some ways",
        ),
        pytest.param(
            [
                objects("*"),
                '{% if plan == "pro" %},',
                others(OWN),
                "{% else %},",
                others(OWN, Action="s3:Get*"),
                "{% endif %}",
            ],
            "PROVEN",
            id="on every way one of its own",
        ),
        pytest.param(
            [
                objects("{{ tenant }}*"),
                deny(Resource=f"{BUCKET}/{{{{ tenant }}}}*"),
                objects("x/{{ tenant }}/*"),
            ],
            "PROVEN",
            id="what is denied in whole is nobody's",
        ),
    ],
)
def test_isolation_by_deny(statements: list[Any], verdict: str) -> None:
    source = template(*statements)
    proof = prove_one(source)
    assert proof.verdict == verdict, proof.findings
    if verdict == "LEAK":
        templates = compile_templates(it=source)
        shown = [finding for finding in proof.findings if finding.witness]
        assert shown == [*proof.findings]
        assert_confirmed(proof, lambda party: templates.render(["it"], party.claims, scopes=party.scopes))


def test_where_all_is_denied_nothing_is_proven() -> None:
    proof = prove_one(template(objects("{{ tenant }}/*"), deny()))
    assert (proof.verdict, proof.pairs, proof.findings) == ("UNKNOWN", 0, ())


def test_what_keeps_the_parts_apart_is_told() -> None:
    proof = prove_one(
        template(objects("*"), deny(Condition={"StringNotEquals": {"aws:ResourceTag/t": "{{ tenant }}"}}))
    )
    assert any("aws:ResourceTag" in line for line in proof.rests_on)


# ── Session tags ─────────────────────────────────────────────────────────────────────────────────────────────────────

TAG: Tags = {"aws:PrincipalTag/Tenant": "tenant"}
VARIABLE = "${aws:PrincipalTag/tenant}"


def prove_tagged(*statements: Any, tags: Tags = TAG, isolates: str = "tenant") -> Proof:
    return prove(
        compile_templates(it=template(*statements)),
        subject="it",
        names=["it"],
        claims=CLAIMS,
        promises={"it": Promise(isolates=(isolates,))},
        tags={"it": tags},
    )


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        pytest.param([objects(f"{VARIABLE}/*")], "PROVEN", id="a folder of the tag"),
        pytest.param([objects(f"{VARIABLE}*")], "LEAK", id="a prefix of the tag"),
        pytest.param(
            [objects("${aws:principaltag/TENANT, 'all'}/*")], "PROVEN", id="in any case, with a default"
        ),
        pytest.param([objects("${aws:PrincipalTag/plan}/*")], "UNKNOWN", id="a tag that no role sets"),
        pytest.param(
            [objects("*", Condition={"StringEquals": {"aws:ResourceTag/tenant": VARIABLE}})],
            "PROVEN",
            id="a resource's tag is the session's",
        ),
        pytest.param(
            [objects("*", Condition={"StringEquals": {"aws:PrincipalTag/tenant": "{{ tenant }}"}})],
            "LEAK",
            id="that the tag is what it is",
        ),
        pytest.param(
            [objects("*", Condition={"StringLike": {"aws:PrincipalTag/tenant": "a*"}})],
            "LEAK",
            id="that the tag begins so",
        ),
        pytest.param(
            [objects(f"{VARIABLE}/*"), objects("{{ tenant }}/*")],
            "PROVEN",
            id="the tag and the claim are one",
        ),
        pytest.param(
            [
                "{% if tenant is defined %}",
                objects("{{ tenant }}/*"),
                "{% else %}",
                objects("*"),
                "{% endif %}",
            ],
            "PROVEN",
            id="nobody has a session without it",
        ),
        pytest.param(
            [objects("*"), others(f"{BUCKET}/{VARIABLE}/*")], "PROVEN", id="all but the tag's is denied"
        ),
    ],
)
def test_a_tag_that_every_session_has_is_a_claim(statements: list[Any], verdict: str) -> None:
    proof = prove_tagged(*statements)
    assert proof.verdict == verdict, proof.findings
    if verdict == "LEAK":
        templates = compile_templates(it=template(*statements))
        assert_confirmed(proof, lambda party: templates.render(["it"], party.claims, scopes=party.scopes))


def test_both_users_of_a_witness_have_their_tags() -> None:
    (finding,) = prove_tagged(objects(f"{VARIABLE}*")).findings
    assert finding.witness is not None
    for party in (finding.witness.one, finding.witness.other):
        assert set(party.claims) == {"tenant"}
        assert party.request.context == {"aws:PrincipalTag/Tenant": party.claims["tenant"]}


def test_a_tag_that_is_not_asked_for_is_not_told() -> None:
    (finding,) = prove_tagged(objects("{{ tenant }}*")).findings
    assert finding.witness is not None
    assert finding.witness.one.request.context == {}


def test_a_tag_of_another_claim_separates_nothing() -> None:
    assert prove_tagged(objects(f"{VARIABLE}/*"), tags={"aws:PrincipalTag/tenant": "plan"}).verdict == "LEAK"
    assert prove_tagged(objects(f"{VARIABLE}/*"), tags={}).verdict == "UNKNOWN"
