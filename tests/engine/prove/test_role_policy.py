"""The role's own policy: as wide as its templates can be, and with tags no wider than one user's own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.document import dump, examine, parse_identity, parse_session
from authorizer.engine.document.statement import Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import EngineError
from authorizer.engine.language.placeholders import FIRST
from authorizer.engine.prove.containment import find_excess
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.role_policy import RolePolicy, role_policy
from authorizer.engine.prove.solve import requests_for
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import CLAIMS, objects, statement, template
from tests.make import sample_access, sample_settings

TAGS = {"tenant": "tenant"}
BUCKET = "arn:aws:s3:::bucket"


def compiled(source: str) -> TemplateSet:
    return TemplateSet.compile({"it": source}, claims=CLAIMS, variables={})


def made(*parts: dict[str, Any] | str, tags: dict[str, str] | None = None) -> RolePolicy:
    return role_policy(compiled(template(*parts)), ["it"], tags=TAGS if tags is None else tags)


def statements(policy: RolePolicy) -> list[dict[str, Any]]:
    found = json.loads(dump(policy.document))["Statement"]
    return found if isinstance(found, list) else [found]


def one(*parts: dict[str, Any] | str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    [found] = statements(made(*parts, tags=tags))
    return found


def listing(**conditions: Any) -> dict[str, Any]:
    return statement(Action="s3:ListBucket", Resource=BUCKET, Condition=conditions)


# ── What becomes of a claim ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_that_is_a_session_tag_is_the_callers_own_and_any_other_is_anybodys() -> None:
    policy = made(objects("{{ tenant }}/home/{{ sub }}/*"))
    assert statements(policy) == [objects("${aws:PrincipalTag/tenant}/home/*/*")]
    assert (set(policy.tagged), set(policy.untagged)) == ({"tenant"}, {"sub"})


def test_a_tag_is_named_by_its_key_whatever_the_claim_is_called() -> None:
    assert one(objects("{{ tenant }}/*"), tags={"org:unit": "tenant"}) == objects(
        "${aws:PrincipalTag/org:unit}/*"
    )


def test_neighbouring_wildcards_are_one() -> None:
    assert one(objects("{{ sub }}{{ text }}*")) == objects("*")


def test_a_key_that_no_policy_variable_can_name_keeps_nobody_apart() -> None:
    policy = made(objects("{{ tenant }}/*"), tags={"my tenant": "tenant"})
    assert statements(policy) == [objects("*/*")]
    assert policy.untagged == {"tenant"}


def test_branches_are_joined_and_loops_are_everybodys_items() -> None:
    policy = made(
        '{% if "w" in scopes %}',
        objects("{{ tenant }}/*", Action="s3:PutObject"),
        ",",
        "{% endif %}",
        '{% if plan == "pro" %}',
        objects("{{ tenant }}/pro/*"),
        "{% else %}",
        objects("{{ tenant }}/free/*"),
        "{% endif %}",
        "{% for team in teams %}",
        ",",
        objects("teams/{{ team }}/*"),
        "{% endfor %}",
    )
    own = "${aws:PrincipalTag/tenant}"
    found = {each["Action"]: each["Resource"] for each in statements(policy)}
    assert found == {
        "s3:PutObject": f"{BUCKET}/{own}/*",
        "s3:GetObject": [f"{BUCKET}/{own}/pro/*", f"{BUCKET}/teams/*/*", f"{BUCKET}/{own}/free/*"],
    }


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        pytest.param(
            {"StringEquals": {"s3:prefix": "{{ tenant }}/"}},
            {"StringEquals": {"s3:prefix": "${aws:PrincipalTag/tenant}/"}},
            id="a tag needs no wildcard",
        ),
        pytest.param(
            {"StringEquals": {"s3:prefix": ["{{ sub }}/", "a*b?", "${*}"]}},
            {"StringLike": {"s3:prefix": ["*/", "a${*}b${?}", "${*}"]}},
            id="an equality becomes a pattern, and what was no wildcard does not become one",
        ),
        pytest.param(
            {"StringEqualsIgnoreCase": {"s3:prefix": ["{{ sub }}/", "a"]}},
            {"StringLike": {"s3:prefix": "*"}},
            id="no operator has wildcards and no case",
        ),
        pytest.param(
            {"ForAllValues:StringEqualsIfExists": {"aws:TagKeys": "{{ sub }}"}},
            {"ForAllValues:StringLikeIfExists": {"aws:TagKeys": "*"}},
            id="prefix and suffix of an operator stay",
        ),
        pytest.param(
            {"StringNotEquals": {"s3:prefix": ["{{ sub }}", "secret"]}},
            {"StringNotEquals": {"s3:prefix": "secret"}},
            id="what each is refused for themselves is refused to nobody else",
        ),
        pytest.param(
            {"StringNotLike": {"s3:prefix": "{{ sub }}/*"}}, None, id="and a condition of nothing else goes"
        ),
        pytest.param(
            {"StringNotLike": {"s3:prefix": "{{ tenant }}/*"}},
            {"StringNotLike": {"s3:prefix": "${aws:PrincipalTag/tenant}/*"}},
            id="what a tag refuses is refused",
        ),
        pytest.param(
            {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:1:{{ text }}"}},
            {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:1:*"}},
            id="an ARN's last field",
        ),
        pytest.param(
            {"ArnLike": {"aws:SourceArn": "arn:aws:sns:{{ text }}:1:topic"}},
            {"ArnLike": {"aws:SourceArn": "arn:*:*:*:*:*"}},
            id="an earlier field, where a colon in the value would move the rest",
        ),
        pytest.param(
            {"StringEquals": {"s3:prefix": "{{ sub }}/"}, "StringLike": {"s3:prefix": "a/*"}},
            {"StringLike": {"s3:prefix": "a/*"}},
            id="of two conditions that become one, the author's own stays",
        ),
        pytest.param(
            {"StringLike": {"S3:Prefix": "a/*"}, "StringEquals": {"s3:prefix": "{{ sub }}/"}},
            {"StringLike": {"S3:Prefix": "a/*"}},
            id="in whatever spelling and order",
        ),
        pytest.param(
            {"Null": {"s3:prefix": "false"}, "Bool": {"aws:SecureTransport": "true"}},
            {"Null": {"s3:prefix": "false"}, "Bool": {"aws:SecureTransport": "true"}},
            id="what mentions no claim stays",
        ),
    ],
)
def test_conditions(written: dict[str, Any], becomes: dict[str, Any] | None) -> None:
    assert one(listing(**written)).get("Condition") == becomes


DENY = statement(Effect="Deny", Resource=f"{BUCKET}/*/secret/*")


@pytest.mark.parametrize(
    ("denied", "becomes"),
    [
        pytest.param(DENY, DENY, id="the same for everybody"),
        pytest.param(
            statement(Effect="Deny", Resource=[f"{BUCKET}/{{{{ tenant }}}}/x", f"{BUCKET}/{{{{ sub }}}}/x"]),
            statement(Effect="Deny", Resource=f"{BUCKET}/${{aws:PrincipalTag/tenant}}/x"),
            id="a resource of one user alone is not denied to the others",
        ),
        pytest.param(
            statement(Effect="Deny", Resource=f"{BUCKET}/{{{{ sub }}}}/x"), None, id="nor a whole statement"
        ),
        pytest.param(
            DENY | {"Condition": {"StringEquals": {"aws:SourceIdentity": ["{{ sub }}", "x"]}}},
            DENY | {"Condition": {"StringEquals": {"aws:SourceIdentity": "x"}}},
            id="a value of one user alone",
        ),
        pytest.param(
            DENY | {"Condition": {"StringEquals": {"aws:SourceIdentity": "{{ sub }}"}}},
            None,
            id="and no other value",
        ),
        pytest.param(
            DENY | {"Condition": {"StringNotLike": {"s3:prefix": "home/{{ sub }}/*"}}},
            DENY | {"Condition": {"StringNotLike": {"s3:prefix": "home/*/*"}}},
            id="all but one's own: all but anybody's",
        ),
        pytest.param(
            DENY
            | {
                "Condition": {
                    "StringNotEquals": {"s3:prefix": "{{ sub }}"},
                    "StringNotLike": {"s3:prefix": "a"},
                }
            },
            None,
            id="two conditions that become one would deny more",
        ),
        pytest.param(
            DENY
            | {
                "Condition": {
                    "StringNotEquals": {"s3:prefix": "{{ sub }}"},
                    "StringNotLike": {"S3:Prefix": "a"},
                }
            },
            None,
            id="in whatever spelling",
        ),
    ],
)
def test_a_deny_denies_what_it_denies_to_everybody(
    denied: dict[str, Any], becomes: dict[str, Any] | None
) -> None:
    found = statements(made(objects("*"), denied))
    assert [each for each in found if each["Effect"] == "Deny"] == ([] if becomes is None else [becomes])


@pytest.mark.parametrize("test", ["in", "not in"])
def test_a_deny_of_some_branches_is_no_deny_of_the_role(test: str) -> None:
    found = statements(made(objects("*"), f'{{% if "w" {test} scopes %}}', ",", DENY, "{% endif %}"))
    assert found == [objects("*")]


def test_a_branch_that_becomes_no_session_has_no_say() -> None:
    found = statements(
        made(
            '{% if "w" in scopes %}',
            objects("*"),
            ",",
            DENY,
            "{% else %}",
            objects("x", Effect="Deny"),
            "{% endif %}",
        )
    )
    assert found == [objects("*"), DENY]


# ── No session policy allows more ────────────────────────────────────────────────────────────────────────────────────


def opened(templates: TemplateSet, document: Document, tags: dict[str, str]) -> Document:
    """A branch as its sessions see it: their tags as variables, all other claims still open."""
    keys = {claim: key for key, claim in tags.items()}
    text = dump(document)
    for char in {char for char in text if char >= chr(FIRST)}:
        claim, _ = templates.origin(char)
        if claim in keys:
            text = text.replace(char, f"${{aws:PrincipalTag/{keys[claim]}}}")
    holes = frozenset(char for char in text if char >= chr(FIRST))
    parsed, problems = examine(text, holes=holes)
    assert not problems
    return parsed


@pytest.mark.parametrize("name", sorted(sample_settings().roles))
def test_it_is_proven_to_cover_every_branch_of_every_bundled_role(name: str) -> None:
    settings, templates = sample_access()
    role = settings.roles[name]

    def read(each: Statement) -> SymbolicStatement:
        return read_statement(each, holes={}, claims=templates.claims, isolates=None)

    policy = role_policy(templates, role.policies, tags=role.session_tags)
    branches = list(templates.branches(role.policies))
    assert branches
    for branch in branches:
        session = opened(templates, branch.document, dict(role.session_tags))
        assert find_excess(session, policy.document, read=read) == ()
    narrower = Document(statements=policy.document.statements[1:])
    sessions = [opened(templates, each.document, dict(role.session_tags)) for each in branches]
    missed = [find_excess(session, narrower, read=read) for session in sessions]
    assert any(missed), "the comparison would see a statement that is not there"


OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
)
KEYS = ("s3:prefix", "aws:TagKeys")
VALUES = ("{{ tenant }}", "{{ sub }}", "a", "a*", "{{ tenant }}/{{ sub }}", "*", "x{{ sub }}*", "${*}")
SLUG = declare({"type": "slug", "max_length": 3})
SMALL = {"tenant": SLUG, "sub": SLUG}
conditions = st.dictionaries(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(("", "ForAllValues:", "ForAnyValue:")),
        st.sampled_from(OPERATORS),
        st.sampled_from(("", "IfExists")),
    ),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(KEYS, st.lists(st.sampled_from(VALUES), min_size=1, max_size=2))
    ).filter(bool),
    max_size=2,
)
parts = st.builds(
    lambda effect, paths, condition: {
        "Effect": effect,
        "Action": "s3:GetObject",
        "Resource": [f"{BUCKET}/{path}" for path in paths],
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(("Allow", "Allow", "Deny")),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=2),
    conditions,
)
values = st.sampled_from(("a", "b", "ab", "A"))


@given(st.lists(parts, min_size=1, max_size=3), values, values, st.data())
def test_whatever_a_session_policy_allows_the_role_allows(
    written: list[dict[str, Any]], tenant: str, sub: str, data: st.DataObject
) -> None:
    try:
        templates = TemplateSet.compile({"it": template(*written)}, claims=SMALL, variables={})
        user: dict[str, ClaimValue] = {"tenant": tenant, "sub": sub}
        session = parse_session(templates.render(["it"], user, scopes=frozenset()))
    except EngineError:  # such as `${*}` where no pattern may stand, or nothing but Deny
        return
    role = role_policy(templates, ["it"], tags=TAGS).document
    texts = ("a", "b", "ab", "a/b", "a/a", "xb", "*", "")
    for allow in session.statements:
        requests = [*requests_for(allow, unlike=[])][:4]
        context = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "s3:prefix": st.sampled_from(texts),
                    "aws:TagKeys": st.lists(st.sampled_from(texts), max_size=2),
                },
            )
        )
        path = data.draw(st.sampled_from(texts))
        requests.append(AccessRequest(action="s3:GetObject", resource=f"{BUCKET}/{path}", context=context))
        for request in requests:
            asked = AccessRequest(
                action=request.action,
                resource=request.resource,
                context={**request.context, "aws:PrincipalTag/tenant": tenant},
            )
            if evaluate(identity=None, session=session, boundary=None, request=asked).allowed:
                assert evaluate(identity=[role], session=None, boundary=None, request=asked).allowed, asked


# ── And with a tag it keeps tenants apart by itself ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["viewer", "admin"])
def test_alone_it_is_proven_to_keep_tenants_apart(name: str) -> None:
    settings, templates = sample_access()
    role = settings.roles[name]
    policy = role_policy(templates, role.policies, tags=role.session_tags)
    assert policy.untagged == frozenset()
    # Each caller's tag is their own tenant: with the claim in the variable's place, it is a template like any other.
    source = dump(policy.document).replace("${aws:PrincipalTag/tenant}", "{{ tenant }}")
    claims = {"tenant": settings.claims["tenant"].type}
    templates = TemplateSet.compile({name: source}, claims=claims, variables={})
    promises = {name: Promise(isolates=("tenant",))}
    assert prove(templates, subject=name, names=[name], claims=claims, promises=promises).verdict == "PROVEN"


@pytest.mark.parametrize("name", ["viewer", "admin"])
@pytest.mark.parametrize("scopes", [frozenset[str](), frozenset({"data:write"})])
def test_alone_with_one_tenants_tag_it_allows_nothing_of_another_tenant(
    name: str, scopes: frozenset[str]
) -> None:
    settings, templates = sample_access()
    role = settings.roles[name]
    policy = parse_identity(dump(role_policy(templates, role.policies, tags=role.session_tags).document))
    globex = parse_session(templates.render(role.policies, {"tenant": "globex"}, scopes=scopes))
    asked = 0
    for each in globex.statements:
        for request in requests_for(each, unlike=[]):
            asked += 1
            for tenant in ("globex", "acme", "globe", "globex2"):
                tagged = AccessRequest(
                    action=request.action,
                    resource=request.resource,
                    context={**request.context, "aws:PrincipalTag/tenant": tenant},
                )
                mine = evaluate(identity=None, session=globex, boundary=None, request=tagged).allowed
                allowed = evaluate(identity=[policy], session=None, boundary=None, request=tagged).allowed
                assert allowed == (mine and tenant == "globex"), tagged
            untagged = evaluate(identity=[policy], session=None, boundary=None, request=request)
            assert not untagged.allowed, "without its tag a session reaches nothing"
    assert asked > 5


def test_what_one_part_denies_some_is_denied_to_nobody_where_another_part_allows() -> None:
    """A part alone may allow nothing: a session is made of all of them together."""
    first = (
        '{% if "w" in scopes %}',
        objects("w"),
        ",",
        DENY,
        "{% else %}",
        objects("x", Effect="Deny"),
        "{% endif %}",
    )
    many = [  # more than are judged whole
        part
        for number in range(7)
        for part in (f'{{% if "s{number}" in scopes %}}', ",", objects(f"{number}"), "{% endif %}")
    ]
    assert len(compiled(template(*first, *many)).parts(["it"])) > 1
    found = statements(made(*first, *many))
    assert {each["Effect"] for each in found} == {"Allow"}


def test_a_template_that_allows_nobody_anything_leaves_nothing() -> None:
    assert statements(made(DENY)) == []


def test_a_number_of_a_claim_beside_one_that_is_written_is_no_condition_at_all() -> None:
    """No pattern means any number, and what the session compares the role need not."""
    templates = TemplateSet.compile(
        {
            "it": template(
                objects("x", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": ["5", "{{ age }}"]}})
            )
        },
        claims={"age": declare({"type": "integer"})},
        variables={},
    )
    [found] = statements(role_policy(templates, ["it"], tags={}))
    assert "Condition" not in found
