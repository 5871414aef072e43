"""Two sets of templates compared part by part: never called no wider where the whole is wider."""

import random
from collections import Counter

import pytest

from authorizer.engine.prove import diff
from authorizer.engine.prove.diff import RoleDiff, diff_role
from authorizer.engine.prove.sides import Side
from tests.engine.prove.differential import against_every_list, against_every_request_of_two
from tests.engine.sources import FIRST, behind_tests, compiled, in_order, random_source

OTHER = FIRST.replace("First", "Other").replace("first", "other")
PLAIN = OTHER.replace("{{ tenant }}", "common").replace("Other", "Plain")
DENY = FIRST.replace("First", "No").replace("Allow", "Deny")


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "MAX_WHOLE", -1)


def compare(old: str, new: str, *, delegated: bool = False) -> RoleDiff:
    before, now = compiled(old), compiled(new)
    assert before is not None
    assert now is not None
    return diff_role(
        "t",
        old=Side(templates=before, names=("t",)),
        new=Side(templates=now, names=("t",), delegated=delegated),
    )


def behind(test: str, *statements: str) -> str:
    return f"{{% if {test} %}}{''.join(',' + each for each in statements)}{{% endif %}}"


W = behind('"w" in scopes', OTHER)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        pytest.param(in_order(FIRST, W), in_order(FIRST, W), "NO WIDER", id="nothing changed"),
        pytest.param(in_order(FIRST, W), in_order("\n\n" + FIRST, W), "NO WIDER", id="other lines"),
        pytest.param(in_order(FIRST, W), in_order(FIRST), "NO WIDER", id="a statement that went"),
        pytest.param(in_order(FIRST), in_order(FIRST, W), "WIDER", id="a statement that came"),
        pytest.param(in_order(FIRST, W), in_order(FIRST, "," + OTHER), "WIDER", id="a test that went"),
        pytest.param(in_order(FIRST, "," + OTHER), in_order(FIRST, W), "NO WIDER", id="a test that came"),
        pytest.param(
            in_order(FIRST, behind('"r" in scopes', OTHER)), in_order(FIRST, W), "WIDER", id="another test"
        ),
        pytest.param(in_order(FIRST, "," + DENY, W), in_order(FIRST, W), "WIDER", id="a Deny that went"),
        pytest.param(
            in_order(FIRST, "," + DENY, W),
            in_order(FIRST, W, behind('"w" in scopes', DENY)),
            "WIDER",
            id="a Deny that got a test",
        ),
        pytest.param(
            in_order(FIRST, W, behind('"w" in scopes', DENY)),
            in_order(FIRST, "," + DENY, W),
            "NO WIDER",
            id="a Deny that lost its test",
        ),
        pytest.param(
            in_order(PLAIN, behind('"w" in scopes', FIRST)),
            in_order(PLAIN),
            "WIDER",
            id="a claim that is not needed any more, for users without it",
        ),
        pytest.param(
            in_order(PLAIN, "," + FIRST, behind('"w" in scopes', OTHER)),
            in_order(PLAIN, "," + FIRST),
            "NO WIDER",
            id="a claim that another statement needs anyway",
        ),
        pytest.param(
            in_order(PLAIN, behind('"w" in scopes', FIRST), behind('"r" in scopes', OTHER)),
            in_order(PLAIN, behind('"w" in scopes', FIRST), behind('"r" in scopes', OTHER)),
            "NO WIDER",
            id="a claim that both need behind the same tests",
        ),
    ],
)
def test_parts_are_compared_with_what_may_cover_them(old: str, new: str, verdict: str) -> None:
    result = compare(old, new)
    assert result.verdict == verdict
    assert (result.witness is not None) == (verdict == "WIDER")
    if verdict == "WIDER":
        assert result.gained


@pytest.mark.usefixtures("in_parts")
def test_what_a_role_lost_is_told_by_parts_too() -> None:
    (change,) = compare(in_order(FIRST, W), in_order(FIRST)).lost
    assert change.resource == "arn:aws:s3:::b/other/{{ tenant }}/*"
    assert change.users == ("with scope w",)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize(
    ("test", "verdict"), [('"w" in scopes', "NO WIDER"), ('not ("w" in scopes)', "WIDER")]
)
def test_an_actor_with_fewer_scopes_is_compared_by_parts(test: str, verdict: str) -> None:
    source = in_order(FIRST, behind(test, OTHER))
    assert compare(source, source, delegated=True).verdict == verdict


def test_fifteen_tests_are_compared() -> None:
    assert compare(behind_tests(14), behind_tests(15)).verdict == "WIDER"
    assert compare(behind_tests(15), behind_tests(14)).verdict == "NO WIDER"


@pytest.mark.slow
@pytest.mark.usefixtures("in_parts")
def test_too_many_ways_through_what_overlaps_are_unknown_and_say_what_to_write() -> None:
    many = "".join(
        behind(f'"s{number}" in scopes', FIRST.replace("First", f"F{number}")) for number in range(11)
    )
    narrow = FIRST.replace("{{ tenant }}", "{{ tenant }}/{{ tenant }}")
    result = compare(in_order(FIRST, many), in_order(narrow, many))
    assert result.verdict == "UNKNOWN"
    assert result.reason.startswith(
        "more than 1024 ways through statements that have to be compared together: put"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("in_parts")
def test_parts_agree_with_every_request_and_every_list() -> None:
    for tally in (against_every_request_of_two(25, seed=4, sample=60), against_every_list(40, seed=5)):
        assert tally.contradictions == []
        assert tally.verdicts["NO WIDER"] > 3
        assert tally.verdicts["WIDER"] > 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_is_no_wider_by_parts_is_no_wider_as_a_whole(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, verdicts = random.Random(seed), Counter[tuple[str, str]]()
    while verdicts.total() < 10:
        numbers = rng.sample(range(40), 2) if rng.random() < 0.3 else [rng.randrange(40)] * 2
        old, new = (random_source(random.Random(number)) for number in numbers)
        if rng.random() < 0.5:
            old = old.replace('"w"', '"r"', 1)
        if rng.random() < 0.5:
            new = new.replace("tenant is defined", '"w" in scopes', 1)
        if compiled(old) is None or compiled(new) is None:
            continue
        told = []
        for most in (10_000, -1):
            monkeypatch.setattr(diff, "MAX_WHOLE", most)
            told.append(compare(old, new).verdict)
        verdicts[told[0], told[1]] += 1
        assert told[1] != "NO WIDER" or told[0] == "NO WIDER", (old, new)
    assert verdicts["NO WIDER", "NO WIDER"] > 0
    assert verdicts["WIDER", "WIDER"] > 0
