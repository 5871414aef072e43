"""Templates judged in parts: the same statements, the same problems and no better a verdict than of the whole."""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, product
from types import FrameType

import pytest

from authorizer.engine.document.pack import pack
from authorizer.engine.document.statement import Document, Statement
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.errors import TemplateInvalid, ValueMissing
from authorizer.engine.language.placeholders import Placeholders
from authorizer.engine.prove.diff import diff_role
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.role_policy import role_policy
from authorizer.engine.prove.sides import Side
from authorizer.engine.template import branches
from authorizer.engine.template.branches import statements_of
from authorizer.engine.template.jinja import Compiler
from authorizer.engine.template.parts import SEPARATOR, cut, mended
from authorizer.engine.template.program import For, Hole, If, Node, Text, describe_test
from authorizer.engine.template.run import Run, UserFacts
from authorizer.engine.template.template import TemplateSet
from tests.engine.sources import FIRST, SMALL, behind_tests, compiled, in_order, random_source
from tests.engine.template.making import CLAIMS, VARIABLES

BEHIND_A_TEST = '{% if "w" in scopes %} {% endif %}'


def users() -> Iterator[tuple[Mapping[str, ClaimValue], frozenset[str]]]:
    scopes = [frozenset(some) for count in range(3) for some in combinations("rw", count)]
    for held, tenant, plan, teams in product(
        scopes, ("t", None), ("free", "pro", None), ("x", "xy", "yxz", None)
    ):
        values = {"tenant": tenant, "plan": plan, "teams": None if teams is None else tuple(teams)}
        yield {name: value for name, value in values.items() if value is not None}, held


def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_of_a_template_write_for_each_user_what_the_whole_writes(seed: int) -> None:
    rng, codes, parted = random.Random(seed), Placeholders(SMALL).codes, 0
    for _ in range(12):
        templates = compiled(random_source(rng))
        if templates is None:
            continue
        program = templates.program("t")
        parts = cut(program)
        parted += len(parts) > 1
        for values, scopes in users():
            facts = UserFacts(values, scopes)
            try:
                whole = statements_of(Run(facts, codes).run(program).text)
            except ValueMissing:
                continue
            pieces: list[Statement] = []
            for part in parts:
                pieces += statements_of(mended(Run(facts, codes).run(part)).text)
            assert sorted(map(repr, pieces)) == sorted(map(repr, whole))
    assert parted > 2


@pytest.mark.parametrize("seed", range(4))
def test_a_template_is_in_order_by_parts_if_it_is_as_a_whole(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    sources = [random_source(rng, careless=True) for _ in range(20)]
    monkeypatch.setattr(branches, "MAX_WHOLE", 10_000)
    whole = [compiled(source) is not None for source in sources]
    in_parts(monkeypatch)
    assert [compiled(source) is not None for source in sources] == whole
    assert {True, False} == set(whole)


def test_nothing_is_proven_by_parts_that_is_not_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, told = random.Random(1), []
    for _ in range(30):
        templates = compiled(
            random_source(rng, paths=("{{ tenant }}/*", "{{ tenant }}/{{ plan }}"), loops=rng.random() < 0.3)
        )
        if templates is None:
            continue
        verdicts = []
        for most in (10_000, 0):
            monkeypatch.setattr(branches, "MAX_WHOLE", most)
            templates._parts.clear()
            proof = prove(
                templates,
                subject="t",
                names=["t"],
                claims=SMALL,
                promises={"t": Promise(isolates=("tenant",))},
            )
            verdicts.append(proof.verdict)
        told.append(tuple(verdicts))
        assert verdicts[0] == verdicts[1]
    assert {("PROVEN", "PROVEN"), ("LEAK", "LEAK")} <= set(told)


@pytest.mark.parametrize("seed", range(3))
def test_a_longest_policy_found_by_parts_is_one_that_the_whole_can_write(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, exact = random.Random(seed), []
    for _ in range(15):
        templates = compiled(random_source(rng))
        if templates is None:
            continue
        monkeypatch.setattr(branches, "MAX_WHOLE", 10_000)
        whole = templates.worst_case_length(["t"])
        templates._parts.clear()
        in_parts(monkeypatch)
        found = templates.worst_case_length(["t"])
        assert 0 < found <= whole
        exact.append(found == whole)
    assert sum(exact) > len(exact) / 2


def test_a_role_denies_by_parts_no_more_than_every_way_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    deny = FIRST.replace("Allow", "Deny").replace("{{ tenant }}", "x")
    source = in_order(
        FIRST,
        f",{deny.replace('First', 'Always')}",
        f'{{% if "w" in scopes %}},{deny.replace("First", "Maybe").replace("Get", "Put")}{{% endif %}}',
        f'{{% if "r" in scopes %}},{deny.replace("First", "A").replace("Get", "Delete")}'
        f"{{% else %}},{deny.replace('First', 'B').replace('Get', 'Delete')}{{% endif %}}",
    )
    whole = role_policy(TemplateSet.compile({"t": source}, claims=SMALL, variables={}), ["t"], tags={})
    in_parts(monkeypatch)
    parts = role_policy(TemplateSet.compile({"t": source}, claims=SMALL, variables={}), ["t"], tags={})
    denied = [statement.actions for statement in parts.document.statements if statement.effect == "Deny"]
    assert denied == [("s3:GetObject",)]
    assert ("s3:PutObject",) not in [
        each.actions for each in whole.document.statements if each.effect == "Deny"
    ]


@pytest.mark.parametrize(
    "source",
    [
        in_order(FIRST, '{% if "w" in scopes %}', FIRST.replace("First", "B"), "{% endif %}"),
        in_order('{% if "w" in scopes %}', FIRST, "{% endif %},", FIRST.replace("First", "B")),
        in_order(FIRST, ",{% if 'w' in scopes %}", FIRST.replace("First", "B"), "{% endif %}"),
        in_order(FIRST, "{% for t in teams %}", FIRST.replace("First", "B"), "{% endfor %}"),
        in_order(FIRST, "{% for t in teams %},{% endfor %}"),
        in_order(FIRST, '{% if "w" in scopes %}] {% endif %}'),
        in_order(FIRST, '{% if "w" in scopes %},{{ tenant }}{% endif %}'),
        in_order(FIRST, '{% if "w" in scopes %},"text"{% endif %}'),
        in_order(FIRST, '{% if "w" in scopes %},[{}]{% endif %}'),
        in_order(FIRST, '{% if "w" in scopes %},{"Sid":"x{% endif %}"}'),
        in_order(FIRST, '{% if "w" in scopes %},{"Sid":{% endif %}}'),
        in_order(FIRST, ',{"a":"{% for t in teams %}"{% endfor %}}'),
        in_order(FIRST, ',{"Sid":"\\{% if "w" in scopes %}x{% endif %}"}'),
        '{"Version":"2012-10-17","Statement":' + FIRST + '{% if "w" in scopes %}{% endif %}}',
        '{"Version":"2012-10-17","Statement":[' + FIRST + '{% if "w" in scopes %}]}{% endif %}',
        '{% if "w" in scopes %}{% endif %}' + in_order(FIRST),
        in_order(FIRST),
        in_order(
            FIRST, "{{ tenant }}", '{% if "w" in scopes %},', FIRST.replace("First", "B"), "{% endif %}"
        ),
        in_order('{"Sid":"A"{% for t in teams %},{% if "w" in scopes %}"{% endif %}{% endfor %}}'),
        in_order(
            '{"Sid":"A","Resource":[{% for t in teams %}"{% endfor %}]}', '{% if "w" in scopes %} {% endif %}'
        ),
        pytest.param(in_order('{"Sid":"A"}'), id="text alone"),
        pytest.param(f'{{"Other":{in_order(FIRST, BEHIND_A_TEST)}}}', id="a list within something else"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST).replace("]", ""), id="a list that nothing closes"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, '{"Sid":"B"'), id="a statement that nothing closes"),
        pytest.param(
            in_order(FIRST, '{% if "w" in scopes %}{"Sid":"B"{% endif %}'),
            id="nothing closes it behind a test",
        ),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, " true"), id="a word between statements"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, '"'), id="a quote between statements"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, "[{}]"), id="a list between statements"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, "]["), id="a list that ends and begins again"),
        pytest.param(in_order(FIRST, BEHIND_A_TEST, "}{"), id="an object that ends and begins again"),
        pytest.param(
            in_order(FIRST, ',{"Sid":["\\{% if "w" in scopes %}x{% endif %}}'),
            id="a letter in a list that another text escapes",
        ),
        pytest.param(
            in_order(FIRST, ',{"Sid":"A"{% if "w" in scopes %}},{ {% else %}},{ {% endif %}"Sid":"B"}'),
            id="a statement that ends within a test and another that begins there",
        ),
        pytest.param(
            in_order(FIRST, ',{"Sid":"A{% if "w" in scopes %}"{% endif %}}'),
            id="a string that ends one way of a test only",
        ),
    ],
)
def test_what_is_not_made_of_whole_statements_and_fitting_commas_is_judged_whole(source: str) -> None:
    program = Compiler({"t": source}, SMALL, ()).compile("t")
    assert cut(program) == (program,)


def written(node: Node) -> str:
    """What a part's node writes, as an author would."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Hole):
        return f"{{{{ {node.name} }}}}"
    assert isinstance(node, If | For)
    if isinstance(node, For):
        return f"{{% for {node.target} in {node.claim} %}}{''.join(map(written, node.body))}{{% endfor %}}"
    then, otherwise = ("".join(map(written, way)) for way in (node.then, node.otherwise))
    return f"{{% if {describe_test(node.test)} %}}{then}{{% else %}}{otherwise}{{% endif %}}"


def parts(source: str) -> list[str]:
    """The parts of a template, `|` behind each statement, without what stands around all of them."""
    found = []
    for part in cut(Compiler({"t": source}, SMALL, ()).compile("t")):
        text = "".join(map(written, part)).replace(SEPARATOR, "|")
        head, tail = in_order().split("]")[0], "]}"
        assert text.startswith(head)
        assert text.endswith(tail)
        found.append(text.removeprefix(head).removesuffix(tail))
    return found


TESTED = '{"a":{% if "w" in scopes %}1{% else %}2{% endif %}}'
LOOPED = '{"b":[{% for t in teams %}1,{% endfor %}2]}'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            in_order(
                '{"c":1}', ',\n{"d":[{}]}', '{% if "w" in scopes %} , {"e":"]}"} {% endif %}', ',{"f":1}'
            ),
            ['{"c":1}|{"d":[{}]}|{"f":1}|', '{% if "w" in scopes %}{"e":"]}"}|{% else %}{% endif %}'],
            id="statements under no test are one part",
        ),
        pytest.param(
            in_order('{"c":1},', TESTED, ",", LOOPED),
            ['{"c":1}|', f"{TESTED}|", f"{LOOPED}|"],
            id="a statement with a test or a loop within it is a part",
        ),
        pytest.param(
            in_order('{"c":1}', '{% if "w" in scopes %},{"d":1},{"e":1}{% else %},{"f":1}{% endif %}'),
            [
                '{"c":1}|',
                '{% if "w" in scopes %}{"d":1}|{"e":1}|{% else %}{% endif %}',
                '{% if "w" in scopes %}{% else %}{"f":1}|{% endif %}',
            ],
            id="each way of a test is a part",
        ),
        pytest.param(
            in_order(
                '{"c":1}',
                '{% for t in teams %},{"d":1}{% if "w" in scopes %},{"e":1}{% endif %}{% endfor %}',
            ),
            [
                '{"c":1}|',
                '{% for t in teams %}{"d":1}|{% endfor %}',
                '{% for t in teams %}{% if "w" in scopes %}{"e":1}|{% else %}{% endif %}{% endfor %}',
            ],
            id="a test in a loop stays in it",
        ),
        pytest.param(
            in_order('{"c":1}', '{% if "w" in scopes %} {% endif %}', "{% for t in teams %} {% endfor %}"),
            ['{"c":1}|', '{% if "w" in scopes %}{% else %}{% endif %}', "{% for t in teams %}{% endfor %}"],
            id="a test and a loop without a statement are parts all the same",
        ),
        pytest.param(
            in_order('{"c":1}', ',{"d":"a{% if "w" in scopes %}"{% else %}b"{% endif %}}'),
            ['{"c":1}|', '{"d":"a{% if "w" in scopes %}"{% else %}b"{% endif %}}|'],
            id="a string that ends in each way of a test",
        ),
        pytest.param(
            in_order(
                '{"c":1}{# here #},{# and\nthere #}{"d":1}',
                '{% if "w" in scopes %},{"e":1}{% endif %}{# end #}',
            ),
            ['{"c":1}|{"d":1}|', '{% if "w" in scopes %}{"e":1}|{% else %}{% endif %}'],
            id="comments between statements",
        ),
    ],
)
def test_a_template_is_cut_where_a_statement_ends(source: str, expected: list[str]) -> None:
    assert parts(source) == expected


def test_a_statement_is_one_piece_of_text() -> None:
    program = Compiler({"t": in_order(FIRST.replace("{{ tenant }}", "x"), BEHIND_A_TEST)}, SMALL, ()).compile(
        "t"
    )
    plain, _ = cut(program)
    assert [type(node) for node in plain] == [Text] * 4
    assert mended(Run(UserFacts({}, frozenset()), {}).run(plain)).text == in_order(
        FIRST.replace("{{ tenant }}", "x")
    )


def test_two_statements_of_one_name_are_refused_where_one_user_may_have_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_parts(monkeypatch)
    other = f",{FIRST}"
    for test, fits in (('"w" in scopes', False), ("not (tenant is defined)", True)):
        source = in_order(FIRST, f"{{% if {test} %}}{other}{{% endif %}}")
        if fits:
            assert compiled(source) is not None
            continue
        with pytest.raises(TemplateInvalid) as caught:
            TemplateSet.compile({"t": source}, claims=SMALL, variables={})
        assert caught.value.problems == ("t.json.j2:2: Sid 'First' is not unique",)


def test_the_lines_of_statements_and_tests_are_the_author_s(monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts(monkeypatch)
    templates = TemplateSet.compile({"t": behind_tests(3)}, claims=CLAIMS, variables=VARIABLES)
    places = {
        (place.line, statement.sid)
        for branch in templates.branches(["t"])
        for place, statement in zip(branch.places, branch.document.statements, strict=True)
    }
    assert places == {(2, "First"), (3, "File0"), (4, "File1"), (5, "File2")}
    arms = {(arm.place.line, arm.outcome) for branch in templates.branches(["t"]) for arm in branch.arms}
    assert arms == {(line, outcome) for line in (3, 4, 5) for outcome in (True, False)}


def test_a_statement_without_a_claim_is_cut_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts(monkeypatch)
    constant = FIRST.replace("{{ tenant }}", "x")
    others = [
        f'{{% if "s{n}" in scopes %}},{constant.replace("First", f"C{n}")}{{% endif %}}' for n in range(3)
    ]
    templates = TemplateSet.compile({"t": in_order(constant, *others)}, claims=SMALL, variables={})
    assert len(templates.parts(["t"])) == 4


def test_a_test_without_a_statement_is_still_gone_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts(monkeypatch)
    source = in_order(FIRST, '{% if "w" in scopes %} {% endif %}{% if "r" in scopes %} {% endif %}')
    templates = TemplateSet.compile({"t": source}, claims=CLAIMS, variables=VARIABLES)
    assert len({arm for branch in templates.branches(["t"]) for arm in branch.arms}) == 4


def test_a_claim_that_one_part_always_needs_is_there_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts(monkeypatch)
    source = in_order(FIRST, f"{{% if not (tenant is defined) %}},{FIRST.replace('First', 'B')}{{% endif %}}")
    templates = TemplateSet.compile({"t": source}, claims=SMALL, variables={})
    found = [
        statement.sid for branch in templates.branches(["t"]) for statement in branch.document.statements
    ]
    assert found == ["First"]


def test_a_role_that_was_not_there_gains_what_its_parts_allow() -> None:
    templates = TemplateSet.compile({"t": behind_tests(20)}, claims=SMALL, variables={})
    side = Side(templates=templates, names=("t",))
    assert diff_role("t", old=None, new=side).verdict == "WIDER"
    gone = diff_role("t", old=side, new=None)
    assert (gone.verdict, gone.gained) == ("NO WIDER", ())
    assert gone.lost


# ── Growth ───────────────────────────────────────────────────────────────────


def steps(call: Callable[[], object]) -> int:
    """How many Python functions it calls: what its time grows with, on any machine."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


def judged(count: int) -> None:
    """All that `check`, `render --role`, `prove` and `diff` ask of a template."""
    templates = TemplateSet.compile({"t": behind_tests(count)}, claims=SMALL, variables={})
    assert templates.worst_case_length(["t"]) > 0
    assert templates.shortest_beyond(["t"], 2048) is None
    role_policy(templates, ["t"], tags={})
    proof = prove(
        templates, subject="t", names=["t"], claims=SMALL, promises={"t": Promise(isolates=("tenant",))}
    )
    assert proof.verdict == "PROVEN"
    side = Side(templates=templates, names=("t",))
    assert diff_role("t", old=side, new=side).verdict == "NO WIDER"


@pytest.mark.slow
def test_independent_tests_do_not_multiply() -> None:
    few, many = steps(lambda: judged(10)), steps(lambda: judged(20))
    assert many < 4 * few  # at most as the pairs of statements that are compared


def test_statements_that_differ_in_one_element_are_packed_in_as_many_steps_as_there_are_pairs() -> None:
    sources = [FIRST.replace("First", f"S{number}").replace("first", str(number)) for number in range(300)]
    document = Document(statements=statements_of(in_order(",".join(sources))))
    assert len(pack(document).statements) == 1
    assert steps(lambda: pack(document)) < 20 * 300 * 300
