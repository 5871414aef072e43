"""Diff: no wider, wider with a request, or unknown; and what a role gained and lost."""

from typing import Any

import pytest

from authorizer.engine.document.document import parse_session
from authorizer.engine.document.statement import Document, Statement
from authorizer.engine.evaluate.evaluate import evaluate
from authorizer.engine.language.claims import ClaimType
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import EngineError
from authorizer.engine.prove.containment import find_excess
from authorizer.engine.prove.diff import RoleDiff, diff_role
from authorizer.engine.prove.sides import Side
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import CLAIMS, objects, statement, template

BUCKET = "arn:aws:s3:::bucket"


def side(source: str | None, **changed: ClaimType) -> Side | None:
    if source is None:
        return None
    claims = {**CLAIMS, **changed}
    return Side(
        templates=TemplateSet.compile({"it": source}, claims=claims, variables={}), names=("it",), sources={}
    )


def compare(old: str | None, new: str | None) -> RoleDiff:
    result = diff_role("editor", old=side(old), new=side(new))
    if result.verdict == "WIDER":
        assert_confirmed(result, old, new)
    return result


def assert_confirmed(result: RoleDiff, old: str | None, new: str | None) -> None:
    """The witness, judged here and now: the new policy allows it, the old one does not."""
    party = result.witness
    assert party is not None
    allowed = []
    for source in (old, new):
        try:
            one = side(source)
            assert one is not None
            text = one.templates.render(["it"], party.claims, scopes=party.scopes)
            outcome = evaluate(
                identity=None, session=parse_session(text), boundary=None, request=party.request
            )
            allowed.append(outcome.allowed)
        except (EngineError, AssertionError):
            allowed.append(False)
    assert allowed == [False, True]


def listing(**conditions: Any) -> dict[str, Any]:
    return statement(Action="s3:ListBucket", Resource=BUCKET, Condition=conditions)


OWN = template(objects("{{ tenant }}/*"))
DENY = statement(Effect="Deny", Action="s3:GetObject", Resource=f"{BUCKET}/*/secret/*")


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        pytest.param(OWN, OWN, "NO WIDER", id="nothing changed"),
        pytest.param(template(objects("*")), OWN, "NO WIDER", id="a prefix that got narrower"),
        pytest.param(OWN, template(objects("*")), "WIDER", id="a prefix that got wider"),
        pytest.param(OWN, template(objects("{{ tenant }}*")), "WIDER", id="a slash that is gone"),
        pytest.param(OWN, template(objects("{{ sub }}/*")), "WIDER", id="another claim"),
        pytest.param(
            OWN,
            template(objects("{{ tenant }}/*", Action=["s3:GetObject", "s3:PutObject"])),
            "WIDER",
            id="an action",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*", Action="s3:Get*")),
            OWN,
            "NO WIDER",
            id="a wildcard of actions spelled out",
        ),
        pytest.param(
            OWN, template(objects("{{ tenant }}/*", Action="s3:Get*")), "WIDER", id="a wildcard of actions"
        ),
        pytest.param(
            template(objects("a/*"), objects("b/*")),
            template(statement(Resource=[f"{BUCKET}/a/*", f"{BUCKET}/b/x"])),
            "NO WIDER",
            id="two statements made one",
        ),
        pytest.param(
            template(objects("{{ tenant }}/a*"), objects("{{ tenant }}/b*", Action="s3:*")),
            template(statement(Resource=[f"{BUCKET}/{{{{ tenant }}}}/a*", f"{BUCKET}/{{{{ tenant }}}}/b?*"])),
            "NO WIDER",
            id="covered by two statements together",
        ),
        pytest.param(
            template(
                objects("{{ tenant }}/*", Action="s3:GetObject"), objects("{{ tenant }}/*", Action="s3:Put*")
            ),
            template(objects("{{ tenant }}/*", Action=["s3:GetObject", "s3:PutObject"])),
            "NO WIDER",
            id="actions covered by two statements together",
        ),
        pytest.param(
            OWN,
            template(
                objects("{{ tenant }}/*"), '{% if "admin" in scopes %}', ",", objects("*"), "{% endif %}"
            ),
            "WIDER",
            id="more for one scope",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), '{% if "w" in scopes %}', ",", objects("*"), "{% endif %}"),
            template(
                '{% if "w" in scopes %}', objects("*"), "{% else %}", objects("{{ tenant }}/*"), "{% endif %}"
            ),
            "WIDER",
            id="the same, but that a user with the scope needs no tenant any more",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), '{% if "w" in scopes %}', ",", objects("*"), "{% endif %}"),
            template('{% if "w" in scopes %}', objects("*"), ",", "{% endif %}", objects("{{ tenant }}/*")),
            "NO WIDER",
            id="the same in another order",
        ),
        pytest.param(
            template(
                "{% if tenant is defined %}", objects("{{ tenant }}/*"), "{% else %}", DENY, "{% endif %}"
            ),
            OWN,
            "NO WIDER",
            id="users without the claim lose what they had not",
        ),
        pytest.param(
            OWN,
            template(
                "{% if tenant is defined %}",
                objects("{{ tenant }}/*"),
                "{% else %}",
                objects("guests/*"),
                "{% endif %}",
            ),
            "WIDER",
            id="users without the claim had no policy",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), objects("{{ sub }}/*")),
            OWN,
            "WIDER",
            id="a claim that is not needed now",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), DENY),
            template(objects("{{ tenant }}/*")),
            "WIDER",
            id="a deny that is gone",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), DENY),
            template(objects("{{ tenant }}/*"), DENY | {"Action": "s3:*"}),
            "NO WIDER",
            id="a deny that denies more",
        ),
        pytest.param(
            template(objects("{{ tenant }}/*"), DENY | {"Action": "s3:PutObject"}),
            OWN,
            "NO WIDER",
            id="a deny that denied nothing",
        ),
        pytest.param(
            template(listing(StringLike={"s3:prefix": "{{ tenant }}/*"})),
            template(listing(StringEquals={"s3:prefix": "{{ tenant }}/a"})),
            "NO WIDER",
            id="a condition that asks more",
        ),
        pytest.param(
            template(listing(StringEquals={"s3:prefix": "{{ tenant }}/"})),
            template(listing(StringLike={"s3:prefix": "{{ tenant }}/*"})),
            "WIDER",
            id="a condition that asks less",
        ),
        pytest.param(
            template(listing(StringLike={"s3:prefix": "{{ tenant }}/*"})),
            template(listing()),
            "WIDER",
            id="a condition that is gone",
        ),
        pytest.param(
            template(listing(StringEquals={"s3:prefix": "a"}, Bool={"aws:SecureTransport": "true"})),
            template(listing(StringEqualsIfExists={"s3:prefix": "a"}, Bool={"aws:SecureTransport": "true"})),
            "WIDER",
            id="IfExists",
        ),
        pytest.param(
            template(listing(StringEqualsIfExists={"s3:prefix": "a"})),
            template(listing(StringEquals={"s3:prefix": "a"})),
            "NO WIDER",
            id="no IfExists any more",
        ),
        pytest.param(
            template(listing(StringNotEquals={"s3:prefix": ["a", "b"]})),
            template(listing(StringNotEquals={"s3:prefix": "a"})),
            "WIDER",
            id="fewer values that are not allowed",
        ),
        pytest.param(
            template(listing(StringNotEquals={"s3:prefix": "a"})),
            template(listing(StringNotLike={"s3:prefix": ["a*", "b"]})),
            "NO WIDER",
            id="more values that are not allowed",
        ),
        pytest.param(
            template(listing(StringEqualsIgnoreCase={"s3:prefix": "A"})),
            template(listing(StringEqualsIgnoreCase={"s3:prefix": "a"})),
            "NO WIDER",
            id="a value in other case, under IgnoreCase",
        ),
        pytest.param(
            template(listing(Null={"s3:prefix": "false"})),
            template(listing(StringLike={"s3:prefix": "a*"})),
            "NO WIDER",
            id="a value asked for where presence was",
        ),
        pytest.param(
            template(listing(Null={"s3:prefix": "false"})),
            template(listing(StringNotLike={"s3:prefix": "a*"})),
            "WIDER",
            id="a negated operator asks for no presence",
        ),
        pytest.param(
            template(listing(NumericLessThan={"s3:max-keys": "10"})),
            template(listing(NumericLessThan={"s3:max-keys": "5"})),
            "UNKNOWN",
            id="numbers are not compared",
        ),
        pytest.param(
            template(listing(NumericLessThan={"s3:max-keys": "5"})),
            template(listing(NumericLessThan={"s3:max-keys": "10"})),
            "WIDER",
            id="a number that got larger",
        ),
        pytest.param(
            OWN,
            template(
                '{% if tenant == "acme" %}',
                objects("*"),
                "{% else %}",
                objects("{{ tenant }}/*"),
                "{% endif %}",
            ),
            "WIDER",
            id="more for one value",
        ),
        pytest.param(
            OWN,
            template(objects("{{ tenant }}/*"), '{% if "ops" in teams %}', ",", objects("*"), "{% endif %}"),
            "WIDER",
            id="more for those with an item",
        ),
        pytest.param(None, OWN, "WIDER", id="a new role"),
        pytest.param(OWN, None, "NO WIDER", id="a role that is gone"),
        pytest.param(
            template(
                "{% for team in teams %}",
                objects("{{ team }}/*"),
                "{% if not loop.last %},{% endif %}{% endfor %}",
            ),
            template(
                "{% for team in teams %}",
                objects("{{ team }}/a/*"),
                "{% if not loop.last %},{% endif %}{% endfor %}",
            ),
            "NO WIDER",
            id="a loop whose body got narrower",
        ),
        pytest.param(
            template(
                "{% for team in teams %}{% if loop.first %}",
                objects("{{ team }}/*"),
                "{% endif %}{% endfor %}",
            ),
            template(
                "{% for team in teams %}",
                objects("{{ team }}/*"),
                "{% if not loop.last %},{% endif %}{% endfor %}",
            ),
            "WIDER",
            id="all items and not only the first",
        ),
    ],
)
def test_is_it_wider(old: str | None, new: str | None, verdict: str) -> None:
    result = compare(old, new)
    assert result.verdict == verdict
    if verdict == "NO WIDER":
        assert result.gained == ()
        assert result.witness is None


def test_a_new_role_that_is_denied_all_it_is_allowed_is_not_called_wider_without_a_request() -> None:
    halves = [
        statement(
            Effect="Deny",
            Action="s3:*",
            Resource="*",
            Condition={"BoolIfExists": {"aws:SecureTransport": each}},
        )
        for each in ("true", "false")
    ]
    result = compare(None, template(objects("a/*"), *halves))
    assert (result.verdict, result.witness) == ("UNKNOWN", None)
    assert "no request found" in result.reason


def test_a_wider_claim_type_is_wider() -> None:
    narrow = declare({"type": "slug", "max_length": 8})
    wide = declare({"type": "slug", "max_length": 16})
    result = diff_role("editor", old=side(OWN, tenant=narrow), new=side(OWN, tenant=wide))
    assert result.verdict == "WIDER"
    assert result.witness is not None
    assert len(str(result.witness.claims["tenant"])) > 8
    assert diff_role("editor", old=side(OWN, tenant=wide), new=side(OWN, tenant=narrow)).verdict == "NO WIDER"


def test_a_claim_from_another_place_is_unknown() -> None:
    one, other = side(OWN), side(OWN)
    assert one is not None
    assert other is not None
    old = Side(templates=one.templates, names=one.names, sources={"tenant": "custom:tenant_id"})
    new = Side(templates=other.templates, names=other.names, sources={"tenant": "nickname"})
    result = diff_role("editor", old=old, new=new)
    assert result.verdict == "UNKNOWN"
    assert "`nickname`" in result.reason


def test_what_was_gained_and_lost_is_told_in_the_words_of_templates() -> None:
    result = compare(
        template(
            objects("{{ tenant }}/*"),
            objects("old/{{ sub }}", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        ),
        template(
            objects("{{ tenant }}/*"),
            '{% if "w" in scopes %}',
            ",",
            objects("{{ tenant }}/*", Action="s3:Put*"),
            "{% endif %}",
        ),
    )
    (gained,) = [change for change in result.gained if change.action == "s3:Put*"]
    assert gained.resource == f"{BUCKET}/{{{{ tenant }}}}/*"
    assert gained.users
    assert all("with scope w" in words for words in gained.users)
    (lost,) = result.lost
    assert (lost.resource, lost.conditions) == (
        f"{BUCKET}/old/{{{{ sub }}}}",
        ("Bool aws:SecureTransport 'true'",),
    )


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        pytest.param(
            {"list": True, "max_items": 5}, {"list": True, "max_items": 3}, "NO WIDER", id="a shorter list"
        ),
        pytest.param(
            {"list": True, "max_items": 3}, {"list": True, "max_items": 5}, "WIDER", id="a longer list"
        ),
    ],
)
def test_how_many_items_a_list_may_have(old: dict[str, Any], new: dict[str, Any], verdict: str) -> None:
    source = template(
        "{% for team in teams %}", objects("{{ team }}/*"), "{% if not loop.last %},{% endif %}{% endfor %}"
    )
    before, after = declare({"type": "slug"} | old), declare({"type": "slug"} | new)
    result = diff_role("editor", old=side(source, teams=before), new=side(source, teams=after))
    assert result.verdict == verdict


def test_who_gained_is_told_by_claim_and_scope() -> None:
    result = compare(
        OWN,
        template(
            '{% if tenant is defined and tenant == "acme" %}',
            objects("*"),
            "{% elif tenant is defined %}",
            objects("{{ tenant }}/*"),
            "{% else %}",
            objects("guests/*"),
            "{% endif %}",
        ),
    )
    users = {change.resource: change.users for change in result.gained}
    assert users[f"{BUCKET}/*"] == ("tenant is acme",)
    assert users[f"{BUCKET}/guests/*"] == ("without tenant",)


def test_what_is_negated_is_contained_in_what_names_no_more() -> None:
    def documents(*actions: str) -> Document:
        return Document(
            statements=(
                Statement(effect="Allow", not_actions=actions, resources=("*",)),
                Statement(effect="Deny", not_actions=("s3:GetObject",), resources=("arn:aws:s3:::b/*",)),
            )
        )

    def read(each: Statement) -> SymbolicStatement:
        return read_statement(each, holes={}, claims={}, isolates=None)

    assert find_excess(documents("iam:*"), documents("iam:*"), read=read) == ()
    assert [
        each.statement.not_actions for each in find_excess(documents("s3:*"), documents("iam:*"), read=read)
    ] == [("s3:*",)]
    allowed = Document(statements=(Statement(effect="Allow", actions=("s3:GetObject",), resources=("*",)),))
    assert find_excess(allowed, documents("iam:*"), read=read) == ()
    assert {each.statement.actions for each in find_excess(allowed, documents("s3:*"), read=read)} == {
        ("s3:GetObject",)
    }


LONG = declare({"type": "slug", "list": True, "max_items": 6})
MIDDLE = "not loop.first and not loop.last"


def each(body: str, *, name: str = "team", test: str = "") -> str:
    """A loop over teams, whose turns that fail a test write nothing."""
    return f"{{% for {name} in teams %}}{f'{{% if {test} %}}{body}{{% endif %}}' if test else body}{{% endfor %}}"


def listed(*paths: str, condition: str = "") -> str:
    """A statement whose list of resources has loops in it, and a last member that closes it."""
    resources = f'[{"".join(paths)}"{BUCKET}/common"]'
    return f'{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {resources}{condition}}}'


def path(text: str) -> str:
    return f'"{BUCKET}/{text}",'


def prefixes(text: str) -> str:
    return f', "Condition": {{"StringEquals": {{"s3:prefix": [{text}"common"]}}}}'


def max_keys(numbers: str) -> str:
    return f', "Condition": {{"NumericEquals": {{"s3:max-keys": {numbers}}}}}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            listed(path("x"), path("xx"), path("xxx")),
            listed(path(each("x"))),
            id="a loop inside a text goes on past what was listed",
        ),
        pytest.param(
            listed(condition=max_keys("[10, 100, 1000]")),
            listed(condition=max_keys(f"1{each('0')}")),
            id="a loop inside a number",
        ),
        pytest.param(
            listed(each(path("{{ team }}/{{ team }}"), test=MIDDLE)),
            listed(each(each(path("{{ team }}/{{ other }}"), name="other", test=MIDDLE), test=MIDDLE)),
            id="with three items a middle one has no other middle one beside it",
        ),
        pytest.param(
            each(listed(path("{{ team }}"), condition=prefixes('"{{ team }}",')) + ",", test=MIDDLE)
            + listed(),
            listed(
                each(path("{{ team }}"), test=MIDDLE),
                condition=prefixes(each('"{{ team }}",', test=MIDDLE)),
            ),
            id="each item's resource under its own condition, and then under any item's",
        ),
    ],
)
def test_what_only_long_lists_gain_is_found(old: str, new: str) -> None:
    result = diff_role("editor", old=side(template(old), teams=LONG), new=side(template(new), teams=LONG))
    assert result.verdict == "WIDER"
    assert result.witness is not None
    assert len(result.witness.claims["teams"]) > 2


def test_a_list_that_only_the_old_set_looks_at_keeps_its_old_length() -> None:
    def denying(*paths: str) -> str:
        return template(objects("x*"), ",", listed(*paths).replace("Allow", "Deny"))

    short = declare({"type": "slug", "list": True, "max_items": 2})
    old, new = side(denying(path(each("x"))), teams=LONG), side(denying(path("x"), path("xx")), teams=short)
    assert diff_role("editor", old=old, new=new).verdict == "WIDER"


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True)])
def test_a_claim_that_became_a_list_or_a_text(before: bool, now: bool) -> None:
    def of(is_list: bool) -> Side | None:
        source = (
            template(listed(each(path("{{ team }}")))) if is_list else template(listed(path("{{ teams }}")))
        )
        return side(source, teams=LONG if is_list else declare({"type": "slug"}))

    assert diff_role("editor", old=of(before), new=of(now)).verdict == "WIDER"
