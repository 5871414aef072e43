"""The grammar of templates, as the guide tells it: each form loads, or does not."""

import re

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.template.jinja import TESTS, Compiler
from tests.guide.tables import DOCS, between

PAGE = (DOCS / "templates.md").read_text()
CLAIMS = {
    "tenant": declare({"type": "slug"}),
    "plan": declare({"type": "enum", "values": ["free", "pro", "team"]}),
    "beta": declare({"type": "boolean"}),
    "teams": declare({"type": "slug", "list": True, "max_items": 5}),
}


def forms(marker: str) -> list[str]:
    rows = re.findall(r"^\| `(.+?)` \|", between(PAGE, marker), re.MULTILINE)
    return [row.replace("\\|", "|") for row in rows]


def problems(form: str) -> list[str]:
    """What compiling a template of this form alone finds."""
    compiler = Compiler({"it": form.replace("…", "x"), "_common": "x"}, CLAIMS, ["bucket", "stage"])
    compiler.compile("it")
    return compiler.problems


@pytest.mark.parametrize("form", forms("grammar"))
def test_a_form_of_the_grammar_loads(form: str) -> None:
    assert problems(form) == []


@pytest.mark.parametrize("form", forms("refused forms"))
def test_a_form_that_the_page_refuses_does_not_load(form: str) -> None:
    assert problems(form)


TOLD = {
    '"SCOPE" in scopes': '"data:write" in scopes',
    "CLAIM is defined": "tenant is defined",
    'CLAIM == "TEXT"': 'plan == "pro"',
    'CLAIM in ["TEXT", …]': 'plan in ["pro", "team"]',
    "BOOLEAN_CLAIM": "{% if beta %}",
    '"TEXT" in LIST_CLAIM': '"red" in teams',
    'VARIABLE == "TEXT"': 'stage == "prod"',
    'VARIABLE in ["TEXT", …]': 'stage in ["prod", "staging"]',
    "loop.first": "`loop.first` and",
    "loop.last": "loop.last",
    "and": "beta and not",
    "or": '"free" or',
    "not": "and not",
}
"""What the code tells an author who writes another test, and how the table shows it."""


def test_every_kind_of_test_that_the_code_knows_is_in_the_grammar() -> None:
    assert set(re.findall(r"`([^`]+)`", TESTS)) == TOLD.keys()
    table = between(PAGE, "grammar")
    assert [shown for shown in TOLD.values() if shown not in table] == []
