"""What is not closed in a template is told where it begins, and not where Jinja noticed."""

import pytest

from authorizer.engine.template.unclosed import in_words

END = "unexpected end of template"


@pytest.mark.parametrize(
    ("source", "line", "said", "expected"),
    [
        pytest.param(
            "{\n{% if a %}\n{% for b in c %}\n{% endfor %}\n}", 5, END,
            (2, "`{% if a %}` is never closed: expected {% endif %}"), id="an if around a loop that is closed",
        ),
        pytest.param(
            "{%- for b in c -%}\n{% if a %}\n{% endif %}", 3, END,
            (1, "`{% for b in c %}` is never closed: expected {% endfor %}"), id="a loop with white space taken off",
        ),
        pytest.param(
            "{}\n{% endif %}", 2, "unknown tag",
            (2, "`{% endif %}` closes nothing: take it out, or open it before"), id="an end without a beginning",
        ),
        pytest.param(
            "{% for b in c %}\n{% endif %}\n{% endfor %}", 2, "unknown tag",
            (2, "`{% endif %}` closes nothing: take it out, or open it before"), id="an end of another tag",
        ),
        pytest.param(
            '"{{ tenant }"\n', 1, "unexpected '}'",
            (1, "`{{ tenant }` is not closed: expected }} behind the name"), id="half a brace",
        ),
        pytest.param(
            '{{ tenant\n"', 1, "unexpected char",
            (1, "`{{ tenant` is not closed: expected }} behind the name"), id="no brace",
        ),
        pytest.param(
            "{{\n tenant }} {{ sub", 1, "unexpected char",
            (1, "unexpected char"), id="one that is closed on the next line",
        ),
        pytest.param("{# {% if a %} #}", 1, END, (1, END), id="a tag in a comment"),
        pytest.param("{#\n{% if a %}\n#}", 3, END, (3, END), id="a tag in a comment of several lines"),
        pytest.param(
            "{# {% if reports:write in scopes %} #}\n{% foo %}", 2, "unknown tag",
            (2, "unknown tag"), id="a scope without quotes on another line",
        ),
        pytest.param("{% if a %}", 1, "something else", (1, "something else"), id="where Jinja says something else"),
        pytest.param(
            '{}\n{% if "a" in scopes and reports:write in scopes %}', 2, "expected token 'end of statement block'",
            (2, "expected token 'end of statement block'"), id="a scope without quotes behind another test",
        ),
        pytest.param(
            "{}\n{%- if not reports:write not in scopes %}", 2, "expected token 'end of statement block'",
            (2, 'this test is not one of a template\'s: write the scope in quotes, `"reports:write" in scopes`'),
            id="a scope without quotes",
        ),
        pytest.param("{% else %}", 1, "unknown tag", (1, "unknown tag"), id="a tag that opens and closes nothing"),
    ],
)  # fmt: skip
def test_it_is_told_where_it_begins(source: str, line: int, said: str, expected: tuple[int, str]) -> None:
    assert in_words(source, line, said) == expected
