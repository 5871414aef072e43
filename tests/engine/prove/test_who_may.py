"""Who may, read off a request: what holes must hold, ways in fewer words, and the corners of both."""

import pytest

from authorizer.engine.document import Condition
from authorizer.engine.evaluate import MANY, ONE
from authorizer.engine.language import declare
from authorizer.engine.prove import Asked, Undecided, fillings, in_words, simplify, who_may
from authorizer.engine.prove.fits import TooManyFillings
from authorizer.engine.prove.ways import in_template
from authorizer.engine.template import (
    Atom,
    Contains,
    Equals,
    HasItems,
    InScopes,
    IsDefined,
    TemplateSet,
    VariableIs,
)

SLUG = declare({"type": "slug", "max_length": 3}).language
CLAIMS = {
    "t": declare({"type": "slug", "max_length": 3}),
    "p": declare({"type": "enum", "values": ["x", "y"]}),
    "l": declare({"type": "slug", "list": True, "max_items": 4}),
}
A, B = InScopes("a"), InScopes("b")
BUCKET = "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (("a/", ("t",), "/*"), "a/b/*", [{"t": "b"}]),
        (("a/", ("t",), "/", MANY), "a/b/c/d", [{"t": "b"}]),
        (("a/", ("t",)), "a/toolong", []),
        (("a/", ("t",)), "a/", []),
        ((("t",), ("t",)), "abab", [{"t": "ab"}]),
        ((("t",), ("t",)), "abc", []),
        ((("t",), ("u",)), "abc", [{"t": "a", "u": "bc"}, {"t": "ab", "u": "c"}]),
        ((ONE, ("any",)), "abc", [{"any": "bc"}]),
        ((ONE,), "", []),
        ((MANY, ("t",)), "b", [{"t": "b"}]),
        (("plain",), "plain", [{}]),
        ((), "", [{}]),
    ],
)
def test_a_hole_holds_a_part_of_the_text(
    pattern: tuple[object, ...], text: str, found: list[dict[str, str]]
) -> None:
    made = fillings(pattern, text, {"t": SLUG, "u": SLUG, "any": None})  # type: ignore[arg-type]
    assert sorted(map(sorted, made)) == sorted(sorted(each.items()) for each in found)


def test_more_possibilities_than_anybody_reads_are_refused() -> None:
    pattern = tuple((f"h{number}",) for number in range(6))
    with pytest.raises(TooManyFillings):
        fillings(pattern, "a" * 60, {f"h{number}": None for number in range(6)})


@pytest.mark.parametrize(
    ("ways", "fewer"),
    [
        ([{A: True}, {A: False}], [set()]),
        ([{A: True, B: True}, {A: True, B: False}], [{(A, True)}]),
        ([{A: True}, {A: False, B: True}], [{(A, True)}, {(B, True)}]),
        ([{A: True}, {A: True, B: True}], [{(A, True)}]),
        ([{A: True, B: False}, {A: False, B: True}], [{(A, True), (B, False)}, {(A, False), (B, True)}]),
        ([{HasItems("l"): 1}, {HasItems("l"): 2}], [set()]),
        ([{HasItems("l"): 1, A: True}], [{(HasItems("l"), 1), (A, True)}]),
        ([], []),
    ],
)
def test_choices_that_make_no_difference_go(
    ways: list[dict[Atom, bool | int]], fewer: list[set[tuple[Atom, bool | int]]]
) -> None:
    found = simplify(ways, lengths={"l": [1, 2]})
    assert sorted(map(len, found)) == sorted(map(len, fewer))
    assert all(frozenset(way) in found for way in fewer)


def test_choices_are_told_in_words() -> None:
    said = {
        in_words(literal)
        for literal in (
            (A, True),
            (A, False),
            (IsDefined("t"), True),
            (IsDefined("t"), False),
            (Equals("p", "x"), True),
            (Equals("p", "x"), False),
            (Contains("l", "m"), True),
            (Contains("l", "m"), False),
            (HasItems("l"), 1),
            (HasItems("l"), 2),
        )
    }
    assert said == {
        *("with scope a", "without scope a", "with t", "without t", "p = x", "p is not x"),
        *("l has m", "l has not m", "l has 1 item", "l has 2 items"),
    }


def test_a_constant_is_nobody_s_choice() -> None:
    with pytest.raises(TypeError, match="nobody's choice"):
        in_words((VariableIs("stage", "prod"), True))


def test_a_condition_shows_claims_as_templates_do() -> None:
    condition = Condition(operator="StringLike", key="s3:prefix", values=("a/\U000f0000/*", "b"))
    assert in_template(condition, lambda _: ("t", 0)) == "StringLike s3:prefix 'a/{{ t }}/*' or 'b'"


def compiled(*statements: str) -> TemplateSet:
    source = f'{{"Version": "2012-10-17", "Statement": [{",".join(statements)}]}}'
    return TemplateSet.compile({"one": source}, claims=CLAIMS, variables={})


def allow(resource: str, condition: str = "", effect: str = "Allow") -> str:
    more = f', "Condition": {{ {condition} }}' if condition else ""
    return f'{{"Effect": "{effect}", "Action": "s3:GetObject", "Resource": {resource}{more}}}'


def looped(text: str, claim: str = "l") -> str:
    return f"[{{% for i in {claim} %}}{text}{{% if not loop.last %}},{{% endif %}}{{% endfor %}}]"


def test_a_variable_with_a_default_has_to_be_known() -> None:
    templates = compiled(allow("\"arn:aws:s3:::b/${aws:SourceVpc, 'none'}/*\""))
    asked = Asked(action="s3:GetObject", resource=f"{BUCKET}/none/x")
    with pytest.raises(Undecided, match="default for aws:sourcevpc"):
        who_may(templates, ["one"], asked)
    absent = Asked(action="s3:GetObject", resource=f"{BUCKET}/none/x", context={"aws:sourcevpc": ()})
    other = Asked(action="s3:GetObject", resource=f"{BUCKET}/none/x", context={"aws:sourcevpc": ("v",)})
    assert len(who_may(templates, ["one"], absent)) == 1
    assert who_may(templates, ["one"], other) == []


def test_a_variable_that_is_not_there_matches_nothing() -> None:
    templates = compiled(allow('"arn:aws:s3:::b/${aws:SourceVpc}/*"'))
    asked = Asked(action="s3:GetObject", resource=f"{BUCKET}/v/x", context={"aws:sourcevpc": ()})
    assert who_may(templates, ["one"], asked) == []


def test_too_many_possibilities_are_not_told() -> None:
    templates = compiled(allow('"arn:aws:s3:::b/${a:a}${b:b}${c:c}${d:d}${e:e}${f:f}"'))
    with pytest.raises(Undecided, match="in more ways than are followed"):
        who_may(templates, ["one"], Asked(action="s3:GetObject", resource=f"{BUCKET}/{'a' * 60}"))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            allow(
                looped('"arn:aws:s3:::b/{{ i }}/*"'),
                f'"StringLike": {{ "s3:prefix": {looped(chr(34) + "{{ i }}" + chr(34))} }}',
            ),
            "item and condition",
        ),
        (
            allow(
                '"arn:aws:s3:::b/*"',
                f'"StringLike": {{ "s3:prefix": {looped(chr(34) + "{{ i }}{{ i }}" + chr(34))} }}',
            ),
            "",
        ),
        (
            allow(
                '"arn:aws:s3:::b/*"',
                '"StringNotLike": { "s3:prefix": "{% for i in l %}{% if loop.first %}{{ i }}{% endif %}{% endfor %}" }',
            ),
            "first alone",
        ),
    ],
)
def test_what_depends_on_the_place_of_an_item_is_not_told(statement: str, why: str) -> None:
    asked = Asked(action="s3:GetObject", resource=f"{BUCKET}/a/x")
    if not why:
        assert len(who_may(compiled(statement), ["one"], asked)) == 1
        return
    with pytest.raises(Undecided, match="which item of `l`"):
        who_may(compiled(statement), ["one"], asked)


def test_what_a_deny_leaves_of_any_item() -> None:
    denied = allow(looped('"arn:aws:s3:::b/{{ i }}/*"'), effect="Deny")
    (asker,) = who_may(
        compiled(allow('"arn:aws:s3:::b/*"'), denied),
        ["one"],
        Asked(action="s3:GetObject", resource=f"{BUCKET}/a/x"),
    )
    (spared,) = asker.but
    assert [text for _, text in spared.values] == ["a"]


def test_a_known_text_is_read_off_a_condition() -> None:
    templates = compiled(
        allow('"arn:aws:s3:::b/*"', '"StringLike": { "s3:prefix": ["{{ t }}/*", "{{ p }}"] }')
    )

    def values(*prefix: str) -> list[list[str]]:
        asked = Asked(action="s3:GetObject", resource=f"{BUCKET}/a", context={"s3:prefix": prefix})
        return sorted(
            sorted(text for _, text in asker.values) for asker in who_may(templates, ["one"], asked)
        )

    assert values("ab/c") == [["ab"]]
    assert values("x") == [["x"]]
    assert values("other") == []
    assert values() == [[]]
    variable = compiled(
        allow('"arn:aws:s3:::b/*"', '"StringLike": { "s3:prefix": "${aws:SourceVpc}{{ t }}" }')
    )
    asked = Asked(action="s3:GetObject", resource=f"{BUCKET}/a", context={"s3:prefix": ("ab",)})
    (asker,) = who_may(variable, ["one"], asked)
    assert len(asker.conditions) == 1
