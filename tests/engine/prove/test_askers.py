"""Whom a request finds: session tags, Denies, choices of templates and a list's items, each by one small template."""

from collections.abc import Mapping

import pytest

from authorizer.engine.document import Condition
from authorizer.engine.language import declare
from authorizer.engine.prove import Asked, Asker, Guess, Undecided, guesses, somebody, who_may
from authorizer.engine.prove.found import literals
from authorizer.engine.template import TemplateSet

CLAIMS = {
    "t": declare({"type": "slug", "max_length": 3}),
    "p": declare({"type": "enum", "values": ["x", "y"]}),
    "l": declare({"type": "slug", "list": True, "max_items": 4}),
}
TAG = "aws:PrincipalTag/t"
TAGS = {TAG.lower(): "t"}


def allow(path: str = "*", condition: str = "") -> str:
    return _statement("Allow", f'"Resource": "arn:aws:s3:::b/{path}"', condition)


def deny(path: str = "*", condition: str = "", listed: str = "Resource") -> str:
    return _statement("Deny", f'"{listed}": "arn:aws:s3:::b/{path}"', condition)


def _statement(effect: str, resource: str, condition: str) -> str:
    more = f', "Condition": {{ {condition} }}' if condition else ""
    return f'{{"Effect": "{effect}", "Action": "s3:GetObject", {resource}{more}}}'


def compiled(*statements: str) -> TemplateSet:
    source = f'{{"Version": "2012-10-17", "Statement": [{",".join(statements)}]}}'
    return TemplateSet.compile({"one": source}, claims=CLAIMS, variables={})


def each_item(statement: str) -> str:
    return f"{{% for i in l %}}{statement}{{% if not loop.last %}},{{% endif %}}{{% endfor %}}"


def askers(
    *statements: str, path: str = "a/x", context: Mapping[str, tuple[str, ...]] | None = None
) -> list[Asker]:
    asked = Asked(action="s3:GetObject", resource=f"arn:aws:s3:::b/{path}", context=context or {}, tags=TAGS)
    return who_may(compiled(*statements), ["one"], asked)


def held(*statements: str, path: str = "a/x") -> list[list[str]]:
    """What the claims must be, of each kind of users."""
    return sorted(sorted(text for _, text in asker.values) for asker in askers(*statements, path=path))


def test_a_tag_that_must_be_one_of_several_texts_is_a_case_of_each_that_the_claim_may_be() -> None:
    found = askers(allow(condition=f'"StringEquals": {{ "{TAG}": ["ab", "toolong", "cd"] }}'))
    assert sorted(text for asker in found for _, text in asker.values) == ["ab", "cd"]
    assert [asker.conditions for asker in found] == [(), ()]


@pytest.mark.parametrize(
    ("operator", "values", "texts"),
    [
        pytest.param("StringEquals", ("a", "b"), ["a", "b"], id="one of two texts"),
        pytest.param("ForAnyValue:StringEquals", ("a",), ["a"], id="any value is one of them"),
        pytest.param("StringLike", ("a",), None, id="another operator"),
        pytest.param("ForAllValues:StringEquals", ("a",), None, id="holds without the key"),
        pytest.param("StringEqualsIfExists", ("a",), None, id="holds if the key is absent"),
        pytest.param("StringEquals", ("a", "${aws:SourceVpc}"), None, id="a variable beside a text"),
        pytest.param("StringEquals", ("a", "b\U000f0000"), None, id="a claim inside a text"),
    ],
)
def test_texts_that_a_key_must_be_one_of(
    operator: str, values: tuple[str, ...], texts: list[str] | None
) -> None:
    assert literals(Condition(operator=operator, key="aws:PrincipalTag/t", values=values)) == texts


def test_a_condition_that_the_request_is_known_not_to_fulfil_leaves_nobody() -> None:
    statement = allow(condition='"StringNotEquals": { "s3:prefix": "a" }')
    assert askers(statement, context={"s3:prefix": ("a",)}) == []
    (asker,) = askers(statement, context={"s3:prefix": ("b",)})
    assert asker.conditions == ()


@pytest.mark.parametrize(
    ("vpc", "count"),
    [
        pytest.param(("v",), 1, id="the same text"),
        pytest.param(("w",), 0, id="another text"),
        pytest.param(("v", "v"), 0, id="two texts"),
        pytest.param((), 0, id="no text"),
    ],
)
def test_a_variable_of_the_request_is_looked_up(vpc: tuple[str, ...], count: int) -> None:
    found = askers(
        allow(condition='"StringEquals": { "s3:prefix": "${aws:SourceVpc}" }'),
        context={"s3:prefix": ("v",), "aws:sourcevpc": vpc},
    )
    assert len(found) == count


def test_a_deny_that_is_known_not_to_apply_denies_nobody() -> None:
    denied = deny(condition='"StringEquals": { "s3:prefix": "a" }')
    (asker,) = askers(allow(), denied, context={"s3:prefix": ("b",)})
    assert asker.but == ()
    assert askers(allow(), denied, context={"s3:prefix": ("a",)}) == []


def test_a_deny_of_all_but_a_user_s_own_leaves_its_owner() -> None:
    assert held(allow(), deny("{{ t }}/*", listed="NotResource")) == [["a"]]
    assert held(allow("{{ t }}{{ t }}/x"), deny("{{ t }}/*", listed="NotResource"), path="aa/x") == []


def test_a_deny_of_all_but_a_user_s_own_leaves_whoever_its_conditions_leave() -> None:
    denied = deny("{{ t }}/*", '"StringEquals": { "s3:prefix": "p" }', "NotResource")
    owner, other = sorted(askers(allow(), denied), key=lambda asker: len(asker.but))
    assert ([text for _, text in owner.values], owner.but) == (["a"], ())
    (spared,) = other.but
    assert other.values == spared.values == frozenset()
    assert [condition.key.lower() for condition in spared.conditions] == ["s3:prefix"]


def test_an_exception_for_users_who_are_not_meant_is_not_told() -> None:
    (asker,) = askers(allow(), deny("a{{ t }}/*"), deny("{{ t }}/*", listed="NotResource"), path="ab/x")
    assert ([text for _, text in asker.values], asker.but) == (["ab"], ())


def test_a_deny_of_all_that_is_allowed_leaves_nobody() -> None:
    assert held(allow("{{ t }}/*"), deny("{{ t }}/*")) == []
    assert held(allow("{{ t }}/*"), deny("{{ t }}/y")) == [["a"]]


@pytest.mark.parametrize(
    ("statement", "path", "count"),
    [
        pytest.param(f'{{% if p == "x" %}}{allow("{{ p }}/*")}{{% endif %}}', "y/x", 0, id="equals another"),
        pytest.param(f'{{% if p == "x" %}}{allow("{{ p }}/*")}{{% endif %}}', "x/x", 1, id="equals it"),
        pytest.param(f'{{% if p != "x" %}}{allow("{{ p }}/*")}{{% endif %}}', "x/x", 0, id="is not it"),
        pytest.param(f'{{% if p != "x" %}}{allow("{{ p }}/*")}{{% endif %}}', "y/x", 1, id="is not another"),
        pytest.param(
            "{% if t is not defined %}"
            + allow(condition=f'"StringEquals": {{ "{TAG}": "a" }}')
            + "{% endif %}",
            "y/x",
            0,
            id="a tag of a claim that is not there",
        ),
        pytest.param(
            '{% if "m" not in l %}' + each_item(allow("{{ i }}/*")) + "{% endif %}",
            "m/x",
            0,
            id="an item that is not there",
        ),
        pytest.param(
            '{% if "m" not in l %}' + each_item(allow("{{ i }}/*")) + "{% endif %}",
            "n/x",
            1,
            id="another item",
        ),
    ],
)
def test_what_a_template_asked_leaves_room_or_does_not(statement: str, path: str, count: int) -> None:
    assert len(askers(statement, path=path)) == count


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            [
                allow(
                    condition='"StringLike": { "s3:prefix": '
                    '"{% for i in l %}{{ i }}{% if not loop.last %}-{% endif %}{% endfor %}" }'
                )
            ],
            id="all items in one text",
        ),
        pytest.param(
            [allow(), each_item(deny(condition='"StringLike": { "s3:prefix": "{{ i }}" }'))],
            id="a Deny on a condition for each",
        ),
        pytest.param(
            [
                allow()
                + "{% for i in l %}{% if loop.first %},"
                + deny("{{ i }}/*")
                + "{% endif %}{% endfor %}"
            ],
            id="a Deny of the first alone",
        ),
    ],
)
def test_an_exception_or_text_by_the_place_of_an_item_is_not_told(statements: list[str]) -> None:
    with pytest.raises(Undecided, match="which item of `l`"):
        askers(*statements)


def test_a_condition_on_one_item_each_is_a_condition_on_any() -> None:
    (asker,) = askers(each_item(allow(condition='"StringLike": { "s3:prefix": "{{ i }}/*" }')))
    (condition,) = asker.conditions
    assert (condition.key.lower(), condition.values) == ("s3:prefix", ("\U000f0000/*",))


def told(*statements: str) -> list[Guess]:
    templates = compiled(*statements)
    asked = Asked(action="s3:GetObject", resource="arn:aws:s3:::b/a/x", tags=TAGS)
    return [
        guess
        for asker in who_may(templates, ["one"], asked)
        for way in asker.ways
        for guess in guesses(asker, way, claims=CLAIMS, origin=templates.origin, tags=asked.tags, texts={})
    ]


TAGGED = allow(condition=f'"StringLike": {{ "{TAG}": "q*" }}')


def test_somebody_is_guessed_whose_tag_is_what_a_condition_asks_for() -> None:
    users = [guess.user for guess in told(TAGGED)]
    assert any(str(claims["t"]).startswith("q") for claims, _ in users)
    assert all(user not in users[:number] for number, user in enumerate(users))


def test_no_more_users_are_made_up_than_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(somebody, "MAX_USERS", 1)
    assert not any(str(guess.user[0]["t"]).startswith("q") for guess in told(TAGGED))


@pytest.mark.parametrize(
    ("condition", "prefix"),
    [
        pytest.param(f'"StringEquals": {{ "s3:prefix": "${{{TAG}}}/h" }}', "{t}/h", id="the user's tag"),
        pytest.param(
            '"StringEquals": { "s3:prefix": "${aws:SourceVpc}/h", "aws:SourceVpc": "v" }',
            "v/h",
            id="what is asked of it elsewhere",
        ),
        pytest.param('"StringEquals": { "s3:prefix": "${aws:SourceVpc}/h" }', "x/h", id="anything"),
    ],
)
def test_a_request_is_guessed_with_a_text_for_each_variable(condition: str, prefix: str) -> None:
    found = told(allow(condition=condition))
    assert found
    for guess in found:
        prefixes = [context["s3:prefix"] for context in guess.contexts if "s3:prefix" in context]
        assert prefix.format(t=guess.user[0]["t"]) in prefixes
