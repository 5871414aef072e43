"""The page: all of the report, for people with a keyboard, in the dark and on paper, and never more than text."""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from typing_extensions import override

from authorizer.assurance import Since, as_page, report, written
from authorizer.assurance.scope import digest
from tests.assurance.factories import SCOPE, evidence, whole
from tests.make import make_access, sample_templates

ALONE = {"meta", "br"}
HOSTILE = '<script>alert("x")</script>{{ 7 * 7 }}'


class Reader(HTMLParser):
    """What a browser would make of it: tags that close what they open, ids, and links within the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headers: list[dict[str, str | None]] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        named = dict(attrs)
        self.ids += [str(named["id"])] if "id" in named else []
        self.links += [str(named["href"])] if "href" in named else []
        self.headers += [named] if tag == "th" else []
        assert not any(name.startswith("on") or name == "style" for name in named), named
        if tag not in ALONE:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: bytes) -> Reader:
    reader = Reader()
    reader.feed(page.decode())
    reader.close()
    assert reader.open == []
    return reader


def texts(page: bytes) -> str:
    return re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL))


@cache
def leaking() -> dict[str, Any]:
    """Everything that a page can say: a leak, an unknown, failures, crossings, exceptions and changes."""
    home = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    client = sample_templates()["s3-client"].replace("/clients/{{ client }}/*", "/clients/*")
    client = client.replace(
        '"Resource"', '"Condition": {"StringEquals": {"aws:PrincipalTag/x": "{{ client }}"}}, "Resource"'
    )
    access = make_access(
        templates={**sample_templates(), "s3-home": home, "s3-client": client},
        lint={"ignore": [{"code": "no-cases", "where": "s3-home", "reason": HOSTILE, "until": "2026-01-01"}]},
    )
    found = report(evidence(access=access))
    found["cases"]["failures"] = [{"file": "f", "name": HOSTILE, "status": "FAIL", "reasons": [HOSTILE]}]
    found["matrix"]["crossed"] = [
        {
            "file": "f",
            "policy": "p",
            "isolates": "sub",
            "one": {"sub": "1"},
            "other": {"sub": "2"},
            "action": "s3:GetObject",
            "resource": HOSTILE,
            "context": {"s3:prefix": "x"},
        }
    ]
    change = {"action": "s3:Get*", "resource": "r", "conditions": ["a", "b"], "users": []}
    asked = {"claims": {"sub": "1"}, "scopes": ["s"], "action": "a", "resource": "r", "context": {"k": "v"}}
    role = {"role": "editor", "verdict": "WIDER", "reason": "because", "gained": [change], "lost": [change]}
    shift: dict[str, object] = {
        "aspect": "routes",
        "whom": "everybody",
        "direction": "WIDER",
        "what": HOSTILE,
    }
    shift |= {"identity": {"group": "g"}, "request": {"route": "GET /"}}
    authority = {
        "verdict": "WIDER",
        "policies": [{**role, "witness": asked}, {**role, "lost": [], "witness": None}],
        "authority": [shift, {**shift, "direction": "NARROWER"}],
    }
    last = {**report(whole()), "scope": {**SCOPE, "files": [], "versions": {}}}
    since = Since(sha256="dd", report=last, authority=authority)
    found["changes"] = report(replace(whole(), since=since))["changes"]
    return found


@pytest.mark.parametrize("found", [lambda: report(whole()), leaking, lambda: report(evidence(date=None))])
def test_it_stands_by_itself(found: Any) -> None:
    reader = read(as_page(found()))
    assert not {"script", "link", "img", "iframe", "object", "form", "input"} & {*reader.seen}
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert len(reader.ids) == len(set(reader.ids))
    assert b"default-src 'none'" in as_page(found())
    assert not re.search(rb"url\(|@import|https?://", as_page(found()))


def test_a_keyboard_and_a_reader_find_their_way() -> None:
    page = as_page(report(whole()))
    reader = read(page)
    assert reader.links[0] == "#verdict"  # the first key press leads past the head
    assert reader.seen.count("caption") == reader.seen.count("table") > 4
    assert all(header.get("scope") in ("col", "row") for header in reader.headers)
    assert reader.seen.count("h1") == 1
    assert b'<html lang="en">' in page
    assert b":focus-visible" in page


def test_it_is_made_for_light_dark_and_paper() -> None:
    page = as_page(report(whole())).decode()
    assert 'content="light dark"' in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "@media print" in page


def test_whatever_a_name_or_a_reason_holds_is_text() -> None:
    page = as_page(leaking())
    assert b"<script" not in page
    assert b"{{ 7 * 7 }}" in page
    assert page.count(b"&lt;script&gt;") >= 5


def test_it_says_what_the_report_says() -> None:
    found = report(whole())
    said = texts(as_page(found))
    for proof in found["proofs"]:
        assert proof["subject"] in said
    for row in found["scope"]["files"]:
        assert row["sha256"] in said
    assert digest(written(found)) in said
    assert "46 cases in 6 files: 46 passed" in said
    assert "11 assumptions open" in said
    assert "sample values" not in said


def test_it_says_what_was_found_and_what_has_changed() -> None:
    said = texts(as_page(leaking()))
    for words in (
        "LEAK policy s3-home",
        "UNKNOWN policy s3-client",
        "both may s3:GetObject",
        "ended",
        "gained: s3:Get* on r if a and b",
        "lost: s3:Get*",
        "For example",
        "Changes since the last report",
    ):
        assert words in said.replace("\n", " "), words


def test_sample_values_are_said_aloud() -> None:
    environment = [{"name": "DATA_BUCKET", "sha256": "cc", "sample": True}]
    page = texts(as_page(report(evidence(scope={**SCOPE, "environment": environment}))))
    assert "Made with sample values of DATA_BUCKET: this is about no deployment." in page


def test_without_a_date_it_says_so() -> None:
    said = texts(as_page(report(evidence(date=None))))
    assert "Without a date" in said
