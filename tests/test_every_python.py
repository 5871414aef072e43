"""A refusal reads the same on every version of Python: what the interpreter's own readers say differs, ours does not.

Each expected text is written out, and nothing here looks at the version. `make test-pythons` runs it on all of them.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from authorizer.cli.invoke import invoke
from authorizer.engine.check.case_file import parse_cases
from authorizer.engine.check.surroundings import Surroundings
from authorizer.engine.document.document import parse_identity
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import CaseInvalid, DocumentInvalid, TemplateInvalid
from authorizer.engine.template.compiled import load_programs
from authorizer.engine.template.template import TemplateSet
from authorizer.errors import SettingsError, TokenMalformed
from authorizer.local.personas import load_personas
from authorizer.sealing.keys import parse_keys
from authorizer.settings.load import load
from authorizer.tokens.compact import parse_compact, peek
from authorizer.tokens.fetch import is_safe
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.vending.query import parsed
from tests.make import ACCESS, make_settings
from tests.tokens.judge import RS256
from tests.tokens.minting import base64url

DIGITS = "9" * 5000
DEEP = "[" * 100_000

JSON = [
    ("", "not JSON: expecting value at line 1, column 1"),
    ("{", "not JSON: expecting property name enclosed in double quotes at line 1, column 2"),
    ('{"a":', "not JSON: expecting value at line 1, column 6"),
    ('{"a":1,}', "not JSON: a comma before a closing bracket at line 1, column 7"),
    ('{"a":1 ,\n }', "not JSON: a comma before a closing bracket at line 1, column 8"),
    ('{"a":[1,]}', "not JSON: a comma before a closing bracket at line 1, column 8"),
    ('{"a":[1,\n\t]}', "not JSON: a comma before a closing bracket at line 1, column 8"),
    ('{"a":[1,}', "not JSON: expecting value at line 1, column 9"),
    ('{"a":1,]', "not JSON: expecting property name enclosed in double quotes at line 1, column 8"),
    ('{"a":[,]}', "not JSON: expecting value at line 1, column 7"),
    ("{,}", "not JSON: expecting property name enclosed in double quotes at line 1, column 2"),
    ('{"a":1}{', "not JSON: extra data at line 1, column 8"),
    ('{"a" 1}', "not JSON: expecting ':' delimiter at line 1, column 6"),
    ('{"a":1 "b"}', "not JSON: expecting ',' delimiter at line 1, column 8"),
    ("{'a':1}", "not JSON: expecting property name enclosed in double quotes at line 1, column 2"),
    ('{"a":"', "not JSON: unterminated string starting at line 1, column 6"),
    ('{"a":"\n"}', "not JSON: invalid control character at line 1, column 7"),
    ('{"a":"\\x"}', "not JSON: invalid \\escape at line 1, column 7"),
    ('{"a":"\\u00"}', "not JSON: invalid \\uXXXX escape at line 1, column 8"),
    ('{"a":01}', "not JSON: expecting ',' delimiter at line 1, column 7"),
    ('{"a":NaN}', "not JSON: `NaN`"),
    ('{"a":-Infinity}', "not JSON: `-Infinity`"),
    (DEEP, "nested too deeply: more than 64 brackets within one another at line 1, column 65"),
    ('{"a":' * 65, "nested too deeply: more than 64 brackets within one another at line 1, column 321"),
]
"""(text, what is said of it, after a few words that depend on what the text should have been)"""
NUMBERS = [
    (f'{{"a":{DIGITS}}}', "out of range: a number in it has too many digits, more than 640"),
    ('{"a":1e999}', "out of range: a number in it is too large for a double"),
    (f'{{"a":{DIGITS}.0}}', "out of range: a number in it is too large for a double"),
]


def ids(rows: list[tuple[str, str]]) -> list[str]:
    return [repr(text[:20]) for text, _ in rows]


@pytest.mark.parametrize(("text", "said"), JSON + NUMBERS, ids=ids(JSON + NUMBERS))
def test_a_stranger_s_json(text: str, said: str) -> None:
    head = base64url(json.dumps({"alg": "RS256", "kid": "k"}).encode())
    with pytest.raises(TokenMalformed) as raised:
        peek(parse_compact(f"{head}.{base64url(text.encode() or b' ')}.AAAA".encode()))
    if text:  # an empty part is no base64url
        assert str(raised.value) == f"the token's payload is refused: it is {said}"
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(text.encode(), RS256)
    assert str(refused.value) == f"the key set is refused: it is {said}"
    with pytest.raises(SettingsError) as keys:
        parse_keys(text)
    [problem] = keys.value.problems
    assert problem.startswith("the sealing keys must be a JSON object")


@pytest.mark.parametrize(("text", "said"), JSON, ids=ids(JSON))
def test_an_author_s_json(text: str, said: str) -> None:
    with pytest.raises(DocumentInvalid) as document:
        parse_identity(text)
    assert document.value.problems == (said,)
    with pytest.raises(TemplateInvalid) as template:
        load_programs(text, {})
    assert template.value.problems == ("the compiled templates cannot be read: compile again",)


@pytest.mark.parametrize(("text", "said"), JSON + NUMBERS, ids=ids(JSON + NUMBERS))
def test_an_event_s_json(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)
    outcome = CliRunner().invoke(invoke, [str(file)])
    assert outcome.exit_code == 2
    assert outcome.stderr == f"{file}: cannot be read: {said}\n"


def test_problems_come_in_the_order_of_the_text() -> None:
    names = ["Zeta", "Alpha", "Mu", "Beta", "Xi", "Eta", "Pi", "Iota"]
    known = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
    unknown = dict.fromkeys(names, 1)
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", **unknown}
    with pytest.raises(DocumentInvalid) as raised:
        parse_identity(json.dumps({"Version": "2012-10-17", **unknown, "Statement": statement}))
    assert raised.value.problems == (
        *(f"unknown element {name!r}: expected Version, Id, Statement" for name in names),
        *(f"statement 1: element {name!r} is unknown: expected {', '.join(known)}" for name in names),
    )


SECOND = "stands here for the second time: give one of them another name"
LARGE = "out of range: a whole number in it has more than 64 bits"
TOML = [
    ("a", "", "not TOML: expected '=' after a key in a key/value pair"),
    ("a =", "", "not TOML: invalid value"),
    ("a = 1\na = 2", ":2:1", f"not TOML: a = 2 {SECOND}"),
    ("[a\n", ":1:3", "not TOML: expected ']' at the end of a table declaration"),
    ("[a]\n[a]\n", ":2:1", f"not TOML: [a] {SECOND}"),
    ('a = "\n"', ":1:6", "not TOML: illegal character '\\n': expected a closing \" before the line ends"),
    ('a = "\\z"', ":1:8", "not TOML: unescaped '\\' in a string"),
    ("a = 2026-02-30", ":1:5", "not TOML: invalid date or datetime"),
    ("a = 01", ":1:6", "not TOML: expected newline or end of document after a statement"),
    (f"a = {DEEP}", ":1:69", "nested too deeply: more than 64 levels"),
    ("a = " + "{a=" * 5000, ":1:197", "nested too deeply: more than 64 levels"),
    ("a" + ".a" * 900 + " = 1", "", "nested too deeply: more than 64 levels"),
    (f"a = {DIGITS}", "", LARGE),
    (f"[gateway]\nresult_ttl = 0x{'f' * 5000}", "", LARGE),
]
"""(text, where in it something is said, and what)"""


@pytest.mark.parametrize(("text", "place", "said"), TOML, ids=[repr(text[:20]) for text, _, _ in TOML])
def test_toml(text: str, place: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(text)
    for read in (lambda: load(file, {}), lambda: load_personas(file)):
        with pytest.raises(SettingsError) as raised:
            read()
        assert raised.value.problems == (f"{file}{place}: cannot be read: {said}",)
    around = Surroundings(templates=TemplateSet({}, {}, {}), variables={}, roles={}, groups={})
    with pytest.raises(CaseInvalid) as cases:
        parse_cases(text, file="x.toml", around=around)
    assert cases.value.problems == (f"x.toml{place}: {said}",)


def compiled(text: str) -> TemplateSet:
    return TemplateSet.compile({"t": text}, claims={"tenant": declare({"type": "slug"})}, variables={})


DEEP_TEMPLATE = (
    "t.json.j2:1: nested too deeply: more than 64 of `if`, `elif`, `for`, `include`, `and`, `or` and `not` within one "
    "another"
)
BRACKETS = "nested too deeply: more than 64 brackets within one another"
INSIDE = "(holes stand inside strings only)"
IF, TEST = '{% if "a" in scopes %}', '"a" in scopes'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(IF * 65 + "{% endif %}" * 65, DEEP_TEMPLATE, id="if"),
        pytest.param(IF + '{% elif "b" in scopes %}' * 600 + "{% endif %}", DEEP_TEMPLATE, id="elif"),
        pytest.param(f"{{% if {'not ' * 65}{TEST} %}}{{% endif %}}", DEEP_TEMPLATE, id="not"),
        pytest.param(f"{{% if {f'{TEST} and ' * 600}{TEST} %}}{{% endif %}}", DEEP_TEMPLATE, id="and"),
        pytest.param(f"{{% if {'(' * 900}{TEST}{')' * 900} %}}{{% endif %}}", "t.json.j2:1: nested too deeply", id="("),
        pytest.param(IF * 900 + "{% endif %}" * 900, "t.json.j2:1: nested too deeply", id="if, for Jinja too"),
        pytest.param("[" * 900, f"t.json.j2:1: {BRACKETS} {INSIDE}", id="["),
        pytest.param('{"a":1,}', "t.json.j2:1: not JSON: a comma before a closing bracket (leave it out)", id=",}"),
    ],
)  # fmt: skip
def test_a_template(text: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as raised:
        compiled(text)
    assert raised.value.problems == (said,)


def test_a_template_whose_includes_nest_too_deeply() -> None:
    sources = {
        f"_{number}": f'{IF}{{% include "_{number + 1}.json.j2" %}}{{% endif %}}' for number in range(40)
    }
    with pytest.raises(TemplateInvalid) as raised:
        TemplateSet.compile(
            {"t": '{% include "_0.json.j2" %}', "_40": "x", **sources}, claims={}, variables={}
        )
    [problem] = raised.value.problems
    assert problem.startswith("_31.json.j2:1: nested too deeply")


def test_a_template_as_deep_as_is_taken() -> None:
    statement = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/{{ tenant }}"}'
    document = f'{{"Version":"2012-10-17","Statement":{statement}}}'
    elifs = "".join(f'{{% elif "{number}" in scopes %}}{document}' for number in range(63))
    templates = compiled(f"{IF}{document}{elifs}{{% else %}}{document}{{% endif %}}")
    assert templates.render(["t"], {"tenant": "acme"}, scopes=frozenset({"62"}))
    sources = {"t": "the same"}
    assert load_programs(templates.dump(sources), sources)


URLS = [
    "https://[::1",
    "https://[zz]/",
    "https://a[b]/",
    "https://user@login.example.com/",
    "https://login.example.com\\@evil.example/",
    "https://exa\tmple.com/",
    " https://login.example.com/",
    "httpſ://login.example.com/",
    "https://\N{KELVIN SIGN}.example/",
    "http://[::ffff:127.0.0.1]/",
    "https:///keys",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_in_the_settings(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        make_settings(issuers=[{"kind": "oidc", "issuer": url, "client_ids": ["a"], "token_use": ["id"]}])
    [problem] = raised.value.problems
    assert problem.endswith(f"issuer: expected an https URL, found {url!r}")


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://Login.example.com:8443/a@b?c",
        "https://my_idp.internal",
        "https://[2001:db8::1]/",
        "http://LOCALHOST:80/",
    ],
)
def test_a_url_that_is_taken(url: str) -> None:
    settings = make_settings(
        issuers=[{"kind": "oidc", "issuer": url, "client_ids": ["a"], "token_use": ["id"]}]
    )
    assert list(settings.issuers) == [url]


@pytest.mark.parametrize(
    ("host", "loopback"), [("[::1]", True), ("127.0.0.2", True), ("[::ffff:127.0.0.1]", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_safe(f"http://{host}:8080/keys") is loopback


def test_a_duration_of_thousands_of_digits() -> None:
    with pytest.raises(SettingsError) as raised:
        make_settings(session={"duration": f"{DIGITS}s"})
    [problem] = raised.value.problems
    assert problem.endswith(
        f"""session.duration: expected a duration such as "30s", "5m" or "1h", found '{DIGITS}s'"""
    )


@pytest.mark.parametrize(
    ("text", "taken"), [("0" * 5000 + "1", True), (DIGITS, False), (f"-{DIGITS}", False)]
)
def test_a_date_of_thousands_of_digits(text: str, taken: bool) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateLessThan": {"aws:x": text}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    if taken:
        assert parse_identity(document).statements
    else:
        with pytest.raises(DocumentInvalid) as raised:
            parse_identity(document)
        assert raised.value.problems == (f"statement 1: `DateLessThan` has value {text!r}: expected a date",)


@pytest.mark.parametrize("packed", [DIGITS, "-1", "1.5", "٣"])
def test_a_size_that_sts_cannot_mean(packed: str) -> None:
    reply = "<a><AccessKeyId>x</AccessKeyId><PackedPolicySize>{}</PackedPolicySize></a>"
    assert parsed(reply.format(packed).encode())["PackedPolicySize"] is None
    assert parsed(reply.format(42).encode())["PackedPolicySize"] == 42


OWN_JSON = {
    "assurance/report.py": "its own values, as a file will have them",
    "bundle/service_data.py": "botocore's data",
    "cli/deploy.py": "a policy that was made here",
    "cli/invoke.py": "a policy that was rendered",
    "cli/policy_render.py": "the same",
    "cli/policy_split.py": "a policy that was made here",
    "cli/trust.py": "a policy that was made here",
    "engine/template/compiled.py": "its own text, as trusted as the templates beside it",
    "local_gateway/console/session_policy.py": "a policy that was rendered",
    "local_gateway/lambda_process.py": "what its parent wrote",
    "local_gateway/lambda_workers.py": "what its child wrote",
    "vending/request.py": "a policy that was rendered",
}


def test_python_s_readers_are_called_in_one_place() -> None:
    """Anywhere else the interpreter's own limits and words would come through."""
    package = ACCESS.parent.parent / "authorizer"
    for file in package.rglob("*.py"):
        name, text = file.relative_to(package).as_posix(), file.read_text()
        assert name in OWN_JSON or "json.loads(" not in text, name
        assert name == "syntax/toml_text.py" or "import tomllib" not in text, name
