"""The prover's questions in SMT-LIB, answered by cvc5: what is proven is `unsat`, a leak is `sat`, and what is left out
is said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from authorizer.engine import ClaimType, declare
from authorizer.engine.document.sharing import Sharing
from authorizer.engine.prove.proof import Promise, Verdict
from authorizer.engine.prove.prove import prove
from authorizer.engine.smt import Exported, PathQuestion, export, export_paths
from authorizer.engine.smt.terms import characters, parts_of, string
from authorizer.engine.template.template import TemplateSet
from authorizer.gate import export_settings, prove_settings
from tests.engine.proving import objects, statement, template
from tests.engine.smt.__main__ import contradictions, judged
from tests.engine.smt.corpus import bundled, library
from tests.engine.smt.solver import answer
from tests.make import make_access, sample_access

CLAIMS: Mapping[str, ClaimType] = {
    "x": declare({"type": "slug", "max_length": 12}),
    "z": declare({"type": "slug", "max_length": 12}),
    "id": declare({"type": "uuid"}),
    "mail": declare({"type": "email", "max_length": 40}),
    "who": declare({"type": "arn", "max_length": 20}),
    "plan": declare({"type": "enum", "values": ["a", "b"]}),
    "free": declare({"type": "opaque", "max_length": 12}),
    "teams": declare({"type": "slug", "list": True, "max_items": 2}),
}


def questions(
    *parts: Any, isolates: str = "x", other: Sequence[str] = (), shared: Sequence[Sharing] = (), **more: Any
) -> list[Exported]:
    """Of one template, or of two that both keep users apart by the same claim."""
    sources = {"it": template(*parts), **({"more": template(*more["parts"])} if more else {})}
    promises = {
        name: Promise(isolates=(isolates,) if name == "it" else tuple(other), shared=tuple(shared))
        for name in sources
    }
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables={})
    return export(templates, subjects={"all": [*sources]}, promises=promises, claims=CLAIMS)


def asked(*parts: Any, **options: Any) -> set[tuple[str, str]]:
    return {(question.kind, answer(question.text)) for question in questions(*parts, **options)}


def under(operator: str, key: str, *values: str, **others: Mapping[str, str]) -> dict[str, Any]:
    """A statement on the bucket under one condition, and others."""
    return objects("*", Condition={operator: {key: [*values]}, **others})


PROVEN = {("exact", "unsat")}
LEAK = {("exact", "sat")}
PARTLY = {("partial", "sat")}


@pytest.mark.parametrize(
    ("parts", "isolates", "found"),
    [
        pytest.param([objects("{{ x }}/*")], "x", PROVEN, id="a folder each"),
        pytest.param([objects("{{ x }}*")], "x", LEAK, id="a prefix without an end"),
        pytest.param([objects("{{ x }}-{{ z }}")], "x", LEAK, id="two claims, and what is between them in both"),
        pytest.param([objects("{{ x }}/{{ z }}")], "x", PROVEN, id="two claims, and what is between them in neither"),
        pytest.param([objects("*/{{ id }}/*")], "id", LEAK, id="a folder anywhere"),
        pytest.param([objects("{{ id }}*")], "id", PROVEN, id="texts of one length need no end"),
        pytest.param([objects("{{ id }}?")], "id", PROVEN, id="a question mark"),
        pytest.param([objects("{{ x }}?")], "x", PROVEN, id="a question mark behind any length"),
        pytest.param([objects("{{ mail }}/*")], "mail", PROVEN, id="two long pieces, each with its bound"),
        pytest.param([objects("{{ mail }}*")], "mail", LEAK, id="a domain that begins another"),
        pytest.param([objects("{{ plan }}")], "plan", PROVEN, id="a few words"),
        pytest.param([objects("{{ free }}/*")], "free", PROVEN, id="any text but a slash"),
        pytest.param([objects("common")], "x", LEAK, id="the same for all"),
        pytest.param([objects("${*}{{ x }}/*"), objects("a{{ x }}/*")], "x", PROVEN, id="a star that is none"),
        pytest.param([objects("${aws:userid}/*")], "x", PARTLY, id="a policy variable may be any text"),
    ],
)  # fmt: skip
def test_a_resource_is_asked_about(parts: list[Any], isolates: str, found: set[tuple[str, str]]) -> None:
    assert asked(*parts, isolates=isolates) == found


TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t"
KEYS = {
    "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["{{ x }}"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}


def query(resource: str, **members: Any) -> dict[str, Any]:
    return statement(Action="dynamodb:Query", Resource=resource, **members)


@pytest.mark.parametrize(
    ("other", "answers"),
    [
        pytest.param(query(f"{TABLE}/index/by-item"), ["unsat", "sat", "sat"], id="an index"),
        pytest.param(query(f"{TABLE}/stream/*"), ["unsat", "sat", "sat"], id="a stream"),
        pytest.param(query(f"{TABLE}/replica/x"), ["unsat", "unsat", "sat"], id="inside by no row"),
        pytest.param(query(f"{TABLE}2/index/x"), ["unsat", "unsat", "sat"], id="of another table"),
        pytest.param(
            query(f"{TABLE}/index/x", Condition=KEYS), ["unsat"] * 3, id="an index with leading keys"
        ),
    ],
)
def test_what_is_inside_a_table_is_the_table(other: dict[str, Any], answers: list[str]) -> None:
    found = questions(query(TABLE, Condition=KEYS), other)
    assert [answer(question.text) for question in found] == answers


def test_two_services_never_meet() -> None:
    elsewhere = statement(Action="s3-object-lambda:GetObject", Resource="arn:aws:s3:::b/*")
    found = questions(statement(Resource="arn:aws:s3:::b/{{ x }}"), elsewhere)
    assert [answer(question.text) for question in found] == ["unsat", "unsat", "sat"]


NULL = {"Null": {"dynamodb:LeadingKeys": "false"}}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param(under("StringEquals", "aws:ResourceTag/t", "{{ x }}"), PROVEN, id="a tag of the resource"),
        pytest.param(under("StringEquals", "s3:prefix", "{{ x }}"), LEAK, id="a prefix shows what begins with it"),
        pytest.param(under("StringLike", "s3:prefix", "{{ x }}/*"), PROVEN, id="a prefix with its end"),
        pytest.param(under("StringEquals", "s3:prefix", "{{ x }}/*"), PROVEN, id="a star that is a character"),
        pytest.param(under("StringLike", "aws:ResourceTag/t", "{{ x }}*"), LEAK, id="a tag that begins so"),
        pytest.param(under("StringEqualsIgnoreCase", "aws:ResourceTag/t", "{{ x }}"), PARTLY, id="whatever the case"),
        pytest.param(under("StringEqualsIgnoreCase", "aws:ResourceTag/t", "Own"), LEAK, id="a word in any case"),
        pytest.param(under("StringEqualsIfExists", "aws:ResourceTag/t", "{{ x }}"), PARTLY, id="where there is one"),
        pytest.param(under("StringNotEquals", "aws:ResourceTag/t", "{{ x }}"), PARTLY, id="not that one"),
        pytest.param(under("StringEquals", "aws:UserAgent", "{{ x }}"), PARTLY, id="who calls"),
        pytest.param(under("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z"), PARTLY, id="when"),
        pytest.param(under("Null", "aws:ResourceTag/t", "true"), PARTLY, id="no tag at all"),
        pytest.param(under("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "{{ x }}", **NULL), PROVEN, id="keys"),
        pytest.param(under("ForAllValues:StringEquals", "dynamodb:LeadingKeys", "{{ x }}"), PARTLY,
                     id="keys, or none"),
        pytest.param(under("StringEquals", "dynamodb:LeadingKeys", "{{ x }}"), PARTLY, id="one of several keys"),
        pytest.param(under("ForAnyValue:StringEquals", "kms:EncryptionContext:t", "{{ x }}"), PROVEN, id="one value"),
        pytest.param(under("ArnLike", "aws:ResourceTag/t", "arn:aws:s3:::b/{{ x }}/*"), PROVEN, id="an ARN"),
        pytest.param(under("StringEquals", "aws:ResourceTag/t", "{{ x }}", "all"), LEAK, id="one of two values"),
    ],
)  # fmt: skip
def test_a_condition_is_asked_about(statement: dict[str, Any], found: set[tuple[str, str]]) -> None:
    assert asked(statement) == found


def test_a_value_of_an_arn_s_type_has_all_its_forms() -> None:
    assert asked(under("StringEquals", "aws:ResourceTag/t", "{{ who }}"), isolates="who") == PROVEN


def test_a_word_in_another_case_is_no_other_word() -> None:
    both = [
        under("StringEqualsIgnoreCase", "aws:ResourceTag/t", "own"),
        under("StringEquals", "aws:ResourceTag/t", "oWn"),
    ]
    assert asked(*both) == LEAK
    digits = [
        under("StringEqualsIgnoreCase", "aws:ResourceTag/t", "A"),
        under("StringEquals", "aws:ResourceTag/t", "b"),
    ]
    first, second, third = questions(*digits)
    assert [answer(each.text) for each in (first, second, third)] == ["sat", "unsat", "sat"]


def test_a_claim_of_one_case_is_itself_in_any() -> None:
    words = {**CLAIMS, "x": declare({"type": "digits", "max_length": 4})}
    templates = TemplateSet.compile(
        {"it": template(under("StringEqualsIgnoreCase", "aws:ResourceTag/t", "{{ x }}"))},
        claims=words,
        variables={},
    )
    promises = {"it": Promise(isolates=("x",))}
    (question,) = export(templates, subjects={"it": ["it"]}, promises=promises, claims=words)
    assert (question.kind, answer(question.text)) == ("exact", "unsat")


# ── Users ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_user_without_the_claim_differs_from_every_user_with_one() -> None:
    parts = ["{% if x is defined %}", objects("{{ x }}"), "{% else %}", objects("none"), "{% endif %}"]
    kinds = {question.name: answer(question.text) for question in questions(*parts)}
    # Two who have none do not differ; "none" is a slug, too.
    assert sorted(kinds.values()) == ["sat", "unsat", "unsat"]


@pytest.mark.parametrize(
    ("fallback", "found"),
    [
        pytest.param("none", LEAK, id="a fallback that a token may say"),
        pytest.param("-", PROVEN, id="a fallback that none may say"),
    ],
)
def test_who_says_nothing_differs_from_who_says_the_fallback(
    fallback: str, found: set[tuple[str, str]]
) -> None:
    claims = {**CLAIMS, "x": declare({"type": "slug", "max_length": 12, "fallback": fallback})}
    templates = TemplateSet.compile({"it": template(objects("{{ x }}/*"))}, claims=claims, variables={})
    promises = {"it": Promise(isolates=("x",))}
    (question,) = export(templates, subjects={"it": ["it"]}, promises=promises, claims=claims)
    assert {(question.kind, answer(question.text))} == found


def test_who_must_have_a_value_has_it() -> None:
    parts = ['{% if x == "a" %}', objects("shared"), ",", "{% endif %}", objects("own/{{ x }}")]
    assert [answer(question.text) for question in questions(*parts)] == ["unsat", "unsat", "unsat"]


def test_who_must_not_have_a_value_may_have_any_other() -> None:
    parts = ['{% if x == "a" %}', objects("only-a"), ",", "{% else %}", objects("others"), ",", "{% endif %}"]
    answers = [answer(question.text) for question in questions(*parts, objects("own/{{ x }}"))]
    assert answers.count("sat") == 1  # two of the others


def test_scopes_are_each_user_s_own() -> None:
    parts = ['{% if "w" in scopes %}', objects("w"), ",", "{% else %}", objects("w"), ",", "{% endif %}"]
    assert asked(*parts, objects("own/{{ x }}")) == {*LEAK, *PROVEN}


def test_what_is_asked_of_a_list_is_left_out() -> None:
    parts = [
        "{% for team in teams %}",
        objects("{{ team }}/*"),
        ",",
        "{% endfor %}",
        objects("own/{{ x }}/*"),
    ]
    found = questions(*parts)
    assert {question.kind for question in found} == {"partial"}
    assert any("asks of a list, whose items are not told apart" in question.text for question in found)
    lists = questions(*parts, isolates="teams")
    assert any("Left out: that the two lists of `teams` differ." in question.text for question in lists)


def test_of_very_many_ways_none_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.smt.script.MAX_WAYS", 0)
    (question,) = questions(objects("{{ x }}/*"))
    assert (question.kind, answer(question.text)) == ("partial", "unsat")
    assert "Left out: how a user comes by the statement at it.json.j2:1: there are 1 ways." in question.text


# ── What is denied ───────────────────────────────────────────────────────────────────────────────────────────────────

ELSEWHERE = {"Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/{{ x }}/*"}


def denied(**members: Any) -> dict[str, Any]:
    """A Deny of all of S3 on all of the bucket, but for what the test says."""
    about = {"Action": "s3:*"} if "NotAction" not in members else {}
    on = {"Resource": "arn:aws:s3:::bucket/*"} if "NotResource" not in members else {}
    return {"Effect": "Deny", **about, **on, **members}


def unless(operator: str, key: str, *values: str) -> dict[str, Any]:
    return denied(Condition={operator: {key: [*values]}})


DENIES = [
    pytest.param([objects("*"), denied(NotResource="arn:aws:s3:::bucket/{{ x }}/*")], PROVEN,
                 id="all resources but one's own"),
    pytest.param([objects("*"), denied(NotResource="arn:aws:s3:::bucket/{{ x }}*")], LEAK,
                 id="all resources but those that begin as one's own"),
    pytest.param([objects("*"), denied(NotResource=["arn:aws:s3:::bucket/{{ x }}/*", "arn:aws:s3:::bucket/all"])],
                 LEAK, id="all resources but one's own and another"),
    pytest.param([objects("*"), denied(NotAction="s3:PutObject", Resource="*")], PROVEN,
                 id="all actions but one that is not allowed"),
    pytest.param([objects("*"), denied(NotAction="S3:getobject", Resource="*")], LEAK,
                 id="all actions but the one that is allowed, in another case"),
    pytest.param([objects("*"), denied(Action="s3:Put*"), denied(NotResource="arn:aws:s3:::bucket/{{ x }}/*")],
                 PROVEN, id="other actions, and all resources but one's own"),
    pytest.param([objects("*"), denied()], PROVEN, id="all of it"),
    pytest.param([objects("*"), denied(Action="*", Resource="*")], PROVEN, id="all there is"),
    pytest.param([objects("*"), denied(Action=["s3:Put*", "s3:List*"])], LEAK, id="other actions"),
    pytest.param([objects("*"), denied(Resource="arn:aws:s3:::bucket/a*")], LEAK, id="other resources"),
    pytest.param([objects("a/*"), denied(Resource="arn:aws:s3:::bucket/a*")], PROVEN, id="more resources"),
    pytest.param([objects("{{ x }}*"), denied(Resource="arn:aws:s3:::bucket/{{ x }}?*")], PARTLY,
                 id="a claim and a wildcard within"),
    pytest.param([objects("a/{{ x }}*"), denied(Resource="arn:aws:s3:::bucket/a/{{ x }}")], LEAK,
                 id="one resource of many"),
    pytest.param([objects("{{ plan }}/{{ x }}"), denied(Resource="arn:aws:s3:::bucket/{{ plan }}/*")], PROVEN,
                 id="what begins so"),
    pytest.param([objects("all"), denied(NotResource="arn:aws:s3:::bucket/{{ x }}")], PROVEN,
                 id="whose name it is not: only one user has it"),
    pytest.param([objects("all"), denied(Resource="arn:aws:s3:::*/all")], PROVEN, id="a bucket of any name"),
    pytest.param([objects("all"), denied(Resource="arn:*:s3:::bucket/all")], PARTLY,
                 id="a wildcard that stays in its field"),
    pytest.param([objects("all"), denied(Resource="arn:aws:s3:::bucket/${aws:userid}")], PARTLY,
                 id="a policy variable is no text"),
    pytest.param([objects("*"), unless("StringNotEquals", "aws:ResourceTag/t", "{{ x }}")], PROVEN,
                 id="where the tag is not one's own"),
    pytest.param([objects("*"), unless("StringNotEquals", "aws:ResourceTag/t", "{{ x }}", "all")], LEAK,
                 id="where the tag is neither one's own nor everybody's"),
    pytest.param([objects("*"), unless("StringNotLike", "aws:ResourceTag/t", "{{ x }}*")], LEAK,
                 id="where the tag does not begin as one's own"),
    pytest.param([objects("*"), unless("StringNotLike", "s3:prefix", "{{ x }}/*")], PROVEN,
                 id="where the prefix is not within one's own"),
    pytest.param([objects("*"), unless("StringEquals", "aws:ResourceTag/t", "all")], PARTLY,
                 id="where the tag says so: it need not be there"),
    pytest.param([objects("*"), unless("StringNotEqualsIfExists", "aws:ResourceTag/t", "{{ x }}")], PARTLY,
                 id="where there is a tag that is not one's own"),
    pytest.param([objects("*"), unless("ForAnyValue:StringNotEquals", "aws:ResourceTag/t", "{{ x }}")], PARTLY,
                 id="where one of the tags is not one's own"),
    pytest.param([objects("*"), unless("StringNotEquals", "dynamodb:LeadingKeys", "{{ x }}")], PARTLY,
                 id="where one of several keys may not be one's own"),
    pytest.param([objects("*"), unless("NumericNotEquals", "aws:ResourceTag/t", "1")], PARTLY, id="a number"),
    pytest.param([objects("*"), unless("Bool", "aws:SecureTransport", "false")], PARTLY, id="who calls how"),
    pytest.param(
        [under("StringLike", "s3:prefix", "a*"), unless("StringNotLike", "s3:prefix", "{{ x }}/*")],
        {("partial", "sat")}, id="a prefix that both speak of",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "found"), DENIES)
def test_a_deny_is_asked_about(parts: list[Any], found: set[tuple[str, str]]) -> None:
    assert asked(*parts) == found


@pytest.mark.parametrize(("parts", "found"), DENIES)
def test_the_prover_says_of_a_deny_what_cvc5_says(parts: list[Any], found: set[tuple[str, str]]) -> None:
    templates = TemplateSet.compile({"it": template(*parts)}, claims=CLAIMS, variables={})
    promises = {"it": Promise(isolates=("x",))}
    proof = prove(templates, subject="it", names=["it"], claims=CLAIMS, promises=promises)
    assert [*judged(proof, found, Counter())] == []


def test_a_deny_of_which_something_is_not_said_is_left_out_whole_and_told() -> None:
    (question,) = questions(objects("*"), unless("Bool", "aws:SecureTransport", "false"))
    assert "Left out: what a Deny does, which asks `Bool` of `aws:SecureTransport`." in question.text


def test_who_mentions_a_claim_in_a_deny_has_it() -> None:
    """The policy of a user without it is not made."""
    (question,) = questions(objects("all"), denied(NotResource="arn:aws:s3:::bucket/{{ z }}"))
    assert "(assert |one has z|)" in question.text


def test_a_deny_counts_on_the_ways_that_lead_to_it() -> None:
    deny = denied(NotResource="arn:aws:s3:::bucket/{{ x }}/*")
    parts = ["{% if plan is defined %}", deny, ",", "{% endif %}", objects("*")]
    found = questions(*parts)
    assert sorted(answer(question.text) for question in found) == ["sat", "sat", "unsat"]


# ── Session tags ─────────────────────────────────────────────────────────────────────────────────────────────────────

TAG = {"aws:PrincipalTag/Team": "x"}


@pytest.mark.parametrize(
    ("part", "found"),
    [
        pytest.param(objects("${aws:principaltag/team}/*"), PROVEN, id="in a resource"),
        pytest.param(objects("${aws:PrincipalTag/Team, 'none'}/*"), PROVEN, id="with a default that nobody needs"),
        pytest.param(objects("${aws:PrincipalTag/Team}*"), LEAK, id="without an end"),
        pytest.param(objects("${aws:PrincipalTag/Other}/*"), PARTLY, id="another tag"),
        pytest.param(
            under("StringEquals", "aws:ResourceTag/t", "${aws:PrincipalTag/Team}"), PROVEN, id="in a condition",
        ),
        pytest.param(
            objects("{{ x }}/*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "{{ x }}"}}), PROVEN,
            id="that it is what it is",
        ),
        pytest.param(
            objects("{{ x }}/*", Condition={"StringNotEquals": {"aws:PrincipalTag/Team": "{{ x }}"}}),
            {("partial", "unsat")}, id="that it is not what it is",
        ),
    ],
)  # fmt: skip
def test_a_tag_is_the_claim_that_every_session_has_as_it(
    part: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    templates = TemplateSet.compile({"it": template(part)}, claims=CLAIMS, variables={})
    (question,) = export(
        templates,
        subjects={"it": ["it"]},
        promises={"it": Promise(isolates=("x",))},
        claims=CLAIMS,
        tags={"it": {"it": TAG}},
    )
    assert {(question.kind, answer(question.text))} == found


def test_tags_are_those_of_each_proof_s_own_roles() -> None:
    templates = TemplateSet.compile(
        {"it": template(objects("${aws:PrincipalTag/Team}/*"))}, claims=CLAIMS, variables={}
    )
    found = export(
        templates,
        subjects={"role one": ["it"], "role two": ["it"], "role three": ["it"]},
        promises={"it": Promise(isolates=("x",))},
        claims=CLAIMS,
        tags={"role one": {"it": TAG}, "role three": {"it": TAG}},
    )
    answers = {question.subjects: (question.kind, answer(question.text)) for question in found}
    assert answers == {("role one", "role three"): ("exact", "unsat"), ("role two",): ("partial", "sat")}


def test_two_templates_are_held_against_each_other_once() -> None:
    more = questions(objects("{{ x }}/*"), other=["x"], parts=[objects("{{ x }}/x")])
    assert len(more) == 3
    assert all(question.subjects == ("all",) for question in more)
    assert len(questions(objects("{{ x }}/*"), other=[], parts=[objects("{{ x }}/x")])) == 2
    assert len(questions(objects("{{ x }}/*"), other=["x", "z"], parts=[objects("{{ x }}/x")])) == 5
    assert len(questions(objects("{{ x }}/*"), other=["z"], parts=[objects("{{ x }}/x")])) == 4


# ── What is declared common to all ───────────────────────────────────────────────────────────────────────────────────

SHARED = Sharing(statement="All", actions=("s3:Get*",), resources=("arn:aws:s3:::bucket/all/*",))


@pytest.mark.parametrize(
    ("sharing", "answers"),
    [
        pytest.param(SHARED, ["unsat", "unsat", "unsat"], id="of the statement"),
        pytest.param(
            Sharing(statement="All", actions=("s3:GetObject",), resources=("arn:aws:s3:::bucket/all/*",)),
            ["unsat", "unsat", "unsat"],
            id="word for word",
        ),
        pytest.param(
            Sharing(statement="Other", actions=SHARED.actions, resources=SHARED.resources),
            ["sat", "unsat", "unsat"],
            id="of another statement",
        ),
        pytest.param(
            Sharing(statement="All", actions=("s3:Put*",), resources=SHARED.resources),
            ["sat", "unsat", "unsat"],
            id="of another action",
        ),
        pytest.param(
            Sharing(statement="All", actions=SHARED.actions, resources=("arn:aws:s3:::bucket/all/?",)),
            ["sat", "unsat", "unsat"],
            id="of less",
        ),
    ],
)
def test_what_is_shared_is_not_asked(sharing: Sharing, answers: list[str]) -> None:
    found = questions(objects("all/*", Sid="All"), objects("own/{{ x }}/*"), shared=[sharing])
    assert [answer(question.text) for question in found] == answers
    assert ("Not asked, because declared common to all: 1 pairs" in found[0].text) == (answers[0] == "unsat")


def test_what_is_shared_is_asked_where_it_opens_what_is_one_user_s_own() -> None:
    sharing = Sharing(statement="All", actions=("s3:Get*",), resources=("arn:aws:s3:::bucket/*",))
    found = questions(objects("*", Sid="All"), objects("own/{{ x }}/*"), shared=[sharing])
    assert [answer(question.text) for question in found] == ["unsat", "sat", "unsat"]
    own = questions(objects("{{ x }}*", Sid="All"), shared=[sharing])
    assert [answer(question.text) for question in own] == ["sat"]


def test_what_reaches_no_name_may_stand_beside_what_is_one_user_s_own() -> None:
    names = statement(Sid="Names", Action="s3:ListAllMyBuckets", Resource="*")
    sharing = Sharing(statement="Names", actions=("s3:ListAllMyBuckets",), resources=("*",))
    found = questions(names, objects("own/{{ x }}/*"), shared=[sharing])
    assert [answer(question.text) for question in found] == ["unsat", "unsat", "unsat"]


# ── Routes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        pytest.param("/orgs/{x}/*", "/orgs/{x}/*", ("exact", "unsat"), id="a folder each"),
        pytest.param("/orgs/{x}/*", "/orgs/*", ("exact", "sat"), id="beside all folders"),
        pytest.param("/orgs/{x}/*", "/all/*", ("exact", "unsat"), id="beside another folder"),
        pytest.param("/{x}/{z}", "/{z}/{x}", ("exact", "sat"), id="two claims, the other way round"),
        pytest.param("/{x}/{z}", "/{x}/{z}", ("exact", "unsat"), id="two claims"),
        pytest.param("/*/{x}", "/*/{x}", ("exact", "unsat"), id="at the end"),
        pytest.param("/*/{x}/*", "/*/{x}/*", ("exact", "sat"), id="anywhere"),
        pytest.param("/teams/{teams}", "/teams/{teams}", ("exact", "sat"), id="another claim"),
    ],
)
def test_a_pair_of_routes_is_asked_about(one: str, other: str, found: tuple[str, str]) -> None:
    asked = PathQuestion(
        claim="x", subject="routes by x", paths=(one, other), places=("a", "b"), methods_in_common=True
    )
    (question,) = export_paths([asked], claims=CLAIMS)
    assert (question.kind, answer(question.text)) == found
    (apart,) = export_paths([replace(asked, methods_in_common=False)], claims=CLAIMS)
    assert (apart.kind, answer(apart.text)) == ("exact", "unsat")


def test_lists_of_routes_are_not_told_apart() -> None:
    asked = PathQuestion(
        claim="teams",
        subject="routes by teams",
        paths=("/t/{teams}",) * 2,
        places=("a", "b"),
        methods_in_common=True,
    )
    (question,) = export_paths([asked], claims=CLAIMS)
    assert (question.kind, answer(question.text)) == ("partial", "sat")
    assert question.name == "path-0001-teams-a-b.smt2"


@pytest.mark.parametrize(
    ("entry", "answers"), [("GET /all/*", {"unsat"}), ("GET /tenants/*", {"unsat", "sat"})]
)
def test_the_proofs_of_routes_are_asked_with_those_of_policies(entry: str, answers: set[str]) -> None:
    access = make_access(scopes={"files:read": [entry]})
    found = [each for each in export_settings(access) if each.subjects == ("routes by tenant",)]
    assert {question.kind for question in found} == {"exact"}
    assert {answer(question.text) for question in found} == answers
    (proof,) = (each for each in prove_settings(access) if each.subject == "routes by tenant")
    assert proof.pairs == len(found)
    assert [*judged(proof, {("exact", each) for each in answers}, Counter())] == []
    assert (proof.verdict == "LEAK") == ("sat" in answers)
    assert not [each for each in export_settings(access, ["s3-home"]) if "routes" in each.subjects[0]]


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_asked_is_a_file_of_comments() -> None:
    templates = TemplateSet.compile({"it": template(objects("{{ x }}"))}, claims=CLAIMS, variables={})
    promises = {"it": Promise(isolates=("x",))}
    *_, last = export(
        templates, subjects={"it": ["it"]}, promises=promises, claims=CLAIMS, beyond=["issuers of it\n(exit)"]
    )
    assert (last.kind, last.subjects) == ("not expressed", ("issuers of it\n(exit)",))
    assert all(line.startswith("; ") for line in last.text.splitlines())
    assert answer(last.text) == ""
    assert last.name == "0002-issuers_of_it__exit_.smt2"


def test_a_file_says_what_it_asks_and_nothing_in_it_ends_a_comment() -> None:
    (question,) = questions(objects("{{ x }}/*", Sid="Own"))
    head = [line for line in question.text.splitlines() if line.startswith(";")]
    assert head[0].startswith("; May two users whose `x` differs touch the same thing")
    assert "statement Own at it.json.j2:1, on arn:aws:s3:::bucket/<claim>/*" in head[1]
    assert question.name == "0001-x-it-1-it-1.smt2"
    assert question.text.isascii()
    assert "(set-info :smt-lib-version 2.6)" in question.text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('a"b', '"a""b"'),
        ("\\u{41}", '"\\u{5c}u{41}"'),
        ("ä\n", '"\\u{e4}\\u{a}"'),
        (" ~", '" ~"'),
    ],
)
def test_a_text_is_written_as_the_standard_has_it(text: str, written: str) -> None:
    assert string(text) == written
    script = f"(set-logic QF_S)(declare-const a String)(assert (= (str.len {string(text)}) {len(text)}))(check-sat)"
    assert answer(script) == "sat"


def test_characters_are_ranges() -> None:
    assert characters("a") == '(str.to_re "a")'
    assert characters("cab1") == '(re.union (str.to_re "1") (re.range "a" "c"))'


def test_a_question_mark_is_a_character_where_it_is_no_wildcard() -> None:
    assert parts_of("a?*${*}${aws:x}", wildcards=False)[:-1] == ["a", "?", "*", "*"]


def test_the_library_s_traps_are_seen_and_its_kinds_are_not() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    rows = {name: (access, names) for name, access, names in library()}
    for name in ("sqs", next(name for name in rows if name.startswith("sqs: "))):
        assert [*contradictions(name, *rows[name], counts)] == []
    assert counts["exact", "sat"]
    assert counts["exact", "unsat"]


def test_of_the_bundled_policies_every_question_is_exact_and_a_part_is_asked_here() -> None:
    found = export_settings(sample_access())
    assert {question.kind for question in found} == {"exact"}
    assert {answer(question.text) for question in found[::12]} == {"unsat"}


def test_a_witness_of_the_prover_is_a_model() -> None:
    *_, (_, access, names) = bundled()
    (proof,) = prove_settings(access, names)
    finding = next(finding for finding in proof.findings if finding.witness is not None)
    assert finding.witness is not None
    one, other = finding.witness.one, finding.witness.other
    (question,) = (each for each in export_settings(access, names) if answer(each.text) == "sat")
    said = [
        f"(assert (= |one: client| {string(str(one.claims['client']))}))",
        f"(assert (= |other: client| {string(str(other.claims['client']))}))",
        f"(assert (= resource {string(one.request.resource)}))",
    ]
    assert answer(question.text, assuming="\n".join(said)) == "sat"
    assert answer(question.text, assuming=f'{said[0]}\n{said[1]}\n(assert (= resource "x"))') == "unsat"


def test_only_what_is_named_is_asked_and_other_proofs_are_told() -> None:
    found = export_settings(sample_access(), ["s3-home"], proofs=["policy s3-home", "issuers of s3-home"])
    assert {question.subjects for question in found} == {("policy s3-home",), ("issuers of s3-home",)}
    assert [question.kind for question in found].count("not expressed") == 1


def test_a_policy_that_promises_nothing_asks_nothing() -> None:
    asked = export_settings(make_access(policies=None))
    assert {question.subjects for question in asked} == {("routes by tenant",)}


@pytest.mark.parametrize(
    ("verdict", "answers", "told"),
    [
        ("PROVEN", {("exact", "unsat"), ("partial", "sat")}, []),
        ("PROVEN", {("exact", "sat")}, ["PROVEN, and cvc5 has two users who meet"]),
        ("LEAK", {("exact", "unsat")}, ["a LEAK, and cvc5 says that nobody meets"]),
        ("LEAK", {("exact", "unsat"), ("exact", "unknown")}, []),
    ],
)
def test_an_answer_contradicts_a_verdict(
    verdict: Verdict, answers: set[tuple[str, str]], told: list[str]
) -> None:
    (proof,) = prove_settings(sample_access(), ["s3-home"])
    assert [*judged(replace(proof, verdict=verdict), answers, Counter())] == told


def test_what_the_prover_could_not_decide_is_counted_by_what_cvc5_says() -> None:
    (proof,) = prove_settings(sample_access(), ["s3-home"])
    counts: Counter[tuple[str, str]] = Counter()
    for answers in ({("exact", "unsat")}, {("exact", "sat")}, {("partial", "sat")}):
        assert [*judged(replace(proof, verdict="UNKNOWN"), answers, counts)] == []
    assert counts == {
        ("UNKNOWN proofs", "unsat"): 1,
        ("UNKNOWN proofs", "sat"): 1,
        ("UNKNOWN proofs", "neither"): 1,
    }
