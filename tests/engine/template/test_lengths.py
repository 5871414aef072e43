"""How long policies can get: the longest that a template can render to, and the shortest where none fits."""

from collections.abc import Mapping

import pytest

from authorizer.engine.document.document import dump, parse_session
from authorizer.engine.document.statement import Condition
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.lengths import longest
from authorizer.engine.template.template import TemplateSet
from tests.engine.template.making import CLAIMS, LISTS, VARIABLES, compile_set, template


def test_the_worst_case_counts_full_lists() -> None:
    templates = compile_set(t=template("{% for g in groups %}{{ g }}{% endfor %}"))
    full = templates.render(["t"], {"groups": ("x" * 63,) * 3}, scopes=frozenset())
    assert templates.worst_case_length(["t"]) == len(full)


TEAMS = template(Resource='[{% for t in teams %}"arn:aws:s3:::{{ t }}",{% endfor %}"arn:aws:s3:::x"]')


def test_the_worst_case_counts_longer_lists_than_a_proof_needs() -> None:
    templates = TemplateSet.compile({"t": TEAMS}, claims=LISTS, variables={})
    full = tuple(f"team-{number:04}" for number in range(5))
    longest = templates.render(["t"], {"teams": full}, scopes=frozenset())
    assert templates.worst_case_length(["t"]) == len(longest)
    assert len(list(templates.branches(["t"]))) == 3
    assert list(map(len, templates.parts(["t"], full_lists=True))) == [4]


def beyond(source: str, limit: int, *on_allows: Condition, max_items: int = 5) -> int | None:
    teams = declare({"type": "slug", "list": True, "max_items": max_items})
    templates = TemplateSet.compile({"t": source}, claims={**CLAIMS, "teams": teams}, variables={})
    return templates.shortest_beyond(["t"], limit, on_allows=on_allows)


DENIES = '}},\n{{"Effect": "Deny", "Action": "s3:Put", "Resource": "arn:aws:s3:::{}"}}]}}'.format
WAYS = [
    pytest.param(
        template("{{ sub }}", Sid='"OfNoUseToSts"'), {"sub": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, id="one"
    ),
    pytest.param(template('{% if "w" in scopes %}a{% else %}bbbb{% endif %}'), {}, id="the first is the shortest"),
    pytest.param(template('{% if "w" in scopes %}{{ tenant }}bbbb{% else %}a{% endif %}'), {}, id="the last is"),
    pytest.param(
        template("{% for t in teams %}{% if loop.first and loop.last %}" + "x" * 40 + "{% endif %}{% endfor %}a"),
        {"teams": ("a", "b")},
        id="a longer list makes it shorter",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "values"), WAYS)
def test_the_shortest_policy_is_found_where_none_fits(source: str, values: Mapping[str, ClaimValue]) -> None:
    templates = TemplateSet.compile({"t": source}, claims=LISTS, variables=VARIABLES)
    rendered = [
        templates.render(["t"], {"tenant": "a", **values}, scopes=scopes)
        for scopes in (frozenset[str](), frozenset({"w"}))
    ]
    length = min(map(len, rendered))
    assert beyond(source, 0) == beyond(source, length - 1) == length
    assert beyond(source, length) is None


def test_no_list_is_longer_than_its_type_allows_where_the_shortest_policy_is_found() -> None:
    source = template(
        "{% for t in teams %}{% if loop.first and loop.last %}xxxxxxxxxxx{% endif %}{% endfor %}a"
    )
    one, more = beyond(source, 0, max_items=1), beyond(source, 0, max_items=2)
    assert one is not None
    assert more == one - 11


def test_a_way_that_allows_nothing_is_not_the_shortest_policy() -> None:
    source = template()
    optional = source.replace("[\n", '[\n{% if "w" in scopes %}')[:-2] + "{% endif %}]}"
    least = beyond(source, 0)
    assert least is not None
    assert beyond(optional, 0) == beyond(optional, least - 1) == least


def test_what_is_added_to_each_allow_counts_and_to_no_deny() -> None:
    source = template()[:-3] + DENIES("a")
    added = Condition(operator="StringNotEqualsIfExists", key="aws:SourceVpce", values=("vpce-" + "0" * 60,))
    plain = beyond(source, 0)
    assert plain is not None
    more = len(',"Condition":{"":{"":""}}') + sum(map(len, (added.operator, added.key, added.values[0])))
    assert beyond(source, 0, added) == plain + more
    assert beyond(source, plain + more - 1, added) == plain + more
    assert beyond(source, plain + more, added) is None


def test_no_shortest_policy_is_told_where_there_are_too_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    source = template('{% if "a" in scopes %}a{% endif %}{% if "b" in scopes %}b{% endif %}x')
    templates = compile_set(t=source)
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_BRANCHES", 4)
    assert templates.shortest_beyond(["t"], 0) == len(dump(parse_session(template("x"))))
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_BRANCHES", 3)
    assert templates.shortest_beyond(["t"], 0) is None


def test_no_shortest_policy_is_told_where_there_are_too_many_statements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = template('{% if "a" in scopes %}a{% endif %}x')
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_PACKED", 2)
    assert beyond(source, 0) is not None
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_PACKED", 1)
    assert beyond(source, 0) is None


def test_the_longest_of_no_policy_has_no_length() -> None:
    assert longest([], lambda _: 0) == 0
