"""What a claim is declared to be, to the prover: several that isolate, one case, a fallback; and numbers apart."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_session
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import EngineError
from authorizer.engine.prove.confirmation import may_request
from authorizer.engine.prove.diff import diff_role
from authorizer.engine.prove.proof import Promise, Proof
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.role_policy import role_policy
from authorizer.engine.prove.saved import as_cases
from authorizer.engine.prove.sides import Side, is_within
from authorizer.engine.prove.witness import Party
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import objects, statement, template

Specs = Mapping[str, Mapping[str, object]]
SLUG: Mapping[str, object] = {"type": "slug", "max_length": 8}
HOME = template(objects("t/{{ tenant }}/*"))


def compiled(source: str, specs: Specs, **variables: str) -> TemplateSet:
    claims = {name: declare(spec) for name, spec in specs.items()}
    return TemplateSet.compile({"it": source}, claims=claims, variables=variables)


def proven(source: str, specs: Specs, *isolates: str, **variables: str) -> Proof:
    templates = compiled(source, specs, **variables)
    promises = {"it": Promise(isolates=isolates or ("tenant",))}
    return prove(templates, subject="it", names=["it"], claims=templates.claims, promises=promises)


TWO: Specs = {"tenant": SLUG, "user": SLUG}


@pytest.mark.parametrize(
    ("path", "verdict", "meet_in"),
    [
        pytest.param("t/{{ tenant }}/{{ user }}/*", "PROVEN", set(), id="each in a folder of its own"),
        pytest.param("t/{{ tenant }}/*", "LEAK", {"user"}, id="users of one tenant meet"),
        pytest.param("u/{{ user }}/*", "LEAK", {"tenant"}, id="tenants meet in a user of one name"),
        pytest.param("t/{{ tenant }}{{ user }}/*", "LEAK", {"tenant", "user"}, id="nothing between them"),
    ],
)
def test_users_are_apart_in_each_of_several_claims(path: str, verdict: str, meet_in: set[str]) -> None:
    proof = proven(template(objects(path)), TWO, "tenant", "user")
    assert proof.verdict == verdict
    assert proof.isolates == (("it", "tenant"), ("it", "user"))
    assert {finding.isolates for finding in proof.findings} == meet_in
    assert all(finding.witness for finding in proof.findings)


def test_a_claim_that_is_not_declared_isolates_nothing() -> None:
    with pytest.raises(ValueError, match="isolates claim 'users'"):
        proven(HOME, TWO, "tenant", "users")


def test_a_fallback_that_a_token_may_say_makes_one_of_two_users() -> None:
    proof = proven(HOME, {"tenant": {**SLUG, "fallback": "public"}})
    assert proof.verdict == "LEAK"
    [finding] = proof.findings
    assert finding.witness is not None
    assert finding.witness.one.claims == {}
    assert finding.witness.other.claims == {"tenant": "public"}
    assert finding.witness.same_request
    assert finding.reason == "both users may touch the same thing; a token may say the fallback 'public' too"
    assert (
        "`tenant` is 'public' where a token says nothing: all of those users have one value" in proof.rests_on
    )
    assert "claims = {}" in as_cases(finding, finding.witness, ["it"])


def test_a_fallback_that_no_token_may_say_is_one_more_value() -> None:
    proof = proven(HOME, {"tenant": {**SLUG, "fallback": "_none"}})
    assert proof.verdict == "PROVEN"
    assert any("is '_none' where a token says nothing" in line for line in proof.rests_on)


def test_whoever_has_the_fallback_is_shown_without_the_claim() -> None:
    everything = template(
        "{% if tenant == '_none' %}", objects("*"), "{% else %}", objects("t/{{ tenant }}/*"), "{% endif %}"
    )
    proof = proven(everything, {"tenant": {**SLUG, "fallback": "_none"}})
    assert proof.verdict == "LEAK"
    assert {} in [finding.witness.one.claims for finding in proof.findings if finding.witness] + [
        finding.witness.other.claims for finding in proof.findings if finding.witness
    ]


def test_where_a_test_keeps_the_fallback_away_nobody_meets_in_it() -> None:
    source = template(
        objects("all/{{ user }}/*"),
        '{% if tenant != "public" %},',
        objects("t/{{ tenant }}/*"),
        "{% endif %}",
    )
    specs = {"tenant": {**SLUG, "fallback": "public"}, "user": SLUG}
    proof = proven(source, specs, "tenant")
    paths = {finding.witness.one.request.resource for finding in proof.findings if finding.witness}
    assert all("bucket/all/" in path for path in paths)


def test_without_a_claim_that_has_a_fallback_there_is_nobody() -> None:
    """What a template says of users without it is never rendered, and no case has to be written for it."""
    source = template(
        "{% if tenant is defined %}", objects("t/{{ tenant }}/*"), "{% else %}", objects("*"), "{% endif %}"
    )
    assert proven(source, {"tenant": {**SLUG, "fallback": "_none"}}).verdict == "PROVEN"
    assert proven(source, {"tenant": SLUG}).verdict == "LEAK"
    templates = compiled(source, {"tenant": {**SLUG, "fallback": "_none"}})
    assert "t/_none/*" in templates.render(["it"], {}, scopes=frozenset())
    assert templates.worst_case_length(["it"]) == len(HOME_LONGEST.format("a" * 8))


HOME_LONGEST = (
    '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:GetObject",'
    '"Resource":"arn:aws:s3:::bucket/t/{}/*"}}}}'
)


def test_one_case_is_said_and_apart_from_the_claim_as_it_stands() -> None:
    folded = {**SLUG, "lower_case": True}
    proof = proven(HOME, {"tenant": folded})
    assert proof.verdict == "PROVEN"
    said = "`tenant` is read in lower case: tokens that differ there in case alone mean one value"
    assert said in proof.rests_on
    assert said not in proven(HOME, {"tenant": SLUG}).rests_on
    raw = proven(template(objects("t/{{ folded }}/*")), {"tenant": SLUG, "folded": folded})
    assert raw.verdict == "LEAK"  # two tenants who differ in case have one folder


def test_a_folded_claim_stays_apart_where_case_does_not_count() -> None:
    condition = {"StringEqualsIgnoreCase": {"s3:ExistingObjectTag/owner": "{{ tenant }}"}}
    source = template(objects("*", Condition=condition))
    assert proven(source, {"tenant": SLUG}).verdict != "PROVEN"
    assert proven(source, {"tenant": {**SLUG, "lower_case": True}}).verdict == "PROVEN"


@pytest.mark.parametrize(
    ("path", "verdict"),
    [("{{ tenant }}*", "PROVEN"), ("{{ tenant }}/*", "PROVEN"), ("*{{ tenant }}*", "LEAK")],
)
def test_ids_of_one_length_need_nothing_behind_them(path: str, verdict: str) -> None:
    spec = {"type": "id", "prefix": "org_", "alphabet": "base36", "length": 12}
    assert proven(template(objects(path)), {"tenant": spec}).verdict == verdict


def test_numbers_and_addresses_keep_nobody_apart_by_themselves() -> None:
    conditions = {"NumericEquals": {"s3:max-keys": "{{ tenant }}"}}
    proof = proven(template(objects("*", Condition=conditions)), {"tenant": {"type": "integer", "max": 9}})
    assert proof.verdict != "PROVEN"
    inside = template(objects("{{ tenant }}/*", Condition=conditions))
    assert proven(inside, {"tenant": {"type": "integer", "max": 9}}).verdict == "PROVEN"


def test_a_list_in_a_text_is_proven_as_the_list_that_it_is() -> None:
    spec = {"type": "slug", "list": "comma", "max_items": 2}
    source = template(
        "{% for team in teams %}",
        objects("{{ tenant }}/{{ team }}/*"),
        "{% if not loop.last %},{% endif %}{% endfor %}",
    )
    assert proven(source, {"tenant": SLUG, "teams": spec}).verdict == "PROVEN"
    assert proven(source, {"tenant": SLUG, "teams": spec}, "teams").verdict == "LEAK"


# ── Against brute force ──────────────────────────────────────────────────────────────────────────────────────────────

VALUES = ("a", "b", "ab")
SMALL: Mapping[str, object] = {"type": "enum", "values": ["a", "b", "ab"]}
SAID = (None, "a", "b", "ab", "A", "AB", "-")
PIECES = ("{{ x }}", "{{ y }}", "/", "a", "*", "x")
PATHS = (
    "",
    "a",
    "b",
    "ab",
    "a/b",
    "a/a",
    "b/b",
    "ab/a",
    "a/ab",
    "/a",
    "xa",
    "ax",
    "aab",
    "-",
    "-/a",
    "ab/b",
    "a/-",
)


@st.composite
def declared(draw: st.DrawFn) -> dict[str, object]:
    extra: dict[str, object] = {}
    if draw(st.booleans()):
        extra["lower_case"] = True
    if (fallback := draw(st.sampled_from([None, "a", "-"]))) is not None:
        extra["fallback"] = fallback
    return {**SMALL, **extra}


@st.composite
def sources(draw: st.DrawFn) -> str:
    def part() -> dict[str, Any]:
        path = "".join(draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4)))
        return statement(Resource=f"arn:aws:s3:::bucket/{path}")

    test = draw(
        st.sampled_from(['x in ["a", "b"]', 'x == "a"', "y is defined", 'x not in ["ab"]', 'stage == "one"'])
    )
    if draw(st.booleans()):
        return template(f"{{% if {test} %}}", part(), "{% else %}", part(), "{% endif %}")
    return template(part(), *([part()] if draw(st.booleans()) else []))


@settings(max_examples=60, deadline=None)
@given(source=sources(), x=declared(), y=declared(), isolates=st.sampled_from([("x",), ("x", "y")]))
def test_what_is_proven_no_two_tokens_contradict(
    source: str, x: dict[str, object], y: dict[str, object], isolates: tuple[str, ...]
) -> None:
    """Every pair of tokens over a small alphabet, every request of a small world, the evaluator: two tokens differ
    where one says nothing and the other something, or where they say two texts that are not declared one."""
    templates = compiled(source, {"x": x, "y": y}, stage="one")
    promises = {"it": Promise(isolates=isolates)}
    proof = prove(templates, subject="it", names=["it"], claims=templates.claims, promises=promises)
    users = list(_users(templates))
    for one, other in product(users, repeat=2):
        met = one[1] & other[1]
        if met and any(one[0][name] != other[0][name] for name in isolates):
            assert proof.verdict != "PROVEN", (one, other)
            return
    for finding in proof.findings:
        if finding.witness is not None:  # in a path that is none of these
            said = [_said(templates, party) for party in (finding.witness.one, finding.witness.other)]
            assert said[0].get(finding.isolates) != said[1].get(finding.isolates)


def _said(templates: TemplateSet, party: Party) -> Mapping[str, ClaimValue]:
    """The claims of somebody who may make the request, each as a token may say it."""
    assert may_request(templates, party)
    return {name: templates.claims[name].said(value) for name, value in party.claims.items()}


def _users(templates: TemplateSet) -> list[tuple[dict[str, ClaimValue | None], frozenset[str]]]:
    """What each token says, as one that is declared in lower case says it, and the paths that its policy opens."""
    found = []
    for texts in product(SAID, repeat=2):
        said: dict[str, ClaimValue] = {
            name: text for name, text in zip("xy", texts, strict=True) if text is not None
        }
        try:
            read = {name: templates.claims[name].said(text) for name, text in said.items()}
            policy = parse_session(templates.render(["it"], read, scopes=frozenset()))
        except EngineError:
            continue
        opened = frozenset(
            path
            for path in PATHS
            if evaluate(
                identity=None,
                session=policy,
                boundary=None,
                request=AccessRequest(action="s3:GetObject", resource=f"arn:aws:s3:::bucket/{path}"),
            ).allowed
        )
        found.append(({name: read.get(name) for name in "xy"}, opened))
    return found


# ── Beside the prover ────────────────────────────────────────────────────────────────────────────────────────────────


def side(source: str, specs: Specs, **variables: str) -> Side:
    return Side(templates=compiled(source, specs, **variables), names=("it",))


def test_a_comparison_sees_a_list_of_texts_as_the_texts() -> None:
    specs: Specs = {"tenant": SLUG, "plan": {"type": "enum", "values": ["a", "b", "c"]}}
    listed = template('{% if plan in ["a", "b"] %}', objects("t/{{ tenant }}/*"), "{% endif %}")
    one = template('{% if plan == "a" %}', objects("t/{{ tenant }}/*"), "{% endif %}")
    assert diff_role("r", old=side(listed, specs), new=side(one, specs)).verdict == "NO WIDER"
    result = diff_role("r", old=side(one, specs), new=side(listed, specs))
    assert result.verdict == "WIDER"
    assert result.witness is not None
    assert result.witness.claims["plan"] == "b"


def test_a_comparison_is_of_this_deployments_constants() -> None:
    source = template(
        '{% if stage == "prod" %}', objects("t/{{ tenant }}/*"), "{% else %}", objects("t/*"), "{% endif %}"
    )
    prod, dev = (side(source, {"tenant": SLUG}, stage=stage) for stage in ("prod", "dev"))
    assert diff_role("r", old=prod, new=dev).verdict == "WIDER"
    assert diff_role("r", old=dev, new=prod).verdict == "NO WIDER"


def test_nobody_is_compared_without_a_claim_that_both_have_a_fallback_for() -> None:
    specs: Specs = {"tenant": {**SLUG, "fallback": "_none"}}
    other = template(
        "{% if tenant is defined %}", objects("t/{{ tenant }}/*"), "{% else %}", objects("*"), "{% endif %}"
    )
    assert diff_role("r", old=side(HOME, specs), new=side(other, specs)).verdict == "NO WIDER"
    assert (
        diff_role("r", old=side(HOME, {"tenant": SLUG}), new=side(other, {"tenant": SLUG})).verdict == "WIDER"
    )


DENY = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/t/{{ tenant }}/*"}
KEPT = {"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "arn:aws:s3:::bucket/*"}
WIDE = template(objects("*"), DENY)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        pytest.param(WIDE, WIDE, "NO WIDER", id="the same Deny"),
        pytest.param(
            WIDE, template(objects("t/{{ tenant }}/*")), "NO WIDER", id="an Allow of what it left out"
        ),
        pytest.param(WIDE, template(objects("*")), "WIDER", id="no Deny any more"),
        pytest.param(
            template(objects("*"), KEPT), template(objects("*")), "NO WIDER", id="an action that it left out"
        ),
        pytest.param(
            template(objects("*", Action="s3:PutObject"), KEPT),
            template(objects("*", Action="s3:PutObject")),
            "WIDER",
            id="an action that it did not leave out",
        ),
    ],
)
def test_a_deny_of_all_but_something_is_compared(old: str, new: str, verdict: str) -> None:
    specs = {"tenant": SLUG}
    assert diff_role("r", old=side(old, specs), new=side(new, specs)).verdict == verdict


def test_a_role_denies_for_everybody_what_is_denied_to_each() -> None:
    made = role_policy(compiled(WIDE, {"tenant": SLUG}), ["it"], tags={"tenant": "tenant"})
    [_, deny] = made.document.statements
    assert deny.not_resources == ("arn:aws:s3:::bucket/t/${aws:PrincipalTag/tenant}/*",)
    untagged = role_policy(compiled(WIDE, {"tenant": SLUG}), ["it"], tags={})
    assert untagged.document.statements[1].not_resources == ("arn:aws:s3:::bucket/t/*/*",)


@pytest.mark.parametrize("tags", [{}, {"level": "level"}], ids=["untagged", "tagged"])
def test_a_role_asks_for_no_number_of_anybodys(tags: Mapping[str, str]) -> None:
    """IAM reads no variable there: with one, the role would allow nobody anything."""
    limited = {
        "NumericLessThanEquals": {"s3:max-keys": "{{ level }}"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    denied = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"NumericEquals": {"s3:max-keys": "{{ level }}"}},
    }
    templates = compiled(template(objects("*", Condition=limited), denied), {"level": {"type": "integer"}})
    [allow] = role_policy(templates, ["it"], tags=tags).document.statements
    assert [condition.operator for condition in allow.conditions] == ["Bool"]


def test_values_of_an_address_are_fewer_than_its_language_says() -> None:
    address, text = declare({"type": "ip"}), declare({"type": "enum", "values": ["999.0.0.1"]})
    assert not is_within(text, address)
    assert is_within(address, declare({"type": "ip", "widest": 24}))
    assert is_within(address, address)
