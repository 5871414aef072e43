"""Packing: never another decision, never a longer text, and what exactly becomes of what."""

import json
import os
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizer.engine.document.document import dump, parse_identity
from authorizer.engine.document.pack import covers, covers_action, covers_resource, pack
from authorizer.engine.document.statement import Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.evaluate.patterns import matches, parse_pattern, resolve
from tests.engine import generated
from tests.engine.bundled import NAMES, PLAIN, SCOPES, compiled


def allowed(document: Document, request: AccessRequest) -> str:
    return evaluate(identity=None, session=document, boundary=None, request=request).verdict


POLICIES = int(os.environ.get("ENGINE_EXAMPLES", "240"))


@pytest.mark.slow
def test_packing_never_changes_a_decision_nor_lengthens_a_text() -> None:
    verdicts: Counter[str] = Counter()
    smaller = 0
    for seed in range(POLICIES):
        random = Random(seed)
        document = generated.document(random)
        packed = pack(document)
        assert len(dump(packed)) <= len(dump(document))
        assert pack(packed) == packed, seed
        assert parse_identity(dump(packed)) == packed, seed
        smaller += len(packed.statements) < len(document.statements)
        for _ in range(20):
            request = generated.request(random, document)
            verdicts[allowed(document, request)] += 1
            assert allowed(packed, request) == allowed(document, request), (seed, request)
    assert smaller > POLICIES / 10
    assert all(verdicts[verdict] > POLICIES / 2 for verdict in ("allow", "explicit deny", "implicit deny")), (
        verdicts
    )


TEMPLATES = compiled()
OBJECTS = st.sampled_from(("home", "tenants", "clients", "x")).flatmap(
    lambda folder: st.sampled_from((*map(str, PLAIN.values()), "other")).map(
        lambda who: f"arn:aws:s3:::data-bucket/{folder}/{who}/file"
    )
)
TABLES = st.sampled_from(
    [f"arn:aws:dynamodb:eu-west-1:111122223333:table/data-table{end}" for end in ("", "/index/i", "2")]
    + ["arn:aws:s3:::data-bucket"]
)
BUNDLED_REQUESTS = st.builds(
    AccessRequest,
    action=st.sampled_from(
        sorted(
            {
                action
                for branch in TEMPLATES.branches(NAMES)
                for statement in branch.document.statements
                for action in statement.actions
            }
            | {"dynamodb:Scan", "s3:DeleteBucket"}
        )
    ),
    resource=OBJECTS | TABLES,
    context=st.fixed_dictionaries(
        {},
        optional={
            "s3:prefix": st.sampled_from(("home/acme/", "tenants/acme/", "tenants/acme/a", "")),
            "dynamodb:LeadingKeys": st.lists(st.sampled_from(("acme", "other")), max_size=2),
        },
    ),
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(requests=st.lists(BUNDLED_REQUESTS, min_size=5, max_size=20))
def test_packing_never_changes_a_decision_of_a_bundled_template(
    name: str, requests: list[AccessRequest]
) -> None:
    for branch in TEMPLATES.branches([name]):
        document = fill(branch.document)
        for request in requests:
            assert allowed(pack(document), request) == allowed(document, request)


def fill(document: Document) -> Document:
    """A branch's document with the plain user's values."""
    text = dump(document)
    for char in {char for char in text if char > "ÿ"}:
        text = text.replace(char, str(PLAIN[TEMPLATES.origin(char)[0]]))
    return parse_identity(text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scopes", SCOPES, ids=sorted)
def test_a_rendered_policy_is_the_packed_branch_with_the_values_in_it(
    name: str, scopes: frozenset[str]
) -> None:
    rendered = TEMPLATES.render([name], PLAIN, scopes=scopes)
    assert rendered in {dump(pack(fill(branch.document))) for branch in TEMPLATES.branches([name])}


def test_what_covers_matches_all_that_the_other_matches() -> None:
    random, sure = Random(0), 0
    for _ in range(30_000):
        pattern, other = generated.pattern(random), generated.pattern(random)
        if "${aws" in pattern + other or not covers(pattern, other):
            continue
        text = "".join(random.choices("ab/:*", k=random.randint(0, 6)))
        if pattern_matches(other, text):
            sure += 1
            assert pattern_matches(pattern, text), (pattern, other, text)
    assert sure > 100


def pattern_matches(pattern: str, text: str) -> bool:
    parts = resolve(parse_pattern(pattern), lambda key: None)
    assert parts is not None
    return matches(parts, text)


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        pytest.param("*", "a*", True, id="a star covers everything"),
        pytest.param("a*", "*", False, id="but nothing covers a star"),
        pytest.param("a?", "ab", True, id="a question mark covers a letter"),
        pytest.param("a?", "a*", False, id="but no star"),
        pytest.param("?", "${*}", False, id="nor an escape"),
        pytest.param("?", "\U000f0000", False, id="nor a value to come"),
        pytest.param("*", "\U000f0000", True, id="which a star covers"),
        pytest.param("${aws:x}/*", "${aws:x}/a", True, id="a variable covers itself"),
        pytest.param("${*}", "a", False, id="a literal star is no wildcard"),
        pytest.param("${*}", "${aws:x}", False, id="nor for a variable"),
        pytest.param("a?", "a\nb", False, id="a line feed is a character"),
        pytest.param("*a*b", "xaxb", True, id="two stars"),
        pytest.param("*a*b", "xbxa", False, id="two stars in the wrong order"),
        pytest.param("**", "", True, id="stars cover nothing at all"),
    ],
)
def test_covers(pattern: str, other: str, expected: bool) -> None:
    assert covers(pattern, other) is expected


def test_actions_have_no_case_and_fields_do_not_run_together() -> None:
    assert covers_action("S3:get*", "s3:GetObject")
    assert covers_resource("*", "arn:aws:s3:::a")
    assert covers_resource("arn:aws:s3:::a*", "arn:aws:s3:::a/b:c")
    assert not covers_resource("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu:2:1:q")
    assert not covers_resource("arn:aws:s3:::a", "*")
    assert not covers_resource("arn:aws:s3", "arn:aws:s3:::a")
    assert not covers_resource("arn:aws:s3:::a", "arn:aws:s3")
    assert not covers_resource("arn:*", "arn:aws:s3:::a")


def packed(*statements: dict[str, object]) -> object:
    full = [
        {"Effect": "Allow", "Action": "s3:Get", "Resource": "arn:aws:s3:::a", **each} for each in statements
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": full})
    return json.loads(dump(pack(parse_identity(text))))["Statement"]


def allow(**changes: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "s3:Get", "Resource": "arn:aws:s3:::a", **changes}


WHEN = {"StringLike": {"s3:prefix": ["a", "b"]}}

PACKED = [
    pytest.param([{"Sid": "X"}], allow(), id="Sids go"),
    pytest.param(
        [{"Action": ["s3:Get*", "s3:GetObject", "S3:get*"]}], allow(Action="s3:Get*"), id="covered actions go"
    ),
    pytest.param(
        [{"Resource": ["arn:aws:s3:::a/b", "arn:aws:s3:::a/*"]}],
        allow(Resource="arn:aws:s3:::a/*"),
        id="covered ARNs go",
    ),
    pytest.param(
        [{}, {"Action": "s3:Put"}], allow(Action=["s3:Get", "s3:Put"]), id="statements differ in action"
    ),
    pytest.param(
        [{}, {"Resource": "arn:aws:s3:::b"}],
        allow(Resource=["arn:aws:s3:::a", "arn:aws:s3:::b"]),
        id="statements differ in resource",
    ),
    pytest.param(
        [{}, {"Action": "s3:Put", "Resource": "arn:aws:s3:::b"}],
        [allow(), allow(Action="s3:Put", Resource="arn:aws:s3:::b")],
        id="statements that differ in both stay",
    ),
    pytest.param(
        [
            {},
            {"Resource": "arn:aws:s3:::b"},
            {"Action": "s3:Put", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]},
        ],
        allow(Action=["s3:Get", "s3:Put"], Resource=["arn:aws:s3:::a", "arn:aws:s3:::b"]),
        id="statements that become alike by joining are joined",
    ),
    pytest.param([{}, {"Effect": "Deny"}], [allow(), allow(Effect="Deny")], id="effects stay"),
    pytest.param([{}, {"Condition": WHEN}], [allow(), allow(Condition=WHEN)], id="conditions stay"),
    pytest.param(
        [{"Condition": WHEN}, {"Condition": {"StringLike": {"s3:prefix": ["b", "a"]}}, "Action": "s3:Put"}],
        allow(Action=["s3:Get", "s3:Put"], Condition=WHEN),
        id="the order of values does not matter",
    ),
    pytest.param(
        [{"Action": ["s3:Get", "s3:Put"], "Resource": "arn:aws:s3:::*"}, {}],
        allow(Action=["s3:Get", "s3:Put"], Resource="arn:aws:s3:::*"),
        id="a statement within another goes",
    ),
    pytest.param(
        [{}, {"Action": ["s3:Get", "s3:Put"], "Resource": "arn:aws:s3:::*"}],
        allow(Action=["s3:Get", "s3:Put"], Resource="arn:aws:s3:::*"),
        id="whichever comes first",
    ),
    pytest.param(
        [{"NotAction": "s3:Get", "Action": None}, {"NotAction": "s3:Put", "Action": None}],
        [
            {"Effect": "Allow", "NotAction": "s3:Get", "Resource": "arn:aws:s3:::a"},
            {"Effect": "Allow", "NotAction": "s3:Put", "Resource": "arn:aws:s3:::a"},
        ],
        id="NotAction is never joined",
    ),
    pytest.param(
        [
            {"NotResource": "arn:aws:s3:::b", "Resource": None},
            {"NotResource": "arn:aws:s3:::c", "Resource": None},
        ],
        [
            {"Effect": "Allow", "Action": "s3:Get", "NotResource": "arn:aws:s3:::b"},
            {"Effect": "Allow", "Action": "s3:Get", "NotResource": "arn:aws:s3:::c"},
        ],
        id="nor is NotResource",
    ),
    pytest.param(
        [{}, {"NotAction": "s3:Put", "Action": None}, {"NotResource": "arn:aws:s3:::c", "Resource": None}],
        [
            allow(),
            {"Effect": "Allow", "NotAction": "s3:Put", "Resource": "arn:aws:s3:::a"},
            {"Effect": "Allow", "Action": "s3:Get", "NotResource": "arn:aws:s3:::c"},
        ],
        id="and neither is within what names its own",
    ),
    pytest.param(
        [{"NotAction": "s3:Put", "Action": None}, {"NotResource": "arn:aws:s3:::c", "Resource": None}, {}],
        [
            {"Effect": "Allow", "NotAction": "s3:Put", "Resource": "arn:aws:s3:::a"},
            {"Effect": "Allow", "Action": "s3:Get", "NotResource": "arn:aws:s3:::c"},
            allow(),
        ],
        id="nor the other way round",
    ),
    pytest.param(
        [{"Condition": {"StringLike": {"s3:prefix": ["a", "a", "b"]}}}],
        allow(Condition=WHEN),
        id="a value twice",
    ),
    pytest.param(
        [{"Condition": {"StringLike": {"s3:prefix": "a"}}}, {"Condition": WHEN, "Action": "s3:*"}],
        [allow(Condition={"StringLike": {"s3:prefix": "a"}}), allow(Condition=WHEN, Action="s3:*")],
        id="other values are another condition",
    ),
    pytest.param(
        [{"Effect": "Deny", "Action": "s3:*"}, {}, {"Effect": "Deny"}],
        [allow(Effect="Deny", Action="s3:*"), allow()],
        id="a Deny is within a Deny alone",
    ),
]


@pytest.mark.parametrize(("statements", "expected"), PACKED)
def test_becomes(statements: list[dict[str, object]], expected: object) -> None:
    full = [
        {name: value for name, value in allow(**each).items() if value is not None} for each in statements
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": full})
    assert json.loads(dump(pack(parse_identity(text))))["Statement"] == expected


def test_joining_actions_first_can_make_resources_join() -> None:
    statements = tuple(
        Statement(effect="Allow", actions=(f"s3:{action}",), resources=(f"arn:aws:s3:::{name}",))
        for action in ("Get", "Put", "Delete")
        for name in ("a", "b", "c")
    )
    assert len(pack(Document(statements=statements)).statements) == 1
