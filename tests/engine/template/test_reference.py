"""A template means what Jinja makes of it: programs and packed text against Jinja's own sandbox."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authorizer.engine.document.document import dump, parse_session
from authorizer.engine.document.pack import pack
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import NothingAllowed, PolicyTooLarge
from authorizer.engine.template.template import TemplateSet
from tests.engine.bundled import NAMES, PLAIN, SCOPES, SOURCES, VARIABLES, compiled
from tests.engine.template import reference

BUNDLED = compiled()
LONGEST = {name: BUNDLED.worst_case_length([name]) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scopes", SCOPES, ids=sorted)
def test_a_bundled_template_renders_as_jinja_does(name: str, scopes: frozenset[str]) -> None:
    by_jinja = reference.session(SOURCES[name], SOURCES, values=PLAIN, variables=VARIABLES, scopes=scopes)
    assert BUNDLED.render([name], PLAIN, scopes=scopes) == dump(pack(by_jinja))


CLAIMS = {
    "tenant": declare({"type": "opaque", "max_length": 6}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
    "groups": declare({"type": "opaque", "max_length": 3, "list": True, "max_items": 3}),
}
EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "40"))
NO_SCOPE, SCOPE = frozenset[str](), frozenset({"w"})
VALUES = st.text("ab%é+.:' ", min_size=1, max_size=3).filter(lambda text: text not in {".", ".."})


def wrap(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tests = st.sampled_from(
        (
            '"w" in scopes', '"w" not in scopes', 'plan == "pro"', 'plan != "pro"', "tenant is defined",
            "tenant is undefined", 'not ("w" in scopes)', '"a" in groups and plan == "free"',
            '"b" not in groups', '"a" in groups or "w" in scopes',
        )
    )  # fmt: skip
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.tuples(tests, inner, inner).map(
            lambda p: f"{{% if {p[0]} %}}{p[1]}{{% else %}}{p[2]}{{% endif %}}"
        ),
        st.tuples(tests, inner, tests, inner).map(
            lambda p: f"{{% if {p[0]} %}}{p[1]}{{% elif {p[2]} %}}{p[3]}{{% endif %}}"
        ),
        st.tuples(tests, inner, tests, inner, inner).map(
            lambda p: f"{{% if {p[0]} %}}{p[1]}{{% elif {p[2]} %}}{p[3]}{{% else %}}{p[4]}{{% endif %}}"
        ),
        inner.map(
            lambda p: (
                "{% for g in groups %}{% if loop.first %}<{% endif %}{{ g }}"
                "{% if not loop.last %}-{% endif %}"
                f"{p.replace('for g in', 'for h in').replace('{{ g }}', '{{ h }}')}{{% endfor %}}"
                if "for" not in p
                else p
            )
        ),
    )


BODIES = st.recursive(
    st.sampled_from(
        (
            "x",
            "/*",
            "{{ tenant }}",
            "{{ plan }}",
            "{{ bucket }}",
            "{# c #}",
            '{% include "_p.json.j2" %}',
            " ",
        )
    ),
    wrap,
    max_leaves=6,
)
PARTIAL = "{% if tenant is defined %}{{ tenant }}{% endif %}{% if 'w' in scopes %}{{ plan }}{% endif %}"


@settings(max_examples=EXAMPLES)
@given(
    bodies=st.lists(BODIES, min_size=1, max_size=2),
    tenant=VALUES,
    plan=st.sampled_from(("free", "pro")),
    groups=st.lists(VALUES, min_size=1, max_size=3).map(tuple),
    scopes=st.sampled_from((NO_SCOPE, SCOPE)),
)
def test_a_generated_template_renders_as_jinja_does(
    bodies: list[str], tenant: str, plan: str, groups: tuple[str, ...], scopes: frozenset[str]
) -> None:
    """Packed again, for a value may happen to repeat another or what the author typed."""
    statements = ",".join(
        f'{{"Effect": "Allow", "Action": "s3:Get", "Resource": "arn:aws:s3:::b{number}{body}"}}'
        for number, body in enumerate(bodies)
    )
    sources = {"t": f'{{"Version": "2012-10-17", "Statement": [{statements}]}}', "_p": PARTIAL}
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables=VARIABLES)
    values: dict[str, ClaimValue] = {"tenant": tenant, "plan": plan, "groups": groups}
    by_jinja = reference.session(sources["t"], sources, values=values, variables=VARIABLES, scopes=scopes)
    rendered = templates.render(["t"], values, scopes=scopes)
    again = templates.render(["t"], values, scopes=scopes)
    assert rendered == again
    assert dump(pack(parse_session(rendered))) == dump(pack(by_jinja))
    assert len(rendered) <= templates.worst_case_length(["t"])
    assert {"bucket", "w"}.isdisjoint(templates.uses("t"))


@given(
    scopes=st.sets(st.sampled_from(("data:write", "x", "y"))),
    tenant=st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
)
def test_no_bundled_policy_is_longer_than_its_worst_case(scopes: set[str], tenant: str) -> None:
    for name in NAMES:
        try:
            text = BUNDLED.render([name], {**PLAIN, "tenant": tenant}, scopes=frozenset(scopes))
        except (NothingAllowed, PolicyTooLarge):
            continue
        assert len(text) <= LONGEST[name] <= 2048
