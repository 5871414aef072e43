"""What templates may ask and say beyond text: lists of texts, constants of the deployment, numbers and addresses."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_session
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid, ValueRefused
from authorizer.engine.template.binding import bind
from authorizer.engine.template.jinja import Compiler
from authorizer.engine.template.program import (
    Both,
    Equals,
    For,
    If,
    InScopes,
    Not,
    Place,
    Test,
    Text,
    VariableIs,
)
from authorizer.engine.template.run import Run, UserFacts, explore
from authorizer.engine.template.template import TemplateSet
from tests.engine.hostile import HOSTILE
from tests.engine.template.making import template

SPECS: Mapping[str, Mapping[str, object]] = {
    "tenant": {"type": "slug", "max_length": 8},
    "plan": {"type": "enum", "values": ["free", "pro", "team"]},
    "beta": {"type": "boolean"},
    "level": {"type": "integer", "max": 99},
    "office": {"type": "ip", "widest": 16},
    "offices": {"type": "ip", "list": "comma", "max_items": 3},
    "mail": {"type": "email", "max_length": 40, "lower_case": True},
    "region": {"type": "slug", "fallback": "_any"},
    "groups": {"type": "slug", "list": "comma", "max_items": 3},
}
CLAIMS = {name: declare(spec) for name, spec in SPECS.items()}
ASKED = "{{% if {} %}}yes{{% else %}}no{{% endif %}}"


def compile_one(source: str, **variables: str) -> TemplateSet:
    return TemplateSet.compile({"t": source}, claims=CLAIMS, variables={"stage": "dev", **variables})


def statement(source: str, values: Mapping[str, ClaimValue], **variables: str) -> dict[str, object]:
    found = json.loads(compile_one(source, **variables).render(["t"], values, scopes=frozenset()))[
        "Statement"
    ]
    assert isinstance(found, dict)
    return found


def asked(test: str, values: Mapping[str, ClaimValue], **variables: str) -> str:
    """Which way an `{% if %}` goes."""
    return str(statement(template(ASKED.format(test)), values, **variables)["Resource"]).rpartition("/")[2]


@pytest.mark.parametrize(
    ("test", "values", "outcome"),
    [
        ('plan in ["pro", "team"]', {"plan": "team"}, "yes"),
        ('plan in ["pro", "team"]', {"plan": "free"}, "no"),
        ('plan not in ["pro", "team"]', {"plan": "free"}, "yes"),
        ('plan in ["pro"]', {"plan": "pro"}, "yes"),
        ("beta", {"beta": "true"}, "yes"),
        ("beta", {"beta": True}, "yes"),
        ("not beta", {"beta": False}, "yes"),
        ("beta == true", {"beta": False}, "no"),
        ("beta and level == 3", {"beta": True, "level": 3}, "yes"),
        ("level in [1, 2, 3]", {"level": "2"}, "yes"),
        ("level != 3", {"level": 3}, "no"),
        ('"a" in groups', {"groups": "b,a"}, "yes"),
        ('mail == "a@b"', {"mail": "A@B"}, "yes"),
        ("region is defined", {}, "yes"),
        ('region == "_any"', {}, "yes"),
        ('region == "_any"', {"region": "eu"}, "no"),
    ],
    ids=str,
)
def test_a_test_asks_for_what_a_claim_is(test: str, values: Mapping[str, ClaimValue], outcome: str) -> None:
    assert asked(test, values) == outcome


@pytest.mark.parametrize(
    ("test", "stage", "outcome"),
    [
        ('stage == "prod"', "prod", "yes"),
        ('stage == "prod"', "dev", "no"),
        ('stage != "prod"', "dev", "yes"),
        ('stage in ["prod", "staging"]', "staging", "yes"),
        ('stage not in ["prod", "staging"]', "staging", "no"),
        ('stage == "prod" and plan == "pro"', "dev", "no"),
        ('stage == "prod" or plan == "pro"', "dev", "yes"),
        ('plan == "pro" and stage == "prod"', "prod", "yes"),
        ('plan == "free" or stage == "prod"', "prod", "yes"),
        ('not (stage == "prod" or plan == "free")', "dev", "yes"),
    ],
    ids=str,
)
def test_a_test_asks_for_a_constant_of_the_deployment(test: str, stage: str, outcome: str) -> None:
    assert asked(test, {"plan": "pro"}, stage=stage) == outcome
    branches = list(compile_one(template(ASKED.format(test)), stage=stage).branches(["t"]))
    assert not any(isinstance(atom, VariableIs) for branch in branches for atom in branch.chosen)
    assert len(branches) <= 2


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("plan in []", "`plan in […]` lists 0 texts: expected 1 to 64, each once"),
        ('plan in ["pro", "pro"]', "lists 2 texts: expected 1 to 64, each once"),
        (f"level in {list(range(65))}", "lists 65 texts: expected 1 to 64"),
        ('plan in ["pro", "gold"]', "no `plan` is ever like this: the value is not of type `enum`"),
        ('plan in ["pro", tenant]', "this test is not one of"),
        ('plan in "pro"', "this test is not one of"),
        ('groups in ["a"]', "`groups` is a list"),
        ('"a b" in groups', "no `groups` is ever like this: the value item 1 is not of type"),
        ('"a" in plan', "`plan` is no list"),
        ("tenant", "this test is not one of"),
        ("groups", "this test is not one of"),
        ("stage", "this test is not one of"),
        ("stage == 3", "`stage` is compared with 3: a variable is text"),
        ("tenant == 3", "no `tenant` is ever like this: the value is no text"),
        ("level == 100", "no `level` is ever like this: the value is not of type `integer`"),
        ("beta == 1", "no `beta` is ever like this: the value is not of type `boolean`"),
        ('mail == "A@B"', "no `mail` is ever like this: it is 'a@b', by its `lower_case`"),
        ("nothing in ['a']", "undeclared name `nothing`"),
    ],
)
def test_a_test_that_never_holds_or_means_something_else_is_refused(test: str, said: str) -> None:
    with pytest.raises(TemplateInvalid, match=r".") as caught:
        compile_one(template(ASKED.format(test)))
    assert any(said in problem for problem in caught.value.problems), caught.value.problems


def test_the_way_that_this_deployment_never_goes_is_judged_all_the_same() -> None:
    """What a laptop renders for dev, production renders for prod: that must not be found out there."""
    hidden = '{% if stage == "prod" %}"{% endif %}' + template()
    with pytest.raises(TemplateInvalid, match="not JSON"):
        compile_one(hidden)
    refused = template(ASKED.format('stage == "prod"').replace("yes", "${x"))
    with pytest.raises(TemplateInvalid, match="malformed policy variable"):
        compile_one(refused)


def test_constants_exclude_one_another() -> None:
    source = template(
        '{% if stage == "a" %}1{% endif %}{% if stage == "b" %}2{% endif %}{% if plan == "pro" %}3{% endif %}'
    )
    ways = {run.text for run in _open_runs(source)}
    assert {text.count("1") + text.count("2") for text in (way.rpartition("data-1/")[2] for way in ways)} == {
        0,
        1,
    }


def _open_runs(source: str) -> list[Run]:
    program = Compiler({"t": source}, CLAIMS, {"stage"}).compile("t")
    open_program = bind(program, {"stage": "x"}, settle=False)
    codes = {name: 0xF0000 + 128 * at for at, name in enumerate(CLAIMS)}
    return [run for _, (run,) in explore([open_program], codes, {})]


def test_nobody_is_asked_for_a_constant() -> None:
    with pytest.raises(TypeError, match="variable `stage` has no value yet"):
        UserFacts({}, frozenset()).holds(VariableIs("stage", "a"))


TESTS: st.SearchStrategy[Test] = st.recursive(
    st.sampled_from([VariableIs("v", "a"), VariableIs("w", "b"), InScopes("s"), Equals("plan", "pro")]),
    lambda inner: st.builds(Not, inner) | st.builds(Both, inner, inner, st.booleans()),
    max_leaves=8,
)


@given(
    test=TESTS,
    v=st.sampled_from("ab"),
    w=st.sampled_from("ab"),
    scoped=st.booleans(),
    plan=st.sampled_from(("pro", "free")),
)
def test_settling_a_test_changes_none_of_its_outcomes(
    test: Test, v: str, w: str, scoped: bool, plan: str
) -> None:
    place = Place("t", 1)

    def holds(each: Test) -> bool:
        match each:
            case VariableIs(variable=name, value=value):
                return {"v": v, "w": w}[name] == value
            case Not(test=inner):
                return not holds(inner)
            case Both(left=left, right=right, either=either):
                return (holds(left) or holds(right)) if either else (holds(left) and holds(right))
            case InScopes():
                return scoped
            case _:
                return plan == "pro"

    one = If(test, (Text("1", place),), (Text("0", place),), place)
    program = bind((For("g", "groups", (one,), place),), {"v": v, "w": w})
    facts = UserFacts({"plan": plan, "groups": ("x",)}, frozenset({"s"} if scoped else ()))
    assert Run(facts, {"groups": 0xF0000, "plan": 0xF0080}).run(program).text == str(int(holds(test)))


LIMITED = template(Condition='{"NumericLessThanEquals": {"s3:max-keys": "{{ level }}"}}')
INSIDE = template(Condition='{"IpAddress": {"aws:SourceIp": "{{ office }}"}}')
LISTED = template(
    Condition='{"NotIpAddress": {"aws:SourceIp": [{% for o in offices %}"{{ o }}"{% if not loop.last %},{% endif %}'
    "{% endfor %}]}}"
)
SECURE = template(Condition='{"Bool": {"aws:SecureTransport": "{{ beta }}"}}')


@pytest.mark.parametrize(
    ("source", "values", "context", "allowed"),
    [
        (LIMITED, {"level": 7}, {"s3:max-keys": "7"}, True),
        (LIMITED, {"level": 7}, {"s3:max-keys": "8"}, False),
        (LIMITED, {"level": 7}, {}, False),
        (INSIDE, {"office": "10.1.0.0/16"}, {"aws:SourceIp": "10.1.2.3"}, True),
        (INSIDE, {"office": "10.1.0.0/16"}, {"aws:SourceIp": "10.2.0.1"}, False),
        (INSIDE, {"office": "10.1.0.7"}, {"aws:SourceIp": "10.1.0.7"}, True),
        (LISTED, {"offices": "10.1.0.7,10.1.0.8"}, {"aws:SourceIp": "10.1.0.8"}, False),
        (LISTED, {"offices": "10.1.0.7,10.1.0.8"}, {"aws:SourceIp": "10.1.0.9"}, True),
        (SECURE, {"beta": True}, {"aws:SecureTransport": "true"}, True),
        (SECURE, {"beta": True}, {"aws:SecureTransport": "false"}, False),
        (SECURE, {"beta": False}, {"aws:SecureTransport": "false"}, True),
    ],
    ids=str,
)
def test_a_typed_claim_is_a_value_of_its_operators(
    source: str, values: Mapping[str, ClaimValue], context: Mapping[str, str], allowed: bool
) -> None:
    text = compile_one(source).render(["t"], {"tenant": "acme", **values}, scopes=frozenset())
    request = AccessRequest(
        action="s3:GetObject", resource="arn:aws:s3:::data-1/home/acme/x", context=context
    )
    policy = parse_session(text)
    assert evaluate(identity=None, session=policy, boundary=None, request=request).allowed is allowed


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('{"NumericEquals": {"s3:max-keys": "{{ tenant }}"}}', "type `slug` in a value of `NumericEquals`"),
        ('{"NumericEquals": {"s3:max-keys": ["1", "{{ beta }}"]}}', "expected one of type `integer`"),
        ('{"NumericEquals": {"s3:max-keys": "{{ level }}0"}}', "a claim in a value of `NumericEquals`"),
        (
            '{"NumericEquals": {"s3:max-keys": "{{ level }}{{ level }}"}}',
            "a claim in a value of `NumericEquals`",
        ),
        ('{"IpAddress": {"aws:SourceIp": "{{ office }}/8"}}', "a claim in a value of `IpAddress`"),
        ('{"IpAddress": {"aws:SourceIp": "{{ level }}"}}', "expected one of type `ip`"),
        ('{"Bool": {"aws:SecureTransport": "{{ level }}"}}', "expected one of type `boolean`"),
        ('{"DateLessThan": {"aws:CurrentTime": "{{ level }}"}}', "a claim in a value of `DateLessThan`"),
        ('{"BinaryEquals": {"aws:x": "{{ level }}"}}', "a claim in a value of `BinaryEquals`"),
        ('{"Null": {"aws:x": "{{ beta }}"}}', "a claim in a value of `Null`"),
    ],
)
def test_any_other_claim_or_text_around_it_is_refused(condition: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_one(template(Condition=condition))
    assert any(said in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:24]))
def test_no_hand_picked_value_is_a_number_an_address_a_boolean_or_an_item_but_a_plain_one(value: str) -> None:
    for source, claim in ((LIMITED, "level"), (INSIDE, "office"), (LISTED, "offices"), (SECURE, "beta")):
        for said in (value, f"1,{value}", f"{value},1.2.3.4", (value,)):
            try:
                values: dict[str, ClaimValue] = {"tenant": "acme", claim: said}
                text = compile_one_cached(source).render(["t"], values, scopes=frozenset())
            except ValueRefused:
                continue
            assert value in {"0", "true"}
            policy = parse_session(text)
            assert [each.effect for each in policy.statements] == ["Allow"]
            assert policy.statements[0].conditions[0].values == (value,)


_CACHE: dict[str, TemplateSet] = {}


def compile_one_cached(source: str) -> TemplateSet:
    return _CACHE.setdefault(source, compile_one(source))


DENIED = template(Resource='"arn:aws:s3:::data-1/*"').replace(
    "}]}",
    '},{"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::data-1/home/{{ tenant }}/*"}]}',
)


@pytest.mark.slow
@given(
    tenant=st.from_regex(r"[a-zA-Z0-9][a-z-]{0,7}", fullmatch=True),
    other=st.sampled_from(("acme", "acm", "a", "acme2")),
)
def test_a_deny_of_all_but_ones_own_leaves_ones_own(tenant: str, other: str) -> None:
    templates = compile_one_cached(DENIED)
    policy = parse_session(templates.render(["t"], {"tenant": tenant}, scopes=frozenset()))
    traced = templates.trace(["t"], {"tenant": tenant}, scopes=frozenset())
    assert traced.document.statements[1].not_resources == (f"arn:aws:s3:::data-1/home/{tenant}/*",)
    for who in (tenant, other):
        request = AccessRequest(action="s3:GetObject", resource=f"arn:aws:s3:::data-1/home/{who}/x")
        for document in (policy, traced.document):
            allowed = evaluate(identity=None, session=document, boundary=None, request=request).allowed
            assert allowed is (who == tenant)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("arn:aws:s3:::data-1/${{ tenant }}", "a claim right behind `$`"),
        ("arn:aws:s3:::data-1/${aws:PrincipalTag/{{ tenant }}}", "a claim inside a policy variable"),
        ("arn:aws:s3:{{ tenant }}::data-1/x", "a claim in a resource before its fifth colon"),
    ],
)
def test_what_a_deny_leaves_out_takes_claims_where_any_resource_does(resource: str, said: str) -> None:
    with pytest.raises(TemplateInvalid, match=r".") as caught:
        compile_one(DENIED.replace("arn:aws:s3:::data-1/home/{{ tenant }}/*", resource))
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
