"""What tests say of the isolating claim is known on both sides of a pair, and no more than that."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

import pytest

from authorizer.engine.document.document import parse_session
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.claims import ClaimType, ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import EngineError, TemplateInvalid
from authorizer.engine.language.languages import Language, Segment
from authorizer.engine.prove.proof import Promise, Proof
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.without import texts_of, without
from authorizer.engine.template.template import TemplateSet

TYPES: Mapping[str, Mapping[str, ClaimType]] = {
    "two values": {"x": declare({"type": "enum", "values": ["a", "b"]})},
    "three values": {"x": declare({"type": "enum", "values": ["a", "b", "ab"]})},
    "slugs": {"x": declare({"type": "slug", "max_length": 3})},
}
VALUES = ("a", "b", "ab", "aa", "aab")
NAMES = ("a/f", "b/f", "ab/f", "aa/f", "aab/f", "f", "a", "b", "ab", "a/a/f", "b/a/f", "c/f")
TESTS = ('x == "a"', 'x != "a"', 'x == "b"', 'x == "a" or x == "b"', "not (x is defined)", '"w" in scopes')
PATHS = (
    *["{{ x }}/*"] * 8,
    "a/*",
    "b/*",
    "{{ x }}/*",
    "{{ x }}",
    "{{ x }}*",
    "f",
    "*/f",
    "a/{{ x }}/*",
    "ab/f",
    "c/*",
)


def allow(path: str) -> str:
    return f'{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/{path}"}}'


def source(*parts: str) -> str:
    written = ",".join(
        '{"Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}' for _ in range(1)
    )
    return f'{{"Version":"2012-10-17","Statement":[{written}{"".join(parts)}]}}'


def behind(test: str, then: str, otherwise: str | None = None) -> str:
    rest = "" if otherwise is None else f"{{% else %}},{allow(otherwise)}"
    return f"{{% if {test} %}},{allow(then)}{rest}{{% endif %}}"


def proof_of(text: str, claims: Mapping[str, ClaimType]) -> tuple[Proof, TemplateSet]:
    templates = TemplateSet.compile({"t": text}, claims=claims, variables={})
    promises = {"t": Promise(isolates=("x",))}
    return prove(templates, subject="t", names=["t"], claims=claims, promises=promises), templates


@pytest.mark.parametrize(
    ("text", "kind", "verdict"),
    [
        pytest.param(
            source(behind('x == "a"', "a/*", "{{ x }}/*")), "slugs", "PROVEN", id="one tenant's own constant"
        ),
        pytest.param(
            source(behind('x == "a"', "a/*"), "," + allow("{{ x }}/*")),
            "slugs",
            "PROVEN",
            id="a constant beside what all have",
        ),
        pytest.param(
            source(behind('x == "a"', "b/*", "{{ x }}/*")), "slugs", "LEAK", id="another's constant"
        ),
        pytest.param(
            source(behind('x == "a"', "f", "c/*")), "two values", "PROVEN", id="two values and else"
        ),
        pytest.param(
            source(behind('x == "a"', "f", "c/*")), "three values", "LEAK", id="three values and else"
        ),
        pytest.param(
            source(
                '{% if x == "a" %},'
                + allow("f")
                + '{% elif x == "b" %},'
                + allow("c/*")
                + "{% else %},"
                + allow("*")
                + "{% endif %}"
            ),
            "two values",
            "PROVEN",
            id="an else that nobody reaches",
        ),
        pytest.param(
            source(behind('x == "a"', "{{ x }}*"), behind('x == "b"', "{{ x }}*")),
            "slugs",
            "PROVEN",
            id="values that a test fills in",
        ),
        pytest.param(source(behind('x == "a"', "a*", "{{ x }}/*")), "slugs", "LEAK", id="a constant's star"),
        pytest.param(
            source(behind("x is defined", "{{ x }}/*", "f")), "slugs", "PROVEN", id="absent is one value"
        ),
    ],
)
def test_a_test_on_the_isolating_claim_is_known_to_the_proof(text: str, kind: str, verdict: str) -> None:
    proof, _ = proof_of(text, TYPES[kind])
    assert proof.verdict == verdict


def users(kind: ClaimType) -> Iterator[tuple[dict[str, ClaimValue], frozenset[str]]]:
    for value, scopes in product((*VALUES, None), (frozenset[str](), frozenset("w"))):
        if value is None:
            yield {}, scopes
            continue
        try:
            kind.check(value)
        except EngineError:
            continue
        yield {"x": value}, scopes


def reached(templates: TemplateSet, values: Mapping[str, ClaimValue], scopes: frozenset[str]) -> set[str]:
    try:
        session = parse_session(templates.render(["t"], values, scopes=scopes))
    except EngineError:
        return set()
    return {
        name
        for name in NAMES
        if evaluate(
            identity=None,
            session=session,
            boundary=None,
            request=AccessRequest(action="s3:GetObject", resource=f"arn:aws:s3:::b/{name}", context={}),
        ).allowed
    }


@pytest.mark.parametrize("kind", TYPES)
def test_no_two_users_meet_in_what_is_proven(kind: str) -> None:
    rng, verdicts = random.Random(kind), Counter[str]()
    while verdicts.total() < 60:
        parts = [
            behind(rng.choice(TESTS), rng.choice(PATHS), rng.choice((None, *PATHS)))
            for _ in range(rng.randint(1, 2))
        ]
        text = source(*parts)
        try:
            proof, templates = proof_of(text, TYPES[kind])
        except TemplateInvalid:
            continue
        verdicts[proof.verdict] += 1
        everybody = [
            (values.get("x"), reached(templates, values, scopes))
            for values, scopes in users(TYPES[kind]["x"])
        ]
        meet = any(
            one != other and mine & theirs for (one, mine), (other, theirs) in combinations(everybody, 2)
        )
        assert not (meet and proof.verdict == "PROVEN"), text
        if proof.verdict == "LEAK":
            assert any(finding.witness for finding in proof.findings)
    assert verdicts["PROVEN"] > 2
    assert verdicts["LEAK"] > 2
    assert verdicts["UNKNOWN"] < verdicts.total() / 10


@pytest.mark.parametrize("seed", range(4))
def test_a_language_without_words_is_the_language_less_those_words(seed: int) -> None:
    rng = random.Random(seed)
    every = ["".join(chars) for length in range(5) for chars in product("ab", repeat=length)]
    for _ in range(40):
        sequences = tuple(
            tuple(
                Segment(
                    frozenset(rng.choice(("a", "b", "ab"))), low := rng.randint(0, 2), low + rng.randint(0, 2)
                )
                for _ in range(rng.randint(1, 3))
            )
            for _ in range(rng.randint(1, 2))
        )
        gone = frozenset(rng.sample(every, rng.randint(1, 3)))
        assert texts(without(Language(sequences), gone), every) == texts(Language(sequences), every) - gone


def texts(language: Language, every: Sequence[str]) -> set[str]:
    import re

    if not language.alternatives:
        return set()
    return {text for text in every if re.fullmatch(language.pattern(), text)}


def test_the_words_of_a_list_of_values_are_told_and_no_others() -> None:
    assert texts_of(TYPES["three values"]["x"].language, 3) == ("a", "b", "ab")
    assert texts_of(TYPES["three values"]["x"].language, 2) is None
    assert texts_of(TYPES["slugs"]["x"].language, 9) is None
