"""Compiled templates: the same as compiling, without Jinja, and never behind their sources."""

import json
import subprocess
import sys

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.template.template import TemplateSet
from tests.engine.bundled import CLAIMS, NAMES, PLAIN, SCOPES, SOURCES, VARIABLES, compiled

DUMPED = compiled().dump(SOURCES)
LISTS = {"groups": declare({"type": "slug", "list": True, "max_items": 3}), "plan": declare({"type": "slug"})}
LIST_SOURCE = {
    "t": '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ['
    '{% for g in groups %}"arn:aws:s3:::b/{{ g }}{% if stage == "b" %}z{% endif %}'
    '{% if plan == "a" or not loop.last and plan is defined %}x{% endif %}'
    '{% if "a" in groups %}y{% endif %}"'
    "{% if not loop.last %},{% endif %}{% endfor %}]}}"
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scopes", SCOPES, ids=sorted)
def test_loaded_templates_render_as_compiled_ones(name: str, scopes: frozenset[str]) -> None:
    loaded = TemplateSet.load(DUMPED, SOURCES, claims=CLAIMS, variables=VARIABLES)
    assert loaded.render([name], PLAIN, scopes=scopes) == compiled().render([name], PLAIN, scopes=scopes)
    assert loaded.uses(name) == compiled().uses(name)
    assert loaded.dump(SOURCES) == DUMPED


def test_every_kind_of_node_comes_back() -> None:
    templates = TemplateSet.compile(LIST_SOURCE, claims=LISTS, variables={"stage": "a"})
    dumped = templates.dump(LIST_SOURCE)
    assert dumped.startswith('{"format":2,"sources":"')
    loaded = TemplateSet.load(dumped, LIST_SOURCE, claims=LISTS, variables={"stage": "a"})
    assert list(loaded.branches(["t"])) == list(templates.branches(["t"]))


def test_rendering_from_the_compiled_form_imports_no_jinja() -> None:
    script = """
import sys
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.template import TemplateSet
import json
compiled, sources, variables = json.load(sys.stdin)
claims = {name: declare({"type": "slug", "max_length": 128}) for name in ("sub", "tenant", "client")}
templates = TemplateSet.load(compiled, sources, claims=claims, variables=variables)
templates.render(["s3-home"], {"sub": "a"}, scopes=frozenset())
assert "jinja2" not in sys.modules, "jinja2 was imported"
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([DUMPED, SOURCES, VARIABLES]),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "cannot be read", id="empty text"),
        pytest.param("[]", "cannot be read", id="a list"),
        pytest.param("{}", "cannot be read", id="nothing in it"),
        pytest.param(DUMPED.replace('"format":2', '"format":0'), "another version", id="another format"),
        pytest.param(DUMPED.replace('"Hole"', '"System"'), "cannot be read", id="an unknown node"),
        pytest.param(
            DUMPED.partition('"programs":')[0] + '"programs":[]}', "cannot be read", id="a list of programs"
        ),
        pytest.param("[" * 100_000, "cannot be read", id="a hundred thousand brackets"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        TemplateSet.load(text, SOURCES, claims=CLAIMS, variables=VARIABLES)


def test_a_program_that_is_no_list_is_refused() -> None:
    tree = json.loads(DUMPED)
    tree["programs"]["s3-home"] = {"Text": ["x", {"Place": ["s3-home", 1]}]}
    with pytest.raises(TemplateInvalid, match="cannot be read"):
        TemplateSet.load(json.dumps(tree), SOURCES, claims=CLAIMS, variables=VARIABLES)


def test_a_source_that_changed_is_noticed() -> None:
    changed = {**SOURCES, "s3-home": SOURCES["s3-home"].replace("home/", "homes/")}
    with pytest.raises(TemplateInvalid, match="other sources"):
        TemplateSet.load(DUMPED, changed, claims=CLAIMS, variables=VARIABLES)


@pytest.mark.parametrize(
    ("claims", "variables", "said"),
    [
        pytest.param(
            {**CLAIMS, "sub": LISTS["groups"]}, VARIABLES, "`sub` is no longer", id="a claim became a list"
        ),
        pytest.param({"sub": CLAIMS["sub"]}, VARIABLES, "`tenant` is no longer", id="a claim is gone"),
        pytest.param(CLAIMS, {**VARIABLES, "bucket": ""}, "`bucket` is empty", id="a variable is empty"),
        pytest.param(CLAIMS, {"partition": "aws"}, "`bucket` is no longer", id="a variable is gone"),
        pytest.param(
            CLAIMS, {**VARIABLES, "partition": "moon"}, "unknown partition", id="a variable breaks an ARN"
        ),
    ],
)
def test_declarations_that_changed_are_judged_again(
    claims: dict[str, object], variables: dict[str, str], said: str
) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        TemplateSet.load(DUMPED, SOURCES, claims=claims, variables=variables)  # type: ignore[arg-type] # rows differ


def test_the_order_of_the_sources_is_no_matter() -> None:
    turned = dict(reversed(SOURCES.items()))
    assert list(turned) != list(SOURCES)
    assert TemplateSet.load(DUMPED, turned, claims=CLAIMS, variables=VARIABLES).names
