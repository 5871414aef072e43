"""YAML and JSON as CloudFormation reads them: every scalar a text, every object with its line."""

import pytest

from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.tree import MAX_VALUES, Located, place_of, read_tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(
            "Version: 2012-10-17", {"Version": "2012-10-17"}, id="what YAML takes for a date is a text"
        ),
        pytest.param("a: 3600", {"a": "3600"}, id="and so is a number"),
        pytest.param(
            "a: [true, No, ~, 'no']", {"a": [True, False, None, "no"]}, id="true, false and null are not"
        ),
        pytest.param("a: !Ref b", {"a": {"Ref": "b"}}, id="a tag is the long form"),
        pytest.param("a: !GetAtt b.c", {"a": {"Fn::GetAtt": "b.c"}}, id="of a function"),
        pytest.param("a: !Condition b", {"a": {"Condition": "b"}}, id="of a condition"),
        pytest.param("a: !Sub [x, {b: c}]", {"a": {"Fn::Sub": ["x", {"b": "c"}]}}, id="with a list"),
        pytest.param('{\t"a":\t1}', {"a": "1"}, id="JSON with tabs"),
        pytest.param("a: &x {b: c}\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}, id="aliases are written out"),
    ],
)
def test_a_document_reads_as(text: str, value: object) -> None:
    assert read_tree(text, "t.yaml") == value


def test_objects_know_their_line() -> None:
    tree = read_tree("a:\n  b:\n    - c: 1\n    - !Ref d\n", "t.yaml")
    assert place_of(tree, "?") == "t.yaml:1"
    assert place_of(tree["a"]["b"][0], "?") == "t.yaml:3"
    assert isinstance(tree["a"]["b"][1], Located)
    assert place_of(tree["a"]["b"][1], "?") == "t.yaml:4"
    assert place_of("text", "elsewhere") == "elsewhere"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "t.yaml: is empty", id="an empty file"),
        pytest.param("a: [", "t.yaml:2: is neither YAML nor JSON", id="an open bracket"),
        pytest.param("a: 1\na: 2", "t.yaml:2: the key 'a' stands twice", id="a key twice"),
        pytest.param("a: &x {b: 1}\nc: {<<: *x}", "t.yaml:2: a key that is no text", id="a merge"),
        pytest.param("? [a]\n: 1", "t.yaml:1: a key that is no text", id="a list as a key"),
        pytest.param("[" * 5000, "t.yaml", id="a hundred brackets too many"),
        pytest.param(
            "a: &a [x, x]\n"
            + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)),
            f"has more than {MAX_VALUES:,} values",
            id="aliases that double twenty times",
        ),
        pytest.param("a: &a [*a]", "t.yaml", id="an alias of itself"),
    ],
)
def test_what_is_no_template_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DeploymentInvalid) as caught:
        read_tree(text, "t.yaml")
    assert said in str(caught.value)
