"""The matrix: every user of a case file against every request of it."""

from typing import Any

from authorizer.assurance.matrix import matrix
from authorizer.cli.case_files import run_cases
from authorizer.engine.check import parse_cases
from authorizer.gate import surroundings
from tests.make import make_access, sample_templates

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
FILE = f"""
templates = ["s3-home"]
[users.one]
claims = {{ sub = "{ONE}" }}
[users.two]
claims = {{ sub = "{TWO}" }}
[users.bad]
claims = {{ sub = "*" }}
[[cases]]
name = "one reads"
user = "one"
action = "s3:GetObject"
resource = "arn:aws:s3:::{{bucket}}/home/{{sub}}/x"
expect = "allow"
[[cases]]
name = "two does not"
user = "two"
action = "s3:GetObject"
resource = "arn:aws:s3:::{{bucket}}/home/{{one.sub}}/x"
expect = "deny"
[[cases]]
name = "two writes"
user = "two"
action = "s3:PutObject"
resource = "arn:aws:s3:::{{bucket}}/home/{{sub}}/x"
expect = "allow"
[[cases]]
name = "no policy for a star"
user = "bad"
action = "s3:GetObject"
resource = "arn:aws:s3:::{{bucket}}/home/x"
expect = "refused"
"""
SHARED = {"statement": "OwnObjects", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/x"]}


def found(home: str | None = None, *, text: str = FILE, **changes: Any) -> dict[str, Any]:
    templates = {**sample_templates(), **({} if home is None else {"s3-home": home})}
    access = make_access(templates=templates, **changes)
    cases = parse_cases(text, file="cases/it.toml", around=surroundings(access))
    return matrix(
        run_cases(access.templates, cases), access.settings, access.templates, lambda name: f"<{name}>"
    )


def open_home() -> str:
    return sample_templates()["s3-home"].replace("/home/{{ sub }}/*", "/home/*")


def test_each_user_is_asked_each_request_once() -> None:
    counts = found()
    assert (counts["users"], counts["requests"], counts["checks"]) == (3, 3, 9)
    assert (counts["allowed"], counts["denied"], counts["refused"]) == (2, 4, 3)
    assert counts["crossed"] == []


def test_a_request_that_two_users_may_make_has_crossed() -> None:
    crossed = found(open_home())["crossed"]
    assert len(crossed) == 3
    assert crossed[0] == {
        "file": "<cases/it.toml>",
        "policy": "s3-home",
        "isolates": "sub",
        "one": {"sub": ONE},
        "other": {"sub": TWO},
        "action": "s3:GetObject",
        "resource": f"arn:aws:s3:::example-data/home/{ONE}/x",
        "context": {},
    }


def test_what_is_declared_shared_or_kept_apart_by_nothing_does_not_cross() -> None:
    assert found(open_home(), policies={"s3-home": {"shared": [SHARED]}})["crossed"] == []
    assert found(open_home(), policies={"s3-home": None})["crossed"] == []
    assert found(open_home(), policies={"s3-home": {"isolates": None}})["crossed"] == []


def test_what_another_template_denies_does_not_cross() -> None:
    deny = (
        '{"Version":"2012-10-17","Statement":[{"Sid":"D","Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::b/{{ sub }}"},'
        '{"Sid":"N","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::example-data/home/*"}]}'
    )
    access = make_access(templates={**sample_templates(), "s3-home": open_home(), "none": deny})
    text = FILE.replace('["s3-home"]', '["s3-home", "none"]')
    cases = parse_cases(text, file="c", around=surroundings(access))
    counts = matrix(run_cases(access.templates, cases), access.settings, access.templates, str)
    assert (counts["allowed"], counts["crossed"]) == (0, [])


def test_users_cross_in_each_claim_that_a_policy_isolates_by_what_it_is_read_as() -> None:
    def crossed(one: str, other: str) -> set[str]:
        text = FILE.replace(f'"{ONE}" }}', f'"{ONE}", tenant = "{one}" }}')
        text = text.replace(f'"{TWO}" }}', f'"{TWO}", tenant = "{other}" }}')
        several = {"s3-home": {"isolates": ["sub", "tenant"]}}
        claims = {"tenant": {"lower_case": True}}
        return {
            row["isolates"]
            for row in found(open_home(), text=text, policies=several, claims=claims)["crossed"]
        }

    assert crossed("acme", "globex") == {"sub", "tenant"}
    assert crossed("acme", "Acme") == {"sub"}
    assert crossed("acme", "*") == {"sub", "tenant"}  # nobody asks for it, and nothing refuses it
