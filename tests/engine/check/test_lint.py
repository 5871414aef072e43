"""Lint: one template for each code that has it, and one that comes close and has not."""

import json
from typing import Any

import pytest

from authorizer.engine.check import keys
from authorizer.engine.check.coverage import Coverage
from authorizer.engine.check.lint import CODES, Finding, lint, lint_coverage
from authorizer.engine.language.claims import declare
from authorizer.engine.template.template import TemplateSet
from tests.engine import bundled

CLAIMS = {"tenant": declare({"type": "slug"}), "note": declare({"type": "opaque", "max_length": 1024})}
TABLE = "arn:{{ p }}:dynamodb:eu-west-1:111122223333:table/t"
OWN_KEYS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}}
PRESENT = {"Null": {"dynamodb:LeadingKeys": "false"}}


def findings(*, writable: tuple[str, ...] = (), **changes: object) -> tuple[Finding, ...]:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:{{ p }}:s3:::b/{{ tenant }}/*",
        **changes,
    }
    source = '{"Version": "2012-10-17",\n"Statement": [\n' + json.dumps(statement) + "]}"
    templates = TemplateSet.compile({"t": source}, claims=CLAIMS, variables={"p": "aws"})
    return lint(templates, user_writable=writable, groupings={"editor": ("t",)})


def listing(**condition: object) -> dict[str, object]:
    return {"Action": "s3:ListBucket", "Resource": "arn:{{ p }}:s3:::b", "Condition": condition}


def items(action: object, **condition: object) -> dict[str, object]:
    return {"Action": action, "Resource": TABLE, "Condition": {**OWN_KEYS, **condition}}


CASES = [
    pytest.param({}, None, id="a template in order"),
    pytest.param(items("dynamodb:GetItem"), "for-all-values", id="ForAllValues without Null"),
    pytest.param(items("dynamodb:GetItem", **PRESENT), None, id="ForAllValues with Null"),
    pytest.param({**items("dynamodb:GetItem"), "Effect": "Deny"}, None, id="ForAllValues in a Deny"),
    pytest.param(
        items("dynamodb:GetItem", Null={"dynamodb:LeadingKeys": "true"}),
        "for-all-values",
        id="Null the wrong way",
    ),
    pytest.param(
        {"Resource": "arn:{{ p }}:s3:::b/{{ tenant }}*"}, "open-prefix", id="a star right behind a claim"
    ),
    pytest.param(
        listing(StringLike={"s3:prefix": "{{ tenant }}*"}),
        "open-prefix",
        id="a star right behind a claim in a prefix",
    ),
    pytest.param(
        listing(StringEquals={"s3:prefix": "x/{{ tenant }}"}), "open-prefix", id="a prefix that is not closed"
    ),
    pytest.param(listing(StringEquals={"s3:prefix": "x/{{ tenant }}/"}), None, id="a closed prefix"),
    pytest.param(
        listing(StringEquals={"aws:RequestedRegion": "eu-west-1"}),
        "whole-listing",
        id="a listing without prefix",
    ),
    pytest.param(
        listing(StringNotEquals={"s3:prefix": "x/"}), "whole-listing", id="a listing of all but one prefix"
    ),
    pytest.param(
        {"Action": "s3:*", "Resource": "arn:{{ p }}:s3:::b"}, "whole-listing", id="a listing behind a star"
    ),
    pytest.param(
        {**listing(), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        None,
        id="a Deny",
    ),
    pytest.param(items("dynamodb:*", **PRESENT), "scan", id="Scan behind a star"),
    pytest.param(items(["dynamodb:Query", "dynamodb:scan"], **PRESENT), "scan", id="Scan in lower case"),
    pytest.param({"Resource": "arn:aws:s3:::b/{{ tenant }}/*"}, "partition", id="a hard-coded partition"),
    pytest.param({"Resource": "arn:aws-cn:s3:::b/{{ tenant }}/*"}, "partition", id="another one"),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:PrincipleTag/x": "y"}}},
        "condition-key",
        id="a misspelt global key",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:PrincipalTag/": "y"}}},
        "condition-key",
        id="a tag without a name",
    ),
    pytest.param({"Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}, None, id="a tag"),
    pytest.param(
        {"Condition": {"StringEquals": {"s3:prefixes": "y"}}}, "condition-key", id="a misspelt key of s3"
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"dynamodb:Select": "y"}}},
        "condition-key",
        id="a key of another service",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"s3:prefix": "y/"}}},
        "condition-key",
        id="a key that the action lacks",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"glue:anything": "y"}}}, None, id="a key of a service nobody listed"
    ),
    pytest.param(
        {"Resource": "arn:{{ p }}:s3:::b/{{ note }}/{{ note }}/*"},
        "too-large",
        id="a policy that may be too large",
    ),
]


@pytest.mark.parametrize(("changes", "code"), CASES)
def test_finds(changes: dict[str, Any], code: str | None) -> None:
    found = findings(**changes)
    assert {finding.code for finding in found} == ({code} if code else set())
    assert all(finding.remedy and finding.text for finding in found)
    assert all(finding.place == "t.json.j2:3" for finding in found if finding.code != "too-large")


@pytest.mark.parametrize(
    ("actions", "key", "known"),
    [
        pytest.param("ListBucket ListBucketVersions ListBucketMultipartUploads", "prefix", True, id="prefix"),
        pytest.param("ListBucket ListBucketVersions", "delimiter", True, id="delimiter"),
        pytest.param("ListBucketMultipartUploads", "delimiter", False, id="delimiter of uploads"),
        pytest.param("ListBucket ListBucketVersions", "max-keys", True, id="how many keys"),
        pytest.param("ListBucketMultipartUploads", "max-keys", False, id="how many keys of uploads"),
    ],
)
def test_a_key_of_listings_is_found_where_the_action_lacks_it(actions: str, key: str, known: bool) -> None:
    for action in actions.split():
        found = findings(
            Action=f"s3:{action}",
            Resource="arn:{{ p }}:s3:::b",
            Condition={"StringEquals": {"s3:prefix": "x/{{ tenant }}/", f"s3:{key}": "x/{{ tenant }}/"}},
        )
        assert ("condition-key" not in {finding.code for finding in found}) is known


def test_a_claim_that_users_can_change_is_found_where_it_decides() -> None:
    (found,) = findings(writable=("tenant", "note"))
    assert (found.code, found.place) == ("user-writable", "t.json.j2:3")
    assert "`tenant`" in found.text
    assert not findings(writable=("note",))


def test_a_finding_of_an_included_file_has_its_own_place_and_is_told_once() -> None:
    body = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": %s}}'
    sources = {
        "_r": '\n"arn:aws:s3:::b/{{ tenant }}/*"',
        "one": body % '{% include "_r.json.j2" %}',
        "two": body % '{% include "_r.json.j2" %}',
    }
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables={})
    assert [finding.place for finding in lint(templates, user_writable=(), groupings={})] == ["_r.json.j2:2"]


def test_coverage_is_told_as_findings() -> None:
    def coverage(name: str, *missed: str) -> Coverage:
        return Coverage(template=name, statements=2, statements_missed=missed, branches=0, branches_missed=())

    found = list(
        lint_coverage(
            [
                coverage("full"),
                coverage("half", "half.json.j2:3: statement A"),
                coverage("none", "a: b", "c: d"),
            ],
            threshold=100,
        )
    )
    assert [(finding.code, finding.place) for finding in found] == [
        ("uncovered", "half.json.j2:3"),
        ("no-cases", "none.json.j2:1"),
    ]
    assert list(lint_coverage([coverage("half", "half.json.j2:3: statement A")], threshold=50)) == []


def test_the_bundled_templates_have_no_finding() -> None:
    groupings = {name: (name,) for name in bundled.NAMES} | {"all": bundled.NAMES[:1] + bundled.NAMES[2:4]}
    assert lint(bundled.compiled(), user_writable=(), groupings=groupings) == ()


def test_every_code_of_the_templates_has_a_case() -> None:
    settings_level = {"unused", "no-promise", "dead-end", "no-cases", "uncovered", "user-writable"}
    settings_level |= {"issuers", "shared", "managed-policies", "tag-value"}
    assert {case.values[1] for case in CASES} - {None} == CODES.keys() - settings_level


def test_the_tables_of_keys_are_in_lower_case() -> None:
    tables = [*keys.SERVICES.values(), keys.GLOBAL, frozenset(keys.ONLY_FOR), *keys.ONLY_FOR.values()]
    assert all(key == key.lower() and ":" in key for table in tables for key in table)
    assert all(key.startswith(f"{service}:") for service, table in keys.SERVICES.items() for key in table)
